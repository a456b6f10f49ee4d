/* language.h - what a language is called in itself, for a player's menu. */
#ifndef CONTROL_LANGUAGE_H
#define CONTROL_LANGUAGE_H

/* A static string: "简体中文" for zh-Hans; the tag's own text where it is not known. */
const char *language_name(const char *tag);

#endif

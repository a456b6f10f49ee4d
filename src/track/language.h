/*
 * language.h - language tags as a track file has them: mdhd in three letters, elng in full.
 */
#ifndef TRACK_LANGUAGE_H
#define TRACK_LANGUAGE_H

#include <stddef.h>

/* "zh-Hans" is "zho"; what ISO 639-2 does not have is "und". */
void spn_language_three(const char *tag, char out[4]);
/* Is it letters, digits and single hyphens, and ended before size bytes? Not whether it is
 * registered. */
int spn_language_check(const char *tag, size_t size);

#endif

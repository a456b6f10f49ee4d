/*
 * container.h - which kinds of file are read, and what to say about the others.
 */
#ifndef SAMPAN_SOURCE_CONTAINER_H
#define SAMPAN_SOURCE_CONTAINER_H

#include <libavformat/avformat.h>

#include "sampan/error.h"

#define CONTAINER_START 4096 /* bytes that container_unknown() looks at */

/* SPN_OK when format is read; SPN_EUNSUPPORTED with the sentence that says what the file is. */
int container_judge(const char *name, const AVInputFormat *format, struct spn_error *err);

/* SPN_EFORMAT with the best sentence for bytes that no demuxer recognises. */
int container_unknown(const char *name, const uint8_t *start, size_t size, struct spn_error *err);

/* The timestamps may jump in mid-file, and mean nothing when they do (TS, PS). */
int container_jumps(const AVInputFormat *format);

/* There are no timestamps in the file: its frames follow each other at one rate (raw streams). */
int container_untimed(const AVInputFormat *format);

/* It is entered by byte position, not by time. */
int container_by_byte(const AVInputFormat *format);

#endif

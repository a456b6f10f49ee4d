/*
 * said.h - what FFmpeg says while something is decoded: a picture or a sound that a decoder
 * grumbles about is not what it should be, even where it gives one. One listener at a time, one
 * thread.
 */
#ifndef ENCODE_SAID_H
#define ENCODE_SAID_H

#include <stddef.h>

#define SAID_MAX 160

struct said {
    size_t count;        /* warnings and worse, since it was begun */
    char text[SAID_MAX]; /* the first of them, one line */
};

void said_begin(struct said *said); /* empties it */
void said_end(void);

#endif

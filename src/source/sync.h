/*
 * sync.h - where a packet of sound or text lies against the picture.
 */
#ifndef SAMPAN_SOURCE_SYNC_H
#define SAMPAN_SOURCE_SYNC_H

#include "conform.h"

#define SYNC_SECONDS_MAX 100000000 /* what lies further off is moved to there */

/* Ticks of a stream as units (samples, milliseconds) from frame 0 of the picture, to the nearest.
 */
int64_t sync_place(const struct conform *conform, const struct index_stream *stream, int64_t ticks,
                   int64_t units_per_second);

#endif

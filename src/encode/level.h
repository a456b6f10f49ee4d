/*
 * level.h - the H.264 level of a rung (ITU-T H.264, table A-1), pinned by its settings alone.
 */
#ifndef ENCODE_LEVEL_H
#define ENCODE_LEVEL_H

#include "ladder.h"

#define LEVEL_H264_REFERENCES 3 /* pictures; every H.264 rung is encoded with so many */

/* The lowest level that has room for the rung, times ten (40 is 4.0); 0 where there is none. */
int level_h264(const struct rung *rung, struct spn_rate rate);

#endif

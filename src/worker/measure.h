/*
 * measure.h - how many bits a second a track takes, as RFC 8216 counts them.
 */
#ifndef WORKER_MEASURE_H
#define WORKER_MEASURE_H

#include <stdint.h>

#include "sampan/track.h"

struct bandwidth {
    int64_t peak;    /* bits a second, rounded up; section 4.1, "peak segment bit rate" */
    int64_t average; /* "average segment bit rate", rounded up */
    int sustained; /* 0: the title is shorter than half a target, its peak says nothing of a line */
};

/*
 * Over segments of the default target, three whole fragments: those of every publication of the
 * asset with the usual setting. The peak is the largest rate of any run of whole segments that
 * lasts from 0.5 to 1.5 times the target, so a short last one counts together with its neighbour.
 * SPN_EFORMAT: a track without fragments. SPN_ENOMEM.
 */
int bandwidth_measure(const struct spn_track *track, struct bandwidth *out, struct spn_error *err);

/* The same over segments given as bytes and ticks. */
struct segment_size {
    int64_t bytes, ticks;
};
void bandwidth_of(const struct segment_size *segments, size_t count, int64_t target_ticks,
                  uint32_t timescale, struct bandwidth *out);

#endif

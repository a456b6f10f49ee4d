/*
 * lane.h - one thread that takes frames from a bounded queue: a rung, or the tiles of the
 * storyboard.
 *
 * Every rung of a chunk has its lane, so that a lone chunk uses every core; the queues are short,
 * so a slow rung holds back the decoder, not memory. Frames are shared between lanes and never
 * written to.
 */
#ifndef ENCODE_LANE_H
#define ENCODE_LANE_H

#include <stdint.h>

#include <libavutil/frame.h>

#include "sampan/error.h"

#define LANE_QUEUE 6 /* frames */

struct lane;

struct lane_work {
    /* In the lane's thread: one frame, its pts the frame's number in the asset; NULL once at the
     * end. */
    int (*take)(void *opaque, const AVFrame *frame, struct spn_error *err);
    void *opaque;
};

/* *out goes to lane_destroy(), which stops it wherever it is. */
int lane_create(struct lane_work work, struct lane **out, struct spn_error *err);
void lane_destroy(struct lane *lane); /* NULL is allowed */

/* Waits while the queue is full. On failure the error is that of the work. */
int lane_push(struct lane *lane, const AVFrame *frame, struct spn_error *err);
void lane_end(struct lane *lane); /* no more frames */
/* Wait until all is done, or until timeout_ms: 1 done, 0 not yet, or the work's error. */
int lane_wait(struct lane *lane, int timeout_ms, struct spn_error *err);
int64_t lane_taken(struct lane *lane); /* frames whose work is done */

#endif

/*
 * filter.h - a decoder's frame as every rung wants it: progressive, upright, SDR, yuv420p.
 *
 * One filter runs before all rungs: fields become frames (bwdif), HDR is tone-mapped, other colour
 * becomes BT.709 in limited range, the picture is turned. Scaling is each rung's own. Where nothing
 * is to be done a frame passes untouched. Only bwdif looks at other frames: one before and one
 * after, which is what filter_history() says a chunk has to be given so that it equals the linear
 * decode. One thread at a time.
 */
#ifndef ENCODE_FILTER_H
#define ENCODE_FILTER_H

#include <stdint.h>

#include <libavutil/frame.h>

#include "sampan/error.h"

struct filter;

struct filter_setup {
    int interlaced;            /* some frames are: those that say so are deinterlaced */
    int fields;                /* … and every field of every frame becomes a frame */
    int turned, mirrored;      /* degrees clockwise; flipped left to right before that */
    int height;                /* of the source, for colour that nobody named */
    int fifty;                 /* the rate is 25 or 50: a small picture is one of 625 lines */
    int top_width, top_height; /* of the largest rung, before turning: HDR is scaled first */
};

/* Frames that it needs before and after a range. */
int filter_history(const struct filter_setup *setup);

int filter_create(const struct filter_setup *setup, struct filter **out, struct spn_error *err);
void filter_destroy(struct filter *filter); /* NULL is allowed */

/* The next frame, its pts its number in the asset; NULL ends. All must be pulled before the next
 * push. */
int filter_push(struct filter *filter, const AVFrame *frame, struct spn_error *err);
/* 1: a frame, borrowed until the next pull, its pts its number; 0: push another, or the end. */
int filter_pull(struct filter *filter, const AVFrame **out, struct spn_error *err);

#endif

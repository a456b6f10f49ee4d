/*
 * letterbox.h - a picture of one shape inside another: black bars at its sides, so that scaling it
 * to the other's size does not distort it. One thread at a time.
 */
#ifndef ENCODE_LETTERBOX_H
#define ENCODE_LETTERBOX_H

#include <stdint.h>

#include <libavutil/frame.h>

#include "sampan/error.h"

/* Shapes that differ by less are taken for one: sizes of rungs are rounded to even numbers. */
#define LETTERBOX_PERCENT 1

struct shape {
    uint32_t width, height; /* on the screen */
};

/*
 * frame is yuv420p and shows a picture of shape from, whatever its own size. *out is that frame
 * where the shapes are one, else a new one; it goes to av_frame_free(). SPN_ENOMEM.
 */
int letterbox(const AVFrame *frame, struct shape from, struct shape to, AVFrame **out,
              struct spn_error *err);

#endif

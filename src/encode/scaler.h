/*
 * scaler.h - one frame to another size, bicubic, the same bits on every processor.
 */
#ifndef ENCODE_SCALER_H
#define ENCODE_SCALER_H

#include <libavutil/frame.h>

#include "sampan/error.h"

/* accurate_rnd and bitexact make the bits equal; full_chroma_int costs nothing from yuv420p. */
#define SCALER_FLAGS "bicubic+accurate_rnd+full_chroma_int+bitexact"

struct scaler;

enum scaler_range {
    SCALER_VIDEO, /* out: yuv420p, BT.709, limited range, as in */
    SCALER_JPEG,  /* out: yuvj420p, BT.601, full range */
};

int scaler_create(int width, int height, enum scaler_range range, struct scaler **out,
                  struct spn_error *err);
void scaler_destroy(struct scaler *scaler); /* NULL is allowed */

/*
 * in is yuv420p, BT.709, limited range, of any size, also another than last time. *out is borrowed
 * until the next call; it is in itself where nothing is to be done.
 */
int scaler_run(struct scaler *scaler, const AVFrame *in, const AVFrame **out,
               struct spn_error *err);

#endif

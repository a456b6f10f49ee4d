/* letterbox.c - black bars. */
#include "letterbox.h"

#include <string.h>

/* The even number nearest to n * num / den. */
static int even_of(int n, uint64_t num, uint64_t den)
{
    return (int)(((uint64_t)n * num + den) / (2 * den) * 2);
}

static void plane_put(const AVFrame *from, AVFrame *out, int plane, int left, int top)
{
    int shift = plane > 0, width = out->width >> shift, height = out->height >> shift;
    int own_width = (from->width + shift) >> shift, own_height = (from->height + shift) >> shift;

    for (int y = 0; y < height; y++) {
        uint8_t *row = out->data[plane] + (ptrdiff_t)y * out->linesize[plane];
        int inside = y - (top >> shift);

        memset(row, plane ? 128 : 16, (size_t)width);
        if (inside >= 0 && inside < own_height)
            memcpy(row + (left >> shift),
                   from->data[plane] + (ptrdiff_t)inside * from->linesize[plane],
                   (size_t)own_width);
    }
}

int letterbox(const AVFrame *frame, struct shape from, struct shape to, AVFrame **out,
              struct spn_error *err)
{
    uint64_t wide = (uint64_t)from.width * to.height, high = (uint64_t)from.height * to.width;
    uint64_t apart = wide > high ? wide - high : high - wide;
    int width = frame->width, height = frame->height;

    *out = NULL;
    if (apart * 100 < LETTERBOX_PERCENT * (wide < high ? wide : high)) {
        *out = av_frame_clone(frame);
        return *out ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "no memory for a picture");
    }
    if (wide > high)
        height = even_of(height, wide, high);
    else
        width = even_of(width, high, wide);
    if (width > 1 << 15 || height > 1 << 15)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "a picture of %ux%u does not fit into one of %ux%u", from.width,
                             from.height, to.width, to.height);
    *out = av_frame_alloc();
    if (!*out)
        return spn_error_set(err, SPN_ENOMEM, "no memory for a picture");
    (*out)->format = AV_PIX_FMT_YUV420P;
    (*out)->width = width + (width & 1);
    (*out)->height = height + (height & 1);
    if (av_frame_get_buffer(*out, 0) < 0) {
        av_frame_free(out);
        return spn_error_set(err, SPN_ENOMEM, "no memory for a picture");
    }
    for (int plane = 0; plane < 3; plane++)
        plane_put(frame, *out, plane, ((*out)->width - frame->width) / 4 * 2,
                  ((*out)->height - frame->height) / 4 * 2);
    (*out)->pts = frame->pts;
    return SPN_OK;
}

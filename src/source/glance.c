#include "glance.h"

#include <libavutil/pixdesc.h>

#define SMALL                                                                                      \
    65536 /* pixels: of a larger picture every fourth line and eighth pixel is compared            \
           */
#define TIMES       2 /* one field is as it was when the other changed this many times as much */
#define CYCLE_LEAST 4 /* frames in each place of a cycle of five, for a verdict */

/* Sum and count of the differences of one field's luma. */
static uint64_t difference(const AVFrame *a, const AVFrame *b, int field, uint64_t *count)
{
    int small = (int64_t)a->width * a->height <= SMALL;
    int lines = small ? 2 : 8, pixels = small ? 1 : 8;
    uint64_t sum = 0;
    int x, y, d;

    *count = 1;
    for (y = field; y < a->height; y += lines) {
        const uint8_t *p = a->data[0] + (ptrdiff_t)y * a->linesize[0];
        const uint8_t *q = b->data[0] + (ptrdiff_t)y * b->linesize[0];

        for (x = 0; x < a->width; x += pixels, ++*count) {
            d = p[x] - q[x];
            sum += (uint64_t)(d < 0 ? -d : d);
        }
    }
    return sum;
}

static int comparable(const AVFrame *a, const AVFrame *b)
{
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get((enum AVPixelFormat)a->format);

    return a->width == b->width && a->height == b->height && a->format == b->format && format &&
           !(format->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_HWACCEL |
                              AV_PIX_FMT_FLAG_BITSTREAM)) &&
           format->comp[0].step == 1 && format->comp[0].depth == 8;
}

static void compare(struct glance *glance, const AVFrame *frame)
{
    uint64_t top, bottom, count;

    if (!comparable(glance->before, frame))
        return;
    top = difference(glance->before, frame, 0, &count);
    bottom = difference(glance->before, frame, 1, &count);
    glance->pairs[glance->frames % 5]++;
    if (bottom * 2 > count && bottom > top * TIMES)
        glance->top[glance->frames % 5]++;
    else if (top * 2 > count && top > bottom * TIMES)
        glance->bottom[glance->frames % 5]++;
}

void glance_at(struct glance *glance, const AVFrame *frame)
{
    glance->facts->frames_seen++;
    glance->facts->frames_interlaced += frame->interlaced_frame != 0;
    glance->facts->frames_top_first += frame->interlaced_frame && frame->top_field_first;
    glance->facts->frames_repeat += frame->repeat_pict > 0;
    if (glance->before && frame->interlaced_frame && !glance->apart)
        compare(glance, frame);
    glance->frames++;
    av_frame_free(&glance->before);
    glance->before = av_frame_clone(frame);
}

void glance_away(struct glance *glance)
{
    av_frame_free(&glance->before);
    glance->apart = 1;
}

/* More than half of the frames in a place of the cycle? */
static int mostly(const struct glance *glance, const uint32_t *what, int place)
{
    return glance->pairs[place] >= CYCLE_LEAST && what[place] * 2 > glance->pairs[place];
}

/*
 * 3:2 pulldown makes five frames of four: in one of the five the top field is that of the frame
 * before, in one two or three later the bottom field is, and in the others neither.
 */
static int is_cycle(const struct glance *glance, int place)
{
    int i, top = 0, bottom = 0;

    for (i = 0; i < 5; i++) {
        top += mostly(glance, glance->top, i);
        bottom += mostly(glance, glance->bottom, i);
    }
    return top == 1 && bottom == 1 && mostly(glance, glance->top, place) &&
           (mostly(glance, glance->bottom, (place + 2) % 5) ||
            mostly(glance, glance->bottom, (place + 3) % 5));
}

void glance_finish(struct glance *glance)
{
    int place;

    av_frame_free(&glance->before);
    for (place = 0; place < 5; place++)
        if (is_cycle(glance, place))
            glance->facts->telecined = 1;
}

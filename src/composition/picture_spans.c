/* picture_spans.c - which GOPs of a composition are referenced, and which frames are bridges. */
#include "sampan/composition.h"

#include <stdlib.h>

/* Spans being collected; there are at most two for each clip and one more. */
struct spans {
    struct spn_span *list;
    size_t count;
    int64_t at;      /* end of the last span on the timeline */
    int64_t pending; /* frames of the bridge that is open, 0 for none */
    size_t clip;     /* the clip it began in */
    uint32_t gop;
};

static void bridge_extend(struct spans *spans, size_t clip, int64_t frames)
{
    if (frames <= 0)
        return;
    if (spans->pending == 0)
        spans->clip = clip;
    spans->pending += frames;
}

static void bridge_close(struct spans *spans)
{
    struct spn_span span = {
        .kind = SPN_BRIDGE, .start = spans->at, .frames = spans->pending, .clip = spans->clip
    };

    if (spans->pending == 0)
        return;
    span.fragments = (uint32_t)((spans->pending + spans->gop - 1) / spans->gop);
    spans->list[spans->count++] = span;
    spans->at += spans->pending;
    spans->pending = 0;
}

int spn_picture_spans(const struct spn_composition *composition, struct spn_span **out,
                      size_t *count, struct spn_error *err)
{
    const int64_t gop = composition->gop;
    struct spans spans = { .gop = composition->gop };

    *out = NULL;
    *count = 0;
    spans.list = calloc(2 * composition->count + 1, sizeof(*spans.list));
    if (!spans.list)
        return spn_error_set(err, SPN_ENOMEM, "no memory for the spans of %zu clips",
                             composition->count);
    for (size_t i = 0; i < composition->count; i++) {
        const struct spn_clip *clip = &composition->clips[i];
        int64_t frames = composition->assets[clip->asset].frames;
        int64_t first = (clip->in + gop - 1) / gop;
        /* the last GOP of an asset is whole however short it is */
        int64_t end = clip->out == frames ? (frames + gop - 1) / gop : clip->out / gop;
        int64_t end_frame;
        struct spn_span reference = { .kind = SPN_REFERENCE, .clip = i, .gop = first };

        /* … but one picture alone may have the idr_pic_id of what follows: a bridge has not */
        if (end * gop == frames + gop - 1 && i + 1 < composition->count && end > 0)
            end--;
        end_frame = end * gop < clip->out ? end * gop : clip->out;
        reference.gops = end - first;
        if (first >= end) {
            bridge_extend(&spans, i, clip->out - clip->in);
            continue;
        }
        bridge_extend(&spans, i, first * gop - clip->in);
        bridge_close(&spans);
        reference.start = spans.at;
        reference.frames = end_frame - first * gop;
        reference.fragments = (uint32_t)reference.gops;
        spans.list[spans.count++] = reference;
        spans.at += reference.frames;
        bridge_extend(&spans, i, clip->out - end_frame);
    }
    bridge_close(&spans);
    *out = spans.list;
    *count = spans.count;
    return SPN_OK;
}

void spn_bridge_fragment(int64_t frames, uint32_t fragments, uint32_t index, int64_t *first,
                         int64_t *length)
{
    int64_t from = frames * index / fragments, to = frames * (index + 1) / fragments;

    *first = from;
    *length = to - from;
}

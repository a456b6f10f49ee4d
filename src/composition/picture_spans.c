/* picture_spans.c - which GOPs of a composition are referenced, and which frames are bridges. */
#include "sampan/composition.h"

#include <stdlib.h>

/*
 * Spans being collected. There are at most two for each clip and one more; and what is divided has
 * parts of more than half of what it is divided for.
 */
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

static void bridge_close(struct spans *spans, const struct spn_composition *composition)
{
    const int64_t most = (int64_t)SPN_BRIDGE_FRAGMENTS * spans->gop, frames = spans->pending;
    const int64_t begin = spans->at;
    uint32_t parts = (uint32_t)((frames + most - 1) / most);

    for (uint32_t i = 0; i < parts; i++) {
        struct spn_span span = { .kind = SPN_BRIDGE, .clip = spans->clip };

        spn_bridge_fragment(frames, parts, i, &span.start, &span.frames);
        span.start += begin;
        while (composition->start[span.clip + 1] <= span.start)
            span.clip++;
        span.fragments = (uint32_t)((span.frames + spans->gop - 1) / spans->gop);
        spans->list[spans->count++] = span;
    }
    spans->at += frames;
    spans->pending = 0;
}

/* GOPs [*first, *end) of its asset that lie in clip i whole; none of what is encoded whole. */
static void gops_whole(const struct spn_composition *composition, size_t i, int64_t *first,
                       int64_t *end)
{
    const struct spn_clip *clip = &composition->clips[i];
    const struct spn_clip_asset *asset = &composition->assets[clip->asset];
    const int64_t gop = composition->gop;

    *first = (clip->in + gop - 1) / gop;
    /* the last GOP of an asset is whole however short it is … */
    *end = clip->out == asset->frames ? (clip->out + gop - 1) / gop : clip->out / gop;
    /* … but one picture alone may have the idr_pic_id of what follows: a bridge has not */
    if (*end * gop == asset->frames + gop - 1 && i + 1 < composition->count)
        --*end;
    if (asset->encode & SPN_ENCODE_PICTURE)
        *end = *first;
}

int spn_picture_spans(const struct spn_composition *composition, struct spn_span **out,
                      size_t *count, struct spn_error *err)
{
    const int64_t gop = composition->gop;
    struct spans spans = { .gop = composition->gop };
    size_t room;

    *out = NULL;
    *count = 0;
    room = 2 * composition->count + 1 +
           (size_t)(2 * composition->start[composition->count] / (SPN_BRIDGE_FRAGMENTS * gop));
    spans.list = calloc(room, sizeof(*spans.list));
    if (!spans.list)
        return spn_error_set(err, SPN_ENOMEM, "no memory for the spans of %zu clips",
                             composition->count);
    for (size_t i = 0; i < composition->count; i++) {
        const struct spn_clip *clip = &composition->clips[i];
        struct spn_span reference = { .kind = SPN_REFERENCE, .clip = i };
        int64_t end, end_frame;

        gops_whole(composition, i, &reference.gop, &end);
        if (reference.gop >= end) {
            bridge_extend(&spans, i, clip->out - clip->in);
            continue;
        }
        end_frame = end * gop < clip->out ? end * gop : clip->out;
        bridge_extend(&spans, i, reference.gop * gop - clip->in);
        bridge_close(&spans, composition);
        reference.gops = end - reference.gop;
        reference.start = spans.at;
        reference.frames = end_frame - reference.gop * gop;
        reference.fragments = (uint32_t)reference.gops;
        spans.list[spans.count++] = reference;
        spans.at += reference.frames;
        bridge_extend(&spans, i, clip->out - end_frame);
    }
    bridge_close(&spans, composition);
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

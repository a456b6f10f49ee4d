/* cut_stretch.c - the stretches of bridge of a cut's rungs. */
#include "cut_stretch.h"

#include <stdlib.h>
#include <string.h>

#define RUNGS_MAX 64 /* bits of cut_stretch.rungs; a ladder has 16 at most */

int cut_seen(const struct spn_composition *composition, const struct match_rendition *rendition,
             struct spn_composition *out, struct spn_error *err)
{
    struct spn_clip_asset *assets = calloc(composition->asset_count, sizeof(*assets));

    *out = *composition;
    out->assets = assets;
    if (!assets)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    memcpy(assets, composition->assets, composition->asset_count * sizeof(*assets));
    for (size_t i = 0; i < composition->asset_count; i++)
        if (rendition->tracks[i].encode)
            assets[i].encode |= rendition->media == 0 ? SPN_ENCODE_PICTURE : SPN_ENCODE_SOUND;
    return SPN_OK;
}

void cut_seen_finish(struct spn_composition *seen)
{
    free((void *)(uintptr_t)seen->assets);
    seen->assets = NULL;
}

static int stretch_order(const void *a, const void *b)
{
    const struct spn_span *x = &((const struct cut_stretch *)a)->span;
    const struct spn_span *y = &((const struct cut_stretch *)b)->span;

    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->frames < y->frames ? -1 : x->frames > y->frames;
}

struct stretches {
    struct cut_stretch *list;
    size_t count;
};

static int spans_add(struct stretches *stretches, const struct spn_composition *seen, size_t rung,
                     struct spn_error *err)
{
    struct spn_span *spans;
    struct cut_stretch *list;
    size_t count;
    int ret = spn_picture_spans(seen, &spans, &count, err);

    if (ret < 0)
        return ret;
    list = realloc(stretches->list, (stretches->count + count + 1) * sizeof(*list));
    if (!list) {
        free(spans);
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    }
    stretches->list = list;
    for (size_t i = 0; i < count; i++)
        if (spans[i].kind == SPN_BRIDGE)
            list[stretches->count++] = (struct cut_stretch){ spans[i], (uint64_t)1 << rung };
    free(spans);
    return SPN_OK;
}

int cut_stretches(const struct spn_composition *composition,
                  const struct match_rendition *renditions, size_t rendition_count,
                  struct cut_stretch **out, size_t *count, struct spn_error *err)
{
    struct stretches stretches = { 0 };
    size_t rungs = 0, kept = 0;
    int ret = SPN_OK;

    *out = NULL;
    *count = 0;
    for (size_t r = 0; r < rendition_count && ret >= 0; r++) {
        struct spn_composition seen;

        if (renditions[r].media != 0)
            continue;
        rungs++;
        if (r >= RUNGS_MAX) {
            ret = spn_error_set(err, SPN_ELIMIT, "a cut has at most %d rungs", RUNGS_MAX);
            break;
        }
        if ((ret = cut_seen(composition, &renditions[r], &seen, err)) >= 0)
            ret = spans_add(&stretches, &seen, r, err);
        cut_seen_finish(&seen);
    }
    if (ret >= 0 && rungs == 0) /* nothing is built yet: what any rung would have */
        ret = spans_add(&stretches, composition, 0, err);
    if (ret < 0) {
        free(stretches.list);
        return ret;
    }
    if (stretches.count > 1)
        qsort(stretches.list, stretches.count, sizeof(*stretches.list), stretch_order);
    for (size_t i = 0; i < stretches.count; i++) {
        if (kept && stretch_order(&stretches.list[kept - 1], &stretches.list[i]) == 0)
            stretches.list[kept - 1].rungs |= stretches.list[i].rungs;
        else
            stretches.list[kept++] = stretches.list[i];
    }
    *out = stretches.list;
    *count = kept;
    return SPN_OK;
}

size_t cut_stretch_find(const struct cut_stretch *stretches, size_t count,
                        const struct spn_span *span)
{
    struct cut_stretch key = { .span = *span };
    const struct cut_stretch *found =
        count ? bsearch(&key, stretches, count, sizeof(*stretches), stretch_order) : NULL;

    return found ? (size_t)(found - stretches) : count;
}

int64_t cut_stretch_frames(const struct cut_stretch *stretches, size_t count)
{
    int64_t frames = 0, at = 0;

    for (size_t i = 0; i < count; i++) {
        const struct spn_span *span = &stretches[i].span;
        int64_t from = span->start > at ? span->start : at, end = span->start + span->frames;

        if (end > from) {
            frames += end - from;
            at = end;
        }
    }
    return frames;
}

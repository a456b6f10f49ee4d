/* text_cut.c - cues through a cut: intersected with clips, timed anew, joined again across seams.
 */
#include "sampan/composition.h"

#include <stdlib.h>
#include <string.h>

/* An asset's cues with, for each, the latest end of it and all before: to find overlaps by search.
 */
struct cue_index {
    const struct spn_source_cue *cues;
    size_t count;
    int64_t *latest;
};

#define SEAM_CUES 64 /* cues shown at once at a seam; of more, the others stay in two parts */

struct seam {
    size_t cues[SEAM_CUES]; /* indexes of those that end at it */
    size_t count;
};

struct cut_list {
    struct spn_cut_cue *cues;
    size_t count, capacity;
    struct seam before, after; /* of the clip being cut */
};

static struct spn_cut_cue *cut_add(struct cut_list *list)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 256;
        struct spn_cut_cue *cues = realloc(list->cues, capacity * sizeof(*cues));

        if (!cues)
            return NULL;
        list->cues = cues;
        list->capacity = capacity;
    }
    return &list->cues[list->count++];
}

static void seam_add(struct seam *seam, size_t cue)
{
    if (seam->count < SEAM_CUES)
        seam->cues[seam->count++] = cue;
}

/* Milliseconds, times the rate's numerator: exact for frames and for milliseconds alike. */
static __int128 frame_time(const struct spn_composition *composition, int64_t frame)
{
    return (__int128)frame * composition->rate.den * 1000;
}

static int64_t to_ms(const struct spn_composition *composition, __int128 time)
{
    __int128 num = composition->rate.num;

    return (int64_t)((2 * time + num) / (2 * num)); /* times here are not negative */
}

/* The first cue that may still be shown at in: none before it ends after that. */
static size_t first_shown(const struct spn_composition *composition, const struct cue_index *index,
                          __int128 in)
{
    size_t low = 0, high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if ((__int128)index->latest[middle] * composition->rate.num > in)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static int cue_same(const struct spn_source_cue *a, const struct spn_source_cue *b)
{
    return strcmp(a->text, b->text) == 0 && strcmp(a->settings, b->settings) == 0;
}

/* The cue that ended at the seam and goes on in part, or -1. Each goes on once. */
static int64_t seam_take(struct cut_list *list, const struct spn_composition *composition,
                         const struct cue_index *indexes, const struct spn_source_cue *own)
{
    struct seam *seam = &list->before;

    for (size_t i = 0; i < seam->count; i++) {
        size_t at = seam->cues[i];
        const struct spn_cut_cue *cue = &list->cues[at];

        if (cue_same(&indexes[composition->clips[cue->clip].asset].cues[cue->cue], own)) {
            seam->cues[i] = seam->cues[--seam->count];
            return (int64_t)at;
        }
    }
    return -1;
}

static int clip_cut(const struct spn_composition *composition, const struct cue_index *indexes,
                    size_t i, struct cut_list *list)
{
    const struct spn_clip *clip = &composition->clips[i];
    const struct cue_index *index = &indexes[clip->asset];
    __int128 in = frame_time(composition, clip->in), out = frame_time(composition, clip->out);
    __int128 shift = frame_time(composition, composition->start[i]) - in;

    list->before = list->after;
    list->after.count = 0;
    for (size_t k = first_shown(composition, index, in); k < index->count; k++) {
        __int128 start = (__int128)index->cues[k].start_ms * composition->rate.num;
        __int128 end = (__int128)index->cues[k].end_ms * composition->rate.num;
        __int128 from = start < in ? in : start, to = end > out ? out : end;
        struct spn_cut_cue part = { .clip = i, .cue = k };
        int64_t joined = -1;

        if (start >= out)
            break;
        if (end <= in)
            continue;
        part.damage = (start < in ? (unsigned)SPN_CUE_HEAD_CUT : 0u) |
                      (end > out ? (unsigned)SPN_CUE_TAIL_CUT : 0u);
        part.start_ms = to_ms(composition, from + shift);
        part.end_ms = to_ms(composition, to + shift);
        if (from == in)
            joined = seam_take(list, composition, indexes, &index->cues[k]);
        if (joined >= 0) {
            struct spn_cut_cue *whole = &list->cues[joined];

            whole->end_ms = part.end_ms;
            whole->damage = (whole->damage & SPN_CUE_HEAD_CUT) | (part.damage & SPN_CUE_TAIL_CUT);
        } else {
            struct spn_cut_cue *place;

            if (part.end_ms <= part.start_ms)
                continue;
            place = cut_add(list);
            if (!place)
                return SPN_ENOMEM;
            *place = part;
            joined = place - list->cues;
        }
        if (to == out)
            seam_add(&list->after, (size_t)joined);
    }
    return SPN_OK;
}

static int by_time(const void *a, const void *b)
{
    const struct spn_cut_cue *x = a, *y = b;

    if (x->start_ms != y->start_ms)
        return x->start_ms < y->start_ms ? -1 : 1;
    if (x->end_ms != y->end_ms)
        return x->end_ms < y->end_ms ? -1 : 1;
    if (x->clip != y->clip)
        return x->clip < y->clip ? -1 : 1;
    return x->cue < y->cue ? -1 : x->cue > y->cue;
}

static int indexes_make(struct cue_index *indexes, const struct spn_composition *composition,
                        const struct spn_source_cue *const cues[], const size_t counts[])
{
    for (size_t a = 0; a < composition->asset_count; a++) {
        indexes[a].cues = cues[a];
        indexes[a].count = counts[a];
        indexes[a].latest = calloc(counts[a] + 1, sizeof(int64_t));
        if (!indexes[a].latest)
            return SPN_ENOMEM;
        for (size_t k = 0; k < counts[a]; k++)
            indexes[a].latest[k] = k > 0 && indexes[a].latest[k - 1] > cues[a][k].end_ms
                                       ? indexes[a].latest[k - 1]
                                       : cues[a][k].end_ms;
    }
    return SPN_OK;
}

int spn_text_cut(const struct spn_composition *composition,
                 const struct spn_source_cue *const cues[], const size_t counts[],
                 struct spn_cut_cue **out, size_t *count, struct spn_error *err)
{
    struct cue_index *indexes = calloc(composition->asset_count, sizeof(*indexes));
    struct cut_list list = { 0 };
    int ret = SPN_ENOMEM;

    *out = NULL;
    *count = 0;
    if (!indexes || (ret = indexes_make(indexes, composition, cues, counts)) < 0)
        goto done;
    for (size_t i = 0; i < composition->count; i++)
        if ((ret = clip_cut(composition, indexes, i, &list)) < 0)
            goto done;
    if (list.count > 0)
        qsort(list.cues, list.count, sizeof(*list.cues), by_time);
    *out = list.cues;
    *count = list.count;
    list.cues = NULL;

done:
    free(list.cues);
    for (size_t a = 0; indexes && a < composition->asset_count; a++)
        free(indexes[a].latest);
    free(indexes);
    return ret < 0
               ? spn_error_set(err, ret, "no memory for the cues of %zu clips", composition->count)
               : SPN_OK;
}

/* cut_text_verify.c - the cues of a built cut against a recomputation. */
#include "cut_text_verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cut_cues.h"
#include "json.h"
#include "sampan/composed.h"

#define FAULTS_TOLD 50

/* What one clip shows of one cue; parts that meet across a join may be one in the cut. */
struct piece {
    int64_t start_ms, end_ms;
    const struct spn_plan_cue *cue; /* of the asset */
    int met;                        /* it is in the cut */
};

struct judged {
    const struct cut *cut;
    const char *id;
    struct cut_cues cues;
    struct piece *pieces;
    size_t count, room;
    json_t *faults;
    int64_t fault_count;
};

static void fault(struct judged *judged, const char *check, int64_t at_ms, const char *text)
{
    const struct spn_composition *composition = judged->cut->composition;
    int64_t frames = composition->start[composition->count], frame = 0;
    struct spn_error sentence;
    json_t *one;

    if (judged->fault_count++ >= FAULTS_TOLD)
        return;
    (void)spn_rescale(at_ms, composition->rate.num, (int64_t)composition->rate.den * 1000,
                      SPN_FLOOR, &frame);
    frame = frame < frames ? frame : frames - 1;
    spn_composed_sentence(composition, judged->id, frame, judged->cut->drop, text, &sentence);
    one = json_object();
    json_put_text(one, "check", check);
    json_put_text(one, "rendition", judged->id);
    json_put_number(one, "join", (int64_t)spn_composed_join(composition, frame));
    json_put_number(one, "frame", frame);
    json_put_text(one, "text", sentence.text);
    (void)json_array_append_new(judged->faults, one);
}

/* Of exact time, in 1/num of a millisecond; halves go up. */
static int64_t nearest_ms(__int128 time, uint32_t num)
{
    return (int64_t)((time + num / 2) / num);
}

static int piece_add(struct judged *judged, size_t clip, const struct spn_plan_cue *cue,
                     struct spn_error *err)
{
    const struct spn_composition *composition = judged->cut->composition;
    const struct spn_clip *range = &composition->clips[clip];
    __int128 tick = (__int128)composition->rate.den * 1000, num = composition->rate.num;
    __int128 start = cue->start_ms * num - range->in * tick, end = cue->end_ms * num;
    __int128 length = (range->out - range->in) * tick, origin = composition->start[clip] * tick;
    struct piece piece = { .cue = cue };

    end -= range->in * tick;
    start = start > 0 ? start : 0;
    end = end < length ? end : length;
    if (start >= end)
        return SPN_OK;
    piece.start_ms = nearest_ms(origin + start, composition->rate.num);
    piece.end_ms = nearest_ms(origin + end, composition->rate.num);
    if (piece.end_ms <= piece.start_ms)
        return SPN_OK;
    if (judged->count == judged->room) {
        size_t room = judged->room ? 2 * judged->room : 256;
        struct piece *pieces = realloc(judged->pieces, room * sizeof(*pieces));

        if (!pieces)
            return spn_error_set(err, SPN_ENOMEM, "out of memory");
        judged->pieces = pieces;
        judged->room = room;
    }
    judged->pieces[judged->count++] = piece;
    return SPN_OK;
}

static int by_start(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;

    return x->start_ms < y->start_ms ? -1 : x->start_ms > y->start_ms;
}

static int pieces_make(struct judged *judged, struct spn_error *err)
{
    const struct spn_composition *composition = judged->cut->composition;
    int ret;

    for (size_t i = 0; i < composition->count; i++) {
        const struct cues *cues = &judged->cues.sources[composition->clips[i].asset];

        for (size_t k = 0; k < cues->count; k++)
            if ((ret = piece_add(judged, i, &cues->cues[k], err)) < 0)
                return ret;
    }
    if (judged->count > 0)
        qsort(judged->pieces, judged->count, sizeof(*judged->pieces), by_start);
    return SPN_OK;
}

static int same(const struct spn_plan_cue *a, const struct spn_plan_cue *b)
{
    return strcmp(a->text, b->text) == 0 &&
           strcmp(a->settings ? a->settings : "", b->settings ? b->settings : "") == 0;
}

/* The first piece that begins at ms or later. */
static size_t first_at(const struct judged *judged, int64_t ms)
{
    size_t low = 0, high = judged->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (judged->pieces[middle].start_ms < ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A piece like cue that begins at ms, ends by `to`, and was not met; NULL: none. */
static struct piece *piece_at(struct judged *judged, const struct spn_plan_cue *cue, int64_t ms,
                              int64_t to)
{
    for (size_t i = first_at(judged, ms); i < judged->count && judged->pieces[i].start_ms == ms;
         i++) {
        struct piece *piece = &judged->pieces[i];

        if (!piece->met && piece->end_ms <= to && same(piece->cue, cue))
            return piece;
    }
    return NULL;
}

/* A cue of the cut is one piece, or some that meet. */
static void cue_judge(struct judged *judged, const struct spn_plan_cue *cue)
{
    int64_t at = cue->start_ms;
    char text[200];

    while (at < cue->end_ms) {
        struct piece *piece = piece_at(judged, cue, at, cue->end_ms);

        if (!piece)
            break;
        piece->met = 1;
        at = piece->end_ms;
    }
    if (at == cue->end_ms)
        return;
    (void)snprintf(text, sizeof(text),
                   "a cue is shown from %" PRId64 " to %" PRId64
                   " ms, and its assets have none then; build the cut again",
                   cue->start_ms, cue->end_ms);
    fault(judged, "text.time", cue->start_ms, text);
}

static void judge(struct judged *judged)
{
    char text[200];

    for (size_t i = 0; i < judged->cues.count; i++)
        cue_judge(judged, &judged->cues.cues[i]);
    for (size_t i = 0; i < judged->count; i++) {
        if (judged->pieces[i].met)
            continue;
        (void)snprintf(text, sizeof(text),
                       "a cue is missing that its asset has from %" PRId64 " to %" PRId64
                       " ms; build the cut again",
                       judged->pieces[i].start_ms, judged->pieces[i].end_ms);
        fault(judged, "text.missing", judged->pieces[i].start_ms, text);
    }
}

int cut_text_verify(const struct instance *instance, const struct cut *cut,
                    const struct match_rendition *rendition, json_t **out, struct spn_error *err)
{
    struct judged judged = { .cut = cut, .id = rendition->id, .faults = json_array() };
    struct spn_error why;
    int ret;

    if ((ret = cut_cues_make(instance, cut, rendition, &judged.cues, &why)) < 0) {
        if (ret == SPN_ENOENT || ret == SPN_EFORMAT) {
            fault(&judged, "text.there", 0, why.text);
            ret = SPN_OK;
        } else {
            ret = spn_error_set(err, ret, "%s", why.text);
        }
    } else if ((ret = pieces_make(&judged, err)) >= 0) {
        judge(&judged);
    }
    if (ret >= 0)
        *out = json_pack("{sIsOs{sI}}", "fault_count", (json_int_t)judged.fault_count, "faults",
                         judged.faults, "measured", "cues", (json_int_t)judged.cues.count);
    cut_cues_finish(&judged.cues);
    free(judged.pieces);
    json_decref(judged.faults);
    return ret < 0 ? ret : SPN_OK;
}

/* cut_check.c - the price of a cut before it is paid. */
#include "cut_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cut_convert.h"
#include "cut_cues.h"
#include "cut_join.h"
#include "cut_match.h"
#include "cut_stretch.h"
#include "json.h"
#include "work/plan.h"

struct check {
    const struct instance *instance;
    struct db *db;
    struct cut *cut;
    struct cut_match *match;
    const struct cut_choice *choice;
    struct cut_stretch *stretches;
    size_t stretch_count;
    int64_t bytes; /* that would be stored */
};

static json_t *timecode(const struct check *check, int64_t frame)
{
    return cut_timecode(frame, check->cut->composition->rate, check->cut->drop);
}

/* ---- picture ---- */

/* Frames of the bridges in rung i, and bytes as if each were an average one of its asset. */
static int64_t rung_bytes(const struct check *check, size_t rung, int64_t *frames)
{
    const struct spn_composition *composition = check->cut->composition;
    const struct match_track *tracks = check->match->renditions[rung].tracks;
    __int128 bits = 0;

    *frames = 0;
    for (size_t s = 0; s < check->stretch_count; s++) {
        const struct spn_span *span = &check->stretches[s].span;
        int64_t at = span->start, end = span->start + span->frames;

        if (!(check->stretches[s].rungs >> rung & 1))
            continue;
        *frames += span->frames;
        for (size_t i = span->clip; at < end; i++) {
            int64_t to = composition->start[i + 1] < end ? composition->start[i + 1] : end;

            bits += (__int128)(to - at) * tracks[composition->clips[i].asset].bandwidth;
            at = to;
        }
    }
    return (int64_t)(bits * composition->rate.den / composition->rate.num / 8);
}

/*
 * Frames that no way of cutting could leave as they are: those that are shown of a GOP which is not
 * shown whole.
 */
static int64_t frames_least(const struct spn_composition *composition)
{
    int64_t gop = composition->gop, least = 0;

    for (size_t i = 0; i < composition->count; i++) {
        const struct spn_clip *clip = &composition->clips[i];
        int64_t from = (clip->in + gop - 1) / gop * gop, to = clip->out / gop * gop;

        if (clip->out == composition->assets[clip->asset].frames) /* its last GOP is whole */
            to = clip->out;
        least += clip->out - clip->in - (to > from ? to - from : 0);
    }
    return least;
}

static void put_or_null(json_t *object, const char *name, const json_t *from)
{
    json_t *value = json_object_get(from, name);

    (void)json_object_set(object, name, value ? value : json_null());
}

static int picture_check(struct check *check, json_t *out, struct spn_error *err)
{
    json_t *rungs = json_array();
    int ret = cut_stretches(check->cut->composition, check->match->renditions, check->match->count,
                            &check->stretches, &check->stretch_count, err);

    (void)json_object_set_new(out, "renditions", rungs);
    if (ret < 0)
        return ret;
    json_put_number(out, "bridges", (int64_t)check->stretch_count);
    json_put_number(out, "bridged_frames",
                    cut_stretch_frames(check->stretches, check->stretch_count));
    json_put_number(out, "least_frames", frames_least(check->cut->composition));
    for (size_t i = 0; i < check->match->count; i++) {
        const struct match_rendition *rung = &check->match->renditions[i];
        int64_t bytes, frames;
        json_t *one;

        if (rung->media != 0)
            continue;
        one = json_object();
        bytes = rung_bytes(check, i, &frames);
        check->bytes += bytes;
        json_put_text(one, "id", rung->id);
        put_or_null(one, "width", rung->planned);
        put_or_null(one, "height", rung->planned);
        json_put_number(one, "frames", frames);
        json_put_number(one, "bytes", bytes);
        (void)json_array_append_new(rungs, one);
    }
    return SPN_OK;
}

/* ---- sound ---- */

static int sound_check(struct check *check, const struct match_rendition *rendition, json_t *out,
                       struct spn_error *err)
{
    uint32_t sample_rate = planned_sample_rate(rendition->planned);
    struct spn_sound_clip *clips = NULL;
    struct spn_sound_span *spans = NULL;
    json_t *one = json_object();
    struct spn_composition seen;
    int64_t slots = 0, bytes;
    size_t count = 0;
    int ret;

    if ((ret = cut_seen(check->cut->composition, rendition, &seen, err)) >= 0 &&
        (ret = spn_sound_clips(&seen, sample_rate, &clips, err)) >= 0)
        ret = spn_sound_spans(&seen, sample_rate, clips, &spans, &count, err);
    for (size_t i = 0; ret >= 0 && i < count; i++)
        slots += spans[i].kind == SPN_BRIDGE ? spans[i].slots : 0;
    json_put_text(one, "id", rendition->id);
    json_put_text(one, "language", planned_language(rendition->planned));
    for (size_t i = 0; ret >= 0 && i < seen.count; i++)
        cut_join_put(one, check->cut, i, clips[i].error_num, clips[i].error_den, sample_rate);
    free(clips);
    free(spans);
    cut_seen_finish(&seen);
    bytes =
        (int64_t)((__int128)slots * SPN_AAC_FRAME *
                  rendition->tracks[check->match->like].bandwidth / ((__int128)sample_rate * 8));
    check->bytes += bytes;
    json_put_number(one, "bridged_packets", slots);
    json_put_number(one, "bytes", bytes);
    (void)json_array_append_new(out, one);
    return ret;
}

/* ---- text ---- */

static json_t *cue_json(const struct check *check, const struct spn_cut_cue *part,
                        const struct spn_plan_cue *cue)
{
    const struct cut *cut = check->cut;
    json_t *out = json_object();

    json_put_number(out, "clip", (int64_t)part->clip);
    json_put_text(out, "name", cut->assets[cut->composition->clips[part->clip].asset].name);
    json_put_number(out, "start_ms", part->start_ms);
    json_put_number(out, "end_ms", part->end_ms);
    (void)json_object_set_new(out, "head_cut", json_boolean(part->damage & SPN_CUE_HEAD_CUT));
    (void)json_object_set_new(out, "tail_cut", json_boolean(part->damage & SPN_CUE_TAIL_CUT));
    json_put_text(out, "text", cue->text);
    return out;
}

static int text_check(struct check *check, const struct match_rendition *rendition, json_t *out,
                      struct spn_error *err)
{
    json_t *one = json_object(), *list = json_array();
    struct cut_cues cues;
    int64_t damaged = 0;
    int ret = cut_cues_make(check->instance, check->cut, rendition, &cues, err);

    for (size_t i = 0; ret >= 0 && i < cues.count; i++) {
        if (cues.parts[i].damage == SPN_CUE_WHOLE)
            continue;
        if (damaged++ < CHECK_CUES_MAX)
            (void)json_array_append_new(list, cue_json(check, &cues.parts[i], &cues.cues[i]));
    }
    json_put_text(one, "id", rendition->id);
    json_put_text(one, "language", planned_language(rendition->planned));
    json_put_number(one, "cues", ret >= 0 ? (int64_t)cues.count : 0);
    json_put_number(one, "damaged", damaged);
    (void)json_object_set_new(one, "damaged_cues", list);
    (void)json_array_append_new(out, one);
    cut_cues_finish(&cues);
    return ret;
}

/* ---- what must not be used ---- */

/* The clips that touch range [in, out) of asset. */
static void range_check(const struct check *check, size_t asset, int64_t in, int64_t out,
                        const char *reason, const char *territories, json_t *list)
{
    const struct spn_composition *composition = check->cut->composition;

    for (size_t i = 0; i < composition->count; i++) {
        const struct spn_clip *clip = &composition->clips[i];
        int64_t from = clip->in > in ? clip->in : in, to = clip->out < out ? clip->out : out;
        json_t *one;

        if (clip->asset != asset || from >= to)
            continue;
        one = json_object();
        json_put_number(one, "clip", (int64_t)i);
        json_put_text(one, "asset", check->cut->assets[asset].hash);
        json_put_text(one, "name", check->cut->assets[asset].name);
        json_put_number(one, "in", from);
        json_put_number(one, "out", to);
        json_put_number(one, "frame", composition->start[i] + from - clip->in);
        (void)json_object_set_new(one, "timecode",
                                  timecode(check, composition->start[i] + from - clip->in));
        json_put_text(one, "reason", reason);
        (void)json_object_set_new(one, "territories", json_of(territories));
        (void)json_array_append_new(list, one);
    }
}

static int restricted_check(const struct check *check, json_t *list, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret = db_query(check->db,
                       "SELECT c.place, r.range_in, r.range_out, r.reason, r.territories"
                       " FROM cut_asset c JOIN restricted r ON r.asset = c.asset"
                       " WHERE c.cut = $1 ORDER BY c.place, r.place",
                       DB_ARGS(db_text(check->cut->id)), &rows, err);

    if (ret < 0)
        return ret;
    while ((ret = rows_next(rows, err)) > 0)
        range_check(check, (size_t)rows_number(rows, 0), rows_number(rows, 1), rows_number(rows, 2),
                    rows_text(rows, 3), rows_text(rows, 4), list);
    rows_close(rows);
    return ret;
}

/* ---- the report ---- */

static int check_steps(struct check *check, json_t *out, struct spn_error *err)
{
    const struct spn_composition *composition = check->cut->composition;
    json_t *sound = json_array(), *text = json_array(), *restricted = json_array(), *convert;
    int ret;

    json_put_text(out, "cut", check->cut->id);
    json_put_number(out, "frames", composition->start[composition->count]);
    json_put_number(out, "clips", (int64_t)composition->count);
    (void)json_object_set_new(out, "sound", sound);
    (void)json_object_set_new(out, "text", text);
    (void)json_object_set_new(out, "restricted", restricted);
    if ((ret = picture_check(check, out, err)) < 0)
        return ret;
    for (size_t i = 0; i < check->match->count; i++) {
        const struct match_rendition *rendition = &check->match->renditions[i];

        if (rendition->media == 1)
            ret = sound_check(check, rendition, sound, err);
        else if (rendition->media == 2)
            ret = text_check(check, rendition, text, err);
        if (ret < 0)
            return ret;
    }
    json_put_number(out, "bytes", check->bytes);
    (void)json_object_set(out, "dropped", check->match->dropped);
    (void)json_object_set(out, "incompatible", check->match->incompatible);
    json_put_text(out, "like", check->cut->assets[check->match->like].hash);
    (void)json_object_set_new(out, "choice", cut_choice_json(check->choice));
    if ((ret = cut_convert_price(check->db, check->cut, check->choice, &convert, err)) < 0)
        return ret;
    (void)json_object_set_new(out, "convert", convert);
    return restricted_check(check, restricted, err);
}

int cut_check(const struct instance *instance, struct db *db, const char *id,
              const struct cut_choice *choice, json_t **out, struct spn_error *err)
{
    struct check check = { .instance = instance, .db = db, .choice = choice };
    int ret;

    *out = json_object();
    if ((ret = cut_load(db, id, &check.cut, err)) >= 0 &&
        (ret = cut_match_read(db, check.cut, choice, &check.match, err)) >= 0)
        ret = check_steps(&check, *out, err);
    free(check.stretches);
    cut_match_free(check.match);
    cut_free(check.cut);
    if (ret < 0) {
        json_decref(*out);
        *out = NULL;
    }
    return ret;
}

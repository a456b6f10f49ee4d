/* cut_convert.c - the price of converting each clip. */
#include "cut_convert.h"

#include <stdlib.h>

#include "cut_match.h"
#include "json.h"
#include "work/plan.h"

/* What an asset costs: milliseconds that its chunks took on one worker, 0 for unknown; pixels of
 * all its rungs. */
struct effort {
    int64_t ms, pixels;
};

static int64_t pixels_of(const json_t *rung)
{
    int64_t width = json_integer_value(json_object_get(rung, "width"));
    int64_t height = json_integer_value(json_object_get(rung, "height"));

    return width > 0 && height > 0 && width < 1 << 16 && height < 1 << 16 ? width * height : 0;
}

static int effort_read(struct db *db, const char *asset, const json_t *plan, struct effort *out,
                       struct spn_error *err)
{
    const json_t *rung;
    size_t i;

    out->pixels = 0;
    json_array_foreach(json_object_get(plan, plan_media[0]), i, rung)
    {
        out->pixels += pixels_of(rung);
    }
    return db_count(db,
                    "SELECT coalesce(sum(finished_ms - started_ms), 0) FROM job"
                    " WHERE asset = $1 AND kind = 'chunk' AND state = 'done'",
                    DB_ARGS(db_text(asset)), 0, &out->ms, err);
}

/* Clip i, if anything of it is encoded: appended to out. */
static void clip_price(const struct cut *cut, const struct cut_match *match, size_t i,
                       const struct effort *efforts, json_t *out)
{
    const struct spn_composition *composition = cut->composition;
    const struct spn_clip *clip = &composition->clips[i];
    const struct effort *effort = &efforts[clip->asset];
    int64_t frames = clip->out - clip->in, pixels = 0;
    json_t *one, *renditions = json_array();
    __int128 bits = 0;

    for (size_t r = 0; r < match->count; r++) {
        const struct match_rendition *rendition = &match->renditions[r];

        if (rendition->media > 1 || !rendition->tracks[clip->asset].encode)
            continue;
        (void)json_array_append_new(renditions, json_string(rendition->id));
        bits += (__int128)frames * rendition->tracks[clip->asset].bandwidth;
        pixels += rendition->media == 0 ? pixels_of(rendition->planned) : 0;
    }
    if (json_array_size(renditions) == 0) {
        json_decref(renditions);
        return;
    }
    one = json_object();
    json_put_number(one, "clip", (int64_t)i);
    json_put_text(one, "asset", cut->assets[clip->asset].hash);
    json_put_text(one, "name", cut->assets[clip->asset].name);
    json_put_number(one, "frame", composition->start[i]);
    (void)json_object_set_new(one, "timecode",
                              cut_timecode(composition->start[i], composition->rate, cut->drop));
    json_put_number(one, "frames", frames);
    (void)json_object_set_new(one, "renditions", renditions);
    json_put_number(one, "bytes",
                    (int64_t)(bits * composition->rate.den / composition->rate.num / 8));
    if (effort->ms > 0 && effort->pixels > 0)
        json_put_number(one, "encode_ms",
                        (int64_t)((__int128)effort->ms * frames * pixels /
                                  ((__int128)effort->pixels * cut->assets[clip->asset].frames)));
    else
        (void)json_object_set_new(one, "encode_ms", json_null());
    (void)json_array_append_new(out, one);
}

int cut_convert_price(struct db *db, const struct cut *cut, const struct cut_choice *choice,
                      json_t **out, struct spn_error *err)
{
    struct cut_choice converted = *choice;
    struct effort *efforts = calloc(cut->composition->asset_count, sizeof(*efforts));
    struct cut_match *match = NULL;
    int ret;

    converted.convert = 1;
    converted.exact = 0; /* which is no conversion */
    *out = json_array();
    ret = efforts ? cut_match_read(db, cut, &converted, &match, err)
                  : spn_error_set(err, SPN_ENOMEM, "out of memory");
    for (size_t i = 0; ret >= 0 && i < match->asset_count; i++)
        ret = effort_read(db, cut->assets[i].hash, match->plans[i], &efforts[i], err);
    for (size_t i = 0; ret >= 0 && i < cut->composition->count; i++)
        clip_price(cut, match, i, efforts, *out);
    cut_match_free(match);
    free(efforts);
    if (ret < 0) {
        json_decref(*out);
        *out = NULL;
        return ret;
    }
    return SPN_OK;
}

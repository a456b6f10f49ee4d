/* cut_view.c - compositions as people are shown them, and as lists for editing programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cut.h"
#include "cut_built.h"
#include "cut_chapters.h"
#include "cut_join.h"
#include "cut_jobs.h"
#include "cut_stretch.h"
#include "cut_verify.h"
#include "json.h"
#include "listing.h"

#define CUT_COLUMNS                                                                                \
    "c.id, c.edit, c.name, c.title, c.author, c.note, c.parent, c.format, c.rate_num, c.rate_den," \
    " c.frames, c.clip_count, c.state, c.error_code, c.error_text, c.created_ms, c.ready_ms,"      \
    " c.drop_frame, (SELECT count(*) FROM job j WHERE j.cut = c.id AND j." CUT_MAKING "),"         \
    " (SELECT count(*) FROM job j WHERE j.cut = c.id AND j." CUT_MAKING " AND j.state = 'done')"

json_t *cut_timecode(int64_t frame, struct spn_rate rate, int drop)
{
    struct spn_timecode_rate counting;
    char text[SPN_TIMECODE_MAX];

    if (frame < 0 || spn_timecode_rate(rate, drop, &counting, NULL) < 0)
        return json_null();
    spn_timecode_format(frame, counting, text);
    return json_string(text);
}

static json_t *summary_json(const struct rows *rows)
{
    json_t *cut = json_object(), *part;
    int64_t ms = 0;

    json_put_text(cut, "id", rows_text(rows, 0));
    json_put_text(cut, "edit", rows_text(rows, 1));
    json_put_text(cut, "name", rows_text(rows, 2));
    json_put_text(cut, "title", rows_text(rows, 3));
    json_put_text(cut, "author", rows_text(rows, 4));
    json_put_text(cut, "note", rows_text(rows, 5));
    json_put_text(cut, "parent", rows_text(rows, 6));
    json_put_text(cut, "format", rows_text(rows, 7));
    (void)json_object_set_new(
        cut, "rate",
        json_pack("[II]", (json_int_t)rows_number(rows, 8), (json_int_t)rows_number(rows, 9)));
    json_put_number(cut, "frames", rows_number(rows, 10));
    (void)spn_rescale(rows_number(rows, 10), rows_number(rows, 9) * 1000, rows_number(rows, 8),
                      SPN_NEAREST, &ms);
    json_put_number(cut, "duration_ms", ms);
    json_put_number(cut, "clip_count", rows_number(rows, 11));
    json_put_text(cut, "state", rows_text(rows, 12));
    json_put_error(cut, rows_text(rows, 13), rows_text(rows, 14));
    json_put_time(cut, "created", rows_number(rows, 15));
    json_put_time(cut, "ready", rows_number(rows, 16));
    part = json_object();
    json_put_number(part, "total", rows_number(rows, 18));
    json_put_number(part, "done", rows_number(rows, 19));
    json_put_text(part, "unit", "jobs");
    (void)json_object_set_new(cut, "progress", part);
    return cut;
}

static const struct listing listing = { "SELECT " CUT_COLUMNS " FROM cut c", "c.id", "cut",
                                        summary_json };

int cut_summary(struct db *db, const char *id, json_t **out, struct spn_error *err)
{
    return listing_one(db, &listing, id, out, err);
}

int cut_page(struct db *db, const char *state, const char *cursor, int limit, json_t *out,
             struct spn_error *err)
{
    return listing_page(db, &listing, "c.state", state, cursor, limit, out, err);
}

/* ---- with its clips ---- */

static json_t *clip_json(const struct cut *cut, size_t i)
{
    const struct spn_composition *composition = cut->composition;
    const struct spn_clip *clip = &composition->clips[i];
    const struct cut_asset *asset = &cut->assets[clip->asset];
    json_t *out = json_object();

    json_put_text(out, "asset", asset->hash);
    json_put_text(out, "name", asset->name);
    json_put_number(out, "in", clip->in);
    json_put_number(out, "out", clip->out);
    json_put_number(out, "frame", composition->start[i]);
    (void)json_object_set_new(
        out, "in_timecode", cut_timecode(asset->start + clip->in, composition->rate, asset->drop));
    (void)json_object_set_new(
        out, "out_timecode",
        cut_timecode(asset->start + clip->out, composition->rate, asset->drop));
    (void)json_object_set_new(out, "timecode",
                              cut_timecode(composition->start[i], composition->rate, cut->drop));
    return out;
}

static int stretches_json(const struct cut *cut, const struct cut_built *built, json_t *out,
                          struct spn_error *err)
{
    struct cut_stretch *stretches;
    size_t count;
    int ret =
        cut_stretches(cut->composition, built->renditions, built->count, &stretches, &count, err);

    for (size_t i = 0; ret >= 0 && i < count; i++) {
        const struct spn_span *span = &stretches[i].span;
        json_t *stretch = json_object();

        json_put_number(stretch, "frame", span->start);
        json_put_number(stretch, "frames", span->frames);
        json_put_number(stretch, "fragments", span->fragments);
        (void)json_object_set_new(stretch, "timecode",
                                  cut_timecode(span->start, cut->composition->rate, cut->drop));
        (void)json_array_append_new(out, stretch);
    }
    free(stretches);
    return ret;
}

/* What was made for the cut and lies on the disk; what is referenced is not counted. */
static int stored_json(struct db *db, const char *id, json_t **out, struct spn_error *err)
{
    struct rows *rows = NULL;
    int64_t files = 0, bytes = 0;
    int ret = db_query(db,
                       "SELECT DISTINCT name, facts FROM cut_file WHERE cut = $1"
                       " AND kind IN ('bridge', 'sound_bridge') AND facts IS NOT NULL",
                       DB_ARGS(db_text(id)), &rows, err);

    if (ret < 0)
        return ret;
    while ((ret = rows_next(rows, err)) > 0) {
        json_t *facts = json_of(rows_text(rows, 1));

        files++;
        bytes += json_integer_value(json_object_get(facts, "bytes"));
        json_decref(facts);
    }
    rows_close(rows);
    *out = json_object();
    json_put_number(*out, "files", files);
    json_put_number(*out, "bytes", bytes);
    return ret;
}

/* Of a rendition as it was built: what was kept then. */
static void kept_json(const struct cut *cut, const json_t *kept, const json_t *planned,
                      json_t *sound)
{
    const json_t *errors = json_object_get(kept, "errors"), *error;
    size_t i;

    json_array_foreach(errors, i, error)
    {
        if (i < cut->composition->count)
            cut_join_put(sound, cut, i, json_integer_value(json_array_get(error, 0)),
                         json_integer_value(json_array_get(error, 1)),
                         planned_sample_rate(planned));
    }
}

/* How far sound is from picture at each join; before it is built, in any language. */
static int sound_json(const struct cut *cut, const struct cut_built *built, json_t *out,
                      struct spn_error *err)
{
    struct spn_sound_clip *clips;
    json_t *sound;
    int ret;

    for (size_t r = 0; r < built->count; r++) {
        if (built->renditions[r].media != 1)
            continue;
        sound = json_object();
        json_put_text(sound, "id", built->renditions[r].id);
        json_put_text(sound, "language", planned_language(built->renditions[r].planned));
        kept_json(cut, json_array_get(built->list, r), built->renditions[r].planned, sound);
        (void)json_array_append_new(out, sound);
    }
    if (built->count > 0)
        return SPN_OK;
    if ((ret = spn_sound_clips(cut->composition, planned_sample_rate(NULL), &clips, err)) < 0)
        return ret;
    sound = json_object();
    json_put_text(sound, "id", NULL);
    json_put_text(sound, "language", NULL);
    for (size_t i = 0; i < cut->composition->count; i++)
        cut_join_put(sound, cut, i, clips[i].error_num, clips[i].error_den,
                     planned_sample_rate(NULL));
    (void)json_array_append_new(out, sound);
    free(clips);
    return SPN_OK;
}

int cut_show(struct db *db, const char *id, json_t **out, struct spn_error *err)
{
    json_t *clips = json_array(), *stretches = json_array(), *sound = json_array();
    struct cut_built *built = NULL;
    json_t *stored = NULL, *verification = NULL;
    struct cut *cut = NULL;
    int ret;

    *out = NULL;
    if ((ret = cut_summary(db, id, out, err)) < 0 || (ret = cut_load(db, id, &cut, err)) < 0 ||
        (ret = cut_built_read(db, cut, &built, err)) < 0 ||
        (ret = stretches_json(cut, built, stretches, err)) < 0 ||
        (ret = sound_json(cut, built, sound, err)) < 0 ||
        (ret = stored_json(db, id, &stored, err)) < 0 ||
        (ret = cut_marks_show(db, cut, *out, err)) < 0 ||
        (ret = cut_verification(db, id, 0, &verification, err)) < 0) {
        json_decref(*out);
        *out = NULL;
        json_decref(clips);
        json_decref(stretches);
        json_decref(stored);
        json_decref(sound);
        cut_built_free(built);
        cut_free(cut);
        return ret;
    }
    for (size_t i = 0; i < cut->composition->count; i++)
        (void)json_array_append_new(clips, clip_json(cut, i));
    (void)json_object_set_new(*out, "clips", clips);
    (void)json_object_set_new(*out, "bridges", stretches);
    (void)json_object_set_new(*out, "stored", stored);
    (void)json_object_set_new(*out, "sound", sound);
    (void)json_object_set(*out, "choice", built->choice);
    cut_built_free(built);
    (void)json_object_set_new(*out, "verification", verification);
    cut_free(cut);
    return SPN_OK;
}

/* ---- as a list ---- */

int cut_export(struct db *db, const char *id, const char *format, struct spn_buffer *out,
               const char **type, struct spn_error *err)
{
    static const struct {
        const char *format, *type;
        int (*write)(const struct spn_composition *composition, const struct cut_names *names,
                     struct spn_buffer *out, struct spn_error *err);
    } writers[] = {
        { "otio", "application/json", otio_write },
        { "edl", "text/plain; charset=utf-8", edl_write },
        { "cpl", "application/xml", cpl_write },
    };
    const char **asset_names = NULL;
    int64_t *asset_starts = NULL;
    int *asset_drops = NULL;
    struct cut *cut = NULL;
    size_t w = 0, count;
    int ret;

    while (w < 3 && strcmp(writers[w].format, format) != 0)
        w++;
    if (w == 3)
        return spn_error_set(err, SPN_EINVAL, "the format is otio, edl or cpl, not \"%.40s\"",
                             format);
    if ((ret = cut_load(db, id, &cut, err)) < 0)
        return ret;
    count = cut->composition->asset_count;
    asset_names = calloc(count, sizeof(*asset_names));
    asset_starts = calloc(count, sizeof(*asset_starts));
    asset_drops = calloc(count, sizeof(*asset_drops));
    if (!asset_names || !asset_starts || !asset_drops) {
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
        goto done;
    }
    for (size_t i = 0; i < count; i++) {
        asset_names[i] = cut->assets[i].name;
        asset_starts[i] = cut->assets[i].start;
        asset_drops[i] = cut->assets[i].drop;
    }
    ret = writers[w].write(cut->composition,
                           &(struct cut_names){ cut->name, asset_names, asset_starts, asset_drops,
                                                cut->drop, cut->markers, cut->marker_count },
                           out, err);
    *type = writers[w].type;

done:
    free(asset_names);
    free(asset_starts);
    free(asset_drops);
    cut_free(cut);
    return ret;
}

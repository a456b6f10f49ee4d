/* cut_build.c - what a cut needs that is not there yet. */
#include "cut_build.h"

#include <stdlib.h>
#include <string.h>

#include "cut_building.h"
#include "cut_jobs.h"
#include "cut_stretch.h"
#include "cut_verify.h"
#include "json.h"
#include "store/blob.h"
#include "work/job.h"
#include "work/plan.h"

#define BRIDGE_MEMORY_MB 800 /* where a plan says nothing of its chunks */

/* Of CRF, by so much finer each time that bridges were bad, if not so often. */
#define FINER    2
#define REBUILDS 4

/* ---- rows ---- */

int build_row(struct build *build, const char *kind, int64_t place, const char *rendition,
              const char *name, const char *facts, struct spn_error *err)
{
    return db_run(build->db,
                  "INSERT INTO cut_file (cut, kind, place, rendition, name, facts)"
                  " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (cut, kind, place, rendition)"
                  " DO UPDATE SET name = excluded.name, facts = excluded.facts",
                  DB_ARGS(db_text(build->cut->id), db_text(kind), db_number(place),
                          db_text(rendition), db_text(name), db_text(facts)),
                  NULL, err);
}

int build_known(struct build *build, const char *name, char **facts, struct spn_error *err)
{
    struct rows *rows = NULL;
    uint64_t size = 0;
    int ret;

    *facts = NULL;
    if ((ret = db_query(build->db,
                        "SELECT facts FROM cut_file WHERE name = $1 AND facts IS NOT NULL LIMIT 1",
                        DB_ARGS(db_text(name)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0 &&
        blob_size(build->instance, BLOB_BRIDGE, name, &size, NULL) >= 0)
        *facts = strdup(rows_text(rows, 0));
    rows_close(rows);
    return ret < 0 ? ret : SPN_OK;
}

int build_job(struct build *build, const char *kind, int64_t place, int64_t memory_mb,
              const json_t *spec, struct spn_error *err)
{
    char *text = json_text(spec);
    struct job_new job = { .kind = kind,
                           .cut = build->cut->id,
                           .place = place,
                           .memory_mb = memory_mb,
                           .spec = text,
                           .number = ++build->jobs & 0xFFFF };
    int ret = text ? job_make(build->instance, build->db, &job, build->now_ms, err)
                   : spn_error_set(err, SPN_ENOMEM, "out of memory");

    free(text);
    return ret;
}

/* A cut that is built because its bridges were bad has others: what was made is never changed. */
void build_name(const struct build *build, const char *what, const json_t *recipe,
                char out[SPN_HASH_HEX + 1])
{
    char *text = json_text(recipe), again[SPN_ID_MAX + 32];
    struct spn_hasher hasher;
    struct spn_hash hash;

    spn_hasher_init(&hasher);
    spn_hasher_update(&hasher, what, strlen(what) + 1);
    if (text)
        spn_hasher_update(&hasher, text, strlen(text));
    if (build->rebuilt > 0) {
        (void)snprintf(again, sizeof(again), " %s again %lld", build->cut->id,
                       (long long)build->rebuilt);
        spn_hasher_update(&hasher, again, strlen(again));
    }
    spn_hasher_finish(&hasher, &hash);
    spn_hash_hex(&hash, out);
    free(text);
}

json_t *build_rate(struct spn_rate rate)
{
    return json_pack("[II]", (json_int_t)rate.num, (json_int_t)rate.den);
}

json_t *build_planned(const struct build *build, const struct match_rendition *rendition,
                      size_t asset)
{
    if (rendition->tracks[asset].encode)
        asset = build->match->like;
    return json_array_get(json_object_get(build->match->plans[asset], plan_media[rendition->media]),
                          (size_t)rendition->tracks[asset].place);
}

/* ---- picture ---- */

/*
 * Ranges of a stretch: place of the asset in assets, from, to. assets: {asset, tracks, and fit
 * where it is encoded in the shape of another}.
 */
static void parts_make(const struct build *build, const struct cut_stretch *stretch, json_t *parts,
                       json_t *assets, size_t *first)
{
    const struct spn_composition *composition = build->cut->composition;
    const struct spn_span *span = &stretch->span;
    int64_t at = span->start, end = span->start + span->frames;

    for (size_t i = span->clip; at < end; i++) {
        const struct spn_clip *clip = &composition->clips[i];
        int64_t to = composition->start[i + 1] < end ? composition->start[i + 1] : end;
        const char *hash = build->cut->assets[clip->asset].hash;
        size_t place = 0, count = json_array_size(assets);

        while (place < count &&
               strcmp(json_string_value(json_object_get(json_array_get(assets, place), "asset")),
                      hash) != 0)
            place++;
        if (place == count) {
            json_t *asset = json_object(), *tracks = json_object();

            json_put_text(asset, "asset", hash);
            for (size_t r = 0; r < build->match->count; r++)
                if (build->match->renditions[r].media == 0)
                    json_put_text(tracks, build->match->renditions[r].id,
                                  build->match->renditions[r].tracks[clip->asset].name);
            (void)json_object_set_new(asset, "tracks", tracks);
            for (size_t r = 0; r < build->match->count; r++)
                if (build->match->renditions[r].media == 0 && stretch->rungs >> r & 1 &&
                    build->match->renditions[r].tracks[clip->asset].encode)
                    (void)json_object_set_new(asset, "fit", json_true());
            (void)json_array_append_new(assets, asset);
        }
        if (at == span->start)
            *first = clip->asset;
        (void)json_array_append_new(
            parts, json_pack("{sIsIsI}", "asset", (json_int_t)place, "from",
                             (json_int_t)(clip->in + at - composition->start[i]), "to",
                             (json_int_t)(clip->in + to - composition->start[i])));
        at = to;
    }
}

/* Is any part of a stretch made of what is decoded otherwise in this rung? */
static int rung_encodes(const struct build *build, const struct match_rendition *rung,
                        const struct spn_span *span)
{
    const struct spn_composition *composition = build->cut->composition;

    for (size_t i = span->clip;
         i < composition->count && composition->start[i] < span->start + span->frames; i++)
        if (rung->tracks[composition->clips[i].asset].encode)
            return 1;
    return 0;
}

/* One rung of a stretch: its row, and where the file is not there an output of the job. */
static int output_add(struct build *build, int64_t stretch, const struct spn_span *span,
                      const struct match_rendition *rung, size_t first, const json_t *spec,
                      json_t *outputs, struct spn_error *err)
{
    json_t *planned = build_planned(build, rung, first), *output = json_object(), *asset;
    json_t *recipe = json_object(), *tracks = json_array();
    char name[SPN_HASH_HEX + 1], *facts;
    size_t i;
    int ret;

    json_array_foreach(json_object_get(spec, "assets"), i, asset)
    {
        (void)json_array_append(tracks,
                                json_object_get(json_object_get(asset, "tracks"), rung->id));
    }
    (void)json_object_set(recipe, "bridge", json_object_get(spec, "bridge"));
    (void)json_object_set(recipe, "parts", json_object_get(spec, "parts"));
    (void)json_object_set_new(recipe, "tracks", tracks);
    if (rung_encodes(build, rung,
                     span)) { /* what it is made into does not follow from the tracks */
        json_put_text(recipe, "compat_id", rung->compat);
        (void)json_object_set(recipe, "rung", planned ? planned : json_null());
    }
    build_name(build, "sampan bridge 3", recipe, name);
    json_decref(recipe);
    json_put_text(output, "id", rung->id);
    json_put_text(output, "name", name);
    json_put_text(output, "compat_id", rung->compat);
    (void)json_object_set(output, "rung", planned ? planned : json_null());
    if ((ret = build_known(build, name, &facts, err)) >= 0)
        ret = build_row(build, "bridge", stretch, rung->id, name, facts, err);
    if (ret >= 0 && !facts)
        (void)json_array_append(outputs, output);
    json_decref(output);
    free(facts);
    return ret;
}

/* As much as a chunk of the largest asset that it shows, or of the one that it is like. */
static int64_t stretch_memory_mb(const struct build *build, const struct spn_span *span)
{
    const struct spn_composition *composition = build->cut->composition;
    int64_t most = json_integer_value(
        json_object_get(build->match->plans[build->match->like], "chunk_memory_mb"));

    for (size_t i = span->clip;
         i < composition->count && composition->start[i] < span->start + span->frames; i++) {
        const json_t *plan = build->match->plans[composition->clips[i].asset];
        int64_t one = json_integer_value(json_object_get(plan, "chunk_memory_mb"));

        most = one > most ? one : most;
    }
    return most > 0 ? most : BRIDGE_MEMORY_MB;
}

static int stretch_build(struct build *build, int64_t number, const struct cut_stretch *stretch,
                         struct spn_error *err)
{
    const struct spn_composition *composition = build->cut->composition;
    const struct spn_span *span = &stretch->span;
    json_t *spec = json_object(), *parts = json_array(), *assets = json_array();
    json_t *outputs = json_array();
    size_t first = 0;
    int ret = SPN_OK;

    parts_make(build, stretch, parts, assets, &first);
    json_put_text(spec, "cut", build->cut->id);
    json_put_number(spec, "stretch", number);
    (void)json_object_set_new(
        spec, "bridge",
        json_pack("{sosIsIsIsIsI}", "rate", build_rate(composition->rate), "gop",
                  (json_int_t)composition->gop, "start", (json_int_t)0, "sequence", (json_int_t)1,
                  "frames", (json_int_t)span->frames, "fragments", (json_int_t)span->fragments));
    if (build->rebuilt > 0)
        json_put_number(json_object_get(spec, "bridge"), "finer",
                        FINER * (build->rebuilt < REBUILDS ? build->rebuilt : REBUILDS));
    (void)json_object_set_new(spec, "parts", parts);
    (void)json_object_set_new(spec, "assets", assets);
    (void)json_object_set_new(spec, "outputs", outputs);
    for (size_t i = 0; i < build->match->count && ret >= 0; i++)
        if (build->match->renditions[i].media == 0 && stretch->rungs >> i & 1)
            ret = output_add(build, number, span, &build->match->renditions[i], first, spec,
                             outputs, err);
    if (ret >= 0 && json_array_size(outputs) > 0)
        ret = build_job(build, "bridge", number, stretch_memory_mb(build, span), spec, err);
    json_decref(spec);
    return ret;
}

static int picture_build(struct build *build, struct spn_error *err)
{
    struct cut_stretch *stretches;
    size_t count;
    int ret = cut_stretches(build->cut->composition, build->match->renditions, build->match->count,
                            &stretches, &count, err);

    for (size_t i = 0; i < count && ret >= 0; i++)
        ret = stretch_build(build, (int64_t)i, &stretches[i], err);
    free(stretches);
    return ret;
}

/* ---- what is referenced ---- */

static int board_keep(struct build *build, size_t asset, struct spn_error *err)
{
    json_t *planned = json_object_get(build->match->plans[asset], "storyboard");
    const char *name = plan_board(build->match->plans[asset]);
    json_t *both;
    char *text;
    int ret;

    if (!name || !json_is_object(build->match->boards[asset]))
        return SPN_OK;
    both = json_pack("{sOsO}", "plan", planned, "facts", build->match->boards[asset]);
    text = both ? json_text(both) : NULL;
    json_decref(both);
    if (!text)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    ret = build_row(build, "board", (int64_t)asset, "", name, text, err);
    free(text);
    return ret;
}

/* Renditions as they are now: an asset may be made again with others, the cut stays as built. */
static int references_keep(struct build *build, struct spn_error *err)
{
    json_t *list = json_array(), *planned, *chosen;
    int ret = SPN_OK;
    char *text, *choice;

    for (size_t i = 0; i < build->match->count && ret >= 0; i++) {
        const struct match_rendition *rendition = &build->match->renditions[i];
        json_t *one = json_object();

        json_put_text(one, "id", rendition->id);
        json_put_text(one, "media", plan_media[rendition->media]);
        json_put_text(one, "compat_id", rendition->compat);
        json_put_text(one, "like", build->cut->assets[build->match->like].hash);
        planned = build_planned(build, rendition, build->match->like);
        (void)json_object_set(one, "plan", planned ? planned : json_null());
        if (rendition->media == 1 && (ret = build_sound_errors(build, rendition, one, err)) < 0) {
            json_decref(one);
            break;
        }
        (void)json_array_append_new(list, one);
        for (size_t a = 0; a < build->match->asset_count && ret >= 0; a++)
            ret = build_row(build, "track", (int64_t)a, rendition->id, rendition->tracks[a].name,
                            rendition->tracks[a].encode ? "{\"encode\":true}" : "{}", err);
    }
    for (size_t a = 0; a < build->match->asset_count && ret >= 0; a++)
        ret = board_keep(build, a, err);
    text = ret >= 0 ? json_text(list) : NULL;
    json_decref(list);
    if (ret < 0 || !text)
        return ret < 0 ? ret : spn_error_set(err, SPN_ENOMEM, "out of memory");
    chosen = cut_choice_json(build->choice);
    choice = json_text(chosen);
    json_decref(chosen);
    ret = choice
              ? db_run(build->db, "UPDATE cut SET renditions = $2, choice = $3 WHERE id = $1",
                       DB_ARGS(db_text(build->cut->id), db_text(text), db_text(choice)), NULL, err)
              : spn_error_set(err, SPN_ENOMEM, "out of memory");
    free(choice);
    free(text);
    return ret;
}

/* ---- the build ---- */

/* What is built stays as it is; who asks for something else is told so. */
static int built_same(const char *kept, const struct cut_choice *choice, struct spn_error *err)
{
    static const struct cut_choice usual;
    json_t *is = json_of(kept), *wanted = cut_choice_json(choice), *none = cut_choice_json(&usual);
    int same = json_equal(wanted, json_is_object(is) ? is : none) || json_equal(wanted, none);

    json_decref(is);
    json_decref(wanted);
    json_decref(none);
    return same ? SPN_OK
                : spn_error_set(
                      err, SPN_ECONFLICT,
                      "the cut is built already, and otherwise than you ask for now; "
                      "import the list again, with this cut as its parent, and build that");
}

/*
 * 1: to be built, its row and its assets held; 0: it is so already, and nobody found that it is not
 * what its list says. *rebuilt: how often that was so. What is built again is built as it was, and
 * *choice is that then.
 */
static int build_begin(struct db *db, const char *id, struct cut_choice *choice, int64_t *rebuilt,
                       struct spn_error *err)
{
    static const char *const statements[] = {
        "SELECT hash FROM asset WHERE hash IN (SELECT asset FROM cut_asset WHERE cut = $1)"
        " /*pg FOR SHARE*/",
        "DELETE FROM job WHERE cut = $1",
        "DELETE FROM cut_file WHERE cut = $1 AND (facts IS NULL OR kind IN ('track', 'board'))",
        "UPDATE cut SET rebuilt = rebuilt + 1 WHERE id = $1 AND EXISTS (SELECT 1 FROM cut_verify"
        " WHERE cut = $1 AND faults > 0)",
        "DELETE FROM cut_verify WHERE cut = $1",
        "DELETE FROM flat WHERE cut = $1", /* it is of bridges that were bad */
        /* what a build before made: known, but not of this one until it is asked for again */
        "UPDATE cut_file SET kind = 'was_' || kind WHERE cut = $1",
    };
    struct rows *rows = NULL;
    int ret, done = 0, bad;
    json_t *kept;

    if ((ret = db_hold(db, DB_LOCK_FILES, 0, err)) < 0 ||
        (ret = db_query(db, "SELECT state, choice FROM cut WHERE id = $1 /*pg FOR UPDATE*/",
                        DB_ARGS(db_text(id)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        done =
            strcmp(rows_text(rows, 0), "building") == 0 || strcmp(rows_text(rows, 0), "ready") == 0;
        if (done && built_same(rows_text(rows, 1), choice, err) < 0)
            ret = SPN_ECONFLICT;
        else if (done && rows_text(rows, 1)) {
            kept = json_of(rows_text(rows, 1));
            ret = cut_choice_read(kept, choice, err) < 0 ? SPN_EINVAL : ret;
            json_decref(kept);
        }
    }
    rows_close(rows);
    if (ret <= 0)
        return ret < 0 ? ret : spn_error_set(err, SPN_ENOENT, "there is no cut %s", id);
    if ((bad = cut_verify_failed(db, id, NULL)) < 0)
        return bad;
    if (done && !bad)
        return 0;
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        if ((ret = db_run(db, statements[i], DB_ARGS(db_text(id)), NULL, err)) < 0)
            return ret;
    ret = db_count(db, "SELECT rebuilt FROM cut WHERE id = $1", DB_ARGS(db_text(id)), 0, rebuilt,
                   err);
    return ret < 0 ? ret : 1;
}

static const char *name_of(const json_t *incompatible)
{
    const char *name = json_string_value(json_object_get(incompatible, "name"));

    return name ? name : "one";
}

static int build_steps(struct build *build, struct spn_error *err)
{
    size_t pictures = 0;
    int64_t place = 0;
    int ret;

    for (size_t i = 0; i < build->match->count; i++)
        pictures += build->match->renditions[i].media == 0;
    if (pictures == 0)
        return spn_error_set(
            err, SPN_EUNSUPPORTED,
            "the clips of this cut have no picture in common, so nothing can be joined: %.100s is "
            "decoded otherwise than %.100s; `sampan cut check` says which clips are and what "
            "converting them would take, `sampan cut build --convert` does it",
            name_of(json_array_get(build->match->incompatible, 0)),
            build->cut->assets[build->match->like].name);
    if ((ret = references_keep(build, err)) < 0 || (ret = picture_build(build, err)) < 0)
        return ret;
    for (size_t i = 0; i < build->match->count && ret >= 0; i++)
        if (build->match->renditions[i].media == 1)
            ret = build_sound(build, place++, &build->match->renditions[i], err);
    if (ret < 0)
        return ret;
    if ((ret = db_run(build->db, "DELETE FROM cut_file WHERE cut = $1 AND kind LIKE 'was_%'",
                      DB_ARGS(db_text(build->cut->id)), NULL, err)) < 0 ||
        (ret = db_run(build->db,
                      "UPDATE cut SET state = 'building', error_code = NULL, error_text = NULL"
                      " WHERE id = $1",
                      DB_ARGS(db_text(build->cut->id)), NULL, err)) < 0)
        return ret;
    return cut_finish(build->instance, build->db, build->cut->id, err);
}

int cut_build(const struct instance *instance, struct db *db, const char *id,
              const struct cut_choice *choice, struct spn_error *err)
{
    struct cut_choice used = *choice;
    struct build build = {
        .instance = instance, .db = db, .choice = &used, .now_ms = instance_now_ms(instance)
    };
    int ret;

    if ((ret = build_begin(db, id, &used, &build.rebuilt, err)) <= 0)
        return ret;
    if ((ret = cut_load(db, id, &build.cut, err)) >= 0 &&
        (ret = cut_match_read(db, build.cut, &used, &build.match, err)) >= 0)
        ret = build_steps(&build, err);
    cut_match_free(build.match);
    cut_free(build.cut);
    return ret;
}

/* cut_flat.c - a cut as one ordinary MP4. */
#include "cut_flat.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cut_built.h"
#include "cut_chapters.h"
#include "cut_flat_name.h"
#include "cut_sent.h"
#include "cut_verify.h"
#include "json.h"
#include "publish/rendition_words.h"
#include "sampan/flat.h"
#include "store/blob.h"
#include "work/job.h"
#include "work/job_progress.h"
#include "work/plan.h"

#define FLAT_MEMORY_MB  64 /* and 16 bytes a sample */
#define FLAT_SAMPLE     16
#define TOUCH_EVERY_MS  3600000
#define AUDIO_GROUP     1
#define PACKETS_A_FRAME 3 /* of AAC: 48000 / 1024 a second against 24 frames is 2 */

struct flattening {
    const struct instance *instance;
    struct db *db;
    struct cut *cut;
    struct cut_built *built;
    const struct match_rendition *rung;
    int64_t place, now_ms;
    int64_t estimate; /* bytes */
    json_t *spec;     /* what the worker is told */
    char name[SPN_HASH_HEX + 1];
};

/* ---- which rung ---- */

int cut_flat_place(const char *rung, int64_t *place, struct spn_error *err)
{
    size_t length = strlen(rung);

    if (rung[0] != 'v' || length < 2 || length > 3 || strspn(rung + 1, "0123456789") != length - 1)
        return spn_error_set(err, SPN_ENOENT, "%.20s is not the id of a rung, which is like v0",
                             rung);
    *place = strtoll(rung + 1, NULL, 10);
    return SPN_OK;
}

static int64_t pixels_of(const struct match_rendition *rung)
{
    return json_integer_value(json_object_get(rung->planned, "width")) *
           json_integer_value(json_object_get(rung->planned, "height"));
}

static int rung_missing(const struct flattening *flattening, const char *rung,
                        struct spn_error *err)
{
    char list[200] = "";

    for (size_t i = 0; i < flattening->built->count; i++) {
        const struct match_rendition *one = &flattening->built->renditions[i];
        size_t used = strlen(list);

        if (one->media == 0)
            (void)snprintf(list + used, sizeof(list) - used, "%s%s (%" PRId64 "x%" PRId64 ")",
                           used ? ", " : "", one->id,
                           (int64_t)json_integer_value(json_object_get(one->planned, "width")),
                           (int64_t)json_integer_value(json_object_get(one->planned, "height")));
    }
    return spn_error_set(err, SPN_EINVAL, "the cut has no rung %.20s; it has %s", rung, list);
}

static int rung_choose(struct flattening *flattening, const char *rung, struct spn_error *err)
{
    for (size_t i = 0; i < flattening->built->count; i++) {
        const struct match_rendition *one = &flattening->built->renditions[i];

        if (one->media != 0)
            continue;
        if (rung ? strcmp(one->id, rung) == 0
                 : !flattening->rung || pixels_of(one) > pixels_of(flattening->rung))
            flattening->rung = one;
    }
    if (!flattening->rung)
        return rung_missing(flattening, rung ? rung : "", err);
    return cut_flat_place(flattening->rung->id, &flattening->place, err);
}

/* ---- what the worker is told ---- */

/* Bytes of what is shown of each asset, as far as its track is known. */
static int estimate_add(struct flattening *flattening, const struct match_rendition *rendition,
                        struct spn_error *err)
{
    const struct spn_composition *composition = flattening->cut->composition;

    for (size_t a = 0; a < composition->asset_count; a++) {
        struct rows *rows = NULL;
        int64_t frames = 0, bytes = 0, share = 0;
        json_t *facts;
        int ret;

        for (size_t i = 0; i < composition->count; i++)
            if (composition->clips[i].asset == a)
                frames += composition->clips[i].out - composition->clips[i].in;
        if ((ret = db_query(flattening->db,
                            "SELECT facts FROM rendition WHERE name = $1 AND facts IS NOT NULL"
                            " LIMIT 1",
                            DB_ARGS(db_text(rendition->tracks[a].name)), &rows, err)) < 0)
            return ret;
        if ((ret = rows_next(rows, err)) > 0) {
            facts = json_of(rows_text(rows, 0));
            bytes = json_integer_value(json_object_get(facts, "bytes"));
            json_decref(facts);
        }
        rows_close(rows);
        if (ret < 0)
            return ret;
        (void)spn_rescale(bytes, frames, composition->assets[a].frames, SPN_CEIL, &share);
        flattening->estimate += share;
    }
    return SPN_OK;
}

/* Clips as they are in this rendition: what is encoded whole is not referenced. */
static json_t *assets_json(const struct flattening *flattening,
                           const struct match_rendition *rendition)
{
    const struct spn_composition *composition = flattening->cut->composition;
    json_t *assets = json_array();

    for (size_t a = 0; a < composition->asset_count; a++) {
        json_t *asset = json_pack("{sI}", "frames", (json_int_t)composition->assets[a].frames);

        if (rendition->tracks[a].encode)
            (void)json_object_set_new(asset, "encode", json_true());
        (void)json_array_append_new(assets, asset);
    }
    return assets;
}

static const char *role_word(unsigned roles)
{
    return roles & SPN_ROLE_DESCRIPTION  ? "description"
           : roles & SPN_ROLE_COMMENTARY ? "commentary"
           : roles & SPN_ROLE_MAIN       ? "main"
                                         : "dub";
}

static int track_add(struct flattening *flattening, const struct match_rendition *rendition,
                     const struct spn_plan_rendition *words, int enabled, struct spn_error *err)
{
    int sound = words != NULL, ret; /* of which there is more to say */
    json_t *told;

    if ((ret = cut_sent_rendition(flattening->db, flattening->cut, rendition, &told, err)) < 0)
        return ret;
    (void)json_object_set_new(told, "assets", assets_json(flattening, rendition));
    json_put_text(told, "language", sound ? planned_language(rendition->planned) : "und");
    json_put_text(told, "name", words ? words->name : "");
    json_put_text(told, "role", words ? role_word(words->roles) : "main");
    json_put_number(told, "group", sound ? AUDIO_GROUP : 0);
    (void)json_object_set_new(told, "enabled", json_boolean(enabled));
    (void)json_array_append_new(json_object_get(flattening->spec, "tracks"), told);
    return estimate_add(flattening, rendition, err);
}

/* The sound that plays where nobody chooses comes first: there are players that look no further. */
static int sound_add(struct flattening *flattening, struct spn_error *err)
{
    static const size_t none = SPN_RENDITIONS_MAX;
    struct spn_plan_rendition words[SPN_RENDITIONS_MAX] = { 0 };
    char names[SPN_RENDITIONS_MAX][RENDITION_NAME_MAX];
    const struct match_rendition *of[SPN_RENDITIONS_MAX];
    size_t count = 0, first = none;
    int ret = SPN_OK;

    for (size_t i = 0; i < flattening->built->count && count < none; i++) {
        const struct match_rendition *one = &flattening->built->renditions[i];

        if (one->media != 1)
            continue;
        words[count].info.media = SPN_AUDIO;
        rendition_words(words, count, 1, one->planned, names[count]);
        of[count++] = one;
    }
    for (size_t i = 0; i < count; i++)
        if (words[i].is_default && first == none)
            first = i;
    for (size_t i = 0; i < count && first == none; i++)
        if (!(words[i].roles & (SPN_ROLE_COMMENTARY | SPN_ROLE_DESCRIPTION)))
            first = i;
    if (first == none)
        first = 0;
    if (count > 0)
        ret = track_add(flattening, of[first], &words[first], 1, err);
    for (size_t i = 0; i < count && ret >= 0; i++)
        if (i != first)
            ret = track_add(flattening, of[i], &words[i], 0, err);
    return ret;
}

/* As many as the file can have: what comes after them is in the last. */
static int chapters_tell(struct flattening *flattening, struct spn_error *err)
{
    json_t *list = json_array();
    struct cut_chapters chapters;
    int ret = cut_chapters_make(flattening->db, flattening->cut, &chapters, err);

    for (size_t i = 0; ret >= 0 && i < chapters.count && i < SPN_FLAT_CHAPTERS_MAX; i++) {
        json_t *chapter = json_object();

        json_put_number(chapter, "frame", chapters.list[i].frame);
        json_put_text(chapter, "title", chapters.list[i].title);
        (void)json_array_append_new(list, chapter);
    }
    (void)json_object_set_new(flattening->spec, "chapters", list);
    cut_chapters_finish(&chapters);
    return ret;
}

static int spec_make(struct flattening *flattening, struct spn_error *err)
{
    struct spn_hasher hasher;
    struct spn_hash hash;
    char *text;
    int ret;

    flattening->spec = json_object();
    (void)json_object_set_new(flattening->spec, "tracks", json_array());
    cut_sent_spec(flattening->cut, "flatten", flattening->spec);
    (void)json_object_del(flattening->spec, "assets"); /* each track has its own */
    (void)json_object_del(flattening->spec, "cut");    /* the same file for all that are so */
    if ((ret = track_add(flattening, flattening->rung, NULL, 1, err)) < 0 ||
        (ret = sound_add(flattening, err)) < 0 || (ret = chapters_tell(flattening, err)) < 0)
        return ret;
    if (!(text = json_text(flattening->spec)))
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    spn_hasher_init(&hasher);
    spn_hasher_update(&hasher, "sampan flat 1", sizeof("sampan flat 1"));
    spn_hasher_update(&hasher, text, strlen(text));
    spn_hasher_finish(&hasher, &hash);
    free(text);
    spn_hash_hex(&hash, flattening->name);
    json_put_text(flattening->spec, "cut", flattening->cut->id);
    json_put_text(flattening->spec, "name", flattening->name);
    return SPN_OK;
}

/* ---- what is there ---- */

/* Is the file there that facts tell of? */
static int file_there(const struct instance *instance, const char *name, const char *facts)
{
    json_t *known = facts ? json_of(facts) : NULL;
    int64_t bytes = json_integer_value(json_object_get(known, "bytes"));
    uint64_t size = 0;

    json_decref(known);
    return facts && blob_size(instance, BLOB_FLAT, name, &size, NULL) >= 0 &&
           (int64_t)size == bytes;
}

/* 1: it is there, or being made, and nothing is to be done. */
static int row_good(struct flattening *flattening, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret, good = 0, making = 0;
    int64_t jobs = 0;

    if ((ret = db_query(flattening->db,
                        "SELECT facts, error_code FROM flat WHERE cut = $1 AND place = $2"
                        " AND name = $3",
                        DB_ARGS(db_text(flattening->cut->id), db_number(flattening->place),
                                db_text(flattening->name)),
                        &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        good = file_there(flattening->instance, flattening->name, rows_text(rows, 0));
        making = !rows_text(rows, 0) && !rows_text(rows, 1);
    }
    rows_close(rows);
    if (ret < 0 || (making && (ret = db_count(flattening->db,
                                              "SELECT count(*) FROM job WHERE cut = $1"
                                              " AND kind = 'flatten' AND place = $2",
                                              DB_ARGS(db_text(flattening->cut->id),
                                                      db_number(flattening->place)),
                                              0, &jobs, err)) < 0))
        return ret;
    return good || jobs > 0;
}

/* Facts of the same file, made for another cut, to be freed; NULL: none that is there. */
static int facts_known(struct flattening *flattening, char **facts, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    *facts = NULL;
    if ((ret = db_query(flattening->db,
                        "SELECT facts FROM flat WHERE name = $1 AND facts IS NOT NULL LIMIT 1",
                        DB_ARGS(db_text(flattening->name)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0 &&
        file_there(flattening->instance, flattening->name, rows_text(rows, 0)))
        *facts = strdup(rows_text(rows, 0));
    rows_close(rows);
    return ret < 0 ? ret : SPN_OK;
}

static int row_put(struct flattening *flattening, const char *facts, struct spn_error *err)
{
    return db_run(flattening->db,
                  "INSERT INTO flat (cut, place, name, estimate, facts, asked_ms, made_ms)"
                  " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (cut, place) DO UPDATE SET"
                  " name = excluded.name, estimate = excluded.estimate, facts = excluded.facts,"
                  " asked_ms = excluded.asked_ms, made_ms = excluded.made_ms, error_code = NULL,"
                  " error_text = NULL",
                  DB_ARGS(db_text(flattening->cut->id), db_number(flattening->place),
                          db_text(flattening->name), db_number(flattening->estimate),
                          db_text(facts), db_number(flattening->now_ms),
                          facts ? db_number(flattening->now_ms) : db_text(NULL)),
                  NULL, err);
}

static int touch(struct db *db, const char *cut, int64_t place, int64_t now_ms, int64_t before_ms,
                 struct spn_error *err)
{
    return db_run(db,
                  "UPDATE flat SET asked_ms = $3 WHERE cut = $1 AND place = $2 AND asked_ms < $4",
                  DB_ARGS(db_text(cut), db_number(place), db_number(now_ms), db_number(before_ms)),
                  NULL, err);
}

/* ---- asked for ---- */

static int job_ask(struct flattening *flattening, struct spn_error *err)
{
    const struct spn_composition *composition = flattening->cut->composition;
    int64_t tracks = (int64_t)json_array_size(json_object_get(flattening->spec, "tracks"));
    int64_t samples = composition->start[composition->count] * PACKETS_A_FRAME * tracks;
    char *text = json_text(flattening->spec);
    struct job_new job = { .kind = "flatten",
                           .cut = flattening->cut->id,
                           .place = flattening->place,
                           .memory_mb = FLAT_MEMORY_MB + samples * FLAT_SAMPLE / 1000000,
                           .spec = text,
                           .number = 1 };
    int ret = text ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "out of memory");

    if (ret >= 0 &&
        (ret = db_run(flattening->db,
                      "DELETE FROM job WHERE cut = $1 AND kind = 'flatten'"
                      " AND place = $2",
                      DB_ARGS(db_text(flattening->cut->id), db_number(flattening->place)), NULL,
                      err)) >= 0)
        ret = job_make(flattening->instance, flattening->db, &job, flattening->now_ms, err);
    free(text);
    return ret;
}

static int flatten_ask(struct flattening *flattening, struct spn_error *err)
{
    int64_t room = instance_room(flattening->instance);
    char *facts;
    int ret;

    if ((ret = row_good(flattening, err)) != 0)
        return ret < 0 ? ret
                       : touch(flattening->db, flattening->cut->id, flattening->place,
                               flattening->now_ms, flattening->now_ms, err);
    if ((ret = facts_known(flattening, &facts, err)) < 0)
        return ret;
    if (!facts && flattening->estimate > room)
        return spn_error_set(err, SPN_ENOSPC,
                             "the MP4 of this cut would have about %" PRId64 " bytes, and %" PRId64
                             " may be written to the disk of the data directory; make room, or ask "
                             "for a smaller rung",
                             flattening->estimate, room > 0 ? room : 0);
    ret = row_put(flattening, facts, err);
    if (ret >= 0 && !facts)
        ret = job_ask(flattening, err);
    free(facts);
    return ret;
}

int cut_flatten(const struct instance *instance, struct db *db, const char *id, const char *rung,
                int64_t *place, struct spn_error *err)
{
    struct flattening flattening = { .instance = instance,
                                     .db = db,
                                     .now_ms = instance_now_ms(instance) };
    int ret;

    if ((ret = db_hold(db, DB_LOCK_FILES, 0, err)) < 0 ||
        (ret = cut_built_hold(db, id, "flattened", err)) < 0)
        return ret;
    if ((ret = cut_verify_failed(db, id, err)) != 0)
        return ret < 0 ? ret : SPN_ECONFLICT;
    if ((ret = cut_load(db, id, &flattening.cut, err)) >= 0 &&
        (ret = cut_built_read(db, flattening.cut, &flattening.built, err)) >= 0 &&
        (ret = rung_choose(&flattening, rung, err)) >= 0 &&
        (ret = spec_make(&flattening, err)) >= 0)
        ret = flatten_ask(&flattening, err);
    *place = flattening.place;
    json_decref(flattening.spec);
    cut_built_free(flattening.built);
    cut_free(flattening.cut);
    return ret;
}

/* ---- what is known ---- */

static void row_json(const struct instance *instance, const struct rows *rows, json_t *out)
{
    const char *facts = rows_text(rows, 1), *code = rows_text(rows, 3);
    int there = file_there(instance, rows_text(rows, 0), facts);
    json_t *known = facts ? json_of(facts) : NULL;

    json_put_text(out, "state", there ? "ready" : facts ? "none" : code ? "failed" : "making");
    json_put_number(out, "estimate", rows_number(rows, 2));
    (void)json_object_set_new(
        out, "bytes",
        there ? json_integer(json_integer_value(json_object_get(known, "bytes"))) : json_null());
    json_put_text(out, "sha256",
                  there ? json_string_value(json_object_get(known, "sha256")) : NULL);
    json_put_error(out, code, rows_text(rows, 4));
    json_put_time(out, "asked", rows_number(rows, 5));
    json_put_time(out, "made", there ? rows_number(rows, 6) : 0);
    json_decref(known);
}

int cut_flat_show(const struct instance *instance, struct db *db, const char *id, int64_t place,
                  const char *language, json_t **out, struct spn_error *err)
{
    const struct kind_job job = { .kind = "flatten", .cut = id, .place = place };
    char rung[24], path[160], file_name[FLAT_NAME_MAX + 8];
    json_t *flat = json_object(), *progress;
    struct rows *rows = NULL;
    int ret, making;

    *out = NULL;
    (void)snprintf(rung, sizeof(rung), "v%" PRId64, place);
    (void)snprintf(path, sizeof(path), "/api/v1/cuts/%.60s/flat/%s/file", id, rung);
    json_put_text(flat, "cut", id);
    json_put_text(flat, "rung", rung);
    if ((ret = cut_flat_name(db, id, language, FLAT_NAME_MAX, file_name, err)) >= 0)
        ret = db_query(db,
                       "SELECT name, facts, estimate, error_code, error_text, asked_ms, made_ms"
                       " FROM flat WHERE cut = $1 AND place = $2",
                       DB_ARGS(db_text(id), db_number(place)), &rows, err);
    if (ret >= 0 && (ret = rows_next(rows, err)) > 0)
        row_json(instance, rows, flat);
    else if (ret == 0)
        ret = spn_error_set(err, SPN_ENOENT, "nobody asked for the cut %s as a file of rung %s", id,
                            rung);
    rows_close(rows);
    if (ret < 0) {
        json_decref(flat);
        return ret;
    }
    json_put_text(flat, "file", json_is_null(json_object_get(flat, "sha256")) ? NULL : path);
    json_put_text(flat, "file_name", file_name);
    making = strcmp(json_string_value(json_object_get(flat, "state")), "making") == 0;
    progress = making ? json_object() : json_null();
    (void)json_object_set_new(flat, "progress", progress);
    if (making && (ret = job_progress(db, &job, instance_now_ms(instance), progress, err)) < 0) {
        json_decref(flat);
        return ret;
    }
    *out = flat;
    return SPN_OK;
}

int cut_flat_find(const struct instance *instance, struct db *db, const char *id, int64_t place,
                  const char *language, struct flat_file *out, struct spn_error *err)
{
    int64_t now_ms = instance_now_ms(instance);
    struct rows *rows = NULL;
    json_t *known = NULL;
    int ret;

    memset(out, 0, sizeof(*out));
    if ((ret = cut_flat_name(db, id, language, FLAT_NAME_MAX, out->file_name, err)) < 0 ||
        (ret = db_query(db, "SELECT name, facts FROM flat WHERE cut = $1 AND place = $2",
                        DB_ARGS(db_text(id), db_number(place)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        if (file_there(instance, rows_text(rows, 0), rows_text(rows, 1)))
            known = json_of(rows_text(rows, 1));
        (void)snprintf(out->name, sizeof(out->name), "%.64s", rows_text(rows, 0));
    }
    rows_close(rows);
    if (ret == 0)
        return spn_error_set(err, SPN_ENOENT,
                             "nobody asked for the cut %s as a file of rung v%" PRId64, id, place);
    if (ret > 0 && !known)
        return spn_error_set(err, SPN_ECONFLICT,
                             "the file is not there yet; GET /api/v1/cuts/%s/flat/v%" PRId64
                             " says how far it is",
                             id, place);
    if (known) {
        (void)snprintf(out->sha256, sizeof(out->sha256), "%.64s",
                       json_string_value(json_object_get(known, "sha256")));
        out->bytes = json_integer_value(json_object_get(known, "bytes"));
    }
    json_decref(known);
    return ret < 0 ? ret : touch(db, id, place, now_ms, now_ms - TOUCH_EVERY_MS, err);
}

/* ---- the kind ---- */

int flat_job_files(const struct instance *instance, const struct kind_job *job,
                   const json_t *result, struct spn_error *err)
{
    const char *name, *sha256;
    json_t *flat;
    int64_t bytes;
    uint64_t size;
    int ret;

    (void)job;
    if ((ret = member_object(result, "flat", 1, &flat, err)) < 0 ||
        (ret = member_hash(flat, "name", &name, err)) < 0 ||
        (ret = member_hash(flat, "sha256", &sha256, err)) < 0 ||
        (ret = member_number(flat, "bytes", 1, INT64_MAX, -1, &bytes, err)) < 0)
        return ret;
    if (blob_size(instance, BLOB_FLAT, name, &size, NULL) < 0 || size != (uint64_t)bytes)
        return spn_error_set(err, SPN_ECONFLICT,
                             "the MP4 %s is not there with %" PRId64 " bytes; the job is done "
                             "again",
                             name, bytes);
    return SPN_OK;
}

int flat_job_done(const struct instance *instance, struct db *db, const struct kind_job *job,
                  const json_t *result, struct spn_error *err)
{
    const json_t *flat = json_object_get(result, "flat");
    int64_t changed = 0;
    const char *name;
    char *facts;
    int ret;

    if ((ret = member_hash(flat, "name", &name, err)) < 0)
        return ret;
    if (!(facts = json_text(flat)))
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    ret = db_run(db,
                 "UPDATE flat SET facts = $4, made_ms = $5, error_code = NULL, error_text = NULL"
                 " WHERE cut = $1 AND place = $2 AND name = $3",
                 DB_ARGS(db_text(job->cut), db_number(job->place), db_text(name), db_text(facts),
                         db_number(instance_now_ms(instance))),
                 &changed, err);
    free(facts);
    if (ret >= 0 && changed == 0)
        return spn_error_set(err, SPN_EINVAL, "nobody asked for an MP4 called %s", name);
    return ret;
}

int flat_job_failed(const struct instance *instance, struct db *db, const struct kind_job *job,
                    const char *code, const char *text, struct spn_error *err)
{
    (void)instance;
    return db_run(
        db, "UPDATE flat SET error_code = $3, error_text = $4 WHERE cut = $1 AND place = $2",
        DB_ARGS(db_text(job->cut), db_number(job->place), db_text(code), db_text(text)), NULL, err);
}

int flat_job_again(const struct instance *instance, struct db *db, const struct kind_job *job,
                   struct spn_error *err)
{
    (void)instance;
    return db_run(
        db, "UPDATE flat SET error_code = NULL, error_text = NULL WHERE cut = $1 AND place = $2",
        DB_ARGS(db_text(job->cut), db_number(job->place)), NULL, err);
}

/* cut_verify.c - whether a built cut is what its list says. */
#include "cut_verify.h"

#include <stdlib.h>
#include <string.h>

#include "cut.h"
#include "cut_built.h"
#include "cut_sent.h"
#include "cut_text_verify.h"
#include "json.h"
#include "work/job.h"
#include "work/plan.h"

#define VERIFY_MEMORY_MB 400 /* a decoder of each kind, and filters */
#define VERIFY_FAULTS    1000

struct asked {
    const struct instance *instance;
    struct db *db;
    struct cut *cut;
    struct cut_built *built;
    int64_t now_ms;
    int jobs;
};

static int row_insert(struct asked *asked, int64_t place, const char *id, const char *media,
                      const json_t *result, struct spn_error *err)
{
    char *text = result ? json_text(result) : NULL;
    int ret = db_run(
        asked->db,
        "INSERT INTO cut_verify (cut, place, rendition, media, begun_ms, ended_ms, faults, result)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        DB_ARGS(db_text(asked->cut->id), db_number(place), db_text(id), db_text(media),
                db_number(asked->now_ms), text ? db_number(asked->now_ms) : db_text(NULL),
                text ? db_number(json_integer_value(json_object_get(result, "fault_count")))
                     : db_text(NULL),
                db_text(text)),
        NULL, err);

    free(text);
    return ret;
}

/* As bridges are told, so that what is made from a rendition can be told from what is referenced.
 */
static void assets_tell(const struct match_rendition *rendition, json_t *assets)
{
    json_t *asset;
    size_t i;

    json_array_foreach(assets, i, asset)
    {
        const struct match_track *track = &rendition->tracks[i];
        json_t *tracks = json_object();

        json_put_text(tracks, rendition->id, track->name);
        (void)json_object_set_new(asset, "tracks", tracks);
        json_put_text(asset, "track", track->name);
        if (!track->encode)
            continue;
        (void)json_object_set_new(asset, "encode", json_true());
        if (rendition->media == 0)
            (void)json_object_set_new(asset, "fit", json_true());
    }
}

static int job_ask(struct asked *asked, int64_t place, const struct match_rendition *rendition,
                   struct spn_error *err)
{
    json_t *spec = json_object(), *told;
    struct job_new job = { .kind = "verify",
                           .cut = asked->cut->id,
                           .place = place,
                           .memory_mb = VERIFY_MEMORY_MB,
                           .number = ++asked->jobs & 0xFFFF };
    char *text = NULL;
    int ret;

    cut_sent_spec(asked->cut, "verify", spec);
    if ((ret = cut_sent_rendition(asked->db, asked->cut, rendition, &told, err)) >= 0) {
        (void)json_object_set_new(spec, "rendition", told);
        assets_tell(rendition, json_object_get(spec, "assets"));
        job.spec = text = json_text(spec);
        ret = text ? job_make(asked->instance, asked->db, &job, asked->now_ms, err)
                   : spn_error_set(err, SPN_ENOMEM, "out of memory");
    }
    free(text);
    json_decref(spec);
    return ret;
}

static int rendition_ask(struct asked *asked, int64_t place,
                         const struct match_rendition *rendition, struct spn_error *err)
{
    const char *media = plan_media[rendition->media];
    json_t *result = NULL;
    int ret;

    if (rendition->media == 2) {
        if ((ret = cut_text_verify(asked->instance, asked->cut, rendition, &result, err)) >= 0)
            ret = row_insert(asked, place, rendition->id, media, result, err);
        json_decref(result);
        return ret;
    }
    if ((ret = row_insert(asked, place, rendition->id, media, NULL, err)) < 0)
        return ret;
    return job_ask(asked, place, rendition, err);
}

/* 1: to be done; 0: it is under way. */
static int verify_begin(struct db *db, const char *id, struct spn_error *err)
{
    int64_t running = 0;
    int ret;

    if ((ret = cut_built_hold(db, id, "verified", err)) < 0 ||
        (ret = db_count(db,
                        "SELECT count(*) FROM cut_verify WHERE cut = $1"
                        " AND ended_ms IS NULL",
                        DB_ARGS(db_text(id)), 0, &running, err)) < 0)
        return ret;
    if (running > 0)
        return 0;
    if ((ret = db_run(db, "DELETE FROM cut_verify WHERE cut = $1", DB_ARGS(db_text(id)), NULL,
                      err)) < 0 ||
        (ret = db_run(db, "DELETE FROM job WHERE cut = $1 AND kind = 'verify'",
                      DB_ARGS(db_text(id)), NULL, err)) < 0)
        return ret;
    return 1;
}

int cut_verify(const struct instance *instance, struct db *db, const char *id,
               struct spn_error *err)
{
    struct asked asked = { .instance = instance, .db = db, .now_ms = instance_now_ms(instance) };
    int ret;

    if ((ret = verify_begin(db, id, err)) <= 0)
        return ret;
    if ((ret = cut_load(db, id, &asked.cut, err)) >= 0)
        ret = cut_built_read(db, asked.cut, &asked.built, err);
    for (size_t i = 0; asked.built && i < asked.built->count && ret >= 0; i++)
        ret = rendition_ask(&asked, (int64_t)i, &asked.built->renditions[i], err);
    cut_built_free(asked.built);
    cut_free(asked.cut);
    return ret < 0 ? ret : SPN_OK;
}

/* ---- what is known ---- */

static const char *row_state(const struct rows *rows)
{
    if (rows_text(rows, 5))
        return "broken";
    return rows_null(rows, 3) ? "running" : rows_number(rows, 3) > 0 ? "failed" : "passed";
}

static json_t *row_json(const struct rows *rows, int measured)
{
    json_t *out = json_object(), *result = rows_text(rows, 4) ? json_of(rows_text(rows, 4)) : NULL;
    json_t *faults = json_object_get(result, "faults");

    json_put_text(out, "id", rows_text(rows, 0));
    json_put_text(out, "media", rows_text(rows, 1));
    json_put_text(out, "state", row_state(rows));
    json_put_number(out, "fault_count", rows_number(rows, 3));
    (void)json_object_set_new(out, "faults", faults ? json_incref(faults) : json_array());
    if (measured) {
        json_t *figures = json_object_get(result, "measured");

        (void)json_object_set_new(out, "measured", figures ? json_incref(figures) : json_null());
    }
    json_put_error(out, rows_text(rows, 5), rows_text(rows, 6));
    json_decref(result);
    return out;
}

struct known {
    int64_t begun_ms, ended_ms, faults;
    int running, broken, count;
};

static void row_count(const struct rows *rows, struct known *known)
{
    int64_t ended_ms = rows_number(rows, 7);

    known->begun_ms = rows_number(rows, 2);
    known->ended_ms = ended_ms > known->ended_ms ? ended_ms : known->ended_ms;
    known->faults += rows_number(rows, 3);
    known->broken += rows_text(rows, 5) != NULL;
    known->running += rows_null(rows, 7);
    known->count++;
}

static const char *known_state(const struct known *known)
{
    if (known->count == 0)
        return "none";
    if (known->running)
        return "running";
    return known->faults ? "failed" : known->broken ? "broken" : "passed";
}

static int progress_put(struct db *db, const char *id, json_t *out, struct spn_error *err)
{
    struct rows *rows = NULL;
    json_t *progress = json_object();
    int ret;

    (void)json_object_set_new(out, "progress", progress);
    if ((ret =
             db_query(db,
                      "SELECT coalesce(sum(CASE WHEN state = 'done' THEN total ELSE done END), 0),"
                      " coalesce(sum(total), 0) FROM job WHERE cut = $1 AND kind = 'verify'",
                      DB_ARGS(db_text(id)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        json_put_number(progress, "done", rows_number(rows, 0));
        json_put_number(progress, "total", rows_number(rows, 1));
    }
    rows_close(rows);
    json_put_text(progress, "unit", "frames");
    return ret;
}

int cut_verification(struct db *db, const char *id, int measured, json_t **out,
                     struct spn_error *err)
{
    json_t *list = json_array();
    struct rows *rows = NULL;
    struct known known = { 0 };
    int64_t there = 0;
    int ret;

    *out = json_object();
    (void)json_object_set_new(*out, "renditions", list);
    if ((ret = db_count(db, "SELECT count(*) FROM cut WHERE id = $1", DB_ARGS(db_text(id)), 0,
                        &there, err)) >= 0 &&
        !there)
        ret = spn_error_set(err, SPN_ENOENT, "there is no cut %s", id);
    if (ret >= 0)
        ret = db_query(db,
                       "SELECT rendition, media, begun_ms, faults, result, error_code, error_text,"
                       " ended_ms FROM cut_verify WHERE cut = $1 ORDER BY place",
                       DB_ARGS(db_text(id)), &rows, err);
    while (ret >= 0 && rows && (ret = rows_next(rows, err)) > 0) {
        row_count(rows, &known);
        (void)json_array_append_new(list, row_json(rows, measured));
    }
    rows_close(rows);
    if (ret >= 0)
        ret = progress_put(db, id, *out, err);
    if (ret < 0) {
        json_decref(*out);
        *out = NULL;
        return ret;
    }
    json_put_text(*out, "state", known_state(&known));
    json_put_number(*out, "fault_count", known.faults);
    json_put_time(*out, "begun", known.begun_ms);
    json_put_time(*out, "ended", known.running ? 0 : known.ended_ms);
    return SPN_OK;
}

int cut_verify_failed(struct db *db, const char *id, struct spn_error *err)
{
    struct rows *rows = NULL;
    json_t *result;
    int ret;

    if ((ret = db_query(db,
                        "SELECT result, faults FROM cut_verify WHERE cut = $1 AND faults > 0"
                        " ORDER BY place LIMIT 1",
                        DB_ARGS(db_text(id)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        const char *text;

        result = json_of(rows_text(rows, 0));
        text = json_string_value(
            json_object_get(json_array_get(json_object_get(result, "faults"), 0), "text"));
        (void)spn_error_set(err, SPN_ECONFLICT, "the cut %s is not what its list says: %s", id,
                            text ? text : "build it again");
        json_decref(result);
    }
    rows_close(rows);
    return ret;
}

/* ---- the kind ---- */

int verify_job_files(const struct instance *instance, const struct kind_job *job,
                     const json_t *result, struct spn_error *err)
{
    (void)instance; /* it leaves none */
    (void)job;
    (void)result;
    (void)err;
    return SPN_OK;
}

int verify_job_done(const struct instance *instance, struct db *db, const struct kind_job *job,
                    const json_t *result, struct spn_error *err)
{
    json_t *faults;
    int64_t count;
    char *text;
    int ret;

    if ((ret = member_number(result, "fault_count", 0, INT64_MAX, -1, &count, err)) < 0 ||
        (ret = member_array(result, "faults", 1, VERIFY_FAULTS, &faults, err)) < 0)
        return ret;
    if (!(text = json_text(result)))
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    ret = db_run(db,
                 "UPDATE cut_verify SET ended_ms = $3, faults = $4, result = $5, error_code = NULL,"
                 " error_text = NULL WHERE cut = $1 AND place = $2",
                 DB_ARGS(db_text(job->cut), db_number(job->place),
                         db_number(instance_now_ms(instance)), db_number(count), db_text(text)),
                 NULL, err);
    free(text);
    return ret;
}

int verify_job_failed(const struct instance *instance, struct db *db, const struct kind_job *job,
                      const char *code, const char *text, struct spn_error *err)
{
    return db_run(db,
                  "UPDATE cut_verify SET ended_ms = $3, error_code = $4, error_text = $5"
                  " WHERE cut = $1 AND place = $2",
                  DB_ARGS(db_text(job->cut), db_number(job->place),
                          db_number(instance_now_ms(instance)), db_text(code), db_text(text)),
                  NULL, err);
}

int verify_job_again(const struct instance *instance, struct db *db, const struct kind_job *job,
                     struct spn_error *err)
{
    (void)instance;
    return db_run(db,
                  "UPDATE cut_verify SET ended_ms = NULL, error_code = NULL, error_text = NULL"
                  " WHERE cut = $1 AND place = $2",
                  DB_ARGS(db_text(job->cut), db_number(job->place)), NULL, err);
}

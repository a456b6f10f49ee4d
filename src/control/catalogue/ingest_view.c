/* ingest_view.c - ingests as people are shown them, with their progress. */
#include <stdio.h>
#include <string.h>

#include "ingest.h"
#include "json.h"
#include "listing.h"
#include "work/job_progress.h"

/*
 * Of an encoding the frames of its chunks are counted; the rate is that of the chunks in hand and
 * of those that ended a moment ago, so it is right again soon after a pause, and known where a
 * chunk ends before its worker has said anything of it.
 */
#define MOMENT_MS 10000

static int encoding_progress(struct db *db, const char *asset, int64_t now_ms, json_t *out,
                             struct spn_error *err)
{
    struct rows *rows = NULL;
    int64_t done = 0, total = 0, jobs = 0, jobs_done = 0, lately = 0, since_ms = now_ms;
    int ret, paused = 0, chunks = 0;

    json_put_text(out, "note", NULL);
    if ((ret = db_count(db, "SELECT frames FROM asset WHERE hash = $1", DB_ARGS(db_text(asset)), 0,
                        &total, err)) < 0 ||
        (ret = db_query(db,
                        "SELECT kind, state, done, started_ms, finished_ms, error_text FROM job"
                        " WHERE asset = $1",
                        DB_ARGS(db_text(asset)), &rows, err)) < 0)
        return ret;
    while ((ret = rows_next(rows, err)) > 0) {
        const char *state = rows_text(rows, 1);
        int running = strcmp(state, "running") == 0, ended = strcmp(state, "done") == 0;

        jobs++;
        jobs_done += ended;
        if (strcmp(state, "paused") == 0) {
            paused = 1;
            progress_note_put(out, rows_text(rows, 5));
        }
        if (strcmp(rows_text(rows, 0), "chunk") != 0)
            continue;
        chunks = 1;
        if (running || ended)
            done += rows_number(rows, 2);
        if (running || (ended && now_ms - rows_number(rows, 4) < MOMENT_MS)) {
            lately += rows_number(rows, 2);
            if (rows_number(rows, 3) < since_ms)
                since_ms = rows_number(rows, 3);
        }
    }
    rows_close(rows);
    if (ret < 0)
        return ret;
    json_put_number(out, "done", chunks ? done < total ? done : total : jobs_done);
    json_put_number(out, "total", chunks ? total : jobs);
    json_put_text(out, "unit", chunks ? "frames" : "jobs");
    progress_rate_put(out,
                      now_ms > since_ms ? (double)lately * 1000 / (double)(now_ms - since_ms) : 0,
                      total - done);
    json_put_number(out, "jobs", jobs);
    json_put_number(out, "jobs_done", jobs_done);
    (void)json_object_set_new(out, "paused", json_boolean(paused));
    return SPN_OK;
}

static int examining_progress(struct db *db, const char *ingest, int64_t now_ms, json_t *out,
                              struct spn_error *err)
{
    int ret = job_progress(db, &(struct kind_job){ .kind = "examine", .ingest = ingest }, now_ms,
                           out, err);

    json_put_number(out, "jobs", 1);
    json_put_number(out, "jobs_done", 0);
    return ret;
}

static json_t *publication_part(const char *id, int live)
{
    json_t *part;
    char url[128];

    if (!id)
        return json_null();
    part = json_object();
    json_put_text(part, "id", id);
    (void)snprintf(url, sizeof(url), "/v/%s/main.m3u8", id);
    json_put_text(part, "hls", live ? url : NULL);
    (void)snprintf(url, sizeof(url), "/v/%s/main.mpd", id);
    json_put_text(part, "dash", live ? url : NULL);
    return part;
}

#define INGEST_COLUMNS                                                                             \
    "i.id, i.state, i.name, i.title, i.asset, i.publish, i.publication, i.error_code,"             \
    " i.error_text, i.created_ms, i.updated_ms, p.state"
#define INGEST_FROM " FROM ingest i LEFT JOIN publication p ON p.id = i.publication"

static json_t *ingest_json(const struct rows *rows)
{
    json_t *ingest = json_object();
    const char *live = rows_text(rows, 11);

    json_put_text(ingest, "id", rows_text(rows, 0));
    json_put_text(ingest, "state", rows_text(rows, 1));
    json_put_text(ingest, "name", rows_text(rows, 2));
    json_put_text(ingest, "title", rows_text(rows, 3));
    json_put_text(ingest, "asset", rows_text(rows, 4));
    (void)json_object_set_new(ingest, "publish", json_boolean(rows_number(rows, 5) != 0));
    (void)json_object_set_new(
        ingest, "publication",
        publication_part(rows_text(rows, 6), live && strcmp(live, "live") == 0));
    json_put_error(ingest, rows_text(rows, 7), rows_text(rows, 8));
    json_put_time(ingest, "created", rows_number(rows, 9));
    json_put_time(ingest, "updated", rows_number(rows, 10));
    return ingest;
}

static int progress_add(const struct instance *instance, struct db *db, json_t *ingest,
                        struct spn_error *err)
{
    const char *state = json_string_value(json_object_get(ingest, "state"));
    const char *asset = json_string_value(json_object_get(ingest, "asset"));
    int64_t now_ms = instance_now_ms(instance);
    json_t *progress;
    int ret;

    if (strcmp(state, "examining") != 0 && strcmp(state, "encoding") != 0) {
        (void)json_object_set_new(ingest, "progress", json_null());
        return SPN_OK;
    }
    progress = json_object();
    (void)json_object_set_new(ingest, "progress", progress);
    ret = asset ? encoding_progress(db, asset, now_ms, progress, err)
                : examining_progress(db, json_string_value(json_object_get(ingest, "id")), now_ms,
                                     progress, err);
    if (ret >= 0 && instance_full(instance)) { /* whatever the rows say: none can be written */
        (void)json_object_set_new(progress, "paused", json_true());
        if (json_is_null(json_object_get(progress, "note")))
            progress_note_put(progress, NULL);
    }
    return ret;
}

static const struct listing listing = { "SELECT " INGEST_COLUMNS INGEST_FROM, "i.id", "ingest",
                                        ingest_json };

int ingest_show(const struct instance *instance, struct db *db, const char *id, json_t **out,
                struct spn_error *err)
{
    int ret = listing_one(db, &listing, id, out, err);

    if (ret > 0 && (ret = progress_add(instance, db, *out, err)) < 0) {
        json_decref(*out);
        *out = NULL;
    }
    return ret;
}

int ingest_list(const struct instance *instance, struct db *db, const char *state,
                const char *cursor, int limit, json_t *out, struct spn_error *err)
{
    int ret = listing_page(db, &listing, "i.state", state, cursor, limit, out, err);
    json_t *ingest;
    size_t i;

    json_array_foreach(out, i, ingest)
    {
        if (ret >= 0)
            ret = progress_add(instance, db, ingest, err);
    }
    return ret;
}

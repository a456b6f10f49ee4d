/* job_view.c - jobs as people are shown them. */
#include "job.h"

#include "json.h"
#include "listing.h"

#define JOB_COLUMNS                                                                                \
    "id, kind, state, ingest, asset, place, worker, memory_mb, tries, crashes, done, total, unit," \
    " error_code, error_text, created_ms, started_ms, finished_ms, available_ms, cut"

static json_t *job_json(const struct rows *rows)
{
    json_t *job = json_object(), *part = json_object();

    json_put_text(job, "id", rows_text(rows, 0));
    json_put_text(job, "kind", rows_text(rows, 1));
    json_put_text(job, "state", rows_text(rows, 2));
    json_put_text(job, "ingest", rows_text(rows, 3));
    json_put_text(job, "asset", rows_text(rows, 4));
    json_put_text(job, "cut", rows_text(rows, 19));
    json_put_number(job, "place", rows_number(rows, 5));
    json_put_text(job, "worker", rows_text(rows, 6));
    json_put_number(job, "memory_mb", rows_number(rows, 7));
    json_put_number(job, "tries", rows_number(rows, 8));
    json_put_number(job, "crashes", rows_number(rows, 9));
    json_put_number(part, "done", rows_number(rows, 10));
    json_put_number(part, "total", rows_number(rows, 11));
    json_put_text(part, "unit", rows_text(rows, 12));
    (void)json_object_set_new(job, "progress", part);
    json_put_error(job, rows_text(rows, 13), rows_text(rows, 14));
    json_put_time(job, "created", rows_number(rows, 15));
    json_put_time(job, "started", rows_number(rows, 16));
    json_put_time(job, "finished", rows_number(rows, 17));
    json_put_time(job, "available", rows_number(rows, 18));
    return job;
}

static const struct listing listing = { "SELECT " JOB_COLUMNS " FROM job", "id", "job", job_json };

int job_show(struct db *db, const char *id, json_t **out, struct spn_error *err)
{
    return listing_one(db, &listing, id, out, err);
}

int job_list(struct db *db, const char *state, const char *cursor, int limit, json_t *out,
             struct spn_error *err)
{
    return listing_page(db, &listing, "state", state, cursor, limit, out, err);
}

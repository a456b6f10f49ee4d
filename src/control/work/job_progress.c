/* job_progress.c - how far a job is. */
#include "job_progress.h"

#include <string.h>

#include "json.h"

void progress_rate_put(json_t *out, double rate, int64_t left)
{
    (void)json_object_set_new(
        out, "per_second", rate > 0 ? json_real((double)(int64_t)(rate * 10) / 10) : json_null());
    (void)json_object_set_new(out, "seconds_left",
                              rate > 0 && left >= 0 ? json_integer((int64_t)((double)left / rate))
                                                    : json_null());
}

void progress_note_put(json_t *out, const char *why)
{
    (void)json_object_set_new(out, "note",
                              json_sprintf("%.1000s; make room, and it goes on",
                                           why ? why : "the disk of the data directory is full"));
}

int job_progress(struct db *db, const struct kind_job *job, int64_t now_ms, json_t *out,
                 struct spn_error *err)
{
    struct rows *rows = NULL;
    int64_t done = 0, total = 0;
    double rate = 0;
    int ret, paused = 0;

    if ((ret =
             db_query(db,
                      job->cut ? "SELECT done, total, unit, state, error_text, started_ms FROM job"
                                 " WHERE cut = $1 AND kind = $2 AND place = $3"
                                 " ORDER BY id DESC LIMIT 1"
                               : "SELECT done, total, unit, state, error_text, started_ms FROM job"
                                 " WHERE ingest = $1 AND kind = $2 AND place = $3"
                                 " ORDER BY id DESC LIMIT 1",
                      DB_ARGS(db_text(job->cut ? job->cut : job->ingest), db_text(job->kind),
                              db_number(job->place)),
                      &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        done = rows_number(rows, 0);
        total = rows_number(rows, 1);
        paused = strcmp(rows_text(rows, 3), "paused") == 0;
        if (strcmp(rows_text(rows, 3), "running") == 0 && now_ms > rows_number(rows, 5))
            rate = (double)done * 1000 / (double)(now_ms - rows_number(rows, 5));
    }
    json_put_number(out, "done", done);
    json_put_number(out, "total", total);
    json_put_text(out, "unit", ret > 0 ? rows_text(rows, 2) : "");
    json_put_text(out, "note", NULL);
    if (paused)
        progress_note_put(out, rows_text(rows, 4));
    rows_close(rows);
    progress_rate_put(out, rate, total - done);
    (void)json_object_set_new(out, "paused", json_boolean(paused));
    return ret < 0 ? ret : SPN_OK;
}

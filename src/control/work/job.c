/* job.c - claim, beat, commit, fail. */
#include "job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "kind.h"
#include "log.h"

/* Another version's may be none of ours. */
static int kind_of(const char *name, const struct kind **out, struct spn_error *err)
{
    *out = kind_find(name);
    return *out ? SPN_OK
                : spn_error_set(err, SPN_EUNSUPPORTED, "there are no jobs of kind %s", name);
}

int job_make(const struct instance *instance, struct db *db, const struct job_new *job,
             int64_t now_ms, struct spn_error *err)
{
    const struct kind *kind;
    char id[SPN_ID_MAX];
    int ret;

    if ((ret = kind_of(job->kind, &kind, err)) < 0)
        return ret;
    instance_id(instance, "job", now_ms, job->number, id);
    return db_run(db,
                  "INSERT INTO job (id, kind, state, priority, ingest, asset, place, spec, fence,"
                  " available_ms, memory_mb, crashes, tries, done, total, unit, created_ms, cut)"
                  " VALUES ($1, $2, 'ready', $3, $4, $5, $6, $7, 0, 0, $8, 0, 0, 0, 0, '', $9,"
                  " $10)",
                  DB_ARGS(db_text(id), db_text(job->kind), db_number(kind->priority),
                          db_text(job->ingest), db_text(job->asset), db_number(job->place),
                          db_text(job->spec), db_number(job->memory_mb), db_number(now_ms),
                          db_text(job->cut)),
                  NULL, err);
}

static json_t *claimed_json(const struct instance *instance, const struct rows *rows)
{
    json_t *job = json_object();

    json_put_text(job, "id", rows_text(rows, 0));
    json_put_text(job, "kind", rows_text(rows, 1));
    json_put_number(job, "fence", rows_number(rows, 4));
    json_put_number(job, "memory_mb", rows_number(rows, 5));
    json_put_number(job, "lease_s", instance->lease_s);
    return job;
}

/* Lines of this request carry the number of the chunk, where the job is one. */
static void chunk_log(const char *kind, int64_t place)
{
    char number[24];

    (void)snprintf(number, sizeof(number), "%lld", (long long)place);
    log_context("chunk", strcmp(kind, "chunk") == 0 ? number : NULL);
}

struct claim_body {
    const struct instance *instance;
    const struct job_claim *claim;
    json_t *job;
};

static int claim_run(struct db *db, void *opaque, struct spn_error *err)
{
    struct claim_body *body = opaque;
    const struct instance *instance = body->instance;
    int64_t now_ms = instance_now_ms(instance);
    int room = instance_room(instance) > 0;
    struct rows *rows = NULL;
    json_t *job = NULL, *spec = NULL;
    const struct kind *kind;
    int ret;

    json_decref(body->job);
    body->job = NULL;
    ret = db_query(db,
                   "UPDATE job SET state = 'running', fence = fence + 1, tries = tries + 1,"
                   " worker = $1, available_ms = $2, started_ms = $3, done = 0,"
                   " error_code = NULL, error_text = NULL"
                   " WHERE id = (SELECT id FROM job WHERE available_ms IS NOT NULL"
                   "  AND available_ms <= $3 AND memory_mb <= $4 AND (state <> 'paused' OR $5 = 1)"
                   "  AND $6 LIKE '%,' || kind || ',%'"
                   "  ORDER BY priority, id LIMIT 1 /*pg FOR UPDATE SKIP LOCKED*/)"
                   " RETURNING id, kind, asset, place, fence, memory_mb, spec, ingest, cut",
                   DB_ARGS(db_text(body->claim->worker),
                           db_number(now_ms + (int64_t)instance->lease_s * 1000), db_number(now_ms),
                           db_number(body->claim->memory_mb), db_number(room),
                           db_text(body->claim->kinds)),
                   &rows, err);
    if (ret < 0 || (ret = rows_next(rows, err)) <= 0) {
        rows_close(rows);
        return ret;
    }
    job = claimed_json(instance, rows);
    chunk_log(rows_text(rows, 1), rows_number(rows, 3));
    spec = json_of(rows_text(rows, 6));
    if ((ret = kind_of(rows_text(rows, 1), &kind, err)) >= 0 && kind->spec)
        ret = kind->spec(db,
                         &(struct kind_job){ .kind = rows_text(rows, 1),
                                             .ingest = rows_text(rows, 7),
                                             .asset = rows_text(rows, 2),
                                             .cut = rows_text(rows, 8),
                                             .place = rows_number(rows, 3) },
                         spec, err);
    rows_close(rows);
    if (ret < 0) {
        json_decref(spec);
        json_decref(job);
        return ret;
    }
    (void)json_object_set_new(job, "spec", spec);
    body->job = job;
    return SPN_OK;
}

/* Is there anything to claim? Asked first, so that an idle queue takes no lock to write. */
static int claim_any(const struct instance *instance, struct db *db, struct spn_error *err)
{
    int64_t any = 0;
    int ret = db_count(db,
                       "SELECT 1 FROM job WHERE available_ms IS NOT NULL AND available_ms <= $1"
                       " LIMIT 1",
                       DB_ARGS(db_number(instance_now_ms(instance))), 0, &any, err);

    return ret < 0 ? ret : (int)any;
}

int job_claim(const struct instance *instance, struct db *db, const struct job_claim *claim,
              json_t **out, struct spn_error *err)
{
    struct claim_body body = { instance, claim, NULL };
    int ret;

    *out = NULL;
    if ((ret = claim_any(instance, db, err)) <= 0)
        return ret;
    if ((ret = db_transact(db, claim_run, &body, err)) < 0) {
        json_decref(body.job);
        return ret;
    }
    *out = body.job;
    return body.job != NULL;
}

/* Why a statement about a running job touched no row. */
static int job_refused(struct db *db, const char *id, struct spn_error *err)
{
    int64_t there = 0;
    int ret = db_count(db, "SELECT 1 FROM job WHERE id = $1", DB_ARGS(db_text(id)), 0, &there, err);

    if (ret < 0)
        return ret;
    return there ? spn_error_set(err, SPN_ECONFLICT,
                                 "the job %s is no longer yours: its lease went to another worker, "
                                 "or it was taken back; stop it and keep nothing",
                                 id)
                 : spn_error_set(err, SPN_ENOENT, "there is no job %s", id);
}

int job_beat(const struct instance *instance, struct db *db, const char *id, int64_t fence,
             int64_t done, int64_t total, const char *unit, struct spn_error *err)
{
    int64_t changed = 0;
    int ret =
        db_run(db,
               "UPDATE job SET available_ms = $3, done = $4, total = $5, unit = $6"
               " WHERE id = $1 AND fence = $2 AND state = 'running'",
               DB_ARGS(db_text(id), db_number(fence),
                       db_number(instance_now_ms(instance) + (int64_t)instance->lease_s * 1000),
                       db_number(done), db_number(total), db_text(unit)),
               &changed, err);

    if (ret < 0)
        return ret;
    return changed ? SPN_OK : job_refused(db, id, err);
}

struct end_body {
    const struct instance *instance;
    const char *id;
    int64_t fence;
    const json_t *result;
    const char *code, *text;
};

struct ended {
    char kind[16], state[16], ingest[SPN_ID_MAX], asset[SPN_HASH_HEX + 1], cut[SPN_ID_MAX];
    int64_t place, fence, crashes, tries;
};

static void text_copy(char *out, size_t size, const char *text)
{
    size_t length = text ? strnlen(text, size - 1) : 0;

    memcpy(out, text ? text : "", length);
    out[length] = '\0';
}

/*
 * The job, with the row of its asset or cut locked first: whoever ends jobs of one takes turns.
 */
static int ended_read(struct db *db, const char *id, struct ended *out, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    if ((ret = db_hold(db, DB_LOCK_FILES, 0, err)) < 0 ||
        (ret = db_run(db,
                      "SELECT hash FROM asset WHERE hash = (SELECT asset FROM job WHERE id = $1)"
                      " /*pg FOR UPDATE*/",
                      DB_ARGS(db_text(id)), NULL, err)) < 0 ||
        (ret = db_run(db,
                      "SELECT id FROM cut WHERE id = (SELECT cut FROM job WHERE id = $1)"
                      " /*pg FOR UPDATE*/",
                      DB_ARGS(db_text(id)), NULL, err)) < 0 ||
        (ret = db_query(db,
                        "SELECT kind, state, ingest, asset, place, fence, crashes, tries, cut"
                        " FROM job"
                        " WHERE id = $1 /*pg FOR UPDATE*/",
                        DB_ARGS(db_text(id)), &rows, err)) < 0)
        return ret;
    ret = rows_next(rows, err);
    if (ret == 0)
        ret = spn_error_set(err, SPN_ENOENT, "there is no job %s", id);
    if (ret > 0) {
        text_copy(out->kind, sizeof(out->kind), rows_text(rows, 0));
        text_copy(out->state, sizeof(out->state), rows_text(rows, 1));
        text_copy(out->ingest, sizeof(out->ingest), rows_text(rows, 2));
        text_copy(out->asset, sizeof(out->asset), rows_text(rows, 3));
        out->place = rows_number(rows, 4);
        out->fence = rows_number(rows, 5);
        out->crashes = rows_number(rows, 6);
        out->tries = rows_number(rows, 7);
        text_copy(out->cut, sizeof(out->cut), rows_text(rows, 8));
        chunk_log(out->kind, out->place);
        ret = SPN_OK;
    }
    rows_close(rows);
    return ret;
}

static struct kind_job ended_job(const struct ended *ended)
{
    return (struct kind_job){ .kind = ended->kind,
                              .ingest = ended->ingest[0] ? ended->ingest : NULL,
                              .asset = ended->asset[0] ? ended->asset : NULL,
                              .cut = ended->cut[0] ? ended->cut : NULL,
                              .place = ended->place };
}

static int commit_run(struct db *db, void *opaque, struct spn_error *err)
{
    const struct end_body *body = opaque;
    const struct kind *kind;
    struct kind_job of_kind;
    struct ended job;
    int64_t frames; /* a job may end before its worker has said anything of how far it is */
    char *result;
    int ret;

    if ((ret = ended_read(db, body->id, &job, err)) < 0)
        return ret;
    if (job.fence == body->fence && strcmp(job.state, "done") == 0)
        return SPN_OK; /* the answer to the first commit was lost */
    if (job.fence != body->fence || strcmp(job.state, "running") != 0)
        return job_refused(db, body->id, err);
    of_kind = ended_job(&job);
    if ((ret = kind_of(job.kind, &kind, err)) < 0 ||
        (ret = kind->files(body->instance, &of_kind, body->result, err)) < 0)
        return ret;
    if (!(result = json_text(body->result)))
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    frames = json_integer_value(json_object_get(body->result, "frames"));
    ret = db_run(db,
                 "UPDATE job SET state = 'done', result = $2, available_ms = NULL,"
                 " done = CASE WHEN $4 > total AND $4 > done THEN $4"
                 " WHEN total > done THEN total ELSE done END, finished_ms = $3"
                 " WHERE id = $1",
                 DB_ARGS(db_text(body->id), db_text(result),
                         db_number(instance_now_ms(body->instance)), db_number(frames)),
                 NULL, err);
    free(result);
    if (ret < 0)
        return ret;
    return kind->done(body->instance, db, &of_kind, body->result, err);
}

int job_commit(const struct instance *instance, struct db *db, const char *id, int64_t fence,
               const json_t *result, struct spn_error *err)
{
    struct end_body body = { instance, id, fence, result, NULL, NULL };
    int ret = db_transact(db, commit_run, &body, err);

    if (ret >= 0)
        instance_wake(instance);
    return ret;
}

static int fail_run(struct db *db, void *opaque, struct spn_error *err)
{
    const struct end_body *body = opaque;
    int64_t now_ms = instance_now_ms(body->instance), again_ms = -1;
    int crash = strcmp(body->code, "crash") == 0;
    const char *state = "failed";
    const struct kind *kind;
    struct kind_job of_kind;
    struct ended job;
    int ret;

    if ((ret = ended_read(db, body->id, &job, err)) < 0)
        return ret;
    if (job.fence == body->fence && strcmp(job.state, "running") != 0 &&
        strcmp(job.state, "canceled") != 0 && strcmp(job.state, "done") != 0)
        return SPN_OK; /* said twice */
    if (job.fence != body->fence || strcmp(job.state, "running") != 0)
        return job_refused(db, body->id, err);

    if (strcmp(body->code, "disk_full") == 0) {
        state = "paused";
        again_ms = now_ms + JOB_RETRY_DISK_MS;
    } else if (strcmp(body->code, "try_again") == 0 && job.tries < JOB_TRIES_MAX) {
        int64_t wait_ms = 5000LL << (job.tries > 6 ? 6 : job.tries - 1);

        state = "ready";
        again_ms = now_ms + (wait_ms > 300000 ? 300000 : wait_ms);
    } else if (crash && job.crashes < JOB_CRASHES_MAX) {
        state = "ready";
        again_ms = now_ms;
    }
    ret = db_run(db,
                 "UPDATE job SET state = $2, available_ms = $3, crashes = crashes + $4,"
                 " error_code = $5, error_text = $6, finished_ms = $7 WHERE id = $1",
                 DB_ARGS(db_text(body->id), db_text(state),
                         again_ms < 0 ? db_text(NULL) : db_number(again_ms), db_number(crash),
                         db_text(body->code), db_text(body->text),
                         again_ms < 0 ? db_number(now_ms) : db_text(NULL)),
                 NULL, err);
    if (ret < 0 || again_ms >= 0)
        return ret;
    of_kind = ended_job(&job);
    if ((ret = kind_of(job.kind, &kind, err)) < 0)
        return ret;
    return kind->failed(body->instance, db, &of_kind, body->code, body->text, err);
}

int job_fail(const struct instance *instance, struct db *db, const char *id, int64_t fence,
             const char *code, const char *text, struct spn_error *err)
{
    struct end_body body = { instance, id, fence, NULL, code, text };
    int ret = db_transact(db, fail_run, &body, err);

    if (ret >= 0)
        instance_wake(instance);
    return ret;
}

int job_release(const struct instance *instance, struct db *db, const char *id, int64_t fence,
                struct spn_error *err)
{
    int64_t changed = 0;
    int ret = db_run(db,
                     "UPDATE job SET state = 'ready', available_ms = 0, tries = tries - 1,"
                     " worker = NULL, done = 0 WHERE id = $1 AND fence = $2 AND state = 'running'",
                     DB_ARGS(db_text(id), db_number(fence)), &changed, err);

    if (ret < 0)
        return ret;
    if (!changed)
        return job_refused(db, id, err);
    instance_wake(instance);
    return SPN_OK;
}

struct retry_body {
    const struct instance *instance;
    const char *id;
};

static int retry_run(struct db *db, void *opaque, struct spn_error *err)
{
    const struct retry_body *body = opaque;
    const struct kind *kind;
    struct kind_job of_kind;
    struct ended job;
    int ret;

    if ((ret = ended_read(db, body->id, &job, err)) < 0)
        return ret;
    if (strcmp(job.state, "failed") != 0 && strcmp(job.state, "paused") != 0)
        return spn_error_set(err, SPN_ECONFLICT,
                             "the job %s is %s; only one that failed or is paused can be tried "
                             "again",
                             body->id, job.state);
    if ((ret = db_run(db,
                      "UPDATE job SET state = 'ready', available_ms = 0, crashes = 0, tries = 0,"
                      " error_code = NULL, error_text = NULL, finished_ms = NULL WHERE id = $1",
                      DB_ARGS(db_text(body->id)), NULL, err)) < 0 ||
        strcmp(job.state, "paused") == 0)
        return ret;
    of_kind = ended_job(&job);
    if ((ret = kind_of(job.kind, &kind, err)) < 0)
        return ret;
    return kind->again(body->instance, db, &of_kind, err);
}

int job_retry(const struct instance *instance, struct db *db, const char *id, struct spn_error *err)
{
    struct retry_body body = { instance, id };
    int ret = db_transact(db, retry_run, &body, err);

    if (ret >= 0)
        instance_wake(instance);
    return ret;
}

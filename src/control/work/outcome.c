/* outcome.c - what follows when a job of an ingest or an asset ends. */
#include "outcome.h"

#include <stdlib.h>
#include <string.h>

#include "catalogue/ingest.h"
#include "fanout.h"
#include "json.h"
#include "plan.h"
#include "publish/publish.h"

struct examined {
    const struct instance *instance;
    const char *ingest;
    const json_t *result, *plan;
    const char *asset, *source;
    int64_t source_size;
    struct plan_facts numbers;
    json_t *request;  /* owned: the ingest's */
    const char *name; /* borrowed from request */
};

static int examined_read(struct examined *examined, struct db *db, struct spn_error *err)
{
    const json_t *result = examined->result;
    json_t *source, *plan, *part;
    struct rows *rows = NULL;
    int ret;

    if ((ret = member_hash(result, "asset", &examined->asset, err)) < 0 ||
        (ret = member_object(result, "source", 1, &source, err)) < 0 ||
        (ret = member_hash(source, "hash", &examined->source, err)) < 0 ||
        (ret = member_number(source, "size", 0, INT64_MAX, -1, &examined->source_size, err)) < 0 ||
        (ret = member_object(result, "probe", 1, &part, err)) < 0 ||
        (ret = member_object(result, "conform", 1, &part, err)) < 0 ||
        (ret = member_array(result, "changes", 1, 1000, &part, err)) < 0 ||
        (ret = member_object(result, "plan", 1, &plan, err)) < 0 ||
        (ret = plan_check(plan, &examined->numbers, err)) < 0)
        return ret;
    examined->plan = plan;
    if ((ret = db_query(db, "SELECT request FROM ingest WHERE id = $1",
                        DB_ARGS(db_text(examined->ingest)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0)
        examined->request = json_of(rows_text(rows, 0));
    rows_close(rows);
    if (ret == 0)
        return spn_error_set(err, SPN_ENOENT, "there is no ingest %s", examined->ingest);
    if (ret > 0)
        ret = member_text(examined->request, "name", 1, 1024, "", &examined->name, err);
    return ret < 0 ? ret : SPN_OK;
}

/* A source that lies inside once stays there; a link goes to where it was seen last. */
static int examined_source(const struct examined *examined, struct db *db, struct spn_error *err)
{
    const char *kept =
        json_string_value(json_object_get(json_object_get(examined->result, "source"), "kept"));
    const char *path = json_string_value(json_object_get(examined->request, "path"));
    int linked = kept && strcmp(kept, "link") == 0;

    return db_run(db,
                  "INSERT INTO source (hash, name, size, link, created_ms)"
                  " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (hash) DO UPDATE SET link ="
                  " CASE WHEN source.link IS NULL THEN NULL ELSE excluded.link END",
                  DB_ARGS(db_text(examined->source), db_text(examined->name),
                          db_number(examined->source_size), db_text(linked ? path : NULL),
                          db_number(instance_now_ms(examined->instance))),
                  NULL, err);
}

static int asset_insert(const struct examined *examined, struct db *db, int64_t *made,
                        struct spn_error *err)
{
    char *probe = json_text(json_object_get(examined->result, "probe"));
    char *conform = json_text(json_object_get(examined->result, "conform"));
    char *changes = json_text(json_object_get(examined->result, "changes"));
    char *plan = json_text(examined->plan);
    int ret;

    if (!probe || !conform || !changes || !plan)
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
    else
        ret = db_run(
            db,
            "INSERT INTO asset (hash, source, name, state, frames, rate_num, rate_den,"
            " probe, conform, changes, plan, created_ms, board)"
            " VALUES ($1, $2, $3, 'encoding', $4, $5, $6, $7, $8, $9, $10, $11, $12)"
            " ON CONFLICT (hash) DO NOTHING",
            DB_ARGS(db_text(examined->asset), db_text(examined->source), db_text(examined->name),
                    db_number(examined->numbers.frames), db_number(examined->numbers.rate.num),
                    db_number(examined->numbers.rate.den), db_text(probe), db_text(conform),
                    db_text(changes), db_text(plan), db_number(instance_now_ms(examined->instance)),
                    db_text(plan_board(examined->plan))),
            made, err);
    free(probe);
    free(conform);
    free(changes);
    free(plan);
    return ret;
}

/* The asset is there: what of the fresh plan is missing in it is made; *jobs of it. */
static int asset_merge(const struct examined *examined, struct db *db, int64_t *jobs, int *ready,
                       struct spn_error *err)
{
    json_t *old = NULL, *facts = NULL, *merged = NULL;
    struct rows *rows = NULL;
    char state[16] = "", *text = NULL;
    int ret, covered, same = 0;

    if ((ret =
             db_query(db, "SELECT state, plan, source FROM asset WHERE hash = $1 /*pg FOR UPDATE*/",
                      DB_ARGS(db_text(examined->asset)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        strncpy(state, rows_text(rows, 0), sizeof(state) - 1);
        old = json_of(rows_text(rows, 1));
        same = strcmp(rows_text(rows, 2), examined->source) == 0;
    }
    rows_close(rows);
    if (ret <= 0)
        return ret < 0 ? ret : spn_error_set(err, SPN_EAGAIN, "the asset was just removed");

    if (!same) { /* sampan-media, which a bad file may have taken over, does not choose another's */
        ret = spn_error_set(err, SPN_EINVAL, "the asset %s is of another source", examined->asset);
        goto done;
    }
    covered = plan_covers(old, examined->plan);
    *ready = strcmp(state, "ready") == 0;
    if ((covered && *ready) || (covered && strcmp(state, "encoding") == 0))
        goto done;
    if (strcmp(state, "encoding") == 0) {
        ret = spn_error_set(err, SPN_ECONFLICT,
                            "%s is being encoded with other settings; wait until that is done and "
                            "try this again",
                            examined->name);
        goto done;
    }
    *ready = 0;
    if ((ret = fanout_facts(db, examined->asset, &facts, err)) < 0)
        goto done;
    if (!(merged = plan_merge(old, examined->plan, facts)) || !(text = json_text(merged))) {
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
        goto done;
    }
    if ((ret = db_run(db,
                      "UPDATE asset SET state = 'encoding', plan = $2, board = $3,"
                      " error_code = NULL, error_text = NULL WHERE hash = $1",
                      DB_ARGS(db_text(examined->asset), db_text(text), db_text(plan_board(merged))),
                      NULL, err)) < 0 ||
        (ret = fanout_plan(examined->instance, db, examined->asset, merged,
                           json_object_get(examined->request, "subtitles"), jobs, err)) < 0)
        goto done;
    if (*jobs > 0) /* those that waited for it to be mended wait again */
        ret = db_run(
            db,
            "UPDATE ingest SET state = 'encoding', error_code = NULL, error_text = NULL,"
            " updated_ms = $2 WHERE asset = $1 AND state = 'failed'",
            DB_ARGS(db_text(examined->asset), db_number(instance_now_ms(examined->instance))), NULL,
            err);

done:
    free(text);
    json_decref(merged);
    json_decref(facts);
    json_decref(old);
    return ret;
}

/* Ingests that waited for asset are ready, or get a publication to be made. */
static int asset_ready(const struct instance *instance, struct db *db, const char *asset,
                       struct spn_error *err)
{
    int64_t now_ms = instance_now_ms(instance);
    int ret;

    if ((ret = db_run(db,
                      "UPDATE asset SET state = 'ready', ready_ms = coalesce(ready_ms, $2)"
                      " WHERE hash = $1",
                      DB_ARGS(db_text(asset), db_number(now_ms)), NULL, err)) < 0 ||
        (ret = publish_asked(instance, db, asset, err)) < 0)
        return ret;
    return db_run(db,
                  "UPDATE ingest SET state = 'ready', updated_ms = $2"
                  " WHERE asset = $1 AND state = 'encoding' AND publish = 0",
                  DB_ARGS(db_text(asset), db_number(now_ms)), NULL, err);
}

int examine_done(const struct instance *instance, struct db *db, const struct kind_job *job,
                 const json_t *result, struct spn_error *err)
{
    const char *ingest = job->ingest;
    struct examined examined = { .instance = instance, .ingest = ingest, .result = result };
    int64_t made = 0, jobs = 0;
    struct spn_error why;
    int ret, ready = 0;

    if ((ret = examined_read(&examined, db, err)) < 0 ||
        (ret = examined_source(&examined, db, err)) < 0 ||
        (ret = asset_insert(&examined, db, &made, err)) < 0)
        goto done;
    if (made)
        ret = fanout_plan(instance, db, examined.asset, examined.plan,
                          json_object_get(examined.request, "subtitles"), &jobs, err);
    else
        ret = asset_merge(&examined, db, &jobs, &ready, &why);
    if (ret == SPN_ECONFLICT && !made) { /* the job is done; the ingest cannot go on */
        ret = db_run(
            db,
            "UPDATE ingest SET state = 'failed', error_code = 'conflict', error_text = $2,"
            " updated_ms = $3 WHERE id = $1",
            DB_ARGS(db_text(ingest), db_text(why.text), db_number(instance_now_ms(instance))), NULL,
            err);
        goto done;
    }
    if (ret < 0) {
        if (!made && err)
            *err = why;
        goto done;
    }
    if ((ret = db_run(db,
                      "UPDATE ingest SET state = 'encoding', asset = $2, updated_ms = $3"
                      " WHERE id = $1",
                      DB_ARGS(db_text(ingest), db_text(examined.asset),
                              db_number(instance_now_ms(instance))),
                      NULL, err)) < 0 ||
        (ret = ingest_title(instance, db, ingest, examined.request, err)) < 0)
        goto done;
    if (!made && jobs == 0) {
        int64_t open = 0;

        if ((ret = db_count(db, "SELECT count(*) FROM job WHERE asset = $1 AND state <> 'done'",
                            DB_ARGS(db_text(examined.asset)), 0, &open, err)) < 0)
            goto done;
        if (ready || open == 0)
            ret = asset_ready(instance, db, examined.asset, err);
    }

done:
    json_decref(examined.request);
    return ret;
}

/* What of result is kept with the rendition or the asset. */
static int outcome_keep(struct db *db, const char *asset, const char *kind, int64_t place,
                        const json_t *result, struct spn_error *err)
{
    const char *media = strcmp(kind, "assemble") == 0 ? "video" : kind;
    const char *part = strcmp(kind, "text") == 0         ? "text"
                       : strcmp(kind, "storyboard") == 0 ? "storyboard"
                                                         : "track";
    const char *name;
    json_t *facts;
    int64_t changed = 0;
    char *text;
    int ret;

    if ((ret = member_object(result, part, 1, &facts, err)) < 0 ||
        (ret = member_hash(facts, "name", &name, err)) < 0)
        return ret;
    if (!(text = json_text(facts)))
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if (strcmp(kind, "storyboard") == 0)
        ret = db_run(db, "UPDATE asset SET storyboard = $2 WHERE hash = $1",
                     DB_ARGS(db_text(asset), db_text(text)), &changed, err);
    else
        ret = db_run(
            db,
            "UPDATE rendition SET facts = $5"
            " WHERE asset = $1 AND media = $2 AND place = $3 AND name = $4",
            DB_ARGS(db_text(asset), db_text(media), db_number(place), db_text(name), db_text(text)),
            &changed, err);
    free(text);
    if (ret >= 0 && changed == 0)
        ret = spn_error_set(err, SPN_EINVAL, "the plan has no %s %lld called %s", media,
                            (long long)place, name);
    return ret;
}

/* Was that the last of its jobs? */
static int asset_jobs_end(const struct instance *instance, struct db *db, const char *asset,
                          struct spn_error *err)
{
    int64_t open = 0;
    int ret;

    if ((ret = db_count(db, "SELECT count(*) FROM job WHERE asset = $1 AND state <> 'done'",
                        DB_ARGS(db_text(asset)), 0, &open, err)) < 0 ||
        open > 0)
        return ret;
    if ((ret = db_run(db, "UPDATE asset SET state = 'ready', ready_ms = $2 WHERE hash = $1",
                      DB_ARGS(db_text(asset), db_number(instance_now_ms(instance))), NULL, err)) <
        0)
        return ret;
    return asset_ready(instance, db, asset, err);
}

int asset_done(const struct instance *instance, struct db *db, const struct kind_job *job,
               const json_t *result, struct spn_error *err)
{
    int ret = outcome_keep(db, job->asset, job->kind, job->place, result, err);

    return ret < 0 ? ret : asset_jobs_end(instance, db, job->asset, err);
}

int chunk_done(const struct instance *instance, struct db *db, const struct kind_job *job,
               const json_t *result, struct spn_error *err)
{
    int64_t chunks = 0;
    int ret;

    (void)result;
    if ((ret = db_count(db,
                        "SELECT count(*) FROM job WHERE asset = $1 AND kind = 'chunk'"
                        " AND state <> 'done'",
                        DB_ARGS(db_text(job->asset)), 0, &chunks, err)) < 0 ||
        (chunks == 0 && (ret = fanout_assemble(instance, db, job->asset, err)) < 0))
        return ret;
    return asset_jobs_end(instance, db, job->asset, err);
}

/* The file is what it is, and trying again will not change it. */
static int code_refuses(const char *code)
{
    static const int codes[] = { SPN_EINVAL, SPN_ENOENT, SPN_EFORMAT,     SPN_ELIMIT,
                                 SPN_ERANGE, SPN_EACCES, SPN_EUNSUPPORTED };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (strcmp(code, spn_code_name(codes[i])) == 0)
            return 1;
    return 0;
}

int examine_failed(const struct instance *instance, struct db *db, const struct kind_job *job,
                   const char *code, const char *text, struct spn_error *err)
{
    return db_run(db,
                  "UPDATE ingest SET state = $2, error_code = $3, error_text = $4,"
                  " updated_ms = $5 WHERE id = $1 AND state = 'examining'",
                  DB_ARGS(db_text(job->ingest), db_text(code_refuses(code) ? "refused" : "failed"),
                          db_text(code), db_text(text), db_number(instance_now_ms(instance))),
                  NULL, err);
}

int asset_failed(const struct instance *instance, struct db *db, const struct kind_job *job,
                 const char *code, const char *text, struct spn_error *err)
{
    int ret;

    if ((ret = db_run(db,
                      "UPDATE job SET state = 'held', available_ms = NULL"
                      " WHERE asset = $1 AND state IN ('ready', 'paused')",
                      DB_ARGS(db_text(job->asset)), NULL, err)) < 0 ||
        (ret = db_run(db,
                      "UPDATE asset SET state = 'failed', error_code = $2, error_text = $3"
                      " WHERE hash = $1",
                      DB_ARGS(db_text(job->asset), db_text(code), db_text(text)), NULL, err)) < 0)
        return ret;
    return db_run(db,
                  "UPDATE ingest SET state = 'failed', error_code = $2, error_text = $3,"
                  " updated_ms = $4 WHERE asset = $1 AND state = 'encoding'",
                  DB_ARGS(db_text(job->asset), db_text(code), db_text(text),
                          db_number(instance_now_ms(instance))),
                  NULL, err);
}

int examine_again(const struct instance *instance, struct db *db, const struct kind_job *job,
                  struct spn_error *err)
{
    return db_run(db,
                  "UPDATE ingest SET state = 'examining', error_code = NULL, error_text = NULL,"
                  " updated_ms = $2 WHERE id = $1 AND state IN ('failed', 'refused')",
                  DB_ARGS(db_text(job->ingest), db_number(instance_now_ms(instance))), NULL, err);
}

int asset_again(const struct instance *instance, struct db *db, const struct kind_job *job,
                struct spn_error *err)
{
    int64_t others = 0;
    int ret;

    if ((ret = db_count(db, "SELECT count(*) FROM job WHERE asset = $1 AND state = 'failed'",
                        DB_ARGS(db_text(job->asset)), 0, &others, err)) < 0 ||
        others > 0)
        return ret;
    if ((ret = db_run(db,
                      "UPDATE job SET state = 'ready', available_ms = 0"
                      " WHERE asset = $1 AND state = 'held'",
                      DB_ARGS(db_text(job->asset)), NULL, err)) < 0 ||
        (ret = db_run(db,
                      "UPDATE asset SET state = 'encoding', error_code = NULL, error_text = NULL"
                      " WHERE hash = $1",
                      DB_ARGS(db_text(job->asset)), NULL, err)) < 0)
        return ret;
    return db_run(db,
                  "UPDATE ingest SET state = 'encoding', error_code = NULL, error_text = NULL,"
                  " updated_ms = $2 WHERE asset = $1 AND state = 'failed'",
                  DB_ARGS(db_text(job->asset), db_number(instance_now_ms(instance))), NULL, err);
}

/* cut_jobs.c - the jobs that make a cut's bridges: what they are told, what follows when they end.
 */
#include "cut_jobs.h"

#include <stdlib.h>

#include "json.h"
#include "sampan/publication.h"
#include "store/blob.h"
#include "work/spec.h"

int cut_finish(const struct instance *instance, struct db *db, const char *id,
               struct spn_error *err)
{
    return db_run(db,
                  "UPDATE cut SET state = 'ready', ready_ms = $2, error_code = NULL,"
                  " error_text = NULL WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM cut_file"
                  " WHERE cut = $1 AND facts IS NULL)",
                  DB_ARGS(db_text(id), db_number(instance_now_ms(instance))), NULL, err);
}

int cut_job_spec(struct db *db, const struct kind_job *job, json_t *spec, struct spn_error *err)
{
    json_t *asset;
    size_t i;

    (void)job;
    json_array_foreach(json_object_get(spec, "assets"), i, asset)
    {
        const char *hash = json_string_value(json_object_get(asset, "asset"));
        int ret = spec_asset(db, hash, asset, err);

        if (ret < 0)
            return ret;
    }
    return SPN_OK;
}

int cut_job_files(const struct instance *instance, const struct kind_job *job, const json_t *result,
                  struct spn_error *err)
{
    const json_t *file;
    json_t *files;
    size_t i;
    int ret = member_array(result, "bridges", 1, SPN_RENDITIONS_MAX, &files, err);

    (void)job;
    if (ret < 0)
        return ret;
    json_array_foreach(files, i, file)
    {
        const char *name;
        int64_t bytes;
        uint64_t size;

        if ((ret = member_hash(file, "name", &name, err)) < 0 ||
            (ret = member_number(file, "bytes", 1, INT64_MAX, -1, &bytes, err)) < 0)
            return ret;
        if (blob_size(instance, BLOB_BRIDGE, name, &size, NULL) < 0 || size != (uint64_t)bytes)
            return spn_error_set(err, SPN_ECONFLICT,
                                 "the bridge %s is not there with %lld bytes; the job is done "
                                 "again",
                                 name, (long long)bytes);
    }
    return SPN_OK;
}

int cut_job_done(const struct instance *instance, struct db *db, const struct kind_job *job,
                 const json_t *result, struct spn_error *err)
{
    const json_t *file;
    size_t i;
    int ret;

    json_array_foreach(json_object_get(result, "bridges"), i, file)
    {
        const char *id, *name;
        int64_t changed = 0;
        char *facts;

        if ((ret = member_text(file, "id", 2, 7, NULL, &id, err)) < 0 ||
            (ret = member_hash(file, "name", &name, err)) < 0)
            return ret;
        if (!(facts = json_text(file)))
            return spn_error_set(err, SPN_ENOMEM, "out of memory");
        ret = db_run(db,
                     "UPDATE cut_file SET facts = $6 WHERE cut = $1 AND kind = $2 AND place = $3"
                     " AND rendition = $4 AND name = $5",
                     DB_ARGS(db_text(job->cut), db_text(job->kind), db_number(job->place),
                             db_text(id), db_text(name), db_text(facts)),
                     &changed, err);
        free(facts);
        if (ret < 0)
            return ret;
        if (changed == 0)
            return spn_error_set(err, SPN_EINVAL, "%s %lld of the cut has no %s called %s",
                                 job->kind, (long long)job->place, id, name);
    }
    return cut_finish(instance, db, job->cut, err);
}

int cut_job_failed(const struct instance *instance, struct db *db, const struct kind_job *job,
                   const char *code, const char *text, struct spn_error *err)
{
    int ret;

    (void)instance;
    ret = db_run(db,
                 "UPDATE job SET state = 'held', available_ms = NULL"
                 " WHERE cut = $1 AND " CUT_MAKING " AND state IN ('ready', 'paused')",
                 DB_ARGS(db_text(job->cut)), NULL, err);

    return ret < 0 ? ret
                   : db_run(db,
                            "UPDATE cut SET state = 'failed', error_code = $2, error_text = $3"
                            " WHERE id = $1",
                            DB_ARGS(db_text(job->cut), db_text(code), db_text(text)), NULL, err);
}

int cut_job_again(const struct instance *instance, struct db *db, const struct kind_job *job,
                  struct spn_error *err)
{
    int64_t others = 0;
    int ret;

    (void)instance;
    if ((ret = db_count(
             db, "SELECT count(*) FROM job WHERE cut = $1 AND " CUT_MAKING " AND state = 'failed'",
             DB_ARGS(db_text(job->cut)), 0, &others, err)) < 0 ||
        others > 0 ||
        (ret = db_run(db,
                      "UPDATE job SET state = 'ready', available_ms = 0"
                      " WHERE cut = $1 AND " CUT_MAKING " AND state = 'held'",
                      DB_ARGS(db_text(job->cut)), NULL, err)) < 0)
        return ret;
    return db_run(db,
                  "UPDATE cut SET state = 'building', error_code = NULL, error_text = NULL"
                  " WHERE id = $1",
                  DB_ARGS(db_text(job->cut)), NULL, err);
}

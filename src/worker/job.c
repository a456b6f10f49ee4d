/* One job: its members, and what the API is told of it. */
#include "worker.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FOREVER_MS      (INT64_C(1) << 40)
#define LAST_WORD_MS    2000 /* at a shutdown, for an API that may be away for good */
#define BEAT_TIMEOUT_MS 5000

int job_text(const json_t *object, const char *name, const char **out, struct spn_error *err)
{
    *out = json_string_value(json_object_get(object, name));
    if (!*out)
        return spn_error_set(err, SPN_EFORMAT, "the job has no %s", name);
    return SPN_OK;
}

int job_number(const json_t *object, const char *name, int64_t least, int64_t most, int64_t *out,
               struct spn_error *err)
{
    const json_t *value = json_object_get(object, name);

    *out = json_integer_value(value);
    if (!json_is_integer(value) || *out < least || *out > most)
        return spn_error_set(err, SPN_EFORMAT, "%s of the job is not a number from %lld to %lld",
                             name, (long long)least, (long long)most);
    return SPN_OK;
}

int job_object(const json_t *object, const char *name, json_t **out, struct spn_error *err)
{
    *out = json_object_get(object, name);
    if (!json_is_object(*out))
        return spn_error_set(err, SPN_EFORMAT, "the job has no %s", name);
    return SPN_OK;
}

int job_hash(const json_t *object, const char *name, const char **out, struct spn_error *err)
{
    struct spn_hash hash;
    int ret = job_text(object, name, out, err);

    if (ret == SPN_OK && spn_hash_parse(*out, strlen(*out), &hash) < 0)
        return spn_error_set(err, SPN_EFORMAT, "%s of the job is no hash: %.100s", name, *out);
    return ret;
}

int job_create(const json_t *answer, struct job **out, struct spn_error *err)
{
    const char *id, *kind;
    struct job *job;
    json_t *spec;
    int ret;

    *out = NULL;
    if ((ret = job_text(answer, "id", &id, err)) < 0 ||
        (ret = job_text(answer, "kind", &kind, err)) < 0 ||
        (ret = job_object(answer, "spec", &spec, err)) < 0)
        return ret;
    if (spn_id_check("job", id, strlen(id)) < 0)
        return spn_error_set(err, SPN_EFORMAT, "the job's id is none: %.60s", id);
    job = calloc(1, sizeof(*job));
    if (!job)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    (void)pthread_mutex_init(&job->lock, NULL);
    memcpy(job->id, id, strlen(id) + 1);
    (void)snprintf(job->kind, sizeof(job->kind), "%s", kind);
    job->spec = json_incref(spec);
    if ((ret = job_number(answer, "fence", 0, INT64_MAX, &job->fence, err)) < 0 ||
        (ret = job_number(answer, "lease_s", 1, 86400, &job->lease_s, err)) < 0 ||
        (ret = job_number(answer, "memory_mb", 0, 1 << 24, &job->memory_mb, err)) < 0) {
        job_destroy(job);
        return ret;
    }
    *out = job;
    return SPN_OK;
}

void job_destroy(struct job *job)
{
    if (!job)
        return;
    json_decref(job->spec);
    (void)pthread_mutex_destroy(&job->lock);
    free(job);
}

void job_progress(struct job *job, int64_t done, int64_t total, const char *unit)
{
    pthread_mutex_lock(&job->lock);
    job->done = done;
    job->total = total;
    (void)snprintf(job->unit, sizeof(job->unit), "%s", unit);
    pthread_mutex_unlock(&job->lock);
}

int job_wanted(const struct worker *worker, struct job *job, struct spn_error *err)
{
    if (atomic_load(&job->lost))
        return spn_error_set(err, SPN_ECONFLICT, "the job went to another worker");
    if (atomic_load(&worker->stop))
        return spn_error_set(err, SPN_ECANCELED, "the worker stops");
    return SPN_OK;
}

/*
 * 409 means that the fence is old, and so does 404: the job is not there any more. Whatever else
 * the API may answer, it has understood, and asking again would not help.
 */
static int tell(struct client *client, struct job *job, const char *verb, json_t *body,
                int64_t timeout_ms, int64_t patience_ms, const atomic_int *stop,
                struct spn_error *err)
{
    char path[128];
    struct client_call call = { .method = "POST",
                                .path = path,
                                .body = body,
                                .timeout_ms = timeout_ms,
                                .patience_ms = patience_ms,
                                .stop = stop };
    int ret;

    (void)snprintf(path, sizeof(path), "/api/v1/work/%s/%s", job->id, verb);
    if (!body)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    ret = client_do(client, &call, NULL, err);
    json_decref(body);
    if (ret < 0 && (client_status(client) == 409 || client_status(client) == 404)) {
        atomic_store(&job->lost, 1);
        return SPN_ECONFLICT;
    }
    return ret;
}

/* With the worker stopping, one more short try, so that a finished job is not done twice. */
static int tell_surely(struct worker *worker, struct client *client, struct job *job,
                       const char *verb, json_t *body, struct spn_error *err)
{
    int ret;

    json_incref(body);
    ret = tell(client, job, verb, body, 30000, FOREVER_MS, &worker->stop, err);
    if (ret == SPN_ECANCELED)
        ret = tell(client, job, verb, body, LAST_WORD_MS, LAST_WORD_MS, NULL, err);
    else
        json_decref(body);
    return ret;
}

int job_commit(struct worker *worker, struct client *client, struct job *job, json_t *result,
               struct spn_error *err)
{
    return tell_surely(worker, client, job, "commit",
                       json_pack("{sIsO}", "fence", (json_int_t)job->fence, "result", result), err);
}

int job_fail(struct worker *worker, struct client *client, struct job *job,
             const struct spn_error *why, struct spn_error *err)
{
    return tell_surely(worker, client, job, "fail",
                       json_pack("{sIssso}", "fence", (json_int_t)job->fence, "code",
                                 job->crashed ? "crash" : spn_code_name(why->code), "text",
                                 json_string(why->text)),
                       err);
}

int job_release(struct worker *worker, struct client *client, struct job *job,
                struct spn_error *err)
{
    (void)worker;
    return tell(client, job, "release", json_pack("{sI}", "fence", (json_int_t)job->fence),
                LAST_WORD_MS, LAST_WORD_MS, NULL, err);
}

int job_beat(struct worker *worker, struct client *client, struct job *job, struct spn_error *err)
{
    json_t *body;

    pthread_mutex_lock(&job->lock);
    body = json_pack("{sIsIsIss}", "fence", (json_int_t)job->fence, "done", (json_int_t)job->done,
                     "total", (json_int_t)job->total, "unit", job->unit);
    pthread_mutex_unlock(&job->lock);
    return tell(client, job, "beat", body, BEAT_TIMEOUT_MS, 0, &worker->stop, err);
}

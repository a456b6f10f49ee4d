/* api_work.c - /work for workers, /jobs for people */
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "connection.h"
#include "json.h"
#include "log.h"
#include "metrics.h"
#include "work/job.h"

#define WAIT_MAX_S    60
#define UNIT_MAX      16
#define FAIL_TEXT_MAX 2000

static int claim_kinds(const json_t *json, char out[256], struct spn_error *err)
{
    json_t *kinds;
    const json_t *kind;
    size_t i, length = 1;
    int ret;

    if ((ret = member_array(json, "kinds", 1, 16, &kinds, err)) < 0)
        return ret;
    memcpy(out, ",", sizeof(","));
    json_array_foreach(kinds, i, kind)
    {
        const char *name = json_string_value(kind);

        if (!name || !*name || strlen(name) > 12 ||
            strspn(name, "abcdefghijklmnopqrstuvwxyz_") != strlen(name))
            return spn_error_set(err, SPN_EINVAL, "each of \"kinds\" is the name of a kind of job");
        length += (size_t)snprintf(out + length, 256 - length, "%s,", name);
    }
    return SPN_OK;
}

int api_work_claim(struct request *request, struct spn_error *err)
{
    struct job_claim claim;
    int64_t wait_s;
    char kinds[256];
    json_t *job;
    int ret;

    if ((ret = member_text(request->json, "worker", 1, 128, NULL, &claim.worker, err)) < 0 ||
        (ret = member_number(request->json, "memory_mb", 1, INT32_MAX, -1, &claim.memory_mb, err)) <
            0 ||
        (ret = member_number(request->json, "wait_s", 0, WAIT_MAX_S, 0, &wait_s, err)) < 0 ||
        (ret = claim_kinds(request->json, kinds, err)) < 0)
        return ret;
    claim.kinds = kinds;
    if (!connection_alive(request))
        return request_empty(request, 204);
    if ((ret = job_claim(request->instance, request->db, &claim, &job, err)) < 0)
        return ret;
    if (ret > 0) {
        atomic_fetch_add(&metrics.claims, 1);
        log_context("job", json_string_value(json_object_get(job, "id")));
        log_info("a job was claimed",
                 LOG_TEXT("kind", json_string_value(json_object_get(job, "kind"))),
                 LOG_NUMBER("fence", json_integer_value(json_object_get(job, "fence"))),
                 LOG_TEXT("worker", claim.worker));
        return request_answer(request, 200, job);
    }
    if (instance_now_ms(request->instance) - request->begun_ms >= wait_s * 1000 ||
        waiting_ended(request->server->waiting))
        return request_empty(request, 204);
    return REQUEST_WAIT;
}

static int work_fence(struct request *request, int64_t *fence, struct spn_error *err)
{
    log_context("job", request->params[0]);
    return member_number(request->json, "fence", 1, INT64_MAX, -1, fence, err);
}

/* What a worker is told of a job that it no longer has. */
static int work_answer(struct request *request, int ret, json_t *answer)
{
    if (ret == SPN_ECONFLICT)
        atomic_fetch_add(&metrics.refused_fences, 1);
    if (ret >= 0)
        return request_answer(request, 200, answer);
    json_decref(answer);
    return ret;
}

int api_work_beat(struct request *request, struct spn_error *err)
{
    int64_t fence, done, total;
    const char *unit;
    int ret;

    if ((ret = work_fence(request, &fence, err)) < 0 ||
        (ret = member_number(request->json, "done", 0, INT64_MAX, 0, &done, err)) < 0 ||
        (ret = member_number(request->json, "total", 0, INT64_MAX, 0, &total, err)) < 0 ||
        (ret = member_text(request->json, "unit", 0, UNIT_MAX, "", &unit, err)) < 0)
        return ret;
    ret =
        job_beat(request->instance, request->db, request->params[0], fence, done, total, unit, err);
    return work_answer(request, ret, json_pack("{si}", "lease_s", request->instance->lease_s));
}

int api_work_commit(struct request *request, struct spn_error *err)
{
    json_t *result;
    int64_t fence;
    int ret;

    if ((ret = work_fence(request, &fence, err)) < 0 ||
        (ret = member_object(request->json, "result", 1, &result, err)) < 0)
        return ret;
    ret = job_commit(request->instance, request->db, request->params[0], fence, result, err);
    if (ret >= 0) {
        atomic_fetch_add(&metrics.commits, 1);
        log_info("a job is done", LOG_NUMBER("fence", fence));
    }
    return work_answer(request, ret, json_object());
}

int api_work_fail(struct request *request, struct spn_error *err)
{
    const char *code, *text;
    int64_t fence;
    int ret;

    if ((ret = work_fence(request, &fence, err)) < 0 ||
        (ret = member_text(request->json, "code", 1, 32, NULL, &code, err)) < 0 ||
        (ret = member_text(request->json, "text", 1, FAIL_TEXT_MAX, NULL, &text, err)) < 0)
        return ret;
    ret = job_fail(request->instance, request->db, request->params[0], fence, code, text, err);
    if (ret >= 0) {
        atomic_fetch_add(&metrics.failures, 1);
        log_warn("a job failed", LOG_NUMBER("fence", fence), LOG_TEXT("code", code),
                 LOG_TEXT("detail", text));
    }
    return work_answer(request, ret, json_object());
}

int api_work_release(struct request *request, struct spn_error *err)
{
    int64_t fence;
    int ret;

    if ((ret = work_fence(request, &fence, err)) < 0)
        return ret;
    ret = job_release(request->instance, request->db, request->params[0], fence, err);
    if (ret >= 0)
        atomic_fetch_add(&metrics.releases, 1);
    return work_answer(request, ret, json_object());
}

int api_job_list(struct request *request, struct spn_error *err)
{
    json_t *items = json_array();
    char key[SPN_ID_MAX];
    int limit, ret;

    if ((ret = request_cursor(request, &limit, key, sizeof(key), err)) < 0 ||
        (ret = job_list(request->db, request_query(request, "state"), key[0] ? key : "~", limit + 1,
                        items, err)) < 0) {
        json_decref(items);
        return ret;
    }
    return request_page(request, items, limit, item_id_key);
}

int api_job_show(struct request *request, struct spn_error *err)
{
    json_t *job;
    int ret = job_show(request->db, request->params[0], &job, err);

    return ret < 0 ? ret : request_answer(request, 200, job);
}

int api_job_retry(struct request *request, struct spn_error *err)
{
    int ret = job_retry(request->instance, request->db, request->params[0], err);

    return ret < 0 ? ret : api_job_show(request, err);
}

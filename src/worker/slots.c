/* The claimer, the slots and the beats of one worker. */
#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define CLAIM_WAIT_S     20  /* with nothing in hand */
#define CLAIM_BUSY_S     2   /* with jobs in hand: memory may come free in the meantime */
#define CLAIM_PAUSE_MS   500 /* after an API that was away */
#define BEAT_EVERY_MS    10000
#define BEAT_PROGRESS_MS 2000 /* where there is something new to say */
#define BEAT_TICK_MS     250
#define AGENT            "sampan-worker"

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void worker_sleep(const struct worker *worker, int64_t ms)
{
    for (; ms > 0 && !atomic_load(&worker->ends); ms -= 50)
        usleep(50000);
}

void worker_phase_set(struct worker *worker, enum worker_phase phase)
{
    atomic_store(&worker->phase, (int)phase);
    if (phase >= WORKER_ENDS)
        atomic_store(&worker->ends, 1);
    if (phase >= WORKER_STOPS)
        atomic_store(&worker->stop, 1);
    pthread_mutex_lock(&worker->lock);
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}

/* ---- slots ---- */

static void job_tell(struct worker *worker, struct client *client, struct job *job, int ran,
                     json_t *result, const struct spn_error *why)
{
    struct spn_error err = { 0 };
    int ret;

    if (atomic_load(&job->lost)) {
        log_info("the job went to another worker");
        return;
    }
    if (ran == SPN_OK) {
        ret = job_commit(worker, client, job, result, &err);
        if (ret >= 0)
            log_info("committed", LOG_TEXT("kind", job->kind),
                     LOG_NUMBER("ms", now_ms() - job->begun_ms));
    } else if (ran == SPN_ECANCELED) {
        ret = job_release(worker, client, job, &err);
        if (ret >= 0)
            log_info("handed back", LOG_TEXT("kind", job->kind));
    } else {
        log_warn(why->text, LOG_TEXT("kind", job->kind),
                 LOG_TEXT("code", spn_code_name(why->code)));
        ret = job_fail(worker, client, job, why, &err);
    }
    if (ret < 0)
        log_warn("the API did not take what came of a job", LOG_TEXT("why", err.text));
}

static void job_work(struct worker *worker, struct client *client, struct job *job)
{
    const json_t *chunk = json_object_get(job->spec, "chunk");
    struct spn_error err = { 0 };
    json_t *result = NULL;
    char number[24];
    int ret;

    log_context("job", job->id);
    if (json_is_integer(chunk)) {
        (void)snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(chunk));
        log_context("chunk", number);
    }
    log_debug("begins", LOG_TEXT("kind", job->kind));
    ret = kind_of_job_run(worker, job, &result, &err);
    job_tell(worker, client, job, ret, result, &err);
    json_decref(result);
    log_context_clear();
}

static void job_forget(struct worker *worker, struct job *job)
{
    struct job **at = &worker->jobs;

    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    worker->memory_used_mb -= job->memory_mb;
    worker->idle++;
    pthread_cond_broadcast(&worker->changed);
}

static void *slot_main(void *opaque)
{
    struct worker *worker = opaque;
    struct spn_error err = { 0 };
    struct client *client;
    struct job *job;

    if (client_open(worker->base, worker->token, AGENT, &client, &err) < 0) {
        log_error(err.text);
        worker_phase_set(worker, WORKER_STOPS);
        return NULL;
    }
    pthread_mutex_lock(&worker->lock);
    for (;;) {
        while (!worker->given && !worker->closed)
            pthread_cond_wait(&worker->changed, &worker->lock);
        job = worker->given;
        if (!job)
            break;
        worker->given = NULL;
        pthread_cond_broadcast(&worker->changed);
        pthread_mutex_unlock(&worker->lock);
        job_work(worker, client, job);
        pthread_mutex_lock(&worker->lock);
        job_forget(worker, job);
        pthread_mutex_unlock(&worker->lock);
        job_destroy(job); /* beats hold worker.lock while they look at a job */
        pthread_mutex_lock(&worker->lock);
    }
    pthread_mutex_unlock(&worker->lock);
    client_close(client);
    return NULL;
}

/* ---- the claimer ---- */

/* 200 and a job, or none: *out is NULL then. */
static int claim(struct worker *worker, struct client *client, int64_t memory_mb, int64_t wait_s,
                 struct job **out, struct spn_error *err)
{
    json_t *body = json_pack("{sssosIsI}", "worker", worker->name, "kinds", kind_names(),
                             "memory_mb", (json_int_t)memory_mb, "wait_s", (json_int_t)wait_s);
    struct client_call call = { .method = "POST",
                                .path = "/api/v1/work/claim",
                                .body = body,
                                .timeout_ms = (wait_s + 10) * 1000,
                                .stop = &worker->ends };
    json_t *answer = NULL;
    int ret;

    *out = NULL;
    if (!body)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    ret = client_do(client, &call, &answer, err);
    if (ret >= 0 && answer)
        ret = job_create(answer, out, err);
    json_decref(answer);
    json_decref(body);
    return ret;
}

/* Give the job to an idle slot: there is one, since only the claimer makes them fewer. */
static void job_give(struct worker *worker, struct job *job)
{
    pthread_mutex_lock(&worker->lock);
    job->begun_ms = job->beat_ms = now_ms();
    job->next = worker->jobs;
    worker->jobs = job;
    worker->idle--;
    worker->memory_used_mb += job->memory_mb;
    worker->given = job;
    pthread_cond_broadcast(&worker->changed);
    while (worker->given)
        pthread_cond_wait(&worker->changed, &worker->lock);
    pthread_mutex_unlock(&worker->lock);
}

/* Wait until a slot is idle and memory is left. 0: the worker ends. */
static int room_wait(struct worker *worker, int64_t *memory_mb, int64_t *wait_s)
{
    pthread_mutex_lock(&worker->lock);
    while (!atomic_load(&worker->ends) &&
           (!worker->idle || worker->memory_used_mb >= worker->memory_mb))
        pthread_cond_wait(&worker->changed, &worker->lock);
    *memory_mb = worker->memory_mb - worker->memory_used_mb;
    *wait_s = worker->jobs ? CLAIM_BUSY_S : CLAIM_WAIT_S;
    pthread_mutex_unlock(&worker->lock);
    return !atomic_load(&worker->ends);
}

static void claims(struct worker *worker, struct client *client)
{
    int64_t memory_mb, wait_s;
    int away = 0;

    while (room_wait(worker, &memory_mb, &wait_s)) {
        struct spn_error err = { 0 };
        struct job *job;
        int ret = claim(worker, client, memory_mb, wait_s, &job, &err);

        if (ret >= 0) {
            if (away)
                log_info("the API is back");
            away = 0;
            if (job)
                job_give(worker, job);
        } else if (ret != SPN_ECANCELED) {
            if (!away || ret != SPN_EAGAIN)
                log_warn("no job could be claimed; it is tried again", LOG_TEXT("why", err.text));
            away = 1;
            worker_sleep(worker, CLAIM_PAUSE_MS);
        }
    }
}

/* ---- beats ---- */

static int beat_due(struct job *job, int64_t now)
{
    int64_t every = job->lease_s * 1000 / 3, done;

    pthread_mutex_lock(&job->lock);
    done = job->done;
    pthread_mutex_unlock(&job->lock);
    if (every > BEAT_EVERY_MS)
        every = BEAT_EVERY_MS;
    if (now - job->beat_ms < every &&
        (done == job->beat_done || now - job->beat_ms < BEAT_PROGRESS_MS))
        return 0;
    job->beat_ms = now;
    job->beat_done = done;
    return 1;
}

/*
 * A job is beaten under a copy of what names it, so that the slot may finish it in the meantime;
 * that it was lost is told to the job if it is still in hand.
 */
static int beat_next(struct worker *worker, struct client *client)
{
    struct spn_error err = { 0 };
    struct job copy, *job;
    int64_t now = now_ms();

    pthread_mutex_lock(&worker->lock);
    for (job = worker->jobs; job; job = job->next)
        if (!atomic_load(&job->lost) && beat_due(job, now))
            break;
    if (job) {
        memset(&copy, 0, sizeof(copy));
        (void)pthread_mutex_init(&copy.lock, NULL);
        memcpy(copy.id, job->id, sizeof(copy.id));
        copy.fence = job->fence;
        pthread_mutex_lock(&job->lock);
        copy.done = job->done;
        copy.total = job->total;
        memcpy(copy.unit, job->unit, sizeof(copy.unit));
        pthread_mutex_unlock(&job->lock);
    }
    pthread_mutex_unlock(&worker->lock);
    if (!job)
        return 0;
    if (job_beat(worker, client, &copy, &err) < 0 && !atomic_load(&copy.lost))
        log_debug("a beat was not heard", LOG_TEXT("job", copy.id), LOG_TEXT("why", err.text));
    pthread_mutex_lock(&worker->lock);
    for (job = worker->jobs; job; job = job->next)
        if (!strcmp(job->id, copy.id) && job->fence == copy.fence && atomic_load(&copy.lost))
            atomic_store(&job->lost, 1);
    pthread_mutex_unlock(&worker->lock);
    (void)pthread_mutex_destroy(&copy.lock);
    return 1;
}

struct beats {
    struct worker *worker;
    atomic_int over;
};

static void *beats_main(void *opaque)
{
    struct beats *beats = opaque;
    struct spn_error err = { 0 };
    struct client *client;

    if (client_open(beats->worker->base, beats->worker->token, AGENT, &client, &err) < 0) {
        log_error(err.text);
        worker_phase_set(beats->worker, WORKER_STOPS);
        return NULL;
    }
    while (!atomic_load(&beats->over))
        if (!beat_next(beats->worker, client))
            usleep(BEAT_TICK_MS * 1000);
    client_close(client);
    return NULL;
}

int worker_run(struct worker *worker, struct spn_error *err)
{
    pthread_t *threads = calloc((size_t)worker->slots, sizeof(*threads)), beating;
    struct beats beats = { .worker = worker };
    struct client *client = NULL;
    int64_t count = 0;
    int ret = SPN_OK, beats_run = 0;

    if (!threads)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    worker->idle = worker->slots;
    if ((ret = client_open(worker->base, worker->token, AGENT, &client, err)) < 0)
        goto done;
    if (pthread_create(&beating, NULL, beats_main, &beats)) {
        ret = spn_error_set(err, SPN_EAGAIN, "cannot start a thread");
        goto done;
    }
    beats_run = 1;
    for (; count < worker->slots; count++)
        if (pthread_create(&threads[count], NULL, slot_main, worker)) {
            ret = spn_error_set(err, SPN_EAGAIN, "cannot start thread %lld of %lld",
                                (long long)count + 1, (long long)worker->slots);
            worker_phase_set(worker, WORKER_STOPS);
            break;
        }
    if (ret == SPN_OK)
        claims(worker, client);
done:
    pthread_mutex_lock(&worker->lock);
    worker->closed = 1;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
    for (int64_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&beats.over, 1);
    if (beats_run)
        pthread_join(beating, NULL);
    client_close(client);
    free(threads);
    return ret;
}

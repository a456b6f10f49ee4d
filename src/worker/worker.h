/*
 * worker.h - one worker: it claims jobs, works on several at a time, and commits what came of them.
 *
 *     main ── claimer: asks for a job when a slot is idle and memory is left
 *        ├─── slots: each runs one job at a time, mostly by waiting for a sampan-media
 *        └─── beats: tells the API that the jobs in hand are still worked on
 *
 * A job belongs to the slot that runs it. Beats read its progress and set `lost`, the main thread
 * sets `stop` of the worker; whoever waits for a child looks at both.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <jansson.h>

#include "client.h"
#include "sampan/error.h"
#include "sampan/file.h"
#include "sampan/id.h"
#include "settings.h"

#define WORKER_SLOTS_MAX 1024

enum worker_phase {
    WORKER_RUNS,
    WORKER_ENDS,  /* no new jobs; those in hand have a few seconds */
    WORKER_STOPS, /* children are killed, jobs handed back */
};

struct job {
    char id[SPN_ID_MAX];
    char kind[16];
    int64_t fence, lease_s, memory_mb;
    json_t *spec; /* owned */

    int crashed;     /* its sampan-media did: it is tried again */
    atomic_int lost; /* the lease went to another: keep nothing, say nothing */
    pthread_mutex_t lock;
    int64_t done, total; /* under lock */
    char unit[16];       /* under lock */
    int64_t begun_ms, beat_ms, beat_done;
    struct job *next; /* of those in hand, under worker.lock */
};

struct worker {
    struct settings settings;
    char name[128]; /* HOST-PID: who holds the lease */
    char base[SPN_PATH_MAX + 8], token[CLIENT_TOKEN_MAX];
    char media[SPN_PATH_MAX]; /* the program sampan-media */
    char tmp[SPN_PATH_MAX];   /* this worker's own directory for files being made */
    int tmp_lock;             /* held while the worker lives: nobody else clears tmp */
    int64_t slots, memory_mb;
    atomic_int phase; /* enum worker_phase */
    atomic_int stop;  /* phase >= WORKER_STOPS */
    atomic_int ends;  /* phase >= WORKER_ENDS */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct job *jobs;  /* in hand */
    struct job *given; /* claimed, for the next idle slot; NULL when taken */
    int closed;        /* no job will be given any more */
    int64_t idle;      /* slots without a job */
    int64_t memory_used_mb;
};

/* ---- job.c: what the API is told ---- */

/* A job from an answer to claim. SPN_EFORMAT: not one. *out goes to job_destroy(). */
int job_create(const json_t *answer, struct job **out, struct spn_error *err);
void job_destroy(struct job *job); /* NULL is allowed */
void job_progress(struct job *job, int64_t done, int64_t total, const char *unit);
/* May the work on it go on? SPN_ECONFLICT when it was lost, SPN_ECANCELED when the worker stops. */
int job_wanted(const struct worker *worker, struct job *job, struct spn_error *err);

/* result is borrowed. All of them wait for an API that is away, until the worker stops. */
int job_commit(struct worker *worker, struct client *client, struct job *job, json_t *result,
               struct spn_error *err);
int job_fail(struct worker *worker, struct client *client, struct job *job,
             const struct spn_error *why, struct spn_error *err);
int job_release(struct worker *worker, struct client *client, struct job *job,
                struct spn_error *err);
int job_beat(struct worker *worker, struct client *client, struct job *job, struct spn_error *err);

/* Members of a spec; SPN_EFORMAT names what is missing. Strings are borrowed from the spec. */
int job_text(const json_t *object, const char *name, const char **out, struct spn_error *err);
int job_number(const json_t *object, const char *name, int64_t least, int64_t most, int64_t *out,
               struct spn_error *err);
int job_object(const json_t *object, const char *name, json_t **out, struct spn_error *err);
/* A hash of a spec: it becomes part of a path, so nothing else may be. */
int job_hash(const json_t *object, const char *name, const char **out, struct spn_error *err);

/* ---- kinds.c ---- */

/* Runs the job; the kinds it knows, for claim. */
int kind_of_job_run(struct worker *worker, struct job *job, json_t **result, struct spn_error *err);
json_t *kind_names(void);

/* ---- slots.c ---- */

/* Work until the phase is WORKER_ENDS and the jobs in hand are done or handed back. */
int worker_run(struct worker *worker, struct spn_error *err);
void worker_phase_set(struct worker *worker, enum worker_phase phase);

#endif

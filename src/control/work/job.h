/*
 * job.h - the queue: rows of the database, claimed with a lease and a fencing token.
 *
 * ready -> running -> done, and from running: back to ready (released, or tried again), paused (the
 * disk is full), failed; a running job whose lease has run out may be claimed by anyone, and what
 * its old worker says with the old fence is refused (SPN_ECONFLICT). held: another job of the same
 * asset failed. canceled: nobody wants it any more. docs/formats/jobs.md has what the documents
 * say.
 */
#ifndef CONTROL_JOB_H
#define CONTROL_JOB_H

#include <jansson.h>

#include "instance.h"

#define JOB_RETRY_DISK_MS 30000
#define JOB_TRIES_MAX     10 /* of try_again, 5 s, 10 s, 20 s … 300 s apart */
#define JOB_CRASHES_MAX   2  /* a crash is tried again twice */

struct job_claim {
    const char *worker;
    const char *kinds; /* ",examine,chunk," */
    int64_t memory_mb;
};

/*
 * Claim the first job that fits. 1: *out is the job as jobs.md has it (a new reference); 0: none.
 */
int job_claim(const struct instance *instance, struct db *db, const struct job_claim *claim,
              json_t **out, struct spn_error *err);
int job_beat(const struct instance *instance, struct db *db, const char *id, int64_t fence,
             int64_t done, int64_t total, const char *unit, struct spn_error *err);
/* What follows from it (more jobs, an asset that is ready) is in the same transaction. */
int job_commit(const struct instance *instance, struct db *db, const char *id, int64_t fence,
               const json_t *result, struct spn_error *err);
int job_fail(const struct instance *instance, struct db *db, const char *id, int64_t fence,
             const char *code, const char *text, struct spn_error *err);
int job_release(const struct instance *instance, struct db *db, const char *id, int64_t fence,
                struct spn_error *err);
/* By hand: a job that failed, and what was held for it. SPN_ECONFLICT: it has not failed. */
int job_retry(const struct instance *instance, struct db *db, const char *id,
              struct spn_error *err);

/* A new row; to be called inside a transaction. */
struct job_new {
    const char *kind, *ingest, *asset, *cut; /* one of the last three is not NULL */
    int64_t place;
    int64_t memory_mb;
    const char *spec; /* JSON text: what the asset's row does not have */
    int number;       /* among those made at the same time, from 1: they run in this order */
};
int job_make(const struct instance *instance, struct db *db, const struct job_new *job,
             int64_t now_ms, struct spn_error *err);

/* For people: without spec and result. */
int job_show(struct db *db, const char *id, json_t **out, struct spn_error *err);
/* The newest first, those before the id cursor; state may be NULL. */
int job_list(struct db *db, const char *state, const char *cursor, int limit, json_t *out,
             struct spn_error *err);

#endif

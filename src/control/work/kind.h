/*
 * kind.h - what the queue has to know of a kind of job.
 *
 * The queue itself knows none: kinds.c has a row for each, whose functions belong to whoever the
 * job is made for. A new kind is a row there, one in WORKER_KINDS (src/worker/kinds.h), and what
 * both name. All functions run inside the transaction that claims or ends the job, with the row of
 * its asset or cut locked.
 */
#ifndef CONTROL_KIND_H
#define CONTROL_KIND_H

#include <jansson.h>

#include "instance.h"

/* A job as the functions of its kind see it. */
struct kind_job {
    const char *kind;
    const char *ingest, *asset, *cut; /* what it is made for; NULL for the others */
    int64_t place;
};

struct kind {
    const char *name;
    int64_t priority; /* the least is claimed first */
    /* It is claimed: add to spec what the row of the job does not keep. NULL: it has all. */
    int (*spec)(struct db *db, const struct kind_job *job, json_t *spec, struct spn_error *err);
    /* Are the files there that result speaks of, as long as it says? SPN_ECONFLICT: not. */
    int (*files)(const struct instance *instance, const struct kind_job *job, const json_t *result,
                 struct spn_error *err);
    /* It is done; its row says so already. */
    int (*done)(const struct instance *instance, struct db *db, const struct kind_job *job,
                const json_t *result, struct spn_error *err);
    /* It failed for good. */
    int (*failed)(const struct instance *instance, struct db *db, const struct kind_job *job,
                  const char *code, const char *text, struct spn_error *err);
    /* It had failed and is tried again: what was stopped for it goes on. */
    int (*again)(const struct instance *instance, struct db *db, const struct kind_job *job,
                 struct spn_error *err);
};

const struct kind *kind_find(const char *name); /* NULL: there is none of that name */

#endif

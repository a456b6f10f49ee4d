/*
 * cut_jobs.h - the jobs that make a cut's bridges. Functions of kinds (work/kind.h);
 * docs/formats/jobs.md has what the jobs say.
 */
#ifndef CONTROL_CUT_JOBS_H
#define CONTROL_CUT_JOBS_H

#include "work/kind.h"

/* Those jobs of a cut that it is built by, in SQL. */
#define CUT_MAKING "kind IN ('bridge', 'sound_bridge')"

/* To each of the spec's assets what its row says: source, conform, plan. */
int cut_job_spec(struct db *db, const struct kind_job *job, json_t *spec, struct spn_error *err);
int cut_job_files(const struct instance *instance, const struct kind_job *job, const json_t *result,
                  struct spn_error *err);
int cut_job_done(const struct instance *instance, struct db *db, const struct kind_job *job,
                 const json_t *result, struct spn_error *err);
int cut_job_failed(const struct instance *instance, struct db *db, const struct kind_job *job,
                   const char *code, const char *text, struct spn_error *err);
int cut_job_again(const struct instance *instance, struct db *db, const struct kind_job *job,
                  struct spn_error *err);

/* A cut that lacks no file any more is ready. */
int cut_finish(const struct instance *instance, struct db *db, const char *id,
               struct spn_error *err);

#endif

/*
 * job_progress.h - how far a job is, as people are shown it.
 */
#ifndef CONTROL_JOB_PROGRESS_H
#define CONTROL_JOB_PROGRESS_H

#include "kind.h"

/*
 * Of the last job of its kind and place that an ingest, or else a cut, has: "done", "total",
 * "unit", "per_second", "seconds_left", "paused" and "note" into out.
 */
int job_progress(struct db *db, const struct kind_job *job, int64_t now_ms, json_t *out,
                 struct spn_error *err);

/* What goes through in a second, and how long what is left takes; null where nobody knows. */
void progress_rate_put(json_t *out, double rate, int64_t left);
/* Why a job is paused, and what to do about it. */
void progress_note_put(json_t *out, const char *why);

#endif

/*
 * outcome.h - what follows when a job of an ingest or an asset ends: the plan's jobs, then
 * assembly, then a ready asset. Functions of kinds (kind.h).
 *
 * With the asset's row locked, exactly one of several workers that finish at once sees that it was
 * the last.
 */
#ifndef CONTROL_OUTCOME_H
#define CONTROL_OUTCOME_H

#include "kind.h"

/* An ingest's file was examined: make or join its asset. */
int examine_done(const struct instance *instance, struct db *db, const struct kind_job *job,
                 const json_t *result, struct spn_error *err);
int examine_failed(const struct instance *instance, struct db *db, const struct kind_job *job,
                   const char *code, const char *text, struct spn_error *err);
int examine_again(const struct instance *instance, struct db *db, const struct kind_job *job,
                  struct spn_error *err);

/* A rendition, a text or the storyboard is there; or a chunk, of which the last starts more. */
int asset_done(const struct instance *instance, struct db *db, const struct kind_job *job,
               const json_t *result, struct spn_error *err);
int chunk_done(const struct instance *instance, struct db *db, const struct kind_job *job,
               const json_t *result, struct spn_error *err);
int asset_failed(const struct instance *instance, struct db *db, const struct kind_job *job,
                 const char *code, const char *text, struct spn_error *err);
int asset_again(const struct instance *instance, struct db *db, const struct kind_job *job,
                struct spn_error *err);

/* outcome_files.c */
int examine_files(const struct instance *instance, const struct kind_job *job, const json_t *result,
                  struct spn_error *err);
int chunk_files(const struct instance *instance, const struct kind_job *job, const json_t *result,
                struct spn_error *err);
int text_files(const struct instance *instance, const struct kind_job *job, const json_t *result,
               struct spn_error *err);
int board_files(const struct instance *instance, const struct kind_job *job, const json_t *result,
                struct spn_error *err);
int track_files(const struct instance *instance, const struct kind_job *job, const json_t *result,
                struct spn_error *err);

#endif

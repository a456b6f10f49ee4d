/*
 * outcome.h - what follows when a job ends: the plan's jobs, then assembly, then a ready asset.
 *
 * All of these run inside the transaction that ended the job, with the asset's row locked, so
 * exactly one of several workers that finish at once sees that it was the last.
 */
#ifndef CONTROL_OUTCOME_H
#define CONTROL_OUTCOME_H

#include <jansson.h>

#include "instance.h"

/* An ingest's file was examined: make or join its asset. */
int outcome_examined(const struct instance *instance, struct db *db, const char *ingest,
                     const json_t *result, struct spn_error *err);
/* A job of asset is done; its row says so already. */
int outcome_done(const struct instance *instance, struct db *db, const char *asset,
                 const char *kind, int64_t place, const json_t *result, struct spn_error *err);
/* A job failed for good; ingest or asset, the other is NULL. */
int outcome_failed(const struct instance *instance, struct db *db, const char *ingest,
                   const char *asset, const char *code, const char *text, struct spn_error *err);
/* Ingests that waited for asset are ready, or get a publication to be made. */
int outcome_ready(const struct instance *instance, struct db *db, const char *asset,
                  struct spn_error *err);

/* The files that result says were made are there, with the size it says. SPN_ECONFLICT: not. */
int outcome_files(const struct instance *instance, const char *kind, const char *asset,
                  int64_t place, const json_t *result, struct spn_error *err);

#endif

/*
 * ingest.h - a file on its way in: examined, then encoded, then (where it was asked for) published.
 *
 * examining -> encoding -> ready; refused: the file is not something that can be shown; failed:
 * something of ours went wrong, and it can be tried again; canceled.
 */
#ifndef CONTROL_INGEST_H
#define CONTROL_INGEST_H

#include <jansson.h>

#include "instance.h"

/*
 * request is what POST /ingests takes. Inside a transaction. id has SPN_ID_MAX bytes. may_path:
 * paths of this machine may be named, not only uploads.
 */
int ingest_create(const struct instance *instance, struct db *db, const json_t *request,
                  int may_path, char *id, struct spn_error *err);
int ingest_show(const struct instance *instance, struct db *db, const char *id, json_t **out,
                struct spn_error *err);
int ingest_list(const struct instance *instance, struct db *db, const char *state,
                const char *cursor, int limit, json_t *out, struct spn_error *err);
/*
 * Make the title that request (as it is kept) names, once the file is known to be a film: of one
 * that is refused nothing is left. Nothing where it names none or has its title. Inside a
 * transaction.
 */
int ingest_title(const struct instance *instance, struct db *db, const char *id,
                 const json_t *request, struct spn_error *err);
/* What failed is tried again. SPN_ECONFLICT: nothing did. Inside a transaction. */
int ingest_retry(const struct instance *instance, struct db *db, const char *id,
                 struct spn_error *err);
/*
 * Stop it, with its asset when nobody else wants that; one that has ended is forgotten. Unless it
 * was ready, the title that it made goes too.
 */
int ingest_cancel(const struct instance *instance, struct db *db, const char *id,
                  struct spn_error *err);

#endif

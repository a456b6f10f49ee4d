/*
 * publish.h - make and withdraw publications.
 *
 * A publication is a row in `making`, then its file, then the row in `live`: whatever stops in
 * between, publish_all() finishes it, since the file depends on the row alone. Withdrawing is the
 * tombstone first, then the row in `gone`.
 */
#ifndef CONTROL_PUBLISH_H
#define CONTROL_PUBLISH_H

#include "instance.h"

/* A row for every ingest of asset that asked to be published. Inside a transaction. */
int publish_asked(const struct instance *instance, struct db *db, const char *asset,
                  struct spn_error *err);
/*
 * A row in `making` for a ready asset or a ready cut (the other is NULL); title may be NULL. id has
 * SPN_ID_MAX bytes. Inside a transaction. SPN_ENOENT: no such asset, cut or title. SPN_ECONFLICT:
 * it is not ready.
 */
int publish_begin(const struct instance *instance, struct db *db, const char *asset,
                  const char *cut, const char *title, char *id, struct spn_error *err);
/*
 * Build the file of publication id and make it live, with the ingests that wait for it. Where it
 * cannot be made the row goes, and its ingests fail with the sentence.
 */
int publish_finish(struct instance *instance, const char *id, struct spn_error *err);
/* Finish every publication that is being made; returns how many. */
int publish_all(struct instance *instance, struct spn_error *err);
/* SPN_ENOENT: no such publication. Withdrawing twice is fine. */
int publish_withdraw(struct instance *instance, const char *id, struct spn_error *err);

#endif

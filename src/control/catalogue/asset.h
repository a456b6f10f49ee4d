/* asset.h - a source with the track files made from it, as people are shown it; and its removal. */
#ifndef CONTROL_ASSET_H
#define CONTROL_ASSET_H

#include <jansson.h>

#include "instance.h"

int asset_show(struct db *db, const char *hash, json_t **out, struct spn_error *err);
/* The newest first, before (created_ms, hash). */
int asset_list(struct db *db, int64_t before_ms, const char *before, int limit, json_t *out,
               struct spn_error *err);
/*
 * Forget an asset; its files are left to gc. SPN_ECONFLICT: a live publication names it, or it is
 * being encoded. Inside a transaction.
 */
int asset_delete(struct db *db, const char *hash, struct spn_error *err);

/* Publications as people are shown them. */
int publication_show(struct db *db, const char *id, json_t **out, struct spn_error *err);
int publication_list(struct db *db, const char *asset, const char *cursor, int limit, json_t *out,
                     struct spn_error *err);

#endif

/* spec.h - what a worker is told of an asset: put together when the job is claimed. */
#ifndef CONTROL_SPEC_H
#define CONTROL_SPEC_H

#include "kind.h"

/*
 * To object what the row of an asset says: source, conform and plan. SPN_ENOENT: there is no such
 * asset.
 */
int spec_asset(struct db *db, const char *asset, json_t *object, struct spn_error *err);

/* Of kinds (kind.h): asset, plan and place, and with it source and conform, or the chunks' tiles.
 */
int spec_of_plan(struct db *db, const struct kind_job *job, json_t *spec, struct spn_error *err);
int spec_of_source(struct db *db, const struct kind_job *job, json_t *spec, struct spn_error *err);
int spec_of_tiles(struct db *db, const struct kind_job *job, json_t *spec, struct spn_error *err);

#endif

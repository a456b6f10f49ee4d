/* spec.h - what a worker is told: a job's spec, put together when the job is claimed. */
#ifndef CONTROL_SPEC_H
#define CONTROL_SPEC_H

#include <jansson.h>

#include "store/store.h"

/*
 * Add to spec what the asset's row (NULL: an examine, which has all) says of source, conform and
 * plan, and for a storyboard the tiles that the chunks gave.
 */
int spec_complete(struct db *db, json_t *spec, const char *kind, const char *asset, int64_t place,
                  struct spn_error *err);

#endif

/* restricted.h - ranges of an asset that must not be used, with the reason and where. */
#ifndef CONTROL_RESTRICTED_H
#define CONTROL_RESTRICTED_H

#include <jansson.h>

#include "instance.h"

#define RESTRICTED_MAX        1000 /* ranges of an asset */
#define RESTRICTED_REASON_MAX 1000 /* bytes */
#define TERRITORIES_MAX       260  /* ISO 3166-1 has 249 */

/* {"ranges":[{"in":0,"out":240,"reason":"…","territories":["US"]}]}; a new reference. */
int restricted_show(struct db *db, const char *asset, json_t **out, struct spn_error *err);
/* The same as a request, in the place of all there was. Inside a transaction. */
int restricted_set(struct db *db, const char *asset, const json_t *request, struct spn_error *err);
int restricted_clear(struct db *db, const char *asset, struct spn_error *err);

#endif

/*
 * cut_find.h - which asset a list means: by its hash, by the UUID that a playlist calls it, by its
 * title's names or id, by what its file was called, with and without the ending.
 */
#ifndef CONTROL_CUT_FIND_H
#define CONTROL_CUT_FIND_H

#include <stddef.h>
#include <stdint.h>

#include "sampan/error.h"
#include "sampan/id.h"
#include "store/store.h"

struct cut_find; /* every asset by every name */

int cut_find_open(struct db *db, struct cut_find **out, struct spn_error *err);
void cut_find_close(struct cut_find *find); /* NULL is allowed */

/* How many assets text may mean; the first is in *asset. Letters A to Z are a to z. */
size_t cut_find_asset(const struct cut_find *find, const char *text, uint32_t *asset);
size_t cut_find_count(const struct cut_find *find);                     /* of assets */
const char *cut_find_hash(const struct cut_find *find, uint32_t asset); /* borrowed */

#endif

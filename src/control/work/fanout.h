/* fanout.h - from a plan to the jobs that make it. */
#ifndef CONTROL_FANOUT_H
#define CONTROL_FANOUT_H

#include <jansson.h>

#include "instance.h"

/*
 * Make the rendition rows of asset as plan has them, keeping the facts of those that are done
 * already, and a job for everything that is missing; *jobs is how many. subtitles: the ingest's
 * list, which the plan's texts refer to by `file`. Inside a transaction, the asset's row locked.
 */
int fanout_plan(const struct instance *instance, struct db *db, const char *asset,
                const json_t *plan, const json_t *subtitles, int64_t *jobs, struct spn_error *err);
/* All chunks are there: put together what is missing of the video renditions and the storyboard. */
int fanout_assemble(const struct instance *instance, struct db *db, const char *asset,
                    struct spn_error *err);
/* Facts of the finished renditions of asset, an object by name; a new reference. */
int fanout_facts(struct db *db, const char *asset, json_t **out, struct spn_error *err);

#endif

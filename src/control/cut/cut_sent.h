/*
 * cut_sent.h - a built cut as the jobs that look at all of it are told: its clips, and of each
 * rendition the files that are sent.
 */
#ifndef CONTROL_CUT_SENT_H
#define CONTROL_CUT_SENT_H

#include <jansson.h>

#include "cut_match.h"

/*
 * Put into spec "cut", KEY {"rate","drop"}, "clips" (asset, in, out) and "assets" (asset, frames).
 */
void cut_sent_spec(const struct cut *cut, const char *key, json_t *spec);

/*
 * A rendition of a built cut as a job is told:
 * {"id","media","compat_id","tracks":[{"name","sha256", and "encode" where nothing of it is
 * referenced}] one for each asset,"bridges":[{"name","sha256"}] in order}.
 */
int cut_sent_rendition(struct db *db, const struct cut *cut,
                       const struct match_rendition *rendition, json_t **out,
                       struct spn_error *err);

#endif

/*
 * asset.h - what every job after `examine` begins with: source, index, conform record and plan, all
 * held against each other.
 */
#ifndef ENCODE_ASSET_H
#define ENCODE_ASSET_H

#include <jansson.h>

#include "../source/conform.h"
#include "../source/source.h"
#include "filter.h"
#include "plan.h"

struct asset {
    struct source *source;
    struct index *index;
    struct conform conform;
    struct plan plan; /* borrows from the request */
};

/* Of a request's source, index_fd, conform and plan. asset goes to asset_close(), also on failure.
 */
int asset_open(struct asset *asset, const json_t *request, struct spn_error *err);
void asset_close(struct asset *asset);

/* What is to be done to its pictures before they are scaled. */
int asset_filter(const struct asset *asset, struct filter_setup *out, struct spn_error *err);

/* "source" of a request; *hash is borrowed from it. */
int asset_source_open(const json_t *request, struct source **out, const char **hash,
                      struct spn_error *err);

/* When it is time for the next line of progress; zero-initialised. */
struct beat {
    int64_t last_ms;
};
int beat_due(struct beat *beat, int every_ms);

#endif

/* listing.h - rows of a table as people are shown them: one by its id, or a page, the newest first.
 */
#ifndef CONTROL_LISTING_H
#define CONTROL_LISTING_H

#include <jansson.h>

#include "store/store.h"

typedef json_t *row_json(const struct rows *rows); /* a new reference to what the row is shown as */

struct listing {
    const char *select; /* "SELECT … FROM …", up to its WHERE */
    const char *id;     /* the column of ids, which are in order of time */
    const char *kind;   /* what a row is called: "job" */
    row_json *json;
};

/* *out is a new reference. SPN_ENOENT: "there is no KIND ID". */
int listing_one(struct db *db, const struct listing *listing, const char *id, json_t **out,
                struct spn_error *err);
/*
 * At most limit rows whose ids are before cursor ("~": all), appended to out; where value is not
 * NULL, only those whose column is value.
 */
int listing_page(struct db *db, const struct listing *listing, const char *column,
                 const char *value, const char *cursor, int limit, json_t *out,
                 struct spn_error *err);

#endif

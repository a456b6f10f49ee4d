/* listing.c - one row, or a page of them. */
#include "listing.h"

#include <stdio.h>

#define SQL_MAX 2048 /* bytes: the longest select of ours has 700 */

static int sql_fits(int length, const struct listing *listing, struct spn_error *err)
{
    return length > 0 && length < SQL_MAX
               ? SPN_OK
               : spn_error_set(err, SPN_ELIMIT, "the select of a %s is too long", listing->kind);
}

int listing_one(struct db *db, const struct listing *listing, const char *id, json_t **out,
                struct spn_error *err)
{
    struct rows *rows = NULL;
    char sql[SQL_MAX];
    int ret = snprintf(sql, sizeof(sql), "%s WHERE %s = $1", listing->select, listing->id);

    *out = NULL;
    if ((ret = sql_fits(ret, listing, err)) < 0 ||
        (ret = db_query(db, sql, DB_ARGS(db_text(id)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0)
        *out = listing->json(rows);
    rows_close(rows);
    return ret == 0 ? spn_error_set(err, SPN_ENOENT, "there is no %s %s", listing->kind, id) : ret;
}

int listing_page(struct db *db, const struct listing *listing, const char *column,
                 const char *value, const char *cursor, int limit, json_t *out,
                 struct spn_error *err)
{
    struct rows *rows = NULL;
    char sql[SQL_MAX];
    int ret = snprintf(sql, sizeof(sql), "%s WHERE %s%s%s < $1 ORDER BY %s DESC LIMIT $2",
                       listing->select, value ? column : "", value ? " = $3 AND " : "", listing->id,
                       listing->id);

    if ((ret = sql_fits(ret, listing, err)) < 0 ||
        (ret = db_query(
             db, sql,
             (const struct db_value[]){ db_text(cursor), db_number(limit), db_text(value) },
             value ? 3 : 2, &rows, err)) < 0)
        return ret;
    while ((ret = rows_next(rows, err)) > 0)
        (void)json_array_append_new(out, listing->json(rows));
    rows_close(rows);
    return ret;
}

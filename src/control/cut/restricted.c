/* restricted.c - what of an asset may not be used, where, and why. */
#include "restricted.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

static int asset_frames(struct db *db, const char *asset, int64_t *frames, struct spn_error *err)
{
    int ret = db_count(db, "SELECT frames FROM asset WHERE hash = $1", DB_ARGS(db_text(asset)), -1,
                       frames, err);

    if (ret < 0)
        return ret;
    return *frames < 0 ? spn_error_set(err, SPN_ENOENT, "there is no asset %s", asset) : SPN_OK;
}

int restricted_show(struct db *db, const char *asset, json_t **out, struct spn_error *err)
{
    json_t *ranges = json_array();
    struct rows *rows = NULL;
    int64_t frames;
    int ret;

    *out = NULL;
    if ((ret = asset_frames(db, asset, &frames, err)) < 0 ||
        (ret = db_query(db,
                        "SELECT range_in, range_out, reason, territories FROM restricted"
                        " WHERE asset = $1 ORDER BY place",
                        DB_ARGS(db_text(asset)), &rows, err)) < 0) {
        json_decref(ranges);
        return ret;
    }
    while ((ret = rows_next(rows, err)) > 0) {
        json_t *range = json_object();

        json_put_number(range, "in", rows_number(rows, 0));
        json_put_number(range, "out", rows_number(rows, 1));
        json_put_text(range, "reason", rows_text(rows, 2));
        (void)json_object_set_new(range, "territories", json_of(rows_text(rows, 3)));
        (void)json_array_append_new(ranges, range);
    }
    rows_close(rows);
    if (ret < 0) {
        json_decref(ranges);
        return ret;
    }
    *out = json_object();
    (void)json_object_set_new(*out, "ranges", ranges);
    return SPN_OK;
}

static int territories_check(const json_t *territories, struct spn_error *err)
{
    const json_t *territory;
    size_t i;

    json_array_foreach(territories, i, territory)
    {
        const char *code = json_string_value(territory);

        if (!code || strlen(code) != 2 || strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2)
            return spn_error_set(err, SPN_EINVAL,
                                 "each of \"territories\" is two capital letters of ISO 3166-1, "
                                 "like US");
    }
    return SPN_OK;
}

static int range_set(struct db *db, const char *asset, int64_t place, const json_t *range,
                     int64_t frames, struct spn_error *err)
{
    static const char *const known[] = { "in", "out", "reason", "territories", NULL };
    json_t *territories, *none = NULL;
    const char *reason;
    char *text;
    int64_t in, out;
    int ret;

    if ((ret = members_only(range, known, err)) < 0 ||
        (ret = member_number(range, "in", 0, frames - 1, -1, &in, err)) < 0 ||
        (ret = member_number(range, "out", in + 1, frames, -1, &out, err)) < 0 ||
        (ret = member_text(range, "reason", 1, RESTRICTED_REASON_MAX, NULL, &reason, err)) < 0 ||
        (ret = member_array(range, "territories", 0, TERRITORIES_MAX, &territories, err)) < 0 ||
        (ret = territories_check(territories, err)) < 0)
        return ret;
    if (!territories)
        territories = none = json_array();
    text = json_text(territories);
    json_decref(none);
    if (!text)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    ret = db_run(db,
                 "INSERT INTO restricted (asset, place, range_in, range_out, reason, territories)"
                 " VALUES ($1, $2, $3, $4, $5, $6)",
                 DB_ARGS(db_text(asset), db_number(place), db_number(in), db_number(out),
                         db_text(reason), db_text(text)),
                 NULL, err);
    free(text);
    return ret;
}

int restricted_set(struct db *db, const char *asset, const json_t *request, struct spn_error *err)
{
    static const char *const known[] = { "ranges", NULL };
    const json_t *range;
    json_t *ranges;
    int64_t frames;
    size_t i;
    int ret;

    if ((ret = members_only(request, known, err)) < 0 ||
        (ret = member_array(request, "ranges", 1, RESTRICTED_MAX, &ranges, err)) < 0 ||
        (ret = asset_frames(db, asset, &frames, err)) < 0 ||
        (ret = restricted_clear(db, asset, err)) < 0)
        return ret;
    json_array_foreach(ranges, i, range)
    {
        struct spn_error why = { 0 };

        if ((ret = range_set(db, asset, (int64_t)i, range, frames, &why)) < 0)
            return spn_error_set(err, ret, "range %zu: %s", i + 1, why.text);
    }
    return SPN_OK;
}

int restricted_clear(struct db *db, const char *asset, struct spn_error *err)
{
    int64_t frames;
    int ret = asset_frames(db, asset, &frames, err);

    return ret < 0 ? ret
                   : db_run(db, "DELETE FROM restricted WHERE asset = $1", DB_ARGS(db_text(asset)),
                            NULL, err);
}

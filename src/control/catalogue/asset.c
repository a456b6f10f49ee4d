/* asset.c - assets with their renditions. */
#include "asset.h"

#include <string.h>

#include "json.h"

#define ASSET_COLUMNS                                                                              \
    "a.hash, a.source, a.name, a.state, a.frames, a.rate_num, a.rate_den, a.error_code,"           \
    " a.error_text, a.created_ms, a.ready_ms, s.size, s.link"
#define ASSET_FROM " FROM asset a LEFT JOIN source s ON s.hash = a.source"

static json_t *asset_json(const struct rows *rows)
{
    json_t *asset = json_object(), *source = json_object();

    json_put_text(asset, "hash", rows_text(rows, 0));
    json_put_text(source, "hash", rows_text(rows, 1));
    json_put_text(source, "name", rows_text(rows, 2));
    json_put_number(source, "size", rows_number(rows, 11));
    json_put_text(source, "link", rows_text(rows, 12));
    (void)json_object_set_new(asset, "source", source);
    json_put_text(asset, "name", rows_text(rows, 2));
    json_put_text(asset, "state", rows_text(rows, 3));
    json_put_number(asset, "frames", rows_number(rows, 4));
    (void)json_object_set_new(
        asset, "rate",
        json_pack("[II]", (json_int_t)rows_number(rows, 5), (json_int_t)rows_number(rows, 6)));
    json_put_error(asset, rows_text(rows, 7), rows_text(rows, 8));
    json_put_time(asset, "created", rows_number(rows, 9));
    json_put_time(asset, "ready", rows_number(rows, 10));
    return asset;
}

/* What the plan says of each rendition, and what its file turned out to be. */
static int asset_renditions(struct db *db, const char *hash, json_t *asset, struct spn_error *err)
{
    json_t *list = json_array(), *plan = json_object_get(asset, "plan");
    struct rows *rows = NULL;
    int ret;

    (void)json_object_set_new(asset, "renditions", list);
    if ((ret = db_query(db,
                        "SELECT id, media, place, name, facts FROM rendition WHERE asset = $1"
                        " ORDER BY CASE media WHEN 'video' THEN 0 WHEN 'audio' THEN 1 ELSE 2 END,"
                        " place",
                        DB_ARGS(db_text(hash)), &rows, err)) < 0)
        return ret;
    while ((ret = rows_next(rows, err)) > 0) {
        json_t *rendition = json_object();
        json_t *planned =
            json_array_get(json_object_get(plan, rows_text(rows, 1)), (size_t)rows_number(rows, 2));

        json_put_text(rendition, "id", rows_text(rows, 0));
        json_put_text(rendition, "media", rows_text(rows, 1));
        json_put_text(rendition, "name", rows_text(rows, 3));
        (void)json_object_set_new(rendition, "ready", json_boolean(!rows_null(rows, 4)));
        (void)json_object_set(rendition, "plan", planned ? planned : json_null());
        (void)json_object_set_new(rendition, "facts", json_of(rows_text(rows, 4)));
        (void)json_array_append_new(list, rendition);
    }
    rows_close(rows);
    return ret;
}

static int asset_details(struct db *db, const char *hash, json_t *asset, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    if ((ret = db_query(db,
                        "SELECT probe, conform, changes, plan, storyboard FROM asset"
                        " WHERE hash = $1",
                        DB_ARGS(db_text(hash)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        (void)json_object_set_new(asset, "probe", json_of(rows_text(rows, 0)));
        (void)json_object_set_new(asset, "conform", json_of(rows_text(rows, 1)));
        (void)json_object_set_new(asset, "changes", json_of(rows_text(rows, 2)));
        (void)json_object_set_new(asset, "plan", json_of(rows_text(rows, 3)));
        (void)json_object_set_new(asset, "storyboard", json_of(rows_text(rows, 4)));
    }
    rows_close(rows);
    return ret < 0 ? ret : asset_renditions(db, hash, asset, err);
}

int asset_show(struct db *db, const char *hash, json_t **out, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    *out = NULL;
    if ((ret = db_query(db, "SELECT " ASSET_COLUMNS ASSET_FROM " WHERE a.hash = $1",
                        DB_ARGS(db_text(hash)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0)
        *out = asset_json(rows);
    rows_close(rows);
    if (ret <= 0)
        return ret < 0 ? ret : spn_error_set(err, SPN_ENOENT, "there is no asset %s", hash);
    if ((ret = asset_details(db, hash, *out, err)) < 0) {
        json_decref(*out);
        *out = NULL;
    }
    return ret;
}

int asset_list(struct db *db, int64_t before_ms, const char *before, int limit, json_t *out,
               struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    if ((ret = db_query(
             db,
             "SELECT " ASSET_COLUMNS ASSET_FROM " WHERE (a.created_ms, a.hash) < ($1, $2)"
             " ORDER BY a.created_ms DESC, a.hash DESC LIMIT $3",
             DB_ARGS(db_number(before_ms), db_text(before), db_number(limit)), &rows, err)) < 0)
        return ret;
    while ((ret = rows_next(rows, err)) > 0) {
        json_t *asset = asset_json(rows);

        json_put_number(asset, "created_ms", rows_number(rows, 9));
        (void)json_array_append_new(out, asset);
    }
    rows_close(rows);
    return ret;
}

int asset_delete(struct db *db, const char *hash, struct spn_error *err)
{
    struct rows *rows = NULL;
    char state[16] = "", source[SPN_HASH_HEX + 1] = "";
    int64_t count = 0;
    int ret;

    if ((ret = db_query(db, "SELECT state, source FROM asset WHERE hash = $1 /*pg FOR UPDATE*/",
                        DB_ARGS(db_text(hash)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        (void)strncpy(state, rows_text(rows, 0), sizeof(state) - 1);
        (void)strncpy(source, rows_text(rows, 1), sizeof(source) - 1);
    }
    rows_close(rows);
    if (ret <= 0)
        return ret < 0 ? ret : spn_error_set(err, SPN_ENOENT, "there is no asset %s", hash);
    if (strcmp(state, "encoding") == 0)
        return spn_error_set(err, SPN_ECONFLICT,
                             "the asset %s is being encoded; cancel its ingest first", hash);
    if ((ret = db_count(db,
                        "SELECT count(*) FROM publication WHERE asset = $1"
                        " AND state IN ('making', 'live')",
                        DB_ARGS(db_text(hash)), 0, &count, err)) < 0)
        return ret;
    if (count > 0)
        return spn_error_set(err, SPN_ECONFLICT,
                             "%lld live publications show the asset %s; withdraw them first",
                             (long long)count, hash);
    if ((ret = db_count(db,
                        "SELECT count(*) FROM cut c JOIN cut_asset u ON u.cut = c.id"
                        " WHERE u.asset = $1 AND c.state IN ('building', 'ready')",
                        DB_ARGS(db_text(hash)), 0, &count, err)) < 0)
        return ret;
    if (count > 0)
        return spn_error_set(err, SPN_ECONFLICT,
                             "%lld built cuts are made of the asset %s; remove them first",
                             (long long)count, hash);
    if ((ret = db_run(db, "DELETE FROM restricted WHERE asset = $1", DB_ARGS(db_text(hash)), NULL,
                      err)) < 0)
        return ret;
    if ((ret = db_run(db, "DELETE FROM job WHERE asset = $1", DB_ARGS(db_text(hash)), NULL, err)) <
            0 ||
        (ret = db_run(db, "DELETE FROM rendition WHERE asset = $1", DB_ARGS(db_text(hash)), NULL,
                      err)) < 0 ||
        (ret = db_run(db, "DELETE FROM asset WHERE hash = $1", DB_ARGS(db_text(hash)), NULL, err)) <
            0)
        return ret;
    return db_run(db,
                  "DELETE FROM source WHERE hash = $1"
                  " AND NOT EXISTS (SELECT 1 FROM asset WHERE source = $1)",
                  DB_ARGS(db_text(source)), NULL, err);
}

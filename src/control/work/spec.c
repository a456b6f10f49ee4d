/* spec.c - a job's spec is put together from its asset when it is claimed, not kept a thousand
 * times. */
#include "spec.h"

#include <string.h>

#include "json.h"

int spec_asset(struct db *db, const char *asset, json_t *object, struct spn_error *err)
{
    struct rows *rows = NULL;
    json_t *source;
    int ret;

    if ((ret = db_query(db,
                        "SELECT s.hash, s.name, s.size, s.link, a.conform, a.plan FROM asset a"
                        " JOIN source s ON s.hash = a.source WHERE a.hash = $1",
                        DB_ARGS(db_text(asset)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        source = json_object();
        json_put_text(source, "hash", rows_text(rows, 0));
        json_put_text(source, "name", rows_text(rows, 1));
        json_put_number(source, "size", rows_number(rows, 2));
        json_put_text(source, "link", rows_text(rows, 3));
        (void)json_object_set_new(object, "source", source);
        (void)json_object_set_new(object, "conform", json_of(rows_text(rows, 4)));
        (void)json_object_set_new(object, "plan", json_of(rows_text(rows, 5)));
    }
    rows_close(rows);
    if (ret == 0)
        ret = spn_error_set(err, SPN_ENOENT, "there is no asset %s", asset);
    return ret < 0 ? ret : SPN_OK;
}

int spec_of_source(struct db *db, const struct kind_job *job, json_t *spec, struct spn_error *err)
{
    json_put_text(spec, "asset", job->asset);
    json_put_number(spec, job->kind, job->place); /* chunk, audio, text */
    return spec_asset(db, job->asset, spec, err);
}

int spec_of_plan(struct db *db, const struct kind_job *job, json_t *spec, struct spn_error *err)
{
    int ret;

    json_put_text(spec, "asset", job->asset);
    if ((ret = spec_asset(db, job->asset, spec, err)) < 0)
        return ret;
    (void)json_object_del(spec, "source");
    (void)json_object_del(spec, "conform");
    json_put_number(spec, "video", job->place);
    return SPN_OK;
}

int spec_of_tiles(struct db *db, const struct kind_job *job, json_t *spec, struct spn_error *err)
{
    json_t *tiles = json_array();
    struct rows *rows = NULL;
    int ret;

    (void)json_object_set_new(spec, "tiles", tiles);
    if ((ret = spec_of_plan(db, job, spec, err)) < 0)
        return ret;
    (void)json_object_del(spec, "video");
    if ((ret = db_query(db,
                        "SELECT place, result FROM job WHERE asset = $1 AND kind = 'chunk'"
                        " AND state = 'done' ORDER BY place",
                        DB_ARGS(db_text(job->asset)), &rows, err)) < 0)
        return ret;
    while ((ret = rows_next(rows, err)) > 0) {
        json_t *result = json_of(rows_text(rows, 1));
        json_t *tile;
        size_t i;

        json_array_foreach(json_object_get(result, "tiles"), i, tile)
        {
            json_put_number(tile, "chunk", rows_number(rows, 0));
            (void)json_array_append(tiles, tile);
        }
        json_decref(result);
    }
    rows_close(rows);
    return ret;
}

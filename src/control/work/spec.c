/* spec.c - a job's spec is put together from its asset when it is claimed, not kept a thousand
 * times. */
#include "spec.h"

#include <string.h>

#include "cut/cut_build.h"
#include "json.h"

static int spec_tiles(struct db *db, json_t *spec, const char *asset, struct spn_error *err)
{
    json_t *tiles = json_array();
    struct rows *rows = NULL;
    int ret;

    (void)json_object_set_new(spec, "tiles", tiles);
    if ((ret = db_query(db,
                        "SELECT place, result FROM job WHERE asset = $1 AND kind = 'chunk'"
                        " AND state = 'done' ORDER BY place",
                        DB_ARGS(db_text(asset)), &rows, err)) < 0)
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

int spec_complete(struct db *db, json_t *spec, const char *kind, const char *asset, int64_t place,
                  struct spn_error *err)
{
    struct rows *rows = NULL;
    json_t *source;
    int ret;

    if (!asset) /* an examine has all, a job of a cut says which assets */
        return strcmp(kind, "examine") == 0 ? SPN_OK : cut_job_spec(db, spec, err);
    json_put_text(spec, "asset", asset);
    if ((ret = db_query(db,
                        "SELECT s.hash, s.name, s.size, s.link, a.conform, a.plan FROM asset a"
                        " JOIN source s ON s.hash = a.source WHERE a.hash = $1",
                        DB_ARGS(db_text(asset)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) <= 0) {
        rows_close(rows);
        return ret < 0 ? ret : spn_error_set(err, SPN_ENOENT, "there is no asset %s", asset);
    }
    (void)json_object_set_new(spec, "plan", json_of(rows_text(rows, 5)));
    if (strcmp(kind, "assemble") == 0) {
        json_put_number(spec, "video", place);
    } else if (strcmp(kind, "storyboard") != 0) {
        source = json_object();
        json_put_text(source, "hash", rows_text(rows, 0));
        json_put_text(source, "name", rows_text(rows, 1));
        json_put_number(source, "size", rows_number(rows, 2));
        json_put_text(source, "link", rows_text(rows, 3));
        (void)json_object_set_new(spec, "source", source);
        (void)json_object_set_new(spec, "conform", json_of(rows_text(rows, 4)));
        json_put_number(spec, kind, place); /* chunk, audio, text */
    }
    rows_close(rows);
    return strcmp(kind, "storyboard") == 0 ? spec_tiles(db, spec, asset, err) : SPN_OK;
}

/* cut_built.c - what a cut was built as. */
#include "cut_built.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "work/plan.h"

void cut_built_free(struct cut_built *built)
{
    if (!built)
        return;
    for (size_t i = 0; built->renditions && i < built->count; i++)
        free(built->renditions[i].tracks);
    free(built->renditions);
    json_decref(built->list);
    json_decref(built->choice);
    free(built);
}

static int row_read(struct cut_built *built, struct db *db, const struct cut *cut,
                    struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    if ((ret = db_query(db, "SELECT renditions, choice FROM cut WHERE id = $1",
                        DB_ARGS(db_text(cut->id)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        built->list = json_of(rows_text(rows, 0));
        built->choice = json_of(rows_text(rows, 1));
    }
    rows_close(rows);
    return ret;
}

static int again(struct spn_error *err)
{
    return spn_error_set(err, SPN_ECONFLICT, "the cut has to be built again");
}

static int tracks_read(struct cut_built *built, struct match_rendition *rendition, struct db *db,
                       const char *cut, struct spn_error *err)
{
    struct rows *rows = NULL;
    size_t found = 0;
    int ret;

    rendition->tracks = calloc(built->asset_count + 1, sizeof(*rendition->tracks));
    if (!rendition->tracks)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if ((ret = db_query(db,
                        "SELECT place, name, facts FROM cut_file WHERE cut = $1 AND kind = 'track'"
                        " AND rendition = $2 ORDER BY place",
                        DB_ARGS(db_text(cut), db_text(rendition->id)), &rows, err)) < 0)
        return ret;
    while ((ret = rows_next(rows, err)) > 0) {
        size_t place = (size_t)rows_number(rows, 0);
        json_t *facts = json_of(rows_text(rows, 2));

        if (place < built->asset_count) {
            struct match_track *track = &rendition->tracks[place];

            (void)snprintf(track->name, sizeof(track->name), "%.64s", rows_text(rows, 1));
            track->encode = json_is_true(json_object_get(facts, "encode"));
        }
        json_decref(facts);
        found++;
    }
    rows_close(rows);
    return ret < 0 ? ret : found == built->asset_count ? SPN_OK : again(err);
}

static int rendition_read(struct cut_built *built, const json_t *told, struct db *db,
                          const struct cut *cut, struct spn_error *err)
{
    struct match_rendition *rendition = &built->renditions[built->count++];
    const char *media = json_string_value(json_object_get(told, "media"));
    const char *id = json_string_value(json_object_get(told, "id"));
    const char *compat = json_string_value(json_object_get(told, "compat_id"));
    const char *like = json_string_value(json_object_get(told, "like"));

    if (!media || !id)
        return again(err);
    while (rendition->media < 2 && strcmp(media, plan_media[rendition->media]) != 0)
        rendition->media++;
    (void)snprintf(rendition->id, sizeof(rendition->id), "%.7s", id);
    (void)snprintf(rendition->compat, sizeof(rendition->compat), "%.64s", compat ? compat : "");
    rendition->planned = json_object_get(told, "plan");
    for (size_t i = 0; like && i < built->asset_count; i++)
        if (strcmp(cut->assets[i].hash, like) == 0)
            built->like = i;
    return tracks_read(built, rendition, db, cut->id, err);
}

int cut_built_read(struct db *db, const struct cut *cut, struct cut_built **out,
                   struct spn_error *err)
{
    struct cut_built *built = calloc(1, sizeof(*built));
    const json_t *told;
    size_t i;
    int ret;

    *out = built;
    if (!built)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    built->asset_count = cut->composition->asset_count;
    built->like = cut->composition->clips[0].asset;
    if ((ret = row_read(built, db, cut, err)) >= 0) {
        built->renditions = calloc(json_array_size(built->list) + 1, sizeof(*built->renditions));
        if (!built->renditions)
            ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
    }
    json_array_foreach(built->list, i, told)
    {
        if (ret >= 0)
            ret = rendition_read(built, told, db, cut, err);
    }
    if (ret < 0) {
        cut_built_free(built);
        *out = NULL;
        return ret;
    }
    return SPN_OK;
}

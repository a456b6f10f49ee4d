/* cut.c - rows of compositions. */
#include "cut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cut_marks.h"
#include "json.h"

static char *clips_text(const struct spn_composition *composition)
{
    json_t *clips = json_array();
    char *text;

    for (size_t i = 0; i < composition->count; i++) {
        const struct spn_clip *clip = &composition->clips[i];

        (void)json_array_append_new(clips, json_pack("[III]", (json_int_t)clip->asset,
                                                     (json_int_t)clip->in, (json_int_t)clip->out));
    }
    text = json_text(clips);
    json_decref(clips);
    return text;
}

static char *markers_text(const struct cut_words *words)
{
    json_t *markers = cut_marks_json(words->markers, words->marker_count);
    char *text = words->marker_count ? json_text(markers) : NULL;

    json_decref(markers);
    return text;
}

static int row_needed(struct db *db, const char *sql, const char *id, const char *what,
                      struct spn_error *err)
{
    int64_t there = 0;
    int ret;

    if (!id || (ret = db_count(db, sql, DB_ARGS(db_text(id)), 0, &there, err)) < 0)
        return id ? ret : SPN_OK;
    return there ? SPN_OK : spn_error_set(err, SPN_ENOENT, "there is no %s %s", what, id);
}

static int assets_insert(struct db *db, const char *id, const struct spn_composition *composition,
                         const struct cut_asset *assets, struct spn_error *err)
{
    for (size_t i = 0; i < composition->asset_count; i++) {
        int ret = db_run(db,
                         "INSERT INTO cut_asset (cut, place, asset, name, frames, start_frame,"
                         " drop_frame) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                         DB_ARGS(db_text(id), db_number((int64_t)i), db_text(assets[i].hash),
                                 db_text(assets[i].name), db_number(assets[i].frames),
                                 db_number(assets[i].start < 0 ? 0 : assets[i].start),
                                 db_number(assets[i].drop)),
                         NULL, err);

        if (ret < 0)
            return ret;
    }
    return SPN_OK;
}

int cut_insert(const struct instance *instance, struct db *db, const struct cut_words *words,
               const struct spn_composition *composition, const struct cut_asset *assets, char *id,
               struct spn_error *err)
{
    int64_t now_ms = instance_now_ms(instance);
    char edit[SPN_HASH_HEX + 1], *clips, *markers;
    struct spn_hash hash;
    int ret;

    if ((ret = row_needed(db, "SELECT 1 FROM title WHERE id = $1", words->title, "title", err)) <
            0 ||
        (ret = row_needed(db, "SELECT 1 FROM cut WHERE id = $1", words->parent, "cut", err)) < 0)
        return ret;
    spn_edit_name(composition, &hash);
    spn_hash_hex(&hash, edit);
    clips = clips_text(composition);
    markers = markers_text(words);
    if (!clips || (words->marker_count && !markers)) {
        free(clips);
        free(markers);
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    }
    instance_id(instance, "cut", now_ms, 0, id);
    ret = db_run(
        db,
        "INSERT INTO cut (id, edit, name, title, author, note, parent, format, drop_frame,"
        " rate_num, rate_den, frames, clip_count, clips, state, created_ms, markers) VALUES"
        " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'draft', $15, $16)",
        DB_ARGS(db_text(id), db_text(edit), db_text(words->name), db_text(words->title),
                db_text(words->author), db_text(words->note), db_text(words->parent),
                db_text(words->format), db_number(words->drop), db_number(composition->rate.num),
                db_number(composition->rate.den), db_number(composition->start[composition->count]),
                db_number((int64_t)composition->count), db_text(clips), db_number(now_ms),
                db_text(markers)),
        NULL, err);
    free(clips);
    free(markers);
    return ret < 0 ? ret : assets_insert(db, id, composition, assets, err);
}

/* ---- reading one ---- */

void cut_free(struct cut *cut)
{
    if (!cut)
        return;
    spn_composition_free(cut->composition);
    free(cut->assets);
    free(cut->markers);
    free(cut);
}

static int assets_read(struct cut *cut, struct db *db, struct spn_rate rate, size_t *count,
                       struct spn_error *err)
{
    struct rows *rows = NULL;
    int64_t there = 0;
    int ret;

    *count = 0;
    if ((ret = db_count(db, "SELECT count(*) FROM cut_asset WHERE cut = $1",
                        DB_ARGS(db_text(cut->id)), 0, &there, err)) < 0)
        return ret;
    cut->assets = calloc((size_t)there + 1, sizeof(*cut->assets));
    if (!cut->assets)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if ((ret = db_query(db,
                        "SELECT asset, name, frames, start_frame, drop_frame FROM cut_asset"
                        " WHERE cut = $1 ORDER BY place",
                        DB_ARGS(db_text(cut->id)), &rows, err)) < 0)
        return ret;
    while (*count < (size_t)there && (ret = rows_next(rows, err)) > 0) {
        struct cut_asset *asset = &cut->assets[(*count)++];

        (void)snprintf(asset->hash, sizeof(asset->hash), "%.64s", rows_text(rows, 0));
        (void)snprintf(asset->name, sizeof(asset->name), "%.500s", rows_text(rows, 1));
        asset->rate = rate;
        asset->frames = rows_number(rows, 2);
        asset->start = rows_number(rows, 3);
        asset->drop = (int)rows_number(rows, 4);
    }
    rows_close(rows);
    return ret;
}

static int composition_read(struct cut *cut, struct spn_rate rate, size_t asset_count,
                            const char *text, struct spn_error *err)
{
    json_t *list = json_of(text), *entry;
    size_t count = json_array_size(list), i;
    struct spn_clip_asset *assets = calloc(asset_count + 1, sizeof(*assets));
    struct spn_clip *clips = calloc(count + 1, sizeof(*clips));
    int ret = SPN_ENOMEM;

    if (!assets || !clips) {
        (void)spn_error_set(err, ret, "out of memory");
        goto done;
    }
    for (i = 0; i < asset_count; i++) {
        (void)spn_hash_parse(cut->assets[i].hash, SPN_HASH_HEX, &assets[i].name);
        assets[i].rate = rate;
        assets[i].frames = cut->assets[i].frames;
    }
    json_array_foreach(list, i, entry)
    {
        clips[i] = (struct spn_clip){ (uint32_t)json_integer_value(json_array_get(entry, 0)),
                                      json_integer_value(json_array_get(entry, 1)),
                                      json_integer_value(json_array_get(entry, 2)) };
    }
    ret = spn_composition_make(rate, assets, asset_count, clips, count, NULL, NULL,
                               &cut->composition, err);

done:
    free(assets);
    free(clips);
    json_decref(list);
    return ret;
}

static int markers_read(struct cut *cut, const char *text, struct spn_error *err)
{
    json_t *list = json_of(text);
    int ret = cut_marks_take(list, cut->composition->start[cut->composition->count], &cut->markers,
                             &cut->marker_count, err);

    json_decref(list);
    return ret;
}

int cut_load(struct db *db, const char *id, struct cut **out, struct spn_error *err)
{
    struct cut *cut = calloc(1, sizeof(*cut));
    struct rows *rows = NULL;
    struct spn_rate rate = { 0 };
    char *clips = NULL, *markers = NULL;
    size_t count;
    int ret;

    *out = NULL;
    if (!cut)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if ((ret = db_query(
             db,
             "SELECT id, state, name, drop_frame, rate_num, rate_den, clips, markers FROM cut"
             " WHERE id = $1",
             DB_ARGS(db_text(id)), &rows, err)) < 0)
        goto done;
    if ((ret = rows_next(rows, err)) > 0) {
        (void)snprintf(cut->id, sizeof(cut->id), "%.47s", rows_text(rows, 0));
        (void)snprintf(cut->state, sizeof(cut->state), "%.15s", rows_text(rows, 1));
        (void)snprintf(cut->name, sizeof(cut->name), "%.1000s", rows_text(rows, 2));
        cut->drop = (int)rows_number(rows, 3);
        rate.num = (uint32_t)rows_number(rows, 4);
        rate.den = (uint32_t)rows_number(rows, 5);
        clips = strdup(rows_text(rows, 6));
        markers = rows_text(rows, 7) ? strdup(rows_text(rows, 7)) : NULL;
    }
    rows_close(rows);
    if (ret == 0)
        ret = spn_error_set(err, SPN_ENOENT, "there is no cut %s", id);
    else if (ret > 0 && !clips)
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
    if (ret > 0 && (ret = assets_read(cut, db, rate, &count, err)) >= 0)
        ret = composition_read(cut, rate, count, clips, err);
    if (ret >= 0 && markers)
        ret = markers_read(cut, markers, err);

done:
    free(clips);
    free(markers);
    if (ret < 0) {
        cut_free(cut);
        return ret;
    }
    *out = cut;
    return SPN_OK;
}

int cut_built_hold(struct db *db, const char *id, const char *done, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    if ((ret = db_query(db, "SELECT state FROM cut WHERE id = $1 /*pg FOR UPDATE*/",
                        DB_ARGS(db_text(id)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) == 0)
        ret = spn_error_set(err, SPN_ENOENT, "there is no cut %s", id);
    else if (ret > 0 && strcmp(rows_text(rows, 0), "ready") != 0)
        ret = spn_error_set(err, SPN_ECONFLICT,
                            "the cut %s is %s; it can be %s when it is built: `sampan cut build "
                            "%s`",
                            id, rows_text(rows, 0), done, id);
    rows_close(rows);
    return ret < 0 ? ret : SPN_OK;
}

/* ---- removal ---- */

int cut_delete(struct db *db, const char *id, struct spn_error *err)
{
    static const char *const statements[] = {
        "DELETE FROM job WHERE cut = $1",        "DELETE FROM cut_file WHERE cut = $1",
        "DELETE FROM cut_verify WHERE cut = $1", "DELETE FROM flat WHERE cut = $1",
        "DELETE FROM cut_asset WHERE cut = $1",  "DELETE FROM cut WHERE id = $1"
    };
    struct rows *rows = NULL;
    int64_t shown = 0;
    int ret, building = 0;

    if ((ret = db_query(db, "SELECT state FROM cut WHERE id = $1 /*pg FOR UPDATE*/",
                        DB_ARGS(db_text(id)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0)
        building = strcmp(rows_text(rows, 0), "building") == 0;
    rows_close(rows);
    if (ret <= 0)
        return ret < 0 ? ret : spn_error_set(err, SPN_ENOENT, "there is no cut %s", id);
    if (building)
        return spn_error_set(err, SPN_ECONFLICT,
                             "the cut %s is being built; remove it when that is done", id);
    if ((ret = db_count(db,
                        "SELECT count(*) FROM publication WHERE cut = $1"
                        " AND state IN ('making', 'live')",
                        DB_ARGS(db_text(id)), 0, &shown, err)) < 0)
        return ret;
    if (shown > 0)
        return spn_error_set(err, SPN_ECONFLICT,
                             "%lld live publications show the cut %s; withdraw them first",
                             (long long)shown, id);
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        if ((ret = db_run(db, statements[i], DB_ARGS(db_text(id)), NULL, err)) < 0)
            return ret;
    return SPN_OK;
}

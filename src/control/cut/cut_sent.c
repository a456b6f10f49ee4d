/* cut_sent.c - a built cut as the jobs that look at all of it are told. */
#include "cut_sent.h"

#include "json.h"
#include "work/plan.h"

void cut_sent_spec(const struct cut *cut, const char *key, json_t *spec)
{
    const struct spn_composition *composition = cut->composition;
    json_t *clips = json_array(), *assets = json_array();

    for (size_t i = 0; i < composition->count; i++)
        (void)json_array_append_new(clips, json_pack("{sIsIsI}", "asset",
                                                     (json_int_t)composition->clips[i].asset, "in",
                                                     (json_int_t)composition->clips[i].in, "out",
                                                     (json_int_t)composition->clips[i].out));
    for (size_t i = 0; i < composition->asset_count; i++)
        (void)json_array_append_new(assets, json_pack("{sssI}", "asset", cut->assets[i].hash,
                                                      "frames", (json_int_t)cut->assets[i].frames));
    json_put_text(spec, "cut", cut->id);
    (void)json_object_set_new(spec, key,
                              json_pack("{s[II]si}", "rate", (json_int_t)composition->rate.num,
                                        (json_int_t)composition->rate.den, "drop", cut->drop));
    (void)json_object_set_new(spec, "clips", clips);
    (void)json_object_set_new(spec, "assets", assets);
}

static json_t *file_json(const char *name, const char *facts)
{
    json_t *known = facts ? json_of(facts) : NULL, *out = json_object();

    json_put_text(out, "name", name);
    json_put_text(out, "sha256", json_string_value(json_object_get(known, "sha256")));
    if (json_is_true(json_object_get(known, "tight"))) /* a bridge that was made near its cap */
        (void)json_object_set_new(out, "tight", json_true());
    json_decref(known);
    return out;
}

static int track_read(struct db *db, const struct match_track *track, json_t *out,
                      struct spn_error *err)
{
    struct rows *rows = NULL;
    json_t *file;
    int ret;

    if ((ret = db_query(db,
                        "SELECT facts FROM rendition WHERE name = $1 AND facts IS NOT NULL LIMIT 1",
                        DB_ARGS(db_text(track->name)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) >= 0) {
        file = file_json(track->name, ret > 0 ? rows_text(rows, 0) : NULL);
        if (track->encode)
            (void)json_object_set_new(file, "encode", json_true());
        (void)json_array_append_new(out, file);
    }
    rows_close(rows);
    return ret;
}

static int bridges_read(struct db *db, const struct cut *cut, const char *kind, const char *id,
                        json_t *out, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    if ((ret = db_query(db,
                        "SELECT name, facts FROM cut_file WHERE cut = $1 AND kind = $2"
                        " AND rendition = $3 AND facts IS NOT NULL ORDER BY place",
                        DB_ARGS(db_text(cut->id), db_text(kind), db_text(id)), &rows, err)) < 0)
        return ret;
    while ((ret = rows_next(rows, err)) > 0)
        (void)json_array_append_new(out, file_json(rows_text(rows, 0), rows_text(rows, 1)));
    rows_close(rows);
    return ret;
}

int cut_sent_rendition(struct db *db, const struct cut *cut,
                       const struct match_rendition *rendition, json_t **out, struct spn_error *err)
{
    json_t *tracks = json_array(), *bridges = json_array();
    int ret = SPN_OK;

    *out = json_object();
    json_put_text(*out, "id", rendition->id);
    json_put_text(*out, "media", plan_media[rendition->media]);
    json_put_text(*out, "compat_id", rendition->compat);
    (void)json_object_set_new(*out, "tracks", tracks);
    (void)json_object_set_new(*out, "bridges", bridges);
    for (size_t i = 0; i < cut->composition->asset_count && ret >= 0; i++)
        ret = track_read(db, &rendition->tracks[i], tracks, err);
    if (ret >= 0)
        ret = bridges_read(db, cut, rendition->media == 1 ? "sound_bridge" : "bridge",
                           rendition->id, bridges, err);
    if (ret < 0) {
        json_decref(*out);
        *out = NULL;
    }
    return ret < 0 ? ret : SPN_OK;
}

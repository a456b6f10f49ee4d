/* watch.c - the front page's list. */
#include "watch.h"

#include <stdio.h>
#include <string.h>

#include "cut/cut.h"
#include "ingest.h"
#include "json.h"

#include "sampan/time.h"

static int64_t member_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* A cut's sheets have one tile each: the middle one, where every asset has tiles. */
static json_t *cut_poster_json(const char *id, const char *plan_text, int64_t frames)
{
    json_t *plan = json_of(plan_text);
    int64_t interval = member_of(json_object_get(plan, "plan"), "interval_frames");
    json_t *poster = json_null();
    int64_t tiles, middle;
    char url[128];

    json_decref(plan);
    if (interval < 1 || frames < 1)
        return poster;
    tiles = (frames + interval - 1) / interval;
    middle = (tiles - 1) / 2 + 1;
    poster = json_object();
    (void)snprintf(url, sizeof(url), "/v/%s/sheet/%lld.jpg", id, (long long)middle);
    json_put_text(poster, "sheet", url);
    json_put_number(poster, "columns", 1);
    json_put_number(poster, "rows", 1);
    json_put_number(poster, "tile", 0);
    return poster;
}

/* The tile in the middle of the first sheet: where it is, as numbers that a page can cut it out by.
 */
static json_t *poster_json(const char *id, const char *plan_text, const char *facts_text)
{
    json_t *plan = json_of(plan_text), *facts = json_of(facts_text), *poster = NULL;
    const json_t *board = json_object_get(plan, "storyboard");
    int64_t columns = member_of(board, "columns"), rows = member_of(board, "rows");
    int64_t tiles = (int64_t)json_array_size(json_object_get(facts, "tiles"));
    char url[128];

    if (tiles > 0 && columns > 0 && rows > 0) {
        if (tiles > columns * rows)
            tiles = columns * rows;
        poster = json_object();
        (void)snprintf(url, sizeof(url), "/v/%s/sheet/1.jpg", id);
        json_put_text(poster, "sheet", url);
        json_put_number(poster, "columns", columns);
        json_put_number(poster, "rows", (tiles + columns - 1) / columns);
        json_put_number(poster, "tile", tiles / 2);
    }
    json_decref(plan);
    json_decref(facts);
    return poster ? poster : json_null();
}

static json_t *publication_json(const struct rows *rows)
{
    json_t *publication = json_object();
    const char *id = rows_text(rows, 0);
    int64_t ms = 0;
    char url[128];

    json_put_text(publication, "id", id);
    json_put_text(publication, "cut", rows_text(rows, 7));
    (void)json_object_set_new(publication, "title", json_of(rows_text(rows, 1)));
    (void)spn_rescale(rows_number(rows, 2), rows_number(rows, 4) * 1000, rows_number(rows, 3),
                      SPN_NEAREST, &ms);
    json_put_number(publication, "duration_ms", ms);
    (void)snprintf(url, sizeof(url), "/v/%s/main.m3u8", id);
    json_put_text(publication, "hls", url);
    (void)snprintf(url, sizeof(url), "/v/%s/main.mpd", id);
    json_put_text(publication, "dash", url);
    (void)snprintf(url, sizeof(url), "/v/%s/chapters.vtt", id);
    json_put_text(publication, "chapters", rows_number(rows, 8) ? url : NULL);
    (void)json_object_set_new(publication, "poster",
                              rows_text(rows, 7)
                                  ? cut_poster_json(id, rows_text(rows, 5), rows_number(rows, 2))
                                  : poster_json(id, rows_text(rows, 5), rows_text(rows, 6)));
    return publication;
}

static int publications_read(struct db *db, json_t *out, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret = db_query(db,
                       "SELECT p.id, t.names, coalesce(a.frames, c.frames),"
                       " coalesce(a.rate_num, c.rate_num), coalesce(a.rate_den, c.rate_den),"
                       " coalesce(a.plan, (SELECT max(facts) FROM cut_file f WHERE f.cut = c.id"
                       "  AND f.kind = 'board' AND f.place = 0 AND (SELECT count(*) FROM cut_file b"
                       "  WHERE b.cut = c.id AND b.kind = 'board') ="
                       "  (SELECT count(*) FROM cut_asset u WHERE u.cut = c.id))), a.storyboard,"
                       " c.id, p.chapters"
                       " FROM publication p LEFT JOIN asset a ON a.hash = p.asset"
                       " LEFT JOIN cut c ON c.id = p.cut LEFT JOIN title t ON t.id = p.title"
                       " WHERE p.state = 'live' AND (a.hash IS NOT NULL OR c.id IS NOT NULL)"
                       " ORDER BY p.id DESC LIMIT $1",
                       DB_ARGS(db_number(WATCH_MAX)), &rows, err);

    if (ret < 0)
        return ret;
    while ((ret = rows_next(rows, err)) > 0)
        (void)json_array_insert_new(out, 0, publication_json(rows));
    rows_close(rows);
    return ret;
}

static int making_read(const struct instance *instance, struct db *db, json_t *out,
                       struct spn_error *err)
{
    static const char *const states[] = { "encoding", "examining" };

    for (size_t s = 0; s < 2; s++) {
        json_t *ingests = json_array(), *ingest;
        size_t i;
        int ret = ingest_list(instance, db, states[s], "~", WATCH_MAX, ingests, err);

        for (i = json_array_size(ingests); ret >= 0 && i-- > 0;) {
            json_t *making = json_object();
            const json_t *progress;

            ingest = json_array_get(ingests, i);
            progress = json_object_get(ingest, "progress");
            json_put_text(making, "name", json_string_value(json_object_get(ingest, "name")));
            json_put_text(making, "state", states[s]);
            json_put_number(making, "done", member_of(progress, "done"));
            json_put_number(making, "total", member_of(progress, "total"));
            (void)json_array_append_new(out, making);
        }
        json_decref(ingests);
        if (ret < 0)
            return ret;
    }
    return SPN_OK;
}

/* Cuts whose bridges are being made: jobs done, of how many. */
static int cuts_read(struct db *db, json_t *out, struct spn_error *err)
{
    json_t *cuts = json_array();
    const json_t *cut;
    int ret = cut_page(db, "building", "~", WATCH_MAX, cuts, err);

    for (size_t i = json_array_size(cuts); ret >= 0 && i-- > 0;) {
        json_t *making = json_object();
        const json_t *progress;

        cut = json_array_get(cuts, i);
        progress = json_object_get(cut, "progress");
        json_put_text(making, "name", json_string_value(json_object_get(cut, "name")));
        json_put_text(making, "state", "building");
        json_put_number(making, "done", member_of(progress, "done"));
        json_put_number(making, "total", member_of(progress, "total"));
        (void)json_array_append_new(out, making);
    }
    json_decref(cuts);
    return ret;
}

int watch_show(const struct instance *instance, struct db *db, json_t **out, struct spn_error *err)
{
    json_t *publications = json_array(), *making = json_array();
    int ret;

    *out = json_object();
    (void)json_object_set_new(*out, "publications", publications);
    (void)json_object_set_new(*out, "making", making);
    if ((ret = publications_read(db, publications, err)) < 0 ||
        (ret = making_read(instance, db, making, err)) < 0 ||
        (ret = cuts_read(db, making, err)) < 0) {
        json_decref(*out);
        *out = NULL;
    }
    return ret;
}

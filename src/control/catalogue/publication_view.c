/* publication_view.c - publications as people are shown them. */
#include <stdio.h>
#include <string.h>

#include "asset.h"
#include "json.h"
#include "listing.h"

#define PUBLICATION_COLUMNS                                                                        \
    "p.id, p.asset, p.title, p.state, p.created_ms, p.gone_ms, t.names,"                           \
    " coalesce(a.name, c.name), p.cut"
#define PUBLICATION_FROM                                                                           \
    " FROM publication p LEFT JOIN title t ON t.id = p.title LEFT JOIN asset a ON a.hash = "       \
    "p.asset"                                                                                      \
    " LEFT JOIN cut c ON c.id = p.cut"

static json_t *publication_json(const struct rows *rows)
{
    json_t *publication = json_object();
    const char *id = rows_text(rows, 0), *state = rows_text(rows, 3);
    int gone = strcmp(state, "gone") == 0;
    char url[128];

    json_put_text(publication, "id", id);
    json_put_text(publication, "asset", rows_text(rows, 1));
    json_put_text(publication, "cut", rows_text(rows, 8));
    json_put_text(publication, "title", rows_text(rows, 2));
    json_put_text(publication, "state", state);
    (void)json_object_set_new(publication, "names", json_of(rows_text(rows, 6)));
    json_put_text(publication, "name", rows_text(rows, 7));
    (void)snprintf(url, sizeof(url), "/v/%s/main.m3u8", id);
    json_put_text(publication, "hls", gone ? NULL : url);
    (void)snprintf(url, sizeof(url), "/v/%s/main.mpd", id);
    json_put_text(publication, "dash", gone ? NULL : url);
    json_put_time(publication, "created", rows_number(rows, 4));
    json_put_time(publication, "gone", rows_number(rows, 5));
    return publication;
}

static const struct listing listing = { "SELECT " PUBLICATION_COLUMNS PUBLICATION_FROM, "p.id",
                                        "publication", publication_json };

int publication_show(struct db *db, const char *id, json_t **out, struct spn_error *err)
{
    return listing_one(db, &listing, id, out, err);
}

int publication_list(struct db *db, const char *asset, const char *cursor, int limit, json_t *out,
                     struct spn_error *err)
{
    return listing_page(db, &listing, "p.asset", asset, cursor, limit, out, err);
}

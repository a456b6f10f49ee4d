/* title.c - titles and their names. */
#include "title.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "listing.h"

static const char *const kinds[] = { "movie", "series", "season", "episode", NULL };

int language_check(const char *tag, struct spn_error *err)
{
    size_t part = 0, parts = 0, length = strlen(tag);

    for (size_t i = 0; length <= LANGUAGE_MAX && i <= length; i++) {
        char c = tag[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (parts > 0 && c >= '0' && c <= '9'))
            part++;
        else if ((c == '-' || c == '\0') && part >= (parts == 0 ? 2 : 1) && part <= 8 &&
                 (parts > 0 || part <= 3 || c == '\0'))
            part = 0, parts++;
        else
            break;
        if (c == '\0')
            return SPN_OK;
    }
    return spn_error_set(err, SPN_EINVAL,
                         "\"%.40s\" is no language tag (BCP 47): write en, zh-Hans, pt-BR or und",
                         tag);
}

static int kind_check(const char *kind, const char *parent, struct spn_error *err)
{
    size_t i = 0;

    while (kinds[i] && strcmp(kinds[i], kind) != 0)
        i++;
    if (!kinds[i])
        return spn_error_set(err, SPN_EINVAL,
                             "\"kind\" is movie, series, season or episode, not \"%.40s\"", kind);
    if (i >= 2 && !parent)
        return spn_error_set(err, SPN_EINVAL, "a %s needs its \"parent\"", kind);
    if (i < 2 && parent)
        return spn_error_set(err, SPN_EINVAL, "a %s has no \"parent\"", kind);
    return SPN_OK;
}

int title_names_check(const json_t *names, struct spn_error *err)
{
    const char *language;
    json_t *name;
    int ret;

    if (json_object_size(names) == 0)
        return spn_error_set(err, SPN_EINVAL, "\"names\" needs a name in at least one language");
    if (json_object_size(names) > TITLE_NAMES)
        return spn_error_set(err, SPN_ELIMIT, "\"names\" has %zu languages, %d are the most",
                             json_object_size(names), TITLE_NAMES);
    json_object_foreach((json_t *)(uintptr_t)names, language, name)
    {
        if ((ret = language_check(language, err)) < 0)
            return ret;
        if (!json_is_string(name) || json_string_length(name) == 0 ||
            json_string_length(name) > TITLE_NAME_MAX)
            return spn_error_set(err, SPN_EINVAL, "the name in %s must have from 1 to %d bytes",
                                 language, TITLE_NAME_MAX);
    }
    return SPN_OK;
}

int title_create(const struct instance *instance, struct db *db, const char *kind,
                 const char *parent, int64_t place, const json_t *names, int64_t asked_ms, char *id,
                 struct spn_error *err)
{
    int64_t there = 1;
    char *text;
    int ret;

    if ((ret = kind_check(kind, parent, err)) < 0 || (ret = title_names_check(names, err)) < 0)
        return ret;
    if (parent && (ret = db_count(db, "SELECT 1 FROM title WHERE id = $1", DB_ARGS(db_text(parent)),
                                  0, &there, err)) < 0)
        return ret;
    if (!there)
        return spn_error_set(err, SPN_ENOENT, "there is no title %s to be the parent", parent);
    if (!(text = json_text(names)))
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    instance_id(instance, "title", asked_ms, 0, id);
    ret = db_run(db,
                 "INSERT INTO title (id, kind, parent, place, names, version, created_ms,"
                 " updated_ms) VALUES ($1, $2, $3, $4, $5, 1, $6, $6)",
                 DB_ARGS(db_text(id), db_text(kind), db_text(parent),
                         place < 0 ? db_text(NULL) : db_number(place), db_text(text),
                         db_number(asked_ms)),
                 NULL, err);
    free(text);
    return ret;
}

int title_ask(const struct instance *instance, struct db *db, const json_t *request, char *id,
              struct spn_error *err)
{
    static const char *const known[] = { "kind", "parent", "place", "names", NULL };
    const char *kind, *parent;
    int64_t place = -1;
    json_t *names;
    int ret;

    if ((ret = members_only(request, known, err)) < 0 ||
        (ret = member_text(request, "kind", 1, 16, "movie", &kind, err)) < 0 ||
        (ret = member_text(request, "parent", 0, SPN_ID_MAX, NULL, &parent, err)) < 0)
        return ret;
    if (json_object_get(request, "place") && !json_is_null(json_object_get(request, "place")) &&
        (ret = member_number(request, "place", 0, 1000000, 0, &place, err)) < 0)
        return ret;
    if ((ret = member_object(request, "names", 1, &names, err)) < 0)
        return ret;
    return title_create(instance, db, kind, parent, place, names, instance_now_ms(instance), id,
                        err);
}

#define TITLE_COLUMNS "id, kind, parent, place, names, created_ms, updated_ms, version"

static json_t *title_json(const struct rows *rows)
{
    json_t *title = json_object();

    json_put_text(title, "id", rows_text(rows, 0));
    json_put_text(title, "kind", rows_text(rows, 1));
    json_put_text(title, "parent", rows_text(rows, 2));
    if (rows_null(rows, 3))
        (void)json_object_set_new(title, "place", json_null());
    else
        json_put_number(title, "place", rows_number(rows, 3));
    (void)json_object_set_new(title, "names", json_of(rows_text(rows, 4)));
    json_put_time(title, "created", rows_number(rows, 5));
    json_put_time(title, "updated", rows_number(rows, 6));
    return title;
}

int title_show(struct db *db, const char *id, json_t **out, int64_t *version, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    *out = NULL;
    if ((ret = db_query(db, "SELECT " TITLE_COLUMNS " FROM title WHERE id = $1",
                        DB_ARGS(db_text(id)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        *out = title_json(rows);
        if (version)
            *version = rows_number(rows, 7);
    }
    rows_close(rows);
    return ret == 0 ? spn_error_set(err, SPN_ENOENT, "there is no title %s", id) : ret;
}

static const struct listing listing = { "SELECT " TITLE_COLUMNS " FROM title", "id", "title",
                                        title_json };

int title_list(struct db *db, const char *parent, const char *cursor, int limit, json_t *out,
               struct spn_error *err)
{
    return listing_page(db, &listing, "parent", parent, cursor, limit, out, err);
}

int title_change(const struct instance *instance, struct db *db, const char *id,
                 const json_t *change, struct spn_error *err)
{
    static const char *const known[] = { "names", "place", NULL };
    json_t *title = NULL, *names, *changes, *name;
    const char *language;
    int64_t place;
    char *text = NULL;
    int ret;

    if ((ret = members_only(change, known, err)) < 0 ||
        (ret = member_object(change, "names", 0, &changes, err)) < 0 ||
        (ret = title_show(db, id, &title, NULL, err)) < 0)
        return ret;
    names = json_object_get(title, "names");
    json_object_foreach(changes, language, name)
    {
        if (json_is_null(name))
            (void)json_object_del(names, language);
        else
            (void)json_object_set(names, language, name);
    }
    place = json_is_null(json_object_get(title, "place"))
                ? -1
                : json_integer_value(json_object_get(title, "place"));
    if ((ret = title_names_check(names, err)) < 0 ||
        (json_object_get(change, "place") &&
         (ret = member_number(change, "place", 0, 1000000, 0, &place, err)) < 0))
        goto done;
    if (!(text = json_text(names))) {
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
        goto done;
    }
    ret = db_run(db,
                 "UPDATE title SET names = $2, place = $3, version = version + 1, updated_ms = $4"
                 " WHERE id = $1",
                 DB_ARGS(db_text(id), db_text(text), place < 0 ? db_text(NULL) : db_number(place),
                         db_number(instance_now_ms(instance))),
                 NULL, err);

done:
    free(text);
    json_decref(title);
    return ret;
}

int title_delete(struct db *db, const char *id, struct spn_error *err)
{
    int64_t count = 0, changed = 0;
    int ret;

    if ((ret = db_count(db, "SELECT count(*) FROM title WHERE parent = $1", DB_ARGS(db_text(id)), 0,
                        &count, err)) < 0)
        return ret;
    if (count > 0)
        return spn_error_set(err, SPN_ECONFLICT,
                             "%lld titles are below %s; delete or move them first",
                             (long long)count, id);
    if ((ret = db_count(db,
                        "SELECT count(*) FROM publication WHERE title = $1"
                        " AND state IN ('making', 'live')",
                        DB_ARGS(db_text(id)), 0, &count, err)) < 0)
        return ret;
    if (count > 0)
        return spn_error_set(err, SPN_ECONFLICT,
                             "%lld live publications show %s; withdraw them first",
                             (long long)count, id);
    if ((ret = db_run(db, "DELETE FROM title WHERE id = $1", DB_ARGS(db_text(id)), &changed, err)) <
        0)
        return ret;
    return changed ? SPN_OK : spn_error_set(err, SPN_ENOENT, "there is no title %s", id);
}

int title_abandon(struct db *db, const char *id, struct spn_error *err)
{
    return db_run(db,
                  "DELETE FROM title WHERE id = $1 AND version = 1"
                  " AND NOT EXISTS (SELECT 1 FROM title below WHERE below.parent = $1)"
                  " AND NOT EXISTS (SELECT 1 FROM publication WHERE title = $1)"
                  " AND NOT EXISTS (SELECT 1 FROM cut WHERE title = $1)"
                  " AND NOT EXISTS (SELECT 1 FROM ingest WHERE title = $1)",
                  DB_ARGS(db_text(id)), NULL, err);
}

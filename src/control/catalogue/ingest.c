/* ingest.c - make, retry and cancel ingests. */
#include "ingest.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "title.h"
#include "upload/upload.h"
#include "work/job.h"

#include "sampan/time.h"

#define EXAMINE_MEMORY_MB 200
#define SUBTITLES_MAX     64
#define NAME_MAX_BYTES    1024
#define RATE_BYTES        40 /* of a rate as it is written: NUM/DEN, or a decimal */

struct ask {
    const struct instance *instance;
    struct db *db;
    const char *id;
    int may_path;
};

/* "path" or "upload" of object becomes a path (owned) and a name. */
static int ask_file(const struct ask *ask, const json_t *object, char **path, char **name,
                    int *uploaded, struct spn_error *err)
{
    const char *given, *upload, *called;
    char where[SPN_PATH_MAX], what[UPLOAD_NAME_MAX];
    int ret;

    *path = *name = NULL;
    if ((ret = member_text(object, "path", 0, SPN_PATH_MAX - 1, NULL, &given, err)) < 0 ||
        (ret = member_text(object, "upload", 0, SPN_ID_MAX, NULL, &upload, err)) < 0 ||
        (ret = member_text(object, "name", 0, NAME_MAX_BYTES, NULL, &called, err)) < 0)
        return ret;
    if (!given == !upload)
        return spn_error_set(err, SPN_EINVAL,
                             "say where the file is: either \"path\" or \"upload\"");
    *uploaded = upload != NULL;
    if (upload) {
        if ((ret = upload_take(ask->instance, ask->db, upload, ask->id, where, what, err)) < 0)
            return ret;
        given = where;
        called = called ? called : what;
    } else if (!ask->may_path) {
        return spn_error_set(err, SPN_EACCES,
                             "only an owner may name a path of this machine; upload the file");
    } else if (given[0] != '/') {
        return spn_error_set(err, SPN_EINVAL, "the path %s must begin with /", given);
    }
    if (!called || !*called)
        called = strrchr(given, '/') + 1;
    *path = strdup(given);
    *name = strdup(called);
    return *path && *name ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "out of memory");
}

static int ask_subtitles(const struct ask *ask, const json_t *request, json_t *spec,
                         struct spn_error *err)
{
    static const char *const known[] = { "path", "upload", "name", "language", NULL };
    json_t *list, *out = json_array();
    const json_t *item;
    size_t i;
    int ret;

    (void)json_object_set_new(spec, "subtitles", out);
    if ((ret = member_array(request, "subtitles", 0, SUBTITLES_MAX, &list, err)) < 0)
        return ret;
    json_array_foreach(list, i, item)
    {
        char *path = NULL, *name = NULL;
        const char *language;
        json_t *subtitle;
        int uploaded;

        if (!json_is_object(item))
            return spn_error_set(err, SPN_EINVAL, "each of \"subtitles\" must be an object");
        if ((ret = members_only(item, known, err)) < 0 ||
            (ret = member_text(item, "language", 0, LANGUAGE_MAX, "und", &language, err)) < 0 ||
            (ret = language_check(language, err)) < 0)
            return ret;
        ret = ask_file(ask, item, &path, &name, &uploaded, err);
        if (ret >= 0) {
            subtitle = json_object();
            json_put_text(subtitle, "path", path);
            json_put_text(subtitle, "name", name);
            json_put_text(subtitle, "language", language);
            (void)json_array_append_new(out, subtitle);
        }
        free(path);
        free(name);
        if (ret < 0)
            return ret;
    }
    return SPN_OK;
}

static int ask_options(const json_t *request, json_t *spec, struct spn_error *err)
{
    static const char *const known[] = { "fields", "rate", "ladder", "audio_languages", NULL };
    json_t *options, *languages, *copy = json_object(), *ladder;
    const char *key, *rate;
    struct spn_rate parsed;
    json_t *value;
    int ret, fields;

    (void)json_object_set_new(spec, "options", copy);
    if ((ret = member_object(request, "options", 0, &options, err)) < 0 ||
        (options && (ret = members_only(options, known, err)) < 0) ||
        (ret = member_flag(options, "fields", 0, &fields, err)) < 0 ||
        (ret = member_text(options, "rate", 0, RATE_BYTES, NULL, &rate, err)) < 0 ||
        (rate && (ret = spn_rate_parse(rate, &parsed, err)) < 0) ||
        (ret = member_object(request, "audio_languages", 0, &languages, err)) < 0)
        return ret;
    if (rate && fields)
        return spn_error_set(err, SPN_EINVAL,
                             "\"fields\" doubles the source's own rate, \"rate\" takes another: "
                             "leave one of them out");
    if (!languages && (ret = member_object(options, "audio_languages", 0, &languages, err)) < 0)
        return ret;
    json_object_foreach(languages, key, value)
    {
        if (strspn(key, "0123456789") != strlen(key) || !*key || strlen(key) > 4 ||
            !json_is_string(value))
            return spn_error_set(err, SPN_EINVAL,
                                 "\"audio_languages\" is {\"1\": \"zh\", …}: the number of the "
                                 "stream, and its language");
        if ((ret = language_check(json_string_value(value), err)) < 0)
            return ret;
    }
    ladder = json_object_get(options, "ladder");
    (void)json_object_set_new(copy, "fields", json_boolean(fields));
    (void)json_object_set_new(copy, "rate", rate ? json_string(rate) : json_null());
    (void)json_object_set_new(copy, "audio_languages",
                              languages ? json_deep_copy(languages) : json_object());
    (void)json_object_set_new(copy, "ladder", ladder ? json_deep_copy(ladder) : json_null());
    return SPN_OK;
}

/* What it is called: a title that is there, or in *names (owned) what a new one will be. */
static int ask_title(const struct ask *ask, const json_t *request, char title[SPN_ID_MAX],
                     json_t **names, struct spn_error *err)
{
    const char *asked;
    int64_t there = 0;
    json_t *given;
    int ret;

    title[0] = '\0';
    *names = NULL;
    if ((ret = member_text(request, "title", 0, TITLE_NAME_MAX, NULL, &asked, err)) < 0 ||
        (ret = member_object(request, "names", 0, &given, err)) < 0 || (!asked && !given))
        return ret;
    if (asked && given)
        return spn_error_set(err, SPN_EINVAL,
                             "say what it is called by either \"title\" or \"names\"");
    if (asked && spn_id_check("title", asked, strlen(asked)) >= 0) {
        memcpy(title, asked, strlen(asked) + 1);
        if ((ret = db_count(ask->db, "SELECT 1 FROM title WHERE id = $1", DB_ARGS(db_text(asked)),
                            0, &there, err)) < 0)
            return ret;
        return there ? SPN_OK : spn_error_set(err, SPN_ENOENT, "there is no title %s", asked);
    }
    if (given) {
        *names = json_incref(given);
    } else {
        *names = json_object();
        json_put_text(*names, "und", asked); /* nobody said in which language */
    }
    return title_names_check(*names, err);
}

static int ask_spec(const struct ask *ask, const json_t *request, json_t *spec, int *remove,
                    struct spn_error *err)
{
    char *path = NULL, *name = NULL;
    const char *keep;
    int ret, uploaded = 0;

    json_put_text(spec, "ingest", ask->id);
    if ((ret = member_text(request, "keep", 0, 8, "copy", &keep, err)) < 0)
        return ret;
    if (strcmp(keep, "copy") != 0 && strcmp(keep, "link") != 0 && strcmp(keep, "move") != 0)
        return spn_error_set(err, SPN_EINVAL, "\"keep\" is copy, link or move, not \"%s\"", keep);
    if ((ret = ask_file(ask, request, &path, &name, &uploaded, err)) < 0)
        goto done;
    if (uploaded)
        keep = "move";
    json_put_text(spec, "path", path);
    json_put_text(spec, "name", name);
    json_put_text(spec, "keep", keep);
    *remove = strcmp(keep, "move") == 0 && !uploaded;
    if (!json_object_get(spec, "name")) {
        ret = spn_error_set(err, SPN_EINVAL, "the name of the file is not UTF-8; give a \"name\"");
        goto done;
    }
    if ((ret = ask_subtitles(ask, request, spec, err)) >= 0)
        ret = ask_options(request, spec, err);

done:
    free(path);
    free(name);
    return ret;
}

int ingest_create(const struct instance *instance, struct db *db, const json_t *request,
                  int may_path, char *id, struct spn_error *err)
{
    static const char *const known[] = { "path",    "upload",          "keep",      "name",
                                         "title",   "audio_languages", "subtitles", "publish",
                                         "options", "names",           NULL };
    int64_t now_ms = instance_now_ms(instance);
    struct ask ask = { instance, db, id, may_path };
    struct job_new job = {
        .kind = "examine", .ingest = id, .memory_mb = EXAMINE_MEMORY_MB, .number = 1
    };
    json_t *spec = json_object(), *names = NULL;
    char title[SPN_ID_MAX], *text = NULL, *kept = NULL;
    int ret, publish, remove = 0;

    instance_id(instance, "ingest", now_ms, 0, id);
    if ((ret = members_only(request, known, err)) < 0 ||
        (ret = member_flag(request, "publish", 0, &publish, err)) < 0 ||
        (ret = ask_spec(&ask, request, spec, &remove, err)) < 0 ||
        (ret = ask_title(&ask, request, title, &names, err)) < 0)
        goto done;
    text = json_text(spec);
    if (names) /* for ingest_title(): not the worker's business */
        (void)json_object_set(spec, "names", names);
    kept = json_text(spec);
    if (!text || !kept) {
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
        goto done;
    }
    if ((ret = db_run(
             db,
             "INSERT INTO ingest (id, state, name, request, title, publish, remove_path,"
             " created_ms, updated_ms) VALUES ($1, 'examining', $2, $3, $4, $5, $6, $7,"
             " $7)",
             DB_ARGS(db_text(id), db_text(json_string_value(json_object_get(spec, "name"))),
                     db_text(kept), db_text(title[0] ? title : NULL), db_number(publish),
                     db_text(remove ? json_string_value(json_object_get(spec, "path")) : NULL),
                     db_number(now_ms)),
             NULL, err)) < 0)
        goto done;
    job.spec = text;
    ret = job_make(instance, db, &job, now_ms, err);

done:
    free(text);
    free(kept);
    json_decref(names);
    json_decref(spec);
    return ret;
}

int ingest_title(const struct instance *instance, struct db *db, const char *id,
                 const json_t *request, struct spn_error *err)
{
    const json_t *names = json_object_get(request, "names");
    struct rows *rows = NULL;
    char title[SPN_ID_MAX];
    int64_t created_ms = 0;
    int ret, wanted = 0;

    if (!names)
        return SPN_OK;
    if ((ret = db_query(db, "SELECT title, created_ms FROM ingest WHERE id = $1",
                        DB_ARGS(db_text(id)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        wanted = rows_null(rows, 0);
        created_ms = rows_number(rows, 1);
    }
    rows_close(rows);
    if (ret < 0 || !wanted)
        return ret < 0 ? ret : SPN_OK;
    if ((ret = title_create(instance, db, "movie", NULL, -1, names, created_ms, title, err)) < 0)
        return ret;
    return db_run(db, "UPDATE ingest SET title = $2 WHERE id = $1",
                  DB_ARGS(db_text(id), db_text(title)), NULL, err);
}

/* The title that an ingest made goes with it, unless it is used or was changed meanwhile. */
static int ingest_untitle(struct db *db, const char *id, struct spn_error *err)
{
    struct rows *rows = NULL;
    char title[SPN_ID_MAX] = "";
    json_t *request = NULL;
    int ret;

    if ((ret = db_query(db, "SELECT title, request FROM ingest WHERE id = $1", DB_ARGS(db_text(id)),
                        &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0 && !rows_null(rows, 0)) {
        (void)strncpy(title, rows_text(rows, 0), sizeof(title) - 1);
        request = json_of(rows_text(rows, 1));
    }
    rows_close(rows);
    if (ret > 0 && title[0] && json_object_get(request, "names") &&
        (ret = db_run(db, "UPDATE ingest SET title = NULL WHERE id = $1", DB_ARGS(db_text(id)),
                      NULL, err)) >= 0)
        ret = title_abandon(db, title, err);
    json_decref(request);
    return ret < 0 ? ret : SPN_OK;
}

struct state {
    char state[16];
    char asset[SPN_HASH_HEX + 1];
};

static int ingest_state(struct db *db, const char *id, struct state *out, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    memset(out, 0, sizeof(*out));
    if ((ret = db_query(db, "SELECT state, asset FROM ingest WHERE id = $1", DB_ARGS(db_text(id)),
                        &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        (void)strncpy(out->state, rows_text(rows, 0), sizeof(out->state) - 1);
        if (rows_text(rows, 1))
            (void)strncpy(out->asset, rows_text(rows, 1), sizeof(out->asset) - 1);
    }
    rows_close(rows);
    return ret == 0 ? spn_error_set(err, SPN_ENOENT, "there is no ingest %s", id) : ret;
}

/* An id out of a statement with one argument; "" when there is no row. */
static int id_query(struct db *db, const char *sql, const char *arg, char id[SPN_ID_MAX],
                    struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    id[0] = '\0';
    if ((ret = db_query(db, sql, DB_ARGS(db_text(arg)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0)
        (void)strncpy(id, rows_text(rows, 0), SPN_ID_MAX - 1);
    rows_close(rows);
    return ret < 0 ? ret : SPN_OK;
}

int ingest_retry(const struct instance *instance, struct db *db, const char *id,
                 struct spn_error *err)
{
    struct state state;
    char job[SPN_ID_MAX];
    int ret, count = 0;

    if ((ret = ingest_state(db, id, &state, err)) < 0)
        return ret;
    if (strcmp(state.state, "failed") != 0 && strcmp(state.state, "refused") != 0)
        return spn_error_set(err, SPN_ECONFLICT,
                             "the ingest %s is %s; only one that failed can be tried again", id,
                             state.state);
    for (;; count++) { /* every job that failed */
        if ((ret = id_query(db,
                            state.asset[0] ? "SELECT id FROM job WHERE asset = $1"
                                             " AND state = 'failed' ORDER BY id LIMIT 1"
                                           : "SELECT id FROM job WHERE ingest = $1"
                                             " AND state IN ('failed', 'done') ORDER BY id LIMIT 1",
                            state.asset[0] ? state.asset : id, job, err)) < 0)
            return ret;
        if (!job[0])
            break;
        if (!state.asset[0]) { /* examine it again, also where what followed was refused */
            if ((ret = db_run(db, "UPDATE job SET state = 'failed' WHERE id = $1",
                              DB_ARGS(db_text(job)), NULL, err)) < 0)
                return ret;
        }
        if ((ret = job_retry(instance, db, job, err)) < 0)
            return ret;
    }
    if (count > 0)
        return SPN_OK;
    /* Everything is encoded: what failed was its publication. */
    return db_run(db,
                  "UPDATE ingest SET state = 'encoding', publication = NULL, error_code = NULL,"
                  " error_text = NULL, updated_ms = $2 WHERE id = $1",
                  DB_ARGS(db_text(id), db_number(instance_now_ms(instance))), NULL, err);
}

/* The asset that only this ingest wanted goes with its jobs; what is on disk is left to gc. */
static int asset_abandon(struct db *db, const char *asset, struct spn_error *err)
{
    int64_t wanted = 0;
    int ret;

    if ((ret = db_count(db,
                        "SELECT count(*) FROM ingest WHERE asset = $1"
                        " AND state IN ('encoding', 'ready')",
                        DB_ARGS(db_text(asset)), 0, &wanted, err)) < 0 ||
        wanted > 0 ||
        (ret = db_count(db, "SELECT count(*) FROM publication WHERE asset = $1",
                        DB_ARGS(db_text(asset)), 0, &wanted, err)) < 0 ||
        wanted > 0)
        return ret;
    if ((ret = db_run(db, "DELETE FROM job WHERE asset = $1", DB_ARGS(db_text(asset)), NULL, err)) <
            0 ||
        (ret = db_run(db, "DELETE FROM rendition WHERE asset = $1", DB_ARGS(db_text(asset)), NULL,
                      err)) < 0)
        return ret;
    return db_run(db, "DELETE FROM asset WHERE hash = $1 AND state <> 'ready'",
                  DB_ARGS(db_text(asset)), NULL, err);
}

int ingest_cancel(const struct instance *instance, struct db *db, const char *id,
                  struct spn_error *err)
{
    struct state state;
    int ret;

    if ((ret = ingest_state(db, id, &state, err)) < 0)
        return ret;
    if (strcmp(state.state, "ready") != 0 && (ret = ingest_untitle(db, id, err)) < 0)
        return ret;
    if (strcmp(state.state, "examining") != 0 && strcmp(state.state, "encoding") != 0) {
        if ((ret = db_run(db, "DELETE FROM job WHERE ingest = $1", DB_ARGS(db_text(id)), NULL,
                          err)) < 0)
            return ret;
        return db_run(db, "DELETE FROM ingest WHERE id = $1", DB_ARGS(db_text(id)), NULL, err);
    }
    if ((ret = db_run(db,
                      "UPDATE ingest SET state = 'canceled', remove_path = NULL, updated_ms = $2"
                      " WHERE id = $1",
                      DB_ARGS(db_text(id), db_number(instance_now_ms(instance))), NULL, err)) < 0 ||
        (ret = db_run(db,
                      "UPDATE job SET state = 'canceled', available_ms = NULL"
                      " WHERE ingest = $1 AND state NOT IN ('done', 'failed')",
                      DB_ARGS(db_text(id)), NULL, err)) < 0)
        return ret;
    return state.asset[0] ? asset_abandon(db, state.asset, err) : SPN_OK;
}

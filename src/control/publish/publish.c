/* publish.c - rows and files of publications, in the order that survives a crash. */
#include "publish.h"

#include <stdio.h>
#include <string.h>

#include "build.h"
#include "cut/cut_verify.h"
#include "sampan/publication.h"
#include "store/blob.h"

/* One that shows asset as it is now; empty when there is none. */
static int publication_current(struct db *db, const char *asset, const char *title,
                               char id[SPN_ID_MAX], int *live, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    id[0] = '\0';
    if ((ret = db_query(db,
                        "SELECT p.id, p.state FROM publication p JOIN asset a ON a.hash = p.asset"
                        " WHERE p.asset = $1 AND p.state IN ('making', 'live')"
                        " AND coalesce(p.title, '') = $2 AND p.created_ms >= a.ready_ms"
                        " ORDER BY p.id LIMIT 1",
                        DB_ARGS(db_text(asset), db_text(title ? title : "")), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        (void)strncpy(id, rows_text(rows, 0), SPN_ID_MAX - 1);
        *live = strcmp(rows_text(rows, 1), "live") == 0;
        ret = SPN_OK;
    }
    rows_close(rows);
    return ret;
}

static int publication_insert(const struct instance *instance, struct db *db, const char *asset,
                              const char *cut, const char *title, char *id, struct spn_error *err)
{
    int64_t now_ms = instance_now_ms(instance);

    instance_id(instance, "publication", now_ms, 0, id);
    return db_run(
        db,
        "INSERT INTO publication (id, asset, title, state, created_ms, cut)"
        " VALUES ($1, $2, $3, 'making', $4, $5)",
        DB_ARGS(db_text(id), db_text(asset), db_text(title), db_number(now_ms), db_text(cut)), NULL,
        err);
}

static int publish_one(const struct instance *instance, struct db *db, const char *asset,
                       const char *ingest, const char *title, struct spn_error *err)
{
    char id[SPN_ID_MAX] = "";
    int ret, live = 0;

    if ((ret = publication_current(db, asset, title, id, &live, err)) < 0)
        return ret;
    if (!id[0] && (ret = publication_insert(instance, db, asset, NULL, title, id, err)) < 0)
        return ret;
    return db_run(db,
                  live ? "UPDATE ingest SET publication = $2, state = 'ready' WHERE id = $1"
                       : "UPDATE ingest SET publication = $2 WHERE id = $1",
                  DB_ARGS(db_text(ingest), db_text(id)), NULL, err);
}

int publish_asked(const struct instance *instance, struct db *db, const char *asset,
                  struct spn_error *err)
{
    int ret;

    for (;;) { /* one after the other: a row is changed while none is being read */
        char ingest[SPN_ID_MAX] = "", title[SPN_ID_MAX] = "";
        struct rows *rows = NULL;

        if ((ret = db_query(db,
                            "SELECT id, title FROM ingest WHERE asset = $1 AND state = 'encoding'"
                            " AND publish = 1 AND publication IS NULL ORDER BY id LIMIT 1",
                            DB_ARGS(db_text(asset)), &rows, err)) < 0)
            return ret;
        if ((ret = rows_next(rows, err)) > 0) {
            (void)strncpy(ingest, rows_text(rows, 0), sizeof(ingest) - 1);
            if (rows_text(rows, 1))
                (void)strncpy(title, rows_text(rows, 1), sizeof(title) - 1);
        }
        rows_close(rows);
        if (ret <= 0)
            return ret;
        if ((ret = publish_one(instance, db, asset, ingest, title[0] ? title : NULL, err)) < 0)
            return ret;
    }
}

int publish_begin(const struct instance *instance, struct db *db, const char *asset,
                  const char *cut, const char *title, char *id, struct spn_error *err)
{
    const char *what = cut ? "cut" : "asset", *name = cut ? cut : asset;
    struct rows *rows = NULL;
    int64_t there = 1;
    int ret;

    if (title) {
        if ((ret = db_count(db, "SELECT 1 FROM title WHERE id = $1", DB_ARGS(db_text(title)), 0,
                            &there, err)) < 0)
            return ret;
        if (!there)
            return spn_error_set(err, SPN_ENOENT, "there is no title %s", title);
    }
    if ((ret = db_query(db,
                        cut ? "SELECT state FROM cut WHERE id = $1 /*pg FOR SHARE*/"
                            : "SELECT state FROM asset WHERE hash = $1 /*pg FOR SHARE*/",
                        DB_ARGS(db_text(name)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) == 0)
        ret = spn_error_set(err, SPN_ENOENT, "there is no %s %s", what, name);
    else if (ret > 0 && strcmp(rows_text(rows, 0), "draft") == 0)
        ret = spn_error_set(err, SPN_ECONFLICT,
                            "the cut %s is a draft; build it, then it can be published", name);
    else if (ret > 0 && strcmp(rows_text(rows, 0), "ready") != 0)
        ret = spn_error_set(err, SPN_ECONFLICT,
                            "the %s %s is %s; it can be published when it is ready", what, name,
                            rows_text(rows, 0));
    rows_close(rows);
    /* a bridge that fails verification is never published */
    if (ret >= 0 && cut && (ret = cut_verify_failed(db, cut, err)) > 0)
        ret = SPN_ECONFLICT;
    return ret < 0 ? ret : publication_insert(instance, db, asset, cut, title, id, err);
}

struct finish_body {
    const struct instance *instance;
    const char *id;
    const struct spn_error *why; /* NULL: it was made */
    int chapters;                /* it has some */
};

static int has_chapters(const struct spn_buffer *bytes)
{
    struct spn_publication *publication;
    int has = 0;

    if (spn_publication_open_memory(bytes->data, bytes->size, &publication, NULL) == SPN_OK)
        has = spn_publication_has_chapters(publication);
    spn_publication_close(publication);
    return has;
}

static int finish_run(struct db *db, void *opaque, struct spn_error *err)
{
    const struct finish_body *body = opaque;
    int64_t now_ms = instance_now_ms(body->instance);
    int ret;

    if (!body->why) {
        if ((ret = db_run(db,
                          "UPDATE publication SET state = 'live', chapters = $2 WHERE id = $1"
                          " AND state = 'making'",
                          DB_ARGS(db_text(body->id), db_number(body->chapters)), NULL, err)) < 0)
            return ret;
        return db_run(db,
                      "UPDATE ingest SET state = 'ready', updated_ms = $2 WHERE publication = $1"
                      " AND state = 'encoding'",
                      DB_ARGS(db_text(body->id), db_number(now_ms)), NULL, err);
    }
    if ((ret = db_run(db, "DELETE FROM publication WHERE id = $1 AND state = 'making'",
                      DB_ARGS(db_text(body->id)), NULL, err)) < 0)
        return ret;
    return db_run(db,
                  "UPDATE ingest SET state = 'failed', publication = NULL, error_code = $2,"
                  " error_text = $3, updated_ms = $4 WHERE publication = $1"
                  " AND state = 'encoding'",
                  DB_ARGS(db_text(body->id), db_text(spn_code_name(body->why->code)),
                          db_text(body->why->text), db_number(now_ms)),
                  NULL, err);
}

/* of (may be NULL): the asset or the cut that it shows, SPN_HASH_HEX + 1 bytes. */
static int publication_state(struct db *db, const char *id, char state[16], char *of, int *is_cut,
                             struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    if ((ret =
             db_query(db, "SELECT state, coalesce(cut, asset), cut FROM publication WHERE id = $1",
                      DB_ARGS(db_text(id)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        (void)strncpy(state, rows_text(rows, 0), 15);
        state[15] = '\0';
        if (of) {
            (void)strncpy(of, rows_text(rows, 1), SPN_HASH_HEX);
            *is_cut = !rows_null(rows, 2);
        }
        ret = SPN_OK;
    } else if (ret == 0) {
        ret = spn_error_set(err, SPN_ENOENT, "there is no publication %s", id);
    }
    rows_close(rows);
    return ret;
}

/* May the same succeed later? */
static int passes(int code)
{
    return code == SPN_ENOSPC || code == SPN_EIO || code == SPN_EAGAIN || code == SPN_ENOMEM;
}

static int finish_locked(struct instance *instance, const char *id, struct spn_error *err)
{
    struct finish_body body = { instance, id, NULL, 0 };
    struct spn_buffer bytes = { 0 };
    char state[16], of[SPN_HASH_HEX + 1] = "";
    struct spn_error why = { 0 };
    struct db *db;
    int ret, is_cut = 0;

    if ((ret = store_db(instance->store, &db, err)) < 0)
        return ret;
    if ((ret = publication_state(db, id, state, of, &is_cut, err)) < 0) {
        if (ret == SPN_ENOENT && strcmp(instance->publish_failed, id) == 0) {
            ret = instance->publish_why.code;
            if (err)
                *err = instance->publish_why;
        }
        return ret;
    }
    if (strcmp(state, "making") != 0)
        return SPN_OK;
    ret = is_cut ? publication_build_cut(instance, db, id, of, &bytes, &why)
                 : publication_build(instance, db, id, of, &bytes, &why);
    if (ret >= 0)
        ret = blob_put(instance, BLOB_PUBLICATION, id, bytes.data, bytes.size, &why);
    body.chapters = ret >= 0 && has_chapters(&bytes);
    spn_buffer_finish(&bytes);
    if (ret < 0) {
        if (err)
            *err = why;
        if (passes(ret))
            return ret;
        body.why = &why;
        (void)snprintf(instance->publish_failed, sizeof(instance->publish_failed), "%.47s", id);
        instance->publish_why = why;
        (void)db_transact(db, finish_run, &body, NULL);
        instance_wake(instance);
        return ret;
    }
    if ((ret = db_transact(db, finish_run, &body, err)) >= 0)
        instance_wake(instance);
    return ret;
}

int publish_finish(struct instance *instance, const char *id, struct spn_error *err)
{
    int ret;

    (void)pthread_mutex_lock(&instance->publish_lock);
    ret = finish_locked(instance, id, err);
    (void)pthread_mutex_unlock(&instance->publish_lock);
    return ret;
}

int publish_all(struct instance *instance, struct spn_error *err)
{
    char last[SPN_ID_MAX] = "";
    struct db *db;
    int ret, count = 0, worst = SPN_OK;

    if ((ret = store_db(instance->store, &db, err)) < 0)
        return ret;
    for (;;) {
        struct rows *rows = NULL;

        if ((ret = db_query(db,
                            "SELECT id FROM publication WHERE state = 'making' AND id > $1"
                            " ORDER BY id LIMIT 1",
                            DB_ARGS(db_text(last)), &rows, err)) < 0)
            return ret;
        if ((ret = rows_next(rows, err)) > 0)
            (void)strncpy(last, rows_text(rows, 0), sizeof(last) - 1);
        rows_close(rows);
        if (ret <= 0)
            return ret < 0 ? ret : worst < 0 ? worst : count;
        if ((ret = publish_finish(instance, last, err)) < 0)
            worst = ret;
        else
            count++;
    }
}

int publish_withdraw(struct instance *instance, const char *id, struct spn_error *err)
{
    static const char text[] = "withdrawn\n";
    char state[16];
    struct db *db;
    int ret;

    if ((ret = store_db(instance->store, &db, err)) < 0)
        return ret;
    (void)pthread_mutex_lock(&instance->publish_lock); /* nobody makes it at the same time */
    if ((ret = publication_state(db, id, state, NULL, NULL, err)) < 0 || strcmp(state, "gone") == 0)
        goto done;
    if ((ret = blob_put(instance, BLOB_TOMBSTONE, id, text, strlen(text), err)) < 0)
        goto done;
    ret = db_run(db, "UPDATE publication SET state = 'gone', gone_ms = $2 WHERE id = $1",
                 DB_ARGS(db_text(id), db_number(instance_now_ms(instance))), NULL, err);

done:
    (void)pthread_mutex_unlock(&instance->publish_lock);
    return ret;
}

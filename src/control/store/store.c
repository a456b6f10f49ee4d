/* store.c - connections, one a thread; transactions; migrations. */
#include "store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend.h"

#define TRIES_MAX 8 /* of a transaction that the database asks to be run again */

struct store {
    const struct backend *backend;
    char *where;
    pthread_key_t key; /* a thread's struct db */
    pthread_mutex_t lock;
    struct db *all;
};

static void store_forget(struct store *store, struct db *db)
{
    struct db **at;

    (void)pthread_mutex_lock(&store->lock);
    for (at = &store->all; *at; at = &(*at)->next)
        if (*at == db) {
            *at = db->next;
            break;
        }
    (void)pthread_mutex_unlock(&store->lock);
}

static void thread_ended(void *opaque)
{
    struct db *db = opaque;

    store_forget(db->store, db);
    db->backend->disconnect(db);
}

int store_open(const char *where, struct store **out, struct spn_error *err)
{
    struct store *store = calloc(1, sizeof(*store));
    struct db *db;
    int ret;

    *out = NULL;
    if (!store)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    store->backend =
        strncmp(where, "postgresql://", 13) == 0 || strncmp(where, "postgres://", 11) == 0
            ? &backend_postgres
            : &backend_sqlite;
    store->where = strdup(where);
    if (!store->where || pthread_key_create(&store->key, thread_ended) != 0) {
        free(store->where);
        free(store);
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    }
    (void)pthread_mutex_init(&store->lock, NULL);
    if ((ret = store_db(store, &db, err)) < 0) {
        store_close(store);
        return ret;
    }
    *out = store;
    return SPN_OK;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    (void)pthread_key_delete(store->key);
    while (store->all) {
        struct db *db = store->all;

        store->all = db->next;
        db->backend->disconnect(db);
    }
    (void)pthread_mutex_destroy(&store->lock);
    free(store->where);
    free(store);
}

const char *store_kind(const struct store *store)
{
    return store->backend->name;
}

int store_db(struct store *store, struct db **out, struct spn_error *err)
{
    struct db *db = pthread_getspecific(store->key);
    int ret;

    *out = NULL;
    if (db && db->depth == 0 && !store->backend->usable(db)) {
        (void)pthread_setspecific(store->key, NULL);
        thread_ended(db);
        db = NULL;
    }
    if (!db) {
        if ((ret = store->backend->connect(store->where, &db, err)) < 0)
            return ret;
        db->backend = store->backend;
        db->store = store;
        (void)pthread_mutex_lock(&store->lock);
        db->next = store->all;
        store->all = db;
        (void)pthread_mutex_unlock(&store->lock);
        (void)pthread_setspecific(store->key, db);
    }
    *out = db;
    return SPN_OK;
}

static int transact_once(struct db *db, db_body *body, void *opaque, struct spn_error *err)
{
    int ret;

    if ((ret = db->backend->script(db, db->backend->begin, err)) < 0)
        return ret;
    db->depth++;
    ret = body(db, opaque, err);
    if (ret >= 0) {
        int done = db->backend->script(db, "COMMIT", err);

        if (done < 0)
            ret = done;
    }
    if (ret < 0)
        (void)db->backend->script(db, "ROLLBACK", NULL);
    db->depth--;
    return ret;
}

int db_transact(struct db *db, db_body *body, void *opaque, struct spn_error *err)
{
    int ret = SPN_EAGAIN;

    if (db->depth > 0)
        return body(db, opaque, err);
    for (int i = 0; i < TRIES_MAX; i++) {
        ret = transact_once(db, body, opaque, err);
        if (ret != SPN_EAGAIN || !db->backend->usable(db))
            break;
        (void)nanosleep(&(struct timespec){ 0, (1 + i) * 5000000L }, NULL);
    }
    return ret;
}

int db_query(struct db *db, const char *sql, const struct db_value *args, size_t count,
             struct rows **out, struct spn_error *err)
{
    return db->backend->query(db, sql, args, count, out, err);
}

int db_run(struct db *db, const char *sql, const struct db_value *args, size_t count,
           int64_t *changed, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    if ((ret = db->backend->query(db, sql, args, count, &rows, err)) < 0)
        return ret;
    while ((ret = rows_next(rows, err)) > 0)
        continue;
    if (changed)
        *changed = db->backend->changed(rows);
    rows_close(rows);
    return ret;
}

int db_count(struct db *db, const char *sql, const struct db_value *args, size_t count,
             int64_t missing, int64_t *out, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    if ((ret = db_query(db, sql, args, count, &rows, err)) < 0)
        return ret;
    ret = rows_next(rows, err);
    if (ret >= 0)
        *out = ret > 0 ? rows_number(rows, 0) : missing;
    rows_close(rows);
    return ret < 0 ? ret : SPN_OK;
}

int db_hold(struct db *db, enum db_lock lock, int alone, struct spn_error *err)
{
    return db->backend->hold(db, lock, alone, err);
}

int rows_next(struct rows *rows, struct spn_error *err)
{
    return rows->backend->next(rows, err);
}

const char *rows_text(const struct rows *rows, int column)
{
    return rows->backend->text(rows, column);
}

int64_t rows_number(const struct rows *rows, int column)
{
    return rows->backend->number(rows, column);
}

int rows_null(const struct rows *rows, int column)
{
    return rows->backend->text(rows, column) == NULL;
}

void rows_close(struct rows *rows)
{
    if (rows)
        rows->backend->close(rows);
}

/* ---- migrations ---- */

struct migrate {
    const char *copy;
    int64_t now_ms;
    int from, to;
};

static int migrate_version(struct db *db, int *out, struct spn_error *err)
{
    int64_t version = 0;
    int ret;

    if ((ret = db->backend->script(db,
                                   "CREATE TABLE IF NOT EXISTS migration (number BIGINT PRIMARY "
                                   "KEY, name TEXT NOT NULL, applied_ms BIGINT NOT NULL)",
                                   err)) < 0)
        return ret;
    ret = db_count(db, "SELECT coalesce(max(number), 0) FROM migration", DB_NONE, 0, &version, err);
    *out = (int)version;
    return ret;
}

static int migrate_look(struct db *db, void *opaque, struct spn_error *err)
{
    struct migrate *migrate = opaque;
    int ret;

    if ((ret = db_hold(db, DB_LOCK_MIGRATE, 1, err)) < 0)
        return ret;
    return migrate_version(db, &migrate->from, err);
}

static int migrate_run(struct db *db, void *opaque, struct spn_error *err)
{
    struct migrate *migrate = opaque;
    int ret;

    /* Another program may have been faster: what is there is asked again under the lock. */
    if ((ret = db_hold(db, DB_LOCK_MIGRATE, 1, err)) < 0 ||
        (ret = migrate_version(db, &migrate->to, err)) < 0)
        return ret;
    for (int i = 0; i < migration_count; i++) {
        if (migrations[i].number <= migrate->to)
            continue;
        if ((ret = db->backend->script(db, migrations[i].sql, err)) < 0 ||
            (ret =
                 db_run(db, "INSERT INTO migration (number, name, applied_ms) VALUES ($1, $2, $3)",
                        DB_ARGS(db_number(migrations[i].number), db_text(migrations[i].name),
                                db_number(migrate->now_ms)),
                        NULL, err)) < 0)
            return ret;
        migrate->to = migrations[i].number;
    }
    return SPN_OK;
}

int store_migrate(struct store *store, const char *copy, int64_t now_ms, int *from, int *to,
                  struct spn_error *err)
{
    struct migrate migrate = { copy, now_ms, 0, 0 };
    int newest = migrations[migration_count - 1].number;
    struct db *db;
    int ret;

    if ((ret = store_db(store, &db, err)) < 0 ||
        (ret = db_transact(db, migrate_look, &migrate, err)) < 0)
        return ret;
    if (migrate.from > newest)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "the database has schema %d, and this version of sampan knows only up "
                             "to %d; install the newer version again, or restore the copy made "
                             "before the change",
                             migrate.from, newest);
    migrate.to = migrate.from;
    if (migrate.from < newest) {
        if (migrate.from > 0 && copy && (ret = store->backend->copy(db, copy, err)) < 0)
            return ret;
        if ((ret = db_transact(db, migrate_run, &migrate, err)) < 0)
            return ret;
    }
    if (from)
        *from = migrate.from;
    if (to)
        *to = migrate.to;
    return SPN_OK;
}

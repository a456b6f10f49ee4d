/* sqlite.c - the store on SQLite: write-ahead log, synced at every commit. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

#define STATEMENTS_MAX 256 /* kept prepared, a connection; more are prepared each time */
#define BUSY_MS        10000

struct statement {
    const char *sql; /* compared by contents; borrowed: statements are string literals */
    sqlite3_stmt *stmt;
    int busy;
};

struct sqlite_db {
    struct db db;
    sqlite3 *handle;
    struct statement statements[STATEMENTS_MAX];
    size_t statement_count;
};

struct sqlite_rows {
    struct rows rows;
    struct sqlite_db *db;
    struct statement *statement; /* NULL: stmt is not kept */
    sqlite3_stmt *stmt;
    int64_t changed;
    int done;
};

static int sqlite_error(struct sqlite_db *db, int rc, struct spn_error *err)
{
    int code = SPN_EIO;

    switch (rc & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        code = SPN_EAGAIN;
        break;
    case SQLITE_FULL:
        code = SPN_ENOSPC;
        break;
    case SQLITE_NOMEM:
        code = SPN_ENOMEM;
        break;
    case SQLITE_CONSTRAINT:
        code = SPN_EEXIST;
        break;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        code = SPN_EFORMAT;
        break;
    default:
        break;
    }
    return spn_error_set(err, code, "the database: %s",
                         db && db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc));
}

static int sqlite_script(struct db *base, const char *sql, struct spn_error *err)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? SPN_OK : sqlite_error(db, rc, err);
}

static void sqlite_disconnect(struct db *base)
{
    struct sqlite_db *db = (struct sqlite_db *)base;

    for (size_t i = 0; i < db->statement_count; i++)
        (void)sqlite3_finalize(db->statements[i].stmt);
    (void)sqlite3_close(db->handle);
    free(db);
}

static int sqlite_connect(const char *where, struct db **out, struct spn_error *err)
{
    struct sqlite_db *db = calloc(1, sizeof(*db));
    int rc, ret;

    if (!db)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    rc = sqlite3_open_v2(where, &db->handle,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        ret = spn_error_set(err, SPN_EIO, "cannot open the database %s: %s", where,
                            db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc));
        sqlite_disconnect(&db->db);
        return ret;
    }
    (void)sqlite3_extended_result_codes(db->handle, 1);
    (void)sqlite3_busy_timeout(db->handle, BUSY_MS);
    if ((ret = sqlite_script(&db->db,
                             "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                             "PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384;"
                             "PRAGMA mmap_size = 268435456; PRAGMA temp_store = MEMORY",
                             err)) < 0) {
        sqlite_disconnect(&db->db);
        return ret;
    }
    *out = &db->db;
    return SPN_OK;
}

static int sqlite_usable(struct db *base)
{
    (void)base;
    return 1;
}

static int statement_take(struct sqlite_db *db, const char *sql, struct sqlite_rows *rows,
                          struct spn_error *err)
{
    struct statement *free_one = NULL;
    int rc;

    for (size_t i = 0; i < db->statement_count; i++) {
        struct statement *statement = &db->statements[i];

        if (!statement->busy && (statement->sql == sql || strcmp(statement->sql, sql) == 0)) {
            statement->busy = 1;
            rows->statement = statement;
            rows->stmt = statement->stmt;
            return SPN_OK;
        }
    }
    rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &rows->stmt, NULL);
    if (rc != SQLITE_OK)
        return sqlite_error(db, rc, err);
    if (db->statement_count < STATEMENTS_MAX) {
        free_one = &db->statements[db->statement_count++];
        free_one->sql = sqlite3_sql(rows->stmt);
        free_one->stmt = rows->stmt;
        free_one->busy = 1;
    }
    rows->statement = free_one;
    return SPN_OK;
}

static void sqlite_close(struct rows *base)
{
    struct sqlite_rows *rows = (struct sqlite_rows *)base;

    if (rows->statement) {
        (void)sqlite3_reset(rows->stmt);
        (void)sqlite3_clear_bindings(rows->stmt);
        rows->statement->busy = 0;
    } else {
        (void)sqlite3_finalize(rows->stmt);
    }
    free(rows);
}

static int statement_bind(struct sqlite_rows *rows, const struct db_value *args, size_t count)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; i < count && rc == SQLITE_OK; i++) {
        char name[24];
        int at;

        (void)snprintf(name, sizeof(name), "$%zu", i + 1);
        at = sqlite3_bind_parameter_index(rows->stmt, name);
        if (at == 0)
            continue;
        if (args[i].kind == DB_NUMBER)
            rc = sqlite3_bind_int64(rows->stmt, at, args[i].number);
        else if (args[i].kind == DB_TEXT)
            rc = sqlite3_bind_text(rows->stmt, at, args[i].text, -1, SQLITE_TRANSIENT);
        else
            rc = sqlite3_bind_null(rows->stmt, at);
    }
    return rc;
}

static int sqlite_query(struct db *base, const char *sql, const struct db_value *args, size_t count,
                        struct rows **out, struct spn_error *err)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    struct sqlite_rows *rows = calloc(1, sizeof(*rows));
    int rc, ret;

    *out = NULL;
    if (!rows)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    rows->rows.backend = &backend_sqlite;
    rows->db = db;
    if ((ret = statement_take(db, sql, rows, err)) < 0) {
        free(rows);
        return ret;
    }
    if ((rc = statement_bind(rows, args, count)) != SQLITE_OK) {
        ret = sqlite_error(db, rc, err);
        sqlite_close(&rows->rows);
        return ret;
    }
    *out = &rows->rows;
    return SPN_OK;
}

static int sqlite_next(struct rows *base, struct spn_error *err)
{
    struct sqlite_rows *rows = (struct sqlite_rows *)base;
    int rc;

    if (rows->done)
        return 0;
    rc = sqlite3_step(rows->stmt);
    if (rc == SQLITE_ROW)
        return 1;
    rows->done = 1;
    if (rc != SQLITE_DONE)
        return sqlite_error(rows->db, rc, err);
    rows->changed = sqlite3_changes64(rows->db->handle);
    return 0;
}

static const char *sqlite_text(const struct rows *base, int column)
{
    return (const char *)sqlite3_column_text(((const struct sqlite_rows *)base)->stmt, column);
}

static int64_t sqlite_number(const struct rows *base, int column)
{
    return sqlite3_column_int64(((const struct sqlite_rows *)base)->stmt, column);
}

static int64_t sqlite_changed(const struct rows *base)
{
    return ((const struct sqlite_rows *)base)->changed;
}

static int sqlite_hold(struct db *base, enum db_lock lock, int alone, struct spn_error *err)
{
    (void)base;
    (void)lock;
    (void)alone;
    (void)err;
    return SPN_OK; /* BEGIN IMMEDIATE has let in no other writer */
}

static int sqlite_copy(struct db *base, const char *path, struct spn_error *err)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    sqlite3 *to = NULL;
    sqlite3_backup *backup;
    int rc = sqlite3_open(path, &to);

    if (rc == SQLITE_OK) {
        backup = sqlite3_backup_init(to, "main", db->handle, "main");
        if (backup) {
            rc = sqlite3_backup_step(backup, -1);
            (void)sqlite3_backup_finish(backup);
            rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
        } else {
            rc = sqlite3_errcode(to);
        }
    }
    if (rc != SQLITE_OK)
        (void)spn_error_set(err, SPN_EIO, "cannot copy the database to %s before changing it: %s",
                            path, sqlite3_errstr(rc));
    (void)sqlite3_close(to);
    return rc == SQLITE_OK ? SPN_OK : SPN_EIO;
}

const struct backend backend_sqlite = {
    .name = "sqlite",
    .begin = "BEGIN IMMEDIATE",
    .connect = sqlite_connect,
    .disconnect = sqlite_disconnect,
    .usable = sqlite_usable,
    .script = sqlite_script,
    .query = sqlite_query,
    .hold = sqlite_hold,
    .copy = sqlite_copy,
    .next = sqlite_next,
    .text = sqlite_text,
    .number = sqlite_number,
    .changed = sqlite_changed,
    .close = sqlite_close,
};

/* postgres.c - the store on PostgreSQL 15: prepared statements, read committed, row locks. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

#define STATEMENTS_MAX 256 /* kept prepared, a connection; more are prepared each time */
#define ARGS_MAX       32

struct postgres_db {
    struct db db;
    PGconn *conn;
    char *statements[STATEMENTS_MAX]; /* the SQL as it was asked for; its name is its place */
    size_t statement_count;
};

struct postgres_rows {
    struct rows rows;
    PGresult *result;
    int at;
};

static int postgres_error(struct postgres_db *db, const PGresult *result, struct spn_error *err)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *text = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    int code = SPN_EIO;
    char lost[256];

    /* lost; serialization, deadlock, lock timeout, shutting down */
    if (!state || PQstatus(db->conn) == CONNECTION_BAD || strcmp(state, "40001") == 0 ||
        strcmp(state, "40P01") == 0 || strcmp(state, "55P03") == 0 || strncmp(state, "57P", 3) == 0)
        code = SPN_EAGAIN;
    else if (strncmp(state, "23", 2) == 0)
        code = SPN_EEXIST;
    else if (strcmp(state, "53100") == 0)
        code = SPN_ENOSPC;
    if (!text) {
        (void)snprintf(lost, sizeof(lost), "%s", PQerrorMessage(db->conn));
        lost[strcspn(lost, "\n")] = '\0';
        text = lost;
    }
    return spn_error_set(err, code, "the database: %s", text);
}

static void notice_ignore(void *opaque, const PGresult *result)
{
    (void)opaque;
    (void)result;
}

/* "/ *pg X* /" becomes "X"; other comments stay. The caller frees it. */
static char *marks_expand(const char *sql)
{
    char *out = strdup(sql);
    char *at = out;

    while (at && (at = strstr(at, "/*pg"))) {
        char *end = strstr(at, "*/");

        if (!end)
            break;
        memset(at, ' ', 4);
        memset(end, ' ', 2);
        at = end;
    }
    return out;
}

static int postgres_script(struct db *base, const char *sql, struct spn_error *err)
{
    struct postgres_db *db = (struct postgres_db *)base;
    char *expanded = marks_expand(sql);
    PGresult *result;
    int ret = SPN_OK;

    if (!expanded)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    result = PQexec(db->conn, expanded);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        ret = postgres_error(db, result, err);
    PQclear(result);
    free(expanded);
    return ret;
}

static void postgres_disconnect(struct db *base)
{
    struct postgres_db *db = (struct postgres_db *)base;

    for (size_t i = 0; i < db->statement_count; i++)
        free(db->statements[i]);
    PQfinish(db->conn);
    free(db);
}

static int postgres_connect(const char *where, struct db **out, struct spn_error *err)
{
    struct postgres_db *db = calloc(1, sizeof(*db));
    int ret;

    if (!db)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    db->conn = PQconnectdb(where);
    if (PQstatus(db->conn) != CONNECTION_OK) {
        char text[256];

        (void)snprintf(text, sizeof(text), "%s", PQerrorMessage(db->conn));
        text[strcspn(text, "\n")] = '\0';
        ret = spn_error_set(err, SPN_EAGAIN, "cannot reach the database: %s", text);
        postgres_disconnect(&db->db);
        return ret;
    }
    (void)PQsetNoticeReceiver(db->conn, notice_ignore, NULL);
    if ((ret = postgres_script(&db->db,
                               "SET lock_timeout = '10s'; SET statement_timeout = '60s';"
                               "SET idle_in_transaction_session_timeout = '60s';"
                               "SET client_min_messages = warning",
                               err)) < 0) {
        postgres_disconnect(&db->db);
        return ret;
    }
    *out = &db->db;
    return SPN_OK;
}

static int postgres_usable(struct db *base)
{
    return PQstatus(((struct postgres_db *)base)->conn) == CONNECTION_OK;
}

/* The name under which sql is prepared; "" when there was no room to keep one more. */
static int statement_name(struct postgres_db *db, const char *sql, char name[32],
                          struct spn_error *err)
{
    PGresult *result;
    char *expanded, *kept = NULL;
    int ret = SPN_OK;

    for (size_t i = 0; i < db->statement_count; i++)
        if (strcmp(db->statements[i], sql) == 0) {
            (void)snprintf(name, 32, "s%zu", i);
            return SPN_OK;
        }
    name[0] = '\0';
    if (db->statement_count < STATEMENTS_MAX && (kept = strdup(sql)))
        (void)snprintf(name, 32, "s%zu", db->statement_count);
    if (!(expanded = marks_expand(sql))) {
        free(kept);
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    }
    result = PQprepare(db->conn, name, expanded, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        ret = postgres_error(db, result, err);
        free(kept);
    } else if (kept) {
        db->statements[db->statement_count++] = kept;
    }
    PQclear(result);
    free(expanded);
    return ret;
}

static int postgres_query(struct db *base, const char *sql, const struct db_value *args,
                          size_t count, struct rows **out, struct spn_error *err)
{
    struct postgres_db *db = (struct postgres_db *)base;
    const char *values[ARGS_MAX];
    char numbers[ARGS_MAX][24];
    char name[32];
    struct postgres_rows *rows;
    PGresult *result;
    int ret;

    *out = NULL;
    if (count > ARGS_MAX)
        return spn_error_set(err, SPN_ELIMIT, "a statement has %zu parameters, %d are the most",
                             count, ARGS_MAX);
    for (size_t i = 0; i < count; i++) {
        values[i] = args[i].kind == DB_TEXT ? args[i].text : NULL;
        if (args[i].kind == DB_NUMBER) {
            (void)snprintf(numbers[i], sizeof(numbers[i]), "%lld", (long long)args[i].number);
            values[i] = numbers[i];
        }
    }
    if ((ret = statement_name(db, sql, name, err)) < 0)
        return ret;
    result = PQexecPrepared(db->conn, name, (int)count, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        ret = postgres_error(db, result, err);
        PQclear(result);
        return ret;
    }
    rows = calloc(1, sizeof(*rows));
    if (!rows) {
        PQclear(result);
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    }
    rows->rows.backend = &backend_postgres;
    rows->result = result;
    rows->at = -1;
    *out = &rows->rows;
    return SPN_OK;
}

static int postgres_next(struct rows *base, struct spn_error *err)
{
    struct postgres_rows *rows = (struct postgres_rows *)base;

    (void)err;
    return ++rows->at < PQntuples(rows->result);
}

static const char *postgres_text(const struct rows *base, int column)
{
    const struct postgres_rows *rows = (const struct postgres_rows *)base;

    return PQgetisnull(rows->result, rows->at, column) ? NULL
                                                       : PQgetvalue(rows->result, rows->at, column);
}

static int64_t postgres_number(const struct rows *base, int column)
{
    const char *text = postgres_text(base, column);

    return text ? strtoll(text, NULL, 10) : 0;
}

static int64_t postgres_changed(const struct rows *base)
{
    return strtoll(PQcmdTuples(((const struct postgres_rows *)base)->result), NULL, 10);
}

static void postgres_close(struct rows *base)
{
    struct postgres_rows *rows = (struct postgres_rows *)base;

    PQclear(rows->result);
    free(rows);
}

#define LOCK_SPACE 1396789358 /* "Sampan" among whoever else takes advisory locks here */

static int postgres_hold(struct db *base, enum db_lock lock, int alone, struct spn_error *err)
{
    return db_run(base,
                  alone ? "SELECT pg_advisory_xact_lock($1::int, $2::int)"
                        : "SELECT pg_advisory_xact_lock_shared($1::int, $2::int)",
                  DB_ARGS(db_number(LOCK_SPACE), db_number(lock)), NULL, err);
}

static int postgres_copy(struct db *base, const char *path, struct spn_error *err)
{
    (void)base;
    (void)path;
    return spn_error_set(err, SPN_EUNSUPPORTED,
                         "the database must be changed to a newer schema: make a copy with pg_dump "
                         "and then run sampan-control migrate");
}

const struct backend backend_postgres = {
    .name = "postgresql",
    .begin = "BEGIN",
    .connect = postgres_connect,
    .disconnect = postgres_disconnect,
    .usable = postgres_usable,
    .script = postgres_script,
    .query = postgres_query,
    .hold = postgres_hold,
    .copy = postgres_copy,
    .next = postgres_next,
    .text = postgres_text,
    .number = postgres_number,
    .changed = postgres_changed,
    .close = postgres_close,
};

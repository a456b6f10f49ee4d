/*
 * store.h - the database: SQLite in the data directory, or PostgreSQL, behind one interface.
 *
 * SQL is written once. Parameters are $1, $2, …; what only PostgreSQL understands stands in a
 * comment that begins with "pg": SELECT … LIMIT 1 / *pg FOR UPDATE SKIP LOCKED* / (without the
 * blanks), which SQLite skips and PostgreSQL is given. Numbers are BIGINT, everything else is TEXT.
 */
#ifndef CONTROL_STORE_H
#define CONTROL_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "sampan/error.h"

struct store; /* a database and every connection to it; any number of threads */
struct db;    /* one connection; belongs to the thread that asked for it */
struct rows;  /* what a query gives, one row at a time */

struct db_value {
    const char *text; /* borrowed until the call returns */
    int64_t number;
    enum { DB_NULL, DB_TEXT, DB_NUMBER } kind;
};

static inline struct db_value db_text(const char *text) /* NULL is SQL's NULL */
{
    return (struct db_value){ text, 0, text ? DB_TEXT : DB_NULL };
}

static inline struct db_value db_number(int64_t number)
{
    return (struct db_value){ NULL, number, DB_NUMBER };
}

#define DB_ARGS(...)                                                                               \
    (const struct db_value[]){ __VA_ARGS__ },                                                      \
        sizeof((const struct db_value[]){ __VA_ARGS__ }) / sizeof(struct db_value)
#define DB_NONE NULL, 0

/*
 * where: "postgresql://…" or "postgres://…", or the path of an SQLite file, which is made when it
 * is not there. Nothing is migrated. *out goes to store_close(), after every other thread that used
 * it has ended.
 */
int store_open(const char *where, struct store **out, struct spn_error *err);
void store_close(struct store *store);             /* NULL is allowed */
const char *store_kind(const struct store *store); /* "sqlite" or "postgresql" */

/* This thread's connection, made at its first call, closed when the thread ends. */
int store_db(struct store *store, struct db **out, struct spn_error *err);

/*
 * Bring the database to the newest schema, one transaction a step. Where one is needed and there is
 * something to lose, copy is written first (SQLite), or copied_by_hand must say so (PostgreSQL).
 * SPN_EUNSUPPORTED: the database is newer than this program. *from, *to: versions before and after.
 */
int store_migrate(struct store *store, const char *copy, int64_t now_ms, int *from, int *to,
                  struct spn_error *err);

/*
 * Run body in a transaction; rolled back when it fails. Where the database asks for another try
 * (deadlock, lock held too long), body is called again, so it must keep nothing of the time before.
 * A transaction inside a transaction is part of the outer one.
 */
typedef int db_body(struct db *db, void *opaque, struct spn_error *err);
int db_transact(struct db *db, db_body *body, void *opaque, struct spn_error *err);

/* A statement that gives rows. *out goes to rows_close(). */
int db_query(struct db *db, const char *sql, const struct db_value *args, size_t count,
             struct rows **out, struct spn_error *err);
/* A statement whose rows do not matter; *changed (may be NULL) is how many it touched. */
int db_run(struct db *db, const char *sql, const struct db_value *args, size_t count,
           int64_t *changed, struct spn_error *err);
/* The first column of the first row as a number; missing when there is no row. */
int db_count(struct db *db, const char *sql, const struct db_value *args, size_t count,
             int64_t missing, int64_t *out, struct spn_error *err);

/*
 * Hold name until the transaction ends: shared by many, or alone. SQLite's transactions are alone
 * anyway, there it does nothing.
 */
enum db_lock { DB_LOCK_FILES = 1, DB_LOCK_MIGRATE = 2 };
int db_hold(struct db *db, enum db_lock lock, int alone, struct spn_error *err);

int rows_next(struct rows *rows, struct spn_error *err);    /* 1: a row, 0: no more */
const char *rows_text(const struct rows *rows, int column); /* borrowed until the next; or NULL */
int64_t rows_number(const struct rows *rows, int column);   /* NULL is 0 */
int rows_null(const struct rows *rows, int column);
void rows_close(struct rows *rows); /* NULL is allowed */

#endif

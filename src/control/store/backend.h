/* backend.h - what a database must be able to do. For store/ alone. */
#ifndef CONTROL_BACKEND_H
#define CONTROL_BACKEND_H

#include "store.h"

struct backend {
    const char *name;
    const char *begin; /* a transaction that may write */
    int (*connect)(const char *where, struct db **out, struct spn_error *err);
    void (*disconnect)(struct db *db);
    int (*usable)(struct db *db); /* 0: the connection is lost */
    int (*script)(struct db *db, const char *sql, struct spn_error *err); /* many statements */
    int (*query)(struct db *db, const char *sql, const struct db_value *args, size_t count,
                 struct rows **out, struct spn_error *err);
    int (*hold)(struct db *db, enum db_lock lock, int alone, struct spn_error *err);
    int (*copy)(struct db *db, const char *path, struct spn_error *err);

    int (*next)(struct rows *rows, struct spn_error *err);
    const char *(*text)(const struct rows *rows, int column);
    int64_t (*number)(const struct rows *rows, int column);
    int64_t (*changed)(const struct rows *rows);
    void (*close)(struct rows *rows);
};

/* Both begin with this. */
struct db {
    const struct backend *backend;
    struct store *store;
    struct db *next;
    int depth; /* of transactions */
};

struct rows {
    const struct backend *backend;
};

extern const struct backend backend_sqlite;
extern const struct backend backend_postgres;

struct migration {
    int number;
    const char *name;
    const char *sql;
};
extern const struct migration migrations[];
extern const int migration_count;

#endif

/* test_store.c - what the store promises, on either database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "store/backend.h"
#include "store/store.h"
#include "work/job.h"

static int schema(struct fixture *f, int *from, int *to)
{
    return store_migrate(f->instance.store, NULL, f->now_ms, from, to, NULL);
}

static void migrated_once(void **state)
{
    struct fixture *f = *state;
    int from = 0, to = 0, newest = migrations[migration_count - 1].number;

    assert_int_equal(schema(f, &from, &to), SPN_OK);
    assert_int_equal(from, newest);
    assert_int_equal(to, newest);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM migration"), migration_count);
}

static void newer_refused(void **state)
{
    struct fixture *f = *state;
    struct spn_error err;

    sql_run(f, "INSERT INTO migration (number, name, applied_ms) VALUES (999, 'later', 0)");
    assert_int_equal(store_migrate(f->instance.store, NULL, 0, NULL, NULL, &err), SPN_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "schema 999"));
}

static void values_come_back(void **state)
{
    struct fixture *f = *state;
    struct rows *rows;

    sql_run(f, "CREATE TABLE t (a TEXT, b BIGINT, c TEXT)");
    assert_int_equal(db_run(f->db, "INSERT INTO t VALUES ($1, $2, $3)",
                            DB_ARGS(db_text("甄嬛'; --"), db_number(INT64_MIN), db_text(NULL)),
                            NULL, NULL),
                     SPN_OK);
    assert_int_equal(db_query(f->db, "SELECT a, b, c FROM t", DB_NONE, &rows, NULL), SPN_OK);
    assert_int_equal(rows_next(rows, NULL), 1);
    assert_string_equal(rows_text(rows, 0), "甄嬛'; --");
    assert_true(rows_number(rows, 1) == INT64_MIN);
    assert_true(rows_null(rows, 2));
    assert_false(rows_null(rows, 1));
    assert_int_equal(rows_next(rows, NULL), 0);
    assert_int_equal(rows_next(rows, NULL), 0);
    rows_close(rows);
}

static int fail_late(struct db *db, void *opaque, struct spn_error *err)
{
    (void)opaque;
    assert_int_equal(db_run(db, "INSERT INTO t VALUES (2)", DB_NONE, NULL, NULL), SPN_OK);
    return spn_error_set(err, SPN_EINVAL, "changed my mind");
}

static void nothing_is_left(void **state)
{
    struct fixture *f = *state;
    struct spn_error err;

    sql_run(f, "CREATE TABLE t (a BIGINT)");
    assert_int_equal(db_transact(f->db, fail_late, NULL, &err), SPN_EINVAL);
    assert_string_equal(err.text, "changed my mind");
    assert_int_equal(sql_number(f, "SELECT count(*) FROM t"), 0);
}

static int inner_then_fail(struct db *db, void *opaque, struct spn_error *err)
{
    db_body *body = (db_body *)opaque;

    (void)err;
    assert_int_equal(db_run(db, "INSERT INTO t VALUES (1)", DB_NONE, NULL, NULL), SPN_OK);
    return db_transact(db, body, NULL, err);
}

static void inner_is_part(void **state)
{
    struct fixture *f = *state;

    sql_run(f, "CREATE TABLE t (a BIGINT)");
    assert_int_equal(db_transact(f->db, inner_then_fail, (void *)fail_late, NULL), SPN_EINVAL);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM t"), 0);
}

static void key_twice(void **state)
{
    struct fixture *f = *state;

    sql_run(f, "CREATE TABLE t (a BIGINT PRIMARY KEY)");
    sql_run(f, "INSERT INTO t VALUES (1)");
    assert_int_equal(db_run(f->db, "INSERT INTO t VALUES (1)", DB_NONE, NULL, NULL), SPN_EEXIST);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM t"), 1);
}

static void bad_sql(void **state)
{
    struct fixture *f = *state;
    struct spn_error err;

    assert_int_equal(db_run(f->db, "SELEC 1", DB_NONE, NULL, &err), SPN_EIO);
    assert_int_equal(sql_number(f, "SELECT 7"), 7);
}

static void changed_is_counted(void **state)
{
    struct fixture *f = *state;
    int64_t changed = -1;

    sql_run(f, "CREATE TABLE t (a BIGINT)");
    sql_run(f, "INSERT INTO t VALUES (1)");
    sql_run(f, "INSERT INTO t VALUES (2)");
    assert_int_equal(db_run(f->db, "UPDATE t SET a = a + 10", DB_NONE, &changed, NULL), SPN_OK);
    assert_int_equal(changed, 2);
    assert_int_equal(db_run(f->db, "UPDATE t SET a = 0 WHERE a = 5", DB_NONE, &changed, NULL),
                     SPN_OK);
    assert_int_equal(changed, 0);
}

/* ---- threads ---- */

#define THREADS 4
#define ROUNDS  50

static int add_one(struct db *db, void *opaque, struct spn_error *err)
{
    int64_t number = 0;
    int ret;

    (void)opaque;
    if ((ret = db_count(db, "SELECT a FROM t /*pg FOR UPDATE*/", DB_NONE, 0, &number, err)) < 0)
        return ret;
    return db_run(db, "UPDATE t SET a = $1", DB_ARGS(db_number(number + 1)), NULL, err);
}

static void *adds(void *opaque)
{
    struct fixture *f = opaque;
    struct db *db;

    if (store_db(f->instance.store, &db, NULL) < 0)
        return NULL;
    for (int i = 0; i < ROUNDS; i++)
        if (db_transact(db, add_one, NULL, NULL) < 0)
            return NULL;
    return f;
}

static void in_threads(struct fixture *f, void *(*run)(void *))
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, f), 0);
    for (int i = 0; i < THREADS; i++) {
        void *well = NULL;

        assert_int_equal(pthread_join(threads[i], &well), 0);
        assert_non_null(well);
    }
}

static void threads_take_turns(void **state)
{
    struct fixture *f = *state;

    sql_run(f, "CREATE TABLE t (a BIGINT)");
    sql_run(f, "INSERT INTO t VALUES (0)");
    in_threads(f, adds);
    assert_int_equal(sql_number(f, "SELECT a FROM t"), THREADS * ROUNDS);
}

static const struct film film = { "film.mkv", 150, 1, 0, 0, 0, 0 };

static void *works(void *opaque)
{
    struct fixture *f = opaque;
    struct db *db;

    if (store_db(f->instance.store, &db, NULL) < 0)
        return NULL;
    for (;;) {
        struct job_claim claim = { "thread", ",chunk,audio,", 1000 };
        json_t *job = NULL, *result;
        int ret;

        if (job_claim(&f->instance, db, &claim, &job, NULL) <= 0)
            return f;
        result = work_do(f, &film, job);
        ret =
            job_commit(&f->instance, db, text_of(job, "id"), number_of(job, "fence"), result, NULL);
        json_decref(result);
        json_decref(job);
        if (ret < 0)
            return NULL;
    }
}

static void threads_share_a_film(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];
    json_t *job;

    film_ingest(f, &film, 0, id);
    job = work_claim(f, "w");
    assert_int_equal(work_commit(f, job, work_do(f, &film, job)), SPN_OK);
    json_decref(job);
    in_threads(f, works);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM job WHERE kind = 'chunk' AND fence = 1"
                                   " AND state = 'done'"),
                     150);
    /* Whichever of them was last, it saw it, and only one did. */
    assert_int_equal(sql_number(f, "SELECT count(*) FROM job WHERE kind = 'assemble'"), 1);
    assert_int_equal(work_all(f, &film), 1);
    assert_string_equal(ingest_state_of(f, id), "ready");
}

static void copied(void **state)
{
    struct fixture *f = *state;
    char path[SPN_PATH_MAX];
    struct store *store;
    struct spn_error err;

    (void)snprintf(path, sizeof(path), "%s/copy", f->dir);
    sql_run(f, "INSERT INTO title (id, kind, names, version, created_ms, updated_ms)"
               " VALUES ('title_x', 'movie', '{}', 1, 0, 0)");
    if (f->db->backend != &backend_sqlite) { /* PostgreSQL is copied by pg_dump, and says so */
        assert_int_equal(f->db->backend->copy(f->db, path, &err), SPN_EUNSUPPORTED);
        assert_non_null(strstr(err.text, "pg_dump"));
        return;
    }
    assert_int_equal(f->db->backend->copy(f->db, path, NULL), SPN_OK);
    assert_int_equal(store_open(path, &store, NULL), SPN_OK);
    {
        struct db *db;
        int64_t count = 0;

        assert_int_equal(store_db(store, &db, NULL), SPN_OK);
        assert_int_equal(db_count(db, "SELECT count(*) FROM title", DB_NONE, 0, &count, NULL),
                         SPN_OK);
        assert_int_equal(count, 1);
    }
    store_close(store);
}

static const struct layout_row {
    const char *text;
    int want;
    const char *says;
} layouts[] = {
    { "sampan-data 2\n", SPN_EUNSUPPORTED, "layout 2" },
    { "sampan-data 0\n", SPN_EFORMAT, "layout" },
    { "somebody's notes\n", SPN_EFORMAT, "layout" },
    { "sampan-data 1\n", SPN_OK, "" },
};

static void layout_read(void **state)
{
    struct fixture *f = *state;
    char path[SPN_PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/layout", f->dir);
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        struct spn_error err = { 0 };

        assert_int_equal(
            spn_file_put(f->dir, path, 0644, layouts[i].text, strlen(layouts[i].text), NULL),
            SPN_OK);
        assert_int_equal(layout_open(&f->instance, NULL, &err), layouts[i].want);
        assert_non_null(strstr(err.text, layouts[i].says));
    }
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        TEST("a schema is brought up once", migrated_once),
        TEST("a newer schema is refused with its number", newer_refused),
        TEST("a data directory of a newer layout, or of none, is refused", layout_read),
        TEST("text, numbers and NULL come back as they went", values_come_back),
        TEST("of a transaction that failed nothing is left", nothing_is_left),
        TEST("a transaction inside another is part of it", inner_is_part),
        TEST("the same key twice is told from other errors", key_twice),
        TEST("a statement that is wrong breaks nothing", bad_sql),
        TEST("what a statement changed is counted", changed_is_counted),
        TEST("threads take turns at a row", threads_take_turns),
        TEST("threads share a film: each chunk once, and one of them is the last",
             threads_share_a_film),
        TEST("before a change the database is copied, or its owner is told to", copied),
    };

    fixture_arguments(argc, argv);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}

/*
 * test_migrate.c - a database of an older version is brought forward with all that is in it.
 *
 * Whole films are taken in by today's program and their rows noted. For every older version the
 * schema is made by its own migrations and filled with what it has room for, tables that films have
 * nothing in with something invented; then it is migrated: each value is where it was, and the
 * program goes on with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "catalogue/asset.h"
#include "catalogue/ingest.h"
#include "catalogue/title.h"
#include "fixture.h"
#include "gc/gc.h"
#include "json.h"
#include "keeper.h"
#include "publish/publish.h"
#include "store/backend.h"
#include "work/job.h"

static const struct film done = { "done.mkv", 2, 2, 1, 1, 0, 1 };
static const struct film begun = { "begun.mkv", 3, 1, 0, 0, 0, 0 };

static int sqlite_is(const struct fixture *f)
{
    return f->db->backend == &backend_sqlite;
}

/* ---- what is in a database: {table: {"columns": {name: is it a number}, "rows": [[…]]}} ---- */

static json_t *query_json(struct fixture *f, const char *sql, const json_t *columns)
{
    json_t *out = json_array(), *number;
    struct rows *rows;
    const char *name;
    int ret;

    assert_int_equal(db_query(f->db, sql, DB_NONE, &rows, NULL), SPN_OK);
    while ((ret = rows_next(rows, NULL)) > 0) {
        json_t *row = json_array();
        int i = 0;

        json_object_foreach((json_t *)(uintptr_t)columns, name, number)
        {
            json_t *value = rows_null(rows, i)     ? json_null()
                            : json_is_true(number) ? json_integer(rows_number(rows, i))
                                                   : json_string(rows_text(rows, i));

            assert_non_null(value);
            (void)json_array_append_new(row, value);
            i++;
        }
        (void)json_array_append_new(out, row);
    }
    assert_int_equal(ret, 0);
    rows_close(rows);
    return out;
}

static json_t *columns_of(struct fixture *f, const char *table)
{
    json_t *out = json_object();
    struct rows *rows;
    char sql[256];

    (void)snprintf(sql, sizeof(sql),
                   sqlite_is(f) ? "SELECT name, type FROM pragma_table_info('%s') ORDER BY name"
                                : "SELECT column_name, data_type FROM information_schema.columns"
                                  " WHERE table_schema = 'public' AND table_name = '%s'"
                                  " ORDER BY column_name",
                   table);
    assert_int_equal(db_query(f->db, sql, DB_NONE, &rows, NULL), SPN_OK);
    while (rows_next(rows, NULL) > 0) {
        const char *type = rows_text(rows, 1);

        (void)json_object_set_new(
            out, rows_text(rows, 0),
            json_boolean(strcmp(type, "BIGINT") == 0 || strcmp(type, "bigint") == 0));
    }
    rows_close(rows);
    return out;
}

static json_t *tables_of(struct fixture *f)
{
    json_t *names = json_object(), *out = json_object(), *list, *row;
    size_t i;

    (void)json_object_set_new(names, "name", json_false());
    list = query_json(f,
                      sqlite_is(f) ? "SELECT name FROM sqlite_master WHERE type = 'table'"
                                   : "SELECT table_name FROM information_schema.tables"
                                     " WHERE table_schema = 'public'",
                      names);
    json_array_foreach(list, i, row)
    {
        const char *name = json_string_value(json_array_get(row, 0));

        if (strcmp(name, "migration") != 0 && strncmp(name, "sqlite_", 7) != 0)
            (void)json_object_set_new(out, name, columns_of(f, name));
    }
    json_decref(list);
    json_decref(names);
    return out;
}

/* "a, b, c" of columns. */
static void list_write(const json_t *columns, char *out, size_t size)
{
    const char *name;
    json_t *number;

    out[0] = '\0';
    json_object_foreach((json_t *)(uintptr_t)columns, name, number)
    {
        size_t length = strlen(out);

        (void)snprintf(out + length, size - length, "%s%s", length ? ", " : "", name);
    }
}

/* The rows of a table, of these columns alone, in an order of their own. */
static json_t *rows_of(struct fixture *f, const char *table, const json_t *columns)
{
    char names[1024], sql[2200];

    list_write(columns, names, sizeof(names));
    (void)snprintf(sql, sizeof(sql), "SELECT %s FROM %s ORDER BY %s", names, table, names);
    return query_json(f, sql, columns);
}

/* ---- an older database ---- */

static void schema_drop(struct fixture *f)
{
    json_t *tables, *columns;
    const char *name;

    if (!sqlite_is(f)) {
        sql_run(f, "DROP SCHEMA public CASCADE");
        sql_run(f, "CREATE SCHEMA public");
        return;
    }
    tables = tables_of(f);
    json_object_foreach(tables, name, columns)
    {
        char sql[128];

        (void)snprintf(sql, sizeof(sql), "DROP TABLE %s", name);
        sql_run(f, sql);
    }
    json_decref(tables);
    sql_run(f, "DROP TABLE migration");
}

/* The schema of version, as its own migrations make it. */
static void schema_make(struct fixture *f, int version)
{
    sql_run(f, "CREATE TABLE migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL,"
               " applied_ms BIGINT NOT NULL)");
    for (int i = 0; migrations[i].number <= version; i++) {
        assert_int_equal(f->db->backend->script(f->db, migrations[i].sql, NULL), SPN_OK);
        assert_int_equal(
            db_run(f->db, "INSERT INTO migration VALUES ($1, $2, 0)",
                   DB_ARGS(db_number(migrations[i].number), db_text(migrations[i].name)), NULL,
                   NULL),
            SPN_OK);
    }
}

#define COLUMNS_MAX 32

/* A table that no film has rows in: some, of which no two values are the same. */
static json_t *invented(const json_t *columns)
{
    json_t *rows = json_array(), *number;
    const char *name;

    for (int i = 0; i < 3; i++) {
        json_t *row = json_array();

        json_object_foreach((json_t *)(uintptr_t)columns, name, number)
        {
            int value = i * 100 + (int)json_array_size(row);

            (void)json_array_append_new(row, json_is_true(number)
                                                 ? json_integer(value)
                                                 : json_sprintf("%s '%d' 字", name, value));
        }
        (void)json_array_append_new(rows, row);
    }
    return json_pack("{sOso}", "columns", columns, "rows", rows);
}

/* Put into table what content has for the columns that it has. */
static void table_fill(struct fixture *f, const char *table, const json_t *columns,
                       const json_t *content)
{
    const json_t *all = json_object_get(content, "columns"), *row;
    char names[1024], sql[2200];
    size_t i, length;

    list_write(columns, names, sizeof(names));
    length = (size_t)snprintf(sql, sizeof(sql), "INSERT INTO %s (%s) VALUES (", table, names);
    for (size_t n = 1; n <= json_object_size(columns); n++)
        length +=
            (size_t)snprintf(sql + length, sizeof(sql) - length, "%s$%zu", n > 1 ? ", " : "", n);
    (void)snprintf(sql + length, sizeof(sql) - length, ")");
    json_array_foreach(json_object_get(content, "rows"), i, row)
    {
        struct db_value values[COLUMNS_MAX];
        size_t count = 0, at = 0;
        const char *name;
        json_t *number;

        json_object_foreach((json_t *)(uintptr_t)all, name, number)
        {
            const json_t *value = json_array_get(row, at++);

            if (!json_object_get(columns, name))
                continue; /* younger than this version */
            assert_true(count < COLUMNS_MAX);
            values[count++] = json_is_integer(value) ? db_number(json_integer_value(value))
                                                     : db_text(json_string_value(value));
        }
        assert_int_equal(count, json_object_size(columns));
        assert_int_equal(db_run(f->db, sql, values, count, NULL, NULL), SPN_OK);
    }
}

/* ---- the test ---- */

static json_t *content_of(struct fixture *f)
{
    json_t *out = tables_of(f), *columns;
    const char *name;

    json_object_foreach(out, name, columns)
    {
        json_t *table = json_object();

        (void)json_object_set(table, "columns", columns);
        (void)json_object_set_new(table, "rows", rows_of(f, name, columns));
        (void)json_object_set_new(out, name, table);
    }
    return out;
}

static void keep(struct fixture *f)
{
    assert_true(keeper_round(&f->instance, NULL) >= 0);
}

/* A film that is published under a title, one whose chunks are being made, and one refused. */
static void fill(struct fixture *f, char ingests[2][SPN_ID_MAX])
{
    char refused[SPN_ID_MAX];
    json_t *job;

    ingest_ask(f,
               json_pack("{ss ss s{ss ss} sb s[{ss ss}]}", "path", "/films/film.mkv", "name",
                         done.name, "names", "zh-Hans", "甄嬛传", "en", "Empresses'; --", "publish",
                         1, "subtitles", "path", "/films/film.0.srt", "language", "zh-Hans"),
               ingests[0]);
    (void)work_all(f, &done);
    keep(f);
    film_ingest(f, &begun, 0, ingests[1]);
    for (int i = 0; i < 2; i++) {
        job = work_claim(f, "w");
        assert_int_equal(work_commit(f, job, work_do(f, &begun, job)), SPN_OK);
        json_decref(job);
    }
    film_ingest(f, &(struct film){ "bad.mkv", 1, 0, 0, 0, 0, 0 }, 0, refused);
    job = work_claim(f, "w");
    assert_int_equal(job_fail(&f->instance, f->db, text_of(job, "id"), number_of(job, "fence"),
                              "unsupported", "it is a letter", NULL),
                     SPN_OK);
    json_decref(job);
}

/* Everything that was there is there, and nothing else. */
static void unchanged(struct fixture *f, const json_t *older)
{
    const json_t *table;
    const char *name;

    json_object_foreach((json_t *)(uintptr_t)older, name, table)
    {
        json_t *now = rows_of(f, name, json_object_get(table, "columns"));

        if (!json_equal(now, json_object_get(table, "rows")))
            fail_msg("%s is not as it was", name);
        json_decref(now);
    }
}

/* The program goes on where the older one stopped. */
static void goes_on(struct fixture *f, char ingests[2][SPN_ID_MAX])
{
    const struct gc_options options = { 0 };
    char id[SPN_ID_MAX], hex[SPN_HASH_HEX + 1];
    json_t *shown, *report;

    assert_string_equal(ingest_state_of(f, ingests[0]), "ready");
    assert_true(ingest_show(&f->instance, f->db, ingests[0], &shown, NULL) >= 0);
    (void)snprintf(id, sizeof(id), "%s", text_of(json_object_get(shown, "publication"), "id"));
    json_decref(shown);
    assert_true(publication_show(f->db, id, &shown, NULL) >= 0);
    assert_string_equal(text_of(shown, "state"), "live");
    assert_string_equal(text_of(json_object_get(shown, "names"), "zh-Hans"), "甄嬛传");
    json_decref(shown);
    assert_int_equal(work_all(f, &begun), 4); /* its three chunks, assemble */
    assert_string_equal(ingest_state_of(f, ingests[1]), "ready");
    film_hash(done.name, "asset", 0, hex);
    assert_true(asset_show(f->db, hex, &shown, NULL) >= 0);
    assert_int_equal(json_array_size(json_object_get(shown, "renditions")), 5);
    json_decref(shown);
    f->now_ms += 1000LL * 24 * 3600 * 1000;
    assert_int_equal(gc_run(&f->instance, &options, &report, NULL), SPN_OK);
    film_hash(done.name, "video", 0, hex);
    assert_true(file_there(f, "track/%.2s/%s", hex, hex));
    json_decref(report);
    assert_int_equal(publish_withdraw(&f->instance, id, NULL), SPN_OK);
}

/* The copy is the database as it was before. */
static void copied(const char *path, int version)
{
    struct store *store;
    struct db *db;
    int64_t number = 0;

    assert_int_equal(store_open(path, &store, NULL), SPN_OK);
    assert_int_equal(store_db(store, &db, NULL), SPN_OK);
    assert_int_equal(db_count(db, "SELECT max(number) FROM migration", DB_NONE, 0, &number, NULL),
                     SPN_OK);
    assert_int_equal(number, version);
    assert_int_equal(db_count(db, "SELECT count(*) FROM asset", DB_NONE, 0, &number, NULL), SPN_OK);
    assert_int_equal(number, 2);
    store_close(store);
}

static void brought_forward(void **state)
{
    struct fixture *f = *state;
    char ingests[2][SPN_ID_MAX], copy[SPN_PATH_MAX];
    int newest = migrations[migration_count - 1].number;
    int64_t now_ms = f->now_ms;
    json_t *content;

    fill(f, ingests);
    content = content_of(f);
    assert_true(newest > 1);
    for (int version = 1; version < newest; version++) {
        json_t *older, *columns;
        const char *name;
        int from = 0, to = 0;

        f->now_ms = now_ms;
        schema_drop(f);
        schema_make(f, version);
        older = tables_of(f);
        json_object_foreach(older, name, columns)
        {
            const json_t *known = json_object_get(content, name);
            json_t *made =
                json_array_size(json_object_get(known, "rows")) ? NULL : invented(columns);

            table_fill(f, name, columns, made ? made : known);
            json_decref(made);
        }
        json_decref(older);
        older = content_of(f);
        assert_true(json_array_size(json_object_get(json_object_get(older, "job"), "rows")) > 10);
        (void)snprintf(copy, sizeof(copy), "%s/copy.%d", f->dir, version);
        assert_int_equal(store_migrate(f->instance.store, sqlite_is(f) ? copy : NULL, f->now_ms,
                                       &from, &to, NULL),
                         SPN_OK);
        assert_int_equal(from, version);
        assert_int_equal(to, newest);
        unchanged(f, older);
        if (sqlite_is(f))
            copied(copy, version);
        if (version == newest - 1) /* what it works on is of the files, and those it changes */
            goes_on(f, ingests);
        json_decref(older);
    }
    json_decref(content);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        TEST("a database of every older version is brought forward with all that is in it",
             brought_forward),
    };

    fixture_arguments(argc, argv);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("migrate", tests, NULL, NULL);
}

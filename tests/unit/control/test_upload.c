/*
 * test_upload.c - an upload goes on where it stopped, whatever became of the machine in between.
 *
 * The power fails at every point of an upload in parts; its file is then what powerloss.h says a
 * disk may hold, longer than what was sent and full of zeros among it, and the catalogue is as it
 * was by then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture.h"
#include "powerloss.h"
#include "store/backend.h"
#include "upload/upload.h"

#define LENGTH 9000
#define PART   3000 /* of a request */
#define STEP   1000 /* upload_sync here */
#define GIVEN  250  /* bytes at once */
#define SEEDS  6

static uint8_t content[LENGTH];

static void content_fill(void)
{
    for (size_t i = 0; i < sizeof(content); i++)
        content[i] = (uint8_t)(1 + i % 251); /* never 0, which a disk invents */
}

static int64_t offset_of(struct fixture *f, const char *id)
{
    struct upload upload;
    struct spn_error err;

    if (upload_show(&f->instance, f->db, id, &upload, &err) < 0)
        fail_msg("%s", err.text);
    return upload.offset;
}

static int part_send(struct fixture *f, const char *id, int64_t from, int64_t to)
{
    struct upload_writer *writer;
    int64_t offset = -1;
    int ret;

    if ((ret = upload_open(&f->instance, f->db, id, from, &writer, NULL)) < 0)
        return ret;
    for (int64_t at = from; at < to; at += GIVEN) {
        size_t size = (size_t)(to - at < GIVEN ? to - at : GIVEN);

        assert_int_equal(upload_write(writer, f->db, content + at, size, NULL), SPN_OK);
    }
    assert_int_equal(upload_close(writer, f->db, &offset, NULL), SPN_OK);
    assert_int_equal(offset, to);
    return SPN_OK;
}

static int is_content(const struct fixture *f, const char *id)
{
    struct spn_buffer bytes = { 0 };
    char path[SPN_PATH_MAX];
    int same;

    assert_int_equal(upload_path(&f->instance, id, path, NULL), SPN_OK);
    assert_int_equal(spn_file_get(path, 1 << 20, &bytes, NULL), SPN_OK);
    same = bytes.size == LENGTH && memcmp(bytes.data, content, LENGTH) == 0;
    spn_buffer_finish(&bytes);
    return same;
}

static void file_set(const struct fixture *f, const char *id, const uint8_t *bytes, size_t size)
{
    char path[SPN_PATH_MAX];
    FILE *file;

    assert_int_equal(upload_path(&f->instance, id, path, NULL), SPN_OK);
    assert_non_null(file = fopen(path, "w"));
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void upload_begin(struct fixture *f, char id[SPN_ID_MAX])
{
    content_fill();
    assert_int_equal(upload_create(&f->instance, f->db, LENGTH, "", id, NULL), SPN_OK);
}

/* ---- what is there ---- */

static void goes_on(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];

    upload_begin(f, id);
    assert_int_equal(offset_of(f, id), 0);
    assert_int_equal(part_send(f, id, 0, PART), SPN_OK);
    assert_int_equal(offset_of(f, id), PART);
    assert_int_equal(part_send(f, id, 0, PART), SPN_ECONFLICT);
    assert_int_equal(part_send(f, id, PART + 1, LENGTH), SPN_ECONFLICT);
    assert_int_equal(part_send(f, id, PART, LENGTH), SPN_OK);
    assert_true(is_content(f, id));
    assert_int_equal(sql_number(f, "SELECT count(*) FROM upload WHERE state = 'complete'"), 1);
}

/* A file that the disk made longer than what was sent, by zeros. */
static void zeros_are_given_up(void **state)
{
    struct fixture *f = *state;
    uint8_t longer[LENGTH] = { 0 };
    char id[SPN_ID_MAX], path[SPN_PATH_MAX], name[UPLOAD_NAME_MAX];

    upload_begin(f, id);
    assert_int_equal(part_send(f, id, 0, PART), SPN_OK);
    memcpy(longer, content, PART);
    file_set(f, id, longer, LENGTH);
    assert_int_equal(offset_of(f, id), PART);
    assert_int_equal(upload_take(&f->instance, f->db, id, "ingest_x", path, name, NULL),
                     SPN_ECONFLICT); /* as long as it should be, and not what was sent */
    assert_int_equal(part_send(f, id, LENGTH - PART, LENGTH), SPN_ECONFLICT);
    assert_int_equal(part_send(f, id, PART, PART + 10), SPN_OK);
    assert_int_equal(part_send(f, id, PART + 10, LENGTH), SPN_OK);
    assert_true(is_content(f, id));
    assert_int_equal(upload_take(&f->instance, f->db, id, "ingest_x", path, name, NULL), SPN_OK);
}

/* A disk that lost more than it may: what is there is what can be gone on with. */
static void shorter_than_kept(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];

    upload_begin(f, id);
    assert_int_equal(part_send(f, id, 0, PART), SPN_OK);
    file_set(f, id, content, 17);
    assert_int_equal(offset_of(f, id), 17);
    assert_int_equal(part_send(f, id, 17, LENGTH), SPN_OK);
    assert_true(is_content(f, id));
}

/* In the middle of a request: what it wrote since the last step is not promised. */
static void kept_by_steps(void **state)
{
    struct fixture *f = *state;
    struct upload_writer *writer, *other;
    char id[SPN_ID_MAX];

    f->instance.upload_sync = STEP;
    upload_begin(f, id);
    assert_int_equal(upload_open(&f->instance, f->db, id, 0, &writer, NULL), SPN_OK);
    assert_int_equal(upload_write(writer, f->db, content, STEP - 1, NULL), SPN_OK);
    assert_int_equal(offset_of(f, id), 0);
    assert_int_equal(upload_write(writer, f->db, content + STEP - 1, 5, NULL), SPN_OK);
    assert_int_equal(offset_of(f, id), STEP + 4);
    assert_int_equal(upload_write(writer, f->db, content + STEP + 4, 100, NULL), SPN_OK);
    assert_int_equal(offset_of(f, id), STEP + 4);
    assert_int_equal(upload_open(&f->instance, f->db, id, STEP + 4, &other, NULL), SPN_EAGAIN);
    assert_int_equal(upload_close(writer, NULL, NULL, NULL), SPN_OK); /* the program is killed */
    assert_int_equal(offset_of(f, id), STEP + 4);
    assert_int_equal(part_send(f, id, STEP + 4, LENGTH), SPN_OK);
    assert_true(is_content(f, id));
}

/* Of an upload that an older version began the file says how much there is, as it did then. */
static void of_an_older_version(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];

    upload_begin(f, id);
    assert_int_equal(part_send(f, id, 0, PART), SPN_OK);
    sql_run(f, "UPDATE upload SET kept = NULL");
    file_set(f, id, content, PART + 500);
    assert_int_equal(offset_of(f, id), PART + 500);
    assert_int_equal(part_send(f, id, PART + 500, LENGTH), SPN_OK);
    assert_int_equal(sql_number(f, "SELECT kept FROM upload"), LENGTH);
    assert_true(is_content(f, id));
}

/* ---- power ---- */

/* What the catalogue said from an operation of the record on. */
struct kept {
    size_t after;
    int64_t offset;
};

#define KEPT_MAX 64

/* An upload of three requests, written down; the fsync number skip of it is left out. */
static size_t upload_recorded(struct fixture *f, char id[SPN_ID_MAX], unsigned skip,
                              struct kept kept[KEPT_MAX])
{
    struct upload_writer *writer;
    char root[SPN_PATH_MAX];
    size_t count = 0;

    (void)snprintf(root, sizeof(root), "%s/tmp/upload", f->instance.data_dir);
    powerloss_start(root);
    spn_file_ops_set(&powerloss_ops);
    f->instance.upload_sync = STEP;
    upload_begin(f, id);
    kept[count++] = (struct kept){ powerloss_count(), 0 };
    powerloss_skip(skip);
    for (int64_t from = 0; from < LENGTH; from += PART) {
        int64_t before = sql_number(f, "SELECT kept FROM upload");

        assert_int_equal(upload_open(&f->instance, f->db, id, from, &writer, NULL), SPN_OK);
        for (int64_t at = from; at <= from + PART; at += GIVEN) {
            if (at < from + PART)
                assert_int_equal(upload_write(writer, f->db, content + at, GIVEN, NULL), SPN_OK);
            else
                assert_int_equal(upload_close(writer, f->db, NULL, NULL), SPN_OK);
            assert_true(count < KEPT_MAX);
            if (sql_number(f, "SELECT kept FROM upload") != before) {
                before = sql_number(f, "SELECT kept FROM upload");
                kept[count++] = (struct kept){ powerloss_count(), before };
            }
        }
    }
    spn_file_ops_set(NULL);
    return count;
}

static int not_synced(int fd)
{
    (void)fd;
    return 0;
}

/* The machine starts again, the client asks where it is and sends the rest. */
static int survives(struct fixture *f, const char *id, int64_t kept)
{
    char sql[128];
    int64_t offset;

    (void)snprintf(sql, sizeof(sql), "UPDATE upload SET state = 'open', kept = %lld",
                   (long long)kept);
    sql_run(f, sql);
    offset = offset_of(f, id);
    if (offset < LENGTH)
        assert_int_equal(part_send(f, id, offset, LENGTH), SPN_OK);
    return is_content(f, id);
}

/* How many cuts of an upload it does not survive. */
static size_t lost(struct fixture *f, unsigned skip)
{
    struct spn_file_ops after = spn_file_ops_real;
    struct kept kept[KEPT_MAX];
    char id[SPN_ID_MAX];
    size_t count = upload_recorded(f, id, skip, kept), end = powerloss_count(), bad = 0;

    /* what is done after the cut need not last: the test would wait for the disk */
    after.fsync = not_synced;
    spn_file_ops_set(&after);
    if (f->db->backend == &backend_sqlite)
        sql_run(f, "PRAGMA synchronous = OFF");
    for (size_t k = 0; k < count; k++) {
        /* from when it was said until what was said next */
        size_t to = k + 1 < count ? kept[k + 1].after : end;

        for (size_t cut = kept[k].after; cut <= to; cut++)
            for (uint64_t seed = 0; seed < SEEDS; seed++) {
                struct powerloss_disk *disk = powerloss_replay(cut, seed);
                size_t size = 0;
                const uint8_t *bytes = powerloss_get(disk, id, &size);

                assert_non_null(bytes);
                file_set(f, id, bytes, size);
                powerloss_disk_destroy(disk);
                bad += !survives(f, id, kept[k].offset);
            }
    }
    powerloss_finish();
    spn_file_ops_set(NULL);
    sql_run(f, "DELETE FROM upload");
    return bad;
}

static void survives_power(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(lost(f, 0), 0);
}

/* Nine syncs of the file: each that is left out is seen. */
static void forgotten_syncs(void **state)
{
    struct fixture *f = *state;

    for (unsigned skip = 1; skip <= LENGTH / STEP; skip++) {
        size_t bad = lost(f, skip);

        if (bad == 0)
            fail_msg("nobody sees that sync %u of an upload was forgotten", skip);
    }
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        TEST("an upload goes on where it stopped, and nowhere else", goes_on),
        TEST("zeros that a disk put behind what was sent are given up", zeros_are_given_up),
        TEST("a file that is shorter than it should be is gone on with where it ends",
             shorter_than_kept),
        TEST("a long request keeps what came of it in steps", kept_by_steps),
        TEST("an upload that an older version began goes on at the end of its file",
             of_an_older_version),
        TEST("an upload survives a failure of power at any point", survives_power),
        TEST("a forgotten sync of an upload is found out", forgotten_syncs),
    };

    fixture_arguments(argc, argv);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("upload", tests, NULL, NULL);
}

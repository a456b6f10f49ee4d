/* test_flat.c - a cut as one MP4: asked for, made once, kept while it is wanted, answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cut/cut_flat.h"
#include "cut/cut_flat_name.h"
#include "cut/cut_verify.h"
#include "cut_fixture.h"
#include "http/file_answer.h"
#include "store/blob.h"
#include "work/job.h"

static const char bytes[] = "an ordinary MP4";

/* ---- as a handler asks ---- */

struct ask {
    struct fixture *f;
    const char *id, *rung;
    int64_t place;
};

static int ask_run(struct db *db, void *opaque, struct spn_error *err)
{
    struct ask *ask = opaque;

    return cut_flatten(&ask->f->instance, db, ask->id, ask->rung, &ask->place, err);
}

static int flatten(struct fixture *f, const char *id, const char *rung, struct spn_error *err)
{
    struct ask ask = { f, id, rung, -1 };
    int ret = db_transact(f->db, ask_run, &ask, err);

    if (ret >= 0)
        assert_int_equal(ask.place, 0);
    return ret;
}

static const char *state_of(struct fixture *f, const char *id)
{
    static char state[16];
    json_t *flat;

    assert_int_equal(cut_flat_show(&f->instance, f->db, id, 0, NULL, &flat, NULL), SPN_OK);
    (void)snprintf(state, sizeof(state), "%s", text_of(flat, "state"));
    json_decref(flat);
    return state;
}

/* The only job there is, which makes the file. */
static json_t *job_take(struct fixture *f)
{
    json_t *job = work_claim(f, "worker");

    assert_non_null(job);
    assert_string_equal(text_of(job, "kind"), "flatten");
    assert_null(work_claim(f, "worker"));
    return job;
}

static json_t *result_of(const json_t *job)
{
    struct spn_hash hash;
    char hex[SPN_HASH_HEX + 1];

    spn_hash_of(bytes, sizeof(bytes), &hash);
    spn_hash_hex(&hash, hex);
    return json_pack("{s{sssiss}}", "flat", "name", text_of(json_object_get(job, "spec"), "name"),
                     "bytes", (int)sizeof(bytes), "sha256", hex);
}

/* What the worker does; name keeps what the file is called. */
static void make(struct fixture *f, char name[SPN_HASH_HEX + 1])
{
    json_t *job = job_take(f);

    (void)snprintf(name, SPN_HASH_HEX + 1, "%s", text_of(json_object_get(job, "spec"), "name"));
    assert_int_equal(blob_put(&f->instance, BLOB_FLAT, name, bytes, sizeof(bytes), NULL), SPN_OK);
    assert_int_equal(work_commit(f, job, result_of(job)), SPN_OK);
    json_decref(job);
}

/* ---- asked for ---- */

static void once(void **state)
{
    static const struct cut_range ranges[] = { { 0, 0, 13 }, { 1, 6, 24 } };
    struct fixture *f = *state;
    char id[SPN_ID_MAX], other[SPN_ID_MAX], name[SPN_HASH_HEX + 1];
    struct id_body body = { f, other, NULL };
    struct flat_file file;
    json_t *flat, *job;

    built(f, id);
    assert_int_equal(cut_flat_show(&f->instance, f->db, id, 0, NULL, &flat, NULL), SPN_ENOENT);
    assert_null(flat);
    assert_int_equal(flatten(f, id, NULL, NULL), SPN_OK);
    assert_string_equal(state_of(f, id), "making");
    assert_int_equal(flatten(f, id, "v0", NULL), SPN_OK); /* no second job: job_take() looks */
    job = job_take(f);
    assert_int_equal(flatten(f, id, NULL, NULL), SPN_OK); /* nor is this one taken away */
    assert_int_equal(
        job_release(&f->instance, f->db, text_of(job, "id"), number_of(job, "fence"), NULL),
        SPN_OK);
    json_decref(job);
    assert_int_equal(cut_flat_find(&f->instance, f->db, id, 0, NULL, &file, NULL), SPN_ECONFLICT);
    make(f, name);
    assert_int_equal(cut_flat_show(&f->instance, f->db, id, 0, NULL, &flat, NULL), SPN_OK);
    assert_string_equal(text_of(flat, "state"), "ready");
    assert_int_equal(number_of(flat, "bytes"), sizeof(bytes));
    assert_string_equal(text_of(flat, "file_name"), "a cut.mp4");
    assert_true(json_is_null(json_object_get(flat, "progress")));
    json_decref(flat);
    assert_int_equal(cut_flat_find(&f->instance, f->db, id, 0, NULL, &file, NULL), SPN_OK);
    assert_string_equal(file.name, name);
    assert_int_equal(flatten(f, id, NULL, NULL), SPN_OK);
    assert_null(work_claim(f, "worker"));

    /* another cut of the same frames is the same file */
    cut_of(f, (const struct film *const[]){ &first, &second }, 2, 24, ranges, 2, other);
    assert_int_equal(db_transact(f->db, build_run, &body, NULL), SPN_OK);
    assert_string_equal(cut_state(f, other), "ready");
    assert_int_equal(flatten(f, other, NULL, NULL), SPN_OK);
    assert_null(work_claim(f, "worker"));
    assert_string_equal(state_of(f, other), "ready");

    /* and what somebody has removed is made again */
    assert_int_equal(blob_remove(&f->instance, BLOB_FLAT, name, NULL), SPN_OK);
    assert_string_equal(state_of(f, id), "none");
    assert_int_equal(flatten(f, id, NULL, NULL), SPN_OK);
    assert_string_equal(state_of(f, id), "making");
    make(f, name);
    assert_string_equal(state_of(f, id), "ready");
}

static void told(void **state)
{
    struct fixture *f = *state;
    const json_t *tracks, *track, *spec;
    char id[SPN_ID_MAX];
    json_t *job;

    built(f, id);
    assert_int_equal(flatten(f, id, NULL, NULL), SPN_OK);
    job = job_take(f);
    spec = json_object_get(job, "spec");
    tracks = json_object_get(spec, "tracks");
    assert_int_equal(json_array_size(tracks), 1); /* these films have no sound */
    track = json_array_get(tracks, 0);
    assert_string_equal(text_of(track, "id"), "v0");
    assert_int_equal(json_array_size(json_object_get(track, "tracks")), 2);
    assert_int_equal(json_array_size(json_object_get(track, "bridges")), 1);
    assert_int_equal(json_array_size(json_object_get(track, "assets")), 2);
    assert_int_equal(json_array_size(json_object_get(spec, "clips")), 2);
    assert_true(json_is_true(json_object_get(track, "enabled")));
    json_decref(job);
}

static void without_file(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];
    json_t *job, *result;

    built(f, id);
    assert_int_equal(flatten(f, id, NULL, NULL), SPN_OK);
    job = job_take(f);
    assert_int_equal(work_commit(f, job, result_of(job)), SPN_ECONFLICT);
    assert_int_equal(blob_put(&f->instance, BLOB_FLAT,
                              text_of(json_object_get(job, "spec"), "name"), bytes, 3, NULL),
                     SPN_OK);
    assert_int_equal(work_commit(f, job, result_of(job)), SPN_ECONFLICT); /* cut short */
    result = result_of(job);
    (void)json_object_set_new(json_object_get(result, "flat"), "name", json_string("../../passwd"));
    assert_int_equal(work_commit(f, job, result), SPN_EINVAL);
    assert_string_equal(state_of(f, id), "making");
    json_decref(job);
}

static void fails(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], name[SPN_HASH_HEX + 1];
    json_t *job, *flat;

    built(f, id);
    assert_int_equal(flatten(f, id, NULL, NULL), SPN_OK);
    job = job_take(f);
    assert_int_equal(job_fail(&f->instance, f->db, text_of(job, "id"), number_of(job, "fence"),
                              "mismatch", "v0, join 1: its bridge is not there", NULL),
                     SPN_OK);
    json_decref(job);
    assert_int_equal(cut_flat_show(&f->instance, f->db, id, 0, NULL, &flat, NULL), SPN_OK);
    assert_string_equal(text_of(flat, "state"), "failed");
    assert_string_equal(text_of(json_object_get(flat, "error"), "text"),
                        "v0, join 1: its bridge is not there");
    json_decref(flat);
    assert_int_equal(flatten(f, id, NULL, NULL), SPN_OK); /* tried again */
    assert_string_equal(state_of(f, id), "making");
    make(f, name);
    assert_string_equal(state_of(f, id), "ready");
}

static int verify_run(struct db *db, void *opaque, struct spn_error *err)
{
    const struct id_body *body = opaque;

    return cut_verify(&body->f->instance, db, body->id, err);
}

static void refused(void **state)
{
    static const struct cut_range ranges[] = { { 0, 0, 13 } };
    struct fixture *f = *state;
    char id[SPN_ID_MAX], draft[SPN_ID_MAX];
    struct id_body body = { f, id, NULL };
    struct spn_error why;
    json_t *job;

    built(f, id);
    cut_of(f, (const struct film *const[]){ &first }, 1, 24, ranges, 1, draft);
    assert_int_equal(flatten(f, draft, NULL, &why), SPN_ECONFLICT);
    assert_non_null(strstr(why.text, "is draft; it can be flattened when it is built"));
    assert_int_equal(flatten(f, "cut_00000000000000000000000000", NULL, &why), SPN_ENOENT);
    assert_int_equal(flatten(f, id, "v3", &why), SPN_EINVAL);
    assert_non_null(strstr(why.text, "it has v0"));
    assert_int_equal(flatten(f, id, "a0", &why), SPN_EINVAL);

    f->room = 100;
    assert_int_equal(flatten(f, id, NULL, &why), SPN_ENOSPC);
    assert_non_null(strstr(why.text, "and 100 may be written"));
    assert_null(work_claim(f, "worker"));
    assert_int_equal(sql_number(f, "SELECT count(*) FROM flat"), 0);
    f->room = (int64_t)1 << 40;

    /* faults were found in it: as it is not published, so it is not handed on */
    assert_int_equal(db_transact(f->db, verify_run, &body, NULL), SPN_OK);
    while ((job = work_claim(f, "worker"))) {
        assert_int_equal(work_commit(f, job,
                                     json_pack("{sisis[{ss}]}", "frames", 1, "fault_count", 1,
                                               "faults", "text", "off by one")),
                         SPN_OK);
        json_decref(job);
    }
    assert_int_equal(flatten(f, id, NULL, &why), SPN_ECONFLICT);
    assert_non_null(strstr(why.text, "is not what its list says: off by one"));
}

/* ---- kept ---- */

static void wanted(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], name[SPN_HASH_HEX + 1];
    struct flat_file file;

    built(f, id);
    assert_int_equal(flatten(f, id, NULL, NULL), SPN_OK);
    make(f, name);
    for (int i = 0; i < 5; i++) { /* it is fetched now and then */
        f->now_ms += f->instance.gc_grace_ms * 2 / 3;
        assert_int_equal(cut_flat_find(&f->instance, f->db, id, 0, NULL, &file, NULL), SPN_OK);
        f->now_ms -= f->instance.gc_grace_ms;
        collect(f);
        assert_true(file_there(f, "flat/%.2s/%s.mp4", name, name));
    }
    collect(f);
    assert_false(file_there(f, "flat/%.2s/%s.mp4", name, name));
    assert_int_equal(sql_number(f, "SELECT count(*) FROM flat"), 0);
    assert_string_equal(cut_state(f, id), "ready"); /* and the cut is what it was */

    /* what is being made is not what nobody wants */
    assert_int_equal(flatten(f, id, NULL, NULL), SPN_OK);
    collect(f);
    assert_string_equal(state_of(f, id), "making");
    make(f, name);
    assert_string_equal(state_of(f, id), "ready");
}

static void removed(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], name[SPN_HASH_HEX + 1];
    struct id_body body = { f, id, NULL };

    built(f, id);
    assert_int_equal(flatten(f, id, NULL, NULL), SPN_OK);
    make(f, name);
    assert_int_equal(db_transact(f->db, remove_run, &body, NULL), SPN_OK);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM flat"), 0);
    assert_true(file_there(f, "flat/%.2s/%s.mp4", name, name));
    collect(f);
    assert_false(file_there(f, "flat/%.2s/%s.mp4", name, name));
}

/* ---- its name ---- */

static void names(void **state)
{
    static const struct {
        const char *names, *language, *want;
    } rows[] = {
        { NULL, NULL, "a cut.mp4" },
        { "{\"en\":\"One\",\"zh-Hans\":\"\xe4\xb8\x80\"}", NULL, "One.mp4" },
        { "{\"en\":\"One\",\"zh-Hans\":\"\xe4\xb8\x80\"}", "zh-Hans", "\xe4\xb8\x80.mp4" },
        { "{\"en\":\"One\",\"zh-Hans\":\"\xe4\xb8\x80\"}", "zh-Hant", "\xe4\xb8\x80.mp4" },
        { "{\"en\":\"One\",\"zh-Hans\":\"\xe4\xb8\x80\"}", "z", "One.mp4" },
        { "{\"en\":\"../etc/passwd\"}", NULL, "_etc_passwd.mp4" },
        { "{\"en\":\"a:b*c?\\\"d\\\"<e>|f\\\\\\n. .\"}", NULL, "a_b_c__d__e__f_.mp4" },
        { "{\"en\":\" .. \"}", NULL, "_.mp4" },
        { "{\"en\":\"0123456789 much too long\"}", NULL, "0123456789 much.mp4" },
        { "{\"en\":\"0123456789 muc\xe4\xb8\x80\"}", NULL, "0123456789 muc.mp4" }, /* not in two */
    };
    struct fixture *f = *state;
    char id[SPN_ID_MAX], out[15 + 8], sql[600];

    built(f, id);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].names) {
            sql_run(f, "DELETE FROM title");
            (void)snprintf(sql, sizeof(sql),
                           "INSERT INTO title (id, kind, names, version, created_ms, updated_ms)"
                           " VALUES ('title_x', 'movie', '%s', 1, 1, 1)",
                           rows[i].names);
            sql_run(f, sql);
            sql_run(f, "UPDATE cut SET title = 'title_x'");
        }
        assert_int_equal(cut_flat_name(f->db, id, rows[i].language, 15, out, NULL), SPN_OK);
        assert_string_equal(out, rows[i].want);
    }
}

/* ---- as it is answered ---- */

static void ranges(void **state)
{
    static const struct {
        const char *header;
        int want;
        uint64_t from, to;
    } rows[] = {
        { NULL, 0, 0, 0 },
        { "bytes=0-99", 1, 0, 100 },
        { "bytes=0-0", 1, 0, 1 },
        { "bytes=10-", 1, 10, 100 },
        { "bytes=99-", 1, 99, 100 },
        { "bytes=99-1000", 1, 99, 100 },
        { "bytes=-1", 1, 99, 100 },
        { "bytes=-1000", 1, 0, 100 },
        { "Bytes= 3-4 ", 1, 3, 5 },
        { "bytes=100-", -1, 0, 0 },
        { "bytes=-0", -1, 0, 0 },
        { "bytes=999999999999999999-", -1, 0, 0 },
        { "bytes=9999999999999999999-", 0, 0, 0 }, /* no number that we know: no range */
        { "bytes=4-3", 0, 0, 0 },
        { "bytes=0-1,3-4", 0, 0, 0 },
        { "bytes=", 0, 0, 0 },
        { "bytes=-", 0, 0, 0 },
        { "bytes=5", 0, 0, 0 },
        { "bytes=1-2x", 0, 0, 0 },
        { "frames=1-2", 0, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t from = 0, to = 0;

        if (range_read(rows[i].header, 100, &from, &to) != rows[i].want)
            fail_msg("%s", rows[i].header);
        assert_true(from == rows[i].from && to == rows[i].to);
    }
}

static void disposition(void **state)
{
    static const struct {
        const char *name, *want;
    } rows[] = {
        { "One.mp4", "attachment; filename=\"One.mp4\"; filename*=UTF-8''One.mp4" },
        { "\xe9\x95\xbf \"x\" 100%.mp4", "attachment; filename=\"_ _x_ 100_.mp4\"; "
                                         "filename*=UTF-8''%E9%95%BF%20%22x%22%20100%25.mp4" },
        { "a\r\nSet-Cookie: x.mp4", "attachment; filename=\"a__Set-Cookie: x.mp4\"; "
                                    "filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x.mp4" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct spn_buffer out = { 0 };

        disposition_write(rows[i].name, &out);
        assert_string_equal(spn_buffer_text(&out), rows[i].want);
        spn_buffer_finish(&out);
    }
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        TEST("it is made once, for all cuts that are the same", once),
        TEST("a worker is told tracks, bridges and clips", told),
        TEST("a commit without its file is none", without_file),
        TEST("what failed says why, and is tried when it is asked for again", fails),
        TEST("what is not built, has faults, or has no room is refused", refused),
        TEST("gc takes it when nobody asked for it in the grace", wanted),
        TEST("a cut that went leaves it to gc", removed),
        TEST("it has the title's name, as file systems can have it", names),
        { "a range is taken as RFC 9110 has it", ranges, NULL, NULL, NULL },
        { "a name of any letters goes into Content-Disposition", disposition, NULL, NULL, NULL },
    };

    fixture_arguments(argc, argv);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("flat", tests, NULL, NULL);
}

/* test_cut.c - what a built cut keeps, and what left and came between two, against a slow model. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "catalogue/asset.h"
#include "cut/cut.h"
#include "cut/cut_build.h"
#include "cut/cut_stretch.h"
#include "cut/cut_verify.h"
#include "cut_fixture.h"
#include "gc/gc.h"
#include "publish/publish.h"
#include "sampan/track.h"
#include "store/blob.h"
#include "work/job.h"

/* ---- what gc takes, and what is published ---- */

static int asset_remove_run(struct db *db, void *opaque, struct spn_error *err)
{
    const struct id_body *body = opaque;

    return asset_delete(db, body->id, err);
}

static int publish_run(struct db *db, void *opaque, struct spn_error *err)
{
    const struct id_body *body = opaque;

    return publish_begin(&body->f->instance, db, NULL, body->id, NULL, body->publication, err);
}

/* Is the one bridge there that the cuts of this file had made? name keeps what it is called. */
static int bridge_there(struct fixture *f, char name[SPN_HASH_HEX + 1])
{
    struct rows *rows;

    if (!name[0]) {
        assert_int_equal(db_query(f->db, "SELECT name FROM cut_file WHERE kind = 'bridge'", DB_NONE,
                                  &rows, NULL),
                         SPN_OK);
        assert_int_equal(rows_next(rows, NULL), 1);
        (void)snprintf(name, SPN_HASH_HEX + 1, "%s", rows_text(rows, 0));
        rows_close(rows);
    }
    return file_there(f, "bridge/%.2s/%s", name, name);
}

static void gc_keeps_it(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], publication[SPN_ID_MAX], name[SPN_HASH_HEX + 1] = "";
    struct id_body body = { f, id, publication };

    built(f, id);
    collect(f);
    assert_true(bridge_there(f, name));
    assert_int_equal(db_transact(f->db, publish_run, &body, NULL), SPN_OK);
    assert_int_equal(publish_finish(&f->instance, publication, NULL), SPN_OK);
    assert_int_equal(gc_days(f, 30), 30);
    assert_true(bridge_there(f, name));
    assert_int_equal(db_transact(f->db, remove_run, &body, NULL), SPN_ECONFLICT);
}

static void gc_takes_it(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], name[SPN_HASH_HEX + 1] = "";
    struct id_body body = { f, id, NULL };

    built(f, id);
    assert_true(bridge_there(f, name));
    assert_int_equal(db_transact(f->db, remove_run, &body, NULL), SPN_OK);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM cut_file"), 0);
    collect(f);
    assert_false(bridge_there(f, name));
}

static void assets_are_kept(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], asset[SPN_HASH_HEX + 1];
    struct id_body body = { f, asset, NULL };

    built(f, id);
    film_hash(second.name, "asset", 0, asset);
    assert_int_equal(db_transact(f->db, asset_remove_run, &body, NULL), SPN_ECONFLICT);
    body.id = id;
    assert_int_equal(db_transact(f->db, remove_run, &body, NULL), SPN_OK);
    body.id = asset;
    assert_int_equal(db_transact(f->db, asset_remove_run, &body, NULL), SPN_OK);
}

static void made_again(void **state)
{
    static const struct film again = { "second.mkv", 2, 0, 1, 0, 7, 1 }; /* another ladder */
    struct fixture *f = *state;
    char id[SPN_ID_MAX], ingest[SPN_ID_MAX], publication[SPN_ID_MAX], old[SPN_HASH_HEX + 1];
    struct id_body body = { f, id, publication };

    built(f, id);
    film_ingest(f, &again, 0, ingest);
    (void)work_all(f, &again);
    collect(f);
    film_hash(second.name, "video", 0, old);
    assert_true(file_there(f, "track/%.2s/%s", old, old));
    assert_int_equal(db_transact(f->db, publish_run, &body, NULL), SPN_OK);
    assert_int_equal(publish_finish(&f->instance, publication, NULL), SPN_OK);
}

static void committed_twice(void **state)
{
    static const struct cut_range ranges[] = { { 0, 3, 9 } };
    struct fixture *f = *state;
    char id[SPN_ID_MAX], ingest[SPN_ID_MAX];
    struct id_body body = { f, id, NULL };
    json_t *job, *result;

    film_ingest(f, &first, 0, ingest);
    (void)work_all(f, &first);
    cut_of(f, (const struct film *const[]){ &first }, 1, 24, ranges, 1, id);
    assert_int_equal(db_transact(f->db, build_run, &body, NULL), SPN_OK);
    job = work_claim(f, "w");
    result = work_do(f, &first, job);
    assert_int_equal(work_commit(f, job, json_incref(result)), SPN_OK);
    assert_int_equal(work_commit(f, job, result), SPN_OK);
    assert_string_equal(cut_state(f, id), "ready");
    assert_int_equal(db_transact(f->db, build_run, &body, NULL), SPN_OK);
    assert_null(work_claim(f, "w"));
    json_decref(job);
}

/* ---- what is never published ---- */

/* Publish the cut: the code, and the sentence in *why. */
static int publish_try(struct fixture *f, char *id, struct spn_error *why)
{
    char publication[SPN_ID_MAX];
    struct id_body body = { f, id, publication };
    int ret = db_transact(f->db, publish_run, &body, why);

    return ret < 0 ? ret : publish_finish(&f->instance, publication, why);
}

/* Overwrite a byte of the bridge's first sample, `at` bytes into it. */
static void bridge_spoil(struct fixture *f, const char *name, size_t at, uint8_t from, uint8_t to)
{
    char path[SPN_PATH_MAX];
    const struct spn_fragment *all;
    struct spn_track *track;
    uint64_t offset;
    uint8_t byte;
    size_t count;
    int fd;

    assert_int_equal(blob_path(&f->instance, BLOB_BRIDGE, name, path, NULL), SPN_OK);
    assert_int_equal(spn_track_open(path, &track, NULL), SPN_OK);
    all = spn_track_all(track, &count);
    offset = all[0].offset + all[0].moof_size + 8 + at;
    spn_track_close(track);
    assert_true((fd = open(path, O_RDWR)) >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
    assert_int_equal(byte, from);
    assert_int_equal(pwrite(fd, &to, 1, (off_t)offset), 1);
    assert_int_equal(close(fd), 0);
}

#define SLICE_TYPE                                                                                 \
    12 /* bytes into a sample of the fixture: after an SEI of 8 and a length of 4                  \
        */

static void changed_bytes(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], name[SPN_HASH_HEX + 1] = "";
    struct spn_error why;

    built(f, id);
    assert_true(bridge_there(f, name));
    bridge_spoil(f, name, SLICE_TYPE, 0x65, 0x45);
    assert_int_equal(publish_try(f, id, &why), SPN_EMISMATCH);
    assert_non_null(strstr(why.text, "the bytes of a bridge of rendition v0 are not those that "
                                     "were made; run `sampan cut verify`"));
    assert_int_equal(sql_number(f, "SELECT count(*) FROM publication"), 0);
    bridge_spoil(f, name, SLICE_TYPE, 0x45, 0x65);
    assert_int_equal(publish_try(f, id, &why), SPN_OK);
}

/* One that was made so, and hashed so. */
static void broken_rule(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], name[SPN_HASH_HEX + 1] = "";
    struct spn_error why;

    built(f, id);
    assert_true(bridge_there(f, name));
    bridge_spoil(f, name, SLICE_TYPE, 0x65, 0x41);
    assert_int_equal(db_run(f->db, "UPDATE cut_file SET facts = '{}' WHERE kind = 'bridge'",
                            DB_NONE, NULL, NULL),
                     SPN_OK);
    assert_int_equal(publish_try(f, id, &why), SPN_EMISMATCH);
    assert_non_null(strstr(why.text, "a bridge of rendition v0 breaks the contract: sample 0 of "
                                     "fragment 1 has a slice that is not of an IDR picture"));
    assert_int_equal(sql_number(f, "SELECT count(*) FROM publication"), 0);
}

static void missing_bridge(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], name[SPN_HASH_HEX + 1] = "", path[SPN_PATH_MAX];
    struct spn_error why;

    built(f, id);
    assert_true(bridge_there(f, name));
    assert_int_equal(blob_path(&f->instance, BLOB_BRIDGE, name, path, NULL), SPN_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(publish_try(f, id, &why), SPN_ENOENT);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM publication"), 0);
}

/* ---- verified ---- */

static int verify_run(struct db *db, void *opaque, struct spn_error *err)
{
    const struct id_body *body = opaque;

    return cut_verify(&body->f->instance, db, body->id, err);
}

static const char *verified_state(struct fixture *f, const char *id)
{
    static char state[16];
    json_t *report;

    assert_int_equal(cut_verification(f->db, id, 1, &report, NULL), SPN_OK);
    (void)snprintf(state, sizeof(state), "%s", text_of(report, "state"));
    json_decref(report);
    return state;
}

/* Commit all jobs of verification, with a fault or none. */
static int verify_work(struct fixture *f, int faults)
{
    json_t *job, *result, *list;
    int done = 0;

    for (; (job = work_claim(f, "w")); done++) {
        assert_string_equal(text_of(job, "kind"), "verify");
        list = json_array();
        if (faults)
            (void)json_array_append_new(
                list, json_pack("{sssssisiss}", "check", "bridge.frame", "rendition", "v0", "join",
                                1, "frame", 13, "text", "v0, join 1 at 00:00:02:03: off by one"));
        result = json_pack("{sisiso}", "frames", 31, "fault_count", faults, "faults", list);
        assert_int_equal(work_commit(f, job, result), SPN_OK);
        json_decref(job);
    }
    return done;
}

static void verified(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], name[SPN_HASH_HEX + 1] = "", again[SPN_HASH_HEX + 1] = "";
    struct id_body body = { f, id, NULL };
    struct spn_error why;
    json_t *cut;

    built(f, id);
    assert_string_equal(verified_state(f, id), "none");
    assert_int_equal(db_transact(f->db, verify_run, &body, NULL), SPN_OK);
    assert_string_equal(verified_state(f, id), "running");
    assert_int_equal(db_transact(f->db, verify_run, &body, NULL), SPN_OK); /* once is enough */
    assert_int_equal(verify_work(f, 0),
                     sql_number(f, "SELECT count(*) FROM cut_verify WHERE media <> 'text'"));
    assert_string_equal(verified_state(f, id), "passed");
    assert_string_equal(cut_state(f, id), "ready");

    /* a fault: not published, until it is built anew under other names */
    assert_int_equal(db_transact(f->db, verify_run, &body, NULL), SPN_OK);
    assert_true(verify_work(f, 1) > 0);
    assert_string_equal(verified_state(f, id), "failed");
    assert_int_equal(publish_try(f, id, &why), SPN_ECONFLICT);
    assert_non_null(strstr(why.text, "v0, join 1 at 00:00:02:03: off by one"));
    assert_int_equal(cut_show(f->db, id, &cut, NULL), SPN_OK);
    assert_string_equal(text_of(json_object_get(cut, "verification"), "state"), "failed");
    json_decref(cut);
    assert_true(bridge_there(f, name));
    assert_int_equal(db_transact(f->db, build_run, &body, NULL), SPN_OK);
    assert_string_equal(cut_state(f, id), "building");
    assert_string_equal(verified_state(f, id), "none");
    assert_int_equal(work_all(f, &first), 1);
    assert_true(bridge_there(f, again));
    assert_string_not_equal(name, again);
    assert_true(file_there(f, "bridge/%.2s/%s", name, name)); /* gc takes it */
    assert_int_equal(publish_try(f, id, &why), SPN_OK);
}

/* A child that dies over it again and again: nobody knows, and somebody may ask once more. */
static void verify_breaks(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];
    struct id_body body = { f, id, NULL };
    const json_t *first_one, *error;
    struct spn_error why;
    json_t *report, *job;
    int deaths = 0;

    built(f, id);
    assert_int_equal(db_transact(f->db, verify_run, &body, NULL), SPN_OK);
    for (; (job = work_claim(f, "w")); deaths++) {
        assert_string_equal(text_of(job, "kind"), "verify");
        assert_int_equal(job_fail(&f->instance, f->db, text_of(job, "id"), number_of(job, "fence"),
                                  "crash", "sampan-media was ended by SIGSEGV", NULL),
                         SPN_OK);
        json_decref(job);
    }
    assert_int_equal(deaths,
                     3 * sql_number(f, "SELECT count(*) FROM cut_verify WHERE media <> 'text'"));
    assert_string_equal(verified_state(f, id), "broken");
    assert_int_equal(cut_verification(f->db, id, 1, &report, NULL), SPN_OK);
    first_one = json_array_get(json_object_get(report, "renditions"), 0);
    error = json_object_get(first_one, "error");
    assert_string_equal(text_of(first_one, "state"), "broken");
    assert_string_equal(text_of(error, "code"), "crash");
    assert_string_equal(text_of(error, "text"), "sampan-media was ended by SIGSEGV");
    json_decref(report);
    assert_string_equal(cut_state(f, id), "ready");
    assert_int_equal(publish_try(f, id, &why), SPN_OK); /* it is as good as one nobody looked at */
    assert_int_equal(db_transact(f->db, verify_run, &body, NULL), SPN_OK);
    assert_true(verify_work(f, 0) > 0);
    assert_string_equal(verified_state(f, id), "passed");
}

/* Its cut is deleted: the worker hears of it at its next beat, and what it found is not kept. */
static void verify_cancelled(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];
    struct id_body body = { f, id, NULL };
    json_t *job;

    built(f, id);
    assert_int_equal(db_transact(f->db, verify_run, &body, NULL), SPN_OK);
    assert_non_null(job = work_claim(f, "w"));
    assert_int_equal(job_beat(&f->instance, f->db, text_of(job, "id"), number_of(job, "fence"), 1,
                              31, "frames", NULL),
                     SPN_OK);
    assert_int_equal(cut_delete(f->db, id, NULL), SPN_OK);
    assert_true(job_beat(&f->instance, f->db, text_of(job, "id"), number_of(job, "fence"), 2, 31,
                         "frames", NULL) < 0);
    assert_true(
        work_commit(f, job, json_pack("{sisis[]}", "frames", 31, "fault_count", 0, "faults")) < 0);
    json_decref(job);
    assert_null(work_claim(f, "w"));
    assert_int_equal(sql_number(f, "SELECT count(*) FROM cut_verify"), 0);
}

/* ---- differences ---- */

#define SIDE_MAX 512

static size_t frames_of(const struct cut_range *ranges, size_t count, int64_t out[SIDE_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        for (int64_t frame = ranges[i].in; frame < ranges[i].out; frame++)
            out[n++] = ranges[i].asset * 1000 + frame;
    return n;
}

/* The longest common subsequence, frame by frame. */
static int64_t model_kept(const int64_t *a, size_t rows, const int64_t *b, size_t columns)
{
    static int64_t table[SIDE_MAX + 1][SIDE_MAX + 1];

    for (size_t i = 1; i <= rows; i++)
        for (size_t j = 1; j <= columns; j++) {
            int64_t up = table[i - 1][j], left = table[i][j - 1];

            table[i][j] = a[i - 1] == b[j - 1] ? table[i - 1][j - 1] + 1 : up > left ? up : left;
        }
    return table[rows][columns];
}

static size_t ranges_make(struct fixture *f, struct cut_range *out)
{
    size_t count = 1 + fixture_random(f, 6);

    for (size_t i = 0; i < count; i++) {
        int64_t in = fixture_random(f, 40);

        out[i] =
            (struct cut_range){ (int)fixture_random(f, 2), in, in + 1 + fixture_random(f, 30) };
    }
    return count;
}

static int64_t changed_frames(const json_t *list)
{
    const json_t *change;
    int64_t frames = 0;
    size_t i;

    json_array_foreach(list, i, change)
    {
        assert_true(number_of(change, "out") > number_of(change, "in"));
        frames += number_of(change, "out") - number_of(change, "in");
    }
    return frames;
}

static void differences(void **state)
{
    const struct film *const films[] = { &first, &second };
    struct fixture *f = *state;

    for (int round = 0; round < 150; round++) {
        struct cut_range left[8], right[8];
        size_t left_count = ranges_make(f, left), right_count;
        int64_t a[SIDE_MAX], b[SIDE_MAX];
        size_t rows, columns;
        char from[SPN_ID_MAX], to[SPN_ID_MAX];
        json_t *diff;

        if (round % 2) { /* a small change of the same */
            right_count = left_count;
            memcpy(right, left, sizeof(left));
            right[fixture_random(f, (uint32_t)right_count)].in = 0;
        } else {
            right_count = ranges_make(f, right);
        }
        rows = frames_of(left, left_count, a);
        columns = frames_of(right, right_count, b);
        cut_of(f, films, 2, 70, left, left_count, from);
        cut_of(f, films, 2, 70, right, right_count, to);
        assert_int_equal(cut_diff(f->db, from, to, &diff, NULL), SPN_OK);
        assert_int_equal(number_of(diff, "kept_frames"), model_kept(a, rows, b, columns));
        assert_int_equal(changed_frames(json_object_get(diff, "left")),
                         (int64_t)rows - number_of(diff, "kept_frames"));
        assert_int_equal(changed_frames(json_object_get(diff, "came")),
                         (int64_t)columns - number_of(diff, "kept_frames"));
        json_decref(diff);
    }
}

/* ---- stretches of rungs that differ ---- */

#define RUNGS  3
#define ASSETS 3

/* Is frame n of rung r bridge, by spans of it alone? */
static int bridged(const struct spn_composition *composition,
                   const struct match_rendition *rendition, int64_t n, struct spn_span *out)
{
    struct spn_composition seen;
    struct spn_span *spans;
    size_t count;
    int found = 0;

    assert_int_equal(cut_seen(composition, rendition, &seen, NULL), SPN_OK);
    assert_int_equal(spn_picture_spans(&seen, &spans, &count, NULL), SPN_OK);
    for (size_t i = 0; i < count; i++)
        if (spans[i].kind == SPN_BRIDGE && spans[i].start <= n &&
            n < spans[i].start + spans[i].frames) {
            *out = spans[i];
            found = 1;
        }
    free(spans);
    cut_seen_finish(&seen);
    return found;
}

static void stretches_check(const struct spn_composition *composition,
                            const struct match_rendition *renditions)
{
    struct cut_stretch *stretches;
    int64_t frames = 0;
    size_t count;

    assert_int_equal(cut_stretches(composition, renditions, RUNGS + 1, &stretches, &count, NULL),
                     SPN_OK);
    for (size_t i = 0; i < count; i++) {
        const struct spn_span *span = &stretches[i].span;

        assert_true(stretches[i].rungs != 0 && !(stretches[i].rungs >> RUNGS));
        assert_true(i == 0 || stretches[i - 1].span.start < span->start ||
                    (stretches[i - 1].span.start == span->start &&
                     stretches[i - 1].span.frames < span->frames));
    }
    for (int64_t n = 0; n < composition->start[composition->count]; n++) {
        int any = 0;

        for (size_t r = 0; r < RUNGS; r++) {
            struct spn_span span;
            size_t found;

            if (!bridged(composition, &renditions[r], n, &span))
                continue;
            any = 1;
            found = cut_stretch_find(stretches, count, &span);
            assert_true(found < count);
            assert_int_equal(stretches[found].span.start, span.start);
            assert_int_equal(stretches[found].span.frames, span.frames);
            assert_true(stretches[found].rungs >> r & 1);
        }
        frames += any;
    }
    assert_int_equal(cut_stretch_frames(stretches, count), frames);
    free(stretches);
}

/* Frame by frame, rung by rung: each has its own spans, and what is alike is one stretch. */
static void rungs_differ(void **state)
{
    struct fixture *f = *state;

    for (int round = 0; round < 30; round++) {
        struct match_track tracks[RUNGS + 1][ASSETS] = { 0 };
        struct match_rendition renditions[RUNGS + 1] = { 0 };
        struct spn_clip_asset assets[ASSETS] = { 0 };
        struct spn_composition *composition;
        struct spn_clip clips[8];
        size_t count = 1 + fixture_random(f, 8);

        for (size_t a = 0; a < ASSETS; a++) {
            assets[a].rate = (struct spn_rate){ 5, 1 };
            assets[a].frames = 40 + fixture_random(f, 30);
            assets[a].name.bytes[0] = (uint8_t)a;
        }
        for (size_t r = 0; r <= RUNGS; r++) {
            renditions[r].media = r == RUNGS; /* the last is sound */
            renditions[r].tracks = tracks[r];
            for (size_t a = 0; a < ASSETS; a++)
                tracks[r][a].encode = fixture_random(f, 3) == 0;
        }
        for (size_t i = 0; i < count; i++) {
            clips[i].asset = fixture_random(f, ASSETS);
            clips[i].in = fixture_random(f, 40);
            clips[i].out =
                clips[i].in + 1 +
                fixture_random(f, (uint32_t)(assets[clips[i].asset].frames - clips[i].in));
        }
        assert_int_equal(spn_composition_make(assets[0].rate, assets, ASSETS, clips, count, NULL,
                                              NULL, &composition, NULL),
                         SPN_OK);
        stretches_check(composition, renditions);
        spn_composition_free(composition);
    }
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        TEST("gc keeps bridges and tracks of a built cut", gc_keeps_it),
        TEST("a cut that went leaves its bridges to gc", gc_takes_it),
        TEST("assets of a built cut stay until it goes", assets_are_kept),
        TEST("a cut stays as it was built when an asset is made again", made_again),
        TEST("a bridge may be committed twice and a cut built twice", committed_twice),
        TEST("rungs that are converted have stretches of their own", rungs_differ),
        TEST("a bridge whose bytes changed is not published", changed_bytes),
        TEST("a bridge that breaks a rule of the contract is not published", broken_rule),
        TEST("a cut that lacks a bridge is not published", missing_bridge),
        TEST("a cut is verified, and built anew where it is not what its list says", verified),
        TEST("a verification that nobody can finish is told as that, and may be asked for again",
             verify_breaks),
        TEST("a verification ends with its cut", verify_cancelled),
        TEST("what stayed is the longest common part, frame by frame", differences),
    };

    fixture_arguments(argc, argv);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cut", tests, NULL, NULL);
}

/*
 * test_verify_picture.c - a cut whose pictures are not what its list says is found out, whatever
 * was done to it, and one that is as it should be passes.
 *
 * usage: test_verify_picture SAMPAN-MEDIA. Verification reads no code in the pictures: they carry
 * one only because all films of the tests do.
 */
#include <stdio.h>
#include <unistd.h>

#include "cut_stage.h"
#include "group.h"
#include "sabotage.h"

static struct cut_stage stage; /* of H.264, for all that is sabotaged; what is changed is undone */

static int begin(void **state)
{
    (void)state;
    cut_stage_init(&stage, &kind_h264);
    return 0;
}

static int end(void **state)
{
    (void)state;
    cut_stage_finish(&stage);
    return 0;
}

/* ---- what is good ---- */

static void passes(void **state)
{
    struct cut_stage made;
    json_t *result;

    cut_stage_init(&made, *state);
    result = cut_run_verify(&made.run, 'v', made.good);
    is_good(result);
    json_decref(result);
    cut_stage_finish(&made);
}

static void counts(void **state)
{
    const struct spn_composition *composition = stage.run.composition;
    json_t *result = cut_run_verify(&stage.run, 'v', stage.good), *measured;

    (void)state;
    is_good(result);
    measured = json_object_get(result, "measured");
    assert_int_equal(json_integer_value(json_object_get(result, "frames")),
                     composition->start[composition->count]);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(measured, "bridges"), "frames")),
        stage.run.encoded);
    assert_int_equal(json_integer_value(json_object_get(measured, "referenced")),
                     composition->start[composition->count] - stage.run.encoded);
    json_decref(result);
}

static void sources_gone(void **state)
{
    struct cut_run cut;
    struct spn_error err = { 0 };
    char path[128];
    json_t *result;

    (void)state;
    cut_stage_again(&stage, &cut);
    cut.from_renditions = 1;
    assert_int_equal(cut_run_picture(&cut, "film.mp4", path, &err), SPN_OK);
    result = cut_run_verify(&cut, 'v', path);
    is_good(result);
    json_decref(result);
    cut_run_finish(&cut);
}

/* The compositor of the product writes what the tests' own does. */
struct writing {
    FILE *out;
    const struct cut_files *files;
};

static int write_part(void *opaque, const uint8_t *bytes, size_t piece, uint64_t offset,
                      uint64_t size, struct spn_error *err)
{
    struct writing *writing = opaque;
    uint8_t *copy = malloc(size);
    FILE *in;

    (void)err;
    assert_non_null(copy);
    if (!bytes) {
        in = fopen(writing->files->paths[piece], "r");
        assert_non_null(in);
        assert_int_equal(fseek(in, (long)offset, SEEK_SET), 0);
        assert_int_equal(fread(copy, 1, size, in), size);
        (void)fclose(in);
    }
    assert_int_equal(fwrite(bytes ? bytes : copy, 1, size, writing->out), size);
    free(copy);
    return SPN_OK;
}

static void composes(void **state)
{
    char path[128], command[300];
    struct writing writing = { 0 };
    struct spn_composed composed;
    struct spn_error err = { 0 };
    struct cut_files files;

    (void)state;
    cut_files_open(&stage, &files);
    if (spn_composed_make(stage.run.composition, &files.list, NULL, NULL, &composed, &err) < 0)
        fail_msg("%s", err.text);
    (void)snprintf(path, sizeof(path), "%s/composed.mp4", stage.run.dir);
    assert_non_null(writing.out = fopen(path, "w"));
    writing.files = &files;
    assert_int_equal(spn_composed_write(&files.list, &composed, write_part, &writing, &err),
                     SPN_OK);
    (void)fclose(writing.out);
    (void)snprintf(command, sizeof(command), "cmp %s %s", path, stage.good);
    assert_int_equal(system(command), 0);
    spn_composed_free(&composed);
    cut_files_close(&files);
}

/* ---- what is not ---- */

/* Encode all bridges anew with a request that is changed, and see that it is caught. */
static void bridges_are(cut_change *change, const char *check, const char *words)
{
    struct cut_run cut;
    struct spn_error err = { 0 };
    char path[128];
    json_t *result;

    cut_stage_again(&stage, &cut);
    cut.change = change;
    if (cut_run_picture(&cut, "changed.mp4", path, &err) < 0)
        fail_msg("%s", err.text);
    cut.change = NULL;
    result = cut_run_verify(&cut, 'v', path);
    is_caught(result, check, words);
    json_decref(result);
    cut_run_finish(&cut);
}

static void part_move(json_t *request, size_t index, int in, int out)
{
    json_t *part = json_array_get(json_object_get(request, "parts"), index);
    json_int_t from = json_integer_value(json_object_get(part, "from"));
    json_int_t to = json_integer_value(json_object_get(part, "to"));

    (void)json_object_set_new(part, "from", json_integer(from + in));
    (void)json_object_set_new(part, "to", json_integer(to + out));
}

static void first_part_late(json_t *request)
{
    json_t *part = json_array_get(json_object_get(request, "parts"), 0);
    int step = json_integer_value(json_object_get(part, "from")) > 0 ? -1 : 1;

    part_move(request, 0, step, step);
}

static void off_by_one(void **state)
{
    (void)state;
    bridges_are(first_part_late, "bridge.frame",
                "v0, join 1 at 00:00:00:00: the bridge is off by one: it shows frames 15 to 48 of "
                "its asset where the list has 16 to 49");
}

/* A join a frame early: the last frame of what goes is lost, of what comes one more is there. */
static void join_early(json_t *request)
{
    size_t parts = json_array_size(json_object_get(request, "parts"));

    if (parts < 2)
        return;
    part_move(request, parts - 2, 0, -1);
    part_move(request, parts - 1, -1, 0);
}

static void out_by_one(void **state)
{
    (void)state;
    bridges_are(join_early, "bridge.quality", "v0, join 6 at 00:00:07:24: the worst picture");
}

/* One picture of the first part twice, and one of it not at all. */
static void repeat(json_t *request)
{
    json_t *parts = json_object_get(request, "parts"), *again;
    json_t *part = json_array_get(parts, 0);
    json_int_t from = json_integer_value(json_object_get(part, "from"));
    json_int_t to = json_integer_value(json_object_get(part, "to"));

    if (to - from < 12)
        return;
    again = json_deep_copy(part);
    (void)json_object_set_new(part, "to", json_integer(from + 6));
    (void)json_object_set_new(again, "from", json_integer(from + 5));
    (void)json_array_insert_new(parts, 1, again);
    /* the one after the repeated is left out */
    (void)json_object_set_new(again, "to", json_integer(from + 6));
    again = json_deep_copy(again);
    (void)json_object_set_new(again, "from", json_integer(from + 7));
    (void)json_object_set_new(again, "to", json_integer(to));
    (void)json_array_insert_new(parts, 2, again);
}

static void one_twice(void **state)
{
    (void)state;
    bridges_are(repeat, "bridge.frame",
                "v0, join 1 at 00:00:00:06: the bridge shows frame 21 of its asset where the list "
                "has 22");
}

static void coarse(json_t *request)
{
    json_t *output = json_array_get(json_object_get(request, "outputs"), 0);
    json_t *rung = json_deep_copy(json_object_get(output, "rung"));

    (void)json_object_set_new(rung, "crf", json_integer(38));
    (void)json_object_set_new(output, "rung", rung);
}

static void bad_quality(void **state)
{
    (void)state;
    bridges_are(coarse, "bridge.quality", "the pictures of all bridges have");
}

/* Encoded by the asset's CRF and two more: nothing is broken, it is only not as good. */
static void less_fine(json_t *request)
{
    json_t *output = json_array_get(json_object_get(request, "outputs"), 0);
    json_t *rung = json_deep_copy(json_object_get(output, "rung"));
    json_int_t crf = json_integer_value(json_object_get(rung, "crf"));

    (void)json_object_set_new(rung, "crf", json_integer(crf + 4));
    (void)json_object_set_new(output, "rung", rung);
}

static void worse_quality(void **state)
{
    (void)state;
    bridges_are(less_fine, "bridge.quality", "the pictures of all bridges have");
}

static void bridge_missing(void **state)
{
    char path[128];
    json_t *result;

    (void)state;
    stage.run.left_out = 1;
    cut_run_picture_write(&stage.run, "missing.mp4", path);
    stage.run.left_out = 0;
    result = cut_run_verify(&stage.run, 'v', path);
    is_caught(result, "timeline.length", "v0, join 1 at 00:00:00:00: fragment 1 has 50 frames");
    json_decref(result);
}

/* The first GOP that is referenced begins with a picture that is no IDR picture, as open GOPs do.
 */
static void open_gop(void **state)
{
    char path[128];
    json_t *result;

    (void)state;
    cut_run_picture_write(&stage.run, "open.mp4", path);
    idr_unmark(path, 1);
    result = cut_run_verify(&stage.run, 'v', path);
    is_caught(result, "sampan.idr.first",
              "v0, join 1 at 00:00:01:09: sample 0 of fragment 2 has a slice that is not of an IDR "
              "picture");
    json_decref(result);
}

static void is_damaged(void **state)
{
    char path[128];
    json_t *result;
    FILE *file;

    (void)state;
    cut_run_picture_write(&stage.run, "damaged.mp4", path);
    assert_non_null(file = fopen(path, "r+"));
    assert_int_equal(fseek(file, -400, SEEK_END), 0);
    for (int i = 0; i < 64; i++)
        assert_int_equal(fputc(0xFF, file), 0xFF);
    (void)fclose(file);
    result = cut_run_verify(&stage.run, 'v', path);
    is_caught(result, "bridge.quality", "v0, join 11 at 00:00:17:");
    json_decref(result);
}

static void is_truncated(void **state)
{
    char path[128];
    json_t *result;

    (void)state;
    cut_run_picture_write(&stage.run, "short.mp4", path);
    assert_int_equal(truncate(path, 5000), 0);
    result = cut_run_verify(&stage.run, 'v', path);
    is_caught(result, "film", "build the cut again");
    json_decref(result);
}

int main(int argc, char **argv)
{
    static struct rows tests;

    rows_add(&tests, "a good cut has all its frames, bridged and referenced", counts, NULL);
    rows_add(&tests, "a good cut of HEVC passes", passes, &kind_hevc);
    rows_add(&tests, "a good cut of AV1 passes", passes, &kind_av1);
    rows_add(&tests, "a good cut of renditions whose sources are gone passes", sources_gone, NULL);
    rows_add(&tests, "what is composed is what is sent", composes, NULL);
    rows_add(&tests, "a bridge whose in is off by one is caught", off_by_one, NULL);
    rows_add(&tests, "a bridge whose join is off by one is caught", out_by_one, NULL);
    rows_add(&tests, "a bridge that shows a frame twice is caught", one_twice, NULL);
    rows_add(&tests, "bridges that are coarser than the asset are caught", bad_quality, NULL);
    rows_add(&tests, "bridges that are a little worse than the asset are caught", worse_quality,
             NULL);
    rows_add(&tests, "a missing bridge is caught", bridge_missing, NULL);
    rows_add(&tests, "an open GOP is caught", open_gop, NULL);
    rows_add(&tests, "damaged bytes are caught", is_damaged, NULL);
    rows_add(&tests, "a film that ends early is caught", is_truncated, NULL);
    return group_run("verify picture", &tests, argc, argv, begin, end);
}

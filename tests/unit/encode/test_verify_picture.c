/*
 * test_verify_picture.c - a cut whose pictures are not what its list says is found out, whatever
 * was done to it, and one that is as it should be passes.
 *
 * usage: test_verify_picture SAMPAN-MEDIA. Verification reads no code in the pictures: they carry
 * one only because all films of the tests do.
 */
#include <stdio.h>
#include <unistd.h>

#include "cut_assets.h"
#include "cut_run.h"
#include "group.h"
#include "process.h"
#include "sabotage.h"
#include "sampan/composed.h"

static const struct kind {
    unsigned num, den, width, height;
    const char *codec, *preset;
} h264 = { 25, 1, 320, 180, "h264", "fast" }, hevc = { 25, 1, 256, 144, "hevc", "fast" },
  av1 = { 24000, 1001, 256, 144, "av1", "10" };

static struct cut_assets assets; /* of h264, for all that is sabotaged */
static struct cut_run run;       /* a good cut of them; what is changed in it is undone */
static char good[128];           /* it, as it is sent */

static void assets_make(struct cut_assets *out, const struct kind *kind)
{
    static const char *const encoder[] = { "-c:v",      "libx264", "-qp", "0", "-preset",
                                           "ultrafast", "-g",      "31",  NULL };
    unsigned gop = spn_rate_gop((struct spn_rate){ kind->num, kind->den });
    const unsigned frames[CUT_ASSETS] = { 4 * gop + 7, 3 * gop };
    struct film film = {
        .picture = { kind->width, kind->height, kind->num, kind->den, 0, 1, 0, 0 },
        .encoder = encoder,
    };
    char options[256];

    (void)snprintf(options, sizeof(options),
                   "{\"ladder\":{\"version\":1,\"rungs\":[{\"codec\":\"%s\",\"height\":1080,"
                   "\"preset\":\"%s\"}]}}",
                   kind->codec, kind->preset);
    cut_assets_init(out, program, dir, "film.mkv", &film, frames, options);
}

static void cut_make(struct cut_run *out, const struct cut_assets *of, char path[128])
{
    struct spn_clip clips[CUT_CLIPS];
    struct spn_error err = { 0 };

    cut_clips_make(of->gop, clips);
    cut_run_init(out, program, of->list, CUT_ASSETS, clips, CUT_CLIPS);
    if (cut_run_picture(out, "film.mp4", path, &err) < 0)
        fail_msg("%s", err.text);
}

static int begin(void **state)
{
    (void)state;
    assets_make(&assets, &h264);
    cut_make(&run, &assets, good);
    return 0;
}

static int end(void **state)
{
    (void)state;
    cut_run_finish(&run);
    cut_assets_finish(&assets);
    return 0;
}

/* ---- what is good ---- */

static void passes(void **state)
{
    const struct kind *kind = *state;
    struct cut_assets made;
    struct cut_run cut;
    char path[128];
    json_t *result;

    assets_make(&made, kind);
    cut_make(&cut, &made, path);
    result = cut_run_verify(&cut, 'v', path);
    is_good(result);
    json_decref(result);
    cut_run_finish(&cut);
    cut_assets_finish(&made);
}

static void counts(void **state)
{
    const struct spn_composition *composition = run.composition;
    json_t *result = cut_run_verify(&run, 'v', good), *measured;

    (void)state;
    is_good(result);
    measured = json_object_get(result, "measured");
    assert_int_equal(json_integer_value(json_object_get(result, "frames")),
                     composition->start[composition->count]);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(measured, "bridges"), "frames")),
        run.encoded);
    assert_int_equal(json_integer_value(json_object_get(measured, "referenced")),
                     composition->start[composition->count] - run.encoded);
    json_decref(result);
}

static void sources_gone(void **state)
{
    struct cut_run cut;
    struct spn_clip clips[CUT_CLIPS];
    struct spn_error err = { 0 };
    char path[128];
    json_t *result;

    (void)state;
    cut_clips_make(assets.gop, clips);
    cut_run_init(&cut, program, assets.list, CUT_ASSETS, clips, CUT_CLIPS);
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
    const char *paths[CUT_ASSETS + 32];
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
        in = fopen(writing->paths[piece], "r");
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
    struct spn_track *tracks[CUT_ASSETS], *bridges[32];
    char paths[CUT_ASSETS + 32][128], path[128], command[300];
    struct spn_composed_files files = { 0 };
    struct writing writing = { 0 };
    struct spn_composed composed;
    struct spn_error err = { 0 };
    struct spn_span *spans;
    size_t count;

    (void)state;
    for (size_t i = 0; i < CUT_ASSETS; i++) {
        (void)snprintf(paths[i], sizeof(paths[i]), "%s/v0.mp4", assets.runs[i].dir);
        assert_int_equal(spn_track_open(paths[i], &tracks[i], &err), SPN_OK);
    }
    assert_int_equal(spn_picture_spans(run.composition, &spans, &count, &err), SPN_OK);
    for (size_t i = 0; i < count; i++)
        if (spans[i].kind == SPN_BRIDGE) {
            char *bridge = paths[CUT_ASSETS + files.bridge_count];

            (void)snprintf(bridge, sizeof(paths[0]), "%s/bridge.%zu", run.dir, i);
            assert_int_equal(spn_track_open(bridge, &bridges[files.bridge_count++], &err), SPN_OK);
        }
    files.tracks = (const struct spn_track *const *)tracks;
    files.bridges = (const struct spn_track *const *)bridges;
    if (spn_composed_make(run.composition, &files, NULL, NULL, &composed, &err) < 0)
        fail_msg("%s", err.text);
    (void)snprintf(path, sizeof(path), "%s/composed.mp4", run.dir);
    assert_non_null(writing.out = fopen(path, "w"));
    for (size_t i = 0; i < CUT_ASSETS + files.bridge_count; i++)
        writing.paths[i] = paths[i];
    assert_int_equal(spn_composed_write(&files, &composed, write_part, &writing, &err), SPN_OK);
    (void)fclose(writing.out);
    (void)snprintf(command, sizeof(command), "cmp %s %s", path, good);
    assert_int_equal(system(command), 0);
    spn_composed_free(&composed);
    for (size_t i = 0; i < CUT_ASSETS; i++)
        spn_track_close(tracks[i]);
    for (size_t i = 0; i < files.bridge_count; i++)
        spn_track_close(bridges[i]);
    free(spans);
}

/* ---- what is not ---- */

/* Frames [from, to) of the first asset: its head is a bridge of their own, span 0. */
static void head(unsigned *from, unsigned *to)
{
    *from = assets.gop / 3;
    *to = assets.gop;
}

static void bridge_is_foreign(const char *const *encoder, const char *check, const char *words)
{
    char like[128], piece[128], kept[160], path[128];
    unsigned from, to;
    json_t *result;

    head(&from, &to);
    (void)snprintf(like, sizeof(like), "%s/v0.mp4", assets.runs[0].dir);
    (void)snprintf(piece, sizeof(piece), "%s/bridge.0", run.dir);
    (void)snprintf(kept, sizeof(kept), "%s.kept", piece);
    assert_int_equal(rename(piece, kept), 0);
    foreign_write(assets.films[0], from, to, encoder, to - from, like, piece);
    cut_run_picture_write(&run, "foreign.mp4", path);
    assert_int_equal(rename(kept, piece), 0);
    result = cut_run_verify(&run, 'v', path);
    is_caught(result, check, words);
    json_decref(result);
}

/* The parameters of the rung as the asset has them, `from` replaced by `to`. */
static const char *pinned(const char *from, const char *to)
{
    static char out[1024];
    json_t *rung = json_array_get(asset_run_plan(&assets.runs[0], "video"), 0);
    const char *options = json_string_value(json_object_get(rung, "options")), *at;

    assert_non_null(options);
    options = strrchr(options, ' ') + 1; /* after encoder, preset and profile */
    assert_non_null(at = strstr(options, from));
    (void)snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - options), options, to,
                   at + strlen(from));
    return out;
}

static void bridge_is(const char *preset, const char *params, const char *check, const char *words)
{
    const char *const encoder[] = { "-pix_fmt",     "yuv420p", "-c:v",       "libx264",
                                    "-preset",      preset,    "-profile:v", "high",
                                    "-x264-params", params,    NULL };

    bridge_is_foreign(encoder, check, words);
}

/* What CRF leaves in the PPS is the quantiser that slices and the contexts of CABAC count from. */
static void not_stitchable(void **state)
{
    char params[1024];

    (void)state;
    (void)snprintf(params, sizeof(params), "%s:crf=17", pinned("stitchable=1", "stitchable=0"));
    bridge_is("fast", params, "picture.decode",
              "v0, join 1 at 00:00:00:00: the decoder is not content");
}

static void no_b_frames(void **state)
{
    (void)state;
    bridge_is("fast", pinned("bframes=3", "bframes=0"), "picture.decode",
              "v0, join 1 at 00:00:00:00: the decoder is not content");
}

static void other_preset(void **state)
{
    (void)state;
    bridge_is("ultrafast", pinned("cabac=1:8x8dct=1", "cabac=0:8x8dct=0"), "picture.decode",
              "the decoder is not content");
}

static void other_size(void **state)
{
    static const char *const encoder[] = { "-s",   "160x90",  "-pix_fmt", "yuv420p",
                                           "-c:v", "libx264", "-preset",  "fast",
                                           "-g",   "50",      NULL };

    (void)state;
    bridge_is_foreign(encoder, "picture.decode", "build the cut again");
}

/* Encode all bridges anew with a request that is changed, and see that it is caught. */
static void bridges_are(cut_change *change, const char *check, const char *words)
{
    struct cut_run cut;
    struct spn_clip clips[CUT_CLIPS];
    struct spn_error err = { 0 };
    char path[128];
    json_t *result;

    cut_clips_make(assets.gop, clips);
    cut_run_init(&cut, program, assets.list, CUT_ASSETS, clips, CUT_CLIPS);
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

static void bridge_missing(void **state)
{
    char path[128];
    json_t *result;

    (void)state;
    run.left_out = 1;
    cut_run_picture_write(&run, "missing.mp4", path);
    run.left_out = 0;
    result = cut_run_verify(&run, 'v', path);
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
    cut_run_picture_write(&run, "open.mp4", path);
    idr_unmark(path, 1);
    result = cut_run_verify(&run, 'v', path);
    is_caught(result, "sampan.idr.first",
              "v0, join 1 at 00:00:01:09: sample 0 of fragment 2 has a slice that is not of an IDR "
              "picture");
    json_decref(result);
}

/* The second asset's track is another encode, which a decoder of this one runs over well. */
static void other_track(void **state)
{
    const char *params = pinned("crf=", "crf=1");
    const char *const encoder[] = { "-pix_fmt",     "yuv420p", "-c:v",       "libx264",
                                    "-preset",      "fast",    "-profile:v", "high",
                                    "-x264-params", params,    NULL };
    char track[128], kept[160], path[128];
    json_t *result;

    (void)state;
    (void)snprintf(track, sizeof(track), "%s/v0.mp4", assets.runs[1].dir);
    (void)snprintf(kept, sizeof(kept), "%s.kept", track);
    assert_int_equal(rename(track, kept), 0);
    foreign_write(assets.films[1], 0, 3 * assets.gop, encoder, assets.gop, kept, track);
    cut_run_picture_write(&run, "foreign.mp4", path);
    assert_int_equal(rename(kept, track), 0);
    result = cut_run_verify(&run, 'v', path);
    is_caught(result, "picture.equal",
              "v0, join 1 at 00:00:03:14: 50 of 50 pictures that are taken from the asset as they "
              "are are not those of its track");
    json_decref(result);
}

static void is_damaged(void **state)
{
    char path[128];
    json_t *result;
    FILE *file;

    (void)state;
    cut_run_picture_write(&run, "damaged.mp4", path);
    assert_non_null(file = fopen(path, "r+"));
    assert_int_equal(fseek(file, -400, SEEK_END), 0);
    for (int i = 0; i < 64; i++)
        assert_int_equal(fputc(0xFF, file), 0xFF);
    (void)fclose(file);
    result = cut_run_verify(&run, 'v', path);
    is_caught(result, "bridge.quality", "v0, join 11 at 00:00:17:");
    json_decref(result);
}

static void is_truncated(void **state)
{
    char path[128];
    json_t *result;

    (void)state;
    cut_run_picture_write(&run, "short.mp4", path);
    assert_int_equal(truncate(path, 5000), 0);
    result = cut_run_verify(&run, 'v', path);
    is_caught(result, "film", "build the cut again");
    json_decref(result);
}

int main(int argc, char **argv)
{
    static struct rows tests;

    rows_add(&tests, "a good cut has all its frames, bridged and referenced", counts, NULL);
    rows_add(&tests, "a good cut of HEVC passes", passes, &hevc);
    rows_add(&tests, "a good cut of AV1 passes", passes, &av1);
    rows_add(&tests, "a good cut of renditions whose sources are gone passes", sources_gone, NULL);
    rows_add(&tests, "what is composed is what is sent", composes, NULL);
    rows_add(&tests, "a bridge without stitchable is caught", not_stitchable, NULL);
    rows_add(&tests, "a bridge without B-frames is caught", no_b_frames, NULL);
    rows_add(&tests, "a bridge of another preset is caught", other_preset, NULL);
    rows_add(&tests, "a bridge of another size is caught", other_size, NULL);
    rows_add(&tests, "a bridge whose in is off by one is caught", off_by_one, NULL);
    rows_add(&tests, "a bridge whose join is off by one is caught", out_by_one, NULL);
    rows_add(&tests, "a bridge that shows a frame twice is caught", one_twice, NULL);
    rows_add(&tests, "bridges that are coarser than the asset are caught", bad_quality, NULL);
    rows_add(&tests, "a missing bridge is caught", bridge_missing, NULL);
    rows_add(&tests, "an open GOP is caught", open_gop, NULL);
    rows_add(&tests, "GOPs of another encode are caught", other_track, NULL);
    rows_add(&tests, "damaged bytes are caught", is_damaged, NULL);
    rows_add(&tests, "a film that ends early is caught", is_truncated, NULL);
    return group_run("verify picture", &tests, argc, argv, begin, end);
}

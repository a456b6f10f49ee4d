/*
 * test_bridge.c - a composition shows every frame that its clips have, in place, and nobody sees
 * where it was joined.
 *
 * usage: test_bridge SAMPAN-MEDIA. Pictures carry codes (tests/fixtures/code.h).
 */
#include <math.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "code.h"
#include "cut_assets.h"
#include "cut_run.h"
#include "group.h"
#include "process.h"
#include "sampan/track.h"

static struct row {
    const char *name;
    unsigned num, den, width, height;
    const char *codec, *preset;
} rows[] = {
    { "H.264 at 24000/1001", 24000, 1001, 320, 180, "h264", "medium" },
    { "H.264 at 25", 25, 1, 320, 180, "h264", "medium" },
    { "H.264 at 30000/1001", 30000, 1001, 256, 144, "h264", "fast" },
    { "H.264 at 60000/1001", 60000, 1001, 256, 144, "h264", "fast" },
    { "HEVC at 25", 25, 1, 256, 144, "hevc", "fast" },
    { "AV1 at 24000/1001", 24000, 1001, 256, 144, "av1", "10" },
};

/* Raw frames of a file, all in memory. */
struct frames {
    uint8_t *bytes;
    size_t size, count; /* bytes of one; how many */
};

static void frames_read(const struct row *row, const char *path, struct frames *out)
{
    const char *argv[] = { "ffmpeg", "-nostdin", "-v",     "error",       "-i",       path,
                           "-map",   "0:v:0",    "-vsync", "passthrough", "-pix_fmt", "yuv420p",
                           "-f",     "rawvideo", "-",      NULL };
    size_t size;

    out->size = (size_t)row->width * row->height * 3 / 2;
    assert_int_equal(process_output(argv, 512u << 20, &out->bytes, &size), 0);
    assert_int_equal(size % out->size, 0);
    out->count = size / out->size;
}

static const uint8_t *frame_at(const struct frames *frames, int64_t n)
{
    assert_in_range(n, 0, frames->count - 1);
    return frames->bytes + (size_t)n * frames->size;
}

static double psnr(const struct row *row, const uint8_t *a, const uint8_t *b)
{
    size_t pixels = (size_t)row->width * row->height;
    uint64_t sum = 0;

    for (size_t i = 0; i < pixels; i++) {
        int d = a[i] - b[i];

        sum += (uint64_t)(d * d);
    }
    return sum ? 10 * log10(255.0 * 255.0 * (double)pixels / (double)sum) : 99;
}

/* What holds of every track holds of a cut too, but that its GOPs are whole. It has no sidx. */
static void rule_broken(void *opaque, const char *rule, const char *text)
{
    int *broken = opaque;

    if (strcmp(rule, "sampan.sidx.present") == 0 || strcmp(rule, "sampan.gop.whole") == 0)
        return;
    ++*broken;
    print_error("%s: %s\n", rule, text);
}

/* Fragments are those of the spans, in place and of their lengths. */
static void boxes_check(const struct spn_composition *composition, const char *path)
{
    const struct spn_fragment *fragments;
    struct spn_error err = { 0 };
    struct spn_span *spans;
    struct spn_track *track;
    size_t count, all, at = 0;
    int broken = 0;

    assert_in_range(spn_track_check(path, rule_broken, &broken, &err), 0, 2);
    assert_int_equal(broken, 0);
    assert_int_equal(spn_track_open(path, &track, &err), SPN_OK);
    assert_int_equal(spn_picture_spans(composition, &spans, &count, &err), SPN_OK);
    fragments = spn_track_all(track, &all);
    for (size_t i = 0; i < count; i++) {
        int64_t left = spans[i].frames;

        for (uint32_t k = 0; k < spans[i].fragments; k++, at++) {
            int64_t first, length = left < composition->gop ? left : composition->gop;

            if (spans[i].kind == SPN_BRIDGE)
                spn_bridge_fragment(spans[i].frames, spans[i].fragments, k, &first, &length);
            assert_true(at < all);
            assert_int_equal(fragments[at].start,
                             (spans[i].start + spans[i].frames - left) * composition->rate.den);
            assert_int_equal(fragments[at].samples, length);
            left -= length;
        }
        assert_int_equal(left, 0);
    }
    assert_int_equal(at, all);
    free(spans);
    spn_track_close(track);
}

/* Two assets of this kind: the first has four GOPs and seven frames, the second three GOPs. */
struct made {
    struct cut_assets assets;
    struct frames source[CUT_ASSETS], encoded[CUT_ASSETS];
};

static void made_init(struct made *made, const struct row *row, const char *preset)
{
    static const char *const encoder[] = { "-c:v",      "libx264", "-qp", "0", "-preset",
                                           "ultrafast", "-g",      "31",  NULL };
    unsigned gop = spn_rate_gop((struct spn_rate){ row->num, row->den });
    const unsigned frames[CUT_ASSETS] = { 4 * gop + 7, 3 * gop };
    struct film film = {
        .picture = { row->width, row->height, row->num, row->den, 0, 1, 0, 0 },
        .encoder = encoder,
    };
    char options[256], path[128];

    (void)snprintf(options, sizeof(options),
                   "{\"ladder\":{\"version\":1,\"rungs\":[{\"codec\":\"%s\",\"height\":1080,"
                   "\"preset\":\"%s\"}]}}",
                   row->codec, preset);
    cut_assets_init(&made->assets, "film.mkv", &film, frames, options);
    for (unsigned i = 0; i < CUT_ASSETS; i++) {
        (void)snprintf(path, sizeof(path), "%s/v0.mp4", made->assets.runs[i].dir);
        frames_read(row, made->assets.films[i], &made->source[i]);
        frames_read(row, path, &made->encoded[i]);
        assert_int_equal(made->source[i].count, made->encoded[i].count);
    }
}

static void made_finish(struct made *made)
{
    cut_assets_finish(&made->assets);
    for (unsigned i = 0; i < CUT_ASSETS; i++) {
        free(made->source[i].bytes);
        free(made->encoded[i].bytes);
    }
}

struct quality {
    double sum, least;
    int64_t count;
};

static void quality_add(struct quality *quality, double value)
{
    if (!quality->count++ || value < quality->least)
        quality->least = value;
    quality->sum += value;
}

/* Every frame of shown against the composition: -1, or the first that is wrong. */
static int64_t frames_check(const struct row *row, const struct cut_run *run,
                            const struct made *made, const struct frames *shown,
                            struct quality *bridge, struct quality *full)
{
    const struct spn_composition *composition = run->composition;
    struct spn_error err = { 0 };
    struct spn_span *spans;
    int64_t wrong = -1;
    size_t count;

    assert_int_equal(spn_picture_spans(composition, &spans, &count, &err), SPN_OK);
    if ((int64_t)shown->count != composition->start[composition->count])
        wrong = (int64_t)shown->count;
    for (size_t i = 0; i < count && wrong < 0; i++)
        for (int64_t n = spans[i].start; n < spans[i].start + spans[i].frames && wrong < 0; n++) {
            const uint8_t *seen = frame_at(shown, n), *encoded, *source;
            struct spn_place place;
            struct code code;
            uint32_t asset;

            assert_int_equal(spn_composition_locate(composition, n, &place, &err), SPN_OK);
            asset = composition->clips[place.clip].asset;
            source = frame_at(&made->source[asset], place.frame);
            encoded = frame_at(&made->encoded[asset], place.frame);
            if (code_read(seen, row->width, row->width, row->height, &code) < 0 ||
                code.source != asset + 1 || code.frame != place.frame)
                wrong = n;
            if (spans[i].kind == SPN_REFERENCE && memcmp(seen, encoded, shown->size) != 0)
                wrong = n;
            if (spans[i].kind == SPN_BRIDGE) {
                quality_add(bridge, psnr(row, seen, source));
                quality_add(full, psnr(row, encoded, source));
            }
        }
    free(spans);
    return wrong;
}

static void joins(void **state, int from_renditions)
{
    const struct row *row = *state;
    struct quality bridge = { 0 }, full = { 0 };
    struct spn_clip clips[CUT_CLIPS];
    struct spn_error err = { 0 };
    struct frames shown;
    struct cut_run run;
    struct made made;
    char path[128], said[256];

    made_init(&made, row, row->preset);
    cut_clips_make(made.assets.gop, clips);
    cut_run_init(&run, program, made.assets.list, CUT_ASSETS, clips, CUT_CLIPS);
    run.from_renditions = from_renditions;
    if (cut_run_picture(&run, "film.mp4", path, &err) < 0)
        fail_msg("%s", err.text);
    decode_said(path, said);
    assert_string_equal(said, "");
    frames_read(row, path, &shown);
    assert_int_equal(frames_check(row, &run, &made, &shown, &bridge, &full), -1);
    boxes_check(run.composition, path);
    print_message("%s: %lld frames of bridge in %lld: %.2f dB, least %.2f; in the asset %.2f, "
                  "least %.2f\n",
                  row->name, (long long)bridge.count,
                  (long long)run.composition->start[run.composition->count],
                  bridge.sum / (double)bridge.count, bridge.least, full.sum / (double)full.count,
                  full.least);
    assert_true(bridge.count > 0 && bridge.count == run.encoded);
    assert_true(bridge.sum >= full.sum - 0.5 * (double)full.count);
    assert_true(bridge.least >= full.least - 1.5);
    free(shown.bytes);
    cut_run_finish(&run);
    made_finish(&made);
}

static void joins_sources(void **state)
{
    joins(state, 0);
}

static void joins_renditions(void **state)
{
    joins(state, 1);
}

/* ---- what must be caught ---- */

/*
 * Another preset of x264 has another PPS: the chroma quantiser's offset follows psy-rd. A decoder
 * would not say a word about it, colours would drift; so it is refused before it is written.
 */
static void wrong_preset(json_t *request)
{
    json_t *output = json_array_get(json_object_get(request, "outputs"), 0);
    json_t *rung = json_deep_copy(json_object_get(output, "rung"));

    (void)json_object_set_new(rung, "preset", json_string("ultrafast"));
    (void)json_object_set_new(output, "rung", rung);
}

static void late_by_one(json_t *request)
{
    json_t *part = json_array_get(json_object_get(request, "parts"), 0);
    json_int_t from = json_integer_value(json_object_get(part, "from"));
    json_int_t to = json_integer_value(json_object_get(part, "to"));
    int step = from > 0 ? -1 : 1;

    (void)json_object_set_new(part, "from", json_integer(from + step));
    (void)json_object_set_new(part, "to", json_integer(to + step));
}

static void is_caught(void **state)
{
    const struct row *row = &rows[1];
    struct quality bridge = { 0 }, full = { 0 };
    struct spn_clip clips[CUT_CLIPS];
    struct spn_error err = { 0 };
    struct frames shown;
    struct cut_run run;
    struct made made;
    char path[128], said[256];

    (void)state;
    made_init(&made, row, row->preset);
    cut_clips_make(made.assets.gop, clips);
    cut_run_init(&run, program, made.assets.list, CUT_ASSETS, clips, CUT_CLIPS);

    /* sampan-media refuses to make it */
    run.change = wrong_preset;
    assert_int_equal(cut_run_picture(&run, "refused.mp4", path, &err), SPN_EMISMATCH);
    assert_string_equal(json_string_value(json_object_get(run.answer, "code")), "mismatch");
    run.change = late_by_one;
    assert_int_equal(cut_run_picture(&run, "late.mp4", path, &err), SPN_OK);
    decode_said(path, said);
    assert_string_equal(said, "");
    frames_read(row, path, &shown);
    assert_int_equal(frames_check(row, &run, &made, &shown, &bridge, &full), 0);
    free(shown.bytes);
    cut_run_finish(&run);
    made_finish(&made);
}

#define CAP      100000 /* bits a second of the film below, whose CRF asks for many times that */
#define SPARE_MS 500

/* The most bits that fragments in a row have beyond their time at the cap. */
static int64_t burst_of(const char *path)
{
    const struct spn_fragment *all;
    struct spn_error err = { 0 };
    struct spn_track *track;
    int64_t over = 0, most = 0;
    size_t count;

    assert_int_equal(spn_track_open(path, &track, &err), SPN_OK);
    all = spn_track_all(track, &count);
    for (size_t i = 0; i < count; i++) {
        int64_t ticks = all[i].duration, scale = spn_track_info(track)->timescale;

        over = (over > 0 ? over : 0) + (int64_t)all[i].size * 8 - CAP * ticks / scale;
        most = over > most ? over : most;
    }
    spn_track_close(track);
    return most;
}

/*
 * Bridges have no cap, so of a film that is at its own they would be as large as they like: those
 * are made again, and take no more than there is to spare. They cannot be as good as the asset
 * then, and are not held to it.
 */
static void keeps_cap(void **state)
{
    const struct row *row = &rows[1];
    const int64_t g = spn_rate_gop((struct spn_rate){ row->num, row->den });
    const struct spn_clip clips[] = { { 0, 5, 3 * g - 9 }, { 1, 9, g + 30 }, { 0, 7, g - 1 } };
    static const char *const encoder[] = { "-c:v",    "libx264",   "-qp", "0",
                                           "-preset", "ultrafast", NULL };
    const unsigned frames[CUT_ASSETS] = { (unsigned)(4 * g + 7), (unsigned)(3 * g) };
    struct film film = {
        .picture = { row->width, row->height, row->num, row->den, 0, 1, 0, 0 },
        .encoder = encoder,
    };
    struct cut_assets assets;
    struct spn_error err = { 0 };
    struct cut_run run;
    char options[160], path[128];
    json_t *verified, *piece, *stretch;
    size_t tight = 0, i;

    (void)state;
    (void)snprintf(options, sizeof(options),
                   "{\"ladder\":{\"version\":1,\"rungs\":[{\"codec\":\"h264\",\"height\":1080,"
                   "\"crf\":12,\"maxrate\":%d}]}}",
                   CAP);
    cut_assets_init(&assets, "film.mkv", &film, frames, options);
    cut_run_init(&run, program, assets.list, CUT_ASSETS, clips, sizeof(clips) / sizeof(*clips));
    if (cut_run_picture(&run, "film.mp4", path, &err) < 0)
        fail_msg("%s", err.text);
    piece = json_array_get(json_object_get(run.answer, "pieces"), 0);
    assert_true(json_is_true(json_object_get(piece, "tight")));
    verified = cut_run_verify(&run, 'v', path);
    assert_non_null(verified);
    json_array_foreach(json_object_get(json_object_get(verified, "measured"), "stretches"), i,
                       stretch)
    {
        tight += json_is_true(json_object_get(stretch, "tight"));
    }
    assert_int_equal(tight, 2);
    cut_run_faultless(verified);
    for (i = 0; i < 3; i += 2) { /* the head, and what follows the GOP that is referenced */
        char bridge[160];

        (void)snprintf(bridge, sizeof(bridge), "%s/bridge.%zu", run.dir, i);
        print_message("bridge %zu: %lld bits over\n", i, (long long)burst_of(bridge));
        assert_in_range(burst_of(bridge), 1, CAP * SPARE_MS / 1000 * 11 / 10);
    }
    cut_run_finish(&run);
    cut_assets_finish(&assets);
}

/* The same request, the same bytes. */
static void repeats(void **state)
{
    struct spn_error err = { 0 };
    struct spn_clip clips[CUT_CLIPS];
    struct cut_run run;
    struct made made;
    char one[128], two[128], command[300];

    (void)state;
    made_init(&made, &rows[1], rows[1].preset);
    cut_clips_make(made.assets.gop, clips);
    cut_run_init(&run, program, made.assets.list, CUT_ASSETS, clips, CUT_CLIPS);
    assert_int_equal(cut_run_picture(&run, "one.mp4", one, &err), SPN_OK);
    assert_int_equal(cut_run_picture(&run, "two.mp4", two, &err), SPN_OK);
    (void)snprintf(command, sizeof(command), "cmp -s %s %s", one, two);
    assert_int_equal(system(command), 0);
    cut_run_finish(&run);
    made_finish(&made);
}

/* idr_pic_id of the first picture of a fragment. */
static uint32_t idr_number(const struct spn_track *track, FILE *file,
                           const struct spn_fragment *fragment)
{
    uint8_t *sample = malloc(fragment->first_sample_size);
    struct spn_error err = { 0 };
    uint32_t id;

    assert_non_null(sample);
    assert_int_equal(fseek(file, (long)(fragment->offset + fragment->moof_size + 8), SEEK_SET), 0);
    assert_int_equal(fread(sample, 1, fragment->first_sample_size, file),
                     fragment->first_sample_size);
    if (spn_idr_id(spn_track_info(track), sample, fragment->first_sample_size, &id, &err) < 0)
        fail_msg("%s", err.text);
    free(sample);
    return id;
}

/*
 * H.264 7.4.3: two IDR pictures that follow each other differ in idr_pic_id. They do so where a
 * bridge is one picture; GOPs on both sides have 0 or 1.
 */
static void idr_numbers(void **state)
{
    const int64_t g = spn_rate_gop((struct spn_rate){ rows[1].num, rows[1].den });
    const struct spn_clip clips[] = {
        { 0, 0, g }, { 1, 5, 6 },     { 0, g, 2 * g }, { 1, 7, 8 },
        { 0, 0, g }, { 1, 9, g + 9 }, { 1, g, 2 * g }, { 0, 3, 4 },
    };
    const struct spn_fragment *all;
    struct spn_error err = { 0 };
    struct spn_track *track;
    uint32_t met[2] = { 0 };
    struct cut_run run;
    struct made made;
    char path[128];
    size_t count;
    FILE *file;

    (void)state;
    made_init(&made, &rows[1], rows[1].preset);
    cut_run_init(&run, program, made.assets.list, CUT_ASSETS, clips,
                 sizeof(clips) / sizeof(*clips));
    if (cut_run_picture(&run, "numbers.mp4", path, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(spn_track_open(path, &track, &err), SPN_OK);
    assert_non_null(file = fopen(path, "rb"));
    all = spn_track_all(track, &count);
    for (size_t i = 0; i + 1 < count; i++) {
        uint32_t next = idr_number(track, file, &all[i + 1]);

        if (all[i].samples > 1)
            continue;
        assert_int_not_equal(idr_number(track, file, &all[i]), next);
        assert_true(next < 2);
        met[next]++;
    }
    assert_true(met[0] > 0 && met[1] > 0);
    (void)fclose(file);
    spn_track_close(track);
    cut_run_finish(&run);
    made_finish(&made);
}

#define NARROW 240 /* of 4:3, in a row of 320x180 */

/* The second film is of another size and shape than the first. */
static void shapes_init(struct cut_assets *assets, const struct row *row)
{
    static const char *const encoder[] = { "-c:v",    "libx264",   "-qp", "0",
                                           "-preset", "ultrafast", NULL };
    unsigned gop = spn_rate_gop((struct spn_rate){ row->num, row->den });
    const unsigned frames[CUT_ASSETS] = { 2 * gop, 2 * gop };
    struct film film = {
        .picture = { row->width, row->height, row->num, row->den, 0, 1, 0, 0 },
        .encoder = encoder,
    };
    struct film narrow = film;
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/2-%u-%u-%u-shapes.mkv", dir, row->num, row->width,
                   frames[1]);
    narrow.path = path;
    narrow.frames = frames[1];
    narrow.picture.width = NARROW;
    narrow.picture.source = 2;
    if (access(path, F_OK) < 0)
        assert_int_equal(film_make(&narrow), 0);
    cut_assets_init(assets, "shapes.mkv", &film, frames, NULL);
}

/* A frame of the narrow film, in the middle of a wide one, between black bars. */
static void narrow_check(const struct row *row, const uint8_t *seen, int64_t frame)
{
    const unsigned bar = (row->width - NARROW) / 2;
    struct code code;

    if (code_read(seen + bar, row->width, NARROW, row->height, &code) < 0)
        fail_msg("frame %lld cannot be read between its bars", (long long)frame);
    assert_int_equal(code.source, 2);
    assert_int_equal(code.frame, frame);
    for (unsigned y = 0; y < row->height; y++)
        for (unsigned x = 0; x < bar - 4; x++) {
            assert_in_range(seen[y * row->width + x], 12, 22);
            assert_in_range(seen[(y + 1) * row->width - 1 - x], 12, 22);
        }
}

static void converts(int from_renditions)
{
    const struct row *row = &rows[0];
    const int64_t g = spn_rate_gop((struct spn_rate){ row->num, row->den });
    const struct spn_clip clips[] = {
        { 0, 3, 2 * g }, { 1, 0, g }, { 0, g, 2 * g }, { 1, 5, g + 9 }
    };
    struct spn_error err = { 0 };
    struct cut_assets assets;
    struct frames shown;
    struct cut_run run;
    char path[128], said[256];
    json_t *verified;

    shapes_init(&assets, row);
    cut_run_init(&run, program, assets.list, CUT_ASSETS, clips, sizeof(clips) / sizeof(*clips));
    run.from_renditions = from_renditions;
    cut_run_encode(&run, 1, SPN_ENCODE_PICTURE);
    if (cut_run_picture(&run, "film.mp4", path, &err) < 0)
        fail_msg("%s", err.text);
    decode_said(path, said);
    assert_string_equal(said, "");
    boxes_check(run.composition, path);
    frames_read(row, path, &shown);
    assert_int_equal(shown.count, run.composition->start[run.composition->count]);
    assert_int_equal(run.encoded, g - 3 + g + g + 4); /* a head, and all of two clips */
    for (int64_t n = 0; n < (int64_t)shown.count; n++) {
        const uint8_t *seen = frame_at(&shown, n);
        struct spn_place place;
        struct code code;

        assert_int_equal(spn_composition_locate(run.composition, n, &place, &err), SPN_OK);
        if (run.composition->clips[place.clip].asset == 1) {
            narrow_check(row, seen, place.frame);
            continue;
        }
        assert_int_equal(code_read(seen, row->width, row->width, row->height, &code), 0);
        assert_int_equal(code.source, 1);
        assert_int_equal(code.frame, place.frame);
    }
    verified = cut_run_verify(&run, 'v', path);
    assert_non_null(verified);
    cut_run_faultless(verified);
    free(shown.bytes);
    cut_run_finish(&run);
    cut_assets_finish(&assets);
}

static void converts_sources(void **state)
{
    (void)state;
    converts(0);
}

static void converts_renditions(void **state)
{
    (void)state;
    converts(1);
}

int main(int argc, char **argv)
{
    static struct rows tests;

    rows_add_table(&tests, rows, joins_sources);
    rows_add(&tests, "a bridge of what a rendition still has", joins_renditions, &rows[0]);
    rows_add(&tests, "a bridge of another encoder or another frame is caught", is_caught, NULL);
    rows_add(&tests, "bridges of a film at its cap take what there is to spare", keeps_cap, NULL);
    rows_add(&tests, "a bridge made again has the same bytes", repeats, NULL);
    rows_add(&tests, "two IDR pictures that follow each other have two numbers", idr_numbers, NULL);
    rows_add(&tests, "clips of another size and shape are encoded whole", converts_sources, NULL);
    rows_add(&tests, "clips of another size and shape are encoded from a rendition",
             converts_renditions, NULL);
    return group_run("bridge", &tests, argc, argv, NULL, NULL);
}

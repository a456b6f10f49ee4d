/*
 * test_asset.c - a file of each kind becomes an asset whose every frame is the one it should be.
 *
 * usage: test_asset SAMPAN-MEDIA. Pictures and sound carry codes (tests/fixtures/code.h).
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asset_run.h"
#include "code.h"
#include "film.h"
#include "group.h"
#include "inspect.h"
#include "sampan/track.h"

/* One rung: what this test is about does not depend on how many there are. */
#define LADDER                                                                                     \
    "{\"ladder\":{\"version\":1,\"rungs\":[{\"codec\":\"%s\",\"height\":1080,"                     \
    "\"preset\":\"%s\"}]}%s}"

/* What a row does not say: H.264 as fast as it goes, and the asset is like the film. */
static struct row {
    const char *name, *file;
    unsigned width, height, num, den, frames; /* of the film; 25 frames a second */
    int interlaced;
    const char *encoder[14];
    const char *copy; /* arguments of ffmpeg for a copy of the film, which is then the source */
    const char *codec, *preset, *options;
    unsigned want_width, want_height, want_num, want_den;
    int fields; /* two frames of the asset for one of the film */
    int unread; /* codes are not there or not upright */
} rows[] = {
    /* clang-format off */
    { .name = "H.264 in MP4, two chunks", .file = "two.mp4",
      .width = 320, .height = 180, .num = 5, .den = 1, .frames = 230,
      .encoder = { "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "37" } },
    { .name = "HEVC in MKV, a last chunk of one frame", .file = "one.mkv",
      .width = 320, .height = 180, .num = 5, .den = 1, .frames = 201,
      .encoder = { "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "open-gop=1:log-level=none" },
      .preset = "fast" },
    { .name = "a rung in HEVC", .file = "hevc.mp4",
      .width = 320, .height = 180, .num = 5, .den = 1, .frames = 205,
      .encoder = { "-c:v", "libx264", "-preset", "ultrafast" }, .codec = "hevc" },
    { .name = "a rung in AV1", .file = "av1.mp4",
      .width = 320, .height = 180, .num = 5, .den = 1, .frames = 205,
      .encoder = { "-c:v", "libx264", "-preset", "ultrafast" }, .codec = "av1", .preset = "12" },
    { .name = "23.976 in MOV", .file = "film.mov",
      .width = 320, .height = 180, .num = 24000, .den = 1001, .frames = 60,
      .encoder = { "-c:v", "prores" } },
    { .name = "59.94 in WebM", .file = "fast.webm",
      .width = 320, .height = 180, .num = 60000, .den = 1001, .frames = 130,
      .encoder = { "-c:v", "libvpx", "-deadline", "realtime", "-b:v", "1M" } },
    { .name = "25i in MXF becomes 25p", .file = "tv.mxf",
      .width = 720, .height = 576, .frames = 30, .interlaced = 1,
      .encoder = { "-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-q:v", "3", "-aspect", "16:9" },
      .want_width = 1024 },
    { .name = "25i by fields becomes 50p", .file = "fields.mxf",
      .width = 720, .height = 576, .frames = 30, .interlaced = 1,
      .encoder = { "-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-q:v", "3", "-aspect", "16:9" },
      .options = ",\"fields\":true", .want_width = 1024, .want_num = 50, .want_den = 1,
      .fields = 1 },
    { .name = "anamorphic becomes square", .file = "wide.mp4",
      .width = 360, .height = 288, .frames = 20,
      .encoder = { "-c:v", "libx264", "-preset", "ultrafast", "-aspect", "16:9" },
      .want_width = 512 },
    { .name = "a turned film is upright", .file = "turned.mp4",
      .width = 320, .height = 180, .frames = 20,
      .encoder = { "-c:v", "libx264", "-preset", "ultrafast" },
      .copy = "-metadata:s:v:0 rotate=90", .want_width = 180, .want_height = 320, .unread = 1 },
    { .name = "ten bits of 4:2:2 become eight of 4:2:0", .file = "deep.mov",
      .width = 320, .height = 180, .frames = 20,
      .encoder = { "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv422p10le" } },
    { .name = "HDR10 is tone-mapped", .file = "hdr.mp4",
      .width = 320, .height = 180, .frames = 10,
      .encoder = { "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020",
                   "-color_trc", "smpte2084", "-colorspace", "bt2020nc", "-x265-params",
                   "log-level=none" } },
    { .name = "odd sides lose a pixel", .file = "odd.mkv",
      .width = 320, .height = 180, .frames = 10,
      .encoder = { "-c:v", "ffv1", "-pix_fmt", "yuv444p", "-vf", "scale=321:181" } },
    { .name = "one frame", .file = "still.mp4",
      .width = 320, .height = 180, .frames = 1,
      .encoder = { "-c:v", "libx264", "-preset", "ultrafast" } },
    { .name = "a small picture in TS", .file = "small.ts",
      .width = 44, .height = 20, .frames = 10,
      .encoder = { "-c:v", "mpeg2video", "-q:v", "2" }, .unread = 1 },
    /* clang-format on */
};

static void film_path(const struct row *row, char path[128])
{
    struct film film = {
        .path = path,
        .picture = { row->width, row->height, row->num ? row->num : 25, row->den ? row->den : 1, 7,
                     row->width > 100, 0, row->interlaced },
        .frames = row->frames,
        .encoder = row->encoder,
    };
    char copy[128], command[512];

    (void)snprintf(path, 128, "%s/%s", dir, row->file);
    if (access(path, F_OK) < 0)
        assert_int_equal(film_make(&film), 0);
    if (row->copy) {
        (void)snprintf(copy, sizeof(copy), "%s/copy-%s", dir, row->file);
        (void)snprintf(command, sizeof(command), "ffmpeg -nostdin -v error -y -i %s -c copy %s %s",
                       path, row->copy, copy);
        assert_int_equal(system(command), 0);
        (void)snprintf(path, 128, "%s", copy);
    }
}

static void rule_broken(void *opaque, const char *rule, const char *text)
{
    (void)opaque;
    print_error("%s: %s\n", rule, text);
}

struct frames_seen {
    const struct row *row;
    int64_t wrong;
};

static int frame_seen(void *opaque, uint64_t index, const struct code *code)
{
    struct frames_seen *seen = opaque;

    if (!code || code->source != 7 || code->frame != index >> seen->row->fields) {
        if (!seen->wrong++)
            print_error("frame %u shows %d\n", (unsigned)index, code ? (int)code->frame : -1);
    }
    return 0;
}

static void becomes(void **state)
{
    const struct row *row = *state;
    struct frames_seen seen = { .row = row };
    struct media_run answer;
    struct asset_run run;
    struct spn_error err = { 0 };
    struct spn_track *track;
    char film[128], path[128], options[512];
    int64_t chunks, frames = (int64_t)row->frames << row->fields;
    json_t *wanted;

    film_path(row, film);
    (void)snprintf(options, sizeof(options), LADDER, row->codec ? row->codec : "h264",
                   row->preset ? row->preset : "ultrafast", row->options ? row->options : "");
    wanted = json_loads(options, 0, NULL);
    assert_non_null(wanted);
    media_must(asset_run_init(&run, program, film, wanted, &answer), &answer);
    json_decref(wanted);
    chunks = asset_run_chunks(&run);
    for (int64_t k = chunks; k-- > 0;) /* no order is needed */
        media_must(asset_run_chunk(&run, k, &answer), &answer);
    assert_int_equal(asset_run_assemble(&run, "v0", chunks, path), SPN_OK);
    assert_int_equal(spn_track_check(path, rule_broken, NULL, &err), 0);
    if (spn_track_open(path, &track, &err) < 0)
        fail_msg("%s", err.text);

    const struct spn_track_info *info = spn_track_info(track);

    assert_int_equal(info->rate.num, row->want_num ? row->want_num : row->num ? row->num : 25);
    assert_int_equal(info->rate.den, row->want_den ? row->want_den : row->den ? row->den : 1);
    assert_int_equal(info->width, row->want_width ? row->want_width : row->width);
    assert_int_equal(info->height, row->want_height ? row->want_height : row->height);
    assert_int_equal(spn_track_duration(track), frames * info->rate.den);
    spn_track_close(track);
    decodes_silently(path);
    assert_int_equal(inspect_frames(path, 0, frame_seen, &seen), frames);
    if (!row->unread)
        assert_int_equal(seen.wrong, 0);
    asset_run_finish(&run);
}

static void file_get(const char *path, struct spn_buffer *out)
{
    FILE *file = fopen(path, "r");
    size_t got;

    assert_non_null(file);
    do {
        uint8_t *room = spn_buffer_reserve(out, 1 << 16);

        assert_non_null(room);
        got = fread(room, 1, 1 << 16, file);
        out->size += got;
    } while (got > 0);
    (void)fclose(file);
}

/* A chunk made twice, in whatever order, has the same bytes; and so have its tiles. */
static void repeats(void **state)
{
    const char *names[] = { "v0", "v1", "tiles" };
    struct spn_buffer first[3] = { 0 };
    struct media_run answer;
    struct asset_run run;
    char film[128], path[128];
    json_t *wanted = json_loads("{\"ladder\":{\"version\":1,\"rungs\":["
                                "{\"codec\":\"h264\",\"height\":180},"
                                "{\"codec\":\"h264\",\"height\":90}]}}",
                                0, NULL);

    (void)state;
    film_path(&rows[0], film);
    media_must(asset_run_init(&run, program, film, wanted, &answer), &answer);
    json_decref(wanted);
    media_must(asset_run_chunk(&run, 0, &answer), &answer);
    for (int i = 0; i < 3; i++) {
        asset_run_path(&run, names[i], 0, path);
        file_get(path, &first[i]);
        assert_true(first[i].size > 1000);
    }
    media_must(asset_run_chunk(&run, 1, &answer), &answer);
    media_must(asset_run_chunk(&run, 0, &answer), &answer);
    for (int i = 0; i < 3; i++) {
        struct spn_buffer again = { 0 };

        asset_run_path(&run, names[i], 0, path);
        file_get(path, &again);
        assert_int_equal(again.size, first[i].size);
        assert_memory_equal(again.data, first[i].data, again.size);
        spn_buffer_finish(&again);
        spn_buffer_finish(&first[i]);
    }
    asset_run_finish(&run);
}

/* What was planned by other versions, or renamed, is not encoded. */
static void refuses(void **state)
{
    struct media_run answer;
    struct asset_run run;
    char film[128];
    json_t *video;

    (void)state;
    film_path(&rows[0], film);
    media_must(asset_run_init(&run, program, film, NULL, &answer), &answer);
    video = json_array_get(asset_run_plan(&run, "video"), 0);
    assert_int_equal(json_object_set_new(video, "crf", json_integer(40)), 0);
    assert_int_equal(asset_run_chunk(&run, 0, &answer), 1);
    assert_string_equal(json_string_value(json_object_get(answer.answer, "code")), "mismatch");
    media_run_finish(&answer);
    assert_int_equal(
        json_object_set_new(asset_run_plan(&run, "encoder"), "x264", json_string("core 1")), 0);
    assert_int_equal(asset_run_chunk(&run, 0, &answer), 1);
    assert_string_equal(json_string_value(json_object_get(answer.answer, "code")), "mismatch");
    assert_non_null(strstr(json_string_value(json_object_get(answer.answer, "text")), "x264"));
    media_run_finish(&answer);
    asset_run_finish(&run);
}

int main(int argc, char **argv)
{
    static struct rows tests;

    rows_add_table(&tests, rows, becomes);
    rows_add(&tests, "a chunk made again has the same bytes", repeats, NULL);
    rows_add(&tests, "a plan that was changed is refused", refuses, NULL);
    return group_run("asset", &tests, argc, argv, NULL, NULL);
}

/*
 * test_audio.c - sound of a file becomes AAC that is where it was, to the sample.
 *
 * usage: test_audio SAMPAN-MEDIA. Sound carries a code (tests/fixtures/code.h).
 */
#include <stdio.h>
#include <unistd.h>

#include "asset_run.h"
#include "code.h"
#include "film.h"
#include "group.h"
#include "inspect.h"
#include "sampan/time.h"
#include "sampan/track.h"

#define LANGUAGE "zh"

/* clang-format off */
static struct row {
    const char *name, *file;
    unsigned num, den, frames, channels;
    const char *encoder[12];
    int renditions;   /* 2 where there is one in 5.1 */
    int tolerance;    /* samples at 48 kHz: what resampling from another rate may round */
    int offset;       /* where FFmpeg's muxer has put the sound */
    const char *language; /* as the file has it; NULL: as it was given */
} rows[] = {
    { "AAC in MP4 at 25", "a.mp4", 25, 1, 137, 2,
      { "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac" }, 1, 0, 0, NULL },
    { "PCM in MOV at 23.976", "b.mov", 24000, 1001, 150, 2,
      { "-c:v", "prores", "-c:a", "pcm_s24le" }, 1, 0, 0, "und" },
    { "mono in FLAC in MKV at 29.97", "c.mkv", 30000, 1001, 151, 1,
      { "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "flac" }, 1, 0, 0, NULL },
    { "44.1 kHz in MKV", "d.mkv", 25, 1, 125, 2,
      { "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "flac", "-ar", "44100" }, 1, 1, 0, NULL },
    { "Opus in WebM", "e.webm", 30, 1, 150, 2,
      { "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus" }, 1, 1, -336, NULL },
    { "5.1 is kept beside stereo", "f.mkv", 25, 1, 125, 6,
      { "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "flac" }, 2, 0, 0, NULL },
    { "MP2 in TS", "g.ts", 25, 1, 125, 2,
      { "-c:v", "mpeg2video", "-c:a", "mp2" }, 1, 600, 0, NULL },
};
/* clang-format on */

struct heard {
    const struct row *row;
    int seconds, wrong;
};

static int second_heard(void *opaque, int64_t start, const struct code_place *place)
{
    struct heard *heard = opaque;

    heard->seconds++;
    if (!place || llabs(place->offset - heard->row->offset) > heard->row->tolerance) {
        heard->wrong++;
        print_error("sample %lld: %s %lld\n", (long long)start, place ? "offset" : "no code",
                    place ? (long long)place->offset : 0);
    }
    return 0;
}

static void rule_broken(void *opaque, const char *rule, const char *text)
{
    (void)opaque;
    print_error("%s: %s\n", rule, text);
}

/* Fragment k begins at the AAC frame nearest to GOP k, and the track is as long as the picture. */
static void borders(const struct spn_track *track, const struct row *row)
{
    struct spn_rate rate = { row->num, row->den };
    size_t count;
    const struct spn_fragment *fragments = spn_track_all(track, &count);
    uint32_t gop = spn_rate_gop(rate);

    assert_int_equal(count, (row->frames + gop - 1) / gop);
    for (size_t k = 0; k < count; k++)
        assert_int_equal(fragments[k].start,
                         SPN_AAC_FRAME *
                             spn_audio_frame_at((int64_t)k * gop, rate, CODE_SAMPLE_RATE));
    assert_int_equal(spn_track_duration(track),
                     SPN_AAC_FRAME * spn_audio_frame_at(row->frames, rate, CODE_SAMPLE_RATE));
}

static void stays(void **state)
{
    const struct row *row = *state;
    struct spn_error err = { 0 };
    struct media_run answer;
    struct asset_run run;
    char path[128], track_path[128], id[16];
    struct film film = {
        .path = path,
        .picture = { 64, 48, row->num, row->den, 9, 0, 0, 0 },
        .frames = row->frames,
        .audio = { LANGUAGE },
        .audio_count = 1,
        .channels = row->channels,
        .encoder = row->encoder,
    };

    (void)snprintf(path, sizeof(path), "%s/%s", dir, row->file);
    assert_int_equal(film_make(&film), 0);
    if (asset_run_init(&run, program, path, NULL, &answer) != 0)
        fail_msg("%s", json_string_value(json_object_get(answer.answer, "text")));
    media_run_finish(&answer);
    assert_int_equal(json_array_size(asset_run_plan(&run, "audio")), row->renditions);
    for (int n = 0; n < row->renditions; n++) {
        const json_t *entry = json_array_get(asset_run_plan(&run, "audio"), (size_t)n);
        struct heard heard = { .row = row };
        struct spn_track *track;
        int64_t samples;

        assert_string_equal(json_string_value(json_object_get(entry, "language")),
                            row->language ? row->language : LANGUAGE);
        assert_int_equal(json_integer_value(json_object_get(entry, "channels")), n ? 6 : 2);
        if (asset_run_audio(&run, n, &answer) != 0)
            fail_msg("%s", json_string_value(json_object_get(answer.answer, "text")));
        media_run_finish(&answer);
        (void)snprintf(id, sizeof(id), "a%d", n);
        assert_int_equal(asset_run_assemble(&run, id, 1, track_path), SPN_OK);
        assert_int_equal(spn_track_check(track_path, rule_broken, NULL, &err), 0);
        if (spn_track_open(track_path, &track, &err) < 0)
            fail_msg("%s", err.text);
        borders(track, row);
        assert_int_equal(spn_track_info(track)->channels, n ? 6 : 2);
        samples = spn_track_duration(track);
        spn_track_close(track);
        assert_int_equal(inspect_sound(track_path, 0, 9, LANGUAGE, 0, 2000, second_heard, &heard),
                         samples);
        assert_true(heard.seconds >= 4);
        assert_int_equal(heard.wrong, 0);
    }
    asset_run_finish(&run);
}

/* The same track again has the same bytes; a language that a person gives is the track's. */
static void repeats(void **state)
{
    json_t *wanted = json_loads("{\"audio_languages\":{\"1\":\"yue-Hant\"}}", 0, NULL);
    struct media_run answer;
    struct asset_run run;
    char path[128], first[65];
    const json_t *entry;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/%s", dir, rows[0].file);
    assert_int_equal(asset_run_init(&run, program, path, wanted, &answer), 0);
    media_run_finish(&answer);
    entry = json_array_get(asset_run_plan(&run, "audio"), 0);
    assert_string_equal(json_string_value(json_object_get(entry, "language")), "yue-Hant");
    assert_int_equal(asset_run_audio(&run, 0, &answer), 0);
    (void)snprintf(first, sizeof(first), "%s",
                   json_string_value(json_object_get(answer.answer, "sha256")));
    assert_int_equal(strlen(first), 64);
    media_run_finish(&answer);
    assert_int_equal(asset_run_audio(&run, 0, &answer), 0);
    assert_string_equal(json_string_value(json_object_get(answer.answer, "sha256")), first);
    media_run_finish(&answer);
    asset_run_finish(&run);
    json_decref(wanted);
}

/* A language for a track that is not there is one sentence. */
static void refuses(void **state)
{
    json_t *wanted = json_loads("{\"audio_languages\":{\"3\":\"zh\"}}", 0, NULL);
    struct media_run answer;
    struct asset_run run;
    char path[128];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/%s", dir, rows[0].file);
    assert_int_equal(asset_run_init(&run, program, path, wanted, &answer), 1);
    assert_string_equal(json_string_value(json_object_get(answer.answer, "code")), "out_of_range");
    media_run_finish(&answer);
    asset_run_finish(&run);
    json_decref(wanted);
}

int main(int argc, char **argv)
{
    static struct rows tests;

    rows_add_table(&tests, rows, stays);
    rows_add(&tests, "a track made again has the same bytes", repeats, NULL);
    rows_add(&tests, "a language for no track is refused", refuses, NULL);
    return group_run("audio", &tests, argc, argv, NULL, NULL);
}

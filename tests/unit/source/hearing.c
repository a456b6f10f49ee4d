/* hearing - sound and subtitles begin where the picture does, to the sample and the millisecond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libavutil/log.h>

#include "captions.h"
#include "fixture.h"
#include "opened.h"
#include "sound.h"

#define V(d) "-f lavfi -i testsrc2=s=96x64:r=25:d=" d " "
#define X264 "-c:v libx264 -preset ultrafast -threads 1 "

/* A click at sample 24000 in silence, 2 s, 48 kHz. */
#define CLICKS "-f lavfi -i aevalsrc='eq(n\\,24000)*0.9:s=48000:d=2' "

struct row {
    const char *name;
    const char *make, *file;
    int stream;
    int64_t samples;            /* in all */
    int64_t click;              /* where it is heard, -1: nowhere */
    int64_t slack;              /* samples: codecs smear it */
    struct sound_counts counts; /* checked where slack is 0 */
};

static const struct row rows[] = {
    { "sound that begins with the picture",
      "ffmpeg " V("2") CLICKS X264 "-c:a pcm_s16le a.mov",
      "a.mov",
      1,
      96000,
      24000,
      0,
      { 0 } },
    { "sound that begins 0.4 s late is padded",
      "ffmpeg " V("2") "-itsoffset 0.4 " CLICKS X264 "-map 0 -map 1 -c:a pcm_s16le a.mkv",
      "a.mkv",
      1,
      96000,
      43200,
      0,
      { .silence_start = 19200 } },
    { "sound that begins 0.4 s early is cut",
      "ffmpeg -itsoffset 0.4 " V("1") CLICKS X264 "-map 0 -map 1 -c:a pcm_s16le a.mkv",
      "a.mkv",
      1,
      48000,
      4800,
      0,
      { .cut_before = 19200 } },
    { "sound that ends early is padded",
      "ffmpeg " V("4") CLICKS X264 "-c:a pcm_s16le a.mov",
      "a.mov",
      1,
      192000,
      24000,
      0,
      { .silence_end = 96000 } },
    { "a hole in the sound is silence",
      "ffmpeg " V("2") CLICKS X264 "-af \"aselect='not(between(t,0.1,0.3))'\" -c:a pcm_s16le a.mkv",
      "a.mkv",
      1,
      96000,
      24000,
      0,
      { .holes = 1, .silence_middle = -1 } },
    { "times of milliseconds move no sample",
      "ffmpeg " V("2") CLICKS X264 "-ar 44100 -c:a flac a.mkv",
      "a.mkv",
      1,
      88200,
      22050,
      64,
      { 0 } },
    { "AAC in MP4, whose priming an edit list hides",
      "ffmpeg " V("2") CLICKS X264 "-c:a aac -b:a 256k a.mp4",
      "a.mp4",
      1,
      96000,
      24000,
      2,
      { 0 } },
    /* in this file, as its muxer has it, the picture begins 7 ms after the sound */
    { "Opus in WebM, whose priming its header tells",
      "ffmpeg " V("2") CLICKS "-c:v libvpx -c:a libopus -b:a 256k a.webm",
      "a.webm",
      1,
      96000,
      23664,
      2,
      { 0 } },
};

static int64_t loudest(const AVFrame *frame, double *level)
{
    int64_t at = -1;
    double value;
    int i;

    for (i = 0; i < frame->nb_samples; i++) {
        switch (frame->format) {
        case AV_SAMPLE_FMT_S16:
            value =
                ((const int16_t *)(const void *)frame->data[0])[i * frame->ch_layout.nb_channels] /
                32768.0;
            break;
        case AV_SAMPLE_FMT_S32:
            value =
                ((const int32_t *)(const void *)frame->data[0])[i * frame->ch_layout.nb_channels] /
                2147483648.0;
            break;
        case AV_SAMPLE_FMT_FLTP:
            value = (double)((const float *)(const void *)frame->data[0])[i];
            break;
        default:
            fail_msg("format %d is not looked at", frame->format);
            return -1;
        }
        value = value < 0 ? -value : value;
        if (value > *level) {
            *level = value;
            at = frame->pts + i;
        }
    }
    return at;
}

static void heard(void **state)
{
    const struct row *row = *state;
    struct spn_error err = { 0 };
    struct sound *sound = NULL;
    struct sound_counts counts;
    const AVFrame *frame;
    struct opened opened;
    int64_t at = 0, click = -1, found;
    double level = 0.05;
    int ret;

    fixture_make(row->make);
    if (opened_init(&opened, fixture_path(row->file), NULL, &err) < 0 ||
        sound_create(opened.source, opened.index, &opened.conform, row->stream, &sound, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(sound_samples(sound), row->samples);
    while ((ret = sound_pull(sound, &frame, &err)) > 0) {
        assert_int_equal(frame->pts, at);
        at += frame->nb_samples;
        found = loudest(frame, &level);
        if (found >= 0)
            click = found;
    }
    assert_int_equal(ret, 0);
    assert_int_equal(at, row->samples);
    counts = sound_counts(sound);
    print_message("click at %lld; cut %lld, silence %lld %lld %lld, overlap %lld, holes %lld\n",
                  (long long)click, (long long)counts.cut_before, (long long)counts.silence_start,
                  (long long)counts.silence_middle, (long long)counts.silence_end,
                  (long long)counts.overlap, (long long)counts.holes);
    assert_true(llabs(click - row->click) <= row->slack);
    if (!row->slack) {
        assert_int_equal(counts.cut_before, row->counts.cut_before);
        assert_int_equal(counts.silence_start, row->counts.silence_start);
        if (row->counts.silence_middle >= 0)
            assert_int_equal(counts.silence_middle, row->counts.silence_middle);
        else
            assert_true(counts.silence_middle > 0);
        assert_int_equal(counts.silence_end, row->counts.silence_end);
        assert_int_equal(counts.holes, row->counts.holes);
    }
    sound_destroy(sound);
    opened_finish(&opened);
}

/* Cues at 1.000-1.500 and 3.250-4.000 of a file whose picture begins at 0.4 s and ends at 4.4 s. */
static void read_cues(void **state)
{
    static const int64_t want[][2] = { { 600, 1100 }, { 2850, 3600 } };
    struct spn_error err = { 0 };
    struct captions *captions;
    struct opened opened;
    struct caption cue;
    size_t n = 0;
    int ret;

    (void)state;
    fixture_make(
        "printf '1\\n00:00:01,000 --> 00:00:01,500\\nHello\\n\\n2\\n00:00:03,250 --> "
        "00:00:04,000\\n\\344\\275\\240\\345\\245\\275\\n' >a.srt && ffmpeg -itsoffset 0.4 " V(
            "4") "-i a.srt -map 0 -map 1 " X264 "-c:s srt -metadata:s:s language=chi a.mkv");
    if (opened_init(&opened, fixture_path("a.mkv"), NULL, &err) < 0 ||
        captions_create(opened.source, opened.index, &opened.conform, 1, &captions, &err) < 0)
        fail_msg("%s", err.text);
    while ((ret = captions_pull(captions, &cue, &err)) > 0) {
        assert_true(n < 2);
        assert_int_equal(cue.start_ms, want[n][0]);
        assert_int_equal(cue.end_ms, want[n][1]);
        assert_non_null(strstr(cue.ass, n ? "你好" : "Hello"));
        n++;
    }
    assert_int_equal(ret, 0);
    assert_int_equal(n, 2);
    captions_destroy(captions);
    opened_finish(&opened);
}

static const struct language {
    const char *tag, *want;
} languages[] = {
    { "chi", "zh" },
    { "zho", "zh" },
    { "eng", "en" },
    { "cmn", "cmn" },
    { "und", "und" },
    { "", "und" },
    { "zh-hant-tw", "zh-Hant-TW" },
    { "EN_us", "en-US" },
    { "x", "und" },
    { "e\"n", "und" },
    { "cze", "cs" },
    { "ces", "cs" },
    { "english", "und" },
    { "mul", "und" },
};

static void languages_become_bcp47(void **state)
{
    char out[STREAM_LANGUAGE_MAX];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof languages / sizeof *languages; i++) {
        stream_language(languages[i].tag, out);
        assert_string_equal(out, languages[i].want);
    }
}

#define ROWS (sizeof rows / sizeof *rows)

int main(void)
{
    struct CMUnitTest tests[ROWS + 2] = { { 0 } };
    size_t i;

    av_log_set_level(AV_LOG_QUIET);
    for (i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = heard,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    tests[ROWS] = (struct CMUnitTest){ .name = "cues are counted from the picture's first frame",
                                       .test_func = read_cues };
    tests[ROWS + 1] = (struct CMUnitTest){ .name = "languages become BCP 47",
                                           .test_func = languages_become_bcp47 };
    return cmocka_run_group_tests_name("hearing", tests, fixture_init, fixture_finish);
}

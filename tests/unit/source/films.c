/* films - what becomes of films of every kind: rate, frames, reasons; and their chunks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libavutil/log.h>

#include "chunk_check.h"
#include "fixture.h"
#include "opened.h"

#define SRC(rate, seconds) "ffmpeg -f lavfi -i testsrc2=s=96x64:r=" rate ":d=" seconds " "
#define X264               "-c:v libx264 -preset ultrafast -threads 1 "

struct row {
    const char *name;
    const char *make; /* a shell command that makes file */
    const char *file;
    struct spn_rate rate;
    int64_t frames;
    enum conform_how how;
    enum index_how index;
    enum conform_scan scan;
    int64_t repeated, dropped;
    int fields;
    int cut; /* per cent of the file that is kept, 0: all */
    const char *says; /* part of one of the changes, or NULL */
};

static const struct row rows[] = {
    { "open GOPs of H.264 in MP4", SRC("25", "3") X264 "-bf 3 -x264-params open-gop=1:keyint=12 a.mp4",
      "a.mp4", { 25, 1 }, 75, CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "open GOPs of H.264 in TS", SRC("25", "3") X264 "-bf 3 -x264-params open-gop=1:keyint=12 a.ts",
      "a.ts", { 25, 1 }, 75, CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "H.264 that begins in the middle of an open GOP leaves out what cannot be decoded",
      SRC("25", "4") X264 "-bf 3 -x264-params open-gop=1:keyint=12:b-adapt=0 a.ts && "
      "tail -c +40001 a.ts >b.ts",
      "b.ts", { 25, 1 }, 0, CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, "were left out" },
    { "intra refresh has one random access point alone",
      SRC("25", "3") X264 "-bf 0 -x264-params intra-refresh=1:keyint=12 a.mkv", "a.mkv", { 25, 1 }, 75,
      CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "HEVC with CRA and RASL",
      SRC("30", "3") "-c:v libx265 -preset ultrafast -x265-params "
      "log-level=none:open-gop=1:keyint=12:bframes=4:pools=1 a.mp4",
      "a.mp4", { 30, 1 }, 90, CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "MPEG-2 with open GOPs in TS", SRC("25", "3") "-c:v mpeg2video -bf 2 -g 12 -b:v 1M a.ts", "a.ts",
      { 25, 1 }, 75, CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "MPEG-2 in PS", SRC("30000/1001", "3") "-c:v mpeg2video -bf 2 -g 12 -b:v 1M a.vob", "a.vob",
      { 30000, 1001 }, 90, CONFORM_CONSTANT, INDEX_BY_DECODING, 0, 0, 0, 0, 0, NULL },
    { "MPEG-2 in MXF", SRC("25", "2") "-c:v mpeg2video -bf 2 -g 12 -b:v 1M a.mxf", "a.mxf", { 25, 1 },
      50, CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "ProRes in MOV", SRC("24000/1001", "1") "-c:v prores_ks a.mov", "a.mov", { 24000, 1001 }, 24,
      CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "VP8 with hidden frames in WebM",
      SRC("25", "4") "-c:v libvpx -auto-alt-ref 1 -lag-in-frames 16 -g 24 -b:v 200k a.webm", "a.webm",
      { 25, 1 }, 100, CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "VP9 with hidden frames in WebM",
      SRC("25", "2") "-c:v libvpx-vp9 -auto-alt-ref 1 -lag-in-frames 16 -g 24 -cpu-used 8 -deadline "
      "realtime -b:v 200k a.webm",
      "a.webm", { 25, 1 }, 50, CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "23.976 is exact where timestamps are milliseconds", SRC("24000/1001", "40") X264 "a.mkv",
      "a.mkv", { 24000, 1001 }, 960, CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "29.97 is exact in FLV", SRC("30000/1001", "20") X264 "-bf 2 a.flv", "a.flv", { 30000, 1001 }, 600,
      CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "12.5 stays 12.5", SRC("25/2", "4") X264 "a.mkv", "a.mkv", { 25, 2 }, 50, CONFORM_CONSTANT,
      INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "one frame a second stays one", SRC("1", "9") X264 "a.mp4", "a.mp4", { 1, 1 }, 9,
      CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "17 frames a second stay 17", SRC("17", "9") X264 "a.mkv", "a.mkv", { 17, 1 }, 153,
      CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "120 become 60", SRC("120", "2") X264 "a.mp4", "a.mp4", { 60, 1 }, 120, CONFORM_FAST,
      INDEX_BY_PACKETS, 0, 0, 120, 0, 0, "faster than 60" },
    { "a variable rate becomes the nearest usual one",
      SRC("50", "6") "-vf \"select='not(mod(n*n,7)-2)+not(mod(n,3))'\" -fps_mode vfr " X264 "a.mkv",
      "a.mkv", { 25, 1 }, -1, CONFORM_VARIABLE, INDEX_BY_PACKETS, 0, -1, -1, 0, 0,
      "no constant frame rate" },
    { "missing frames are filled", SRC("25", "4") "-vf \"select='not(between(n,30,34))'\" -fps_mode "
      "passthrough " X264 "a.mkv",
      "a.mkv", { 25, 1 }, 100, CONFORM_HOLES, INDEX_BY_PACKETS, 0, 5, 0, 0, 0, "lacks 5" },
    { "25 interlaced frames become 25", SRC("50", "3") "-vf tinterlace=interleave_top,fieldorder=tff "
      X264 "-flags +ildct+ilme -x264-params tff=1 a.ts",
      "a.ts", { 25, 1 }, 75, CONFORM_CONSTANT, INDEX_BY_PACKETS, CONFORM_TOP_FIRST, 0, 0, 0, 0,
      "one whole frame" },
    { "25 interlaced frames become 50 where fields are asked for",
      SRC("50", "3") "-vf tinterlace=interleave_top,fieldorder=tff " X264
      "-flags +ildct+ilme -x264-params tff=1 a.ts",
      "a.ts", { 50, 1 }, 150, CONFORM_CONSTANT, INDEX_BY_PACKETS, CONFORM_TOP_FIRST, 0, 0, 1, 0,
      "each field" },
    { "telecine is reported and stays 29.97",
      SRC("24000/1001", "4") "-vf telecine=pattern=23,setfield=tff -c:v mpeg2video -flags +ildct+ilme "
      "-bf 2 -b:v 1M a.ts",
      "a.ts", { 30000, 1001 }, 120, CONFORM_CONSTANT, INDEX_BY_PACKETS, CONFORM_TOP_FIRST, 0, 0, 0, 0,
      "telecine" },
    { "MPEG-4 with B-frames in AVI, which has no times of presentation",
      SRC("25", "3") "-c:v mpeg4 -bf 2 -g 12 -b:v 500k a.avi", "a.avi", { 25, 1 }, 75, CONFORM_CONSTANT,
      INDEX_BY_DECODING, 0, 0, 0, 0, 0, NULL },
    { "H.264 with B-frames in AVI", SRC("25", "3") X264 "-bf 2 -g 12 a.avi", "a.avi", { 25, 1 }, 75,
      CONFORM_CONSTANT, INDEX_BY_DECODING, 0, 0, 0, 0, 0, NULL },
    { "a raw stream has the rate it says", SRC("30000/1001", "3") X264 "-bf 2 -g 12 a.264", "a.264",
      { 30000, 1001 }, 90, CONFORM_CONSTANT, INDEX_BY_DECODING, 0, 0, 0, 0, 0, "no timestamps" },
    { "one frame", SRC("25", "0.04") X264 "a.mp4", "a.mp4", { 25, 1 }, 1, CONFORM_CONSTANT,
      INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "no sound and odd sizes", "ffmpeg -f lavfi -i testsrc2=s=35x17:r=25:d=1 -c:v ffv1 a.mkv", "a.mkv",
      { 25, 1 }, 25, CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "a recording that was joined to another",
      SRC("25", "2") X264 "-g 25 a.ts && ffmpeg -i a.ts -c copy -output_ts_offset 40000 b.ts && cat b.ts "
      "a.ts >c.ts",
      "c.ts", { 25, 1 }, 100, CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, "jumps 1" },
    { "a clock of 33 bits that runs over", SRC("25", "6") X264 "-g 25 -output_ts_offset 95439 a.ts",
      "a.ts", { 25, 1 }, 150, CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "a TS that ends too early", SRC("25", "4") X264 "-bf 2 -g 12 a.ts", "a.ts", { 25, 1 }, -1,
      CONFORM_HOLES, INDEX_BY_PACKETS, 0, 1, 0, 0, 60, NULL },
    { "an MKV that ends too early", SRC("25", "4") X264 "-bf 2 -g 12 a.mkv", "a.mkv", { 25, 1 }, -1,
      CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 60, "says that it lasts" },
    { "an MP4 that ends too early",
      SRC("25", "10") X264 "-bf 2 -g 12 -movflags +faststart a.mp4", "a.mp4", { 25, 1 }, -1,
      CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 50, "says that it lasts" },
    { "an edit list that begins inside a GOP",
      SRC("25", "4") X264 "-g 50 -bf 2 a.mp4 && ffmpeg -ss 0.5 -i a.mp4 -c copy b.mp4", "b.mp4",
      { 25, 1 }, 87, CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "random access points that are damaged are not begun with",
      SRC("25", "4") X264 "-g 12 a.mkv && ffmpeg -i a.mkv -c copy -bsf:v "
      "\"noise=amount='eq(mod(n,24),12)*40'\" b.mkv",
      "b.mkv", { 25, 1 }, 100, CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
    { "two pictures: the larger one is taken",
      "ffmpeg -f lavfi -i testsrc2=s=32x32:r=10:d=2 -f lavfi -i testsrc2=s=96x64:r=25:d=2 -map 0 -map 1 "
      "-disposition:v 0 " X264 "a.mkv",
      "a.mkv", { 25, 1 }, 50, CONFORM_CONSTANT, INDEX_BY_PACKETS, 0, 0, 0, 0, 0, NULL },
};

static int among(const json_t *changes, const char *part)
{
    size_t i;

    for (i = 0; i < json_array_size(changes); i++)
        if (strstr(json_string_value(json_array_get(changes, i)), part))
            return 1;
    return 0;
}

static void film(void **state)
{
    const struct row *row = *state;
    struct conform_options options = { row->fields };
    struct spn_error err = { 0 };
    struct opened opened;
    char what[128], *changes;
    int ret;

    fixture_make(row->make);
    if (row->cut)
        fixture_cut(row->file, row->cut);
    ret = opened_init(&opened, fixture_path(row->file), &options, &err);
    if (ret < 0)
        fail_msg("%s", err.text);
    changes = json_dumps(opened.changes, JSON_INDENT(1));
    print_message("%u/%u, %lld frames, how %d, index %d, scan %d, %lld repeated, %lld dropped %s\n",
                  opened.conform.rate.num, opened.conform.rate.den,
                  (long long)opened.conform.frames, opened.conform.how, opened.conform.index,
                  opened.conform.scan, (long long)opened.conform.repeated,
                  (long long)opened.conform.dropped, changes);
    free(changes);
    assert_int_equal(opened.conform.rate.num, row->rate.num);
    assert_int_equal(opened.conform.rate.den, row->rate.den);
    if (row->frames > 0)
        assert_int_equal(opened.conform.frames, row->frames);
    assert_int_equal(opened.conform.how, row->how);
    assert_int_equal(opened.conform.index, row->index);
    assert_int_equal(opened.conform.scan, row->scan);
    if (row->repeated >= 0)
        assert_int_equal(opened.conform.repeated, row->repeated);
    if (row->dropped >= 0)
        assert_int_equal(opened.conform.dropped, row->dropped);
    if (row->says)
        assert_true(among(opened.changes, row->says));
    ret = chunk_check(&opened, what, sizeof what, &err);
    print_message("%s\n", what);
    if (ret < 0)
        fail_msg("%s", err.text);
    opened_finish(&opened);
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof *rows];
    size_t i;

    av_log_set_level(AV_LOG_QUIET);
    for (i = 0; i < sizeof rows / sizeof *rows; i++)
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = film,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    return cmocka_run_group_tests_name("films", tests, fixture_init, fixture_finish);
}

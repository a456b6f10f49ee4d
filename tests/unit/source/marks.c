/* marks - the timecode that a source begins at, and its chapters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <libavutil/log.h>

#include "fixture.h"
#include "marks.h"
#include "opened.h"

#define SRC(rate) "ffmpeg -f lavfi -i testsrc2=s=96x64:r=" rate ":d=4 "
#define X264      "-c:v libx264 -preset ultrafast -threads 1 "

/* Chapters of 1 s, of 1.5 s and to the end, the last but one of no length. */
#define META                                                                                       \
    "printf ';FFMETADATA1\\n[CHAPTER]\\nTIMEBASE=1/1000\\nSTART=0\\nEND=1000\\ntitle=One\\n"       \
    "[CHAPTER]\\nTIMEBASE=1/1000\\nSTART=1000\\nEND=2500\\ntitle=第二章\\n"                     \
    "[CHAPTER]\\nTIMEBASE=1/1000\\nSTART=2500\\nEND=4000\\n' >meta && "

static const struct row {
    const char *name, *make, *file;
    const char *timecode; /* NULL: none */
    int64_t rate_num, rate_den;
    int fields;
    const char *chapters; /* "frame-end title|…", or NULL */
} rows[] = {
    { "QuickTime has a timecode track", SRC("25") X264 "-timecode 01:00:00:00 a.mov", "a.mov",
      "01:00:00:00", 25, 1, 0, NULL },
    { "which may drop frames", SRC("30000/1001") X264 "-timecode '10:00:00;02' a.mov", "a.mov",
      "10:00:00;02", 30000, 1001, 0, NULL },
    { "or not at the same rate", SRC("30000/1001") X264 "-timecode 10:00:00:02 a.mov", "a.mov",
      "10:00:00:02", 30000, 1001, 0, NULL },
    { "MP4 has one too", SRC("24000/1001") X264 "-timecode 23:59:58:12 a.mp4", "a.mp4",
      "23:59:58:12", 24000, 1001, 0, NULL },
    { "MXF has it in its packages", SRC("25") "-c:v mpeg2video -timecode 09:58:30:05 a.mxf",
      "a.mxf", "09:58:30:05", 25, 1, 0, NULL },
    { "Matroska in a tag", SRC("25") X264 "-timecode 02:03:04:05 a.mkv", "a.mkv", "02:03:04:05", 25,
      1, 0, NULL },
    { "where fields become frames, it counts the frames of before",
      SRC("50") "-vf setfield=tff,interlace " X264
                "-flags +ilme+ildct -x264-params tff=1 -timecode 01:00:00:24 a.mov",
      "a.mov", "01:00:00:24", 25, 1, 1, NULL },
    { "most files have none", SRC("25") X264 "a.mkv", "a.mkv", NULL, 0, 0, 0, NULL },
    { "one that counts other frames is none",
      SRC("25") X264 "-metadata:s:v timecode=01:00:00:29 a.mkv", "a.mkv", NULL, 0, 0, 0, NULL },
    { "chapters of Matroska", META SRC("25") "-i meta -map_metadata 1 " X264 "a.mkv", "a.mkv", NULL,
      0, 0, 0, "0-25 One|25-63 第二章|63-100 " },
    { "chapters of MP4", META SRC("24000/1001") "-i meta -map_metadata 1 " X264 "a.mp4", "a.mp4",
      NULL, 0, 0, 0, "0-24 One|24-60 第二章|60-96 " },
    { "a chapter of no frame is none, nor one after the end",
      "printf ';FFMETADATA1\\n[CHAPTER]\\nTIMEBASE=1/1000\\nSTART=500\\nEND=510\\ntitle=a\\n"
      "[CHAPTER]\\nTIMEBASE=1/1000\\nSTART=510\\nEND=900\\ntitle=b\\n"
      "[CHAPTER]\\nTIMEBASE=1/1000\\nSTART=99000\\nEND=100000\\ntitle=c\\n' >meta && " SRC(
          "25") "-i meta -map_metadata 1 " X264 "a.mkv",
      "a.mkv", NULL, 0, 0, 0, "13-23 b" },
};

static void chapters_print(const json_t *chapters, char *out, size_t size)
{
    const json_t *chapter;
    size_t at = 0, i;

    out[0] = '\0';
    json_array_foreach(chapters, i, chapter) at +=
        (size_t)snprintf(out + at, size - at, "%s%lld-%lld %s", i ? "|" : "",
                         (long long)json_integer_value(json_object_get(chapter, "frame")),
                         (long long)json_integer_value(json_object_get(chapter, "end")),
                         json_string_value(json_object_get(chapter, "title")));
}

static void one_film(void **state)
{
    const struct row *row = *state;
    struct conform_options options = { .fields = row->fields };
    json_t *probe = json_object();
    const char *timecode;
    struct opened opened;
    char chapters[512];

    fixture_make(row->make);
    assert_int_equal(opened_init(&opened, fixture_path(row->file), &options, NULL), SPN_OK);
    assert_int_equal(opened.conform.fields, row->fields);
    assert_int_equal(marks_put(opened.source, &opened.conform, probe, NULL), SPN_OK);
    timecode = json_string_value(json_object_get(probe, "timecode"));
    if (row->timecode) {
        const json_t *rate = json_object_get(probe, "timecode_rate");

        assert_non_null(timecode);
        assert_string_equal(timecode, row->timecode);
        assert_int_equal(json_integer_value(json_array_get(rate, 0)), row->rate_num);
        assert_int_equal(json_integer_value(json_array_get(rate, 1)), row->rate_den);
    } else {
        assert_null(timecode);
    }
    chapters_print(json_object_get(probe, "chapters"), chapters, sizeof(chapters));
    assert_string_equal(chapters, row->chapters ? row->chapters : "");
    json_decref(probe);
    opened_finish(&opened);
}

int main(void)
{
    struct CMUnitTest tests[sizeof(rows) / sizeof(rows[0])];

    av_log_set_level(AV_LOG_QUIET);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        tests[i] =
            (struct CMUnitTest){ rows[i].name, one_film, NULL, NULL, (void *)(uintptr_t)&rows[i] };
    return _cmocka_run_group_tests("marks", tests, sizeof(rows) / sizeof(rows[0]), fixture_init,
                                   fixture_finish);
}

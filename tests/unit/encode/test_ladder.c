/* test_ladder.c - which pictures are made of which source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ladder.h"
#include "level.h"

static struct row {
    const char *name;
    struct picture picture;
    const char *want; /* WxH@maxrate/1000 … */
} rows[] = {
    { "1080p has five rungs",
      { 1920, 1080, 1, 1, 0, { 25, 1 } },
      "1920x1080@6000 1280x720@3200 960x540@1800 640x360@900 416x234@350" },
    { "above 40 frames a second caps are half as high again",
      { 1280, 720, 1, 1, 0, { 60000, 1001 } },
      "1280x720@4800 960x540@2700 640x360@1350 416x234@525" },
    { "a larger source stops at 1080p",
      { 3840, 2160, 1, 1, 0, { 24000, 1001 } },
      "1920x1080@6000 1280x720@3200 960x540@1800 640x360@900 416x234@350" },
    { "a wide film keeps its shape",
      { 1920, 804, 1, 1, 0, { 24, 1 } },
      "1920x804@6000 1280x536@3200 960x402@1800 640x268@900 416x174@350" },
    { "a source between two boxes is not enlarged",
      { 1280, 544, 1, 1, 0, { 25, 1 } },
      "1280x544@3200 960x408@1800 640x272@900 416x176@350" },
    { "anamorphic PAL is made wide",
      { 720, 576, 64, 45, 0, { 25, 1 } },
      "1024x576@3200 640x360@900 416x234@350" },
    { "4:3 fits by its height",
      { 720, 576, 16, 15, 0, { 25, 1 } },
      "768x576@3200 480x360@900 312x234@350" },
    { "HDV becomes 1920 wide",
      { 1440, 1080, 4, 3, 0, { 25, 1 } },
      "1920x1080@6000 1280x720@3200 960x540@1800 640x360@900 416x234@350" },
    { "a turned picture has upright rungs",
      { 1920, 1080, 1, 1, 90, { 30, 1 } },
      "1080x1920@6000 720x1280@3200 540x960@1800 360x640@900 234x416@350" },
    { "a small source has one rung of its own size",
      { 320, 180, 1, 1, 0, { 25, 1 } },
      "320x180@350" },
    { "two rungs that are nearly one are one", { 426, 240, 1, 1, 0, { 25, 1 } }, "426x240@900" },
    { "odd sides lose a pixel", { 101, 77, 1, 1, 0, { 25, 1 } }, "100x76@350" },
    { "one pixel becomes the smallest picture", { 1, 1, 1, 1, 0, { 25, 1 } }, "16x16@350" },
    { "a thread of a picture keeps a side of 16",
      { 4000, 2, 1, 1, 0, { 25, 1 } },
      "1920x16@6000 1280x16@3200 960x16@1800 640x16@900 416x16@350" },
};

static void chooses(void **state)
{
    const struct row *row = *state;
    struct ladder ladder;
    char got[512] = "";

    ladder_default(&row->picture, &ladder);
    for (size_t i = 0; i < ladder.count; i++) {
        size_t used = strlen(got);

        (void)snprintf(got + used, sizeof(got) - used, "%s%ux%u@%lld", i ? " " : "",
                       ladder.rungs[i].width, ladder.rungs[i].height,
                       (long long)ladder.rungs[i].maxrate / 1000);
        assert_int_equal(ladder.rungs[i].codec, SPN_H264);
        assert_int_not_equal(level_h264(&ladder.rungs[i], row->picture.rate), 0);
    }
    assert_string_equal(got, row->want);
}

/* For a source of 1920x1080 at 25. */
static struct user_row {
    const char *name, *json;
    int want;
    const char *text; /* what the ladder is, or a part of the sentence */
} user_rows[] = {
    { "a height is enough", "{'version':1,'rungs':[{'codec':'h264','height':720}]}", SPN_OK,
      "h264 1280x720 crf 21 3200 fast;" },
    { "a box is filled", "{'version':1,'rungs':[{'codec':'av1','width':640,'height':640}]}", SPN_OK,
      "av1 640x360 crf 32 540 10;" },
    { "all of it can be said",
      "{'version':1,'rungs':[{'codec':'hevc','width':960,'crf':28,'maxrate':1000000,"
      "'preset':'medium'}]}",
      SPN_OK, "hevc 960x540 crf 28 1000 medium;" },
    { "H.264 comes first, the largest first",
      "{'version':1,'rungs':[{'codec':'hevc','height':360},{'codec':'h264','height':360},"
      "{'codec':'h264','height':720}]}",
      SPN_OK,
      "h264 1280x720 crf 21 3200 fast;h264 640x360 crf 21 900 fast;hevc 640x360 crf 23 630 fast;" },
    { "what is larger than the source is the source",
      "{'version':1,'rungs':[{'codec':'h264','height':2160},{'codec':'h264','height':1080}]}",
      SPN_OK, "h264 1920x1080 crf 21 6000 fast;" },
    { "a ladder has a version", "{'rungs':[]}", SPN_EINVAL, "version" },
    { "a ladder has rungs", "{'version':1,'rungs':[]}", SPN_EINVAL, "no rung" },
    { "a ladder has at most twelve rungs", "{'version':1,'rungs':[0,0,0,0,0,0,0,0,0,0,0,0,0]}",
      SPN_ELIMIT, "13 entries" },
    { "a rung has a codec", "{'version':1,'rungs':[{'height':720}]}", SPN_EINVAL,
      "rung 1 of the ladder has no text \"codec\"" },
    { "an unknown codec is named", "{'version':1,'rungs':[{'codec':'vp9','height':720}]}",
      SPN_EUNSUPPORTED, "vp9" },
    { "a rung has a side", "{'version':1,'rungs':[{'codec':'h264'}]}", SPN_EINVAL, "neither" },
    { "lossless is no rung", "{'version':1,'rungs':[{'codec':'h264','height':720,'crf':0}]}",
      SPN_ERANGE, "crf" },
    { "an unknown preset is named",
      "{'version':1,'rungs':[{'codec':'av1','height':720,'preset':'fast'}]}", SPN_EUNSUPPORTED,
      "preset" },
    { "a side is a whole number", "{'version':1,'rungs':[{'codec':'h264','height':'720'}]}",
      SPN_EINVAL, "height" },
    { "HEVC has no picture below 64", "{'version':1,'rungs':[{'codec':'hevc','height':32}]}",
      SPN_ERANGE, "from 64" },
};

static void reads(void **state)
{
    const struct user_row *row = *state;
    struct picture picture = { 1920, 1080, 1, 1, 0, { 25, 1 } };
    struct spn_error err = { 0 };
    struct ladder ladder;
    char json[512], got[512] = "";
    json_t *value;

    (void)snprintf(json, sizeof(json), "%s", row->json);
    for (char *p = json; *p; p++)
        if (*p == '\'')
            *p = '"';
    value = json_loads(json, 0, NULL);
    assert_non_null(value);
    assert_int_equal(ladder_read(value, &picture, &ladder, &err), row->want);
    json_decref(value);
    for (size_t i = 0; row->want == SPN_OK && i < ladder.count; i++) {
        const struct rung *rung = &ladder.rungs[i];
        size_t used = strlen(got);

        (void)snprintf(got + used, sizeof(got) - used, "%s %ux%u crf %d %lld %s;",
                       rung_codec_name(rung->codec), rung->width, rung->height, rung->crf,
                       (long long)rung->maxrate / 1000, rung->preset);
    }
    if (row->want == SPN_OK)
        assert_string_equal(got, row->text);
    else if (!strstr(err.text, row->text))
        fail_msg("\"%s\" says nothing of %s", err.text, row->text);
}

static struct level_row {
    const char *name;
    struct rung rung;
    struct spn_rate rate;
    int want;
} level_rows[] = {
    { "1080p25 is level 4.0",
      { SPN_H264, 1920, 1080, 21, 6000000, 6000000, "", 0 },
      { 25, 1 },
      40 },
    { "1080p60 is level 4.2",
      { SPN_H264, 1920, 1080, 21, 9000000, 9000000, "", 0 },
      { 60, 1 },
      42 },
    { "720p25 is level 3.1", { SPN_H264, 1280, 720, 21, 3200000, 3200000, "", 0 }, { 25, 1 }, 31 },
    { "a high rate lifts the level",
      { SPN_H264, 416, 234, 21, 20000000, 20000000, "", 0 },
      { 25, 1 },
      32 },
    { "a very wide picture lifts the level",
      { SPN_H264, 4096, 16, 21, 100000, 100000, "", 0 },
      { 25, 1 },
      40 },
    { "what no level has is none",
      { SPN_H264, 8192, 8192, 21, 100000, 100000, "", 0 },
      { 25, 1 },
      0 },
};

static void levels(void **state)
{
    const struct level_row *row = *state;

    assert_int_equal(level_h264(&row->rung, row->rate), row->want);
}

/* A rung as a plan has it is read back the same. */
static void plan_rung(void **state)
{
    struct rung rung = { SPN_AV1, 640, 360, 30, 500000, 500000, "8", 0 }, back;
    json_t *json = rung_write(&rung);

    (void)state;
    assert_int_equal(rung_read(json, "a rung", &back, NULL), SPN_OK);
    json_decref(json);
    assert_int_equal(back.codec, rung.codec);
    assert_int_equal(back.width, rung.width);
    assert_int_equal(back.height, rung.height);
    assert_int_equal(back.crf, rung.crf);
    assert_int_equal(back.maxrate, rung.maxrate);
    assert_int_equal(back.bufsize, rung.bufsize);
    assert_string_equal(back.preset, rung.preset);
    assert_int_equal(back.bridge, rung.bridge);
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

int main(void)
{
    struct CMUnitTest tests[COUNT(rows) + COUNT(user_rows) + COUNT(level_rows) + 1];
    size_t count = 0;

    for (size_t i = 0; i < COUNT(rows); i++)
        tests[count++] = (struct CMUnitTest){ rows[i].name, chooses, NULL, NULL, &rows[i] };
    for (size_t i = 0; i < COUNT(user_rows); i++)
        tests[count++] = (struct CMUnitTest){ user_rows[i].name, reads, NULL, NULL, &user_rows[i] };
    for (size_t i = 0; i < COUNT(level_rows); i++)
        tests[count++] =
            (struct CMUnitTest){ level_rows[i].name, levels, NULL, NULL, &level_rows[i] };
    tests[count++] = (struct CMUnitTest){ "a rung of a plan is read back the same", plan_rung, NULL,
                                          NULL, NULL };
    return _cmocka_run_group_tests("ladder", tests, count, NULL, NULL);
}

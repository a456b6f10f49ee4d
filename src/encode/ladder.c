/* ladder.c - which pictures are made of a source. */
#include "ladder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "level.h"
#include "member.h"

/* For 16:9; other shapes are fitted in. maxrate at up to 40 frames a second. */
static const struct box {
    uint32_t width, height;
    int64_t maxrate;
} boxes[] = {
    { 1920, 1080, 6000000 }, { 1280, 720, 3200000 }, { 960, 540, 1800000 },
    { 640, 360, 900000 },    { 416, 234, 350000 },
};

#define BOXES (sizeof(boxes) / sizeof(*boxes))

static const struct codec {
    enum spn_codec codec;
    const char *name;
    int crf_min, crf_max, crf; /* 0 would be lossless, which is another profile */
    uint32_t side_min;         /* pixels; the smallest picture its encoder makes */
    int maxrate_percent;       /* of H.264's for an equal picture */
    const char *preset;
    const char *const *presets;
} codecs[] = {
    { SPN_H264, "h264", 1, 51, 21, 16, 100, "fast",
      (const char *const[]){ "ultrafast", "superfast", "veryfast", "faster", "fast", "medium",
                             "slow", "slower", "veryslow", NULL } },
    { SPN_HEVC, "hevc", 1, 51, 23, 64, 70, "fast",
      (const char *const[]){ "ultrafast", "superfast", "veryfast", "faster", "fast", "medium",
                             "slow", "slower", "veryslow", NULL } },
    { SPN_AV1, "av1", 1, 63, 32, 64, 60, "10",
      (const char *const[]){ "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", NULL } },
};

static const struct codec *codec_find(enum spn_codec codec)
{
    for (size_t i = 0; i < sizeof(codecs) / sizeof(*codecs); i++)
        if (codecs[i].codec == codec)
            return &codecs[i];
    return NULL;
}

const char *rung_codec_name(enum spn_codec codec)
{
    return codec_find(codec)->name;
}

void picture_displayed(const struct picture *picture, uint32_t *width, uint32_t *height)
{
    uint64_t w = picture->width, h = picture->height;
    uint64_t num = picture->sar_num ? picture->sar_num : 1;
    uint64_t den = picture->sar_den ? picture->sar_den : 1;
    const uint64_t most = UINT64_C(16) * RUNG_SIDE_MAX;

    w = picture->sar_num && picture->sar_den ? (w * num + den / 2) / den : w;
    w = w < 1 ? 1 : w > most ? most : w;
    h = h < 1 ? 1 : h;
    *width = (uint32_t)(picture->turned % 180 ? h : w);
    *height = (uint32_t)(picture->turned % 180 ? w : h);
}

/* value * num / den to the nearest even number in [min, max]. */
static uint32_t side_even(uint64_t value, uint64_t num, uint64_t den, uint32_t min, uint32_t max)
{
    uint64_t half = (value * num + den) / (2 * den);
    uint32_t most = max & ~1u;
    uint32_t side = half > RUNG_SIDE_MAX ? RUNG_SIDE_MAX : (uint32_t)(2 * half);

    if (side > most)
        side = most;
    return side < min ? min : side;
}

/* The largest even picture of the source's shape inside the box and not larger than the source. */
static void fit(uint32_t width, uint32_t height, uint32_t box_width, uint32_t box_height,
                uint32_t side_min, struct rung *rung)
{
    if (width <= box_width && height <= box_height) {
        rung->width = side_even(width, 1, 1, side_min, width);
        rung->height = side_even(height, 1, 1, side_min, height);
    } else if ((uint64_t)width * box_height >= (uint64_t)height * box_width) {
        rung->width = side_even(box_width, 1, 1, side_min, box_width);
        rung->height = side_even(height, box_width, width, side_min, box_height);
    } else {
        rung->width = side_even(width, box_height, height, side_min, box_width);
        rung->height = side_even(box_height, 1, 1, side_min, box_height);
    }
}

/*
 * A segment of three GOPs (6 s) may meet one border of a chunk, where the buffer starts anew and
 * half full: its most is 6 maxrate + 1.5 bufsize. With one second of buffer that is 1.25 x 6 s of
 * maxrate, which is what `sampan check` holds against a rung.
 */
static int64_t rung_bufsize(int64_t maxrate)
{
    return maxrate;
}

static int64_t rate_maxrate(int64_t maxrate, struct spn_rate rate)
{
    return rate.num > 40 * (uint64_t)rate.den ? maxrate + maxrate / 2 : maxrate;
}

/* What the table has for a picture of so many pixels. */
static int64_t default_maxrate(const struct codec *codec, uint32_t width, uint32_t height,
                               struct spn_rate rate)
{
    uint64_t pixels = (uint64_t)width * height;
    int64_t maxrate = boxes[BOXES - 1].maxrate;

    for (size_t i = BOXES; i-- > 0;)
        if (pixels * 8 > (uint64_t)boxes[i].width * boxes[i].height * 5)
            maxrate = boxes[i].maxrate;
    if (pixels > (uint64_t)boxes[0].width * boxes[0].height)
        maxrate = (int64_t)((uint64_t)maxrate * pixels / boxes[0].width / boxes[0].height);
    return rate_maxrate(maxrate, rate) * codec->maxrate_percent / 100;
}

void ladder_default(const struct picture *picture, struct ladder *out)
{
    const struct codec *codec = codec_find(SPN_H264);
    uint32_t width, height;

    memset(out, 0, sizeof(*out));
    picture_displayed(picture, &width, &height);
    for (size_t i = 0; i < BOXES; i++) {
        const struct box *next = i + 1 < BOXES ? &boxes[i + 1] : NULL;
        struct rung *rung = &out->rungs[out->count], *above = rung - 1;
        int upright = height > width;

        if (next && width <= (upright ? next->height : next->width) &&
            height <= (upright ? next->width : next->height))
            continue; /* the source fits into the next box as well */
        fit(width, height, upright ? boxes[i].height : boxes[i].width,
            upright ? boxes[i].width : boxes[i].height, codec->side_min, rung);
        if (out->count && (uint64_t)rung->width * rung->height * 100 >
                              (uint64_t)above->width * above->height * 85)
            continue; /* hardly smaller than the rung above */
        rung->codec = codec->codec;
        rung->crf = codec->crf;
        rung->maxrate = rate_maxrate(boxes[i].maxrate, picture->rate);
        rung->bufsize = rung_bufsize(rung->maxrate);
        (void)snprintf(rung->preset, sizeof(rung->preset), "%s", codec->preset);
        out->count++;
    }
}

static int codec_read(const json_t *object, const char *holder, const struct codec **out,
                      struct spn_error *err)
{
    const char *name;
    int ret;

    if ((ret = member_text(object, holder, "codec", &name, err)) < 0)
        return ret;
    for (size_t i = 0; i < sizeof(codecs) / sizeof(*codecs); i++) {
        if (strcmp(codecs[i].name, name) == 0) {
            *out = &codecs[i];
            return SPN_OK;
        }
    }
    return spn_error_set(err, SPN_EUNSUPPORTED,
                         "%s asks for codec \"%.40s\"; there are h264, hevc and av1", holder, name);
}

static int preset_read(const json_t *object, const char *holder, const struct codec *codec,
                       struct rung *out, struct spn_error *err)
{
    const char *name = codec->preset;
    int ret;

    if (json_object_get(object, "preset") &&
        (ret = member_text(object, holder, "preset", &name, err)) < 0)
        return ret;
    for (const char *const *known = codec->presets; *known; known++) {
        if (strcmp(*known, name) == 0) {
            (void)snprintf(out->preset, sizeof(out->preset), "%s", name);
            return SPN_OK;
        }
    }
    return spn_error_set(err, SPN_EUNSUPPORTED,
                         "%s asks for preset \"%.40s\", which %s does not have", holder, name,
                         codec->name);
}

/* Codec, quality and preset, for the file of a person as for a plan; maxrate 0 where it is not
 * said. */
static int settings_read(const json_t *object, const char *holder, const struct codec **codec,
                         struct rung *out, struct spn_error *err)
{
    int64_t crf, maxrate = 0;
    int ret;

    if ((ret = codec_read(object, holder, codec, err)) < 0)
        return ret;
    crf = (*codec)->crf;
    if ((ret = member_int_or(object, holder, "crf", (*codec)->crf_min, (*codec)->crf_max, &crf,
                             err)) < 0 ||
        (ret = member_int_or(object, holder, "maxrate", 50000, 240000000, &maxrate, err)) < 0 ||
        (ret = preset_read(object, holder, *codec, out, err)) < 0)
        return ret;
    out->codec = (*codec)->codec;
    out->crf = (int)crf;
    out->maxrate = maxrate;
    out->bufsize = rung_bufsize(maxrate);
    return SPN_OK;
}

static int rung_fit(const json_t *object, const char *holder, const struct picture *picture,
                    struct rung *out, struct spn_error *err)
{
    const struct codec *codec;
    int64_t box_width = 0, box_height = 0;
    uint32_t width, height;
    int ret;

    if ((ret = settings_read(object, holder, &codec, out, err)) < 0 ||
        (ret = member_int_or(object, holder, "width", codec->side_min, RUNG_SIDE_MAX, &box_width,
                             err)) < 0 ||
        (ret = member_int_or(object, holder, "height", codec->side_min, RUNG_SIDE_MAX, &box_height,
                             err)) < 0)
        return ret;
    if (!box_width && !box_height)
        return spn_error_set(err, SPN_EINVAL, "%s has neither \"width\" nor \"height\"", holder);
    picture_displayed(picture, &width, &height);
    fit(width, height, (uint32_t)(box_width ? box_width : RUNG_SIDE_MAX),
        (uint32_t)(box_height ? box_height : RUNG_SIDE_MAX), codec->side_min, out);
    if (!out->maxrate) {
        out->maxrate = default_maxrate(codec, out->width, out->height, picture->rate);
        out->bufsize = rung_bufsize(out->maxrate);
    }
    if (out->codec == SPN_H264 && !level_h264(out, picture->rate))
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "%s is %" PRIu32 "x%" PRIu32
                             ", which at this frame rate is beyond every H.264 level",
                             holder, out->width, out->height);
    return SPN_OK;
}

/* H.264, which everything plays, first; then the largest. */
static int rung_compare(const void *left, const void *right)
{
    const struct rung *a = left, *b = right;
    uint64_t a_pixels = (uint64_t)a->width * a->height, b_pixels = (uint64_t)b->width * b->height;

    if (a->codec != b->codec)
        return a->codec < b->codec ? -1 : 1;
    if (a_pixels != b_pixels)
        return a_pixels > b_pixels ? -1 : 1;
    return a->maxrate == b->maxrate ? 0 : a->maxrate > b->maxrate ? -1 : 1;
}

static int rung_repeats(const struct ladder *ladder, const struct rung *rung)
{
    for (const struct rung *other = ladder->rungs; other < ladder->rungs + ladder->count; other++)
        if (other->codec == rung->codec && other->width == rung->width &&
            other->height == rung->height)
            return 1;
    return 0;
}

int ladder_read(const json_t *ladder, const struct picture *picture, struct ladder *out,
                struct spn_error *err)
{
    json_t *rungs, *object;
    int64_t version;
    size_t index;
    int ret;

    memset(out, 0, sizeof(*out));
    if ((ret = member_int(ladder, "the ladder", "version", 1, 1, &version, err)) < 0 ||
        (ret = member_array(ladder, "the ladder", "rungs", LADDER_RUNGS_MAX, &rungs, err)) < 0)
        return ret;
    json_array_foreach(rungs, index, object)
    {
        struct rung rung = { 0 };
        char holder[48];

        (void)snprintf(holder, sizeof(holder), "rung %zu of the ladder", index + 1);
        if ((ret = rung_fit(object, holder, picture, &rung, err)) < 0)
            return ret;
        if (!rung_repeats(out, &rung))
            out->rungs[out->count++] = rung;
    }
    if (!out->count)
        return spn_error_set(err, SPN_EINVAL, "the ladder has no rung");
    qsort(out->rungs, out->count, sizeof(*out->rungs), rung_compare);
    return SPN_OK;
}

json_t *rung_write(const struct rung *rung)
{
    return json_pack("{s:s,s:i,s:i,s:i,s:I,s:I,s:s}", "codec", rung_codec_name(rung->codec),
                     "width", (int)rung->width, "height", (int)rung->height, "crf", rung->crf,
                     "maxrate", (json_int_t)rung->maxrate, "bufsize", (json_int_t)rung->bufsize,
                     "preset", rung->preset);
}

int rung_read(const json_t *object, const char *holder, struct rung *out, struct spn_error *err)
{
    const struct codec *codec;
    int64_t width, height;
    int ret;

    memset(out, 0, sizeof(*out));
    if ((ret = settings_read(object, holder, &codec, out, err)) < 0 ||
        (ret = member_int(object, holder, "width", codec->side_min, RUNG_SIDE_MAX, &width, err)) <
            0 ||
        (ret = member_int(object, holder, "height", codec->side_min, RUNG_SIDE_MAX, &height, err)) <
            0 ||
        (ret = member_int(object, holder, "maxrate", 1, INT32_MAX, &out->maxrate, err)) < 0 ||
        (ret = member_int(object, holder, "bufsize", 1, INT32_MAX, &out->bufsize, err)) < 0)
        return ret;
    if (width % 2 || height % 2)
        return spn_error_set(err, SPN_EINVAL, "%s has an odd side", holder);
    out->width = (uint32_t)width;
    out->height = (uint32_t)height;
    return SPN_OK;
}

/* test_filter.c - what becomes of a source's picture before it is scaled: plain patches, known
 * values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libavutil/log.h>
#include <libavutil/pixdesc.h>

#include "filter.h"
#include "scaler.h"

#define WIDTH  64
#define HEIGHT 48

static AVFrame *frame_make(enum AVPixelFormat format, int width, int height)
{
    AVFrame *frame = av_frame_alloc();

    assert_non_null(frame);
    frame->format = format;
    frame->width = width;
    frame->height = height;
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    return frame;
}

/* One value everywhere in each component. */
static void frame_fill(AVFrame *frame, const int values[3])
{
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);

    for (int c = 0; c < 3; c++) {
        const AVComponentDescriptor *component = &format->comp[c];
        int chroma = c > 0 && !(format->flags & AV_PIX_FMT_FLAG_RGB);
        int width = frame->width, height = frame->height;

        if (chroma) {
            width = AV_CEIL_RSHIFT(width, format->log2_chroma_w);
            height = AV_CEIL_RSHIFT(height, format->log2_chroma_h);
        }
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                uint8_t *at = frame->data[component->plane] +
                              y * frame->linesize[component->plane] + x * component->step +
                              component->offset;

                if (component->depth > 8) {
                    at[0] = (uint8_t)values[c];
                    at[1] = (uint8_t)(values[c] >> 8);
                } else {
                    *at = (uint8_t)values[c];
                }
            }
    }
}

static struct row {
    const char *name;
    enum AVPixelFormat format;
    enum AVColorSpace matrix;
    enum AVColorPrimaries primaries;
    enum AVColorTransferCharacteristic transfer;
    enum AVColorRange range;
    int height; /* that the setup has */
    int in[3], out[3], tolerance;
} rows[] = {
    { "BT.709 stays",
      AV_PIX_FMT_YUV420P,
      AVCOL_SPC_BT709,
      AVCOL_PRI_BT709,
      AVCOL_TRC_BT709,
      AVCOL_RANGE_MPEG,
      1080,
      { 63, 102, 240 },
      { 63, 102, 240 },
      0 },
    { "an unnamed large picture is BT.709",
      AV_PIX_FMT_YUV420P,
      AVCOL_SPC_UNSPECIFIED,
      AVCOL_PRI_UNSPECIFIED,
      AVCOL_TRC_UNSPECIFIED,
      AVCOL_RANGE_UNSPECIFIED,
      1080,
      { 63, 102, 240 },
      { 63, 102, 240 },
      0 },
    { "an unnamed small picture is BT.601: its red is still red",
      AV_PIX_FMT_YUV420P,
      AVCOL_SPC_UNSPECIFIED,
      AVCOL_PRI_UNSPECIFIED,
      AVCOL_TRC_UNSPECIFIED,
      AVCOL_RANGE_UNSPECIFIED,
      576,
      { 81, 90, 240 },
      { 63, 102, 240 },
      2 },
    { "a named BT.601 is converted at any size",
      AV_PIX_FMT_YUV422P,
      AVCOL_SPC_SMPTE170M,
      AVCOL_PRI_BT709,
      AVCOL_TRC_SMPTE170M,
      AVCOL_RANGE_MPEG,
      1080,
      { 81, 90, 240 },
      { 63, 102, 240 },
      2 },
    { "full range becomes limited",
      AV_PIX_FMT_YUVJ420P,
      AVCOL_SPC_BT709,
      AVCOL_PRI_BT709,
      AVCOL_TRC_BT709,
      AVCOL_RANGE_JPEG,
      1080,
      { 255, 128, 128 },
      { 235, 128, 128 },
      1 },
    { "a flag says full range as well as a format does",
      AV_PIX_FMT_YUV420P,
      AVCOL_SPC_BT709,
      AVCOL_PRI_BT709,
      AVCOL_TRC_BT709,
      AVCOL_RANGE_JPEG,
      1080,
      { 0, 128, 128 },
      { 16, 128, 128 },
      1 },
    { "RGB red is BT.709 red",
      AV_PIX_FMT_RGB24,
      AVCOL_SPC_RGB,
      AVCOL_PRI_BT709,
      AVCOL_TRC_IEC61966_2_1,
      AVCOL_RANGE_JPEG,
      1080,
      { 255, 0, 0 },
      { 63, 102, 240 },
      1 },
    { "ten bits become eight",
      AV_PIX_FMT_YUV422P10LE,
      AVCOL_SPC_BT709,
      AVCOL_PRI_BT709,
      AVCOL_TRC_BT709,
      AVCOL_RANGE_MPEG,
      1080,
      { 4 * 120, 4 * 100, 4 * 150 },
      { 120, 100, 150 },
      1 },
    { "4:4:4 becomes 4:2:0",
      AV_PIX_FMT_YUV444P,
      AVCOL_SPC_BT709,
      AVCOL_PRI_BT709,
      AVCOL_TRC_BT709,
      AVCOL_RANGE_MPEG,
      1080,
      { 120, 100, 150 },
      { 120, 100, 150 },
      0 },
    { "PQ black is black",
      AV_PIX_FMT_YUV420P10LE,
      AVCOL_SPC_BT2020_NCL,
      AVCOL_PRI_BT2020,
      AVCOL_TRC_SMPTE2084,
      AVCOL_RANGE_MPEG,
      2160,
      { 64, 512, 512 },
      { 16, 128, 128 },
      1 },
    { "PQ grey at 100 nits is a grey of the middle",
      AV_PIX_FMT_YUV420P10LE,
      AVCOL_SPC_BT2020_NCL,
      AVCOL_PRI_BT2020,
      AVCOL_TRC_SMPTE2084,
      AVCOL_RANGE_MPEG,
      2160,
      { 509, 512, 512 },
      { 130, 128, 128 },
      50 },
    { "PQ grey at 1000 nits is white",
      AV_PIX_FMT_YUV420P10LE,
      AVCOL_SPC_BT2020_NCL,
      AVCOL_PRI_BT2020,
      AVCOL_TRC_SMPTE2084,
      AVCOL_RANGE_MPEG,
      2160,
      { 723, 512, 512 },
      { 235, 128, 128 },
      3 },
    { "HLG black is black",
      AV_PIX_FMT_YUV420P10LE,
      AVCOL_SPC_BT2020_NCL,
      AVCOL_PRI_BT2020,
      AVCOL_TRC_ARIB_STD_B67,
      AVCOL_RANGE_MPEG,
      2160,
      { 64, 512, 512 },
      { 16, 128, 128 },
      1 },
};

static void colour(void **state)
{
    const struct row *row = *state;
    struct filter_setup setup = { .height = row->height, .top_width = WIDTH, .top_height = HEIGHT };
    AVFrame *in = frame_make(row->format, WIDTH, HEIGHT);
    struct spn_error err = { 0 };
    struct filter *filter;
    const AVFrame *out;

    in->colorspace = row->matrix;
    in->color_primaries = row->primaries;
    in->color_trc = row->transfer;
    in->color_range = row->range;
    frame_fill(in, row->in);
    assert_int_equal(filter_create(&setup, &filter, &err), SPN_OK);
    if (filter_push(filter, in, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(filter_pull(filter, &out, &err), 1);
    assert_int_equal(out->format, AV_PIX_FMT_YUV420P);
    assert_int_equal(out->width, WIDTH);
    for (int c = 0; c < 3; c++) {
        int got = out->data[c][(HEIGHT / 4) * out->linesize[c] + WIDTH / 4];

        if (abs(got - row->out[c]) > row->tolerance)
            fail_msg("component %d is %d, not %d", c, got, row->out[c]);
    }
    filter_destroy(filter);
    av_frame_free(&in);
}

/* A bright pixel near the left of the top edge ends where the picture is turned to. */
static struct turn {
    const char *name;
    int turned, mirrored, width, height, x, y;
} turns[] = {
    { "upright stays", 0, 0, WIDTH, HEIGHT, 4, 0 },
    { "turned by 90 the top is right", 90, 0, HEIGHT, WIDTH, HEIGHT - 1, 4 },
    { "turned by 180 the top is below", 180, 0, WIDTH, HEIGHT, WIDTH - 5, HEIGHT - 1 },
    { "turned by 270 the top is left", 270, 0, HEIGHT, WIDTH, 0, WIDTH - 5 },
    { "mirrored left is right", 0, 1, WIDTH, HEIGHT, WIDTH - 5, 0 },
    { "mirrored first, then turned", 90, 1, HEIGHT, WIDTH, HEIGHT - 1, WIDTH - 5 },
};

static void turned(void **state)
{
    const struct turn *row = *state;
    struct filter_setup setup = { .turned = row->turned,
                                  .mirrored = row->mirrored,
                                  .height = 1080 };
    AVFrame *in = frame_make(AV_PIX_FMT_YUV420P, WIDTH, HEIGHT);
    struct spn_error err = { 0 };
    struct filter *filter;
    const AVFrame *out;

    frame_fill(in, (const int[3]){ 16, 128, 128 });
    in->data[0][4] = 200;
    assert_int_equal(filter_create(&setup, &filter, &err), SPN_OK);
    assert_int_equal(filter_push(filter, in, &err), SPN_OK);
    assert_int_equal(filter_pull(filter, &out, &err), 1);
    assert_int_equal(out->width, row->width);
    assert_int_equal(out->height, row->height);
    assert_int_equal(out->data[0][row->y * out->linesize[0] + row->x], 200);
    filter_destroy(filter);
    av_frame_free(&in);
}

#define FRAMES 12

/* Interlaced noise, the same for the same number. */
static AVFrame *field_frame(int64_t number, int interlaced)
{
    AVFrame *frame = frame_make(AV_PIX_FMT_YUV420P, WIDTH, HEIGHT);
    uint32_t seed = (uint32_t)number * 2654435761u + 1;

    frame_fill(frame, (const int[3]){ 16, 128, 128 });
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            seed = seed * 1664525u + 1013904223u;
            frame->data[0][y * frame->linesize[0] + x] = (uint8_t)(16 + seed % 200);
        }
    frame->pts = number;
    frame->interlaced_frame = interlaced;
    frame->top_field_first = 1;
    return frame;
}

/* Filter frames [from, to) of the source and keep what comes out in kept, by its number. */
static int run(const struct filter_setup *setup, int64_t from, int64_t to, int step, AVFrame **kept)
{
    struct spn_error err = { 0 };
    struct filter *filter;
    const AVFrame *out;
    int count = 0;

    assert_int_equal(filter_create(setup, &filter, &err), SPN_OK);
    for (int64_t n = from; n <= to; n++) {
        AVFrame *in = n < to ? field_frame(n, 1) : NULL;

        if (in)
            in->pts = n * step;
        assert_int_equal(filter_push(filter, in, &err), SPN_OK);
        while (filter_pull(filter, &out, &err) > 0) {
            assert_in_range(out->pts, 0, 2 * FRAMES - 1);
            assert_null(kept[out->pts]);
            kept[out->pts] = av_frame_clone(out);
            count++;
        }
        av_frame_free(&in);
    }
    filter_destroy(filter);
    return count;
}

static int frames_equal(const AVFrame *a, const AVFrame *b)
{
    for (int y = 0; y < HEIGHT; y++)
        if (memcmp(a->data[0] + y * a->linesize[0], b->data[0] + y * b->linesize[0], WIDTH) != 0)
            return 0;
    return 1;
}

/* From frames alone, with the history that is asked for, come the frames of the linear run. */
static void alone(void **state)
{
    const int fields = *(const int *)*state, step = fields ? 2 : 1;
    struct filter_setup setup = { .interlaced = 1, .fields = fields, .height = 1080 };
    AVFrame *whole[2 * FRAMES] = { 0 }, *part[2 * FRAMES] = { 0 };
    int history = filter_history(&setup), same = 1;

    assert_int_equal(run(&setup, 0, FRAMES, step, whole), FRAMES * step);
    assert_int_equal(run(&setup, 4 - history, 8 + history, step, part), (4 + 2 * history) * step);
    for (int64_t n = 4 * step; n < 8 * step; n++)
        same = same && whole[n] && part[n] && frames_equal(whole[n], part[n]);
    assert_true(same);
    /* … and not without it: what the first frame shows depends on the one before */
    assert_false(frames_equal(whole[(4 - history) * step], part[(4 - history) * step]));
    for (int i = 0; i < 2 * FRAMES; i++) {
        av_frame_free(&whole[i]);
        av_frame_free(&part[i]);
    }
}

/* In an interlaced source a frame that says it is progressive is left as it is. */
static void progressive(void **state)
{
    struct filter_setup setup = { .interlaced = 1, .height = 1080 };
    AVFrame *in[3];
    struct spn_error err = { 0 };
    struct filter *filter;
    const AVFrame *out;
    int count = 0;

    (void)state;
    assert_int_equal(filter_create(&setup, &filter, &err), SPN_OK);
    for (int n = 0; n <= 3; n++) {
        if (n < 3)
            in[n] = field_frame(n, n != 1);
        assert_int_equal(filter_push(filter, n < 3 ? in[n] : NULL, &err), SPN_OK);
        while (filter_pull(filter, &out, &err) > 0) {
            assert_int_equal(out->pts, count);
            assert_int_equal(frames_equal(out, in[count]), count == 1);
            count++;
        }
    }
    assert_int_equal(count, 3);
    filter_destroy(filter);
    for (int n = 0; n < 3; n++)
        av_frame_free(&in[n]);
}

/* Size and format may change in mid-stream; no frame is lost, and the scaler brings them to one
 * size. */
static void changes(void **state)
{
    struct filter_setup setup = { .interlaced = 1, .height = 1080 };
    struct spn_error err = { 0 };
    struct filter *filter;
    struct scaler *scaler;
    const AVFrame *out, *scaled;
    int count = 0;

    (void)state;
    assert_int_equal(filter_create(&setup, &filter, &err), SPN_OK);
    assert_int_equal(scaler_create(32, 24, SCALER_VIDEO, &scaler, &err), SPN_OK);
    for (int n = 0; n <= 9; n++) {
        AVFrame *in = n == 9 ? NULL
                             : frame_make(n / 3 == 1 ? AV_PIX_FMT_YUV422P : AV_PIX_FMT_YUV420P,
                                          n / 3 == 2 ? 2 * WIDTH : WIDTH, HEIGHT);

        if (in) {
            frame_fill(in, (const int[3]){ 16 + n, 128, 128 });
            in->pts = n;
        }
        assert_int_equal(filter_push(filter, in, &err), SPN_OK);
        while (filter_pull(filter, &out, &err) > 0) {
            assert_int_equal(out->pts, count);
            assert_int_equal(out->data[0][0], 16 + count);
            assert_int_equal(scaler_run(scaler, out, &scaled, &err), SPN_OK);
            assert_int_equal(scaled->width, 32);
            assert_int_equal(scaled->data[0][0], 16 + count);
            count++;
        }
        av_frame_free(&in);
    }
    assert_int_equal(count, 9);
    scaler_destroy(scaler);
    filter_destroy(filter);
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

int main(void)
{
    static int fields[] = { 0, 1 };
    struct CMUnitTest tests[COUNT(rows) + COUNT(turns) + 4];
    size_t count = 0;

    av_log_set_level(AV_LOG_ERROR);
    for (size_t i = 0; i < COUNT(rows); i++)
        tests[count++] = (struct CMUnitTest){ rows[i].name, colour, NULL, NULL, &rows[i] };
    for (size_t i = 0; i < COUNT(turns); i++)
        tests[count++] = (struct CMUnitTest){ turns[i].name, turned, NULL, NULL, &turns[i] };
    tests[count++] = (struct CMUnitTest){ "deinterlaced alone equals deinterlaced in the whole",
                                          alone, NULL, NULL, &fields[0] };
    tests[count++] = (struct CMUnitTest){ "fields alone equal fields in the whole", alone, NULL,
                                          NULL, &fields[1] };
    tests[count++] = (struct CMUnitTest){ "a progressive frame among interlaced ones is left alone",
                                          progressive, NULL, NULL, NULL };
    tests[count++] = (struct CMUnitTest){ "size and format may change in mid-stream", changes, NULL,
                                          NULL, NULL };
    return _cmocka_run_group_tests("filter", tests, count, NULL, NULL);
}

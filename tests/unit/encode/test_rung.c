/*
 * test_rung.c - a rung keeps the encode contract whatever it is given.
 *
 * Pictures are made here: moving noise, so that two contents have nothing in common. A piece is
 * read with libavformat, and its header compared byte by byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <libavcodec/avcodec.h>

#include "rung.h"
#include "sampan/buffer.h"
#include "sampan/track.h"
#include "video_encoder.h"

#define RATE                                                                                       \
    {                                                                                              \
        4, 1                                                                                       \
    } /* frames a second: few, so that GOPs are short */
#define GOP 8

static const struct rung rungs[] = {
    { SPN_H264, 192, 108, 24, 400000, 400000, "fast", 0 },
    { SPN_HEVC, 192, 108, 26, 300000, 300000, "ultrafast", 0 },
    { SPN_AV1, 192, 108, 36, 250000, 250000, "12", 0 },
};

static AVFrame *picture_make(int64_t number, unsigned content)
{
    AVFrame *frame = av_frame_alloc();

    assert_non_null(frame);
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = 320;
    frame->height = 180;
    frame->pts = number;
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    for (int plane = 0; plane < 3; plane++) {
        int height = plane ? 90 : 180, width = plane ? 160 : 320;

        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                frame->data[plane][y * frame->linesize[plane] + x] =
                    (uint8_t)(16 + ((unsigned)(x + number * 3) * (content * 7 + 1) +
                                    (unsigned)y * (content + 2)) %
                                       200);
    }
    return frame;
}

/* A piece of the frames [first, first + frames), as bytes. */
static void piece_make(const struct rung *rung, int64_t first, int64_t frames, unsigned content,
                       struct spn_buffer *out)
{
    struct rung_chunk chunk = {
        .rate = RATE,
        .gop = GOP,
        .first = first,
        .frames = frames,
        .sequence = (uint32_t)(first / GOP + 1),
    };
    struct spn_error err = { 0 };
    struct rung_maker *maker;
    struct lane *lane;
    FILE *file = tmpfile();
    int ret;

    assert_non_null(file);
    if (rung_create(rung, chunk, fileno(file), &maker, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(lane_create(rung_work(maker), &lane, &err), SPN_OK);
    for (int64_t i = first; i < first + frames; i++) {
        AVFrame *frame = picture_make(i, content);

        if (lane_push(lane, frame, &err) < 0)
            fail_msg("%s", err.text);
        av_frame_free(&frame);
    }
    lane_end(lane);
    while ((ret = lane_wait(lane, 100, &err)) == 0)
        ;
    if (ret < 0)
        fail_msg("%s", err.text);
    lane_destroy(lane);

    struct rung_result result = rung_result(maker);
    uint8_t *room = spn_buffer_reserve(out, result.bytes);
    struct spn_hash hash;

    assert_int_equal(result.fragments, (frames + GOP - 1) / GOP);
    assert_int_equal(pread(fileno(file), room, result.bytes, 0), result.bytes);
    out->size += result.bytes;
    spn_hash_of(room, result.bytes, &hash);
    assert_true(spn_hash_equal(&hash, &result.hash));
    rung_destroy(maker);
    (void)fclose(file);
}

/* Bytes before the first moof. */
static size_t header_size(const struct spn_buffer *piece)
{
    const uint8_t *moof = memmem(piece->data, piece->size, "moof", 4);

    assert_non_null(moof);
    return (size_t)(moof - 4 - piece->data);
}

static void repeats(void **state)
{
    const struct rung *rung = *state;
    struct spn_buffer one = { 0 }, two = { 0 };

    piece_make(rung, 0, 3 * GOP, 1, &one);
    piece_make(rung, 0, 3 * GOP, 1, &two);
    assert_int_equal(one.size, two.size);
    assert_memory_equal(one.data, two.data, one.size);
    spn_buffer_finish(&one);
    spn_buffer_finish(&two);
}

/* Other content, another place, one frame only, another CRF: the same header to the byte. */
static void joins(void **state)
{
    const struct rung *rung = *state;
    struct rung finer = *rung;
    struct spn_buffer whole = { 0 }, one = { 0 }, bridge = { 0 };

    finer.crf -= 2;
    piece_make(rung, 0, 2 * GOP + 3, 1, &whole);
    piece_make(rung, 20 * GOP, 1, 5, &one);
    piece_make(&finer, 4 * GOP, 5, 3, &bridge);
    assert_int_equal(header_size(&whole), header_size(&one));
    assert_int_equal(header_size(&whole), header_size(&bridge));
    assert_memory_equal(whole.data, one.data, header_size(&whole));
    assert_memory_equal(whole.data, bridge.data, header_size(&whole));
    spn_buffer_finish(&whole);
    spn_buffer_finish(&one);
    spn_buffer_finish(&bridge);
}

/* What fragments say of their place: the asset's frames, from the sequence number to the time. */
static void places(void **state)
{
    const struct rung *rung = *state;
    struct spn_buffer piece = { 0 };
    const uint8_t *moof;
    uint32_t sequence = 5;
    size_t left;

    piece_make(rung, 4 * GOP, 2 * GOP, 1, &piece);
    left = piece.size;
    moof = piece.data;
    while ((moof = memmem(moof, left, "moof", 4))) {
        const uint8_t *box = moof - 4; /* mfhd at 8, traf at 24, tfhd at 32, tfdt at 60 */
        uint32_t number =
            (uint32_t)box[20] << 24 | (uint32_t)box[21] << 16 | (uint32_t)box[22] << 8 | box[23];
        uint32_t time =
            (uint32_t)box[76] << 24 | (uint32_t)box[77] << 16 | (uint32_t)box[78] << 8 | box[79];

        assert_int_equal(number, sequence);
        assert_int_equal(time, (sequence - 1) * GOP);
        sequence++;
        moof += 4;
        left = piece.size - (size_t)(moof - piece.data);
    }
    assert_int_equal(sequence, 7);
    spn_buffer_finish(&piece);
}

/* A lane whose work fails gives the error to whoever pushes, and does not hang. */
static int broken_take(void *opaque, const AVFrame *frame, struct spn_error *err)
{
    int *left = opaque;

    (void)frame;
    return --*left > 0 ? SPN_OK : spn_error_set(err, SPN_ENOSPC, "the disk is full");
}

static void fails(void **state)
{
    struct spn_error err = { 0 };
    struct lane *lane;
    int left = 3, ret = SPN_OK, pushed;

    (void)state;
    assert_int_equal(lane_create((struct lane_work){ broken_take, &left }, &lane, &err), SPN_OK);
    for (pushed = 0; pushed < 100 && ret == SPN_OK; pushed++) {
        AVFrame *frame = picture_make(pushed, 1);

        ret = lane_push(lane, frame, &err);
        av_frame_free(&frame);
    }
    assert_int_equal(ret, SPN_ENOSPC);
    assert_string_equal(err.text, "the disk is full");
    assert_in_range(pushed, 3, 3 + LANE_QUEUE + 1);
    lane_destroy(lane);
}

/* A disk that is full is disk_full, which a worker tries again. */
static void full_disk(void **state)
{
    struct rung_chunk chunk = { .rate = RATE, .gop = GOP, .frames = GOP, .sequence = 1 };
    struct spn_error err = { 0 };
    struct rung_maker *maker;
    FILE *full = fopen("/dev/full", "w");
    int ret = SPN_OK;

    (void)state;
    assert_non_null(full);
    assert_int_equal(rung_create(&rungs[0], chunk, fileno(full), &maker, &err), SPN_OK);
    for (int64_t i = 0; i <= GOP && ret == SPN_OK; i++) {
        AVFrame *frame = i < GOP ? picture_make(i, 1) : NULL;

        ret = rung_work(maker).take(maker, frame, &err);
        av_frame_free(&frame);
    }
    assert_int_equal(ret, SPN_ENOSPC);
    rung_destroy(maker);
    (void)fclose(full);
}

static void options(void **state)
{
    char one[ENCODER_OPTIONS_MAX], two[ENCODER_OPTIONS_MAX];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        video_encoder_options(&rungs[i], (struct spn_rate){ 25, 1 }, 50, one);
        video_encoder_options(&rungs[i], (struct spn_rate){ 25, 1 }, 50, two);
        assert_string_equal(one, two);
        assert_true(strlen(one) < ENCODER_OPTIONS_MAX - 1);
        assert_non_null(strstr(one, "keyint=50"));
    }
}

int main(void)
{
    static char names[3][3][80];
    static const struct {
        const char *what;
        CMUnitTestFunction run;
    } kinds[] = {
        { "the same frames give the same bytes", repeats },
        { "every piece has the same header", joins },
        { "fragments know their place", places },
    };
    struct CMUnitTest tests[3 * 3 + 3];
    size_t count = 0;

    av_log_set_level(AV_LOG_ERROR);
    assert_int_equal(setenv("SVT_LOG", "1", 0), 0);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++) {
            (void)snprintf(names[i][k], sizeof(names[i][k]), "%s: %s",
                           rung_codec_name(rungs[i].codec), kinds[k].what);
            tests[count++] = (struct CMUnitTest){ names[i][k], kinds[k].run, NULL, NULL,
                                                  (void *)(uintptr_t)&rungs[i] };
        }
    tests[count++] =
        (struct CMUnitTest){ "a lane that fails says so to who pushes", fails, NULL, NULL, NULL };
    tests[count++] = (struct CMUnitTest){ "a full disk is disk_full", full_disk, NULL, NULL, NULL };
    tests[count++] =
        (struct CMUnitTest){ "options are whole and repeat", options, NULL, NULL, NULL };
    return _cmocka_run_group_tests("rung", tests, count, NULL, NULL);
}

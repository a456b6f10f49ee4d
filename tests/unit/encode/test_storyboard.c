/*
 * test_storyboard.c - tiles become sheets: every tile in its place, the last sheet only as high as
 * needed.
 *
 * usage: test_storyboard SAMPAN-MEDIA
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

#include "media_run.h"
#include "tile.h"

static const char *program;

#define COLUMNS 4
#define ROWS    3
#define WIDTH   32
#define HEIGHT  18

static const struct storyboard board = { 10, WIDTH, HEIGHT, COLUMNS, ROWS };

/* Tile n is of one grey. */
static int grey(int64_t n)
{
    return 40 + (int)(n * 13) % 160;
}

static void tiles_make(int fd, int64_t count, json_t *list)
{
    struct spn_error err = { 0 };
    struct tile_maker *maker;
    const struct tile *tiles;
    size_t made;

    assert_int_equal(tiles_create(&board, fd, &maker, &err), SPN_OK);
    for (int64_t n = 0; n < count; n++) {
        AVFrame *frame = av_frame_alloc();

        frame->format = AV_PIX_FMT_YUV420P;
        frame->width = 64;
        frame->height = 36;
        frame->pts = n * board.interval_frames;
        assert_int_equal(av_frame_get_buffer(frame, 0), 0);
        memset(frame->data[0], grey(n), (size_t)frame->linesize[0] * 36);
        memset(frame->data[1], 128, (size_t)frame->linesize[1] * 18);
        memset(frame->data[2], 128, (size_t)frame->linesize[2] * 18);
        assert_int_equal(tiles_work(maker).take(maker, frame, &err), SPN_OK);
        av_frame_free(&frame);
    }
    tiles = tiles_made(maker, &made);
    assert_int_equal(made, count);
    for (size_t n = 0; n < made; n++) {
        assert_int_equal(tiles[n].index, n);
        assert_int_equal(
            json_array_append_new(list, json_pack("{s:I,s:i,s:I,s:I}", "index",
                                                  (json_int_t)tiles[n].index, "fd", fd, "offset",
                                                  (json_int_t)tiles[n].offset, "size",
                                                  (json_int_t)tiles[n].size)),
            0);
    }
    tiles_destroy(maker);
}

static AVFrame *jpeg_read(int fd, int64_t offset, int64_t size)
{
    AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_MJPEG));
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();

    assert_int_equal(avcodec_open2(decoder, NULL, NULL), 0);
    assert_int_equal(av_new_packet(packet, (int)size), 0);
    assert_int_equal(pread(fd, packet->data, (size_t)size, offset), size);
    assert_int_equal(avcodec_send_packet(decoder, packet), 0);
    assert_int_equal(avcodec_receive_frame(decoder, frame), 0);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    return frame;
}

/* 16 … 235 of the video are 0 … 255 of a JPEG. */
static void tile_is(const AVFrame *frame, unsigned column, unsigned row, int64_t n)
{
    int got = frame->data[0][(row * HEIGHT + HEIGHT / 2) * (unsigned)frame->linesize[0] +
                             column * WIDTH + WIDTH / 2];

    assert_in_range(got, (grey(n) - 16) * 255 / 219 - 4, (grey(n) - 16) * 255 / 219 + 4);
}

static void sheets(void **state)
{
    const int64_t count = *(const int *)*state;
    json_t *list = json_array(), *request, *answer;
    FILE *in = tmpfile(), *tiles = tmpfile(), *out = tmpfile();
    struct media_run run;
    size_t whole = COLUMNS * ROWS;

    tiles_make(dup(fileno(in)), count, list);
    request = json_pack("{s:i,s:{s:{s:i,s:i,s:i,s:i,s:i}},s:o,s:i,s:i}", "version", 1, "plan",
                        "storyboard", "interval_frames", 10, "width", WIDTH, "height", HEIGHT,
                        "columns", COLUMNS, "rows", ROWS, "tiles", list, "tiles_fd",
                        dup(fileno(tiles)), "sheets_fd", dup(fileno(out)));
    media_run(program, "storyboard", request, &run);
    json_decref(request);
    if (run.exited != 0)
        fail_msg("%s", json_string_value(json_object_get(run.answer, "text")));
    answer = json_object_get(run.answer, "sheets");
    assert_int_equal(json_array_size(answer), ((size_t)count + whole - 1) / whole);
    assert_int_equal(json_array_size(json_object_get(run.answer, "tiles")), count);
    for (size_t s = 0; s < json_array_size(answer); s++) {
        const json_t *place = json_array_get(answer, s);
        AVFrame *frame =
            jpeg_read(fileno(out), json_integer_value(json_object_get(place, "offset")),
                      json_integer_value(json_object_get(place, "size")));
        size_t here = (size_t)count - s * whole < whole ? (size_t)count - s * whole : whole;

        assert_int_equal(frame->width, COLUMNS * WIDTH);
        assert_int_equal(frame->height, (here + COLUMNS - 1) / COLUMNS * HEIGHT);
        for (size_t n = 0; n < here; n++)
            tile_is(frame, (unsigned)(n % COLUMNS), (unsigned)(n / COLUMNS),
                    (int64_t)(s * whole + n));
        av_frame_free(&frame);
    }
    media_run_finish(&run);
    (void)fclose(in);
    (void)fclose(tiles);
    (void)fclose(out);
}

/* What is no tile of this storyboard is said to be none. */
static void refuses(void **state)
{
    FILE *in = tmpfile(), *out = tmpfile();
    json_t *request;
    struct media_run run;

    (void)state;
    assert_true(fputs("these are no pictures", in) > 0);
    assert_int_equal(fflush(in), 0);
    request = json_pack("{s:i,s:{s:{s:i,s:i,s:i,s:i,s:i}},s:[{s:i,s:i,s:i,s:i}],s:i,s:i}",
                        "version", 1, "plan", "storyboard", "interval_frames", 10, "width", WIDTH,
                        "height", HEIGHT, "columns", COLUMNS, "rows", ROWS, "tiles", "index", 0,
                        "fd", dup(fileno(in)), "offset", 0, "size", 21, "tiles_fd",
                        dup(fileno(out)), "sheets_fd", dup(fileno(out)));
    media_run(program, "storyboard", request, &run);
    assert_int_equal(run.exited, 1);
    assert_string_equal(json_string_value(json_object_get(run.answer, "code")), "bad_format");
    json_decref(request);
    media_run_finish(&run);
    (void)fclose(in);
    (void)fclose(out);
}

int main(int argc, char **argv)
{
    static int counts[] = { 1, 12, 30 };
    const struct CMUnitTest tests[] = {
        { "one tile is a sheet", sheets, NULL, NULL, &counts[0] },
        { "a full sheet", sheets, NULL, NULL, &counts[1] },
        { "the last sheet has only the rows it needs", sheets, NULL, NULL, &counts[2] },
        { "what is no tile is refused", refuses, NULL, NULL, NULL },
    };

    if (argc != 2)
        return 2;
    program = argv[1];
    return cmocka_run_group_tests_name("storyboard", tests, NULL, NULL);
}

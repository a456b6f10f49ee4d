/* tile.c - tiles and sheets of the storyboard. */
#include "tile.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>

#include "piece.h"
#include "scaler.h"

#define JPEG_QUALITY 4 /* of libavcodec's 2 (best) to 31 */

struct tile_maker {
    struct storyboard storyboard;
    struct scaler *scaler;
    int fd;
    uint64_t offset;
    struct tile *tiles;
    size_t count;
    struct spn_buffer jpeg;
};

struct sheet {
    struct storyboard storyboard;
    AVFrame *frame;
    AVCodecContext *decoder;
    AVPacket *packet;
    AVFrame *tile;
};

static AVCodecContext *jpeg_encoder(const AVFrame *frame)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;

    if (!context)
        return NULL;
    context->width = frame->width;
    context->height = frame->height;
    context->pix_fmt = AV_PIX_FMT_YUVJ420P;
    context->color_range = AVCOL_RANGE_JPEG;
    context->time_base = (AVRational){ 1, 1 };
    context->thread_count = 1;
    context->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
    context->global_quality = JPEG_QUALITY * FF_QP2LAMBDA;
    if (avcodec_open2(context, codec, NULL) < 0)
        avcodec_free_context(&context);
    return context;
}

int jpeg_encode(const AVFrame *frame, struct spn_buffer *out, struct spn_error *err)
{
    AVCodecContext *context = jpeg_encoder(frame);
    AVPacket *packet = av_packet_alloc();
    AVFrame *own = av_frame_clone(frame);
    int ret = SPN_OK;

    if (own) {
        own->quality = JPEG_QUALITY * FF_QP2LAMBDA;
        own->pts = 0;
    }
    if (!context || !packet || !own || avcodec_send_frame(context, own) < 0 ||
        avcodec_send_frame(context, NULL) < 0 || avcodec_receive_packet(context, packet) < 0)
        ret = spn_error_set(err, SPN_EIO, "a thumbnail of %dx%d cannot be encoded", frame->width,
                            frame->height);
    else
        spn_buffer_append(out, packet->data, (size_t)packet->size);
    av_frame_free(&own);
    av_packet_free(&packet);
    avcodec_free_context(&context);
    if (ret == SPN_OK && spn_buffer_failed(out))
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for a thumbnail");
    return ret;
}

int tiles_create(const struct storyboard *storyboard, int fd, struct tile_maker **out,
                 struct spn_error *err)
{
    struct tile_maker *maker = calloc(1, sizeof(*maker));
    int ret;

    *out = NULL;
    if (!maker)
        return spn_error_set(err, SPN_ENOMEM, "no memory for thumbnails");
    if ((ret = scaler_create((int)storyboard->width, (int)storyboard->height, SCALER_JPEG,
                             &maker->scaler, err)) < 0) {
        tiles_destroy(maker);
        return ret;
    }
    maker->storyboard = *storyboard;
    maker->fd = fd;
    *out = maker;
    return SPN_OK;
}

void tiles_destroy(struct tile_maker *maker)
{
    if (!maker)
        return;
    scaler_destroy(maker->scaler);
    spn_buffer_finish(&maker->jpeg);
    free(maker->tiles);
    free(maker);
}

static int tile_take(void *opaque, const AVFrame *frame, struct spn_error *err)
{
    struct tile_maker *maker = opaque;
    const AVFrame *small;
    struct tile *tiles;
    int ret;

    if (!frame)
        return SPN_OK;
    maker->jpeg.size = 0;
    if ((ret = scaler_run(maker->scaler, frame, &small, err)) < 0 ||
        (ret = jpeg_encode(small, &maker->jpeg, err)) < 0 ||
        (ret = bytes_write(maker->fd, maker->jpeg.data, maker->jpeg.size, err)) < 0)
        return ret;
    tiles = realloc(maker->tiles, (maker->count + 1) * sizeof(*tiles));
    if (!tiles)
        return spn_error_set(err, SPN_ENOMEM, "no memory for thumbnails");
    maker->tiles = tiles;
    tiles[maker->count++] = (struct tile){ frame->pts / maker->storyboard.interval_frames,
                                           maker->offset, maker->jpeg.size };
    maker->offset += maker->jpeg.size;
    return SPN_OK;
}

struct lane_work tiles_work(struct tile_maker *maker)
{
    return (struct lane_work){ tile_take, maker };
}

const struct tile *tiles_made(const struct tile_maker *maker, size_t *count)
{
    *count = maker->count;
    return maker->tiles;
}

/* Black, in full range. */
static void frame_clear(AVFrame *frame)
{
    memset(frame->data[0], 0, (size_t)frame->linesize[0] * (size_t)frame->height);
    for (int plane = 1; plane < 3; plane++)
        memset(frame->data[plane], 128,
               (size_t)frame->linesize[plane] * (size_t)((frame->height + 1) / 2));
}

int sheet_create(const struct storyboard *storyboard, size_t count, struct sheet **out,
                 struct spn_error *err)
{
    struct sheet *sheet = calloc(1, sizeof(*sheet));
    const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_MJPEG);
    size_t rows = (count + storyboard->columns - 1) / storyboard->columns;

    *out = NULL;
    if (!sheet || !codec || !(sheet->frame = av_frame_alloc()) ||
        !(sheet->tile = av_frame_alloc()) || !(sheet->packet = av_packet_alloc()) ||
        !(sheet->decoder = avcodec_alloc_context3(codec)))
        goto failed;
    sheet->storyboard = *storyboard;
    sheet->decoder->thread_count = 1;
    sheet->decoder->flags |= AV_CODEC_FLAG_BITEXACT;
    sheet->frame->format = AV_PIX_FMT_YUVJ420P;
    sheet->frame->width = (int)(storyboard->columns * storyboard->width);
    sheet->frame->height = (int)((uint32_t)rows * storyboard->height);
    if (avcodec_open2(sheet->decoder, codec, NULL) < 0 || av_frame_get_buffer(sheet->frame, 0) < 0)
        goto failed;
    frame_clear(sheet->frame);
    *out = sheet;
    return SPN_OK;
failed:
    sheet_destroy(sheet);
    return spn_error_set(err, SPN_ENOMEM, "no memory for a sheet of thumbnails");
}

void sheet_destroy(struct sheet *sheet)
{
    if (!sheet)
        return;
    av_frame_free(&sheet->frame);
    av_frame_free(&sheet->tile);
    av_packet_free(&sheet->packet);
    avcodec_free_context(&sheet->decoder);
    free(sheet);
}

static void tile_copy(struct sheet *sheet, size_t n)
{
    for (int plane = 0; plane < 3; plane++) {
        int half = plane > 0;
        size_t width = sheet->storyboard.width >> half, height = sheet->storyboard.height >> half;
        size_t x = n % sheet->storyboard.columns * width;
        size_t y = n / sheet->storyboard.columns * height;

        for (size_t row = 0; row < height; row++)
            memcpy(sheet->frame->data[plane] + (y + row) * (size_t)sheet->frame->linesize[plane] +
                       x,
                   sheet->tile->data[plane] + row * (size_t)sheet->tile->linesize[plane], width);
    }
}

int sheet_put(struct sheet *sheet, size_t n, const uint8_t *jpeg, size_t size,
              struct spn_error *err)
{
    int ret;

    av_packet_unref(sheet->packet);
    if (size > TILE_BYTES_MAX || av_new_packet(sheet->packet, (int)size) < 0)
        return spn_error_set(err, SPN_ELIMIT, "thumbnail %zu is too large", n);
    memcpy(sheet->packet->data, jpeg, size);
    av_frame_unref(sheet->tile);
    ret = avcodec_send_packet(sheet->decoder, sheet->packet);
    if (ret >= 0)
        ret = avcodec_receive_frame(sheet->decoder, sheet->tile);
    if (ret < 0 || sheet->tile->width != (int)sheet->storyboard.width ||
        sheet->tile->height != (int)sheet->storyboard.height ||
        sheet->tile->format != AV_PIX_FMT_YUVJ420P)
        return spn_error_set(err, SPN_EFORMAT, "thumbnail %zu is not one of this storyboard", n);
    tile_copy(sheet, n);
    return SPN_OK;
}

int sheet_encode(const struct sheet *sheet, struct spn_buffer *out, struct spn_error *err)
{
    return jpeg_encode(sheet->frame, out, err);
}

/* video_encoder.c - libx264, libx265 and SVT-AV1 through libavcodec, with everything pinned. */
#include "video_encoder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>

#include "level.h"
#include "sampan/buffer.h"

#define LOOKAHEAD 30 /* frames; a chunk is at least ten times as long */

#if defined(__SANITIZE_ADDRESS__)
/* libx265 3.5 forgets some of what it allocates when it opens. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libx265";
}
#endif

struct video_encoder {
    AVCodecContext *context;
    AVFrame *frame; /* what is given to the encoder: a reference with our own times */
    AVPacket *packet;
    int64_t pushed; /* frames */
    int ended;      /* everything was pulled */
    struct spn_track_info info;
    struct spn_buffer config;
};

static const struct binding {
    enum spn_codec codec;
    const char *name;
    const char *params; /* the option that takes "key=value:key=value" */
} bindings[] = {
    { SPN_H264, "libx264", "x264-params" },
    { SPN_HEVC, "libx265", "x265-params" },
    { SPN_AV1, "libsvtav1", "svtav1-params" },
};

static const struct binding *binding_find(enum spn_codec codec)
{
    for (size_t i = 0; i < sizeof(bindings) / sizeof(*bindings); i++)
        if (bindings[i].codec == codec)
            return &bindings[i];
    return NULL;
}

/*
 * stitchable keeps the PPS free of the quantiser; threads and cpu-independent keep the bytes the
 * same from run to run and from processor to processor. vbv-init is half: see rung_bufsize() in
 * ladder.c.
 */
static void x264_params(const struct rung *rung, struct spn_rate rate, uint32_t gop, char *out,
                        size_t size)
{
    (void)snprintf(out, size,
                   "threads=1:lookahead-threads=1:sliced-threads=0:cpu-independent=1:stitchable=1:"
                   "open-gop=0:keyint=%" PRIu32 ":min-keyint=%" PRIu32 ":scenecut=0:bframes=3:"
                   "b-adapt=1:b-pyramid=normal:ref=%d:rc-lookahead=%d:cabac=1:8x8dct=1:weightp=1:"
                   "level=%d.%d:force-cfr=1:aud=0:nal-hrd=none:crf=%d:vbv-maxrate=%" PRId64
                   ":vbv-bufsize=%" PRId64 ":vbv-init=0.5",
                   gop, gop, LEVEL_H264_REFERENCES, LOOKAHEAD, level_h264(rung, rate) / 10,
                   level_h264(rung, rate) % 10, rung->crf, rung->maxrate / 1000,
                   rung->bufsize / 1000);
}

/* One pool of one thread, but wavefronts: without a pool x265 turns them off, which changes the
 * PPS. */
static void x265_params(const struct rung *rung, uint32_t gop, char *out, size_t size)
{
    (void)snprintf(out, size,
                   "pools=1:frame-threads=1:wpp=1:lookahead-slices=0:open-gop=0:keyint=%" PRIu32
                   ":min-keyint=%" PRIu32 ":scenecut=0:bframes=3:b-adapt=1:b-pyramid=1:ref=3:"
                   "rc-lookahead=%d:info=0:repeat-headers=0:hrd=0:aud=0:opt-qp-pps=0:"
                   "opt-ref-list-length-pps=0:const-vbv=1:crf=%d:vbv-maxrate=%" PRId64
                   ":vbv-bufsize=%" PRId64 ":vbv-init=0.5:log-level=error",
                   gop, gop, LOOKAHEAD, rung->crf, rung->maxrate / 1000, rung->bufsize / 1000);
}

static void svtav1_params(const struct rung *rung, uint32_t gop, char *out, size_t size)
{
    (void)snprintf(out, size,
                   "lp=1:pin=0:scd=0:irefresh-type=2:keyint=%" PRIu32 ":lookahead=%d:"
                   "enable-overlays=0:rc=0:crf=%d:mbr=%" PRId64,
                   gop, LOOKAHEAD, rung->crf, rung->maxrate / 1000);
}

/*
 * A bridge is a few pictures, with cuts among them. Begun with half a second in the buffer, and
 * with half of what it has to be kept, its key picture starves, which is what all others are
 * predicted from: over real films that was up to 1.1 dB on average and 6 in the worst picture. So
 * it has no cap; where it then takes more than there is room for (op_bridge.c), it is made again
 * from a full buffer of that room. Of this nothing is in the parameter sets; but the level of HEVC
 * follows maxrate, which therefore stays.
 */
static void bridge_params(const struct rung *rung, char *out, size_t size)
{
    const int tight = rung->bridge == BRIDGE_TIGHT;
    size_t used = strlen(out);

    if (rung->codec == SPN_AV1 && !tight)
        (void)snprintf(out + used, size - used, ":mbr=0");
    else if (rung->codec == SPN_HEVC && !tight)
        (void)snprintf(out + used, size - used, ":vbv-bufsize=%" PRId64 ":vbv-init=1.0",
                       16 * rung->maxrate / 1000);
    else if (rung->codec == SPN_H264 && !tight)
        (void)snprintf(out + used, size - used, ":vbv-maxrate=0:vbv-bufsize=0");
    else if (rung->codec != SPN_AV1)
        (void)snprintf(out + used, size - used, ":vbv-init=1.0");
}

static void params_write(const struct rung *rung, struct spn_rate rate, uint32_t gop, char *out,
                         size_t size)
{
    switch (rung->codec) {
    case SPN_HEVC:
        x265_params(rung, gop, out, size);
        break;
    case SPN_AV1:
        svtav1_params(rung, gop, out, size);
        break;
    default:
        x264_params(rung, rate, gop, out, size);
        break;
    }
    if (rung->bridge)
        bridge_params(rung, out, size);
}

void video_encoder_options(const struct rung *rung, struct spn_rate rate, uint32_t gop,
                           char out[ENCODER_OPTIONS_MAX])
{
    const struct binding *binding = binding_find(rung->codec);
    char params[ENCODER_OPTIONS_MAX / 2 + 200];

    params_write(rung, rate, gop, params, sizeof(params));
    (void)snprintf(out, ENCODER_OPTIONS_MAX, "%s preset=%s profile=%s %s", binding->name,
                   rung->preset, rung->codec == SPN_H264 ? "high" : "main", params);
}

static int options_set(const struct rung *rung, struct spn_rate rate, uint32_t gop,
                       AVDictionary **options, struct spn_error *err)
{
    const struct binding *binding = binding_find(rung->codec);
    char params[ENCODER_OPTIONS_MAX / 2 + 200];
    int ret;

    params_write(rung, rate, gop, params, sizeof(params));
    ret = av_dict_set(options, "preset", rung->preset, 0);
    if (ret >= 0 && rung->codec != SPN_AV1)
        ret = av_dict_set(options, "profile", rung->codec == SPN_H264 ? "high" : "main", 0);
    if (ret >= 0 && rung->codec != SPN_AV1)
        ret = av_dict_set(options, "forced-idr", "1", 0);
    if (ret >= 0 && rung->codec == SPN_H264)
        ret = av_dict_set(options, "a53cc", "0", 0);
    if (ret >= 0)
        ret = av_dict_set(options, binding->params, params, 0);
    return ret < 0 ? spn_error_set(err, SPN_ENOMEM, "no memory for an encoder's options") : SPN_OK;
}

static int context_open(struct video_encoder *encoder, const struct rung *rung,
                        struct spn_rate rate, uint32_t gop, struct spn_error *err)
{
    const struct binding *binding = binding_find(rung->codec);
    const AVCodec *codec = avcodec_find_encoder_by_name(binding->name);
    AVDictionary *options = NULL;
    AVCodecContext *context;
    char reason[AV_ERROR_MAX_STRING_SIZE];
    int ret;

    if (!codec)
        return spn_error_set(err, SPN_EUNSUPPORTED, "this FFmpeg was built without %s",
                             binding->name);
    if (!(context = encoder->context = avcodec_alloc_context3(codec)))
        return spn_error_set(err, SPN_ENOMEM, "no memory for an encoder");
    context->width = (int)rung->width;
    context->height = (int)rung->height;
    context->pix_fmt = AV_PIX_FMT_YUV420P;
    context->time_base = (AVRational){ (int)rate.den, (int)rate.num };
    context->framerate = (AVRational){ (int)rate.num, (int)rate.den };
    context->sample_aspect_ratio = (AVRational){ 1, 1 };
    context->color_primaries = AVCOL_PRI_BT709;
    context->color_trc = AVCOL_TRC_BT709;
    context->colorspace = AVCOL_SPC_BT709;
    context->color_range = AVCOL_RANGE_MPEG;
    context->gop_size = (int)gop;
    context->thread_count = 1;
    context->flags = (int)(AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP);
    if ((ret = options_set(rung, rate, gop, &options, err)) == SPN_OK) {
        ret = avcodec_open2(context, codec, &options);
        if (ret < 0)
            ret = spn_error_set(err, ret == AVERROR(ENOMEM) ? SPN_ENOMEM : SPN_EIO,
                                "%s does not open at %" PRIu32 "x%" PRIu32 ": %s", binding->name,
                                rung->width, rung->height,
                                av_make_error_string(reason, sizeof(reason), ret));
        else if (av_dict_count(options))
            ret = spn_error_set(err, SPN_EUNSUPPORTED, "%s knows no option \"%s\"", binding->name,
                                av_dict_get(options, "", NULL, AV_DICT_IGNORE_SUFFIX)->key);
    }
    av_dict_free(&options);
    return ret < 0 ? ret : SPN_OK;
}

/*
 * The parameter sets are those that the encoder gives out of band; but what SVT-AV1 1.4 gives there
 * is not the sequence header that it then writes, so AV1's comes from the first access unit.
 */
static int config_fill(struct video_encoder *encoder, const uint8_t *data, size_t size,
                       struct spn_error *err)
{
    struct spn_track_info *info = &encoder->info;
    int ret;

    if ((ret = spn_config_make(info->codec, data, size, &encoder->config, info->codecs, err)) < 0)
        return ret;
    info->config = encoder->config.data;
    info->config_size = encoder->config.size;
    return SPN_OK;
}

static int info_fill(struct video_encoder *encoder, const struct rung *rung, struct spn_rate rate,
                     uint32_t gop, struct spn_error *err)
{
    encoder->info = (struct spn_track_info){
        .media = SPN_VIDEO,
        .codec = rung->codec,
        .timescale = spn_rate_timescale(rate),
        .sample_ticks = rate.den,
        .language = "und",
        .width = rung->width,
        .height = rung->height,
        .rate = rate,
        .gop = gop,
        .colour = { 1, 1, 1, 0 },
    };
    if (rung->codec == SPN_AV1)
        return SPN_OK;
    if (encoder->context->extradata_size <= 0)
        return spn_error_set(err, SPN_EIO, "%s gave no parameter sets",
                             encoder->context->codec->name);
    return config_fill(encoder, encoder->context->extradata,
                       (size_t)encoder->context->extradata_size, err);
}

int video_encoder_create(const struct rung *rung, struct spn_rate rate, uint32_t gop,
                         struct video_encoder **out, struct spn_error *err)
{
    struct video_encoder *encoder = calloc(1, sizeof(*encoder));
    int ret = SPN_OK;

    *out = NULL;
    if (!encoder || !(encoder->frame = av_frame_alloc()) || !(encoder->packet = av_packet_alloc()))
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for an encoder");
    if (ret < 0 || (ret = context_open(encoder, rung, rate, gop, err)) < 0 ||
        (ret = info_fill(encoder, rung, rate, gop, err)) < 0) {
        video_encoder_destroy(encoder);
        return ret;
    }
    *out = encoder;
    return SPN_OK;
}

/*
 * SVT-AV1 waits for ever when it is closed before it was told that the sequence ends; of what
 * libx265 has not given back, libavcodec forgets something.
 */
static void encoder_drain(struct video_encoder *encoder)
{
    if (encoder->ended || !avcodec_is_open(encoder->context))
        return;
    (void)avcodec_send_frame(encoder->context, NULL); /* or it was told already */
    do
        av_packet_unref(encoder->packet);
    while (avcodec_receive_packet(encoder->context, encoder->packet) >= 0);
}

void video_encoder_destroy(struct video_encoder *encoder)
{
    if (!encoder)
        return;
    if (encoder->context && encoder->packet && encoder->context->codec_id != AV_CODEC_ID_H264)
        encoder_drain(encoder);
    avcodec_free_context(&encoder->context);
    av_frame_free(&encoder->frame);
    av_packet_free(&encoder->packet);
    spn_buffer_finish(&encoder->config);
    free(encoder);
}

const struct spn_track_info *video_encoder_info(const struct video_encoder *encoder)
{
    return &encoder->info;
}

static int encoder_failed(const struct video_encoder *encoder, int averror, struct spn_error *err)
{
    char reason[AV_ERROR_MAX_STRING_SIZE];

    return spn_error_set(err, averror == AVERROR(ENOMEM) ? SPN_ENOMEM : SPN_EIO,
                         "%s failed at frame %" PRId64 " of the chunk: %s",
                         encoder->context->codec->name, encoder->pushed,
                         av_make_error_string(reason, sizeof(reason), averror));
}

#define QUANTISERS 51 /* of 8 bits */

static int finer_set(AVFrame *frame, int finer)
{
    AVFrameSideData *side = av_frame_new_side_data(frame, AV_FRAME_DATA_REGIONS_OF_INTEREST,
                                                   sizeof(AVRegionOfInterest));

    if (!side)
        return AVERROR(ENOMEM);
    *(AVRegionOfInterest *)side->data = (AVRegionOfInterest){
        .self_size = sizeof(AVRegionOfInterest),
        .bottom = frame->height,
        .right = frame->width,
        .qoffset = { -finer, QUANTISERS },
    };
    return 0;
}

int video_encoder_push(struct video_encoder *encoder, const AVFrame *frame, enum frame_kind kind,
                       int finer, struct spn_error *err)
{
    static const enum AVPictureType types[] = {
        [FRAME_ANY] = AV_PICTURE_TYPE_NONE,
        [FRAME_KEY] = AV_PICTURE_TYPE_I,
        [FRAME_CLOSE] = AV_PICTURE_TYPE_P,
    };
    AVFrame *own = NULL;
    int ret;

    if (frame) {
        own = encoder->frame;
        if ((ret = av_frame_ref(own, frame)) < 0)
            return encoder_failed(encoder, ret, err);
        while (own->nb_side_data) /* captions, regions of interest: not part of the picture */
            av_frame_remove_side_data(own, own->side_data[0]->type);
        if (finer && encoder->info.codec == SPN_H264 && (ret = finer_set(own, finer)) < 0)
            return encoder_failed(encoder, ret, err);
        own->pts = encoder->pushed;
        own->pict_type = types[kind];
        own->interlaced_frame = 0;
        own->sample_aspect_ratio = (AVRational){ 1, 1 };
        own->color_primaries = AVCOL_PRI_BT709;
        own->color_trc = AVCOL_TRC_BT709;
        own->colorspace = AVCOL_SPC_BT709;
        own->color_range = AVCOL_RANGE_MPEG;
    }
    ret = avcodec_send_frame(encoder->context, own);
    if (own)
        av_frame_unref(own);
    if (ret < 0)
        return encoder_failed(encoder, ret, err);
    encoder->pushed += frame != NULL;
    return SPN_OK;
}

int video_encoder_pull(struct video_encoder *encoder, struct encoded *out, struct spn_error *err)
{
    int ret;

    av_packet_unref(encoder->packet);
    ret = avcodec_receive_packet(encoder->context, encoder->packet);
    encoder->ended = ret == AVERROR_EOF;
    if (ret == AVERROR(EAGAIN) || ret == AVERROR_EOF)
        return 0;
    if (ret < 0)
        return encoder_failed(encoder, ret, err);
    if (!encoder->info.config &&
        (ret = config_fill(encoder, encoder->packet->data, (size_t)encoder->packet->size, err)) < 0)
        return ret;
    out->data = encoder->packet->data;
    out->size = (size_t)encoder->packet->size;
    out->number = encoder->packet->pts;
    out->key = !!(encoder->packet->flags & AV_PKT_FLAG_KEY);
    return 1;
}

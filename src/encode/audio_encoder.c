/* audio_encoder.c - libswresample, then libavcodec's AAC, both bit-exact. */
#include "audio_encoder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <libavcodec/avcodec.h>
#include <libswresample/swresample.h>

#include "plan.h"
#include "resampler.h"
#include "sampan/buffer.h"

struct audio_encoder {
    struct audio_setup setup;
    AVCodecContext *context;
    SwrContext *resampler;
    AVFrame *frame; /* SPN_AAC_FRAME samples being filled */
    AVPacket *packet;
    int filled;       /* samples of frame */
    int64_t sent;     /* frames given to the encoder */
    int64_t received; /* packets that it gave, the priming one included */
    int ended;        /* of the sound: silence follows */
    int drained;      /* of the resampler */
    struct spn_track_info info;
    struct spn_buffer config;
};

static int context_open(struct audio_encoder *encoder, struct spn_error *err)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("aac");
    AVDictionary *options = NULL;
    AVCodecContext *context;
    int ret;

    if (!codec)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "this FFmpeg was built without its AAC encoder");
    if (!(context = encoder->context = avcodec_alloc_context3(codec)))
        return spn_error_set(err, SPN_ENOMEM, "no memory for an encoder");
    context->sample_rate = AUDIO_SAMPLE_RATE;
    context->sample_fmt = AV_SAMPLE_FMT_FLTP;
    context->bit_rate = encoder->setup.bitrate;
    context->profile = FF_PROFILE_AAC_LOW;
    context->time_base = (AVRational){ 1, AUDIO_SAMPLE_RATE };
    context->thread_count = 1;
    context->flags = (int)(AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT);
    av_channel_layout_default(&context->ch_layout, encoder->setup.channels);
    if (av_dict_set(&options, "aac_coder", "twoloop", 0) < 0)
        return spn_error_set(err, SPN_ENOMEM, "no memory for an encoder");
    ret = avcodec_open2(context, codec, &options);
    av_dict_free(&options);
    if (ret < 0)
        return spn_error_set(err, SPN_EIO, "the AAC encoder does not open with %d channels",
                             encoder->setup.channels);
    if (context->frame_size != SPN_AAC_FRAME || context->initial_padding != SPN_AAC_FRAME)
        return spn_error_set(
            err, SPN_EUNSUPPORTED,
            "this AAC encoder begins %d samples early, and only %d, one packet, can "
            "be dropped",
            context->initial_padding, SPN_AAC_FRAME);
    return SPN_OK;
}

static int info_fill(struct audio_encoder *encoder, struct spn_error *err)
{
    struct spn_track_info *info = &encoder->info;
    int ret;

    if ((ret = spn_config_make(SPN_AAC, encoder->context->extradata,
                               (size_t)encoder->context->extradata_size, &encoder->config,
                               info->codecs, err)) < 0)
        return ret;
    info->media = SPN_AUDIO;
    info->codec = SPN_AAC;
    info->timescale = AUDIO_SAMPLE_RATE;
    info->sample_ticks = SPN_AAC_FRAME;
    info->sample_rate = AUDIO_SAMPLE_RATE;
    info->channels = (uint32_t)encoder->setup.channels;
    (void)snprintf(info->language, sizeof(info->language), "%s", encoder->setup.language);
    info->config = encoder->config.data;
    info->config_size = encoder->config.size;
    return SPN_OK;
}

int audio_encoder_create(const struct audio_setup *setup, struct audio_encoder **out,
                         struct spn_error *err)
{
    struct audio_encoder *encoder = calloc(1, sizeof(*encoder));
    int ret = SPN_OK;

    *out = NULL;
    if (!encoder || !(encoder->frame = av_frame_alloc()) || !(encoder->packet = av_packet_alloc()))
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for an encoder");
    if (ret == SPN_OK)
        encoder->setup = *setup;
    if (ret < 0 || (ret = context_open(encoder, err)) < 0 ||
        (ret = resampler_create(setup->sample_rate, setup->format, setup->layout, setup->channels,
                                &encoder->resampler, err)) < 0 ||
        (ret = info_fill(encoder, err)) < 0) {
        audio_encoder_destroy(encoder);
        return ret;
    }
    *out = encoder;
    return SPN_OK;
}

void audio_encoder_destroy(struct audio_encoder *encoder)
{
    if (!encoder)
        return;
    /* The packet after the last that is wanted: taken, or libavcodec warns that it was forgotten.
     */
    if (encoder->context && avcodec_is_open(encoder->context) &&
        avcodec_send_frame(encoder->context, NULL) >= 0)
        while (avcodec_receive_packet(encoder->context, encoder->packet) >= 0)
            av_packet_unref(encoder->packet);
    avcodec_free_context(&encoder->context);
    swr_free(&encoder->resampler);
    av_frame_free(&encoder->frame);
    av_packet_free(&encoder->packet);
    spn_buffer_finish(&encoder->config);
    free(encoder);
}

const struct spn_track_info *audio_encoder_info(const struct audio_encoder *encoder)
{
    return &encoder->info;
}

int audio_encoder_push(struct audio_encoder *encoder, const AVFrame *frame, struct spn_error *err)
{
    int ret;

    if (!frame) {
        encoder->ended = 1;
        return SPN_OK;
    }
    /* Kept by the resampler until frame_fill() takes it. */
    ret = swr_convert(encoder->resampler, NULL, 0, (const uint8_t **)frame->extended_data,
                      frame->nb_samples);
    return ret < 0 ? spn_error_set(err, SPN_ENOMEM, "no memory to resample sound") : SPN_OK;
}

static int frame_new(struct audio_encoder *encoder, struct spn_error *err)
{
    av_frame_unref(encoder->frame); /* the encoder may still hold the last one */
    encoder->frame->format = AV_SAMPLE_FMT_FLTP;
    encoder->frame->sample_rate = AUDIO_SAMPLE_RATE;
    encoder->frame->nb_samples = SPN_AAC_FRAME;
    encoder->filled = 0;
    if (av_channel_layout_copy(&encoder->frame->ch_layout, &encoder->context->ch_layout) < 0 ||
        av_frame_get_buffer(encoder->frame, 0) < 0)
        return spn_error_set(err, SPN_ENOMEM, "no memory for sound");
    return SPN_OK;
}

/* Take samples from the resampler: 1 when the frame is full, 0 when there are no more for now. */
static int frame_fill(struct audio_encoder *encoder, struct spn_error *err)
{
    uint8_t *planes[AV_NUM_DATA_POINTERS] = { 0 };
    int ret;

    if (!encoder->frame->buf[0] && (ret = frame_new(encoder, err)) < 0)
        return ret;
    for (;;) {
        int left = SPN_AAC_FRAME - encoder->filled;
        int available = swr_get_out_samples(encoder->resampler, 0);

        if (left == 0)
            return 1;
        if (available <= 0 && !encoder->ended)
            return 0;
        for (int i = 0; i < encoder->setup.channels; i++)
            planes[i] = encoder->frame->data[i] + (size_t)encoder->filled * sizeof(float);
        if (encoder->ended && !encoder->drained)
            ret = swr_convert(encoder->resampler, planes, left, NULL, 0);
        else if (!encoder->ended)
            ret = swr_convert(encoder->resampler, planes, left,
                              (const uint8_t *[AV_NUM_DATA_POINTERS]){ 0 }, 0);
        else
            ret = 0;
        if (ret < 0)
            return spn_error_set(err, SPN_EIO, "sound cannot be resampled");
        encoder->filled += ret;
        if (ret > 0)
            continue;
        if (!encoder->ended)
            return 0;
        encoder->drained = 1;
        (void)av_samples_set_silence(encoder->frame->data, encoder->filled, left,
                                     encoder->setup.channels, AV_SAMPLE_FMT_FLTP);
        encoder->filled = SPN_AAC_FRAME;
    }
}

/*
 * Packet n needs the samples of n + 1 too, whose window overlaps: one frame more is given than
 * packets are wanted. The encoder gives the priming packet first.
 */
int audio_encoder_pull(struct audio_encoder *encoder, struct audio_packet *out,
                       struct spn_error *err)
{
    int ret;

    for (;;) {
        if (encoder->received == encoder->setup.packets + 1)
            return 0;
        av_packet_unref(encoder->packet);
        ret = avcodec_receive_packet(encoder->context, encoder->packet);
        if (ret >= 0 && encoder->received++ > 0) {
            out->data = encoder->packet->data;
            out->size = (size_t)encoder->packet->size;
            return 1;
        }
        if (ret >= 0)
            continue; /* priming */
        if (ret != AVERROR(EAGAIN))
            return spn_error_set(err, SPN_EIO, "the AAC encoder failed at packet %" PRId64,
                                 encoder->received);
        if ((ret = frame_fill(encoder, err)) <= 0)
            return ret;
        encoder->frame->pts = encoder->sent++ * SPN_AAC_FRAME;
        if (avcodec_send_frame(encoder->context, encoder->frame) < 0)
            return spn_error_set(err, SPN_EIO, "the AAC encoder refused frame %" PRId64,
                                 encoder->sent);
        av_frame_unref(encoder->frame);
    }
}

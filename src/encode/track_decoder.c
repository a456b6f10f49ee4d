/* track_decoder.c - GOPs of ours are closed: decoding begins with the fragment that has the frame.
 */
#include "track_decoder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>

struct track_decoder {
    struct mapped *mapped;
    AVCodecContext *context;
    AVPacket *packet;
    AVFrame *frame;
    size_t fragment, sample; /* the next to be decoded */
    int64_t from, next, to;  /* frames */
    int ended;               /* the codec was told that no more come */
};

static int context_open(struct track_decoder *decoder, struct spn_error *err)
{
    static const enum AVCodecID ids[] = {
        [SPN_H264] = AV_CODEC_ID_H264, [SPN_HEVC] = AV_CODEC_ID_HEVC, [SPN_AV1] = AV_CODEC_ID_AV1
    };
    const struct spn_track_info *info = spn_track_info(decoder->mapped->track);
    const AVCodec *codec = avcodec_find_decoder(ids[info->codec]);
    AVCodecContext *context;

    if (!codec)
        return spn_error_set(err, SPN_EUNSUPPORTED, "this FFmpeg does not decode %s", info->codecs);
    context = decoder->context = avcodec_alloc_context3(codec);
    if (!context ||
        !(context->extradata = av_mallocz(info->config_size + AV_INPUT_BUFFER_PADDING_SIZE)))
        return spn_error_set(err, SPN_ENOMEM, "no memory for a decoder");
    memcpy(context->extradata, info->config, info->config_size);
    context->extradata_size = (int)info->config_size;
    context->width = (int)info->width;
    context->height = (int)info->height;
    context->thread_count = 1;
    context->flags |= AV_CODEC_FLAG_BITEXACT;
    context->err_recognition = AV_EF_EXPLODE;
    if (avcodec_open2(context, codec, NULL) < 0)
        return spn_error_set(err, SPN_EIO, "the decoder of %s does not open", info->codecs);
    return SPN_OK;
}

int track_decoder_create(struct mapped *mapped, int64_t from, int64_t to,
                         struct track_decoder **out, struct spn_error *err)
{
    const struct spn_track_info *info = spn_track_info(mapped->track);
    struct track_decoder *decoder;
    const struct spn_fragment *all, *begin;
    size_t count;
    int ret = SPN_OK;

    *out = NULL;
    all = spn_track_all(mapped->track, &count);
    if (info->media != SPN_VIDEO)
        return spn_error_set(err, SPN_EINVAL, "a track to decode pictures from has none");
    if (from < 0 || from >= to || to > spn_track_duration(mapped->track) / info->sample_ticks)
        return spn_error_set(err, SPN_ERANGE,
                             "frames %" PRId64 " to %" PRId64 " are outside of a track of %" PRId64,
                             from, to, spn_track_duration(mapped->track) / info->sample_ticks);
    decoder = calloc(1, sizeof(*decoder));
    if (!decoder || !(decoder->packet = av_packet_alloc()) || !(decoder->frame = av_frame_alloc()))
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for a decoder");
    if (ret == SPN_OK) {
        decoder->mapped = mapped;
        ret = context_open(decoder, err);
    }
    if (ret < 0) {
        track_decoder_destroy(decoder);
        return ret;
    }
    begin = spn_track_fragments(mapped->track, from * info->sample_ticks,
                                (from + 1) * info->sample_ticks, &count);
    decoder->fragment = (size_t)(begin - all);
    decoder->from = decoder->next = from;
    decoder->to = to;
    *out = decoder;
    return SPN_OK;
}

void track_decoder_destroy(struct track_decoder *decoder)
{
    if (!decoder)
        return;
    avcodec_free_context(&decoder->context);
    av_packet_free(&decoder->packet);
    av_frame_free(&decoder->frame);
    free(decoder);
}

static int damaged(const struct track_decoder *decoder, struct spn_error *err)
{
    return spn_error_set(err, SPN_EFORMAT, "frame %" PRId64 " of a track cannot be decoded",
                         decoder->next);
}

/* The next sample to the codec, or the word that there are no more. */
static int sample_send(struct track_decoder *decoder, struct spn_error *err)
{
    const struct spn_track_info *info = spn_track_info(decoder->mapped->track);
    const struct spn_fragment *fragment;
    struct spn_sample sample;
    size_t count;
    int ret;

    fragment = spn_track_all(decoder->mapped->track, &count);
    if (decoder->fragment == count) {
        decoder->ended = 1;
        return avcodec_send_packet(decoder->context, NULL) < 0 ? damaged(decoder, err) : SPN_OK;
    }
    fragment += decoder->fragment;
    if ((ret = mapped_sample(decoder->mapped, decoder->fragment, decoder->sample, &sample, err)) <
        0)
        return ret;
    if (av_new_packet(decoder->packet, (int)sample.size) < 0)
        return spn_error_set(err, SPN_ENOMEM, "no memory to decode a track");
    memcpy(decoder->packet->data, sample.data, sample.size);
    decoder->packet->dts = fragment->start / info->sample_ticks + (int64_t)decoder->sample;
    decoder->packet->pts = decoder->packet->dts + sample.offset / (int32_t)info->sample_ticks;
    ret = avcodec_send_packet(decoder->context, decoder->packet);
    av_packet_unref(decoder->packet);
    if (++decoder->sample == fragment->samples) {
        decoder->sample = 0;
        decoder->fragment++;
    }
    return ret < 0 ? damaged(decoder, err) : SPN_OK;
}

int track_decoder_pull(struct track_decoder *decoder, const AVFrame **out, struct spn_error *err)
{
    int ret;

    while (decoder->next < decoder->to) {
        av_frame_unref(decoder->frame);
        ret = avcodec_receive_frame(decoder->context, decoder->frame);
        if (ret == AVERROR(EAGAIN) && !decoder->ended) {
            if ((ret = sample_send(decoder, err)) < 0)
                return ret;
            continue;
        }
        if (ret < 0)
            return damaged(decoder, err);
        if (decoder->frame->pts < decoder->from) /* of the GOP, before the range */
            continue;
        if (decoder->frame->pts != decoder->next || decoder->frame->format != AV_PIX_FMT_YUV420P)
            return damaged(decoder, err);
        decoder->next++;
        *out = decoder->frame;
        return 1;
    }
    return 0;
}

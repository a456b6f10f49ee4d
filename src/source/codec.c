#include "codec.h"

#include "probe.h"

int codec_open(const struct source *source, const struct stream *stream, AVCodecContext **out,
               struct spn_error *err)
{
    const AVCodecParameters *par = stream->codecpar;
    const AVCodec *decoder = avcodec_find_decoder(par->codec_id);
    AVCodecContext *codec = NULL;
    char reason[AV_ERROR_MAX_STRING_SIZE];
    int ret;

    *out = NULL;
    if (!decoder)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "stream %d of %s is %s, which cannot be decoded here", stream->index,
                             source_name(source), avcodec_get_name(par->codec_id));
    codec = avcodec_alloc_context3(decoder);
    if (!codec)
        return spn_error_set(err, SPN_ENOMEM, "out of memory while opening a decoder for %s",
                             source_name(source));
    ret = avcodec_parameters_to_context(codec, par);
    if (ret >= 0) {
        codec->pkt_timebase = stream->time_base;
        codec->thread_count = CODEC_THREADS;
        codec->flags |= AV_CODEC_FLAG_BITEXACT | AV_CODEC_FLAG_OUTPUT_CORRUPT;
        codec->max_pixels = (int64_t)PROBE_SIDE_MAX * PROBE_SIDE_MAX;
        /* H.264 without bumping information: wait as long as the level allows. Guessing from what
           was seen so far would drop frames, and other ones after entering elsewhere. */
        if (par->codec_id == AV_CODEC_ID_H264)
            codec->strict_std_compliance = FF_COMPLIANCE_STRICT;
        ret = avcodec_open2(codec, decoder, NULL);
    }
    if (ret < 0) {
        avcodec_free_context(&codec);
        if (ret == AVERROR(ENOMEM))
            return spn_error_set(err, SPN_ENOMEM, "out of memory while opening a decoder for %s",
                                 source_name(source));
        return spn_error_set(err, SPN_EFORMAT, "stream %d of %s cannot be decoded as %s (%s)",
                             stream->index, source_name(source), avcodec_get_name(par->codec_id),
                             source_reason(ret, reason, sizeof reason));
    }
    *out = codec;
    return SPN_OK;
}

int codec_send(AVCodecContext *codec, AVPacket *packet, uint32_t number, uint32_t *bad,
               struct spn_error *err)
{
    int ret;

    if (packet) {
        packet->pts = number;
        packet->dts = AV_NOPTS_VALUE;
        packet->flags &= ~AV_PKT_FLAG_DISCARD;
        codec->reordered_opaque = number;
    }
    ret = avcodec_send_packet(codec, packet);
    if (ret == AVERROR(ENOMEM))
        return spn_error_set(err, SPN_ENOMEM, "out of memory while decoding");
    if (ret < 0 && ret != AVERROR_EOF)
        ++*bad;
    return SPN_OK;
}

int codec_receive(AVCodecContext *codec, AVFrame *frame, uint32_t *number, uint32_t *bad)
{
    int ret = avcodec_receive_frame(codec, frame), errors = 0;

    /* A frame that fails is reported once, and the codec goes on to the next. */
    while (ret < 0 && ret != AVERROR(EAGAIN) && ret != AVERROR_EOF && errors++ < 64) {
        ++*bad;
        ret = avcodec_receive_frame(codec, frame);
    }
    if (ret == AVERROR(EAGAIN) || (ret < 0 && ret != AVERROR_EOF))
        return 0;
    if (ret < 0)
        return -1;
    *number = (uint32_t)(frame->pts != AV_NOPTS_VALUE ? frame->pts : frame->reordered_opaque);
    return 1;
}

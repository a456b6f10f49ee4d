#include "companion.h"

#include <string.h>

static int codec_start(struct companion *companion, const struct stream *stream,
                       struct spn_error *err)
{
    const AVCodec *decoder = avcodec_find_decoder(stream->codecpar->codec_id);
    const char *name = source_name(companion->source);
    char reason[AV_ERROR_MAX_STRING_SIZE];
    int ret;

    if (!decoder || stream->kind != companion->kind)
        return spn_error_set(err, SPN_EUNSUPPORTED, "stream %d of %s %s", stream->index, name,
                             companion->kind == STREAM_AUDIO
                                 ? "is no sound that can be decoded"
                                 : "has no subtitles that can be read as text");
    if (!companion->entry)
        return spn_error_set(err, SPN_EFORMAT, "nothing of stream %d of %s is in the file",
                             stream->index, name);
    companion->codec = avcodec_alloc_context3(decoder);
    if (!companion->codec || avcodec_parameters_to_context(companion->codec, stream->codecpar) < 0)
        return companion_no_memory(companion, err);
    companion->codec->pkt_timebase = stream->time_base;
    companion->codec->thread_count = 1;
    companion->codec->flags |= AV_CODEC_FLAG_BITEXACT;
    ret = avcodec_open2(companion->codec, decoder, NULL);
    if (ret < 0)
        return spn_error_set(err, SPN_EFORMAT, "stream %d of %s cannot be decoded as %s (%s)",
                             stream->index, name, decoder->name,
                             source_reason(ret, reason, sizeof reason));
    return SPN_OK;
}

int companion_open(const struct source *source, const struct index *index,
                   const struct conform *conform, int stream, enum stream_kind kind,
                   struct companion *out, struct spn_error *err)
{
    struct stream facts;
    int ret;

    memset(out, 0, sizeof *out);
    out->kind = kind;
    out->source = source;
    out->index = index;
    out->conform = conform;
    if ((ret = conform_check(conform, index, err)) < 0 ||
        (ret = stream_read(source, stream, &facts, err)) < 0)
        return ret;
    out->entry = index_stream_of(index, stream);
    out->packet = av_packet_alloc();
    if (!out->packet)
        return companion_no_memory(out, err);
    if ((ret = codec_start(out, &facts, err)) < 0 ||
        (ret = reader_open(source, stream, &out->reader, err)) < 0)
        return ret;
    return reader_enter(out->reader, index, 0, 0, err);
}

int companion_restart(struct companion *companion, struct spn_error *err)
{
    struct stream facts;
    int ret;

    avcodec_free_context(&companion->codec);
    if ((ret = stream_read(companion->source, companion->entry->stream, &facts, err)) < 0 ||
        (ret = codec_start(companion, &facts, err)) < 0)
        return ret;
    return reader_enter(companion->reader, companion->index, 0, 0, err);
}

void companion_close(struct companion *companion)
{
    reader_close(companion->reader);
    avcodec_free_context(&companion->codec);
    av_packet_free(&companion->packet);
}

int companion_no_memory(const struct companion *companion, struct spn_error *err)
{
    return spn_error_set(err, SPN_ENOMEM, "out of memory while decoding %s",
                         source_name(companion->source));
}

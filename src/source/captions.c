#include "captions.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>

#include "reader.h"
#include "sync.h"

struct captions {
    const struct source *source;
    const struct index *index;
    const struct conform *conform;
    const struct index_stream *entry;
    struct reader *reader;
    AVCodecContext *codec;
    AVPacket *packet;
    AVSubtitle subtitle; /* its rects from rect on are still to be given */
    unsigned rect;
    int have;
    int64_t start_ms, end_ms; /* of subtitle */
    int64_t length_ms;        /* of the picture */
};

static int no_memory(const struct captions *captions, struct spn_error *err)
{
    return spn_error_set(err, SPN_ENOMEM, "out of memory while reading the subtitles of %s",
                         source_name(captions->source));
}

static int codec_start(struct captions *captions, const struct stream *stream,
                       struct spn_error *err)
{
    const AVCodec *decoder = avcodec_find_decoder(stream->codecpar->codec_id);
    char reason[AV_ERROR_MAX_STRING_SIZE];
    int ret;

    if (!decoder || stream->kind != STREAM_TEXT || !captions->entry)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "stream %d of %s has no subtitles that can be read as text",
                             stream->index, source_name(captions->source));
    captions->codec = avcodec_alloc_context3(decoder);
    if (!captions->codec || avcodec_parameters_to_context(captions->codec, stream->codecpar) < 0)
        return no_memory(captions, err);
    captions->codec->pkt_timebase = stream->time_base;
    ret = avcodec_open2(captions->codec, decoder, NULL);
    if (ret < 0)
        return spn_error_set(err, SPN_EFORMAT, "stream %d of %s cannot be read as %s (%s)",
                             stream->index, source_name(captions->source), decoder->name,
                             source_reason(ret, reason, sizeof reason));
    return SPN_OK;
}

int captions_create(const struct source *source, const struct index *index,
                    const struct conform *conform, int stream, struct captions **out,
                    struct spn_error *err)
{
    struct captions *captions;
    struct stream facts;
    int ret;

    *out = NULL;
    if ((ret = conform_check(conform, index, err)) < 0 ||
        (ret = stream_read(source, stream, &facts, err)) < 0)
        return ret;
    captions = calloc(1, sizeof *captions);
    if (!captions)
        return spn_error_set(err, SPN_ENOMEM, "out of memory while reading the subtitles of %s",
                             source_name(source));
    captions->source = source;
    captions->index = index;
    captions->conform = conform;
    captions->entry = index_stream_of(index, stream);
    captions->length_ms = conform->frames * conform->rate.den * 1000 / conform->rate.num;
    captions->packet = av_packet_alloc();
    ret = captions->packet ? codec_start(captions, &facts, err) : no_memory(captions, err);
    if (ret < 0 || (ret = reader_open(source, stream, &captions->reader, err)) < 0 ||
        (ret = reader_enter(captions->reader, index, 0, 0, err)) < 0) {
        captions_destroy(captions);
        return ret;
    }
    *out = captions;
    return SPN_OK;
}

void captions_destroy(struct captions *captions)
{
    if (!captions)
        return;
    if (captions->have)
        avsubtitle_free(&captions->subtitle);
    reader_close(captions->reader);
    avcodec_free_context(&captions->codec);
    av_packet_free(&captions->packet);
    free(captions);
}

const char *captions_header(const struct captions *captions)
{
    return captions->codec->subtitle_header ? (const char *)captions->codec->subtitle_header : "";
}

static int64_t ms_at(const struct captions *captions, int64_t ticks)
{
    return sync_place(captions->conform, captions->entry, ticks, 1000);
}

/* Set the times of the subtitle that was decoded from this packet. */
static void set_times(struct captions *captions, const struct index_packet *entry)
{
    const AVSubtitle *subtitle = &captions->subtitle;
    int64_t at = ms_at(captions, entry->pts);

    captions->start_ms = at + subtitle->start_display_time;
    if (subtitle->end_display_time && subtitle->end_display_time != UINT32_MAX)
        captions->end_ms = at + subtitle->end_display_time;
    else if (entry->duration)
        captions->end_ms = ms_at(captions, entry->pts + entry->duration);
    else
        captions->end_ms = captions->start_ms + CAPTION_DEFAULT_MS;
    if (captions->start_ms < 0)
        captions->start_ms = 0;
    if (captions->end_ms > captions->length_ms)
        captions->end_ms = captions->length_ms;
}

/* Decode the next packet: 1, 0 at the end. */
static int decode(struct captions *captions, struct spn_error *err)
{
    struct index_packet entry;
    uint32_t number;
    int got = 0, ret;

    ret = reader_read(captions->reader, captions->packet, &number, err);
    if (ret <= 0)
        return ret;
    index_packet_at(captions->index, captions->entry, number, &entry);
    captions->packet->pts = entry.pts == INDEX_NOTIME ? AV_NOPTS_VALUE : entry.pts;
    ret = avcodec_decode_subtitle2(captions->codec, &captions->subtitle, &got, captions->packet);
    av_packet_unref(captions->packet);
    if (ret == AVERROR(ENOMEM))
        return no_memory(captions, err);
    if (ret < 0 || !got)
        return 1;
    captions->have = 1;
    captions->rect = 0;
    set_times(captions, &entry);
    if (entry.pts == INDEX_NOTIME)
        captions->end_ms = captions->start_ms; /* shown never */
    return 1;
}

int captions_pull(struct captions *captions, struct caption *out, struct spn_error *err)
{
    const AVSubtitleRect *rect;
    int ret;

    for (;;) {
        while (captions->have && captions->rect < captions->subtitle.num_rects) {
            rect = captions->subtitle.rects[captions->rect++];
            if (!rect->ass || captions->start_ms >= captions->end_ms ||
                strlen(rect->ass) > CAPTION_TEXT_MAX)
                continue;
            out->start_ms = captions->start_ms;
            out->end_ms = captions->end_ms;
            out->ass = rect->ass;
            return 1;
        }
        if (captions->have)
            avsubtitle_free(&captions->subtitle);
        captions->have = 0;
        ret = decode(captions, err);
        if (ret <= 0)
            return ret;
    }
}

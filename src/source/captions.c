#include "captions.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>

#include "companion.h"
#include "sync.h"

struct captions {
    struct companion of;
    AVSubtitle subtitle; /* its rects from rect on are still to be given */
    unsigned rect;
    int have;
    int64_t start_ms, end_ms; /* of subtitle */
    int64_t length_ms;        /* of the picture */
};

int captions_create(const struct source *source, const struct index *index,
                    const struct conform *conform, int stream, struct captions **out,
                    struct spn_error *err)
{
    struct captions *captions = calloc(1, sizeof *captions);
    int ret;

    *out = NULL;
    if (!captions)
        return spn_error_set(err, SPN_ENOMEM, "out of memory while reading the subtitles of %s",
                             source_name(source));
    if ((ret = companion_open(source, index, conform, stream, STREAM_TEXT, &captions->of, err)) <
        0) {
        captions_destroy(captions);
        return ret;
    }
    captions->length_ms = conform->frames * conform->rate.den * 1000 / conform->rate.num;
    *out = captions;
    return SPN_OK;
}

void captions_destroy(struct captions *captions)
{
    if (!captions)
        return;
    if (captions->have)
        avsubtitle_free(&captions->subtitle);
    companion_close(&captions->of);
    free(captions);
}

const char *captions_header(const struct captions *captions)
{
    return captions->of.codec->subtitle_header ? (const char *)captions->of.codec->subtitle_header
                                               : "";
}

static int64_t ms_at(const struct captions *captions, int64_t ticks)
{
    return sync_place(captions->of.conform, captions->of.entry, ticks, 1000);
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

    ret = reader_read(captions->of.reader, captions->of.packet, &number, err);
    if (ret <= 0)
        return ret;
    index_packet_at(captions->of.index, captions->of.entry, number, &entry);
    captions->of.packet->pts = entry.pts == INDEX_NOTIME ? AV_NOPTS_VALUE : entry.pts;
    ret = avcodec_decode_subtitle2(captions->of.codec, &captions->subtitle, &got,
                                   captions->of.packet);
    av_packet_unref(captions->of.packet);
    if (ret == AVERROR(ENOMEM))
        return companion_no_memory(&captions->of, err);
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

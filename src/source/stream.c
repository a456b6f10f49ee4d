#include "stream.h"

#include <math.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/display.h>
#include <libavutil/dovi_meta.h>
#include <libavutil/pixdesc.h>

#include "container.h"
#include "source_internal.h"

#define COVERS (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)

static const char *tag_of(const AVStream *stream, const char *key)
{
    const AVDictionaryEntry *entry = av_dict_get(stream->metadata, key, NULL, 0);

    return entry ? entry->value : "";
}

static int is_bitmap(const AVCodecDescriptor *descriptor)
{
    return descriptor && (descriptor->props & AV_CODEC_PROP_BITMAP_SUB);
}

static enum stream_kind kind_of(const AVStream *stream)
{
    const AVCodecDescriptor *descriptor = avcodec_descriptor_get(stream->codecpar->codec_id);

    switch (stream->codecpar->codec_type) {
    case AVMEDIA_TYPE_VIDEO:
        return stream->disposition & COVERS ? STREAM_OTHER : STREAM_VIDEO;
    case AVMEDIA_TYPE_AUDIO:
        return STREAM_AUDIO;
    case AVMEDIA_TYPE_SUBTITLE:
        if (is_bitmap(descriptor))
            return STREAM_BITMAP;
        return descriptor && (descriptor->props & AV_CODEC_PROP_TEXT_SUB) ? STREAM_TEXT
                                                                          : STREAM_OTHER;
    default:
        return STREAM_OTHER;
    }
}

static const void *side_data(const AVStream *stream, enum AVPacketSideDataType type, size_t least)
{
    size_t size = 0;
    const uint8_t *data = av_stream_get_side_data(stream, type, &size);

    return data && size >= least ? data : NULL;
}

/* MP4 says so in the sample entry, Matroska by a key's name. */
static int is_encrypted(const AVStream *stream)
{
    uint32_t tag = stream->codecpar->codec_tag;

    return tag == MKTAG('e', 'n', 'c', 'v') || tag == MKTAG('e', 'n', 'c', 'a') ||
           side_data(stream, AV_PKT_DATA_ENCRYPTION_INIT_INFO, 1) ||
           side_data(stream, AV_PKT_DATA_ENCRYPTION_INFO, 1) ||
           *tag_of(stream, "enc_key_id") != '\0';
}

static void orientation(const AVStream *stream, struct stream *out)
{
    const int32_t *given = side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof *given);
    int32_t matrix[9];
    double angle;

    if (!given)
        return;
    memcpy(matrix, given, sizeof matrix);
    if ((int64_t)matrix[0] * matrix[4] - (int64_t)matrix[1] * matrix[3] < 0) {
        out->mirrored = 1;
        av_display_matrix_flip(matrix, 1, 0);
    }
    angle = av_display_rotation_get(matrix);
    if (isnan(angle))
        return;
    /* libavutil counts counterclockwise from -180 to 180; only quarter turns are kept. */
    out->rotation = (int)(-angle / 90.0 + 8.5) % 4 * 90;
}

static struct spn_rate rate_of(AVRational rate)
{
    struct spn_rate none = { 0, 0 };

    return rate.num > 0 && rate.den > 0 ? spn_rate_reduce((uint64_t)rate.num, (uint64_t)rate.den)
                                        : none;
}

static void picture_facts(const struct source *source, const AVStream *stream, struct stream *out)
{
    const AVCodecParameters *par = stream->codecpar;
    const AVDOVIDecoderConfigurationRecord *dovi =
        side_data(stream, AV_PKT_DATA_DOVI_CONF, sizeof *dovi);
    AVRational sar = stream->sample_aspect_ratio;

    out->width = par->width;
    out->height = par->height;
    if (sar.num <= 0 || sar.den <= 0)
        sar = par->sample_aspect_ratio;
    if (sar.num <= 0 || sar.den <= 0)
        sar = (AVRational){ 1, 1 };
    av_reduce(&out->sar.num, &out->sar.den, sar.num, sar.den, 1 << 16);
    orientation(stream, out);
    out->declared = rate_of(stream->avg_frame_rate);
    if (!out->declared.num || container_untimed(source->demuxer))
        out->declared = rate_of(stream->r_frame_rate);
    out->hdr = par->color_trc == AVCOL_TRC_SMPTE2084 || par->color_trc == AVCOL_TRC_ARIB_STD_B67;
    if (dovi) {
        out->dovi_profile = dovi->dv_profile;
        out->dovi_compatible = dovi->dv_bl_signal_compatibility_id != 0 || dovi->dv_profile == 7;
    }
}

int stream_read(const struct source *source, int index, struct stream *out, struct spn_error *err)
{
    const AVStream *stream;

    memset(out, 0, sizeof *out);
    if (index < 0 || index >= (int)source->format->nb_streams)
        return spn_error_set(err, SPN_ERANGE, "%s has no stream %d", source->name, index);
    stream = source->format->streams[index];
    out->index = index;
    out->kind = kind_of(stream);
    out->codecpar = stream->codecpar;
    out->time_base = stream->time_base;
    out->decodable = avcodec_find_decoder(stream->codecpar->codec_id) != NULL;
    out->encrypted = is_encrypted(stream);
    out->attached = (stream->disposition & COVERS) != 0;
    out->dovi_profile = -1;
    out->sar = (AVRational){ 1, 1 };
    if (stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO)
        picture_facts(source, stream, out);
    out->sample_rate = stream->codecpar->sample_rate;
    out->channels = stream->codecpar->ch_layout.nb_channels;
    out->is_default = (stream->disposition & AV_DISPOSITION_DEFAULT) != 0;
    out->forced = (stream->disposition & AV_DISPOSITION_FORCED) != 0;
    out->hearing_impaired = (stream->disposition & AV_DISPOSITION_HEARING_IMPAIRED) != 0;
    out->visual_impaired = (stream->disposition & AV_DISPOSITION_VISUAL_IMPAIRED) != 0;
    out->commentary = (stream->disposition & AV_DISPOSITION_COMMENT) != 0;
    stream_language(tag_of(stream, "language"), out->language);
    out->title = tag_of(stream, "title");
    return SPN_OK;
}

const char *stream_kind_name(enum stream_kind kind)
{
    static const char *const names[] = { "other", "video", "audio", "text", "bitmap" };

    return names[kind];
}

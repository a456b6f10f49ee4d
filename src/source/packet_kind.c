#include "packet_kind.h"

#include <stdlib.h>

#include "packet_index.h"

struct packet_kind {
    enum AVCodecID codec;
    int nal_length;               /* bytes of a NAL unit's length; 0: start codes */
    AVCodecParserContext *parser; /* H.264: frame or field */
    AVCodecContext *context;      /* that the parser wants */
};

int packet_kind_is_frame(enum AVCodecID codec)
{
    const AVCodecDescriptor *descriptor = avcodec_descriptor_get(codec);

    switch (codec) {
    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_HEVC:
    case AV_CODEC_ID_AV1:
    case AV_CODEC_ID_VP8:
    case AV_CODEC_ID_VP9:
    case AV_CODEC_ID_MPEG1VIDEO:
    case AV_CODEC_ID_MPEG2VIDEO:
    case AV_CODEC_ID_MPEG4:
    case AV_CODEC_ID_FFV1:
        return 1;
    default:
        return descriptor && (descriptor->props & AV_CODEC_PROP_INTRA_ONLY);
    }
}

static int length_size(const AVCodecParameters *par)
{
    if (par->codec_id == AV_CODEC_ID_H264 && par->extradata_size >= 7 && par->extradata[0] == 1)
        return (par->extradata[4] & 3) + 1;
    if (par->codec_id == AV_CODEC_ID_HEVC && par->extradata_size >= 23 &&
        (par->extradata[0] || par->extradata[1] || par->extradata[2] > 1))
        return (par->extradata[21] & 3) + 1;
    return 0;
}

int packet_kind_create(const AVCodecParameters *codecpar, struct packet_kind **out,
                       struct spn_error *err)
{
    struct packet_kind *kind = calloc(1, sizeof *kind);

    *out = NULL;
    if (!kind)
        goto no_memory;
    kind->codec = codecpar->codec_id;
    kind->nal_length = length_size(codecpar);
    if (kind->codec == AV_CODEC_ID_H264) {
        kind->context = avcodec_alloc_context3(NULL);
        kind->parser = av_parser_init(AV_CODEC_ID_H264);
        if (!kind->context || !kind->parser ||
            avcodec_parameters_to_context(kind->context, codecpar) < 0)
            goto no_memory;
        kind->parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
    }
    *out = kind;
    return SPN_OK;

no_memory:
    packet_kind_destroy(kind);
    return spn_error_set(err, SPN_ENOMEM, "out of memory while indexing");
}

void packet_kind_destroy(struct packet_kind *kind)
{
    if (!kind)
        return;
    av_parser_close(kind->parser);
    avcodec_free_context(&kind->context);
    free(kind);
}

/* The next NAL unit of [*at, end): its bytes, or NULL; *at moves behind it (or into it,
 * harmlessly). */
static const uint8_t *next_nal(const struct packet_kind *kind, const uint8_t **at,
                               const uint8_t *end)
{
    const uint8_t *p = *at, *nal;
    uint32_t length = 0;
    int i;

    if (kind->nal_length) {
        if (end - p <= kind->nal_length)
            return NULL;
        for (i = 0; i < kind->nal_length; i++)
            length = length << 8 | *p++;
        nal = p;
        *at = length > (uint64_t)(end - p) ? end : p + length;
        return nal < end ? nal : NULL;
    }
    for (; end - p > 3; p++) {
        if (p[0] == 0 && p[1] == 0 && p[2] == 1) {
            *at = p + 3;
            return p + 3;
        }
    }
    return NULL;
}

/* Is the first coded picture in the packet one that lets nothing older be referred to? */
static int is_reset_nal(const struct packet_kind *kind, const uint8_t *data, size_t size)
{
    const uint8_t *at = data, *end = data + size, *nal;
    int type;

    while ((nal = next_nal(kind, &at, end)) != NULL) {
        if (kind->codec == AV_CODEC_ID_H264) {
            type = nal[0] & 31;
            if (type >= 1 && type <= 5)
                return type == 5; /* IDR */
        } else {
            type = nal[0] >> 1 & 63;
            if (type < 32)
                return type >= 16 && type <= 20; /* BLA and IDR; a CRA has leading pictures */
        }
    }
    return 0;
}

static int is_reset(const struct packet_kind *kind, const AVPacket *packet)
{
    switch (kind->codec) {
    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_HEVC:
        return is_reset_nal(kind, packet->data, (size_t)packet->size);
    case AV_CODEC_ID_VP8:
    case AV_CODEC_ID_VP9:
    case AV_CODEC_ID_AV1:
        return 1;
    default:
        return 0;
    }
}

uint32_t packet_kind_flags(struct packet_kind *kind, const AVPacket *packet)
{
    const AVCodecDescriptor *descriptor = avcodec_descriptor_get(kind->codec);
    int intra_only = descriptor && (descriptor->props & AV_CODEC_PROP_INTRA_ONLY);
    uint32_t flags = 0;
    uint8_t *parsed;
    int parsed_size;

    if ((packet->flags & AV_PKT_FLAG_KEY) || intra_only)
        flags |= INDEX_KEY;
    if (intra_only || ((flags & INDEX_KEY) && is_reset(kind, packet)))
        flags |= INDEX_RESET;
    if (packet->flags & AV_PKT_FLAG_DISCARD)
        flags |= INDEX_DISCARD;
    if (packet->flags & AV_PKT_FLAG_CORRUPT)
        flags |= INDEX_CORRUPT;
    if (kind->codec == AV_CODEC_ID_VP8 && !(packet->data[0] & 0x10))
        flags |= INDEX_HIDDEN;
    if (kind->parser) {
        av_parser_parse2(kind->parser, kind->context, &parsed, &parsed_size, packet->data,
                         packet->size, AV_NOPTS_VALUE, AV_NOPTS_VALUE, packet->pos);
        if (kind->parser->picture_structure == AV_PICTURE_STRUCTURE_TOP_FIELD ||
            kind->parser->picture_structure == AV_PICTURE_STRUCTURE_BOTTOM_FIELD)
            flags |= INDEX_FIELD;
        /* a recovery point that is no I picture mends the picture little by little, never exactly
         */
        if (!(flags & INDEX_RESET) && kind->parser->pict_type != AV_PICTURE_TYPE_I)
            flags &= ~(uint32_t)INDEX_KEY;
    }
    return flags;
}

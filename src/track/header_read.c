/* header_read.c - ftyp and moov, read into what a decoder is configured by. */
#include "header.h"

#include <string.h>

#include "box_read.h"
#include "config.h"
#include "language.h"

#define VISUAL_SIZE 78 /* bytes of a VisualSampleEntry before its boxes */
#define SOUND_SIZE  28 /* and of an AudioSampleEntry */

struct header {
    struct spn_track_info *info;
    struct spn_judge *judge;
    const char *name;
    struct spn_error *err;
    unsigned traks, trexes, entries;
    uint32_t track_id, trex_id, trex_ticks;
    int mdhd, pasp; /* seen */
};

static int broken_box(const struct header *header, enum spn_rule rule, const struct spn_box *box,
                      const char *what)
{
    return spn_rule_broken(header->judge, rule, "box %s at byte %llu %s",
                           spn_box_name_of(box->type).text, (unsigned long long)box->at, what);
}

static int ftyp_read(struct header *header, struct spn_box *box)
{
    static const uint32_t wanted[] = { SPN_BOX('i', 's', 'o', '6'), SPN_BOX('c', 'm', 'f', 'c'),
                                       SPN_BOX('c', 'm', 'f', '2') };
    unsigned found = 0;

    (void)spn_reader_take(&box->body, 8);
    while (spn_reader_left(&box->body) >= 4) {
        uint32_t brand = spn_reader_be32(&box->body);

        for (unsigned i = 0; i < 3; i++)
            if (brand == wanted[i])
                found |= 1u << i;
    }
    for (unsigned i = 0; i < 3; i++)
        if (!(found & 1u << i))
            return spn_rule_broken(header->judge, SPN_RULE_BRAND, "ftyp does not name the brand %s",
                                   spn_box_name_of(wanted[i]).text);
    return SPN_OK;
}

/* The length of a descriptor, ISO/IEC 14496-1 8.3.3. */
static uint32_t descriptor_length(struct spn_reader *reader)
{
    uint32_t length = 0;
    uint8_t byte;

    for (int i = 0; i < 4; i++) {
        byte = spn_reader_u8(reader);
        length = length << 7 | (byte & 0x7F);
        if (!(byte & 0x80))
            break;
    }
    return length;
}

static int esds_read(struct header *header, struct spn_box *box)
{
    struct spn_reader *reader = &box->body;
    uint32_t length, size, most, average;
    uint8_t flags;

    (void)spn_box_full(box);
    if (spn_reader_u8(reader) != 3)
        return spn_box_bad(box, header->name, "holds no ES_Descriptor", header->err);
    (void)descriptor_length(reader);
    (void)spn_reader_be16(reader);
    flags = spn_reader_u8(reader);
    if (flags & 0x80)
        (void)spn_reader_be16(reader);
    if (flags & 0x40)
        (void)spn_reader_take(reader, spn_reader_u8(reader));
    if (flags & 0x20)
        (void)spn_reader_be16(reader);
    if (spn_reader_u8(reader) != 4)
        return spn_box_bad(box, header->name, "holds no DecoderConfigDescriptor", header->err);
    (void)descriptor_length(reader);
    if (spn_reader_u8(reader) != 0x40)
        return spn_box_bad(box, header->name, "is not of MPEG-4 audio", header->err);
    (void)spn_reader_u8(reader);
    size = spn_reader_be24(reader);
    most = spn_reader_be32(reader);
    average = spn_reader_be32(reader);
    if (spn_reader_u8(reader) != 5)
        return spn_box_bad(box, header->name, "holds no AudioSpecificConfig", header->err);
    length = descriptor_length(reader);
    header->info->config = spn_reader_take(reader, length);
    header->info->config_size = length;
    if (!header->info->config)
        return spn_box_bad(box, header->name, "is cut short", header->err);
    if (size || most || average)
        return broken_box(header, SPN_RULE_ESDS, box,
                          "has a buffer size or a bit rate that is not 0");
    return SPN_OK;
}

static int pasp_read(struct header *header, struct spn_box *box)
{
    uint32_t across = spn_reader_be32(&box->body), down = spn_reader_be32(&box->body);

    header->pasp = 1;
    return across == 0 || across != down
               ? broken_box(header, SPN_RULE_PIXEL, box, "is not of square pixels")
               : SPN_OK;
}

static void colr_read(struct header *header, struct spn_box *box)
{
    struct spn_colour *colour = &header->info->colour;

    if (spn_reader_be32(&box->body) != SPN_BOX('n', 'c', 'l', 'x'))
        return;
    colour->primaries = spn_reader_be16(&box->body);
    colour->transfer = spn_reader_be16(&box->body);
    colour->matrix = spn_reader_be16(&box->body);
    colour->full_range = spn_reader_u8(&box->body) >> 7;
}

/* A box inside of a sample entry. */
static int entry_box_read(struct header *header, struct spn_box *box)
{
    struct spn_track_info *info = header->info;

    switch (box->type) {
    case SPN_BOX('a', 'v', 'c', 'C'):
    case SPN_BOX('h', 'v', 'c', 'C'):
    case SPN_BOX('a', 'v', '1', 'C'):
        info->config = box->body.at;
        info->config_size = spn_reader_left(&box->body);
        return SPN_OK;
    case SPN_BOX('e', 's', 'd', 's'):
        return esds_read(header, box);
    case SPN_BOX('c', 'o', 'l', 'r'):
        colr_read(header, box);
        return SPN_OK;
    case SPN_BOX('p', 'a', 's', 'p'):
        return pasp_read(header, box);
    case SPN_BOX('m', 'd', 'c', 'v'):
        info->mdcv = spn_reader_take(&box->body, SPN_MDCV_SIZE);
        return info->mdcv ? SPN_OK : spn_box_bad(box, header->name, "is cut short", header->err);
    case SPN_BOX('c', 'l', 'l', 'i'):
        info->clli = spn_reader_take(&box->body, SPN_CLLI_SIZE);
        return info->clli ? SPN_OK : spn_box_bad(box, header->name, "is cut short", header->err);
    case SPN_BOX('b', 't', 'r', 't'):
        return broken_box(header, SPN_RULE_BTRT, box, "is there");
    default:
        return SPN_OK;
    }
}

static int entry_read(struct header *header, struct spn_box *entry)
{
    struct spn_track_info *info = header->info;
    struct spn_boxes boxes;
    struct spn_box box;
    const uint8_t *fixed;
    int ret;

    switch (entry->type) {
    case SPN_BOX('a', 'v', 'c', '1'):
        info->codec = SPN_H264;
        break;
    case SPN_BOX('h', 'v', 'c', '1'):
        info->codec = SPN_HEVC;
        break;
    case SPN_BOX('a', 'v', '0', '1'):
        info->codec = SPN_AV1;
        break;
    case SPN_BOX('m', 'p', '4', 'a'):
        info->codec = SPN_AAC;
        break;
    default:
        return spn_box_bad(entry, header->name,
                           "is a sample entry that is none of avc1, hvc1, av01 and mp4a",
                           header->err);
    }
    info->media = info->codec == SPN_AAC ? SPN_AUDIO : SPN_VIDEO;
    fixed = spn_reader_take(&entry->body, info->media == SPN_VIDEO ? VISUAL_SIZE : SOUND_SIZE);
    if (!fixed)
        return spn_box_bad(entry, header->name, "is cut short", header->err);
    if (info->media == SPN_VIDEO) {
        info->width = spn_be16(fixed + 24);
        info->height = spn_be16(fixed + 26);
    } else {
        info->channels = spn_be16(fixed + 16);
        info->sample_rate = spn_be32(fixed + 24) >> 16;
    }
    boxes = spn_boxes_in(entry, header->name);
    while ((ret = spn_boxes_next(&boxes, &box, header->err)) > 0)
        if ((ret = entry_box_read(header, &box)) < 0)
            return ret;
    if (ret < 0)
        return ret;
    if (!info->config)
        return spn_box_bad(entry, header->name, "holds no decoder configuration", header->err);
    return SPN_OK;
}

static int stsd_read(struct header *header, struct spn_box *stsd)
{
    struct spn_boxes boxes;
    struct spn_box box;
    int ret;

    (void)spn_reader_take(&stsd->body, 8);
    boxes = spn_boxes_in(stsd, header->name);
    while ((ret = spn_boxes_next(&boxes, &box, header->err)) > 0)
        if (header->entries++ == 0 && (ret = entry_read(header, &box)) < 0)
            return ret;
    return ret;
}

static void mdhd_read(struct header *header, struct spn_box *box)
{
    struct spn_track_info *info = header->info;
    uint32_t version = spn_box_full(box) >> 24;
    uint16_t three;

    (void)spn_reader_take(&box->body, version ? 16 : 8);
    info->timescale = spn_reader_be32(&box->body);
    (void)spn_reader_take(&box->body, version ? 8 : 4);
    three = spn_reader_be16(&box->body);
    header->mdhd = !box->body.failed;
    if (info->language[0] == '\0') /* elng, which says more, may come before or after */
        for (int i = 0; i < 3; i++)
            info->language[i] = (char)((three >> (10 - 5 * i) & 31) + 0x60);
}

static void elng_read(struct header *header, struct spn_box *box)
{
    size_t size = spn_reader_left(&box->body);
    const char *tag;

    if (size <= 4 || size - 4 > sizeof(header->info->language))
        return;
    (void)spn_box_full(box);
    tag = (const char *)box->body.at;
    if (!spn_language_check(tag, size - 4))
        return;
    memset(header->info->language, 0, sizeof(header->info->language));
    memcpy(header->info->language, tag, strlen(tag));
}

/* The boxes below trak, each where it may be: what is found is kept in header. */
static int box_read(struct header *header, struct spn_box *box, int depth);

static int container_read(struct header *header, struct spn_box *container, int depth)
{
    struct spn_boxes boxes = spn_boxes_in(container, header->name);
    struct spn_box box;
    int ret;

    while ((ret = spn_boxes_next(&boxes, &box, header->err)) > 0)
        if ((ret = box_read(header, &box, depth)) < 0)
            return ret;
    return ret;
}

static int box_read(struct header *header, struct spn_box *box, int depth)
{
    uint32_t version;

    switch (box->type) {
    case SPN_BOX('t', 'r', 'a', 'k'):
        return depth == 1 && header->traks++ == 0 ? container_read(header, box, 2) : SPN_OK;
    case SPN_BOX('m', 'v', 'e', 'x'):
        return depth == 1 ? container_read(header, box, 2) : SPN_OK;
    case SPN_BOX('m', 'd', 'i', 'a'):
        return depth == 2 ? container_read(header, box, 3) : SPN_OK;
    case SPN_BOX('m', 'i', 'n', 'f'):
        return depth == 3 ? container_read(header, box, 4) : SPN_OK;
    case SPN_BOX('s', 't', 'b', 'l'):
        return depth == 4 ? container_read(header, box, 5) : SPN_OK;
    case SPN_BOX('t', 'r', 'e', 'x'):
        if (header->trexes++)
            return SPN_OK;
        (void)spn_box_full(box);
        header->trex_id = spn_reader_be32(&box->body);
        (void)spn_reader_be32(&box->body);
        header->trex_ticks = spn_reader_be32(&box->body);
        return SPN_OK;
    case SPN_BOX('t', 'k', 'h', 'd'):
        version = spn_box_full(box) >> 24;
        (void)spn_reader_take(&box->body, version ? 16 : 8);
        header->track_id = spn_reader_be32(&box->body);
        return SPN_OK;
    case SPN_BOX('e', 'd', 't', 's'):
        return broken_box(header, SPN_RULE_EDIT, box, "is there");
    case SPN_BOX('m', 'd', 'h', 'd'):
        mdhd_read(header, box);
        return SPN_OK;
    case SPN_BOX('e', 'l', 'n', 'g'):
        elng_read(header, box);
        return SPN_OK;
    case SPN_BOX('s', 't', 's', 'd'):
        return stsd_read(header, box);
    case SPN_BOX('s', 't', 's', 'z'):
        (void)spn_reader_take(&box->body, 8);
        return spn_reader_be32(&box->body)
                   ? broken_box(header, SPN_RULE_TABLES, box, "is not empty")
                   : SPN_OK;
    case SPN_BOX('s', 't', 't', 's'):
    case SPN_BOX('s', 't', 's', 'c'):
    case SPN_BOX('s', 't', 'c', 'o'):
        (void)spn_reader_take(&box->body, 4);
        return spn_reader_be32(&box->body)
                   ? broken_box(header, SPN_RULE_TABLES, box, "is not empty")
                   : SPN_OK;
    default:
        return SPN_OK;
    }
}

static int video_judge(struct header *header)
{
    struct spn_track_info *info = header->info;

    info->rate = spn_rate_reduce(info->timescale, info->sample_ticks);
    info->gop = spn_rate_gop(info->rate);
    if (info->width == 0 || info->height == 0)
        return spn_error_set(header->err, SPN_EFORMAT, "%s: the picture is %u x %u", header->name,
                             info->width, info->height);
    if (info->rate.num != info->timescale ||
        info->rate.num > (uint64_t)SPN_RATE_MAX * info->rate.den)
        return spn_rule_broken(
            header->judge, SPN_RULE_TIMESCALE,
            "the timescale is %u and a frame %u ticks: the rate is not below %d, "
            "or not in lowest terms",
            info->timescale, info->sample_ticks, SPN_RATE_MAX);
    return header->pasp ? SPN_OK
                        : spn_rule_broken(header->judge, SPN_RULE_PIXEL, "there is no box pasp");
}

static int sound_judge(struct header *header)
{
    struct spn_track_info *info = header->info;
    uint32_t sample_rate, channels;
    int ret;

    if ((ret = spn_aac_parse(info->config, info->config_size, &sample_rate, &channels,
                             header->err)) < 0)
        return ret;
    if (sample_rate != info->sample_rate || channels != info->channels)
        return spn_rule_broken(header->judge, SPN_RULE_SOUND,
                               "the AudioSpecificConfig has %u channels at %u Hz, the sample entry "
                               "%u at %u",
                               channels, sample_rate, info->channels, info->sample_rate);
    if (info->timescale != info->sample_rate || info->sample_ticks != SPN_AAC_FRAME)
        return spn_rule_broken(header->judge, SPN_RULE_TIMESCALE,
                               "the timescale is %u and a packet %u ticks, not %u and %d",
                               info->timescale, info->sample_ticks, info->sample_rate,
                               SPN_AAC_FRAME);
    return SPN_OK;
}

static int header_judge(struct header *header)
{
    struct spn_track_info *info = header->info;
    struct spn_error why;
    int ret;

    if (!header->traks || !header->trexes || !header->entries || !header->mdhd)
        return spn_error_set(header->err, SPN_EFORMAT, "%s: moov lacks %s", header->name,
                             !header->traks    ? "trak"
                             : !header->trexes ? "trex"
                             : !header->mdhd   ? "mdhd"
                                               : "stsd");
    info->sample_ticks = header->trex_ticks;
    if (info->timescale == 0 || info->sample_ticks == 0)
        return spn_error_set(header->err, SPN_EFORMAT,
                             "%s: timescale %u and sample duration %u cannot be", header->name,
                             info->timescale, info->sample_ticks);
    if (spn_config_name(info->codec, info->config, info->config_size, info->codecs, &why) < 0)
        return spn_error_set(header->err, why.code, "%s: %s", header->name, why.text);
    if (!spn_language_check(info->language, sizeof(info->language)))
        memcpy(info->language, "und", 4);
    if ((header->traks > 1 || header->trexes > 1 || header->entries > 1) &&
        (ret = spn_rule_broken(header->judge, SPN_RULE_SINGLE,
                               "there are %u trak, %u trex and %u sample entries", header->traks,
                               header->trexes, header->entries)) < 0)
        return ret;
    if ((header->track_id != SPN_TRACK_ID || header->trex_id != SPN_TRACK_ID) &&
        (ret =
             spn_rule_broken(header->judge, SPN_RULE_TRACK_ID, "tkhd says track %u, trex track %u",
                             header->track_id, header->trex_id)) < 0)
        return ret;
    return info->media == SPN_VIDEO ? video_judge(header) : sound_judge(header);
}

int spn_header_read(const uint8_t *bytes, size_t size, struct spn_track_info *info,
                    struct spn_judge *judge, struct spn_error *err)
{
    struct header header = { .info = info, .judge = judge, .name = judge->name, .err = err };
    struct spn_boxes boxes = spn_boxes_of(bytes, size, 0, judge->name);
    struct spn_box box;
    int ret;

    memset(info, 0, sizeof(*info));
    if ((ret = spn_boxes_next(&boxes, &box, err)) <= 0 || (ret = ftyp_read(&header, &box)) < 0 ||
        (ret = spn_boxes_next(&boxes, &box, err)) <= 0 ||
        (ret = container_read(&header, &box, 1)) < 0)
        return ret < 0
                   ? ret
                   : spn_error_set(err, SPN_EFORMAT, "%s: there is no ftyp and moov", judge->name);
    return header_judge(&header);
}

/* header_write.c - ftyp and moov: what a decoder and a player are configured by. */
#include "header.h"

#include <string.h>

#include "box_write.h"
#include "config.h"
#include "language.h"
#include "sampan/bytes.h"

#define WIDTH_MAX       16384 /* pixels: level 6.2 of H.264 and HEVC */
#define SAMPLE_RATE_MAX 48000
#define LANGUAGE_UNSAID "und"

static int video_check(const struct spn_track_info *info, struct spn_error *err)
{
    struct spn_rate rate = spn_rate_reduce(info->rate.num, info->rate.den);

    if (info->codec != SPN_H264 && info->codec != SPN_HEVC && info->codec != SPN_AV1)
        return spn_error_set(err, SPN_EINVAL, "codec %d is not one of pictures", (int)info->codec);
    if (info->width == 0 || info->height == 0 || info->width > WIDTH_MAX ||
        info->height > WIDTH_MAX)
        return spn_error_set(err, SPN_EINVAL,
                             "a picture of %u x %u is not 1 to %d pixels wide and high",
                             info->width, info->height, WIDTH_MAX);
    if (rate.num == 0 || rate.num != info->rate.num || rate.den != info->rate.den ||
        rate.num > (uint64_t)SPN_RATE_MAX * rate.den)
        return spn_error_set(err, SPN_EINVAL,
                             "%u/%u is not a frame rate in lowest terms of at most %d a second",
                             info->rate.num, info->rate.den, SPN_RATE_MAX);
    if (info->timescale != spn_rate_timescale(rate) || info->sample_ticks != rate.den)
        return spn_error_set(
            err, SPN_EINVAL,
            "at %u/%u frames a second the timescale is %u and a frame %u ticks, not %u and %u",
            rate.num, rate.den, rate.num, rate.den, info->timescale, info->sample_ticks);
    if (info->gop != spn_rate_gop(rate))
        return spn_error_set(err, SPN_EINVAL, "at %u/%u frames a second a GOP is %u frames, not %u",
                             rate.num, rate.den, spn_rate_gop(rate), info->gop);
    return SPN_OK;
}

static int audio_check(const struct spn_track_info *info, struct spn_error *err)
{
    uint32_t sample_rate = 0, channels = 0;
    int ret;

    if (info->codec != SPN_AAC)
        return spn_error_set(err, SPN_EINVAL, "codec %d is not one of sound", (int)info->codec);
    if (info->sample_rate == 0 || info->sample_rate > SAMPLE_RATE_MAX)
        return spn_error_set(err, SPN_EINVAL, "a sample rate is 1 to %d a second, not %u",
                             SAMPLE_RATE_MAX, info->sample_rate);
    if (info->timescale != info->sample_rate || info->sample_ticks != SPN_AAC_FRAME)
        return spn_error_set(
            err, SPN_EINVAL,
            "the timescale of sound is its sample rate %u and a packet %d ticks, not %u and %u",
            info->sample_rate, SPN_AAC_FRAME, info->timescale, info->sample_ticks);
    if ((ret = spn_aac_parse(info->config, info->config_size, &sample_rate, &channels, err)) < 0)
        return ret;
    if (sample_rate != info->sample_rate || channels != info->channels)
        return spn_error_set(err, SPN_EMISMATCH,
                             "the AudioSpecificConfig has %u channels at %u Hz, the track %u at %u",
                             channels, sample_rate, info->channels, info->sample_rate);
    return SPN_OK;
}

int spn_info_check(const struct spn_track_info *info, struct spn_error *err)
{
    char codecs[SPN_CODECS_MAX];
    int ret;

    if (info->media != SPN_VIDEO && info->media != SPN_AUDIO)
        return spn_error_set(err, SPN_EINVAL, "media %d is neither picture nor sound",
                             (int)info->media);
    if ((ret = spn_config_name(info->codec, info->config, info->config_size, codecs, err)) < 0)
        return ret;
    if (info->language[0] && !spn_language_check(info->language, sizeof(info->language)))
        return spn_error_set(err, SPN_EINVAL, "'%.35s' is not a language tag", info->language);
    return info->media == SPN_VIDEO ? video_check(info, err) : audio_check(info, err);
}

uint32_t spn_sample_flags(const struct spn_track_info *info)
{
    return info->media == SPN_VIDEO ? SPN_FLAGS_DELTA : SPN_FLAGS_SYNC;
}

static void ftyp_write(const struct spn_track_info *info, struct spn_buffer *out)
{
    size_t box = spn_box_begin(out, SPN_BOX('f', 't', 'y', 'p'));

    spn_buffer_string(out, "iso6");
    spn_buffer_be32(out, 0);
    spn_buffer_string(out, "iso6cmfccmf2");
    if (info->codec == SPN_AV1)
        spn_buffer_string(out, "av01");
    spn_box_end(out, box);
}

void spn_matrix_write(struct spn_buffer *out)
{
    static const uint32_t unity[9] = { 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000 };

    for (size_t i = 0; i < 9; i++)
        spn_buffer_be32(out, unity[i]);
}

static void mvhd_write(const struct spn_track_info *info, struct spn_buffer *out)
{
    size_t box = spn_box_begin_full(out, SPN_BOX('m', 'v', 'h', 'd'), 0, 0);

    spn_buffer_zero(out, 8); /* no times: equal settings, equal bytes */
    spn_buffer_be32(out, info->timescale);
    spn_buffer_be32(out, 0);       /* duration: in the fragments */
    spn_buffer_be32(out, 0x10000); /* rate */
    spn_buffer_be16(out, 0x100);   /* volume */
    spn_buffer_zero(out, 10);
    spn_matrix_write(out);
    spn_buffer_zero(out, 24);
    spn_buffer_be32(out, SPN_TRACK_ID + 1); /* next_track_ID */
    spn_box_end(out, box);
}

static void tkhd_write(const struct spn_track_info *info, struct spn_buffer *out)
{
    size_t box = spn_box_begin_full(out, SPN_BOX('t', 'k', 'h', 'd'), 0, 7);
    int video = info->media == SPN_VIDEO;

    spn_buffer_zero(out, 8);
    spn_buffer_be32(out, SPN_TRACK_ID);
    spn_buffer_zero(out, 4 + 4 + 8 + 2 + 2); /* duration, layer, alternate group */
    spn_buffer_be16(out, video ? 0 : 0x100);
    spn_buffer_zero(out, 2);
    spn_matrix_write(out);
    spn_buffer_be32(out, video ? info->width << 16 : 0);
    spn_buffer_be32(out, video ? info->height << 16 : 0);
    spn_box_end(out, box);
}

void spn_language_write(const char *tag, struct spn_buffer *out)
{
    char three[4];

    spn_language_three(tag, three);
    spn_buffer_be16(
        out, (uint16_t)((three[0] - 0x60) << 10 | (three[1] - 0x60) << 5 | (three[2] - 0x60)));
    spn_buffer_be16(out, 0);
}

void spn_language_extended_write(const char *tag, struct spn_buffer *out)
{
    size_t box;

    if (strcmp(tag, LANGUAGE_UNSAID) == 0)
        return;
    box = spn_box_begin_full(out, SPN_BOX('e', 'l', 'n', 'g'), 0, 0);
    spn_buffer_append(out, tag, strlen(tag) + 1);
    spn_box_end(out, box);
}

void spn_handler_write(enum spn_media media, const char *name, struct spn_buffer *out)
{
    size_t box = spn_box_begin_full(out, SPN_BOX('h', 'd', 'l', 'r'), 0, 0);

    spn_buffer_zero(out, 4);
    spn_buffer_string(out, media == SPN_VIDEO ? "vide" : "soun");
    spn_buffer_zero(out, 12);
    spn_buffer_append(out, name, strlen(name) + 1);
    spn_box_end(out, box);
}

static void media_write(const struct spn_track_info *info, struct spn_buffer *out)
{
    const char *tag = info->language[0] ? info->language : LANGUAGE_UNSAID;
    size_t box = spn_box_begin_full(out, SPN_BOX('m', 'd', 'h', 'd'), 0, 0);

    spn_buffer_zero(out, 8);
    spn_buffer_be32(out, info->timescale);
    spn_buffer_be32(out, 0);
    spn_language_write(tag, out);
    spn_box_end(out, box);
    spn_handler_write(info->media, info->media == SPN_VIDEO ? "Video" : "Audio", out);
    spn_language_extended_write(tag, out);
}

static void payload_write(struct spn_buffer *out, uint32_t type, const uint8_t *bytes, size_t size)
{
    size_t box = spn_box_begin(out, type);

    spn_buffer_append(out, bytes, size);
    spn_box_end(out, box);
}

static void visual_write(const struct spn_track_info *info, struct spn_buffer *out)
{
    static const uint32_t entries[] = {
        [SPN_H264] = SPN_BOX('a', 'v', 'c', '1'),
        [SPN_HEVC] = SPN_BOX('h', 'v', 'c', '1'),
        [SPN_AV1] = SPN_BOX('a', 'v', '0', '1'),
    };
    static const uint32_t configs[] = {
        [SPN_H264] = SPN_BOX('a', 'v', 'c', 'C'),
        [SPN_HEVC] = SPN_BOX('h', 'v', 'c', 'C'),
        [SPN_AV1] = SPN_BOX('a', 'v', '1', 'C'),
    };
    const struct spn_colour *colour = &info->colour;
    size_t entry = spn_box_begin(out, entries[info->codec]), box;

    spn_buffer_zero(out, 6);
    spn_buffer_be16(out, 1); /* data_reference_index */
    spn_buffer_zero(out, 16);
    spn_buffer_be16(out, (uint16_t)info->width);
    spn_buffer_be16(out, (uint16_t)info->height);
    spn_buffer_be32(out, 0x480000); /* 72 dpi */
    spn_buffer_be32(out, 0x480000);
    spn_buffer_zero(out, 4);
    spn_buffer_be16(out, 1);  /* frame_count */
    spn_buffer_zero(out, 32); /* compressorname */
    spn_buffer_be16(out, 24);
    spn_buffer_be16(out, 0xFFFF);
    payload_write(out, configs[info->codec], info->config, info->config_size);
    if (colour->primaries || colour->transfer || colour->matrix || colour->full_range) {
        box = spn_box_begin(out, SPN_BOX('c', 'o', 'l', 'r'));
        spn_buffer_string(out, "nclx");
        spn_buffer_be16(out, colour->primaries);
        spn_buffer_be16(out, colour->transfer);
        spn_buffer_be16(out, colour->matrix);
        spn_buffer_u8(out, colour->full_range ? 0x80 : 0);
        spn_box_end(out, box);
    }
    box = spn_box_begin(out, SPN_BOX('p', 'a', 's', 'p'));
    spn_buffer_be32(out, 1);
    spn_buffer_be32(out, 1);
    spn_box_end(out, box);
    if (info->mdcv)
        payload_write(out, SPN_BOX('m', 'd', 'c', 'v'), info->mdcv, SPN_MDCV_SIZE);
    if (info->clli)
        payload_write(out, SPN_BOX('c', 'l', 'l', 'i'), info->clli, SPN_CLLI_SIZE);
    spn_box_end(out, entry);
}

/* Descriptors of ISO/IEC 14496-1; all are shorter than 128 bytes, so a length is one byte. */
static void esds_write(const struct spn_track_info *info, struct spn_buffer *out)
{
    size_t box = spn_box_begin_full(out, SPN_BOX('e', 's', 'd', 's'), 0, 0);
    uint8_t size = (uint8_t)info->config_size;

    spn_buffer_u8(out, 3); /* ES_DescrTag */
    spn_buffer_u8(out, (uint8_t)(3 + 2 + 13 + 2 + size + 3));
    spn_buffer_be16(out, 0); /* ES_ID: 0 in a file */
    spn_buffer_u8(out, 0);
    spn_buffer_u8(out, 4); /* DecoderConfigDescrTag */
    spn_buffer_u8(out, (uint8_t)(13 + 2 + size));
    spn_buffer_u8(out, 0x40);        /* ISO/IEC 14496-3 */
    spn_buffer_u8(out, 5 << 2 | 1);  /* an audio stream */
    spn_buffer_zero(out, 3 + 4 + 4); /* buffer size, greatest and average bit rate: not said */
    spn_buffer_u8(out, 5);           /* DecSpecificInfoTag */
    spn_buffer_u8(out, size);
    spn_buffer_append(out, info->config, size);
    spn_buffer_u8(out, 6); /* SLConfigDescrTag */
    spn_buffer_u8(out, 1);
    spn_buffer_u8(out, 2); /* as in MP4 files */
    spn_box_end(out, box);
}

static void sound_write(const struct spn_track_info *info, struct spn_buffer *out)
{
    size_t entry = spn_box_begin(out, SPN_BOX('m', 'p', '4', 'a'));

    spn_buffer_zero(out, 6);
    spn_buffer_be16(out, 1); /* data_reference_index */
    spn_buffer_zero(out, 8);
    spn_buffer_be16(out, (uint16_t)info->channels);
    spn_buffer_be16(out, 16);
    spn_buffer_zero(out, 4);
    spn_buffer_be32(out, info->sample_rate << 16);
    esds_write(info, out);
    spn_box_end(out, entry);
}

static void entry_write(const struct spn_track_info *info, struct spn_buffer *out)
{
    if (info->media == SPN_VIDEO)
        visual_write(info, out);
    else
        sound_write(info, out);
}

static void stbl_write(const struct spn_track_info *info, struct spn_buffer *out)
{
    static const uint32_t empty[] = { SPN_BOX('s', 't', 't', 's'), SPN_BOX('s', 't', 's', 'c'),
                                      SPN_BOX('s', 't', 's', 'z'), SPN_BOX('s', 't', 'c', 'o') };
    size_t stbl = spn_box_begin(out, SPN_BOX('s', 't', 'b', 'l'));
    size_t box = spn_box_begin_full(out, SPN_BOX('s', 't', 's', 'd'), 0, 0);

    spn_buffer_be32(out, 1);
    entry_write(info, out);
    spn_box_end(out, box);
    for (size_t i = 0; i < 4; i++) {
        box = spn_box_begin_full(out, empty[i], 0, 0);
        spn_buffer_zero(out, empty[i] == SPN_BOX('s', 't', 's', 'z') ? 8 : 4);
        spn_box_end(out, box);
    }
    spn_box_end(out, stbl);
}

static void minf_write(const struct spn_track_info *info, struct spn_buffer *out)
{
    size_t minf = spn_box_begin(out, SPN_BOX('m', 'i', 'n', 'f')), box, dinf;

    if (info->media == SPN_VIDEO) {
        box = spn_box_begin_full(out, SPN_BOX('v', 'm', 'h', 'd'), 0, 1);
        spn_buffer_zero(out, 8);
    } else {
        box = spn_box_begin_full(out, SPN_BOX('s', 'm', 'h', 'd'), 0, 0);
        spn_buffer_zero(out, 4);
    }
    spn_box_end(out, box);
    dinf = spn_box_begin(out, SPN_BOX('d', 'i', 'n', 'f'));
    box = spn_box_begin_full(out, SPN_BOX('d', 'r', 'e', 'f'), 0, 0);
    spn_buffer_be32(out, 1);
    spn_box_end(out, spn_box_begin_full(out, SPN_BOX('u', 'r', 'l', ' '), 0, 1));
    spn_box_end(out, box);
    spn_box_end(out, dinf);
    stbl_write(info, out);
    spn_box_end(out, minf);
}

static void trex_write(const struct spn_track_info *info, struct spn_buffer *out)
{
    size_t mvex = spn_box_begin(out, SPN_BOX('m', 'v', 'e', 'x'));
    size_t box = spn_box_begin_full(out, SPN_BOX('t', 'r', 'e', 'x'), 0, 0);

    spn_buffer_be32(out, SPN_TRACK_ID);
    spn_buffer_be32(out, 1); /* default_sample_description_index */
    spn_buffer_be32(out, info->sample_ticks);
    spn_buffer_be32(out, 0);
    spn_buffer_be32(out, spn_sample_flags(info));
    spn_box_end(out, box);
    spn_box_end(out, mvex);
}

int spn_header_write(const struct spn_track_info *info, struct spn_buffer *out,
                     struct spn_error *err)
{
    size_t before = out->size, moov, trak, mdia;
    int ret = spn_info_check(info, err);

    if (ret < 0)
        return ret;
    ftyp_write(info, out);
    moov = spn_box_begin(out, SPN_BOX('m', 'o', 'o', 'v'));
    mvhd_write(info, out);
    trak = spn_box_begin(out, SPN_BOX('t', 'r', 'a', 'k'));
    tkhd_write(info, out);
    mdia = spn_box_begin(out, SPN_BOX('m', 'd', 'i', 'a'));
    media_write(info, out);
    minf_write(info, out);
    spn_box_end(out, mdia);
    spn_box_end(out, trak);
    trex_write(info, out);
    spn_box_end(out, moov);
    if (spn_buffer_failed(out))
        return spn_error_set(err, SPN_ENOMEM, "no memory for the header of a track");
    if (out->size - before > SPN_HEADER_SIZE_MAX) {
        out->size = before;
        return spn_error_set(err, SPN_ELIMIT, "the header of the track is longer than %u bytes",
                             SPN_HEADER_SIZE_MAX);
    }
    return SPN_OK;
}

int spn_compat_id(const struct spn_track_info *info, struct spn_hash *out, struct spn_error *err)
{
    struct spn_buffer bytes = { 0 };
    int ret = spn_info_check(info, err);

    if (ret < 0)
        return ret;
    spn_buffer_string(&bytes, "sampan compat 1\n");
    spn_buffer_be32(&bytes, (uint32_t)info->media);
    spn_buffer_be32(&bytes, info->timescale);
    spn_buffer_be32(&bytes, info->sample_ticks);
    spn_buffer_be32(&bytes, info->media == SPN_VIDEO ? info->rate.num : 0);
    spn_buffer_be32(&bytes, info->media == SPN_VIDEO ? info->rate.den : 0);
    spn_buffer_be32(&bytes, info->media == SPN_VIDEO ? info->gop : 0);
    entry_write(info, &bytes);
    if (spn_buffer_failed(&bytes))
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for a compat_id");
    else
        spn_hash_of(bytes.data, bytes.size, out);
    spn_buffer_finish(&bytes);
    return ret;
}

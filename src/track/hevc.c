/* hevc.c - HEVCDecoderConfigurationRecord, ISO/IEC 14496-15 8.3.3. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "bits.h"
#include "nal.h"

#define SETS_MAX  16 /* of one kind: an encoder of ours writes one */
#define PTL_SIZE  12 /* general profile, tier and level as hvcC has them */
#define HEAD_SIZE 23

enum { NAL_VPS = 32, NAL_SPS = 33, NAL_PPS = 34 };

struct sps {
    uint8_t ptl[PTL_SIZE];
    uint32_t layers, nested; /* temporal layers; temporal_id_nesting_flag */
    uint32_t chroma, luma_depth, chroma_depth;
};

static void sps_read(struct spn_bits *bits, struct sps *out)
{
    int profile[8], level[8];
    uint32_t more;

    spn_bits_skip(bits, 4); /* sps_video_parameter_set_id */
    more = spn_bits_get(bits, 3);
    out->layers = more + 1;
    out->nested = spn_bits_get(bits, 1);
    for (size_t i = 0; i < PTL_SIZE; i++)
        out->ptl[i] = (uint8_t)spn_bits_get(bits, 8);
    for (uint32_t i = 0; i < more; i++) {
        profile[i] = (int)spn_bits_get(bits, 1);
        level[i] = (int)spn_bits_get(bits, 1);
    }
    if (more > 0)
        spn_bits_skip(bits, 2 * (8 - more)); /* reserved_zero_2bits */
    for (uint32_t i = 0; i < more; i++)
        spn_bits_skip(bits, (profile[i] ? 88u : 0u) + (level[i] ? 8u : 0u));
    (void)spn_bits_ue(bits); /* sps_seq_parameter_set_id */
    out->chroma = spn_bits_ue(bits);
    if (out->chroma == 3)
        spn_bits_skip(bits, 1); /* separate_colour_plane_flag */
    (void)spn_bits_ue(bits);    /* width */
    (void)spn_bits_ue(bits);    /* height */
    if (spn_bits_get(bits, 1))  /* conformance_window_flag */
        for (int i = 0; i < 4; i++)
            (void)spn_bits_ue(bits);
    out->luma_depth = spn_bits_ue(bits);
    out->chroma_depth = spn_bits_ue(bits);
}

static int sps_parse(const uint8_t *nal, size_t size, struct sps *out, struct spn_error *err)
{
    struct spn_buffer rbsp = { 0 };
    struct spn_bits bits;

    memset(out, 0, sizeof(*out));
    if (size < 4)
        return spn_error_set(err, SPN_EFORMAT, "the SPS has only %zu bytes", size);
    spn_nal_unescape(nal + 2, size - 2, &rbsp);
    if (spn_buffer_failed(&rbsp)) {
        spn_buffer_finish(&rbsp);
        return spn_error_set(err, SPN_ENOMEM, "no memory to read an SPS");
    }
    bits = spn_bits_of(rbsp.data, rbsp.size);
    sps_read(&bits, out);
    spn_buffer_finish(&rbsp);
    if (bits.failed || out->layers > 7 || out->chroma > 3 || out->luma_depth > 7 ||
        out->chroma_depth > 7)
        return spn_error_set(err, SPN_EFORMAT,
                             "the SPS has no valid profile, chroma format and bit depth");
    return SPN_OK;
}

static void sets_append(const uint8_t *data, size_t size, unsigned type, size_t count,
                        struct spn_buffer *out)
{
    struct spn_reader reader = spn_reader_of(data, size);
    const uint8_t *nal;
    size_t nal_size;

    spn_buffer_u8(out, (uint8_t)(0x80 | type)); /* array_completeness: none are in band */
    spn_buffer_be16(out, (uint16_t)count);
    while ((nal = spn_annexb_next(&reader, &nal_size)))
        if (spn_nal_type(SPN_HEVC, nal) == type) {
            spn_buffer_be16(out, (uint16_t)nal_size);
            spn_buffer_append(out, nal, nal_size);
        }
}

int spn_hevc_make(const uint8_t *data, size_t size, struct spn_buffer *out, struct spn_error *err)
{
    struct spn_reader reader = spn_reader_of(data, size);
    const uint8_t *nal;
    size_t nal_size, counts[3] = { 0 };
    struct sps sps = { 0 };
    int ret;

    while ((nal = spn_annexb_next(&reader, &nal_size))) {
        unsigned type = spn_nal_type(SPN_HEVC, nal);

        if (type < NAL_VPS || type > NAL_PPS)
            continue;
        if (nal_size > SPN_NAL_SIZE_MAX)
            return spn_error_set(err, SPN_EFORMAT, "a parameter set of %zu bytes is too long",
                                 nal_size);
        if (counts[type - NAL_VPS]++ == 0 && type == NAL_SPS &&
            (ret = sps_parse(nal, nal_size, &sps, err)) < 0)
            return ret;
    }
    if (reader.failed)
        return spn_error_set(err, SPN_EFORMAT, "the HEVC parameter sets are not Annex B");
    for (size_t i = 0; i < 3; i++)
        if (counts[i] == 0 || counts[i] > SETS_MAX)
            return spn_error_set(
                err, SPN_EFORMAT,
                "there are %zu VPS, %zu SPS and %zu PPS: each is there 1 to %d times", counts[0],
                counts[1], counts[2], SETS_MAX);
    spn_buffer_u8(out, 1); /* configurationVersion */
    spn_buffer_append(out, sps.ptl, PTL_SIZE);
    spn_buffer_be16(out, 0xF000); /* min_spatial_segmentation_idc 0: not said */
    spn_buffer_u8(out, 0xFC);     /* parallelismType 0: not said */
    spn_buffer_u8(out, (uint8_t)(0xFC | sps.chroma));
    spn_buffer_u8(out, (uint8_t)(0xF8 | sps.luma_depth));
    spn_buffer_u8(out, (uint8_t)(0xF8 | sps.chroma_depth));
    spn_buffer_be16(out, 0); /* avgFrameRate: not said */
    spn_buffer_u8(out, (uint8_t)(sps.layers << 3 | sps.nested << 2 | 3)); /* four-byte lengths */
    spn_buffer_u8(out, 3);
    for (unsigned i = 0; i < 3; i++)
        sets_append(data, size, NAL_VPS + i, counts[i], out);
    return SPN_OK;
}

int spn_hevc_name(const uint8_t *config, size_t size, char codecs[SPN_CODECS_MAX],
                  struct spn_error *err)
{
    static const char *const spaces[4] = { "", "A", "B", "C" };
    struct spn_reader reader = spn_reader_of(config, size);
    const uint8_t *head = spn_reader_take(&reader, HEAD_SIZE);
    unsigned seen = 0;
    uint32_t flags, reversed = 0;
    int length, last;

    if (!head || head[0] != 1 || (head[21] & 3) != 3)
        return spn_error_set(err, SPN_EFORMAT, "hvcC is not of version 1 with four-byte lengths");
    for (unsigned i = 0; i < head[22]; i++) {
        unsigned type = spn_reader_u8(&reader) & 0x3Fu;
        unsigned count = spn_reader_be16(&reader);

        for (unsigned k = 0; k < count && !reader.failed; k++) {
            size_t nal_size = spn_reader_be16(&reader);
            const uint8_t *nal = spn_reader_take(&reader, nal_size);

            if (!nal || nal_size < 2 || spn_nal_type(SPN_HEVC, nal) != type)
                reader.failed = 1;
            else if (type >= NAL_VPS && type <= NAL_PPS)
                seen |= 1u << (type - NAL_VPS);
        }
    }
    if (reader.failed || seen != 7 || spn_reader_left(&reader))
        return spn_error_set(err, SPN_EFORMAT, "hvcC does not hold its parameter sets and no more");
    flags = spn_be32(head + 2);
    for (int i = 0; i < 32; i++)
        reversed |= (flags >> i & 1u) << (31 - i);
    length = snprintf(codecs, SPN_CODECS_MAX, "hvc1.%s%u.%X.%c%u", spaces[head[1] >> 6],
                      head[1] & 31u, reversed, head[1] & 0x20 ? 'H' : 'L', head[12]);
    for (last = 11; last >= 6 && head[last] == 0; last--)
        ;
    for (int i = 6; i <= last; i++)
        length += snprintf(codecs + length, SPN_CODECS_MAX - (size_t)length, ".%X", head[i]);
    return SPN_OK;
}

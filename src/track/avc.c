/* avc.c - AVCDecoderConfigurationRecord, ISO/IEC 14496-15 5.3.3. */
#include "config.h"

#include <stdio.h>

#include "bits.h"
#include "nal.h"

#define SPS_MAX 31  /* five bits */
#define PPS_MAX 255 /* eight bits */

struct sps {
    uint32_t chroma, luma_depth, chroma_depth; /* chroma_format_idc, bit depths minus 8 */
};

/* Profiles whose SPS says chroma format and bit depth: all but Baseline, Main and Extended. */
static int profile_extended(uint8_t profile)
{
    return profile != 66 && profile != 77 && profile != 88;
}

static int sps_parse(const uint8_t *nal, size_t size, struct sps *out, struct spn_error *err)
{
    struct spn_buffer rbsp = { 0 };
    struct spn_bits bits;

    *out = (struct sps){ 1, 0, 0 };
    if (size < 5)
        return spn_error_set(err, SPN_EFORMAT, "the SPS has only %zu bytes", size);
    if (!profile_extended(nal[1]))
        return SPN_OK;
    spn_nal_unescape(nal + 4, size - 4, &rbsp);
    if (spn_buffer_failed(&rbsp)) {
        spn_buffer_finish(&rbsp);
        return spn_error_set(err, SPN_ENOMEM, "no memory to read an SPS");
    }
    bits = spn_bits_of(rbsp.data, rbsp.size);
    (void)spn_bits_ue(&bits); /* seq_parameter_set_id */
    out->chroma = spn_bits_ue(&bits);
    if (out->chroma == 3)
        spn_bits_skip(&bits, 1); /* separate_colour_plane_flag */
    out->luma_depth = spn_bits_ue(&bits);
    out->chroma_depth = spn_bits_ue(&bits);
    spn_buffer_finish(&rbsp);
    if (bits.failed || out->chroma > 3 || out->luma_depth > 6 || out->chroma_depth > 6)
        return spn_error_set(err, SPN_EFORMAT, "the SPS has no valid chroma format and bit depth");
    return SPN_OK;
}

/* Append every parameter set of one type, each with its 16-bit length. */
static void sets_append(const uint8_t *data, size_t size, unsigned type, struct spn_buffer *out)
{
    struct spn_reader reader = spn_reader_of(data, size);
    const uint8_t *nal;
    size_t nal_size;

    while ((nal = spn_annexb_next(&reader, &nal_size)))
        if (spn_nal_type(SPN_H264, nal) == type) {
            spn_buffer_be16(out, (uint16_t)nal_size);
            spn_buffer_append(out, nal, nal_size);
        }
}

int spn_avc_make(const uint8_t *data, size_t size, struct spn_buffer *out, struct spn_error *err)
{
    struct spn_reader reader = spn_reader_of(data, size);
    const uint8_t *nal, *first = NULL;
    size_t nal_size, sps_count = 0, pps_count = 0;
    struct sps sps = { 0 };
    int ret;

    while ((nal = spn_annexb_next(&reader, &nal_size))) {
        unsigned type = spn_nal_type(SPN_H264, nal);

        if (type != 7 && type != 8)
            continue;
        if (nal_size > SPN_NAL_SIZE_MAX)
            return spn_error_set(err, SPN_EFORMAT, "a parameter set of %zu bytes is too long",
                                 nal_size);
        if (type == 8) {
            pps_count++;
            continue;
        }
        sps_count++;
        if (first)
            continue;
        first = nal;
        if ((ret = sps_parse(nal, nal_size, &sps, err)) < 0)
            return ret;
    }
    if (reader.failed)
        return spn_error_set(err, SPN_EFORMAT, "the H.264 parameter sets are not Annex B");
    if (sps_count == 0 || sps_count > SPS_MAX || pps_count == 0 || pps_count > PPS_MAX)
        return spn_error_set(err, SPN_EFORMAT,
                             "there are %zu SPS and %zu PPS: avcC holds 1 to %d and 1 to %d",
                             sps_count, pps_count, SPS_MAX, PPS_MAX);
    spn_buffer_u8(out, 1);                /* configurationVersion */
    spn_buffer_append(out, first + 1, 3); /* profile, constraints, level */
    spn_buffer_u8(out, 0xFC | 3);         /* four-byte lengths */
    spn_buffer_u8(out, (uint8_t)(0xE0 | sps_count));
    sets_append(data, size, 7, out);
    spn_buffer_u8(out, (uint8_t)pps_count);
    sets_append(data, size, 8, out);
    if (profile_extended(first[1])) {
        spn_buffer_u8(out, (uint8_t)(0xFC | sps.chroma));
        spn_buffer_u8(out, (uint8_t)(0xF8 | sps.luma_depth));
        spn_buffer_u8(out, (uint8_t)(0xF8 | sps.chroma_depth));
        spn_buffer_u8(out, 0); /* no SPS extensions */
    }
    return SPN_OK;
}

/* Step over count sets; each must be a NAL unit of that type. */
static void sets_skip(struct spn_reader *reader, unsigned count, unsigned type)
{
    for (unsigned i = 0; i < count; i++) {
        size_t size = spn_reader_be16(reader);
        const uint8_t *nal = spn_reader_take(reader, size);

        if (!nal || size == 0 || spn_nal_type(SPN_H264, nal) != type)
            reader->failed = 1;
    }
}

int spn_avc_name(const uint8_t *config, size_t size, char codecs[SPN_CODECS_MAX],
                 struct spn_error *err)
{
    struct spn_reader reader = spn_reader_of(config, size);
    const uint8_t *head = spn_reader_take(&reader, 5);
    unsigned sps_count, pps_count;

    if (!head || head[0] != 1 || (head[4] & 3) != 3)
        return spn_error_set(err, SPN_EFORMAT, "avcC is not of version 1 with four-byte lengths");
    sps_count = spn_reader_u8(&reader) & 31u;
    sets_skip(&reader, sps_count, 7);
    pps_count = spn_reader_u8(&reader);
    sets_skip(&reader, pps_count, 8);
    if (profile_extended(head[1])) {
        (void)spn_reader_take(&reader, 3);
        sets_skip(&reader, spn_reader_u8(&reader), 13);
    }
    if (reader.failed || sps_count == 0 || pps_count == 0 || spn_reader_left(&reader))
        return spn_error_set(err, SPN_EFORMAT, "avcC does not hold its parameter sets and no more");
    (void)snprintf(codecs, SPN_CODECS_MAX, "avc1.%02x%02x%02x", head[1], head[2], head[3]);
    return SPN_OK;
}

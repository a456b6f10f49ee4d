/* sample.c - an access unit from what an encoder writes to what a track file holds. */
#include "nal.h"

#include "config.h"

#define SEI_UNREGISTERED 5

/* One SEI message of an RBSP: 1 and its type and bytes, 0 at the trailing bits, SPN_EFORMAT. */
static int message_next(struct spn_reader *reader, uint32_t *type, const uint8_t **whole,
                        size_t *size)
{
    uint32_t length = 0;
    uint8_t byte;

    if (spn_reader_left(reader) == 0 || (spn_reader_left(reader) == 1 && *reader->at == 0x80))
        return 0;
    *whole = reader->at;
    *type = 0;
    do {
        byte = spn_reader_u8(reader);
        *type += byte;
    } while (byte == 0xFF);
    do {
        byte = spn_reader_u8(reader);
        length += byte;
    } while (byte == 0xFF);
    (void)spn_reader_take(reader, length);
    if (reader->failed)
        return SPN_EFORMAT;
    *size = (size_t)(reader->at - *whole);
    return 1;
}

/* Append the messages of an SEI that are not unregistered user data, as a NAL unit, if any. */
static int sei_append(enum spn_codec codec, const uint8_t *nal, size_t size,
                      struct spn_buffer *nal_out, struct spn_buffer *rbsp)
{
    size_t head = codec == SPN_HEVC ? 2 : 1, kept = 0, dropped = 0, message_size;
    struct spn_buffer rest = { 0 };
    struct spn_reader reader;
    const uint8_t *message;
    uint32_t type;
    int ret;

    rbsp->size = 0;
    spn_nal_unescape(nal + head, size - head, rbsp);
    reader = spn_reader_of(rbsp->data, rbsp->size);
    while ((ret = message_next(&reader, &type, &message, &message_size)) > 0) {
        if (type == SEI_UNREGISTERED) {
            dropped++;
            continue;
        }
        kept++;
        spn_buffer_append(&rest, message, message_size);
    }
    if (ret == 0 && kept && !dropped) {
        spn_buffer_append(nal_out, nal, size);
    } else if (ret == 0 && kept) {
        spn_buffer_u8(&rest, 0x80); /* rbsp_trailing_bits */
        spn_buffer_append(nal_out, nal, head);
        spn_nal_escape(rest.data, rest.size, nal_out);
    }
    if (spn_buffer_failed(&rest))
        nal_out->failed = 1;
    spn_buffer_finish(&rest);
    return ret;
}

static int nals_convert(enum spn_codec codec, const uint8_t *data, size_t size,
                        struct spn_buffer *out, struct spn_error *err)
{
    struct spn_reader reader = spn_reader_of(data, size);
    struct spn_buffer rbsp = { 0 };
    size_t nal_size, begin, pictures = 0;
    const uint8_t *nal;
    int ret = SPN_OK;

    while (ret == SPN_OK && (nal = spn_annexb_next(&reader, &nal_size))) {
        enum spn_nal_kind kind = spn_nal_kind(codec, nal, nal_size);

        if (kind == SPN_NAL_SETS || kind == SPN_NAL_DELIMITER || kind == SPN_NAL_FILLER)
            continue;
        begin = out->size;
        spn_buffer_be32(out, 0);
        if (kind == SPN_NAL_SEI)
            ret = sei_append(codec, nal, nal_size, out, &rbsp);
        else
            spn_buffer_append(out, nal, nal_size);
        pictures += kind == SPN_NAL_PICTURE || kind == SPN_NAL_IDR;
        if (spn_buffer_failed(out))
            break;
        if (out->size == begin + 4)
            out->size = begin;
        else
            spn_put_be32(out->data + begin, (uint32_t)(out->size - begin - 4));
    }
    spn_buffer_finish(&rbsp);
    if (ret < 0)
        return spn_error_set(err, SPN_EFORMAT, "an SEI of the sample does not hold its messages");
    if (reader.failed)
        return spn_error_set(err, SPN_EFORMAT,
                             "the sample is not Annex B: no start code at its begin");
    if (pictures == 0)
        return spn_error_set(err, SPN_EFORMAT, "the sample holds no coded slice");
    return SPN_OK;
}

static int obus_convert(const uint8_t *data, size_t size, struct spn_buffer *out,
                        struct spn_error *err)
{
    struct spn_reader reader = spn_reader_of(data, size);
    struct spn_obu obu;
    size_t frames = 0;
    int ret;

    while ((ret = spn_obu_next(&reader, &obu)) > 0) {
        if (obu.type == SPN_OBU_DELIMITER || obu.type == SPN_OBU_PADDING ||
            obu.type == SPN_OBU_REDUNDANT)
            continue;
        frames += obu.type == SPN_OBU_FRAME || obu.type == SPN_OBU_FRAME_HEADER;
        if (obu.sized) {
            spn_buffer_append(out, obu.whole, obu.whole_size);
            continue;
        }
        spn_buffer_u8(out, obu.whole[0] | 2);
        spn_buffer_append(out, obu.whole + 1, obu.header_size - 1);
        for (size = obu.payload_size; size >= 0x80; size >>= 7)
            spn_buffer_u8(out, (uint8_t)(0x80 | (size & 0x7F)));
        spn_buffer_u8(out, (uint8_t)size);
        spn_buffer_append(out, obu.payload, obu.payload_size);
    }
    if (ret < 0)
        return spn_error_set(err, SPN_EFORMAT, "the AV1 OBUs do not fit into their sample");
    if (frames == 0)
        return spn_error_set(err, SPN_EFORMAT, "the AV1 sample holds no frame");
    return SPN_OK;
}

int spn_sample_convert(enum spn_codec codec, const uint8_t *data, size_t size,
                       struct spn_buffer *out, struct spn_error *err)
{
    size_t before = out->size;
    int ret = SPN_OK;

    if (!data || size == 0 || size > SPN_FRAGMENT_SIZE_MAX)
        return spn_error_set(err, SPN_EFORMAT, "a sample has 1 to %u bytes, this one has %zu",
                             SPN_FRAGMENT_SIZE_MAX, size);
    switch (codec) {
    case SPN_H264:
    case SPN_HEVC:
        ret = nals_convert(codec, data, size, out, err);
        break;
    case SPN_AV1:
        ret = obus_convert(data, size, out, err);
        break;
    case SPN_AAC:
        if (size >= 2 && data[0] == 0xFF && (data[1] & 0xF6) == 0xF0)
            return spn_error_set(err, SPN_EFORMAT,
                                 "the AAC packet has an ADTS header; give the packet alone");
        spn_buffer_append(out, data, size);
        break;
    default:
        return spn_error_set(err, SPN_EUNSUPPORTED, "codec %d has no samples", (int)codec);
    }
    if (spn_buffer_failed(out))
        return spn_error_set(err, SPN_ENOMEM, "no memory for a sample of %zu bytes", size);
    if (ret < 0)
        out->size = before;
    return ret;
}

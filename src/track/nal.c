/* nal.c - NAL units: found, told apart, escaped. */
#include "nal.h"

unsigned spn_nal_type(enum spn_codec codec, const uint8_t *nal)
{
    return codec == SPN_HEVC ? nal[0] >> 1 & 0x3Fu : nal[0] & 0x1Fu;
}

static enum spn_nal_kind avc_kind(unsigned type)
{
    switch (type) {
    case 1:
    case 2:
    case 3:
    case 4:
        return SPN_NAL_PICTURE;
    case 5:
        return SPN_NAL_IDR;
    case 6:
        return SPN_NAL_SEI;
    case 7:
    case 8:
    case 13:
        return SPN_NAL_SETS;
    case 9:
        return SPN_NAL_DELIMITER;
    case 12:
        return SPN_NAL_FILLER;
    default:
        return SPN_NAL_OTHER;
    }
}

static enum spn_nal_kind hevc_kind(unsigned type)
{
    if (type == 19 || type == 20)
        return SPN_NAL_IDR;
    if (type < 32)
        return SPN_NAL_PICTURE;
    switch (type) {
    case 32:
    case 33:
    case 34:
        return SPN_NAL_SETS;
    case 35:
        return SPN_NAL_DELIMITER;
    case 38:
        return SPN_NAL_FILLER;
    case 39:
    case 40:
        return SPN_NAL_SEI;
    default:
        return SPN_NAL_OTHER;
    }
}

enum spn_nal_kind spn_nal_kind(enum spn_codec codec, const uint8_t *nal, size_t size)
{
    if (size < (codec == SPN_HEVC ? 2u : 1u))
        return SPN_NAL_OTHER;
    return codec == SPN_HEVC ? hevc_kind(spn_nal_type(codec, nal))
                             : avc_kind(spn_nal_type(codec, nal));
}

/* Where the next 00 00 01 begins, or end. */
static const uint8_t *start_code(const uint8_t *p, const uint8_t *end)
{
    while (end - p >= 3) {
        if (p[2] > 1)
            p += 3;
        else if (p[0] == 0 && p[1] == 0 && p[2] == 1)
            return p;
        else
            p++;
    }
    return end;
}

const uint8_t *spn_annexb_next(struct spn_reader *reader, size_t *size)
{
    for (;;) {
        const uint8_t *code = start_code(reader->at, reader->end);
        const uint8_t *nal, *end;

        for (const uint8_t *p = reader->at; p < code; p++)
            if (*p != 0)
                reader->failed = 1;
        if (code == reader->end || reader->failed) {
            reader->at = reader->end;
            return NULL;
        }
        nal = code + 3;
        end = start_code(nal, reader->end);
        reader->at = end;
        while (end > nal && end[-1] == 0)
            end--;
        if (end > nal) {
            *size = (size_t)(end - nal);
            return nal;
        }
    }
}

void spn_nal_unescape(const uint8_t *data, size_t size, struct spn_buffer *out)
{
    size_t from = 0;

    for (size_t i = 2; i < size; i++)
        if (data[i] == 3 && data[i - 1] == 0 && data[i - 2] == 0 && i >= from + 2) {
            spn_buffer_append(out, data + from, i - from);
            from = i + 1;
        }
    spn_buffer_append(out, data + from, size - from);
}

void spn_nal_escape(const uint8_t *data, size_t size, struct spn_buffer *out)
{
    unsigned zeros = 0;

    for (size_t i = 0; i < size; i++) {
        if (zeros == 2 && data[i] <= 3) {
            spn_buffer_u8(out, 3);
            zeros = 0;
        }
        spn_buffer_u8(out, data[i]);
        zeros = data[i] == 0 ? zeros + 1 : 0;
    }
}

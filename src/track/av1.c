/* av1.c - AV1CodecConfigurationRecord (AV1 in ISOBMFF 2.3) and the OBUs it is made of. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "bits.h"
#include "sampan/bytes.h"

#define HEAD_SIZE 4 /* of av1C before its OBUs */

struct sequence {
    uint32_t profile, level, tier, reduced;
    uint32_t high_depth, twelve, mono, across, down, position; /* subsampling and its place */
    uint32_t primaries, transfer, matrix, full_range;
    int described; /* the colour is said */
};

int spn_obu_next(struct spn_reader *reader, struct spn_obu *out)
{
    const uint8_t *begin = reader->at;
    uint64_t size = 0;
    uint8_t head;

    if (spn_reader_left(reader) == 0)
        return 0;
    memset(out, 0, sizeof(*out));
    head = spn_reader_u8(reader);
    if (head & 0x80)
        return SPN_EFORMAT; /* obu_forbidden_bit */
    out->type = head >> 3 & 15u;
    out->header_size = head & 4 ? 2 : 1;
    if (head & 4)
        (void)spn_reader_u8(reader);
    if (head & 2) {
        out->sized = 1;
        for (unsigned i = 0;; i++) {
            uint8_t byte = spn_reader_u8(reader);

            if (i == 8)
                return SPN_EFORMAT;
            size |= (uint64_t)(byte & 0x7F) << (7 * i);
            if (!(byte & 0x80))
                break;
        }
        if (size > spn_reader_left(reader))
            return SPN_EFORMAT;
    } else {
        size = spn_reader_left(reader);
    }
    out->payload_size = (size_t)size;
    out->payload = spn_reader_take(reader, (size_t)size);
    if (reader->failed)
        return SPN_EFORMAT;
    out->whole = begin;
    out->whole_size = (size_t)(reader->at - begin);
    return 1;
}

/* color_config() of the AV1 specification, 5.5.2 */
static void colour_parse(struct spn_bits *bits, struct sequence *out)
{
    out->high_depth = spn_bits_get(bits, 1);
    out->twelve = out->profile == 2 && out->high_depth ? spn_bits_get(bits, 1) : 0;
    out->mono = out->profile == 1 ? 0 : spn_bits_get(bits, 1);
    out->primaries = out->transfer = out->matrix = 2;
    out->described = (int)spn_bits_get(bits, 1);
    if (out->described) {
        out->primaries = spn_bits_get(bits, 8);
        out->transfer = spn_bits_get(bits, 8);
        out->matrix = spn_bits_get(bits, 8);
    }
    if (out->mono) {
        out->full_range = spn_bits_get(bits, 1);
        out->across = out->down = 1;
        return;
    }
    if (out->primaries == 1 && out->transfer == 13 && out->matrix == 0) { /* sRGB */
        out->full_range = 1;
        return;
    }
    out->full_range = spn_bits_get(bits, 1);
    if (out->profile == 0) {
        out->across = out->down = 1;
    } else if (out->profile == 2) {
        out->across = out->twelve ? spn_bits_get(bits, 1) : 1;
        out->down = out->twelve && out->across ? spn_bits_get(bits, 1) : 0;
    }
    if (out->across && out->down)
        out->position = spn_bits_get(bits, 2);
}

/* timing_info(), decoder_model_info() and the operating points, 5.5.1 */
static void points_parse(struct spn_bits *bits, struct sequence *out)
{
    uint32_t model = 0, delay_bits = 0, display, count;

    if (spn_bits_get(bits, 1)) { /* timing_info_present_flag */
        spn_bits_skip(bits, 64);
        if (spn_bits_get(bits, 1))
            (void)spn_bits_ue(bits); /* uvlc() is ue(v) below 2^32 - 1 */
        model = spn_bits_get(bits, 1);
        if (model) {
            delay_bits = spn_bits_get(bits, 5) + 1;
            spn_bits_skip(bits, 32 + 5 + 5);
        }
    }
    display = spn_bits_get(bits, 1);
    count = spn_bits_get(bits, 5) + 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t level, tier = 0;

        spn_bits_skip(bits, 12); /* operating_point_idc */
        level = spn_bits_get(bits, 5);
        if (level > 7)
            tier = spn_bits_get(bits, 1);
        if (i == 0) {
            out->level = level;
            out->tier = tier;
        }
        if (model && spn_bits_get(bits, 1))
            spn_bits_skip(bits, 2 * (size_t)delay_bits + 1);
        if (display && spn_bits_get(bits, 1))
            spn_bits_skip(bits, 4);
    }
}

/* sequence_header_obu(), 5.5.1 */
static int sequence_parse(const uint8_t *payload, size_t size, struct sequence *out)
{
    struct spn_bits bits = spn_bits_of(payload, size);
    uint32_t across, down, hint = 0;

    memset(out, 0, sizeof(*out));
    out->profile = spn_bits_get(&bits, 3);
    spn_bits_skip(&bits, 1); /* still_picture */
    out->reduced = spn_bits_get(&bits, 1);
    if (out->reduced)
        out->level = spn_bits_get(&bits, 5);
    else
        points_parse(&bits, out);
    across = spn_bits_get(&bits, 4) + 1;
    down = spn_bits_get(&bits, 4) + 1;
    spn_bits_skip(&bits, across + down);
    if (!out->reduced && spn_bits_get(&bits, 1)) /* frame_id_numbers_present_flag */
        spn_bits_skip(&bits, 7);
    spn_bits_skip(&bits, 3);
    if (!out->reduced) {
        uint32_t screen = 1;

        spn_bits_skip(&bits, 4);
        hint = spn_bits_get(&bits, 1);
        if (hint)
            spn_bits_skip(&bits, 2);
        if (!spn_bits_get(&bits, 1)) /* seq_choose_screen_content_tools */
            screen = spn_bits_get(&bits, 1);
        if (screen && !spn_bits_get(&bits, 1)) /* seq_choose_integer_mv */
            spn_bits_skip(&bits, 1);
        if (hint)
            spn_bits_skip(&bits, 3);
    }
    spn_bits_skip(&bits, 3);
    colour_parse(&bits, out);
    return bits.failed || out->profile > 2 ? SPN_EFORMAT : SPN_OK;
}

int spn_av1_make(const uint8_t *data, size_t size, struct spn_buffer *out, struct spn_error *err)
{
    struct spn_reader reader = spn_reader_of(data, size);
    struct spn_obu obu, found = { 0 };
    struct sequence sequence;
    size_t length;
    int ret;

    while ((ret = spn_obu_next(&reader, &obu)) > 0)
        if (obu.type == SPN_OBU_SEQUENCE && !found.whole)
            found = obu;
    if (ret < 0)
        return spn_error_set(err, SPN_EFORMAT, "the AV1 OBUs do not fit into their bytes");
    if (!found.whole || sequence_parse(found.payload, found.payload_size, &sequence) < 0)
        return spn_error_set(err, SPN_EFORMAT, "the AV1 OBUs hold no valid sequence header");
    spn_buffer_u8(out, 0x81); /* marker, version 1 */
    spn_buffer_u8(out, (uint8_t)(sequence.profile << 5 | sequence.level));
    spn_buffer_u8(out, (uint8_t)(sequence.tier << 7 | sequence.high_depth << 6 |
                                 sequence.twelve << 5 | sequence.mono << 4 | sequence.across << 3 |
                                 sequence.down << 2 | sequence.position));
    spn_buffer_u8(out, 0); /* no initial_presentation_delay */
    spn_buffer_u8(out, SPN_OBU_SEQUENCE << 3 | 2);
    for (length = found.payload_size; length >= 0x80; length >>= 7)
        spn_buffer_u8(out, (uint8_t)(0x80 | (length & 0x7F)));
    spn_buffer_u8(out, (uint8_t)length);
    spn_buffer_append(out, found.payload, found.payload_size);
    return SPN_OK;
}

int spn_av1_sequence(const uint8_t *config, size_t size, const uint8_t **payload,
                     size_t *payload_size)
{
    struct spn_reader reader = spn_reader_of(config, size);
    struct spn_obu obu;
    int found = 0, ret;

    (void)spn_reader_take(&reader, HEAD_SIZE);
    if (reader.failed)
        return SPN_EFORMAT;
    while ((ret = spn_obu_next(&reader, &obu)) > 0)
        if (obu.type == SPN_OBU_SEQUENCE && !found) {
            found = 1;
            *payload = obu.payload;
            *payload_size = obu.payload_size;
        }
    return ret < 0 || !found ? SPN_EFORMAT : SPN_OK;
}

int spn_av1_name(const uint8_t *config, size_t size, char codecs[SPN_CODECS_MAX],
                 struct spn_error *err)
{
    struct sequence s;
    const uint8_t *payload = NULL;
    size_t payload_size = 0;
    unsigned depth;

    if (size < HEAD_SIZE || config[0] != 0x81)
        return spn_error_set(err, SPN_EFORMAT, "av1C is not of version 1");
    if (spn_av1_sequence(config, size, &payload, &payload_size) < 0 ||
        sequence_parse(payload, payload_size, &s) < 0)
        return spn_error_set(err, SPN_EFORMAT, "av1C holds no valid sequence header");
    if (config[1] != (s.profile << 5 | s.level))
        return spn_error_set(err, SPN_EFORMAT, "av1C and its sequence header differ");
    depth = s.twelve ? 12 : s.high_depth ? 10 : 8;
    if (s.mono == 0 && s.across == 1 && s.down == 1 && s.position == 0 && s.full_range == 0 &&
        (!s.described || (s.primaries == 1 && s.transfer == 1 && s.matrix == 1)))
        (void)snprintf(codecs, SPN_CODECS_MAX, "av01.%u.%02u%c.%02u", s.profile, s.level,
                       s.tier ? 'H' : 'M', depth);
    else
        (void)snprintf(codecs, SPN_CODECS_MAX, "av01.%u.%02u%c.%02u.%u.%u%u%u.%02u.%02u.%02u.%u",
                       s.profile, s.level, s.tier ? 'H' : 'M', depth, s.mono, s.across, s.down,
                       s.position, s.primaries, s.transfer, s.matrix, s.full_range);
    return SPN_OK;
}

int spn_av1_key(const struct spn_obu *obu, const uint8_t *sequence, size_t sequence_size)
{
    struct spn_bits bits = spn_bits_of(obu->payload, obu->payload_size);
    uint32_t shown_before, type, shown;

    if (sequence_size && sequence[0] & 8) /* reduced_still_picture_header: every frame is a key */
        return 1;
    shown_before = spn_bits_get(&bits, 1);
    type = spn_bits_get(&bits, 2);
    shown = spn_bits_get(&bits, 1);
    return !bits.failed && !shown_before && type == 0 && shown;
}

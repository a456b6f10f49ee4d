/*
 * nal.h - NAL units of H.264 and HEVC, in Annex B and in length-prefixed form.
 */
#ifndef TRACK_NAL_H
#define TRACK_NAL_H

#include "sampan/buffer.h"
#include "sampan/bytes.h"
#include "sampan/track.h"

#define SPN_NAL_SIZE_MAX                                                                           \
    65535u /* bytes of a parameter set: avcC and hvcC count them in 16 bits                        \
            */

/* What a NAL unit is to us, whatever the codec. */
enum spn_nal_kind {
    SPN_NAL_OTHER,
    SPN_NAL_PICTURE, /* a coded slice, not of an IDR picture */
    SPN_NAL_IDR,     /* a coded slice of an IDR picture */
    SPN_NAL_SETS,    /* VPS, SPS, SPS extension, PPS */
    SPN_NAL_SEI,
    SPN_NAL_DELIMITER, /* access unit delimiter */
    SPN_NAL_FILLER,
};

/* nal holds at least as many bytes as its header has (1 or 2), else SPN_NAL_OTHER. */
enum spn_nal_kind spn_nal_kind(enum spn_codec codec, const uint8_t *nal, size_t size);
/* nal_unit_type */
unsigned spn_nal_type(enum spn_codec codec, const uint8_t *nal);

/*
 * The next NAL unit of an Annex B stream, without start code and trailing zeros: borrowed, *size
 * its bytes; NULL at the end. Bytes before the first start code make reader->failed.
 */
const uint8_t *spn_annexb_next(struct spn_reader *reader, size_t *size);

/* Append the payload without its emulation prevention bytes (00 00 03 becomes 00 00), and back. */
void spn_nal_unescape(const uint8_t *data, size_t size, struct spn_buffer *out);
void spn_nal_escape(const uint8_t *data, size_t size, struct spn_buffer *out);

#endif

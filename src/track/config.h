/*
 * config.h - decoder configuration records, one file a codec: avc.c, hevc.c, av1.c, aac.c.
 *
 * make appends the record made of what an encoder gives; name reads a record and writes the RFC
 * 6381 string. Both may meet any bytes.
 */
#ifndef TRACK_CONFIG_H
#define TRACK_CONFIG_H

#include "sampan/buffer.h"
#include "sampan/track.h"

#define SPN_CONFIG_SIZE_MAX                                                                        \
    (32u << 10) /* bytes of a record: half of the header that it lies in                           \
                 */
#define SPN_CODECS_MAX 64

int spn_avc_make(const uint8_t *data, size_t size, struct spn_buffer *out, struct spn_error *err);
int spn_hevc_make(const uint8_t *data, size_t size, struct spn_buffer *out, struct spn_error *err);
int spn_av1_make(const uint8_t *data, size_t size, struct spn_buffer *out, struct spn_error *err);
int spn_aac_make(const uint8_t *data, size_t size, struct spn_buffer *out, struct spn_error *err);

int spn_avc_name(const uint8_t *config, size_t size, char codecs[SPN_CODECS_MAX],
                 struct spn_error *err);
int spn_hevc_name(const uint8_t *config, size_t size, char codecs[SPN_CODECS_MAX],
                  struct spn_error *err);
int spn_av1_name(const uint8_t *config, size_t size, char codecs[SPN_CODECS_MAX],
                 struct spn_error *err);
int spn_aac_name(const uint8_t *config, size_t size, char codecs[SPN_CODECS_MAX],
                 struct spn_error *err);

/* The one of the above that codec asks for. */
int spn_config_name(enum spn_codec codec, const uint8_t *config, size_t size,
                    char codecs[SPN_CODECS_MAX], struct spn_error *err);

/* Sample rate and channels out of an AudioSpecificConfig of AAC-LC. */
int spn_aac_parse(const uint8_t *config, size_t size, uint32_t *sample_rate, uint32_t *channels,
                  struct spn_error *err);

/* ---- AV1: open bitstream units ---- */

enum {
    SPN_OBU_SEQUENCE = 1,
    SPN_OBU_DELIMITER = 2,
    SPN_OBU_FRAME_HEADER = 3,
    SPN_OBU_FRAME = 6,
    SPN_OBU_REDUNDANT = 7,
    SPN_OBU_PADDING = 15,
};

struct spn_obu {
    unsigned type;
    int sized;            /* it carries its size */
    const uint8_t *whole; /* header and all; borrowed */
    size_t whole_size;
    const uint8_t *payload; /* borrowed */
    size_t payload_size;
    size_t header_size; /* 1, or 2 with an extension */
};

struct spn_reader;
/* The next OBU: 1, 0 at the end, or SPN_EFORMAT where it does not fit into the bytes. */
int spn_obu_next(struct spn_reader *reader, struct spn_obu *out);

/* The sequence header that a good av1C holds: its payload, borrowed from config. */
int spn_av1_sequence(const uint8_t *config, size_t size, const uint8_t **payload,
                     size_t *payload_size);

/* Does this frame or frame header OBU, of a sequence whose header is given, begin a shown key
 * frame? */
int spn_av1_key(const struct spn_obu *obu, const uint8_t *sequence, size_t sequence_size);

#endif

/* aac.c - AudioSpecificConfig of AAC-LC, ISO/IEC 14496-3 1.6.2. */
#include "config.h"

#include <stdio.h>

#include "bits.h"

#define ASC_SIZE_MAX 64 /* bytes; FFmpeg writes two to five */

int spn_aac_parse(const uint8_t *config, size_t size, uint32_t *sample_rate, uint32_t *channels,
                  struct spn_error *err)
{
    static const uint32_t rates[13] = { 96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                        22050, 16000, 12000, 11025, 8000,  7350 };
    static const uint8_t counts[16] = { 0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 0, 8, 0 };
    struct spn_bits bits = spn_bits_of(config, size);
    uint32_t type, index, layout;

    if (size > ASC_SIZE_MAX)
        return spn_error_set(err, SPN_EFORMAT, "an AudioSpecificConfig of %zu bytes is too long",
                             size);
    type = spn_bits_get(&bits, 5);
    index = spn_bits_get(&bits, 4);
    *sample_rate = index == 15 ? spn_bits_get(&bits, 24) : index < 13 ? rates[index] : 0;
    layout = spn_bits_get(&bits, 4);
    *channels = counts[layout];
    if (bits.failed || *sample_rate == 0)
        return spn_error_set(err, SPN_EFORMAT, "the AudioSpecificConfig names no sample rate");
    if (type != 2)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "audio object type %u is not AAC-LC (2); encode to AAC-LC", type);
    if (*channels == 0)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "channel configuration %u is not one of the standard's", layout);
    if (spn_bits_get(&bits, 1))
        return spn_error_set(err, SPN_EUNSUPPORTED, "AAC frames of 960 samples are not read");
    return SPN_OK;
}

int spn_aac_make(const uint8_t *data, size_t size, struct spn_buffer *out, struct spn_error *err)
{
    uint32_t sample_rate, channels;
    int ret = spn_aac_parse(data, size, &sample_rate, &channels, err);

    if (ret == SPN_OK)
        spn_buffer_append(out, data, size);
    return ret;
}

int spn_aac_name(const uint8_t *config, size_t size, char codecs[SPN_CODECS_MAX],
                 struct spn_error *err)
{
    uint32_t sample_rate, channels;
    int ret = spn_aac_parse(config, size, &sample_rate, &channels, err);

    if (ret == SPN_OK)
        (void)snprintf(codecs, SPN_CODECS_MAX, "mp4a.40.2");
    return ret;
}

/* config.c - the record of any codec. */
#include "config.h"

#include <string.h>

int spn_config_name(enum spn_codec codec, const uint8_t *config, size_t size,
                    char codecs[SPN_CODECS_MAX], struct spn_error *err)
{
    codecs[0] = '\0';
    if (!config || size == 0 || size > SPN_CONFIG_SIZE_MAX)
        return spn_error_set(err, SPN_EFORMAT,
                             "a decoder configuration has 1 to %u bytes, this one has %zu",
                             SPN_CONFIG_SIZE_MAX, size);
    switch (codec) {
    case SPN_H264:
        return spn_avc_name(config, size, codecs, err);
    case SPN_HEVC:
        return spn_hevc_name(config, size, codecs, err);
    case SPN_AV1:
        return spn_av1_name(config, size, codecs, err);
    case SPN_AAC:
        return spn_aac_name(config, size, codecs, err);
    case SPN_WEBVTT:
        break;
    }
    return spn_error_set(err, SPN_EUNSUPPORTED, "codec %d has no decoder configuration",
                         (int)codec);
}

int spn_config_make(enum spn_codec codec, const uint8_t *extradata, size_t size,
                    struct spn_buffer *out, char codecs[64], struct spn_error *err)
{
    size_t before = out->size;
    int ret;

    codecs[0] = '\0';
    if (!extradata || size == 0 || size > SPN_CONFIG_SIZE_MAX)
        return spn_error_set(err, SPN_EFORMAT,
                             "what an encoder gives out of band has 1 to %u bytes, this has %zu",
                             SPN_CONFIG_SIZE_MAX, size);
    switch (codec) {
    case SPN_H264:
        ret = spn_avc_make(extradata, size, out, err);
        break;
    case SPN_HEVC:
        ret = spn_hevc_make(extradata, size, out, err);
        break;
    case SPN_AV1:
        ret = spn_av1_make(extradata, size, out, err);
        break;
    case SPN_AAC:
        ret = spn_aac_make(extradata, size, out, err);
        break;
    default:
        return spn_error_set(err, SPN_EUNSUPPORTED, "codec %d has no decoder configuration",
                             (int)codec);
    }
    if (ret == SPN_OK && spn_buffer_failed(out))
        return spn_error_set(err, SPN_ENOMEM, "no memory for a decoder configuration");
    if (ret == SPN_OK)
        ret = spn_config_name(codec, out->data + before, out->size - before, codecs, err);
    if (ret < 0 && !spn_buffer_failed(out))
        out->size = before;
    return ret;
}

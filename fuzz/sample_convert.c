/* The first byte is the codec, the rest an access unit: what comes out holds whole units, and no
 * sets. */
#include <stdint.h>
#include <stdlib.h>

#include "sampan/bytes.h"
#include "sampan/track.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void nals_walk(enum spn_codec codec, const struct spn_buffer *out)
{
    struct spn_reader reader = spn_reader_of(out->data, out->size);

    while (spn_reader_left(&reader)) {
        size_t length = spn_reader_be32(&reader);
        const uint8_t *nal = spn_reader_take(&reader, length);
        unsigned type;

        if (!nal || length == 0)
            abort();
        type = codec == SPN_HEVC ? nal[0] >> 1 & 63u : nal[0] & 31u;
        if (codec == SPN_HEVC ? length > 1 && type >= 32 && type <= 35 : type >= 7 && type <= 9)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spn_buffer out = { 0 };
    enum spn_codec codec;
    int ret;

    if (size == 0)
        return 0;
    codec = (enum spn_codec)(1 + data[0] % 5);
    ret = spn_sample_convert(codec, data + 1, size - 1, &out, NULL);
    if (ret < 0 ? out.size : !out.size)
        abort();
    if (ret == SPN_OK && (codec == SPN_H264 || codec == SPN_HEVC))
        nals_walk(codec, &out);
    spn_buffer_finish(&out);
    return 0;
}

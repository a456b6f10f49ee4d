/* The first byte is the codec, the rest what an encoder gave: a record that is made can be read
 * again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sampan/track.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spn_track_info info = { .media = SPN_VIDEO,
                                   .timescale = 25,
                                   .sample_ticks = 1,
                                   .width = 64,
                                   .height = 64,
                                   .rate = { 25, 1 },
                                   .gop = 50 };
    struct spn_buffer config = { 0 }, header = { 0 };
    struct spn_error err = { 0 };
    int ret;

    if (size == 0)
        return 0;
    info.codec = (enum spn_codec)(1 + data[0] % 5);
    ret = spn_config_make(info.codec, data + 1, size - 1, &config, info.codecs, &err);
    if (ret < 0 ? err.text[0] == '\0' || config.size : info.codecs[0] == '\0' || config.size == 0)
        abort();
    if (ret == SPN_OK && info.codec != SPN_AAC) {
        info.config = config.data;
        info.config_size = config.size;
        if (spn_header_write(&info, &header, &err) < 0)
            abort();
    }
    spn_buffer_finish(&header);
    spn_buffer_finish(&config);
    return 0;
}

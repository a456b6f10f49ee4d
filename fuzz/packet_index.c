/*
 * packet_index - an index of any bytes is opened or refused; when opened, everything in it can be
 * read, and a conform record of it maps every frame.
 */
#include <stddef.h>
#include <stdint.h>

#include "conform.h"
#include "packet_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct index_stream *stream;
    struct index_packet packet;
    struct index_frame frame;
    struct index *index;
    uint32_t n;
    size_t i;

    if (index_open_memory(data, size, &index, NULL) < 0)
        return 0;
    for (i = 0; i < index_stream_count(index); i++) {
        stream = index_stream_at(index, i);
        for (n = 0; n < stream->packets; n++)
            index_packet_at(index, stream, n, &packet);
    }
    for (n = 0; n < index_frames(index); n++)
        index_frame_at(index, n, &frame);
    index_close(index);
    return 0;
}

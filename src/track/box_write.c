/* box_write.c - boxes into a buffer. */
#include "box_write.h"

#include "sampan/bytes.h"

size_t spn_box_begin(struct spn_buffer *out, uint32_t type)
{
    size_t begin = out->size;

    spn_buffer_be32(out, 0);
    spn_buffer_be32(out, type);
    return begin;
}

size_t spn_box_begin_full(struct spn_buffer *out, uint32_t type, uint8_t version, uint32_t flags)
{
    size_t begin = spn_box_begin(out, type);

    spn_buffer_be32(out, (uint32_t)version << 24 | flags);
    return begin;
}

void spn_box_end(struct spn_buffer *out, size_t begin)
{
    if (!spn_buffer_failed(out))
        spn_put_be32(out->data + begin, (uint32_t)(out->size - begin));
}

/*
 * box_write.h - boxes of ISO/IEC 14496-12 into a buffer: begin, append, end.
 */
#ifndef TRACK_BOX_WRITE_H
#define TRACK_BOX_WRITE_H

#include "sampan/buffer.h"

/* Four letters as the number they are in the file. */
#define SPN_BOX(a, b, c, d)                                                                        \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* Append the head of a box of type; what is returned goes to spn_box_end(), which sets its size. */
size_t spn_box_begin(struct spn_buffer *out, uint32_t type);
/* The same for a FullBox. */
size_t spn_box_begin_full(struct spn_buffer *out, uint32_t type, uint8_t version, uint32_t flags);
void spn_box_end(struct spn_buffer *out, size_t begin);

#endif

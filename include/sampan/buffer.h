/*
 * sampan/buffer.h - bytes that grow at the end.
 *
 * Zero-initialised is empty and valid. Appending after a failure does nothing: a writer may append
 * many times and ask spn_buffer_failed() once. Not for use by two threads at a time.
 */
#ifndef SAMPAN_BUFFER_H
#define SAMPAN_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct spn_buffer {
    uint8_t *data; /* owned; size bytes of it are in use */
    size_t size;
    size_t capacity; /* of data */
    int failed;      /* memory ran out: the contents are not complete */
};

void spn_buffer_finish(struct spn_buffer *buffer); /* frees data and makes it empty again */
int spn_buffer_failed(const struct spn_buffer *buffer);

/* Room for extra more bytes; NULL when memory ran out, else where they begin (not yet counted). */
uint8_t *spn_buffer_reserve(struct spn_buffer *buffer, size_t extra);

void spn_buffer_append(struct spn_buffer *buffer, const void *bytes, size_t size);
void spn_buffer_string(struct spn_buffer *buffer, const char *string); /* without its NUL */
void spn_buffer_u8(struct spn_buffer *buffer, uint8_t value);
void spn_buffer_be16(struct spn_buffer *buffer, uint16_t value);
void spn_buffer_be24(struct spn_buffer *buffer, uint32_t value);
void spn_buffer_be32(struct spn_buffer *buffer, uint32_t value);
void spn_buffer_be64(struct spn_buffer *buffer, uint64_t value);
void spn_buffer_le32(struct spn_buffer *buffer, uint32_t value);
void spn_buffer_le64(struct spn_buffer *buffer, uint64_t value);
void spn_buffer_zero(struct spn_buffer *buffer, size_t size);      /* size zero bytes */
void spn_buffer_number(struct spn_buffer *buffer, uint64_t value); /* in decimal digits */
void spn_buffer_format(struct spn_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A NUL after the contents, not counted in size, so that data is a C string; NULL on failure. */
const char *spn_buffer_text(struct spn_buffer *buffer);

#endif

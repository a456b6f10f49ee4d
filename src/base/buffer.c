/* buffer.c - bytes that grow at the end. */
#include "sampan/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sampan/bytes.h"

void spn_buffer_finish(struct spn_buffer *buffer)
{
    free(buffer->data);
    memset(buffer, 0, sizeof(*buffer));
}

int spn_buffer_failed(const struct spn_buffer *buffer)
{
    return buffer->failed;
}

uint8_t *spn_buffer_reserve(struct spn_buffer *buffer, size_t extra)
{
    size_t capacity = buffer->capacity ? buffer->capacity : 256;
    uint8_t *data;

    if (buffer->failed)
        return NULL;
    if (extra > SIZE_MAX / 2 - buffer->size) {
        buffer->failed = 1;
        return NULL;
    }
    if (buffer->data && buffer->capacity - buffer->size >= extra)
        return buffer->data + buffer->size;
    while (capacity - buffer->size < extra)
        capacity *= 2;
    data = realloc(buffer->data, capacity);
    if (!data) {
        buffer->failed = 1;
        return NULL;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return data + buffer->size;
}

void spn_buffer_append(struct spn_buffer *buffer, const void *bytes, size_t size)
{
    uint8_t *p;

    if (size == 0)
        return;
    p = spn_buffer_reserve(buffer, size);
    if (!p)
        return;
    memcpy(p, bytes, size);
    buffer->size += size;
}

void spn_buffer_string(struct spn_buffer *buffer, const char *string)
{
    spn_buffer_append(buffer, string, strlen(string));
}

void spn_buffer_u8(struct spn_buffer *buffer, uint8_t value)
{
    spn_buffer_append(buffer, &value, 1);
}

void spn_buffer_be16(struct spn_buffer *buffer, uint16_t value)
{
    uint8_t p[2];

    spn_put_be16(p, value);
    spn_buffer_append(buffer, p, sizeof(p));
}

void spn_buffer_be24(struct spn_buffer *buffer, uint32_t value)
{
    uint8_t p[4];

    spn_put_be32(p, value);
    spn_buffer_append(buffer, p + 1, 3);
}

void spn_buffer_be32(struct spn_buffer *buffer, uint32_t value)
{
    uint8_t p[4];

    spn_put_be32(p, value);
    spn_buffer_append(buffer, p, sizeof(p));
}

void spn_buffer_be64(struct spn_buffer *buffer, uint64_t value)
{
    uint8_t p[8];

    spn_put_be64(p, value);
    spn_buffer_append(buffer, p, sizeof(p));
}

void spn_buffer_le32(struct spn_buffer *buffer, uint32_t value)
{
    uint8_t p[4];

    spn_put_le32(p, value);
    spn_buffer_append(buffer, p, sizeof(p));
}

void spn_buffer_le64(struct spn_buffer *buffer, uint64_t value)
{
    uint8_t p[8];

    spn_put_le64(p, value);
    spn_buffer_append(buffer, p, sizeof(p));
}

void spn_buffer_zero(struct spn_buffer *buffer, size_t size)
{
    uint8_t *p = spn_buffer_reserve(buffer, size);

    if (!p)
        return;
    memset(p, 0, size);
    buffer->size += size;
}

void spn_buffer_number(struct spn_buffer *buffer, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    spn_buffer_append(buffer, digits + at, sizeof(digits) - at);
}

void spn_buffer_format(struct spn_buffer *buffer, const char *format, ...)
{
    va_list args;
    int need;
    uint8_t *p;

    va_start(args, format);
    need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (need < 0) {
        buffer->failed = 1;
        return;
    }
    p = spn_buffer_reserve(buffer, (size_t)need + 1);
    if (!p)
        return;
    va_start(args, format);
    (void)vsnprintf((char *)p, (size_t)need + 1, format, args);
    va_end(args);
    buffer->size += (size_t)need;
}

const char *spn_buffer_text(struct spn_buffer *buffer)
{
    uint8_t *p = spn_buffer_reserve(buffer, 1);

    if (!p)
        return NULL;
    *p = '\0';
    return (const char *)buffer->data;
}

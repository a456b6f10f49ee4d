/*
 * sampan/bytes.h - fixed-width numbers in byte strings, and a reader that cannot leave its bytes.
 *
 * be: big-endian, as ISO/IEC 14496-12 has it; le: little-endian, as Sampan's own files have it.
 */
#ifndef SAMPAN_BYTES_H
#define SAMPAN_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t spn_be16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t spn_be24(const uint8_t *p)
{
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t spn_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t spn_be64(const uint8_t *p)
{
    return (uint64_t)spn_be32(p) << 32 | spn_be32(p + 4);
}

static inline void spn_put_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void spn_put_be32(uint8_t *p, uint32_t v)
{
    spn_put_be16(p, (uint16_t)(v >> 16));
    spn_put_be16(p + 2, (uint16_t)v);
}

static inline void spn_put_be64(uint8_t *p, uint64_t v)
{
    spn_put_be32(p, (uint32_t)(v >> 32));
    spn_put_be32(p + 4, (uint32_t)v);
}

static inline uint32_t spn_le32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint64_t spn_le64(const uint8_t *p)
{
    return (uint64_t)spn_le32(p + 4) << 32 | spn_le32(p);
}

static inline void spn_put_le32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

static inline void spn_put_le64(uint8_t *p, uint64_t v)
{
    spn_put_le32(p, (uint32_t)v);
    spn_put_le32(p + 4, (uint32_t)(v >> 32));
}

/*
 * A reader over bytes it does not own. Reading past the end sets failed, returns zero and stays
 * there, so a parser may read a whole structure and ask once.
 */
struct spn_reader {
    const uint8_t *at;
    const uint8_t *end;
    int failed;
};

static inline struct spn_reader spn_reader_of(const void *bytes, size_t size)
{
    const uint8_t *p = (const uint8_t *)bytes;
    struct spn_reader reader = { p, size ? p + size : p, 0 }; /* of nothing: NULL is fine */

    return reader;
}

static inline size_t spn_reader_left(const struct spn_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

/* The next size bytes, borrowed, or NULL (and failed) when there are fewer. */
static inline const uint8_t *spn_reader_take(struct spn_reader *reader, size_t size)
{
    const uint8_t *p = reader->at;

    if (reader->failed || size > spn_reader_left(reader)) {
        reader->failed = 1;
        reader->at = reader->end;
        return NULL;
    }
    reader->at += size;
    return p;
}

static inline uint8_t spn_reader_u8(struct spn_reader *reader)
{
    const uint8_t *p = spn_reader_take(reader, 1);

    return p ? p[0] : 0;
}

static inline uint16_t spn_reader_be16(struct spn_reader *reader)
{
    const uint8_t *p = spn_reader_take(reader, 2);

    return p ? spn_be16(p) : 0;
}

static inline uint32_t spn_reader_be24(struct spn_reader *reader)
{
    const uint8_t *p = spn_reader_take(reader, 3);

    return p ? spn_be24(p) : 0;
}

static inline uint32_t spn_reader_be32(struct spn_reader *reader)
{
    const uint8_t *p = spn_reader_take(reader, 4);

    return p ? spn_be32(p) : 0;
}

static inline uint64_t spn_reader_be64(struct spn_reader *reader)
{
    const uint8_t *p = spn_reader_take(reader, 8);

    return p ? spn_be64(p) : 0;
}

static inline uint32_t spn_reader_le32(struct spn_reader *reader)
{
    const uint8_t *p = spn_reader_take(reader, 4);

    return p ? spn_le32(p) : 0;
}

static inline uint64_t spn_reader_le64(struct spn_reader *reader)
{
    const uint8_t *p = spn_reader_take(reader, 8);

    return p ? spn_le64(p) : 0;
}

#endif

/*
 * bits.h - bits and Exp-Golomb numbers, most significant first, out of bytes it does not own.
 *
 * Reading past the end sets failed and gives zeros, so a parser may read on and ask once.
 */
#ifndef TRACK_BITS_H
#define TRACK_BITS_H

#include <stddef.h>
#include <stdint.h>

struct spn_bits {
    const uint8_t *data;
    size_t count; /* bits there are */
    size_t at;    /* bits read */
    int failed;
};

static inline struct spn_bits spn_bits_of(const uint8_t *data, size_t size)
{
    struct spn_bits bits = { data, size * 8, 0, 0 };

    return bits;
}

/* The next n bits, n <= 32. */
static inline uint32_t spn_bits_get(struct spn_bits *bits, unsigned n)
{
    uint32_t value = 0;

    if (n > bits->count - bits->at) {
        bits->failed = 1;
        bits->at = bits->count;
        return 0;
    }
    for (; n; n--, bits->at++)
        value = value << 1 | ((uint32_t)bits->data[bits->at / 8] >> (7 - bits->at % 8) & 1u);
    return value;
}

static inline void spn_bits_skip(struct spn_bits *bits, size_t n)
{
    if (n > bits->count - bits->at) {
        bits->failed = 1;
        bits->at = bits->count;
        return;
    }
    bits->at += n;
}

/* ue(v) of ITU-T H.264 9.1; a code of more than 31 leading zeros is a failure. */
static inline uint32_t spn_bits_ue(struct spn_bits *bits)
{
    unsigned zeros = 0;

    while (!bits->failed && spn_bits_get(bits, 1) == 0)
        if (++zeros > 31) {
            bits->failed = 1;
            return 0;
        }
    return bits->failed ? 0 : (1u << zeros) - 1 + spn_bits_get(bits, zeros);
}

#endif

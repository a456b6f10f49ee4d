/*
 * spell.h - numbers and words written one after the other, for answers made on every request.
 *
 * Each function writes at a place where there is room, which its caller reserved, and returns where
 * it ended.
 */
#ifndef SAMPAN_MANIFEST_SPELL_H
#define SAMPAN_MANIFEST_SPELL_H

#include <stdint.h>
#include <string.h>

/* A string literal. */
#define SPELL(at, literal) spell_bytes(at, literal, sizeof(literal) - 1)

static inline char *spell_bytes(char *at, const char *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

static inline char *spell_number(char *at, uint64_t value)
{
    char digits[20];
    size_t first = sizeof(digits);

    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return spell_bytes(at, digits + first, sizeof(digits) - first);
}

/* Seconds with six decimals, at most 27 characters. */
static inline char *spell_microseconds(char *at, uint64_t us)
{
    uint32_t rest = (uint32_t)(us % 1000000);

    at = spell_number(at, us / 1000000);
    at[0] = '.';
    for (int i = 6; i > 0; i--) {
        at[i] = (char)('0' + rest % 10);
        rest /= 10;
    }
    return at + 7;
}

/* Ticks as microseconds, the nearest: differences of these add up to the whole. */
static inline uint64_t spell_us(uint64_t ticks, uint32_t timescale)
{
    return (ticks * 1000000 + timescale / 2) / timescale;
}

#endif

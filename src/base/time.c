/* time.c - frames, ticks and rates, exactly. */
#include "sampan/time.h"

#include "sampan/error.h"

int spn_rescale(int64_t value, int64_t num, int64_t den, enum spn_rounding rounding, int64_t *out)
{
    __int128 product, divisor, quotient, rest;

    if (num < 0 || den <= 0)
        return SPN_ERANGE;
    product = (__int128)value * num;
    divisor = den;
    if (rounding == SPN_NEAREST) { /* floor(p / d + 1 / 2) */
        product = 2 * product + divisor;
        divisor *= 2;
    }
    quotient = product / divisor;
    rest = product % divisor;
    if (rest < 0)
        quotient--;
    if (rounding == SPN_CEIL && rest != 0)
        quotient++;
    if (quotient > INT64_MAX || quotient < INT64_MIN)
        return SPN_ERANGE;
    *out = (int64_t)quotient;
    return SPN_OK;
}

struct spn_rate spn_rate_reduce(uint64_t num, uint64_t den)
{
    uint64_t a = num, b = den;
    struct spn_rate rate = { 0, 0 };

    if (num == 0 || den == 0)
        return rate;
    while (b) {
        uint64_t t = a % b;

        a = b;
        b = t;
    }
    num /= a;
    den /= a;
    if (num > UINT32_MAX || den > UINT32_MAX)
        return rate;
    rate.num = (uint32_t)num;
    rate.den = (uint32_t)den;
    return rate;
}

int spn_rate_equal(struct spn_rate a, struct spn_rate b)
{
    return (uint64_t)a.num * b.den == (uint64_t)b.num * a.den;
}

uint32_t spn_rate_gop(struct spn_rate rate)
{
    return (uint32_t)((2 * (uint64_t)rate.num + rate.den - 1) / rate.den);
}

int64_t spn_audio_frame_at(int64_t frame, struct spn_rate rate, uint32_t sample_rate)
{
    int64_t at = 0;

    /* frame * den / num seconds, times sample_rate / 1024 */
    (void)spn_rescale(frame, (int64_t)rate.den * sample_rate, (int64_t)rate.num * SPN_AAC_FRAME,
                      SPN_NEAREST, &at);
    return at;
}

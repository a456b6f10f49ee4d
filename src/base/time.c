/* time.c - frames, ticks and rates, exactly. */
#include "sampan/time.h"

#include <stdlib.h>
#include <string.h>

#include "sampan/error.h"

#define DECIMALS 6 /* digits behind the point of a rate that count */

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

struct spn_rate spn_rate_snap(uint32_t num, uint32_t den)
{
    static const struct spn_rate rates[] = {
        { 24000, 1001 }, { 24, 1 }, { 25, 1 }, { 30000, 1001 }, { 30, 1 },
        { 48000, 1001 }, { 48, 1 }, { 50, 1 }, { 60000, 1001 }, { 60, 1 },
    };

    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        /* |num / den - rate| < num / den / 2000, times both denominators: 32 + 17 + 11 bits */
        int64_t apart = (int64_t)num * rates[i].den - (int64_t)rates[i].num * den;

        if (llabs(apart) * 2000 < (int64_t)num * rates[i].den)
            return rates[i];
    }
    if (den && num && num % den == 0 && num / den <= SPN_RATE_MAX)
        return (struct spn_rate){ num / den, 1 };
    return (struct spn_rate){ 0, 0 };
}

/* WHOLE.DIGITS */
static struct spn_rate rate_of_decimal(const char *text)
{
    char *end;
    unsigned long whole = strtoul(text, &end, 10), one = 1;

    if (*end != '.' || whole > SPN_RATE_MAX || strlen(end + 1) != strspn(end + 1, "0123456789"))
        return (struct spn_rate){ 0, 0 };
    for (int i = 0; i < DECIMALS; i++) {
        one *= 10;
        whole = whole * 10 + (end[1] ? (unsigned long)(*++end - '0') : 0);
    }
    return spn_rate_snap((uint32_t)whole, (uint32_t)one);
}

int spn_rate_parse(const char *text, struct spn_rate *out, struct spn_error *err)
{
    unsigned long num, den = 1;
    char *end = NULL;

    *out = (struct spn_rate){ 0, 0 };
    if (text[0] >= '0' && text[0] <= '9') {
        num = strtoul(text, &end, 10);
        if (end[0] == '/' && end[1] >= '0' && end[1] <= '9')
            den = strtoul(end + 1, &end, 10);
        if (*end == '\0' && num <= UINT32_MAX && den <= UINT32_MAX)
            *out = spn_rate_reduce(num, den);
        else if (*end == '.')
            *out = rate_of_decimal(text);
    }
    if (out->num == 0 || (uint64_t)out->num > (uint64_t)SPN_RATE_MAX * out->den)
        return spn_error_set(err, SPN_EINVAL,
                             "\"%.40s\" is no rate: write frames a second like 25, 24000/1001 or "
                             "23.976, at most %d",
                             text, SPN_RATE_MAX);
    return SPN_OK;
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

/* timecode.c - frame numbers as timecode and back, never through seconds. */
#include "sampan/timecode.h"

#include <inttypes.h>
#include <stdio.h>

/* Numbers left out at a minute: two at 30, four at 60. */
static uint32_t dropped(struct spn_timecode_rate rate)
{
    return rate.drop ? rate.nominal / 15 : 0;
}

int spn_timecode_rate(struct spn_rate rate, int drop, struct spn_timecode_rate *out,
                      struct spn_error *err)
{
    uint32_t nominal = (rate.num + rate.den - 1) / (rate.den ? rate.den : 1);

    if (rate.den != 1 && rate.den != 1001)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "there is no timecode at %" PRIu32 "/%" PRIu32 " frames a second",
                             rate.num, rate.den);
    if (drop && !(rate.den == 1001 && (nominal == 30 || nominal == 60)))
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "drop-frame timecode exists at 30000/1001 and 60000/1001 frames a "
                             "second only, not at %" PRIu32 "/%" PRIu32,
                             rate.num, rate.den);
    out->nominal = nominal;
    out->drop = drop;
    return SPN_OK;
}

/* Two digits, or for hours up to three; the count of characters read, 0 for none. */
static size_t field_read(const char *text, size_t length, size_t most, uint32_t *out)
{
    size_t n = 0;

    *out = 0;
    while (n < length && n < most && text[n] >= '0' && text[n] <= '9')
        *out = *out * 10 + (uint32_t)(text[n++] - '0');
    return n;
}

int spn_timecode_parse(const char *text, size_t length, struct spn_rate rate, int64_t *frame,
                       int *drop, struct spn_error *err)
{
    struct spn_timecode_rate counting = { 0, 0 };
    uint32_t part[4] = { 0 };
    char separator = ':';
    size_t at = 0;
    int ret;

    for (int i = 0; i < 4; i++) {
        size_t n = field_read(text + at, length - at, i == 0 ? 3 : 2, &part[i]);

        at += n;
        if (n < (i == 0 ? 1u : 2u) || (i == 3 && at != length))
            goto malformed;
        if (i == 3)
            break;
        if (at == length)
            goto malformed;
        separator = text[at++];
        if (separator != ':' && separator != ';' && separator != '.')
            goto malformed;
    }
    if ((ret = spn_timecode_rate(rate, separator != ':', &counting, err)) < 0)
        return ret;
    if (part[1] > 59 || part[2] > 59 || part[3] >= counting.nominal)
        return spn_error_set(err, SPN_EFORMAT,
                             "%.*s is no timecode at %" PRIu32 "/%" PRIu32 " frames a second",
                             (int)length, text, rate.num, rate.den);
    if (counting.drop && part[2] == 0 && part[1] % 10 != 0 && part[3] < dropped(counting))
        return spn_error_set(err, SPN_EFORMAT, "%.*s is a number that drop frame leaves out",
                             (int)length, text);
    {
        int64_t minutes = (int64_t)part[0] * 60 + part[1];

        *frame = (minutes * 60 + part[2]) * counting.nominal + part[3] -
                 (int64_t)dropped(counting) * (minutes - minutes / 10);
    }
    *drop = counting.drop;
    return SPN_OK;

malformed:
    return spn_error_set(err, SPN_EFORMAT, "\"%.*s\" is no timecode: HH:MM:SS:FF is",
                         length > 40 ? 40 : (int)length, text);
}

void spn_timecode_format(int64_t frame, struct spn_timecode_rate rate, char out[SPN_TIMECODE_MAX])
{
    int64_t n = rate.nominal, lost = dropped(rate);

    if (lost) {
        int64_t ten = 600 * n - 9 * lost, minute = 60 * n - lost;
        int64_t tens = frame / ten, rest = frame % ten;

        /* the first minute of ten is whole, the other nine are short */
        frame += tens * 9 * lost;
        if (rest >= 60 * n)
            frame += lost * (1 + (rest - 60 * n) / minute);
    }
    (void)snprintf(out, SPN_TIMECODE_MAX, "%02" PRId64 ":%02d:%02d%c%02d", frame / n / 3600,
                   (int)(frame / n / 60 % 60), (int)(frame / n % 60), rate.drop ? ';' : ':',
                   (int)(frame % n));
}

/* time_test.c - frames, ticks and rates. */
#include "rows.h"

#include "sampan/error.h"
#include "sampan/time.h"

static const struct gop_row {
    const char *name;
    struct spn_rate rate;
    uint32_t want;
} gops[] = {
    { "a GOP at 24000/1001 is 48 frames", { 24000, 1001 }, 48 },
    { "a GOP at 24 is 48 frames", { 24, 1 }, 48 },
    { "a GOP at 25 is 50 frames", { 25, 1 }, 50 },
    { "a GOP at 30000/1001 is 60 frames", { 30000, 1001 }, 60 },
    { "a GOP at 30 is 60 frames", { 30, 1 }, 60 },
    { "a GOP at 48 is 96 frames", { 48, 1 }, 96 },
    { "a GOP at 50 is 100 frames", { 50, 1 }, 100 },
    { "a GOP at 60000/1001 is 120 frames", { 60000, 1001 }, 120 },
    { "a GOP at 60 is 120 frames", { 60, 1 }, 120 },
    { "a GOP at 15 is 30 frames", { 15, 1 }, 30 },
    { "a GOP at 12.5 is 25 frames", { 25, 2 }, 25 },
    { "a GOP at one frame in ten seconds is one frame", { 1, 10 }, 1 },
};

static void gop(void **state)
{
    const struct gop_row *row = *state;

    assert_int_equal(spn_rate_gop(row->rate), row->want);
}

static const struct reduce_row {
    const char *name;
    uint64_t num, den;
    struct spn_rate want;
} reductions[] = {
    { "50/2 is 25", 50, 2, { 25, 1 } },
    { "48000/2002 is 24000/1001", 48000, 2002, { 24000, 1001 } },
    { "a rate with a zero above is 0/0", 0, 5, { 0, 0 } },
    { "a rate with a zero below is 0/0", 5, 0, { 0, 0 } },
    { "a rate that does not fit is 0/0", UINT64_MAX, 2, { 0, 0 } },
    { "a large rate that reduces fits", UINT64_MAX, UINT64_MAX, { 1, 1 } },
};

static void reduce(void **state)
{
    const struct reduce_row *row = *state;
    struct spn_rate rate = spn_rate_reduce(row->num, row->den);

    assert_int_equal(rate.num, row->want.num);
    assert_int_equal(rate.den, row->want.den);
}

static const struct rescale_row {
    const char *name;
    int64_t value, num, den;
    enum spn_rounding rounding;
    int ret;
    int64_t want;
} rescales[] = {
    { "a third goes down", 1, 1, 3, SPN_FLOOR, SPN_OK, 0 },
    { "a third goes up", 1, 1, 3, SPN_CEIL, SPN_OK, 1 },
    { "a half goes up to the nearest", 1, 1, 2, SPN_NEAREST, SPN_OK, 1 },
    { "minus a half goes up to zero", -1, 1, 2, SPN_NEAREST, SPN_OK, 0 },
    { "minus a third floors to minus one", -1, 1, 3, SPN_FLOOR, SPN_OK, -1 },
    { "minus a third ceils to zero", -1, 1, 3, SPN_CEIL, SPN_OK, 0 },
    { "the largest number survives one to one", INT64_MAX, 7, 7, SPN_NEAREST, SPN_OK, INT64_MAX },
    { "the smallest number survives one to one", INT64_MIN, 7, 7, SPN_NEAREST, SPN_OK, INT64_MIN },
    { "twice the largest does not fit", INT64_MAX, 2, 1, SPN_FLOOR, SPN_ERANGE, 0 },
    { "the product may be wider than 64 bits", INT64_MAX, INT64_MAX, INT64_MAX, SPN_FLOOR, SPN_OK,
      INT64_MAX },
    { "a negative numerator is refused", 1, -1, 1, SPN_FLOOR, SPN_ERANGE, 0 },
    { "a zero denominator is refused", 1, 1, 0, SPN_FLOOR, SPN_ERANGE, 0 },
};

static void rescale(void **state)
{
    const struct rescale_row *row = *state;
    int64_t out = 0;

    assert_int_equal(spn_rescale(row->value, row->num, row->den, row->rounding, &out), row->ret);
    assert_int_equal(out, row->want);
}

/* The product as two 64-bit words and the quotient bit by bit: shares nothing with the code. */
static int slow_rescale(int64_t value, int64_t num, int64_t den, enum spn_rounding rounding,
                        int64_t *out)
{
    uint64_t a = value < 0 ? 0 - (uint64_t)value : (uint64_t)value, b = (uint64_t)num;
    uint64_t high = 0, low = 0, rest = 0, q_high = 0, q_low = 0, d = (uint64_t)den;
    int up;

    for (int i = 63; i >= 0; i--) { /* schoolbook product */
        high = high << 1 | low >> 63;
        low <<= 1;
        if (b >> i & 1) {
            low += a;
            high += low < a;
        }
    }
    for (int i = 127; i >= 0; i--) { /* schoolbook division; rest < den < 2^63 */
        uint64_t bit = i >= 64 ? high >> (i - 64) & 1 : low >> i & 1;

        rest = rest << 1 | bit;
        q_high = q_high << 1 | q_low >> 63;
        q_low <<= 1;
        if (rest >= d) {
            rest -= d;
            q_low |= 1;
        }
    }
    if (value >= 0)
        up = rounding == SPN_CEIL ? rest != 0 : rounding == SPN_NEAREST ? rest >= d - rest : 0;
    else /* of the absolute value */
        up = rounding == SPN_FLOOR ? rest != 0 : rounding == SPN_NEAREST ? rest > d - rest : 0;
    if (up && ++q_low == 0)
        q_high++;
    if (q_high || q_low > (uint64_t)INT64_MAX + (value < 0))
        return SPN_ERANGE;
    *out = value < 0 ? (int64_t)(0 - q_low) : (int64_t)q_low;
    return SPN_OK;
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void rescale_model(void **state)
{
    uint64_t seed = 0x9E3779B97F4A7C15u;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        int64_t value = (int64_t)(next_random(&seed) >> (next_random(&seed) % 64));
        int64_t num = (int64_t)(next_random(&seed) >> (1 + next_random(&seed) % 63));
        int64_t den = (int64_t)(next_random(&seed) >> (1 + next_random(&seed) % 63));
        enum spn_rounding rounding = (enum spn_rounding)(i % 3);
        int64_t got = 0, want = 0;

        if (next_random(&seed) & 1)
            value = (int64_t)(0 - (uint64_t)value);
        if (den == 0)
            den = 1;
        assert_int_equal(spn_rescale(value, num, den, rounding, &got),
                         slow_rescale(value, num, den, rounding, &want));
        assert_int_equal(got, want);
    }
}

/* The AAC frame is the one whose start is at most half a frame away, halves to the later. */
static void audio_nearest(void **state)
{
    static const struct spn_rate rates[] = {
        { 24000, 1001 }, { 25, 1 }, { 30000, 1001 }, { 60, 1 }
    };
    static const uint32_t sample_rates[] = { 44100, 48000 };

    (void)state;
    for (size_t r = 0; r < 4; r++)
        for (size_t s = 0; s < 2; s++)
            for (int64_t frame = 0; frame < 2000; frame++) {
                int64_t n = spn_audio_frame_at(frame, rates[r], sample_rates[s]);
                /* both times in units of 1 / (num * sample_rate) seconds */
                int64_t video = frame * rates[r].den * sample_rates[s];
                int64_t audio = n * SPN_AAC_FRAME * (int64_t)rates[r].num;
                int64_t half = SPN_AAC_FRAME * (int64_t)rates[r].num / 2;

                assert_true(video - audio < half && audio - video <= half);
            }
}

static void rates_equal(void **state)
{
    (void)state;
    assert_true(spn_rate_equal((struct spn_rate){ 50, 2 }, (struct spn_rate){ 25, 1 }));
    assert_false(spn_rate_equal((struct spn_rate){ 24000, 1001 }, (struct spn_rate){ 24, 1 }));
}

static const struct parse_row {
    const char *name;
    const char *text;
    struct spn_rate want; /* 0/0: refused */
} parses[] = {
    { "a rate may be a whole number", "25", { 25, 1 } },
    { "a rate may be a fraction", "24000/1001", { 24000, 1001 } },
    { "a fraction is reduced", "50/2", { 25, 1 } },
    { "a rate below one is a rate", "1/10", { 1, 10 } },
    { "23.976 means 24000/1001", "23.976", { 24000, 1001 } },
    { "23.98 means 24000/1001", "23.98", { 24000, 1001 } },
    { "23.976023976023 means 24000/1001", "23.976023976023", { 24000, 1001 } },
    { "29.97 means 30000/1001", "29.97", { 30000, 1001 } },
    { "59.94 means 60000/1001", "59.94", { 60000, 1001 } },
    { "25.0 means 25", "25.0", { 25, 1 } },
    { "15.0 means 15", "15.0", { 15, 1 } },
    { "23.9 means nothing", "23.9", { 0, 0 } },
    { "60 is a rate", "60", { 60, 1 } },
    { "61 is too fast", "61", { 0, 0 } },
    { "60001/1000 is too fast", "60001/1000", { 0, 0 } },
    { "nothing is no rate", "", { 0, 0 } },
    { "zero is no rate", "0", { 0, 0 } },
    { "a fraction of zero is no rate", "25/0", { 0, 0 } },
    { "a fraction needs what is below", "25/", { 0, 0 } },
    { "a sign is no rate", "-25", { 0, 0 } },
    { "a sign below is no rate", "25/-1", { 0, 0 } },
    { "a space is no rate", " 25", { 0, 0 } },
    { "what follows is no rate", "25 fps", { 0, 0 } },
    { "two points are no rate", "23.9.76", { 0, 0 } },
    { "numbers that overflow are no rate", "99999999999999999999/99999999999999999999", { 0, 0 } },
    { "4294967297/4294967297 is not 1", "4294967297/4294967297", { 0, 0 } },
};

static void parse(void **state)
{
    const struct parse_row *row = *state;
    struct spn_error err = { 0 };
    struct spn_rate rate;
    int ret = spn_rate_parse(row->text, &rate, &err);

    assert_int_equal(ret, row->want.num ? SPN_OK : SPN_EINVAL);
    if (ret == SPN_OK) {
        assert_int_equal(rate.num, row->want.num);
        assert_int_equal(rate.den, row->want.den);
    } else {
        assert_non_null(strstr(err.text, "is no rate"));
    }
}

int main(void)
{
    static struct rows rows;

    rows_add_table(&rows, parses, parse);

    rows_add_table(&rows, gops, gop);
    rows_add_table(&rows, reductions, reduce);
    rows_add_table(&rows, rescales, rescale);
    rows_add(&rows, "rescale agrees with schoolbook arithmetic", rescale_model, NULL);
    rows_add(&rows, "the audio frame is the nearest one", audio_nearest, NULL);
    rows_add(&rows, "rates are equal as numbers", rates_equal, NULL);
    return rows_run(&rows, "time");
}

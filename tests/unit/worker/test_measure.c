/* Bandwidths as RFC 8216 section 4.1 defines them, by examples that can be counted by hand. */
#include "measure.h"
#include "rows.h"

/* A timescale of 1: ticks are seconds, and a rate is bytes times eight over seconds. */
static const struct row {
    const char *name;
    struct segment_size segments[8];
    size_t count;
    int64_t target, peak, average;
} table[] = {
    { "one segment is peak and average", { { 1000, 4 } }, 1, 4, 2000, 2000 },
    { "the largest segment is the peak",
      { { 1000, 4 }, { 3000, 4 }, { 1000, 4 } },
      3,
      4,
      6000,
      3334 },
    { "rates are rounded up", { { 1, 3 } }, 1, 3, 3, 3 },
    { "a short last segment alone is no peak", { { 1000, 4 }, { 1000, 1 } }, 2, 4, 3200, 3200 },
    { "a last one of half the target is", { { 1000, 4 }, { 1000, 2 } }, 2, 4, 4000, 2667 },
    { "a run of more than 1.5 targets is not looked at",
      { { 1000, 4 }, { 2000, 4 } },
      2,
      4,
      4000,
      3000 },
    { "a title shorter than half a target has its average", { { 1000, 1 } }, 1, 4, 8000, 8000 },
    { "large files do not overflow",
      { { INT64_C(1) << 50, 4 } },
      1,
      4,
      INT64_C(1) << 51,
      INT64_C(1) << 51 },
};

static void measured(void **state)
{
    const struct row *row = *state;
    struct bandwidth out;

    bandwidth_of(row->segments, row->count, row->target, 1, &out);
    assert_int_equal(out.peak, row->peak);
    assert_int_equal(out.average, row->average);
}

/* Whether the peak says anything: a film of three frames is mostly its first picture. */
static void sustained(void **state)
{
    static const struct segment_size half = { 1000, 2 }, less = { 1000, 1 };
    struct bandwidth out;

    (void)state;
    bandwidth_of(&half, 1, 4, 1, &out);
    assert_int_equal(out.sustained, 1);
    bandwidth_of(&less, 1, 4, 1, &out);
    assert_int_equal(out.sustained, 0);
}

int main(void)
{
    struct rows rows = { 0 };

    rows_add_table(&rows, table, measured);
    rows_add(&rows, "a title shorter than half a target has no peak to be held to", sustained,
             NULL);
    return rows_run(&rows, "measure");
}

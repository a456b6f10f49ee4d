#include "grid.h"

#include <stdlib.h>

__extension__ typedef __int128 wide;

#define DELTAS 4096 /* differences of times looked at for the usual one */

/* What a variable rate becomes. */
static const struct spn_rate usual[] = {
    { 24000, 1001 }, { 24, 1 }, { 25, 1 },       { 30000, 1001 }, { 30, 1 },
    { 48, 1 },       { 50, 1 }, { 60000, 1001 }, { 60, 1 },
};
#define USUAL (sizeof usual / sizeof *usual)

/* Constant rates that are recognised where timestamps are rounded. */
static const struct spn_rate known[] = {
    { 24000, 1001 }, { 24, 1 },       { 25, 1 },       { 30000, 1001 }, { 30, 1 },
    { 48, 1 },       { 50, 1 },       { 60000, 1001 }, { 60, 1 },       { 15, 1 },
    { 15000, 1001 }, { 25, 2 },       { 12, 1 },       { 10, 1 },       { 20, 1 },
    { 12000, 1001 }, { 48000, 1001 }, { 40, 1 },       { 5, 1 },        { 1, 1 },
};
#define KNOWN (sizeof known / sizeof *known)

/* All that is asked of an index here. */
struct times {
    const struct index *index;
    int64_t num, den; /* seconds in a tick */
    int64_t first, last;
    int64_t delta; /* the usual one, ticks */
    uint32_t count;
};

static int64_t pts_of(const struct times *times, uint32_t i)
{
    struct index_frame frame;

    index_frame_at(times->index, i, &frame);
    return frame.pts;
}

int64_t grid_place(int64_t pts, int64_t start, int64_t time_num, int64_t time_den,
                   struct spn_rate rate)
{
    wide top = (wide)(pts - start) * time_num * rate.num * 2;
    wide frame = (wide)time_den * rate.den;
    wide n = top + frame - 1;

    n = n >= 0 ? n / (2 * frame) : -((2 * frame - 1 - n) / (2 * frame));
    return n > INT64_MAX / 4 ? INT64_MAX / 4 : n < INT64_MIN / 4 ? INT64_MIN / 4 : (int64_t)n;
}

static int allowed(struct spn_rate rate)
{
    return rate.num && rate.den && rate.num >= rate.den && rate.num <= 1000000 &&
           (uint64_t)rate.num <= (uint64_t)SPN_RATE_MAX * rate.den;
}

/*
 * How far the frames stray from their places, from the earliest to the latest, is at most two
 * roundings and never half a frame. holes: a place may be empty; else frame i has place i.
 */
static int fits(const struct times *times, struct spn_rate rate, int holes, int loose)
{
    wide tick = (wide)times->num * rate.num, frame = (wide)times->den * rate.den;
    wide limit = loose ? frame / 2 : 2 * GRID_TICKS * tick, off, low = 0, high = 0;
    int64_t place = 0, last = -1;
    uint32_t i;

    if (limit > frame / 2)
        limit = frame / 2;
    for (i = 0; i < times->count; i++) {
        int64_t pts = pts_of(times, i);

        place = holes ? grid_place(pts, times->first, times->num, times->den, rate) : i;
        if (place <= last)
            return 0;
        last = place;
        off = (wide)(pts - times->first) * tick - (wide)place * frame;
        if (off < low)
            low = off;
        if (off > high)
            high = off;
        if (high - low > limit)
            return 0;
    }
    return 1;
}

/* |a - b| against |c - b|, exactly enough: rates as millionths. */
static int64_t micro(struct spn_rate rate)
{
    return (int64_t)((uint64_t)rate.num * 1000000 / rate.den);
}

static int64_t apart(struct spn_rate rate, int64_t wanted)
{
    return llabs(micro(rate) - wanted);
}

/* Frames a second in millionths: n frames in that many ticks. */
static int64_t micro_rate(const struct times *times, int64_t n, int64_t ticks)
{
    wide rate;

    if (ticks <= 0)
        return 0;
    rate = (wide)n * times->den * 1000000 / ((wide)ticks * times->num);
    return rate > INT64_MAX / 4 ? INT64_MAX / 4 : (int64_t)rate;
}

static struct spn_rate rate_of_delta(const struct times *times, int64_t delta)
{
    struct spn_rate none = { 0, 0 };
    wide den = (wide)times->num * delta;

    return den > 0 && den < INT64_MAX ? spn_rate_reduce((uint64_t)times->den, (uint64_t)den) : none;
}

/* The known rate that fits and is nearest to wanted, or 0/0. near: only those within 2 % of it. */
static struct spn_rate best_known(const struct times *times, int64_t wanted, int near, int holes,
                                  int loose)
{
    struct spn_rate best = { 0, 0 };
    size_t i;

    for (i = 0; i < KNOWN; i++) {
        if (near && apart(known[i], wanted) > wanted / 50)
            continue;
        if (best.num && apart(known[i], wanted) >= apart(best, wanted))
            continue;
        if (fits(times, known[i], holes, loose))
            best = known[i];
    }
    return best;
}

static int is_known(struct spn_rate rate)
{
    size_t i;

    for (i = 0; i < KNOWN; i++)
        if (spn_rate_equal(known[i], rate))
            return 1;
    return 0;
}

/* A rate of its own, as n frames in d seconds with a small d. */
static struct spn_rate small_rate(const struct times *times, int64_t average)
{
    static const uint32_t dens[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 1001 };
    struct spn_rate rate = { 0, 0 };
    size_t i;

    for (i = 0; i < sizeof dens / sizeof *dens; i++) {
        rate = spn_rate_reduce((uint64_t)(average * dens[i] + 500000) / 1000000, dens[i]);
        if (allowed(rate) && fits(times, rate, 0, 0))
            return rate;
    }
    return (struct spn_rate){ 0, 0 };
}

static struct spn_rate constant_rate(const struct times *times, struct spn_rate declared,
                                     int pulldown)
{
    int64_t average = micro_rate(times, (int64_t)times->count - 1, times->last - times->first);
    struct spn_rate rate;

    if (is_known(declared) && fits(times, declared, 0, 0))
        return declared;
    rate = best_known(times, average, 0, 0, 0);
    if (rate.num)
        return rate;
    rate = rate_of_delta(times, times->delta);
    if (allowed(rate) && fits(times, rate, 0, 0))
        return rate;
    if (allowed(declared) && fits(times, declared, 0, 0))
        return declared;
    rate = small_rate(times, average);
    if (!rate.num && pulldown)
        rate = best_known(times, average, 1, 0, 1);
    return rate;
}

static struct spn_rate rate_with_holes(const struct times *times, struct spn_rate declared)
{
    int64_t wanted = micro_rate(times, 1, times->delta);
    struct spn_rate rate;

    if (is_known(declared) && apart(declared, wanted) <= wanted / 20 && fits(times, declared, 1, 0))
        return declared;
    rate = best_known(times, wanted, 1, 1, 0);
    if (rate.num)
        return rate;
    rate = rate_of_delta(times, times->delta);
    if (allowed(rate) && fits(times, rate, 1, 0))
        return rate;
    return (struct spn_rate){ 0, 0 };
}

static struct spn_rate nearest_usual(int64_t wanted)
{
    struct spn_rate best = usual[0];
    size_t i;

    for (i = 1; i < USUAL; i++)
        if (apart(usual[i], wanted) < apart(best, wanted))
            best = usual[i];
    return best;
}

/* For what is faster than 60: the fastest usual rate of which it is a multiple, else 60. */
static struct spn_rate divided(int64_t wanted)
{
    int64_t times;
    size_t i;

    for (i = USUAL; i-- > 0;) {
        times = (wanted + micro(usual[i]) / 2) / micro(usual[i]);
        if (micro(usual[i]) > 30000000 && llabs(times * micro(usual[i]) - wanted) <= wanted / 5000)
            return usual[i];
    }
    return (struct spn_rate){ 60, 1 };
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int64_t median_delta(const struct times *times)
{
    int64_t deltas[DELTAS];
    uint32_t step = times->count / DELTAS + 1, n = 0, i;

    for (i = 1; i < times->count && n < DELTAS; i += step)
        deltas[n++] = pts_of(times, i) - pts_of(times, i - 1);
    if (!n)
        return 0;
    qsort(deltas, n, sizeof *deltas, by_size);
    return deltas[n / 2];
}

/* One frame alone: as the file says, or as long as it lasts, or 25. */
static void choose_single(const struct times *times, struct spn_rate declared, struct grid *out)
{
    struct spn_rate own = rate_of_delta(times, index_end(times->index) - times->first);

    out->how = CONFORM_CONSTANT;
    out->rate = is_known(declared) ? declared : is_known(own) ? own : (struct spn_rate){ 25, 1 };
}

void grid_choose(const struct index *index, struct spn_rate declared, int pulldown,
                 struct grid *out)
{
    const struct index_stream *video = index_stream_of(index, index_video(index));
    struct times times = { .index = index, .num = video->time_num, .den = video->time_den };
    int64_t steady, average;

    times.count = index_frames(index);
    times.first = pts_of(&times, 0);
    times.last = pts_of(&times, times.count - 1);
    if (times.count == 1) {
        choose_single(&times, declared, out);
        return;
    }
    times.delta = median_delta(&times);
    out->how = CONFORM_CONSTANT;
    out->rate = constant_rate(&times, declared, pulldown);
    if (out->rate.num)
        return;
    out->how = CONFORM_HOLES;
    out->rate = rate_with_holes(&times, declared);
    if (out->rate.num)
        return;
    steady = micro_rate(&times, 1, times.delta);
    average = micro_rate(&times, (int64_t)times.count - 1, times.last - times.first);
    if (llabs(average - steady) <= steady / 50)
        steady = average; /* the clock's rounding hides 30000/1001 behind 30 */
    out->how = steady > (int64_t)SPN_RATE_MAX * 1010000 ? CONFORM_FAST : CONFORM_VARIABLE;
    out->rate = out->how == CONFORM_FAST ? divided(average > steady ? steady : average)
                                         : nearest_usual(steady);
    if (out->how == CONFORM_FAST && average < (int64_t)SPN_RATE_MAX * 1000000)
        out->rate = (struct spn_rate){ 60, 1 };
}

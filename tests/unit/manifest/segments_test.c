/* segments_test.c - borders, rates and touches against slow models of them. */
#include "rows.h"

#include "cue_text.h"
#include "invent.h"
#include "publication_index.h"
#include "segments.h"

/* ---- borders of video, by hand ---- */

static const struct video_row {
    const char *name;
    uint32_t durations[16]; /* of fragments; 0 ends them */
    uint64_t target;
    uint32_t borders[16]; /* fragment indices after 0; the count of fragments ends them */
} video_rows[] = {
    { "three GOPs make a segment", { 50, 50, 50, 50, 50, 50, 50 }, 150, { 3, 6, 7 } },
    { "a segment of exactly 1.25 targets is not too long", { 40, 10, 50, 1 }, 80, { 3, 4 } },
    { "one tick more than 1.25 targets is", { 40, 11, 50, 1 }, 80, { 2, 4 } },
    { "a segment is closed before its fifth fragment", { 1, 1, 1, 1, 1, 1 }, 150, { 4, 6 } },
    { "one fragment longer than the target is a segment", { 500, 500, 10 }, 150, { 1, 2, 3 } },
    { "a bridge before a whole GOP stays with it", { 50, 7, 50, 50, 50 }, 150, { 4, 5 } },
    { "one fragment is one segment", { 3 }, 150, { 1 } },
};

static void video_borders(void **state)
{
    const struct video_row *row = *state;
    struct spn_plan_fragment fragments[16] = { 0 };
    struct segments segments;
    uint32_t count = 0;

    for (; row->durations[count]; count++)
        fragments[count].duration = row->durations[count];
    assert_int_equal(spn_segments_of_video(fragments, count, row->target, &segments), SPN_OK);
    assert_int_equal(segments.first[0], 0);
    for (uint32_t i = 0; i < segments.count; i++)
        assert_int_equal(segments.first[i + 1], row->borders[i]);
    assert_int_equal(segments.first[segments.count], count);
    spn_segments_finish(&segments);
}

/* ---- borders of audio, against the sentence that defines them ---- */

static struct spn_plan_fragment video[400], audio[1200];

static uint64_t distance(uint64_t a, uint32_t a_scale, uint64_t b, uint32_t b_scale)
{
    uint64_t left = a * b_scale, right = b * a_scale;

    return left > right ? left - right : right - left;
}

/* Which border is nearest to ticks of video, the earlier of two; above `after`. */
static uint32_t nearest(uint64_t ticks, uint32_t video_scale, size_t count, uint32_t audio_scale,
                        uint32_t after)
{
    uint64_t best = UINT64_MAX, at = 0;
    uint32_t found = 0;

    for (uint32_t i = 0; i <= count; i++) {
        uint64_t d = distance(ticks, video_scale, at, audio_scale);

        if (i > after && d < best) {
            best = d;
            found = i;
        }
        if (i < count)
            at += audio[i].duration;
    }
    return found;
}

static void audio_borders(void **state)
{
    struct invented random = { .state = 20260101 };

    (void)state;
    for (int round = 0; round < 3000; round++) {
        static const uint32_t scales[] = { 24000, 25, 50, 30000, 60000, 24 };
        uint32_t video_scale = scales[invented_random(&random, 6)], audio_scale = 48000;
        uint32_t count = 1 + invented_random(&random, 60), n = 0, kind = (uint32_t)round % 3;
        uint32_t gop = 2 * video_scale + invented_random(&random, 3);
        uint64_t ticks = 0, heard = 0, sum = 0;
        struct segments lead, segments;

        for (uint32_t i = 0; i < count; i++) {
            video[i].duration = kind == 0 ? gop : 1 + invented_random(&random, gop);
            ticks += video[i].duration;
        }
        /* sound by the rule, or cut anywhere, shorter or longer than the picture */
        while (n < 1000 &&
               heard * video_scale <
                   ticks * audio_scale * (kind == 2 ? 1 + invented_random(&random, 2) : 1)) {
            audio[n].duration = kind == 0 ? SPN_AAC_FRAME * 94
                                          : SPN_AAC_FRAME * (1 + invented_random(&random, 120));
            heard += audio[n++].duration;
        }
        assert_int_equal(spn_segments_of_video(video, count, 3ull * gop, &lead), SPN_OK);
        assert_int_equal(
            spn_segments_of_audio(video, &lead, video_scale, audio, n, audio_scale, &segments),
            SPN_OK);
        assert_true(segments.count >= 1 && segments.count <= lead.count);
        assert_int_equal(segments.first[0], 0);
        assert_int_equal(segments.first[segments.count], n);
        ticks = 0;
        for (uint32_t i = 1, f = 0; i < lead.count; i++) {
            uint32_t want;

            while (f < lead.first[i])
                ticks += video[f++].duration;
            want = i <= segments.count
                       ? nearest(ticks, video_scale, n, audio_scale, segments.first[i - 1])
                       : 0;
            if (i <= segments.count)
                assert_int_equal(segments.first[i], want);
        }
        for (uint32_t i = 0; i < segments.count; i++) {
            assert_true(segments.first[i + 1] > segments.first[i]);
            for (uint32_t f = segments.first[i]; f < segments.first[i + 1]; f++)
                sum += audio[f].duration;
        }
        assert_int_equal(sum, heard);
        spn_segments_finish(&segments);
        spn_segments_finish(&lead);
    }
}

/* Sound made by the rule of the encode contract has as many segments as the picture, near it. */
static const struct rule_row {
    const char *name;
    struct spn_rate rate;
    uint32_t frames;
} rule_rows[] = {
    { "23.976: sound begins within half an AAC frame of the picture", { 24000, 1001 }, 100000 },
    { "25: sound begins within half an AAC frame of the picture", { 25, 1 }, 100001 },
    { "50: sound begins within half an AAC frame of the picture", { 50, 1 }, 99999 },
    { "29.97: sound begins within half an AAC frame of the picture", { 30000, 1001 }, 51234 },
    { "60: sound begins within half an AAC frame of the picture", { 60, 1 }, 77777 },
};

static void audio_near(void **state)
{
    const struct rule_row *row = *state;
    struct invent wish = {
        .rate = row->rate, .frames = row->frames, .videos = 1, .stereo = 1, .seed = 3
    };
    static struct invented invented;
    const struct spn_plan_rendition *v = &invented.renditions[0], *a = &invented.renditions[1];
    struct segments lead, segments;
    uint64_t seen = 0, heard = 0;

    invent(&wish, &invented);
    assert_int_equal(spn_segments_of_video(v->fragments, v->fragment_count,
                                           3ull * invented.plan.gop * row->rate.den, &lead),
                     SPN_OK);
    assert_int_equal(spn_segments_of_audio(v->fragments, &lead, row->rate.num, a->fragments,
                                           a->fragment_count, 48000, &segments),
                     SPN_OK);
    assert_int_equal(segments.count, lead.count);
    for (uint32_t i = 0; i + 1 < lead.count; i++) {
        for (uint32_t f = lead.first[i]; f < lead.first[i + 1]; f++)
            seen += v->fragments[f].duration;
        for (uint32_t f = segments.first[i]; f < segments.first[i + 1]; f++)
            heard += a->fragments[f].duration;
        assert_true(distance(seen, row->rate.num, heard, 48000) <= 512ull * row->rate.num);
    }
    spn_segments_finish(&segments);
    spn_segments_finish(&lead);
    invented_finish(&invented);
}

/* ---- rates ---- */

static struct load loads[64];

/* The definition of RFC 8216, every set of it. */
static uint64_t slow_peak(size_t count, uint32_t timescale, uint32_t target_s)
{
    uint64_t best = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t k = i; k < count; k++) {
            uint64_t bytes = 0, ticks = 0, rate;

            for (size_t j = i; j <= k; j++) {
                bytes += loads[j].bytes;
                ticks += loads[j].ticks;
            }
            if (2 * ticks < (uint64_t)target_s * timescale ||
                2 * ticks > 3 * (uint64_t)target_s * timescale)
                continue;
            rate = (bytes * 8 * timescale + ticks - 1) / ticks;
            best = rate > best ? rate : best;
        }
    return best;
}

/* With rate: do segments [i, k] arrive in the buffer and the time before k is played, for all i, k?
 */
static int slow_arrives(size_t count, uint32_t timescale, uint32_t buffer_ms, uint64_t rate)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = 0, ticks = 0;

        for (size_t k = i; k < count; k++) {
            bits += loads[k].bytes * 8;
            if (bits * timescale * 1000 > rate * ((uint64_t)buffer_ms * timescale + ticks * 1000))
                return 0;
            ticks += loads[k].ticks;
        }
    }
    return 1;
}

static void rates(void **state)
{
    struct invented random = { .state = 77 };

    (void)state;
    for (int round = 0; round < 2000; round++) {
        size_t count = 1 + invented_random(&random, 40);
        uint32_t timescale = round % 2 ? 25 : 1000, buffer_ms = 1 + invented_random(&random, 9000);
        uint64_t least, peak;

        for (size_t i = 0; i < count; i++) {
            loads[i].bytes = invented_random(&random, round % 5 ? 200000 : 20);
            loads[i].ticks = 1 + invented_random(&random, 8 * timescale);
        }
        peak = slow_peak(count, timescale, 6);
        if (peak)
            assert_int_equal(spn_load_peak(loads, count, timescale, 6), peak);
        else
            assert_int_equal(spn_load_peak(loads, count, timescale, 6),
                             spn_load_average(loads, count, timescale));
        least = spn_load_bandwidth(loads, count, timescale, buffer_ms);
        assert_true(slow_arrives(count, timescale, buffer_ms, least));
        assert_true(least == 1 || !slow_arrives(count, timescale, buffer_ms, least - 1));
    }
}

static void rates_by_hand(void **state)
{
    static const struct load three[] = { { 1000, 6 }, { 3000, 6 }, { 2000, 3 } };

    (void)state;
    /* 2000 bytes in 3 s are 5333.3 bits a second; both last are 40000 bits in 9 s */
    assert_int_equal(spn_load_peak(three, 3, 1, 6), 5334);
    assert_int_equal(spn_load_average(three, 3, 1), 3200);
    /* each within a buffer of 6 s: 24000 / 6; the last two: 40000 / 12; all: 48000 / 18 */
    assert_int_equal(spn_load_bandwidth(three, 3, 1, 6000), 4000);
    /* with 1 s it is the second that needs 24000 in 1 s */
    assert_int_equal(spn_load_bandwidth(three, 3, 1, 1000), 24000);
}

/* ---- cues ---- */

static void touches(void **state)
{
    struct invented random = { .state = 5 };

    (void)state;
    for (int round = 0; round < 1000; round++) {
        static struct spn_plan_cue cues[60];
        static uint64_t borders[40];
        size_t cue_count = invented_random(&random, 60);
        uint32_t segments = 1 + invented_random(&random, 38), timescale = round % 2 ? 24000 : 25;
        struct touches made;
        uint32_t at = 0;

        borders[0] = 0;
        for (uint32_t i = 0; i < segments; i++)
            borders[i + 1] = borders[i] + 1 + invented_random(&random, 8 * timescale);
        for (size_t i = 0; i < cue_count; i++) {
            cues[i].start_ms = (i ? cues[i - 1].start_ms : 0) + invented_random(&random, 6000);
            if (round % 3 == 0) /* on a border as often as not */
                cues[i].start_ms -= cues[i].start_ms % 40;
            cues[i].end_ms =
                cues[i].start_ms + 1 + invented_random(&random, round % 7 ? 4000 : 90000);
        }
        assert_int_equal(spn_touches_make(cues, cue_count, borders, segments, timescale, &made),
                         SPN_OK);
        for (uint32_t n = 0; n < segments; n++) {
            assert_int_equal(made.first[n], at);
            for (size_t i = 0; i < cue_count; i++)
                if ((uint64_t)cues[i].start_ms * timescale < borders[n + 1] * 1000 &&
                    (uint64_t)cues[i].end_ms * timescale > borders[n] * 1000)
                    assert_int_equal(made.cues[at++], i);
        }
        assert_int_equal(made.first[segments], at);
        assert_int_equal(made.count, at);
        spn_touches_finish(&made);
    }
}

static void touches_limit(void **state)
{
    static struct spn_plan_cue cues[2000];
    static uint64_t borders[3001];
    struct touches made;

    (void)state;
    for (size_t i = 0; i < 2000; i++)
        cues[i].end_ms = 100000000;
    for (uint64_t i = 0; i <= 3000; i++)
        borders[i] = i * 25;
    assert_int_equal(spn_touches_make(cues, 2000, borders, 3000, 25, &made), SPN_ELIMIT);
}

int main(void)
{
    static struct rows rows;

    rows_add_table(&rows, video_rows, video_borders);
    rows_add(&rows,
             "audio borders are the nearest ones, none is empty, nothing is lost: 3000 plans",
             audio_borders, NULL);
    rows_add_table(&rows, rule_rows, audio_near);
    rows_add(&rows, "peak and @bandwidth are what their definitions say: 2000 titles", rates, NULL);
    rows_add(&rows, "peak, average and @bandwidth of three segments", rates_by_hand, NULL);
    rows_add(&rows, "a cue stands in each segment it touches and in no other: 1000 texts", touches,
             NULL);
    rows_add(&rows, "more cues in more segments than the limit are refused", touches_limit, NULL);
    return rows_run(&rows, "segments");
}

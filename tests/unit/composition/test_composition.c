/*
 * Compositions against a slow, obviously right model: every frame, every packet and every
 * millisecond of thousands of random lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sampan/composition.h"

#define SAMPLE_RATE 48000
#define LISTS       3000

static uint64_t seed = 20240229;

static int64_t pick(int64_t from, int64_t to) /* [from, to) */
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return from + (int64_t)((seed >> 33) % (uint64_t)(to - from));
}

static const struct spn_rate rates[] = { { 24000, 1001 }, { 24, 1 }, { 25, 1 },
                                         { 30000, 1001 }, { 50, 1 }, { 60000, 1001 },
                                         { 25, 2 },       { 60, 1 } };
#define RATES (sizeof(rates) / sizeof(rates[0]))

struct list {
    struct spn_rate rate;
    struct spn_clip_asset assets[3];
    struct spn_clip clips[12];
    size_t count;
    struct spn_composition *composition;
};

/*
 * Short and long clips, repeats, GOP borders, first and last frames; in every third list an asset
 * or more is encoded whole, and of those every fourth is long.
 */
static void list_random(struct list *list)
{
    memset(list, 0, sizeof(*list));
    list->rate = rates[pick(0, RATES)];
    for (size_t a = 0; a < 3; a++) {
        list->assets[a].rate = list->rate;
        list->assets[a].frames = pick(1, 700);
        list->assets[a].name.bytes[0] = (uint8_t)a;
        list->assets[a].encode = pick(0, 9) == 0 ? (unsigned)pick(1, 4) : 0;
        if (list->assets[a].encode && pick(0, 4) == 0)
            list->assets[a].frames = pick(700, 9000);
    }
    list->count = (size_t)pick(1, 13);
    for (size_t i = 0; i < list->count; i++) {
        struct spn_clip *clip = &list->clips[i];
        int64_t gop = spn_rate_gop(list->rate), frames;

        clip->asset = (uint32_t)pick(0, 3);
        frames = list->assets[clip->asset].frames;
        clip->in = pick(0, frames);
        clip->out = pick(clip->in + 1, frames + 1);
        if (pick(0, 4) == 0)
            clip->in = clip->in / gop * gop;
        if (pick(0, 4) == 0)
            clip->out = frames;
        if (pick(0, 4) == 0)
            clip->out = clip->in + 1;
    }
    assert_int_equal(spn_composition_make(list->rate, list->assets, 3, list->clips, list->count,
                                          NULL, NULL, &list->composition, NULL),
                     SPN_OK);
}

static void picture_model(void **state)
{
    (void)state;
    for (int run = 0; run < LISTS; run++) {
        struct list list;
        const struct spn_composition *c;
        struct spn_span *spans;
        size_t count, clip = 0;
        int64_t at = 0, frame, bridged = 0, least = 0, gop;

        list_random(&list);
        c = list.composition;
        gop = c->gop;
        assert_int_equal(spn_picture_spans(c, &spans, &count, NULL), SPN_OK);
        for (size_t s = 0; s < count; s++) {
            assert_int_equal(spans[s].start, at);
            assert_true(spans[s].frames > 0);
            if (spans[s].kind == SPN_REFERENCE) {
                const struct spn_clip *own = &c->clips[spans[s].clip];
                int64_t frames = c->assets[own->asset].frames;
                int64_t end = (spans[s].gop + spans[s].gops) * gop;

                assert_false(c->assets[own->asset].encode & SPN_ENCODE_PICTURE);
                /* it shows just the asset's frames that the clip wants there */
                assert_int_equal(spans[s].gop * gop - own->in, at - c->start[spans[s].clip]);
                assert_int_equal(spans[s].frames,
                                 (end < frames ? end : frames) - spans[s].gop * gop);
                assert_true(spans[s].gop * gop >= own->in);
                assert_true(spans[s].gop * gop + spans[s].frames <= own->out);
            } else {
                int64_t sum = 0, shortest = INT64_MAX, longest = 0;

                assert_true(spans[s].fragments <= SPN_BRIDGE_FRAGMENTS);
                assert_true(c->start[spans[s].clip] <= spans[s].start &&
                            spans[s].start < c->start[spans[s].clip + 1]);
                /* two follow each other where one alone would be too long, and are as long */
                if (s > 0 && spans[s - 1].kind == SPN_BRIDGE)
                    assert_true(llabs(spans[s - 1].frames - spans[s].frames) <= 1 &&
                                spans[s - 1].frames + spans[s].frames > SPN_BRIDGE_FRAGMENTS * gop);
                for (uint32_t f = 0; f < spans[s].fragments; f++) {
                    int64_t first, length;

                    spn_bridge_fragment(spans[s].frames, spans[s].fragments, f, &first, &length);
                    assert_int_equal(first, sum);
                    sum += length;
                    shortest = length < shortest ? length : shortest;
                    longest = length > longest ? length : longest;
                }
                assert_int_equal(sum, spans[s].frames);
                assert_true(longest <= gop && longest - shortest <= 1 && shortest > 0);
                bridged += spans[s].frames;
            }
            at += spans[s].frames;
        }
        assert_int_equal(at, c->start[c->count]);
        /* frame by frame: the least that must be encoded are frames of GOPs that are not whole */
        for (clip = 0, at = 0; clip < c->count; clip++)
            for (frame = c->clips[clip].in; frame < c->clips[clip].out; frame++, at++) {
                struct spn_place place;
                int64_t first = frame / gop * gop, end = first + gop;
                int64_t frames = c->assets[c->clips[clip].asset].frames;

                end = end < frames ? end : frames;
                /* and one picture alone is no GOP that anything may follow: its idr_pic_id */
                least += first < c->clips[clip].in || end > c->clips[clip].out ||
                         (end - first == 1 && clip + 1 < c->count) ||
                         (c->assets[c->clips[clip].asset].encode & SPN_ENCODE_PICTURE);
                assert_int_equal(spn_composition_locate(c, at, &place, NULL), SPN_OK);
                assert_int_equal(place.clip, clip);
                assert_int_equal(place.frame, frame);
            }
        assert_int_equal(bridged, least);
        free(spans);
        spn_composition_free(list.composition);
    }
}

static void sound_model(void **state)
{
    (void)state;
    for (int run = 0; run < LISTS; run++) {
        struct list list;
        const struct spn_composition *c;
        struct spn_sound_clip *clips;
        struct spn_sound_span *spans;
        size_t count;
        int64_t at = 0;

        list_random(&list);
        c = list.composition;
        assert_int_equal(spn_sound_clips(c, SAMPLE_RATE, &clips, NULL), SPN_OK);
        assert_int_equal(spn_sound_spans(c, SAMPLE_RATE, clips, &spans, &count, NULL), SPN_OK);
        for (size_t i = 0; i < c->count; i++) {
            int exact = !!(c->assets[c->clips[i].asset].encode & SPN_ENCODE_SOUND);
            int64_t from, to;

            assert_true(llabs(clips[i].error_num) * (exact ? 2 : 1) <=
                        (exact ? 1 : 512) * clips[i].error_den);
            assert_true(exact || clips[i].samples == clips[i].shift * SPN_AAC_FRAME);
            assert_int_equal(clips[i].first, i == 0 ? 0 : clips[i - 1].end);
            spn_sound_copied(c, SAMPLE_RATE, clips, i, &from, &to);
            assert_true(from <= to && (!exact || from == to));
        }
        for (size_t s = 0; s < count; s++) {
            assert_int_equal(spans[s].first, at);
            assert_true(spans[s].slots > 0 && spans[s].fragments > 0);
            at += spans[s].slots;
            if (spans[s].kind == SPN_BRIDGE)
                continue;
            for (int64_t p = spans[s].first; p < at; p++) {
                const struct spn_clip *clip = &c->clips[spans[s].clip];
                /* what the slot's first sample should be, of the asset: exact, times rate.num */
                __int128 want =
                    (__int128)p * SPN_AAC_FRAME * c->rate.num +
                    (__int128)(clip->in - c->start[spans[s].clip]) * c->rate.den * SAMPLE_RATE;
                __int128 have =
                    (__int128)(p + clips[spans[s].clip].shift) * SPN_AAC_FRAME * c->rate.num;
                __int128 off = want > have ? want - have : have - want;

                assert_false(c->assets[clip->asset].encode & SPN_ENCODE_SOUND);
                assert_true(off <= (__int128)512 * c->rate.num);
                assert_true(spans[s].clip == 0 || p >= clips[spans[s].clip].first + 3);
                assert_true(spans[s].clip + 1 == c->count || p < clips[spans[s].clip].end - 3);
            }
            /* whole fragments of the asset, from its border on */
            assert_int_equal(spans[s].first + clips[spans[s].clip].shift,
                             spn_audio_frame_at(spans[s].fragment * c->gop, c->rate, SAMPLE_RATE));
        }
        assert_int_equal(at, spn_sound_slots(c, SAMPLE_RATE));
        assert_int_equal(clips[c->count - 1].end, at);
        free(clips);
        free(spans);
        spn_composition_free(list.composition);
    }
}

static __int128 size_of(__int128 value)
{
    return value < 0 ? -value : value;
}

/*
 * The error that is told, against exact rationals: of all whole packets, or samples where it is
 * encoded whole, that a clip's sound may be shifted by, tried one after the other, none is nearer
 * to its picture, and what is left is what is told. It is at most half a packet, of the last join
 * as of the first, since no other clip is in it.
 */
static void error_model(void **state)
{
    (void)state;
    for (int run = 0; run < LISTS / 5; run++) {
        struct list list;
        const struct spn_composition *c;
        struct spn_sound_clip *clips;
        int64_t frame = 0;

        list_random(&list);
        c = list.composition;
        assert_int_equal(spn_sound_clips(c, SAMPLE_RATE, &clips, NULL), SPN_OK);
        for (size_t i = 0; i < c->count; i++) {
            /* in samples times rate.num: where the clip's first picture is in its asset, and here
             */
            __int128 asset = (__int128)c->clips[i].in * c->rate.den * SAMPLE_RATE;
            __int128 here = (__int128)frame * c->rate.den * SAMPLE_RATE;
            /* and what it may be shifted by: packets, or samples where it is encoded whole */
            int exact = !!(c->assets[c->clips[i].asset].encode & SPN_ENCODE_SOUND);
            __int128 packet = (__int128)(exact ? 1 : SPN_AAC_FRAME) * c->rate.num;
            __int128 late = asset - here;

            if (exact) /* the whole seconds of it at once: a sample is little to step by */
                late %= (__int128)SAMPLE_RATE * c->rate.num;
            while (size_of(late - packet) < size_of(late))
                late -= packet;
            while (size_of(late + packet) < size_of(late))
                late += packet;
            assert_true(size_of(late) * 2 <= packet);
            assert_true((__int128)clips[i].error_num * c->rate.num == late * clips[i].error_den ||
                        size_of(late) * 2 == packet); /* just between two, either is right */
            assert_true(size_of((__int128)clips[i].error_num * c->rate.num) ==
                        size_of(late) * clips[i].error_den);
            frame += c->clips[i].out - c->clips[i].in;
        }
        free(clips);
        spn_composition_free(list.composition);
    }
}

/*
 * Where all of the sound is encoded anew, it is one bridge from the first slot to the last, and no
 * clip is more than half a sample from its picture, however many come before it.
 */
static void exact_model(void **state)
{
    (void)state;
    for (int run = 0; run < LISTS; run++) {
        struct list list;
        struct spn_clip_asset assets[3];
        struct spn_composition c;
        struct spn_sound_clip *clips;
        struct spn_sound_span *spans;
        size_t count;
        int64_t sum = 0, first, length;

        list_random(&list);
        c = *list.composition;
        memcpy(assets, list.assets, sizeof(assets));
        for (size_t a = 0; a < 3; a++)
            assets[a].encode |= SPN_ENCODE_SOUND;
        c.assets = assets;
        assert_int_equal(spn_sound_clips(&c, SAMPLE_RATE, &clips, NULL), SPN_OK);
        assert_int_equal(spn_sound_spans(&c, SAMPLE_RATE, clips, &spans, &count, NULL), SPN_OK);
        for (size_t i = 0; i < c.count; i++)
            assert_true(2 * llabs(clips[i].error_num) <= clips[i].error_den);
        assert_int_equal(count, spn_sound_slots(&c, SAMPLE_RATE) > 0);
        for (size_t s = 0; s < count; s++) {
            assert_int_equal(spans[s].kind, SPN_BRIDGE);
            assert_int_equal(spans[s].first, 0);
            assert_int_equal(spans[s].slots, spn_sound_slots(&c, SAMPLE_RATE));
            for (uint32_t f = 0; f < spans[s].fragments; f++) {
                spn_bridge_fragment(spans[s].slots, (uint32_t)spans[s].fragments, f, &first,
                                    &length);
                assert_int_equal(first, sum);
                assert_true(length > 0 &&
                            length <= spn_audio_frame_at(c.gop, c.rate, SAMPLE_RATE) + 1);
                sum += length;
            }
        }
        assert_int_equal(sum, spn_sound_slots(&c, SAMPLE_RATE));
        free(clips);
        free(spans);
        spn_composition_free(list.composition);
    }
}

/* Which of the texts "0" … "3" are shown at num / den milliseconds, as bits. */
static unsigned shown(const struct spn_source_cue *cues, size_t count, __int128 num, __int128 den)
{
    unsigned bits = 0;

    for (size_t k = 0; k < count; k++)
        if ((__int128)cues[k].start_ms * den <= num && num < (__int128)cues[k].end_ms * den)
            bits |= 1u << (cues[k].text[0] - '0');
    return bits;
}

static void text_model(void **state)
{
    static const char *const texts[] = { "0", "1", "2", "3" };

    (void)state;
    for (int run = 0; run < LISTS / 10; run++) {
        struct list list;
        const struct spn_composition *c;
        struct spn_source_cue cues[3][20];
        const struct spn_source_cue *lists[3];
        size_t counts[3], count;
        struct spn_cut_cue *cut;

        list_random(&list);
        c = list.composition;
        for (size_t a = 0; a < 3; a++) {
            int64_t at = 0;

            counts[a] = (size_t)pick(0, 20);
            lists[a] = cues[a];
            for (size_t k = 0; k < counts[a]; k++) {
                at += pick(0, 900);
                cues[a][k] =
                    (struct spn_source_cue){ at, at + pick(1, 3000), "", texts[pick(0, 4)] };
            }
        }
        assert_int_equal(spn_text_cut(c, lists, counts, &cut, &count, NULL), SPN_OK);
        for (size_t k = 1; k < count; k++)
            assert_true(cut[k - 1].start_ms <= cut[k].start_ms);
        /* at the middle of every millisecond, what is shown is what the clip's own time shows */
        for (size_t i = 0; i < c->count; i++) {
            __int128 den = 2 * (__int128)c->rate.num;
            __int128 from = (__int128)c->start[i] * c->rate.den * 2000;
            __int128 to = (__int128)c->start[i + 1] * c->rate.den * 2000;
            __int128 shift = (__int128)(c->clips[i].in - c->start[i]) * c->rate.den * 2000;

            for (int64_t ms = (int64_t)(from / den); (2 * ms + 1) * (den / 2) < to; ms++) {
                __int128 t = (2 * ms + 1) * (den / 2);
                unsigned want, have = 0;

                if (t <= from)
                    continue;
                want = shown(lists[c->clips[i].asset], counts[c->clips[i].asset], t + shift, den);
                for (size_t k = 0; k < count; k++)
                    if (cut[k].start_ms <= ms && ms < cut[k].end_ms)
                        have |= 1u
                                << (lists[c->clips[cut[k].clip].asset][cut[k].cue].text[0] - '0');
                if (want != have) { /* a border right in the middle is rounded up: look beside it */
                    unsigned before = shown(lists[c->clips[i].asset], counts[c->clips[i].asset],
                                            t + shift - 1, den);

                    assert_int_equal(before, have);
                }
            }
        }
        free(cut);
        spn_composition_free(list.composition);
    }
}

/* ---- single rules ---- */

static struct spn_clip_asset two[2] = { { { { 1 } }, { 25, 1 }, 1000, 0 },
                                        { { { 2 } }, { 25, 1 }, 77, 0 } };

static const struct refusal {
    const char *name;
    struct spn_clip clip;
    struct spn_rate rate;
    int want;
} refusals[] = {
    { "a range may end with its asset", { 1, 0, 77 }, { 25, 1 }, SPN_OK },
    { "a range outside of its asset is refused", { 1, 0, 78 }, { 25, 1 }, SPN_ERANGE },
    { "a range before its asset is refused", { 0, -1, 5 }, { 25, 1 }, SPN_ERANGE },
    { "an out before the in is refused", { 0, 9, 8 }, { 25, 1 }, SPN_ERANGE },
    { "a clip of no frames is refused", { 0, 9, 9 }, { 25, 1 }, SPN_ERANGE },
    { "an asset that is not there is refused", { 2, 0, 1 }, { 25, 1 }, SPN_EINVAL },
    { "another rate is refused", { 0, 0, 9 }, { 24, 1 }, SPN_EMISMATCH },
    { "numbers that overflow are refused", { 0, 0, INT64_MAX }, { 25, 1 }, SPN_ERANGE },
    { "a rate above the limit is refused", { 0, 0, 9 }, { 61, 1 }, SPN_EINVAL },
    { "a rate of zero is refused", { 0, 0, 9 }, { 0, 1 }, SPN_EINVAL },
};

static void refuse(void **state)
{
    const struct refusal *row = *state;
    struct spn_composition *composition;
    struct spn_error err = { 0 };

    assert_int_equal(
        spn_composition_make(row->rate, two, 2, &row->clip, 1, NULL, NULL, &composition, &err),
        row->want);
    assert_true((composition != NULL) == (row->want == SPN_OK));
    assert_true((err.text[0] != '\0') == (row->want != SPN_OK));
    spn_composition_free(composition);
}

static void count_faults(void *opaque, size_t clip, int code, const char *text)
{
    assert_true(code < 0 && text[0]);
    *(unsigned *)opaque |= 1u << clip;
}

static void all_faults(void **state)
{
    struct spn_clip clips[] = { { 0, 0, 2000 }, { 0, 0, 10 }, { 7, 0, 1 }, { 1, 5, 5 } };
    struct spn_composition *composition;
    unsigned seen = 0;

    (void)state;
    assert_int_equal(spn_composition_make(two[0].rate, two, 2, clips, 4, count_faults, &seen,
                                          &composition, NULL),
                     SPN_ERANGE);
    assert_int_equal(seen, 1 + 4 + 8);
}

static void same_edit(void **state)
{
    struct spn_clip once[] = { { 0, 10, 500 } };
    struct spn_clip twice[] = { { 0, 10, 100 }, { 0, 100, 500 } };
    struct spn_clip other[] = { { 0, 10, 499 } };
    struct spn_composition *a, *b, *c;
    struct spn_hash x, y, z;

    (void)state;
    spn_composition_make(two[0].rate, two, 2, once, 1, NULL, NULL, &a, NULL);
    spn_composition_make(two[0].rate, two, 2, twice, 2, NULL, NULL, &b, NULL);
    spn_composition_make(two[0].rate, two, 2, other, 1, NULL, NULL, &c, NULL);
    spn_edit_name(a, &x);
    spn_edit_name(b, &y);
    spn_edit_name(c, &z);
    assert_true(spn_hash_equal(&x, &y));
    assert_false(spn_hash_equal(&x, &z));
    spn_composition_free(a);
    spn_composition_free(b);
    spn_composition_free(c);
}

static void error_stays(void **state)
{
    struct spn_clip_asset asset = { { { 1 } }, { 24000, 1001 }, 100000, 0 };
    struct spn_clip clips[101];
    struct spn_composition *composition;
    struct spn_sound_clip *sound;

    (void)state;
    for (size_t i = 0; i < 101; i++)
        clips[i] =
            (struct spn_clip){ 0, (int64_t)(i * 977 % 90000), (int64_t)(i * 977 % 90000 + 61 + i) };
    assert_int_equal(
        spn_composition_make(asset.rate, &asset, 1, clips, 101, NULL, NULL, &composition, NULL),
        SPN_OK);
    assert_int_equal(spn_sound_clips(composition, SAMPLE_RATE, &sound, NULL), SPN_OK);
    for (size_t i = 0; i < composition->count; i++)
        assert_true(llabs(sound[i].error_num) <= 512 * sound[i].error_den);
    free(sound);
    spn_composition_free(composition);
}

static void seam_text(void **state)
{
    struct spn_clip clips[] = { { 0, 0, 25 }, { 0, 50, 75 }, { 0, 75, 100 }, { 1, 0, 25 } };
    struct spn_source_cue first[] = { { 500, 2500, "", "a" }, { 2500, 3900, "", "b" } };
    struct spn_source_cue second[] = { { 0, 300, "", "a" } };
    const struct spn_source_cue *cues[] = { first, second };
    size_t counts[] = { 2, 1 }, count;
    struct spn_composition *composition;
    struct spn_cut_cue *cut;

    (void)state;
    /* a: 0.5-1 s, then from 2-2.5 s of the asset, which is 1-1.5 s here: one cue across the seam */
    spn_composition_make(two[0].rate, two, 2, clips, 4, NULL, NULL, &composition, NULL);
    assert_int_equal(spn_text_cut(composition, cues, counts, &cut, &count, NULL), SPN_OK);
    assert_int_equal(count, 3);
    assert_int_equal(cut[0].start_ms, 500);
    assert_int_equal(cut[0].end_ms, 1500);
    assert_int_equal(cut[0].damage, SPN_CUE_WHOLE);
    assert_int_equal(cut[1].start_ms, 1500);
    assert_int_equal(cut[1].end_ms, 2900);
    assert_int_equal(cut[2].start_ms, 3000);
    assert_int_equal(cut[2].end_ms, 3300);
    free(cut);
    spn_composition_free(composition);
}

int main(void)
{
    struct CMUnitTest tests[32] = {
        { "every frame of random lists comes from where the model says", picture_model, NULL, NULL,
          NULL },
        { "every packet of random lists is within half a packet of exact time", sound_model, NULL,
          NULL, NULL },
        { "the error of each join is what exact rationals say", error_model, NULL, NULL, NULL },
        { "sound that is encoded whole lies where its picture is", exact_model, NULL, NULL, NULL },
        { "at every millisecond the text shown is the source's", text_model, NULL, NULL, NULL },
        { "all faults of a list are told at once", all_faults, NULL, NULL, NULL },
        { "the same cut is the same edit however it is written", same_edit, NULL, NULL, NULL },
        { "the error of sound does not grow over a hundred joins", error_stays, NULL, NULL, NULL },
        { "the same text across a seam is one cue", seam_text, NULL, NULL, NULL },
    };
    size_t count = 9;

    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        tests[count++] = (struct CMUnitTest){ refusals[i].name, refuse, NULL, NULL,
                                              (void *)(uintptr_t)&refusals[i] };
    return _cmocka_run_group_tests("composition", tests, count, NULL, NULL);
}

/* Chapters through a cut, against a slow, obviously right model: every frame is in the chapter that
 * it was in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sampan/chapters.h"

#define ASSETS 3
#define FRAMES 200
#define MOST   12

static uint64_t seed = 11;

static int64_t pick(int64_t from, int64_t to)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return from + (int64_t)((seed >> 33) % (uint64_t)(to - from));
}

struct world {
    struct spn_clip_asset assets[ASSETS];
    struct spn_chapter chapters[ASSETS][MOST];
    const struct spn_chapter *lists[ASSETS];
    size_t counts[ASSETS];
    struct spn_composition *composition;
};

/* Some frames are in no chapter; some titles are of several assets, some chapters have none. */
static void world_make(struct world *world)
{
    static const char *const titles[] = { "", "", "片头", "Opening", "Act" };
    struct spn_clip clips[30];
    size_t count = (size_t)pick(1, 30);

    for (size_t a = 0; a < ASSETS; a++) {
        int64_t at = pick(0, 20);

        world->assets[a] = (struct spn_clip_asset){ .rate = { 25, 1 }, .frames = FRAMES };
        world->assets[a].name.bytes[0] = (uint8_t)(a + 1);
        world->lists[a] = world->chapters[a];
        world->counts[a] = 0;
        while (world->counts[a] < MOST && at < FRAMES) {
            int64_t end = at + pick(1, 60);

            end = end < FRAMES ? end : FRAMES;
            world->chapters[a][world->counts[a]++] =
                (struct spn_chapter){ at, end, titles[pick(0, 5)] };
            at = end + (pick(0, 3) ? 0 : pick(1, 20));
        }
        if (!pick(0, 5))
            world->counts[a] = 0;
    }
    for (size_t i = 0; i < count; i++) {
        clips[i].asset = (uint32_t)pick(0, ASSETS);
        clips[i].in = pick(0, FRAMES);
        clips[i].out = pick(clips[i].in + 1, FRAMES + 1);
    }
    assert_int_equal(spn_composition_make((struct spn_rate){ 25, 1 }, world->assets, ASSETS, clips,
                                          count, NULL, NULL, &world->composition, NULL),
                     SPN_OK);
}

/* The chapter that a frame of an asset is in, or NULL. */
static const struct spn_chapter *chapter_of(const struct world *world, size_t asset, int64_t frame)
{
    for (size_t k = 0; k < world->counts[asset]; k++)
        if (world->chapters[asset][k].frame <= frame && frame < world->chapters[asset][k].end)
            return &world->chapters[asset][k];
    return NULL;
}

static void model(void **state)
{
    (void)state;
    for (int run = 0; run < 3000; run++) {
        const struct spn_chapter *before = NULL;
        struct spn_cut_chapter *cut;
        struct world world;
        size_t count, at = 0, begun = 0;

        world_make(&world);
        assert_int_equal(
            spn_chapters_cut(world.composition, world.lists, world.counts, &cut, &count, NULL),
            SPN_OK);
        for (int64_t frame = 0; frame < world.composition->start[world.composition->count];
             frame++) {
            const struct spn_chapter *want;
            struct spn_place place;
            int in;

            assert_int_equal(spn_composition_locate(world.composition, frame, &place, NULL),
                             SPN_OK);
            want = chapter_of(&world, world.composition->clips[place.clip].asset, place.frame);
            while (at < count && cut[at].end <= frame)
                at++;
            in = at < count && cut[at].frame <= frame;
            assert_int_equal(in, want != NULL);
            if (want) {
                uint32_t asset = world.composition->clips[cut[at].clip].asset;

                assert_string_equal(world.chapters[asset][cut[at].chapter].title, want->title);
            }
            /* a new one begins where the chapter is another one with another title, or none */
            if (want && want != before &&
                !(before && want->title[0] && strcmp(want->title, before->title) == 0)) {
                assert_int_equal(cut[at].frame, frame);
                begun++;
            }
            before = want;
        }
        assert_int_equal(begun, count);
        free(cut);
        spn_composition_free(world.composition);
    }
}

static void across_a_join(void **state)
{
    static const struct spn_chapter first[] = { { 0, 50, "Opening" }, { 50, 100, "" } };
    static const struct spn_chapter second[] = { { 0, 30, "Opening" }, { 30, 60, "" } };
    const struct spn_chapter *const lists[] = { first, second };
    const size_t counts[] = { 2, 2 };
    struct spn_clip_asset assets[] = { { { { 1 } }, { 25, 1 }, 100, 0 },
                                       { { { 2 } }, { 25, 1 }, 60, 0 } };
    /* a new chapter of no title is not the one before it; the same one going on is */
    struct spn_clip clips[] = { { 0, 40, 45 }, { 1, 10, 40 }, { 0, 60, 70 }, { 0, 80, 90 } };
    struct spn_composition *composition;
    struct spn_cut_chapter *cut;
    size_t count;

    (void)state;
    assert_int_equal(
        spn_composition_make(assets[0].rate, assets, 2, clips, 4, NULL, NULL, &composition, NULL),
        SPN_OK);
    assert_int_equal(spn_chapters_cut(composition, lists, counts, &cut, &count, NULL), SPN_OK);
    assert_int_equal(count, 3);
    assert_int_equal(cut[0].frame, 0);
    assert_int_equal(cut[0].end, 25);
    assert_int_equal(cut[1].frame, 25);
    assert_int_equal(cut[1].end, 35);
    assert_int_equal(cut[2].frame, 35);
    assert_int_equal(cut[2].end, 55);
    free(cut);
    spn_composition_free(composition);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "every frame of random lists is in the chapter that it was in", model, NULL, NULL, NULL },
        { "a chapter goes on across a join", across_a_join, NULL, NULL, NULL },
    };

    return cmocka_run_group_tests_name("chapters", tests, NULL, NULL);
}

/*
 * test_verify_sound.c - a cut whose sound is not what its list says is found out, and one that is
 * as it should be passes.
 *
 * usage: test_verify_sound SAMPAN-MEDIA.
 */
#include <stdio.h>
#include <unistd.h>

#include "cut_assets.h"
#include "cut_run.h"
#include "group.h"
#include "process.h"
#include "sabotage.h"
#include "sampan/composed.h"

#define CLIPS 24

static struct cut_assets assets;
static struct cut_run run;
static char good[128];
static struct spn_clip list[CLIPS];

static void assets_make(struct cut_assets *out, unsigned num, unsigned den, const char *name,
                        const char *filter)
{
    const char *encoder[] = { "-c:v",      "libx264", "-preset", "ultrafast", "-c:a",
                              "pcm_s16le", "-af",     filter,    NULL };
    const unsigned seconds = 12, frames[CUT_ASSETS] = { seconds * num / den, seconds * num / den };
    struct film film = {
        .picture = { 64, 36, num, den, 0, 0, 0, 0 },
        .audio = { "zh" },
        .audio_count = 1,
        .channels = 2,
        .encoder = encoder,
    };

    cut_assets_init(out, name, &film, frames, NULL);
}

/* Clips of two thirds of a second to a second and a half, and some of one, two and three frames. */
static void clips_make(unsigned num, unsigned den, struct spn_clip clips[CLIPS])
{
    const int64_t second = num / den, frames = 12 * num / den;
    uint32_t random = 4242;

    for (int i = 0; i < CLIPS; i++) {
        int64_t length, in;

        random = random * 1664525u + 1013904223u;
        length = second * 2 / 3 + (int64_t)(random >> 8) % (second * 5 / 6);
        if (i % 9 == 4)
            length = 1 + (i / 9) % 3;
        if (i == 2)
            length = 5 * second; /* whole fragments of it are referenced */
        random = random * 1664525u + 1013904223u;
        in = (int64_t)(random >> 8) % (frames - length);
        clips[i] = (struct spn_clip){ (uint32_t)i % CUT_ASSETS, in, in + length };
    }
}

static void cut_make(struct cut_run *out, const struct cut_assets *of, const struct spn_clip *clips,
                     char path[128])
{
    struct spn_error err = { 0 };

    cut_run_init(out, program, of->list, CUT_ASSETS, clips, CLIPS);
    if (cut_run_sound(out, 0, "sound.mp4", path, &err) < 0)
        fail_msg("%s", err.text);
}

static int begin(void **state)
{
    (void)state;
    assets_make(&assets, 25, 1, "a.mov", "anull");
    clips_make(25, 1, list);
    cut_make(&run, &assets, list, good);
    return 0;
}

static int end(void **state)
{
    (void)state;
    cut_run_finish(&run);
    cut_assets_finish(&assets);
    return 0;
}

/* ---- what is good ---- */

static void passes(void **state)
{
    json_t *result = cut_run_verify(&run, 'a', good), *measured;
    int64_t slots = spn_sound_slots(run.composition, 48000);

    (void)state;
    is_good(result);
    measured = json_object_get(result, "measured");
    assert_int_equal(json_integer_value(json_object_get(measured, "copied")) +
                         json_integer_value(json_object_get(measured, "encoded")),
                     slots);
    assert_true(json_integer_value(json_object_get(measured, "copied")) > slots / 2);
    assert_true(json_array_size(json_object_get(measured, "joins")) > CLIPS / 2);
    json_decref(result);
}

static struct kind {
    const char *name, *file, *filter;
    unsigned num, den;
    int from_renditions;
} kinds[] = {
    { "at 24000/1001", "b.mov", "anull", 24000, 1001, 0 },
    { "at 60000/1001", "c.mov", "anull", 60000, 1001, 0 },
    { "of clicks", "d.mov", "apulsator=mode=square:hz=4.3:offset_r=0", 25, 1, 0 },
    { "of silence", "e.mov", "volume=0", 25, 1, 0 },
    { "of a hum", "f.mov", "lowpass=f=120,lowpass=f=120", 25, 1, 0 },
    { "of renditions whose sources are gone", "a.mov", "anull", 25, 1, 1 },
};

static void kind_passes(void **state)
{
    const struct kind *kind = *state;
    struct spn_clip clips[CLIPS];
    struct spn_error err = { 0 };
    struct cut_assets made;
    struct cut_run cut;
    char path[128];
    json_t *result;

    assets_make(&made, kind->num, kind->den, kind->file, kind->filter);
    clips_make(kind->num, kind->den, clips);
    cut_run_init(&cut, program, made.list, CUT_ASSETS, clips, CLIPS);
    cut.from_renditions = kind->from_renditions;
    if (cut_run_sound(&cut, 0, "sound.mp4", path, &err) < 0)
        fail_msg("%s", err.text);
    result = cut_run_verify(&cut, 'a', path);
    is_good(result);
    json_decref(result);
    cut_run_finish(&cut);
    cut_assets_finish(&made);
}

/* ---- what is not ---- */

static void caught(const char *path, const char *check, const char *words)
{
    json_t *result = cut_run_verify(&run, 'a', path);

    is_caught(result, check, words);
    json_decref(result);
}

static void assets_swap(json_t *request)
{
    json_t *clip;
    size_t i;

    json_array_foreach(json_object_get(request, "clips"), i, clip)
    {
        json_int_t asset = json_integer_value(json_object_get(clip, "asset"));

        (void)json_object_set_new(clip, "asset", json_integer(1 - asset));
    }
}

static void bridges_of_others(void **state)
{
    struct spn_error err = { 0 };
    struct cut_run cut;
    char path[128];
    json_t *result;

    (void)state;
    cut_run_init(&cut, program, assets.list, CUT_ASSETS, list, CLIPS);
    cut.change = assets_swap;
    if (cut_run_sound(&cut, 0, "others.mp4", path, &err) < 0)
        fail_msg("%s", err.text);
    cut.change = NULL;
    result = cut_run_verify(&cut, 'a', path);
    is_caught(result, "sound.equal", "a0, join 1 at 00:00:00:");
    is_caught(result, "sound.like", "what is heard is not the sound of the clip");
    json_decref(result);
    cut_run_finish(&cut);
}

/* Change DIR/sound, write the film of it, put DIR/sound back. */
static void bridge_kept(char bridge[128], char kept[160])
{
    char command[300];

    (void)snprintf(bridge, 128, "%s/sound", run.dir);
    (void)snprintf(kept, 160, "%s.kept", bridge);
    (void)snprintf(command, sizeof(command), "cp %s %s", bridge, kept);
    assert_int_equal(system(command), 0);
}

static void slot_late(void **state)
{
    char bridge[128], kept[160], path[128];

    (void)state;
    bridge_kept(bridge, kept);
    packets_move(bridge, 1);
    cut_run_sound_write(&run, 0, "late.mp4", path);
    assert_int_equal(rename(kept, bridge), 0);
    caught(path, "sound.slot",
           "packets of sound that are taken from the asset are 1 slot too late");
    caught(path, "sound.place", "samples late against the picture, and at most 512 is allowed");
}

static void slot_early(void **state)
{
    char bridge[128], kept[160], path[128];

    (void)state;
    bridge_kept(bridge, kept);
    packets_move(bridge, -1);
    cut_run_sound_write(&run, 0, "early.mp4", path);
    assert_int_equal(rename(kept, bridge), 0);
    caught(path, "sound.slot", "1 slot too early");
    caught(path, "sound.place", "samples early against the picture");
}

static void missing(void **state)
{
    char path[128];

    (void)state;
    run.left_out = 1;
    cut_run_sound_write(&run, 0, "missing.mp4", path);
    run.left_out = 0;
    caught(path, "timeline.length", "a0, join 1 at 00:00:00:00");
}

static void other_fragments(void **state)
{
    char path[128];

    (void)state;
    run.other_asset = 1;
    cut_run_sound_write(&run, 0, "other.mp4", path);
    run.other_asset = 0;
    caught(path, "sound.equal",
           "packets of sound that are taken from the asset as they are are not "
           "those of its track");
}

/* Packets put one after the other at the joins, as a program does that cannot bridge. */
static void not_bridged(void **state)
{
    char bridge[128], kept[160], path[128];

    (void)state;
    bridge_kept(bridge, kept);
    packets_join(&run, bridge);
    cut_run_sound_write(&run, 0, "joined.mp4", path);
    assert_int_equal(rename(kept, bridge), 0);
    caught(path, "sound.noise", "around joins the sound has");
}

static void is_damaged(void **state)
{
    char command[300], path[128];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/damaged.mp4", run.dir);
    (void)snprintf(command, sizeof(command), "cp %s %s", good, path);
    assert_int_equal(system(command), 0);
    bytes_spoil(path, 3, 20);
    caught(path, "sound.decode", "a0, join");
}

int main(int argc, char **argv)
{
    static struct rows tests;

    rows_add(&tests, "good sound has every packet of its slots", passes, NULL);
    rows_add(&tests, "bridges of another asset are caught", bridges_of_others, NULL);
    rows_add(&tests, "sound that is a slot late is caught", slot_late, NULL);
    rows_add(&tests, "sound that is a slot early is caught", slot_early, NULL);
    rows_add(&tests, "a missing bridge is caught", missing, NULL);
    rows_add(&tests, "fragments of another asset are caught", other_fragments, NULL);
    rows_add(&tests, "packets that were only put together are caught", not_bridged, NULL);
    rows_add(&tests, "damaged packets are caught", is_damaged, NULL);
    rows_add_table(&tests, kinds, kind_passes);
    return group_run("good sound passes, other sound is caught", &tests, argc, argv, begin, end);
}

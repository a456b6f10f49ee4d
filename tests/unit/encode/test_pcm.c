/*
 * test_pcm.c - sound entered in the middle is the sound of a run from the start, sample for sample.
 *
 * usage: test_pcm SAMPAN-MEDIA SAMPAN-SAMPLE
 */
#include <stdio.h>
#include <unistd.h>

#include "../../../src/source/sound.h"
#include "asset.h"
#include "asset_run.h"
#include "cut_run.h"
#include "group.h"
#include "pcm.h"

static const char *sample;

static struct row {
    const char *name, *file;
    unsigned channels;
    const char *encoder;
    int entered;  /* in the middle, and not decoded from the start */
    int invented; /* the decoder adds noise of its own: near is as good as equal */
} rows[] = {
    /* clang-format off */
    { "PCM in MKV", "a.mkv", 2, "-c:a pcm_s16le", 1, 0 },
    { "PCM of 44.1 kHz in MOV", "b.mov", 2, "-c:a pcm_s24le -ar 44100", 1, 0 },
    { "FLAC of 96 kHz", "c.mkv", 2, "-c:a flac -ar 96000", 0, 0 },
    { "AAC in MP4", "d.mp4", 2, "-c:a aac -aac_pns 0", 1, 0 },
    { "AAC that invents noise", "n.mp4", 2, "-c:a aac -b:a 64k", 1, 1 },
    { "AAC of 44.1 kHz in MKV", "e.mkv", 2, "-c:a aac -aac_pns 0 -ar 44100", 1, 0 },
    { "AAC in TS", "f.ts", 2, "-c:a aac -aac_pns 0", 1, 0 },
    { "MP3 in MKV", "g.mkv", 2, "-c:a libmp3lame", 1, 0 },
    { "AC-3 of 5.1 in TS", "h.ts", 6, "-c:a ac3 -b:a 448k", 1, 1 },
    { "Opus in WebM", "i.mkv", 2, "-c:a libopus", 0, 0 },
    { "Vorbis", "j.mkv", 2, "-c:a libvorbis", 0, 0 },
    /* clang-format on */
};

#define COUNT 8192

static void read_at(const struct asset *asset, int64_t from, float out[8][COUNT])
{
    struct spn_error err = { 0 };
    struct pcm *pcm;
    float *planes[8];

    for (int c = 0; c < 8; c++)
        planes[c] = out[c];
    if (pcm_create(asset, &asset->plan.audio[0], from, &pcm, &err) < 0)
        fail_msg("%s", err.text);
    if (pcm_read(pcm, planes, COUNT, &err) < 0)
        fail_msg("%s", err.text);
    pcm_destroy(pcm);
}

static void enters(void **state)
{
    const struct row *row = *state;
    static const int64_t places[] = { -500, 0, 1, 20000, 200000, 262143, 380000, 478000, 500000 };
    char path[128], command[512];
    static float linear[2][600000], part[8][COUNT];
    float *planes[8] = { linear[0], linear[1] };
    struct media_run answer;
    struct asset_run run;
    struct asset asset = { 0 };
    struct spn_error err = { 0 };
    struct sound *sound;
    struct pcm *pcm;
    json_t *json;
    int fds[4];
    size_t count = 0;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, row->file);
    (void)snprintf(
        command, sizeof(command),
        "%s one --out %s --size 64x36 --no-code --no-timecode --audio zh --channels %u -- "
        "-c:v libx264 -preset ultrafast %s",
        sample, path, row->channels, row->encoder);
    assert_int_equal(system(command), 0);
    assert_int_equal(asset_run_init(&run, program, path, NULL, &answer), 0);
    media_run_finish(&answer);
    json = cut_asset_json(&run, fds, &count);
    if (asset_open(&asset, json, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(pcm_create(&asset, &asset.plan.audio[0], 0, &pcm, &err), SPN_OK);
    assert_int_equal(pcm_read(pcm, planes, 600000, &err), SPN_OK);
    pcm_destroy(pcm);
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        double signal = 1e-9, noise = 0;
        int64_t wrong = 0;

        read_at(&asset, places[i], part);
        for (int c = 0; c < 2; c++)
            for (int64_t n = 0; n < COUNT; n++) {
                int64_t at = places[i] + n;
                double want = at < 0 ? 0 : (double)linear[c][at];
                double difference = (double)part[c][n] - want;

                wrong += difference != 0;
                signal += want * want;
                noise += difference * difference;
            }
        if (row->invented)
            wrong = noise * 2 > signal; /* elsewhere it is twice the signal */
        if (wrong)
            print_error("%s at %lld: %lld samples differ\n", row->name, (long long)places[i],
                        (long long)wrong);
        assert_int_equal(wrong, 0);
    }
    assert_int_equal(sound_create(asset.source, asset.index, &asset.conform,
                                  asset.plan.audio[0].stream, &sound, &err),
                     SPN_OK);
    assert_int_equal(sound_enter(sound, 250000, &err), row->entered);
    sound_destroy(sound);
    asset_close(&asset);
    json_decref(json);
    while (count > 0)
        (void)close(fds[--count]);
    asset_run_finish(&run);
}

int main(int argc, char **argv)
{
    static struct rows tests;

    av_log_set_level(AV_LOG_ERROR);
    if (argc != 3)
        return 2;
    sample = argv[2];
    rows_add_table(&tests, rows, enters);
    return group_run("pcm", &tests, 2, argv, NULL, NULL);
}

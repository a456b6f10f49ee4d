/* cut_stage.c - for tests of verification: two assets of pictures and a good cut of them. */
#include "cut_stage.h"

#include <stdio.h>
#include <unistd.h>

#include "group.h"

const struct picture_kind kind_h264 = { 25, 1, 320, 180, "h264", "fast" };
const struct picture_kind kind_hevc = { 25, 1, 256, 144, "hevc", "fast" };
const struct picture_kind kind_av1 = { 24000, 1001, 256, 144, "av1", "10" };

static void assets_make(struct cut_assets *out, const struct picture_kind *kind)
{
    static const char *const encoder[] = { "-c:v",      "libx264", "-qp", "0", "-preset",
                                           "ultrafast", "-g",      "31",  NULL };
    unsigned gop = spn_rate_gop((struct spn_rate){ kind->num, kind->den });
    const unsigned frames[CUT_ASSETS] = { 4 * gop + 7, 3 * gop };
    struct film film = {
        .picture = { kind->width, kind->height, kind->num, kind->den, 0, 1, 0, 0 },
        .encoder = encoder,
    };
    char options[256];

    (void)snprintf(options, sizeof(options),
                   "{\"ladder\":{\"version\":1,\"rungs\":[{\"codec\":\"%s\",\"height\":1080,"
                   "\"preset\":\"%s\"}]}}",
                   kind->codec, kind->preset);
    cut_assets_init(out, "film.mkv", &film, frames, options);
}

void cut_stage_again(const struct cut_stage *stage, struct cut_run *out)
{
    struct spn_clip clips[CUT_CLIPS];

    cut_clips_make(stage->assets.gop, clips);
    cut_run_init(out, program, stage->assets.list, CUT_ASSETS, clips, CUT_CLIPS);
}

void cut_stage_init(struct cut_stage *stage, const struct picture_kind *kind)
{
    struct spn_error err = { 0 };

    assets_make(&stage->assets, kind);
    cut_stage_again(stage, &stage->run);
    if (cut_run_picture(&stage->run, "film.mp4", stage->good, &err) < 0)
        fail_msg("%s", err.text);
}

void cut_stage_finish(struct cut_stage *stage)
{
    cut_run_finish(&stage->run);
    cut_assets_finish(&stage->assets);
}

void cut_files_open(const struct cut_stage *stage, struct cut_files *files)
{
    struct spn_error err = { 0 };
    struct spn_span *spans;
    size_t count;

    memset(files, 0, sizeof(*files));
    for (size_t i = 0; i < CUT_ASSETS; i++) {
        (void)snprintf(files->paths[i], sizeof(files->paths[i]), "%s/v0.mp4",
                       stage->assets.runs[i].dir);
        assert_int_equal(spn_track_open(files->paths[i], &files->tracks[i], &err), SPN_OK);
    }
    assert_int_equal(spn_picture_spans(stage->run.composition, &spans, &count, &err), SPN_OK);
    for (size_t i = 0; i < count; i++) {
        size_t n = files->list.bridge_count;
        char *path = files->paths[CUT_ASSETS + n];

        if (spans[i].kind != SPN_BRIDGE)
            continue;
        assert_true(n < CUT_BRIDGES_MAX);
        (void)snprintf(path, sizeof(files->paths[0]), "%s/bridge.%zu", stage->run.dir, i);
        if (spn_track_open(path, &files->bridges[n], &err) < 0)
            fail_msg("%s", err.text);
        files->list.bridge_count++;
    }
    free(spans);
    files->list.tracks = (const struct spn_track *const *)files->tracks;
    files->list.bridges = (const struct spn_track *const *)files->bridges;
}

void cut_files_close(struct cut_files *files)
{
    for (size_t i = 0; i < CUT_ASSETS; i++)
        spn_track_close(files->tracks[i]);
    for (size_t i = 0; i < files->list.bridge_count; i++)
        spn_track_close(files->bridges[i]);
}

/*
 * test_verify_foreign.c - a bridge that another encode made than the one that is pinned, of other
 * parameters, another size or another rate, is caught by its boxes or by its pictures.
 *
 * usage: test_verify_foreign SAMPAN-MEDIA. Every bridge here is really encoded, by ffmpeg. Each is
 * held to the cut twice: by the worker's compositor, as before anything is decoded, and by what
 * verification sees of the film as a player would put it together that has the header of the asset.
 */
#include <stdio.h>
#include <unistd.h>

#include "cut_stage.h"
#include "group.h"
#include "sabotage.h"

static struct cut_stage h264, hevc;

static int begin(void **state)
{
    (void)state;
    cut_stage_init(&h264, &kind_h264);
    cut_stage_init(&hevc, &kind_hevc);
    return 0;
}

static int end(void **state)
{
    (void)state;
    cut_stage_finish(&h264);
    cut_stage_finish(&hevc);
    return 0;
}

/* The parameters of the rung as the asset has them, `from` replaced by `to`, and more after them.
 */
static void pinned(const struct cut_stage *stage, const char *from, const char *to,
                   const char *more, char out[1024])
{
    json_t *rung = json_array_get(asset_run_plan(&stage->assets.runs[0], "video"), 0);
    const char *options = json_string_value(json_object_get(rung, "options")), *at;

    assert_non_null(options);
    options = strrchr(options, ' ') + 1; /* after encoder, preset and profile */
    assert_non_null(at = strstr(options, from));
    (void)snprintf(out, 1024, "%.*s%s%s%s", (int)(at - options), options, to, at + strlen(from),
                   more);
}

/* As Sampan filters a picture of so few lines that says nothing of its colours. */
#define FILTER                                                                                     \
    "colorspace=ispace=bt470bg:iprimaries=bt709:itrc=bt709:irange=tv:space=bt709:"                 \
    "primaries=bt709:trc=bt709:range=tv:format=yuv420p"
#define COLOURS                                                                                    \
    "-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"

struct boxes {
    const char *check;
    char said[600];
};

static void box_told(void *opaque, const char *check, int64_t frame, const char *text)
{
    struct boxes *boxes = opaque;

    print_message("%s at %lld: %s\n", check, (long long)frame, text);
    if (!boxes->check)
        boxes->check = check;
}

/* What the compositor says first of the bridges as they are now; NULL: nothing. */
static const char *boxes_check(const struct cut_stage *stage)
{
    struct boxes boxes = { 0 };
    struct spn_composed composed;
    struct cut_files files;

    cut_files_open(stage, &files);
    (void)spn_composed_make(stage->run.composition, &files.list, box_told, &boxes, &composed, NULL);
    spn_composed_free(&composed);
    cut_files_close(&files);
    return boxes.check;
}

/* The first clip's head, a bridge of its own, as ffmpeg encodes it with these arguments. */
static void bridge_is(struct cut_stage *stage, const char *const *encoder, struct spn_rate rate,
                      const char *boxes, const char *check, const char *words)
{
    const unsigned gop = stage->assets.gop;
    char like[128], piece[128], kept[160], path[128];
    struct foreign foreign = {
        stage->assets.films[0], gop / 3, gop, FILTER, encoder, gop, like, rate
    };
    const char *told;
    json_t *result;

    (void)snprintf(like, sizeof(like), "%s/v0.mp4", stage->assets.runs[0].dir);
    (void)snprintf(piece, sizeof(piece), "%s/bridge.0", stage->run.dir);
    (void)snprintf(kept, sizeof(kept), "%s.kept", piece);
    assert_int_equal(rename(piece, kept), 0);
    foreign_write(&foreign, piece);
    told = boxes_check(stage);
    cut_run_picture_write(&stage->run, "foreign.mp4", path);
    assert_int_equal(rename(kept, piece), 0);
    result = cut_run_verify(&stage->run, 'v', path);
    if (check)
        is_caught(result, check, words);
    else
        is_good(result);
    json_decref(result);
    if (boxes)
        assert_string_equal(told, boxes);
    else
        assert_null(told);
}

/* ---- other parameters ---- */

#define DECODER "v0, join 1 at 00:00:00:00: the decoder is not content"

static const struct row {
    const char *name;
    struct cut_stage *stage;
    const char *preset, *from, *to, *more; /* of the pinned parameters */
    const char *boxes, *check, *words;     /* NULL: there is nothing to be caught */
} rows[] = {
    { "H.264: what is pinned gives the decoder that the asset has", &h264, "fast",
      "crf=", "crf=", "", NULL, NULL, NULL },
    /* What CRF leaves in the PPS is what slices and the contexts of CABAC count from. */
    { "H.264: a bridge without stitchable is caught", &h264, "fast", "stitchable=1", "stitchable=0",
      ":crf=17", "bridge.decoder", "picture.decode", DECODER },
    { "H.264: a bridge without B-frames is caught", &h264, "fast", "bframes=3", "bframes=0", "",
      "bridge.decoder", "picture.decode", DECODER },
    { "H.264: a bridge of another preset is caught", &h264, "ultrafast", "cabac=1:8x8dct=1",
      "cabac=0:8x8dct=0", "", "bridge.decoder", "picture.decode", "the decoder is not content" },
    { "HEVC: what is pinned gives the decoder that the asset has", &hevc, "fast",
      "crf=", "crf=", "", NULL, NULL, NULL },
    { "HEVC: a bridge without a pool, whose wavefronts are off, is caught", &hevc, "fast",
      "pools=1", "pools=none", "", "bridge.decoder", "picture.decode", "v0, join 1 at 00:00:00:" },
    { "HEVC: a bridge without wavefronts is caught", &hevc, "fast", "wpp=1", "wpp=0", "",
      "bridge.decoder", "picture.decode", "v0, join 1 at 00:00:00:" },
    { "HEVC: frames at once change bytes, and nothing that a decoder is configured by", &hevc,
      "fast", "frame-threads=1", "frame-threads=3", "", NULL, NULL, NULL },
    /* the second GOP of an encode would be of another PPS: a bridge is one GOP */
    { "HEVC: a quantiser in the PPS that follows the GOP before does nothing to a bridge", &hevc,
      "fast", "opt-qp-pps=0", "opt-qp-pps=1", "", NULL, NULL, NULL },
    /* A decoder that reorders more than it has to shows it all the same: only its boxes tell. */
    { "HEVC: a bridge without B-frames is caught", &hevc, "fast", "bframes=3", "bframes=0", "",
      "bridge.decoder", NULL, NULL },
    { "HEVC: a bridge with a buffer in its VUI is caught", &hevc, "fast", "hrd=0", "hrd=1", "",
      "bridge.decoder", NULL, NULL },
    { "HEVC: a bridge of another preset is caught", &hevc, "ultrafast", "crf=", "crf=", "",
      "bridge.decoder", "picture.decode", DECODER },
};

/* ffmpeg's arguments for the codec of a stage; NULL at the end. */
static const char *const *encoder_of(const struct cut_stage *stage, const char *preset,
                                     const char *params)
{
    static const char *h264_list[] = { "-c:v", "libx264",      "-preset", NULL,    "-profile:v",
                                       "high", "-x264-params", NULL,      COLOURS, NULL };
    static const char *hevc_list[] = { "-c:v", "libx265",      "-preset", NULL,    "-profile:v",
                                       "main", "-x265-params", NULL,      COLOURS, NULL };
    const char **list = stage == &h264 ? h264_list : hevc_list;

    list[3] = preset;
    list[7] = params;
    return list;
}

static void is_foreign(void **state)
{
    const struct row *row = *state;
    char params[1024];

    pinned(row->stage, row->from, row->to, row->more, params);
    bridge_is(row->stage, encoder_of(row->stage, row->preset, params), (struct spn_rate){ 0, 0 },
              row->boxes, row->check, row->words);
}

static void other_size(void **state)
{
    static const char *const encoder[] = { "-s",   "160x90",  "-pix_fmt", "yuv420p",
                                           "-c:v", "libx264", "-preset",  "fast",
                                           "-g",   "50",      NULL };

    (void)state;
    bridge_is(&h264, encoder, (struct spn_rate){ 0, 0 }, "bridge.decoder", "picture.decode",
              "build the cut again");
}

/* The second asset's track is another encode, which a decoder of this one runs over well. */
static void other_track(void **state)
{
    char track[128], kept[160], path[128], params[1024];
    const unsigned gop = h264.assets.gop;
    struct foreign foreign = { .film = h264.assets.films[1],
                               .to = 3 * gop,
                               .filter = FILTER,
                               .encoder = encoder_of(&h264, "fast", params),
                               .gop = gop,
                               .like = kept };
    json_t *result;

    (void)state;
    pinned(&h264, "crf=", "crf=1", "", params);
    (void)snprintf(track, sizeof(track), "%s/v0.mp4", h264.assets.runs[1].dir);
    (void)snprintf(kept, sizeof(kept), "%s.kept", track);
    assert_int_equal(rename(track, kept), 0);
    foreign_write(&foreign, track);
    cut_run_picture_write(&h264.run, "foreign.mp4", path);
    assert_int_equal(rename(kept, track), 0);
    result = cut_run_verify(&h264.run, 'v', path);
    is_caught(result, "picture.equal",
              "v0, join 1 at 00:00:03:14: 50 of 50 pictures that are taken from the asset as they "
              "are are not those of its track");
    json_decref(result);
}

/* ---- other rates ---- */

static const struct paced {
    const char *name;
    struct cut_stage *stage;
    struct spn_rate rate;
    const char *check, *words;
} paces[] = {
    { "H.264: a bridge at 24 in a cut at 25, with as many frames, is caught",
      &h264,
      { 24, 1 },
      "bridge.frame",
      "v0, join 1" },
    { "H.264: a bridge at 50 in a cut at 25 is caught",
      &h264,
      { 50, 1 },
      "bridge.frame",
      "v0, join 1" },
    { "H.264: a bridge at 30000/1001 in a cut at 25 is caught",
      &h264,
      { 30000, 1001 },
      "film",
      "its samples last 1001 ticks, those of the track 1" },
    { "HEVC: a bridge at 24 in a cut at 25 is caught",
      &hevc,
      { 24, 1 },
      "bridge.frame",
      "v0, join 1" },
};

static void is_paced(void **state)
{
    const struct paced *row = *state;
    char params[1024];

    pinned(row->stage, "crf=", "crf=", "", params);
    bridge_is(row->stage, encoder_of(row->stage, "fast", params), row->rate, "bridge.decoder",
              row->check, row->words);
}

int main(int argc, char **argv)
{
    static struct rows tests;

    rows_add_table(&tests, rows, is_foreign);
    rows_add(&tests, "a bridge of another size is caught", other_size, NULL);
    rows_add(&tests, "GOPs of another encode are caught", other_track, NULL);
    rows_add_table(&tests, paces, is_paced);
    return group_run("verify foreign", &tests, argc, argv, begin, end);
}

/* composed_test.c - what is sent of a composition, and what is refused to be. */
#include "sampan/composed.h"

#include <stdio.h>

#include "made.h"
#include "rows.h"

#define TOLD_MAX 8

/*
 * Two assets of 24 pictures, or of the sound beside them, and a list of three clips: a head of 7
 * frames that is bridged, two GOPs, a GOP, and one of 3 frames between them.
 */
struct stage {
    enum spn_codec codec;
    struct made tracks[2], bridge[2];
    struct spn_track *open_tracks[2], *open_bridges[2];
    const struct spn_track *files_tracks[2], *files_bridges[2];
    struct spn_composed_files files;
    struct spn_composition *composition;
    struct spn_composed composed;
    struct spn_error err;
    char told[TOLD_MAX][600];
    int64_t frames[TOLD_MAX];
    size_t count;
};

static void fault_keep(void *opaque, const char *check, int64_t frame, const char *text)
{
    struct stage *stage = opaque;

    assert_true(stage->count < TOLD_MAX);
    stage->frames[stage->count] = frame;
    (void)snprintf(stage->told[stage->count++], sizeof(stage->told[0]), "%s: %s", check, text);
}

static void file_make(struct made *made, struct spn_track **out)
{
    struct spn_error err = { 0 };

    made->file.size = 0;
    assert_int_equal(spn_header_write(&made->info, &made->file, &err), SPN_OK);
    made_fragments(made, 0, made->fragments, &made->file);
    if (spn_track_open_memory(made->file.data, made->file.size, "made", out, &err) < 0)
        fail_msg("%s", err.text);
}

static void stage_init(struct stage *stage)
{
    const struct spn_clip clips[] = { { 0, 3, 24 }, { 1, 2, 5 }, { 1, 10, 20 } };
    struct spn_clip_asset assets[2] = { { .rate = { 5, 1 }, .frames = 24 },
                                        { .rate = { 5, 1 }, .frames = 24 } };
    static const unsigned lengths[2] = { 7, 3 };

    memset(stage, 0, sizeof(*stage));
    stage->codec = SPN_H264;
    assets[1].name.bytes[0] = 1;
    for (int i = 0; i < 2; i++) {
        made_init(&stage->tracks[i], stage->codec);
        made_init(&stage->bridge[i], stage->codec);
        stage->bridge[i].fragments = 1;
        stage->bridge[i].counts[0] = lengths[i];
    }
    assert_int_equal(spn_composition_make((struct spn_rate){ 5, 1 }, assets, 2, clips, 3, NULL,
                                          NULL, &stage->composition, &stage->err),
                     SPN_OK);
}

/* Open what there is by now, and put it together. */
static int stage_run(struct stage *stage)
{
    for (int i = 0; i < 2; i++) {
        file_make(&stage->tracks[i], &stage->open_tracks[i]);
        file_make(&stage->bridge[i], &stage->open_bridges[i]);
        stage->files_tracks[i] = stage->open_tracks[i];
        stage->files_bridges[i] = stage->open_bridges[i];
    }
    stage->files = (struct spn_composed_files){ stage->files_tracks, stage->files_bridges, 2 };
    return SPN_OK;
}

static int stage_compose(struct stage *stage)
{
    return spn_composed_make(stage->composition, &stage->files, fault_keep, stage, &stage->composed,
                             &stage->err);
}

static void stage_finish(struct stage *stage)
{
    spn_composed_free(&stage->composed);
    for (int i = 0; i < 2; i++) {
        spn_track_close(stage->open_tracks[i]);
        spn_track_close(stage->open_bridges[i]);
        made_finish(&stage->tracks[i]);
        made_finish(&stage->bridge[i]);
    }
    spn_composition_free(stage->composition);
}

/* ---- what is sent ---- */

static int append(void *opaque, const uint8_t *bytes, size_t piece, uint64_t offset, uint64_t size,
                  struct spn_error *err)
{
    struct spn_buffer *out = opaque;
    (void)piece;
    (void)offset;
    (void)err;
    if (bytes)
        spn_buffer_append(out, bytes, size);
    return SPN_OK;
}

static void goes_on(void **state)
{
    struct stage stage;
    struct spn_buffer out = { 0 };
    int64_t at = 0;
    static const size_t files[] = { 2, 0, 0, 3, 1 };
    static const uint32_t fragments[] = { 0, 1, 2, 0, 1 };
    size_t header;

    (void)state;
    stage_init(&stage);
    stage_run(&stage);
    assert_int_equal(stage_compose(&stage), SPN_OK);
    assert_int_equal(stage.count, 0);
    assert_int_equal(stage.composed.count, 5);
    assert_int_equal(stage.composed.duration, 34);
    for (size_t i = 0; i < 5; i++) {
        const struct spn_composed_piece *piece = &stage.composed.pieces[i];
        const struct spn_track *track;

        assert_int_equal(piece->file, files[i]);
        assert_int_equal(piece->fragment, fragments[i]);
        assert_int_equal(piece->start, at);
        at += spn_composed_fragment(&stage.files, &stage.composed, piece, &track)->duration;
    }
    /* header and five prefixes are written, each with its number */
    assert_int_equal(spn_composed_write(&stage.files, &stage.composed, append, &out, &stage.err),
                     SPN_OK);
    (void)spn_track_header(stage.open_tracks[0], &header);
    assert_int_equal(out.size, header + (size_t)5 * SPN_PREFIX_SIZE);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(out.data[header + i * SPN_PREFIX_SIZE + 23], i + 1);
    spn_buffer_finish(&out);
    stage_finish(&stage);
}

static void finds_places(void **state)
{
    static const struct {
        int64_t frame;
        size_t join;
        const char *place;
    } rows[] = { { 0, 1, "join 1 at 00:00:00:00" },
                 { 20, 1, "join 1 at 00:00:04:00" },
                 { 22, 1, "join 1 at 00:00:04:02" },
                 { 23, 2, "join 2 at 00:00:04:03" },
                 { 33, 2, "join 2 at 00:00:06:03" } };
    struct stage stage;
    char place[SPN_COMPOSED_PLACE_MAX];

    (void)state;
    stage_init(&stage);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(spn_composed_join(stage.composition, rows[i].frame), rows[i].join);
        spn_composed_place(stage.composition, rows[i].frame, 0, place);
        assert_string_equal(place, rows[i].place);
    }
    stage_finish(&stage);
}

/* ---- what is not ---- */

static void bridge_gone(struct stage *stage)
{
    stage->files_bridges[1] = NULL;
}

static void bridges_fewer(struct stage *stage)
{
    stage->files.bridge_count = 1;
}

static void track_gone(struct stage *stage)
{
    stage->files_tracks[1] = NULL;
}

static void first_gone(struct stage *stage)
{
    stage->files_tracks[0] = NULL;
}

static void bridges_swapped(struct stage *stage)
{
    stage->files_bridges[0] = stage->open_bridges[1];
    stage->files_bridges[1] = stage->open_bridges[0];
}

/* The last byte of the PPS: its chroma offset. */
static void other_pps(struct stage *stage)
{
    stage->bridge[0].config.data[stage->bridge[0].config.size - 5] ^= 4;
}

static void other_colour(struct stage *stage)
{
    stage->bridge[0].info.colour.matrix = 6;
}

static void other_size(struct stage *stage)
{
    stage->tracks[1].info.width = 320;
}

static void other_rate(struct stage *stage)
{
    stage->tracks[1].info.rate.num = stage->tracks[1].info.timescale = 6;
    stage->tracks[1].info.gop = 12;
}

static void first_rate(struct stage *stage)
{
    stage->tracks[0].info.rate.num = stage->tracks[0].info.timescale = 6;
    stage->tracks[0].info.gop = 12;
}

static void bridge_short(struct stage *stage)
{
    stage->bridge[0].counts[0] = 4;
}

static void bridge_long(struct stage *stage)
{
    stage->bridge[0].fragments = 2;
    stage->bridge[0].counts[1] = 4;
}

static void track_short(struct stage *stage)
{
    stage->tracks[0].fragments = 2;
}

static void track_other(struct stage *stage)
{
    stage->tracks[0].counts[2] = 7;
}

static const struct row {
    const char *name;
    void (*before)(struct stage *stage); /* the files are opened */
    void (*after)(struct stage *stage);
    size_t faults;
    int64_t frame;
    const char *told;
} rows[] = {
    { "a bridge that is not there", NULL, bridge_gone, 1, 21,
      "bridge.there: its bridge is not there; build the cut again" },
    { "fewer bridges than stretches", NULL, bridges_fewer, 1, 21,
      "bridge.there: its bridge is not there; build the cut again" },
    { "a track that is not there", NULL, track_gone, 1, 24,
      "track.there: the track of its asset is not there; build the cut again" },
    { "the first track is not there", NULL, first_gone, 1, 0,
      "track.there: the track of its asset is not there; build the cut again" },
    { "bridges in each other's place", NULL, bridges_swapped, 2, 0,
      "bridge.length: fragment 1 of its bridge is not the 7 frames that the cut needs; build the "
      "cut "
      "again" },
    { "a bridge of another PPS", other_pps, NULL, 1, 0,
      "bridge.decoder: its bridge is for another decoder configuration" },
    { "a bridge of another colour", other_colour, NULL, 1, 0,
      "bridge.decoder: its bridge is for another decoder configuration" },
    { "a track of another size", other_size, NULL, 1, 24,
      "track.decoder: the track of its asset is for another decoder configuration" },
    { "a track of another rate", other_rate, NULL, 1, 24,
      "track.decoder: the track of its asset is for another decoder configuration" },
    { "the first track is of another rate", first_rate, NULL, 1, 0,
      "track.rate: its track has 6/1 frames a second, and the cut 5/1; clips of another rate have "
      "to "
      "be converted first" },
    { "a bridge that is too short", bridge_short, NULL, 1, 0,
      "bridge.length: fragment 1 of its bridge is not the 7 frames that the cut needs; build the "
      "cut "
      "again" },
    { "a bridge that goes on", bridge_long, NULL, 1, 6,
      "bridge.length: its bridge has 2 fragments, and the cut needs 1; build the cut again" },
    { "a track that ends early", track_short, NULL, 1, 7,
      "track.length: the track of its asset has 2 fragments, and number 3 is wanted; build the cut "
      "again" },
    { "a track whose last GOP is of another length", track_other, NULL, 1, 7,
      "track.length: fragments 2 to 3 of the track of its asset end at tick 24 and not at 21; "
      "build "
      "the cut again" },
};

static void is_refused(void **state)
{
    const struct row *row = *state;
    struct stage stage;

    stage_init(&stage);
    if (row->before)
        row->before(&stage);
    stage_run(&stage);
    if (row->after)
        row->after(&stage);
    assert_int_equal(stage_compose(&stage), SPN_EMISMATCH);
    assert_null(stage.composed.pieces);
    assert_int_equal(stage.count, row->faults);
    assert_int_equal(stage.frames[0], row->frame);
    if (strncmp(stage.told[0], row->told, strlen(row->told)) != 0)
        fail_msg("said: %s", stage.told[0]);
    assert_string_equal(stage.err.text, strchr(stage.told[0], ' ') + 1);
    stage_finish(&stage);
}

int main(void)
{
    static struct rows list;

    rows_add(&list, "fragments follow each other, references and bridges", goes_on, NULL);
    rows_add(&list, "a place is told by the nearest join", finds_places, NULL);
    rows_add_table(&list, rows, is_refused);
    return rows_run(&list, "composed");
}

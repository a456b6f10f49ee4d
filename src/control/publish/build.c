/* build.c - from an asset's rows and track files to a publication plan, and its bytes. */
#include "build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chapters.h"
#include "cues.h"
#include "json.h"
#include "rendition_words.h"
#include "sampan/publication.h"
#include "sampan/track.h"
#include "store/blob.h"
#include "work/plan.h"

/* What a rendition of the plan points into. */
struct part {
    struct spn_track *track;
    struct spn_plan_fragment *fragments;
    struct cues cues;
    char id[16], name[RENDITION_NAME_MAX];
};

struct build {
    const struct instance *instance;
    json_t *plan, *board; /* the asset's plan, and the facts of its storyboard */
    struct spn_plan_file files[SPN_RENDITIONS_MAX + 1];
    struct spn_plan_rendition renditions[SPN_RENDITIONS_MAX];
    struct part parts[SPN_RENDITIONS_MAX];
    size_t file_count, count;
    struct spn_plan_storyboard storyboard;
    struct spn_plan_sheet *sheets;
    struct chapters chapters;
    struct chapter_cues chapter_cues;
};

static int track_add(struct build *build, const char *name, struct spn_error *err)
{
    struct spn_plan_rendition *rendition = &build->renditions[build->count];
    struct part *part = &build->parts[build->count];
    struct spn_plan_file *file = &build->files[build->file_count];
    const struct spn_fragment *fragments;
    char path[SPN_PATH_MAX];
    size_t count;
    int ret;

    if ((ret = blob_path(build->instance, BLOB_TRACK, name, path, err)) < 0 ||
        (ret = spn_track_open(path, &part->track, err)) < 0 ||
        (ret = blob_size(build->instance, BLOB_TRACK, name, &file->size, err)) < 0)
        return ret;
    fragments = spn_track_all(part->track, &count);
    part->fragments = calloc(count ? count : 1, sizeof(part->fragments[0]));
    if (!part->fragments)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        if (fragments[i].duration > UINT32_MAX)
            return spn_error_set(err, SPN_ELIMIT, "fragment %zu of %s is too long", i + 1, path);
        part->fragments[i] = (struct spn_plan_fragment){
            .file = (uint32_t)build->file_count,
            .duration = (uint32_t)fragments[i].duration,
            .offset = fragments[i].offset,
            .size = fragments[i].size,
            .moof_size = fragments[i].moof_size,
            .first_sample_size = fragments[i].first_sample_size,
            .exact = 1, /* the asset's own timeline, from its first fragment on */
        };
    }
    file->folder = SPN_FOLDER_TRACK;
    (void)spn_hash_parse(name, SPN_HASH_HEX, &file->name);
    build->file_count++;
    rendition->info = *spn_track_info(part->track);
    rendition->header = spn_track_header(part->track, &rendition->header_size);
    rendition->fragments = part->fragments;
    rendition->fragment_count = count;
    return SPN_OK;
}

static int text_add(struct build *build, const char *name, const char *language,
                    struct spn_error *err)
{
    struct spn_plan_rendition *rendition = &build->renditions[build->count];
    struct part *part = &build->parts[build->count];
    char path[SPN_PATH_MAX];
    int ret;

    if ((ret = blob_path(build->instance, BLOB_TEXT, name, path, err)) < 0 ||
        (ret = cues_read(&part->cues, path, err)) < 0)
        return ret;
    rendition->info.media = SPN_TEXT;
    rendition->info.codec = SPN_WEBVTT;
    rendition->info.timescale = 1000;
    (void)snprintf(rendition->info.language, sizeof(rendition->info.language), "%.35s", language);
    (void)snprintf(rendition->info.codecs, sizeof(rendition->info.codecs), "wvtt");
    rendition->cues = part->cues.cues;
    rendition->cue_count = part->cues.count;
    return SPN_OK;
}

static int rendition_add(struct build *build, int media, const char *id, const char *name,
                         const json_t *planned, struct spn_error *err)
{
    const char *language = json_string_value(json_object_get(planned, "language"));
    struct spn_plan_rendition *rendition = &build->renditions[build->count];
    struct part *part = &build->parts[build->count];
    int ret;

    if (build->count >= SPN_RENDITIONS_MAX)
        return spn_error_set(err, SPN_ELIMIT, "the asset has more than %d renditions",
                             SPN_RENDITIONS_MAX);
    language = language && *language ? language : "und";
    if ((ret = media == 2 ? text_add(build, name, language, err) : track_add(build, name, err)) < 0)
        return ret;
    (void)snprintf(part->id, sizeof(part->id), "%.15s", id);
    rendition->id = part->id;
    rendition_words(build->renditions, build->count, media, planned, part->name);
    build->count++;
    return SPN_OK;
}

/* Best first, which the manifests keep. */
static int video_order(const void *a, const void *b)
{
    const struct spn_plan_rendition *x = a, *y = b;
    uint64_t left, right;

    if (x->info.media != SPN_VIDEO || y->info.media != SPN_VIDEO)
        return 0;
    left = (uint64_t)x->info.width * x->info.height;
    right = (uint64_t)y->info.width * y->info.height;
    return left > right ? -1 : left < right ? 1 : strcmp(x->id, y->id);
}

static int renditions_read(struct build *build, struct db *db, const char *asset,
                           struct spn_error *err)
{
    struct rows *rows = NULL;
    size_t videos = 0;
    int ret;

    for (int media = 0; media < 3; media++) {
        if ((ret = db_query(db,
                            "SELECT id, name, place, facts FROM rendition WHERE asset = $1"
                            " AND media = $2 ORDER BY place",
                            DB_ARGS(db_text(asset), db_text(plan_media[media])), &rows, err)) < 0)
            return ret;
        while ((ret = rows_next(rows, err)) > 0) {
            const json_t *planned = json_array_get(json_object_get(build->plan, plan_media[media]),
                                                   (size_t)rows_number(rows, 2));

            if (rows_null(rows, 3))
                ret = spn_error_set(err, SPN_ECONFLICT, "rendition %s is not finished",
                                    rows_text(rows, 0));
            else
                ret = rendition_add(build, media, rows_text(rows, 0), rows_text(rows, 1), planned,
                                    err);
            if (ret < 0)
                break;
        }
        rows_close(rows);
        if (ret < 0)
            return ret;
        if (media == 0)
            videos = build->count;
    }
    qsort(build->renditions, videos, sizeof(build->renditions[0]), video_order);
    return SPN_OK;
}

/* A number of what sampan-media said; wrong ones become 0, which spn_publication_make() refuses. */
static uint32_t fact(const json_t *object, const char *name)
{
    json_int_t number = json_integer_value(json_object_get(object, name));

    return number > 0 && number <= UINT32_MAX ? (uint32_t)number : 0;
}

static int storyboard_read(struct build *build, struct spn_rate rate, struct spn_error *err)
{
    const json_t *planned = json_object_get(build->plan, "storyboard"), *sheet;
    const json_t *sheets = json_object_get(build->board, "sheets");
    const char *name = plan_board(build->plan);
    struct spn_plan_file *file = &build->files[build->file_count];
    uint32_t tiles, rows, columns;
    int64_t tile_ms = 0;
    size_t i;
    int ret;

    if (!name || json_array_size(sheets) == 0)
        return SPN_OK;
    if ((ret = blob_size(build->instance, BLOB_SHEETS, name, &file->size, err)) < 0)
        return ret;
    file->folder = SPN_FOLDER_SHEETS;
    (void)spn_hash_parse(name, SPN_HASH_HEX, &file->name);
    build->sheets = calloc(json_array_size(sheets), sizeof(build->sheets[0]));
    if (!build->sheets)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    json_array_foreach(sheets, i, sheet)
    {
        json_int_t offset = json_integer_value(json_object_get(sheet, "offset"));

        build->sheets[i].file = (uint32_t)build->file_count;
        build->sheets[i].offset = offset > 0 ? (uint64_t)offset : 0;
        build->sheets[i].size = fact(sheet, "size");
    }
    build->file_count++;
    if (spn_rescale(fact(planned, "interval_frames"), (int64_t)rate.den * 1000, rate.num,
                    SPN_NEAREST, &tile_ms) < 0)
        tile_ms = 0;
    /* A sheet that is the only one ends with the row of its last tile; others are full, but the
     * last. */
    tiles = (uint32_t)json_array_size(json_object_get(build->board, "tiles"));
    rows = fact(planned, "rows");
    columns = fact(planned, "columns");
    if (json_array_size(sheets) == 1 && columns > 0 && (tiles + columns - 1) / columns < rows)
        rows = (tiles + columns - 1) / columns;
    build->storyboard = (struct spn_plan_storyboard){
        .tile_width = fact(planned, "width"),
        .tile_height = fact(planned, "height"),
        .columns = columns,
        .rows = rows,
        .tile_ms = (uint32_t)tile_ms,
        .tile_count = tiles,
        .sheets = build->sheets,
        .sheet_count = json_array_size(sheets),
    };
    return SPN_OK;
}

static int asset_read(struct build *build, struct db *db, const char *asset, struct spn_rate *rate,
                      struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    if ((ret =
             db_query(db, "SELECT plan, storyboard, rate_num, rate_den FROM asset WHERE hash = $1",
                      DB_ARGS(db_text(asset)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        build->plan = json_of(rows_text(rows, 0));
        build->board = json_of(rows_text(rows, 1));
        rate->num = (uint32_t)rows_number(rows, 2);
        rate->den = (uint32_t)rows_number(rows, 3);
    }
    rows_close(rows);
    return ret == 0 ? spn_error_set(err, SPN_ENOENT, "there is no asset %s", asset) : ret;
}

static void build_destroy(struct build *build)
{
    if (!build)
        return;
    for (size_t i = 0; i < SPN_RENDITIONS_MAX; i++) {
        spn_track_close(build->parts[i].track);
        free(build->parts[i].fragments);
        cues_finish(&build->parts[i].cues);
    }
    chapters_finish(&build->chapters);
    chapter_cues_finish(&build->chapter_cues);
    free(build->sheets);
    json_decref(build->plan);
    json_decref(build->board);
    free(build);
}

int publication_build(const struct instance *instance, struct db *db, const char *id,
                      const char *asset, struct spn_buffer *out, struct spn_error *err)
{
    struct build *build = calloc(1, sizeof(*build));
    struct spn_publication_plan plan = { .id = id, .flags = SPN_PUBLICATION_OPEN };
    int ret;

    if (!build)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    build->instance = instance;
    if ((ret = asset_read(build, db, asset, &plan.rate, err)) < 0 ||
        (ret = renditions_read(build, db, asset, err)) < 0 ||
        (ret = storyboard_read(build, plan.rate, err)) < 0 ||
        (ret = chapters_read(db, asset, &build->chapters, err)) < 0 ||
        (ret = chapter_cues_make(plan.rate, build->chapters.list, build->chapters.count,
                                 &build->chapter_cues, err)) < 0)
        goto done;
    plan.gop = spn_rate_gop(plan.rate);
    plan.segment_gops = (uint32_t)instance->segment_gops;
    plan.files = build->files;
    plan.file_count = build->file_count;
    plan.renditions = build->renditions;
    plan.rendition_count = build->count;
    plan.storyboard = build->storyboard.sheet_count ? &build->storyboard : NULL;
    plan.chapters = build->chapter_cues.cues;
    plan.chapter_count = build->chapter_cues.count;
    ret = spn_publication_make(&plan, out, err);

done:
    build_destroy(build);
    return ret;
}

/*
 * build_cut.c - from a built cut to a publication plan: references into its assets' track files,
 * bridges between them.
 *
 * Every file that is named is opened and held to what the composition expects of it: a bridge that
 * is not what was asked for is never published.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "cut/cut_board.h"
#include "cut/cut_built.h"
#include "cut/cut_chapters.h"
#include "cut/cut_cues.h"
#include "cut/cut_stretch.h"
#include "json.h"
#include "rendition_words.h"
#include "sampan/track.h"
#include "store/blob.h"
#include "work/plan.h"

/* What is to be done about what is not good: verifying tells all of it, and building mends it. */
#define BAD "; run `sampan cut verify` and build the cut again"

struct part {
    const struct match_rendition *rendition; /* borrowed from built */
    struct spn_track *kept;                  /* what header and info point into */
    struct spn_plan_fragment *fragments;
    size_t count, capacity;
    struct cut_cues cues;
    char name[RENDITION_NAME_MAX];
};

struct composed {
    const struct instance *instance;
    struct db *db;
    struct cut *cut;
    struct cut_built *built;
    struct cut_stretch *stretches;
    size_t stretch_count;
    struct spn_plan_file *files;
    size_t file_count, file_capacity;
    struct spn_plan_rendition renditions[SPN_RENDITIONS_MAX];
    struct part parts[SPN_RENDITIONS_MAX];
    size_t count;
    /* of the rendition being put together */
    struct spn_track **tracks; /* of each asset, opened when it is needed */
    uint32_t *track_files;
    int64_t at; /* ticks */
    struct cut_board board;
    struct cut_chapters chapters;
    struct chapter_cues chapter_cues;
};

/* ---- files ---- */

static int file_add(struct composed *composed, enum spn_folder folder, enum blob_kind kind,
                    const char *name, uint32_t *index, struct spn_error *err)
{
    struct spn_plan_file *file;

    if (composed->file_count == SPN_FILES_MAX)
        return spn_error_set(err, SPN_ELIMIT, "the cut is made of more than %d files",
                             SPN_FILES_MAX);
    if (composed->file_count == composed->file_capacity) {
        size_t capacity = composed->file_capacity ? 2 * composed->file_capacity : 64;
        struct spn_plan_file *files = realloc(composed->files, capacity * sizeof(*files));

        if (!files)
            return spn_error_set(err, SPN_ENOMEM, "out of memory");
        composed->files = files;
        composed->file_capacity = capacity;
    }
    file = &composed->files[composed->file_count];
    memset(file, 0, sizeof(*file));
    file->folder = folder;
    (void)spn_hash_parse(name, SPN_HASH_HEX, &file->name);
    *index = (uint32_t)composed->file_count++;
    return blob_size(composed->instance, kind, name, &file->size, err);
}

/* Open a track and see that a decoder of the rendition goes on with it. */
static int track_open(struct composed *composed, enum blob_kind kind, const char *name,
                      const struct part *part, struct spn_track **out, struct spn_error *err)
{
    char path[SPN_PATH_MAX], hex[SPN_HASH_HEX + 1];
    struct spn_hash compat;
    int ret;

    *out = NULL;
    if ((ret = blob_path(composed->instance, kind, name, path, err)) < 0 ||
        (ret = spn_track_open(path, out, err)) < 0)
        return ret;
    if (part->kept && (ret = spn_compat_id(spn_track_info(*out), &compat, err)) >= 0) {
        struct spn_hash want;

        if ((ret = spn_compat_id(spn_track_info(part->kept), &want, err)) >= 0 &&
            !spn_hash_equal(&want, &compat)) {
            spn_hash_hex(&compat, hex);
            ret = spn_error_set(err, SPN_EMISMATCH,
                                "%s is for another decoder configuration (%s) than the rest of "
                                "rendition %s" BAD,
                                path, hex, part->rendition->id);
        }
    }
    if (ret < 0) {
        spn_track_close(*out);
        *out = NULL;
    }
    return ret;
}

/* The track of an asset in this rendition. */
static int asset_track(struct composed *composed, struct part *part, size_t asset,
                       struct spn_error *err)
{
    const char *name = part->rendition->tracks[asset].name;
    int ret;

    if (composed->tracks[asset])
        return SPN_OK;
    if ((ret = track_open(composed, BLOB_TRACK, name, part, &composed->tracks[asset], err)) < 0)
        return ret;
    return file_add(composed, SPN_FOLDER_TRACK, BLOB_TRACK, name, &composed->track_files[asset],
                    err);
}

static int fragment_add(struct composed *composed, struct part *part, uint32_t file,
                        const struct spn_fragment *fragment, int exact, struct spn_error *err)
{
    if (part->count == part->capacity) {
        size_t capacity = part->capacity ? 2 * part->capacity : 256;
        struct spn_plan_fragment *fragments =
            realloc(part->fragments, capacity * sizeof(*fragments));

        if (!fragments)
            return spn_error_set(err, SPN_ENOMEM, "out of memory");
        part->fragments = fragments;
        part->capacity = capacity;
    }
    part->fragments[part->count++] = (struct spn_plan_fragment){
        .file = file,
        .duration = (uint32_t)fragment->duration,
        .offset = fragment->offset,
        .size = fragment->size,
        .moof_size = fragment->moof_size,
        .first_sample_size = fragment->first_sample_size,
        .exact = (uint8_t)exact,
    };
    composed->at += fragment->duration;
    return SPN_OK;
}

/* Fragments [first, first + count) of the asset's track. */
static int reference_add(struct composed *composed, struct part *part, size_t asset, int64_t first,
                         int64_t count, int64_t ticks, struct spn_error *err)
{
    const struct spn_fragment *fragments;
    int64_t end = composed->at + ticks;
    size_t there;
    int ret;

    if ((ret = asset_track(composed, part, asset, err)) < 0)
        return ret;
    fragments = spn_track_all(composed->tracks[asset], &there);
    if (first < 0 || (size_t)(first + count) > there)
        return spn_error_set(
            err, SPN_EMISMATCH,
            "%s has %zu fragments in rendition %s, and fragment %" PRId64 " is wanted",
            composed->cut->assets[asset].name, there, part->rendition->id, first + count);
    for (int64_t i = first; i < first + count; i++) {
        /* what lies where it lay is right as it is: neighbours are sent as one */
        int exact = (size_t)i == part->count && fragments[i].start == composed->at;

        if ((ret = fragment_add(composed, part, composed->track_files[asset], &fragments[i], exact,
                                err)) < 0)
            return ret;
    }
    return composed->at == end
               ? SPN_OK
               : spn_error_set(err, SPN_EMISMATCH,
                               "fragments %" PRId64 " to %" PRId64
                               " of %s in rendition %s are not as long as the cut needs",
                               first, first + count, composed->cut->assets[asset].name,
                               part->rendition->id);
}

/* ---- bridges ---- */

struct made {
    char name[SPN_HASH_HEX + 1], path[SPN_PATH_MAX];
    char sha256[SPN_HASH_HEX + 1]; /* of its bytes, "" where that was not kept */
    const char *rendition;
    struct spn_error first; /* rule that it breaks */
};

/* The file that was made for a stretch of a rendition. SPN_ECONFLICT: none. */
static int made_find(struct composed *composed, const char *kind, int64_t place,
                     const char *rendition, struct made *out, struct spn_error *err)
{
    struct rows *rows = NULL;
    const char *sha256;
    json_t *facts;
    int ret;

    memset(out, 0, sizeof(*out));
    out->rendition = rendition;
    if ((ret = db_query(composed->db,
                        "SELECT name, facts FROM cut_file WHERE cut = $1 AND kind = $2"
                        " AND place = $3 AND rendition = $4 AND facts IS NOT NULL",
                        DB_ARGS(db_text(composed->cut->id), db_text(kind), db_number(place),
                                db_text(rendition)),
                        &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        facts = json_of(rows_text(rows, 1));
        sha256 = json_string_value(json_object_get(facts, "sha256"));
        (void)snprintf(out->name, sizeof(out->name), "%.64s", rows_text(rows, 0));
        (void)snprintf(out->sha256, sizeof(out->sha256), "%.64s", sha256 ? sha256 : "");
        json_decref(facts);
    }
    rows_close(rows);
    if (ret == 0)
        return spn_error_set(err, SPN_ECONFLICT, "%s %" PRId64 " of %s is not there", kind, place,
                             rendition);
    return ret < 0 ? ret : blob_path(composed->instance, BLOB_BRIDGE, out->name, out->path, err);
}

/* What holds of every track holds of a bridge, but that its fragments are whole and indexed. */
static void rule_broken(void *opaque, const char *rule, const char *text)
{
    static const char *const track_only[] = { "sampan.sidx.present", "sampan.gop.whole",
                                              "sampan.audio.even" };
    struct made *made = opaque;

    for (size_t i = 0; i < sizeof(track_only) / sizeof(track_only[0]); i++)
        if (strcmp(rule, track_only[i]) == 0)
            return;
    if (made->first.code == 0)
        (void)spn_error_set(&made->first, SPN_EMISMATCH,
                            "a bridge of rendition %s breaks the contract: %s" BAD, made->rendition,
                            text);
}

/* Its bytes are those that were made, and keep every rule: IDR pictures first, one step, … */
static int made_check(struct made *made, struct spn_error *err)
{
    char hex[SPN_HASH_HEX + 1] = "";
    struct spn_hash hash;
    int fd = open(made->path, O_RDONLY | O_CLOEXEC), ret;

    if (fd < 0)
        return spn_error_errno(err, errno, "cannot open the bridge %s", made->path);
    if ((ret = spn_file_hash(fd, &hash, NULL, err)) >= 0)
        spn_hash_hex(&hash, hex);
    (void)close(fd);
    if (ret < 0)
        return ret;
    if (made->sha256[0] && strcmp(hex, made->sha256) != 0)
        return spn_error_set(
            err, SPN_EMISMATCH,
            "the bytes of a bridge of rendition %s are not those that were made" BAD,
            made->rendition);
    if ((ret = spn_track_check(made->path, rule_broken, made, err)) < 0)
        return ret;
    return made->first.code ? spn_error_set(err, made->first.code, "%s", made->first.text) : SPN_OK;
}

/* *out goes to spn_track_close(), also on failure. */
static int bridge_open(struct composed *composed, struct part *part, const char *kind,
                       int64_t place, struct spn_track **out, uint32_t *file, struct spn_error *err)
{
    struct made made;
    int ret;

    if ((ret = made_find(composed, kind, place, part->rendition->id, &made, err)) < 0 ||
        (ret = track_open(composed, BLOB_BRIDGE, made.name, part, out, err)) < 0 ||
        (ret = made_check(&made, err)) < 0)
        return ret;
    return file_add(composed, SPN_FOLDER_BRIDGE, BLOB_BRIDGE, made.name, file, err);
}

/*
 * A span of bridge: fragments of track from *next on, which must be as long as units (frames or
 * packets) of unit_ticks divided among them.
 */
static int bridge_add(struct composed *composed, struct part *part, struct spn_track *track,
                      uint32_t file, size_t *next, int64_t units, uint32_t count,
                      int64_t unit_ticks, struct spn_error *err)
{
    const struct spn_fragment *fragments;
    size_t there;
    int ret;

    fragments = spn_track_all(track, &there);
    for (uint32_t i = 0; i < count; i++) {
        int64_t first, length;

        spn_bridge_fragment(units, count, i, &first, &length);
        if (*next >= there || fragments[*next].duration != length * unit_ticks)
            return spn_error_set(err, SPN_EMISMATCH,
                                 "a bridge of rendition %s is not what the cut needs: fragment %zu "
                                 "is not %" PRId64 " ticks long" BAD,
                                 part->rendition->id, *next + 1, length * unit_ticks);
        if ((ret = fragment_add(composed, part, file, &fragments[(*next)++], 0, err)) < 0)
            return ret;
    }
    return SPN_OK;
}

static int ended_well(const struct part *part, struct spn_track *track, size_t next,
                      struct spn_error *err)
{
    size_t there;

    (void)spn_track_all(track, &there);
    return next == there ? SPN_OK
                         : spn_error_set(err, SPN_EMISMATCH,
                                         "a bridge of rendition %s has %zu fragments, and the cut "
                                         "needs %zu" BAD,
                                         part->rendition->id, there, next);
}

/* ---- picture ---- */

static int stretch_add(struct composed *composed, struct part *part, const struct spn_span *span,
                       int64_t frame_ticks, struct spn_error *err)
{
    size_t stretch = cut_stretch_find(composed->stretches, composed->stretch_count, span);
    struct spn_track *track = NULL;
    size_t next = 0;
    uint32_t file;
    int ret;

    if ((ret = bridge_open(composed, part, "bridge", (int64_t)stretch, &track, &file, err)) >= 0 &&
        (ret = bridge_add(composed, part, track, file, &next, span->frames, span->fragments,
                          frame_ticks, err)) >= 0)
        ret = ended_well(part, track, next, err);
    spn_track_close(track);
    return ret;
}

static int picture_add(struct composed *composed, struct part *part,
                       const struct spn_composition *seen, struct spn_error *err)
{
    int64_t frame_ticks = seen->rate.den;
    struct spn_span *spans;
    size_t count;
    int ret = spn_picture_spans(seen, &spans, &count, err);

    for (size_t i = 0; i < count && ret >= 0; i++) {
        const struct spn_span *span = &spans[i];

        if (span->kind == SPN_BRIDGE)
            ret = stretch_add(composed, part, span, frame_ticks, err);
        else
            ret = reference_add(composed, part, seen->clips[span->clip].asset, span->gop,
                                span->gops, span->frames * frame_ticks, err);
    }
    free(spans);
    return ret;
}

/* ---- sound ---- */

static int sound_spans_add(struct composed *composed, struct part *part,
                           const struct spn_sound_span *spans, size_t count, struct spn_error *err)
{
    const struct spn_composition *composition = composed->cut->composition;
    struct spn_track *track = NULL;
    uint32_t file = 0;
    size_t next = 0;
    int64_t place = 0;
    int ret = SPN_OK;

    for (const struct part *other = composed->parts; other < part; other++)
        place += other->rendition->media == 1;
    for (size_t i = 0; i < count && ret >= 0; i++) {
        if (spans[i].kind == SPN_REFERENCE) {
            ret = reference_add(composed, part, composition->clips[spans[i].clip].asset,
                                spans[i].fragment, spans[i].fragments,
                                spans[i].slots * SPN_AAC_FRAME, err);
            continue;
        }
        if (!track &&
            (ret = bridge_open(composed, part, "sound_bridge", place, &track, &file, err)) < 0)
            break;
        ret = bridge_add(composed, part, track, file, &next, spans[i].slots,
                         (uint32_t)spans[i].fragments, SPN_AAC_FRAME, err);
    }
    if (ret >= 0 && track)
        ret = ended_well(part, track, next, err);
    spn_track_close(track);
    return ret;
}

static int sound_add(struct composed *composed, struct part *part,
                     const struct spn_composition *composition, struct spn_error *err)
{
    uint32_t sample_rate = spn_track_info(part->kept)->sample_rate;
    struct spn_sound_clip *clips = NULL;
    struct spn_sound_span *spans = NULL;
    size_t count = 0;
    int ret;

    if ((ret = spn_sound_clips(composition, sample_rate, &clips, err)) >= 0 &&
        (ret = spn_sound_spans(composition, sample_rate, clips, &spans, &count, err)) >= 0)
        ret = sound_spans_add(composed, part, spans, count, err);
    free(clips);
    free(spans);
    return ret;
}

/* ---- renditions ---- */

/* As long as the list, to the frame; sound to the packet. */
static int length_check(const struct composed *composed, const struct part *part,
                        struct spn_error *err)
{
    const struct spn_composition *composition = composed->cut->composition;
    const struct spn_track_info *info = spn_track_info(part->kept);
    int64_t ticks = info->media == SPN_VIDEO
                        ? composition->start[composition->count] * composition->rate.den
                        : spn_sound_slots(composition, info->sample_rate) * SPN_AAC_FRAME;

    return composed->at == ticks
               ? SPN_OK
               : spn_error_set(err, SPN_EMISMATCH,
                               "rendition %s lasts %" PRId64 " ticks, and the cut %" PRId64 BAD,
                               part->rendition->id, composed->at, ticks);
}

static int track_rendition_add(struct composed *composed, struct part *part,
                               struct spn_plan_rendition *rendition, struct spn_error *err)
{
    const char *like = part->rendition->tracks[composed->built->like].name;
    size_t count = composed->cut->composition->asset_count;
    struct spn_composition seen;
    int ret;

    if ((ret = track_open(composed, BLOB_TRACK, like, part, &part->kept, err)) < 0)
        return ret;
    composed->at = 0;
    if ((ret = cut_seen(composed->cut->composition, part->rendition, &seen, err)) >= 0)
        ret = part->rendition->media == 0 ? picture_add(composed, part, &seen, err)
                                          : sound_add(composed, part, &seen, err);
    cut_seen_finish(&seen);
    if (ret >= 0)
        ret = length_check(composed, part, err);
    for (size_t i = 0; i < count; i++) {
        spn_track_close(composed->tracks[i]);
        composed->tracks[i] = NULL;
    }
    rendition->info = *spn_track_info(part->kept);
    rendition->header = spn_track_header(part->kept, &rendition->header_size);
    rendition->fragments = part->fragments;
    rendition->fragment_count = part->count;
    return ret;
}

static int rendition_add(struct composed *composed, const struct match_rendition *built,
                         struct spn_error *err)
{
    struct spn_plan_rendition *rendition = &composed->renditions[composed->count];
    struct part *part = &composed->parts[composed->count];
    int ret;

    if (composed->count == SPN_RENDITIONS_MAX)
        return spn_error_set(err, SPN_ECONFLICT, "the cut has to be built again");
    part->rendition = built;
    composed->count++; /* from here on it is cleaned up */
    if (part->rendition->media < 2) {
        ret = track_rendition_add(composed, part, rendition, err);
    } else if ((ret = cut_cues_make(composed->instance, composed->cut, part->rendition, &part->cues,
                                    err)) >= 0) {
        rendition->info.media = SPN_TEXT;
        rendition->info.codec = SPN_WEBVTT;
        rendition->info.timescale = 1000;
        (void)snprintf(rendition->info.language, sizeof(rendition->info.language), "%.35s",
                       planned_language(part->rendition->planned));
        (void)snprintf(rendition->info.codecs, sizeof(rendition->info.codecs), "wvtt");
        rendition->cues = part->cues.cues;
        rendition->cue_count = part->cues.count;
    }
    if (ret < 0)
        return ret;
    rendition->id = part->rendition->id;
    rendition_words(composed->renditions, composed->count - 1, part->rendition->media,
                    part->rendition->planned, part->name);
    return SPN_OK;
}

/* Best first, which the manifests keep; the parts stay where they are. */
static int video_order(const void *a, const void *b)
{
    const struct spn_plan_rendition *x = a, *y = b;
    uint64_t left = (uint64_t)x->info.width * x->info.height;
    uint64_t right = (uint64_t)y->info.width * y->info.height;

    return left > right ? -1 : left < right ? 1 : strcmp(x->id, y->id);
}

static int board_file(void *opaque, const char *name, uint32_t *file, struct spn_error *err)
{
    return file_add(opaque, SPN_FOLDER_TILES, BLOB_TILES, name, file, err);
}

/* ---- the whole ---- */

static void composed_destroy(struct composed *composed)
{
    if (!composed)
        return;
    for (size_t i = 0; i < composed->count; i++) {
        spn_track_close(composed->parts[i].kept);
        free(composed->parts[i].fragments);
        cut_cues_finish(&composed->parts[i].cues);
    }
    cut_chapters_finish(&composed->chapters);
    chapter_cues_finish(&composed->chapter_cues);
    cut_built_free(composed->built);
    cut_free(composed->cut);
    free(composed->stretches);
    free(composed->files);
    free(composed->tracks);
    free(composed->track_files);
    cut_board_finish(&composed->board);
    free(composed);
}

static int composed_steps(struct composed *composed, const char *cut, struct spn_error *err)
{
    size_t count, videos = 0;
    int ret;

    if ((ret = cut_load(composed->db, cut, &composed->cut, err)) < 0 ||
        (ret = cut_built_read(composed->db, composed->cut, &composed->built, err)) < 0 ||
        (ret = cut_stretches(composed->cut->composition, composed->built->renditions,
                             composed->built->count, &composed->stretches, &composed->stretch_count,
                             err)) < 0)
        return ret;
    count = composed->cut->composition->asset_count;
    composed->tracks = calloc(count, sizeof(struct spn_track *));
    composed->track_files = calloc(count, sizeof(*composed->track_files));
    if (!composed->tracks || !composed->track_files)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    for (size_t i = 0; i < composed->built->count; i++) {
        if ((ret = rendition_add(composed, &composed->built->renditions[i], err)) < 0)
            return ret;
        videos += composed->built->renditions[i].media == 0;
    }
    if (videos > 1)
        qsort(composed->renditions, videos, sizeof(composed->renditions[0]), video_order);
    if ((ret = cut_chapters_make(composed->db, composed->cut, &composed->chapters, err)) < 0 ||
        (ret = chapter_cues_make(composed->cut->composition->rate, composed->chapters.list,
                                 composed->chapters.count, &composed->chapter_cues, err)) < 0)
        return ret;
    return cut_board_make(composed->db, composed->cut, board_file, composed, &composed->board, err);
}

int publication_build_cut(const struct instance *instance, struct db *db, const char *id,
                          const char *cut, struct spn_buffer *out, struct spn_error *err)
{
    struct composed *composed = calloc(1, sizeof(*composed));
    struct spn_publication_plan plan = { .id = id, .flags = SPN_PUBLICATION_OPEN };
    int ret;

    if (!composed)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    composed->instance = instance;
    composed->db = db;
    if ((ret = composed_steps(composed, cut, err)) >= 0) {
        plan.rate = composed->cut->composition->rate;
        plan.gop = composed->cut->composition->gop;
        plan.segment_gops = (uint32_t)instance->segment_gops;
        plan.files = composed->files;
        plan.file_count = composed->file_count;
        plan.renditions = composed->renditions;
        plan.rendition_count = composed->count;
        plan.storyboard = composed->board.plan.sheet_count ? &composed->board.plan : NULL;
        plan.chapters = composed->chapter_cues.cues;
        plan.chapter_count = composed->chapter_cues.count;
        ret = spn_publication_make(&plan, out, err);
    }
    composed_destroy(composed);
    return ret;
}

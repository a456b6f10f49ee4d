/* publication_plan.c - whether a plan of a publication is one that can be made. */
#include "publication_plan.h"

#include <string.h>

#include "cue_text.h"
#include "letters.h"
#include "publication_index.h"
#include "segments.h"

struct checking {
    const struct spn_publication_plan *plan;
    struct spn_error *err;
};

#define REFUSE(...) return spn_error_set(checking->err, SPN_EINVAL, __VA_ARGS__)

static int range_plan_check(const struct checking *checking, uint32_t file, uint64_t offset,
                            uint64_t size)
{
    const struct spn_publication_plan *plan = checking->plan;

    return file < plan->file_count && size > 0 && size <= plan->files[file].size &&
           offset <= plan->files[file].size - size;
}

static int fragments_plan_check(const struct checking *checking,
                                const struct spn_plan_rendition *rendition)
{
    uint64_t ticks = 0;

    for (size_t i = 0; i < rendition->fragment_count; i++) {
        const struct spn_plan_fragment *fragment = &rendition->fragments[i];

        if (!range_plan_check(checking, fragment->file, fragment->offset, fragment->size))
            REFUSE("fragment %zu of rendition %s lies outside of its file", i + 1, rendition->id);
        if (fragment->size > SPN_FRAGMENT_SIZE_MAX || fragment->size <= 8 ||
            fragment->moof_size <= SPN_PREFIX_SIZE || fragment->moof_size >= fragment->size - 8 ||
            fragment->first_sample_size == 0 ||
            fragment->first_sample_size > fragment->size - 8 - fragment->moof_size)
            REFUSE("the first sample of fragment %zu of rendition %s lies outside of it", i + 1,
                   rendition->id);
        if (fragment->duration == 0)
            REFUSE("fragment %zu of rendition %s lasts no time", i + 1, rendition->id);
        ticks += fragment->duration;
    }
    if (ticks > PUBLICATION_TICKS_MAX)
        return spn_error_set(checking->err, SPN_ELIMIT, "rendition %s is longer than %llu ticks",
                             rendition->id, (unsigned long long)PUBLICATION_TICKS_MAX);
    return SPN_OK;
}

static int media_plan_check(const struct checking *checking,
                            const struct spn_plan_rendition *rendition)
{
    const struct spn_track_info *info = &rendition->info;

    if (rendition->fragment_count == 0 || !rendition->header || rendition->header_size == 0)
        REFUSE("rendition %s has no fragment or no header", rendition->id);
    if (rendition->fragment_count > SPN_FRAGMENTS_MAX ||
        rendition->header_size > SPN_HEADER_SIZE_MAX)
        return spn_error_set(checking->err, SPN_ELIMIT,
                             "rendition %s has more than %d fragments or a header above %u bytes",
                             rendition->id, SPN_FRAGMENTS_MAX, SPN_HEADER_SIZE_MAX);
    if (info->timescale == 0 || info->timescale > PUBLICATION_TIMESCALE_MAX ||
        info->sample_ticks == 0 || !info->codecs[0] || !spn_letters_codecs(info->codecs))
        REFUSE("rendition %s has no timescale or no codecs string", rendition->id);
    if (info->media == SPN_VIDEO &&
        (info->codec < SPN_H264 || info->codec > SPN_AV1 || info->width == 0 || info->height == 0 ||
         info->width > 65535 || info->height > 65535 || info->rate.num == 0 || info->rate.den == 0))
        REFUSE("rendition %s has no picture size or rate", rendition->id);
    if (info->media == SPN_AUDIO && (info->codec != SPN_AAC || info->sample_rate == 0 ||
                                     info->channels == 0 || info->channels > 255))
        REFUSE("rendition %s has no sample rate or channels", rendition->id);
    return fragments_plan_check(checking, rendition);
}

static int text_plan_check(const struct checking *checking,
                           const struct spn_plan_rendition *rendition)
{
    int ret;

    if (rendition->fragment_count || rendition->header_size || rendition->info.codec != SPN_WEBVTT)
        REFUSE("rendition %s is text and has fragments or a header", rendition->id);
    if (rendition->cue_count > SPN_CUES_MAX)
        return spn_error_set(checking->err, SPN_ELIMIT, "rendition %s has more than %d cues",
                             rendition->id, SPN_CUES_MAX);
    for (size_t i = 0; i < rendition->cue_count; i++) {
        if ((ret = spn_cue_text_check(&rendition->cues[i], i, rendition->id, checking->err)) < 0)
            return ret;
        if (i && rendition->cues[i].start_ms < rendition->cues[i - 1].start_ms)
            REFUSE("cue %zu of rendition %s begins before the one before it", i + 1, rendition->id);
    }
    return SPN_OK;
}

/* Chapters are cues that do not overlap. */
static int chapters_plan_check(const struct checking *checking)
{
    const struct spn_publication_plan *plan = checking->plan;
    int ret;

    if (plan->chapter_count > SPN_CHAPTERS_MAX)
        return spn_error_set(checking->err, SPN_ELIMIT, "there are more than %d chapters",
                             SPN_CHAPTERS_MAX);
    for (size_t i = 0; i < plan->chapter_count; i++) {
        if ((ret = spn_cue_text_check(&plan->chapters[i], i, "chapters", checking->err)) < 0)
            return ret;
        if (i && plan->chapters[i].start_ms < plan->chapters[i - 1].end_ms)
            REFUSE("chapter %zu begins before the end of the one before it", i + 1);
    }
    return SPN_OK;
}

/* All video has the fragments of the first, in time. */
static int same_cuts(const struct checking *checking, const struct spn_plan_rendition *rendition)
{
    const struct spn_plan_rendition *first = &checking->plan->renditions[0];
    size_t i = 0;

    if (rendition->info.timescale == first->info.timescale &&
        rendition->fragment_count == first->fragment_count)
        for (; i < first->fragment_count; i++)
            if (rendition->fragments[i].duration != first->fragments[i].duration)
                break;
    if (i == first->fragment_count)
        return SPN_OK;
    return spn_error_set(checking->err, SPN_EMISMATCH,
                         "rendition %s is not cut where %s is: fragment %zu differs; encode it "
                         "again with the same GOPs",
                         rendition->id, first->id, i + 1);
}

static int rendition_plan_check(const struct checking *checking, size_t index)
{
    const struct spn_plan_rendition *rendition = &checking->plan->renditions[index];
    int ret;

    if (!rendition->id || !spn_letters_rendition(rendition->id, strlen(rendition->id)))
        REFUSE("the id of rendition %zu is not a letter and a number", index + 1);
    for (size_t i = 0; i < index; i++)
        if (strcmp(checking->plan->renditions[i].id, rendition->id) == 0)
            REFUSE("two renditions are called %s", rendition->id);
    if (rendition->info.media < SPN_VIDEO || rendition->info.media > SPN_TEXT ||
        (index && rendition->info.media < rendition[-1].info.media))
        REFUSE("rendition %s is not where it belongs: video, then audio, then text", rendition->id);
    if (!spn_letters_language(rendition->info.language))
        REFUSE("the language of rendition %s is not one: %s", rendition->id,
               rendition->info.language);
    if (rendition->name &&
        (strlen(rendition->name) > RENDITION_NAME_MAX ||
         !spn_letters_text((const uint8_t *)rendition->name, strlen(rendition->name), 0)))
        REFUSE("the name of rendition %s is longer than %u bytes or is not plain UTF-8",
               rendition->id, RENDITION_NAME_MAX);
    if (rendition->info.media == SPN_TEXT)
        return text_plan_check(checking, rendition);
    if ((ret = media_plan_check(checking, rendition)) < 0)
        return ret;
    return rendition->info.media == SPN_VIDEO ? same_cuts(checking, rendition) : SPN_OK;
}

static int storyboard_plan_check(const struct checking *checking)
{
    const struct spn_plan_storyboard *board = checking->plan->storyboard;
    uint64_t tiles;

    if (!board)
        return SPN_OK;
    if (board->tile_width == 0 || board->tile_height == 0 || board->columns == 0 ||
        board->rows == 0 || board->tile_ms == 0 || board->tile_count == 0 ||
        board->tile_count > STORYBOARD_TILES_MAX ||
        (uint64_t)board->tile_width * board->columns > STORYBOARD_SIDE_MAX ||
        (uint64_t)board->tile_height * board->rows > STORYBOARD_SIDE_MAX)
        REFUSE("the storyboard has no tiles, or sheets of more than %u pixels a side",
               STORYBOARD_SIDE_MAX);
    tiles = (uint64_t)board->columns * board->rows;
    if (board->sheet_count != (board->tile_count + tiles - 1) / tiles)
        REFUSE("the storyboard has %zu sheets, which are not those of %u tiles", board->sheet_count,
               board->tile_count);
    for (size_t i = 0; i < board->sheet_count; i++)
        if (!range_plan_check(checking, board->sheets[i].file, board->sheets[i].offset,
                              board->sheets[i].size))
            REFUSE("sheet %zu of the storyboard lies outside of its file", i + 1);
    return SPN_OK;
}

int spn_plan_check(const struct spn_publication_plan *plan, struct spn_error *err)
{
    const struct checking all = { plan, err }, *checking = &all;
    int ret;

    if (!plan->id || spn_id_check("publication", plan->id, strlen(plan->id)) < 0)
        REFUSE("the id of the publication is not that of one");
    if (plan->rate.num == 0 || plan->rate.den == 0 || plan->gop == 0)
        REFUSE("the publication has no rate or no GOP");
    if (plan->segment_gops > SEGMENT_FRAGMENTS_VIDEO)
        REFUSE("a target of %u GOPs is more than the %u fragments that make a segment",
               plan->segment_gops, SEGMENT_FRAGMENTS_VIDEO);
    if (plan->rendition_count > SPN_RENDITIONS_MAX || plan->file_count > SPN_FILES_MAX)
        return spn_error_set(checking->err, SPN_ELIMIT,
                             "the publication has more than %d renditions or %d files",
                             SPN_RENDITIONS_MAX, SPN_FILES_MAX);
    if (plan->rendition_count == 0 || plan->renditions[0].info.media != SPN_VIDEO)
        REFUSE("the publication has no picture: its first rendition must be video");
    for (size_t i = 0; i < plan->file_count; i++)
        if (plan->files[i].folder < SPN_FOLDER_TRACK || plan->files[i].folder > SPN_FOLDER_TILES ||
            plan->files[i].size > INT64_MAX)
            REFUSE("file %zu of the publication is in no folder that there is", i + 1);
    for (size_t i = 0; i < plan->rendition_count; i++)
        if ((ret = rendition_plan_check(checking, i)) < 0)
            return ret;
    if ((ret = chapters_plan_check(checking)) < 0)
        return ret;
    return storyboard_plan_check(checking);
}

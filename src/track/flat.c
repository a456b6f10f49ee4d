/* flat.c - the samples of an ordinary MP4, collected fragment by fragment. */
#include "flat_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "language.h"

#define UNITS_A_SECOND 10000000 /* of chpl: 100 ns */
#define TITLE_MAX      255

int spn_flat_create(struct spn_flat **out, struct spn_error *err)
{
    *out = calloc(1, sizeof(**out));
    return *out ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "no memory for the tables of an MP4");
}

void spn_flat_free(struct spn_flat *flat)
{
    if (!flat)
        return;
    for (size_t i = 0; i < flat->count; i++) {
        spn_buffer_finish(&flat->parts[i].header);
        free(flat->parts[i].sizes);
        free(flat->parts[i].syncs);
        free(flat->parts[i].chunks);
        free(flat->parts[i].runs);
    }
    spn_buffer_finish(&flat->chapters);
    free(flat);
}

int spn_flat_track_add(struct spn_flat *flat, const struct spn_flat_track *track,
                       struct spn_error *err)
{
    struct spn_flat_part *part = &flat->parts[flat->count];
    const uint8_t *header;
    size_t size;

    if (flat->count == SPN_FLAT_TRACKS_MAX)
        return spn_error_set(err, SPN_ELIMIT, "an MP4 has %d tracks at most", SPN_FLAT_TRACKS_MAX);
    if (!spn_language_check(track->language, sizeof(part->language)))
        return spn_error_set(err, SPN_EINVAL, "'%.35s' is not a language tag", track->language);
    header = spn_track_header(track->like, &size);
    spn_buffer_append(&part->header, header, size);
    if (spn_buffer_failed(&part->header)) {
        spn_buffer_finish(&part->header);
        return spn_error_set(err, SPN_ENOMEM, "no memory for the tables of an MP4");
    }
    part->info = *spn_track_info(track->like);
    part->info.config = part->info.mdcv = part->info.clli = NULL;
    part->info.config_size = 0;
    (void)snprintf(part->language, sizeof(part->language), "%s", track->language);
    (void)snprintf(part->name, sizeof(part->name), "%s", track->name);
    (void)snprintf(part->role, sizeof(part->role), "%s", track->role ? track->role : "");
    part->alternate_group = track->alternate_group;
    part->enabled = track->enabled;
    part->least = INT32_MAX;
    part->most = INT32_MIN;
    part->first_shown = INT64_MAX;
    return (int)flat->count++;
}

int spn_flat_chapter_add(struct spn_flat *flat, struct spn_rate rate, int64_t frame,
                         const char *title, struct spn_error *err)
{
    size_t length = strlen(title);
    int64_t start;

    if (flat->chapter_count == SPN_FLAT_CHAPTERS_MAX)
        return spn_error_set(err, SPN_ELIMIT, "an MP4 has %d chapters at most",
                             SPN_FLAT_CHAPTERS_MAX);
    if (frame < 0 || rate.num == 0 ||
        spn_rescale(frame, (int64_t)rate.den * UNITS_A_SECOND, rate.num, SPN_NEAREST, &start) < 0)
        return spn_error_set(err, SPN_ERANGE, "a chapter of the MP4 begins at no time");
    if (length > TITLE_MAX)
        for (length = TITLE_MAX; ((unsigned char)title[length] & 0xC0) == 0x80; length--)
            ; /* not within a character */
    spn_buffer_be64(&flat->chapters, (uint64_t)start);
    spn_buffer_u8(&flat->chapters, (uint8_t)length);
    spn_buffer_append(&flat->chapters, title, length);
    flat->chapter_count++;
    return spn_buffer_failed(&flat->chapters)
               ? spn_error_set(err, SPN_ENOMEM, "no memory for the chapters of an MP4")
               : SPN_OK;
}

uint64_t spn_flat_bytes(const struct spn_flat *flat)
{
    return flat->bytes;
}

/* Room for more entries of size bytes in *list, which has *room for some. */
static int grow(void **list, size_t *room, size_t count, size_t more, size_t size,
                struct spn_error *err)
{
    size_t wanted = *room ? *room : 256;
    void *grown;

    if (count + more <= *room)
        return SPN_OK;
    while (wanted < count + more)
        wanted *= 2;
    grown = realloc(*list, wanted * size);
    if (!grown)
        return spn_error_set(err, SPN_ENOMEM, "no memory for the tables of an MP4");
    *list = grown;
    *room = wanted;
    return SPN_OK;
}

static int room_make(struct spn_flat_part *part, size_t samples, struct spn_error *err)
{
    void *sizes = part->sizes, *syncs = part->syncs, *chunks = part->chunks, *runs = part->runs;
    int ret;

    ret = grow(&sizes, &part->sizes_room, part->samples, samples, sizeof(*part->sizes), err);
    part->sizes = sizes;
    if (ret >= 0)
        ret = grow(&syncs, &part->syncs_room, part->sync_count, samples, sizeof(*part->syncs), err);
    part->syncs = syncs;
    if (ret >= 0)
        ret = grow(&chunks, &part->chunks_room, part->chunk_count, 1, sizeof(*part->chunks), err);
    part->chunks = chunks;
    if (ret >= 0)
        ret = grow(&runs, &part->runs_room, part->run_count, samples, sizeof(*part->runs), err);
    part->runs = runs;
    return ret;
}

static void sample_add(struct spn_flat_part *part, const struct spn_sample_place *sample)
{
    int64_t shown = spn_flat_ticks(part) + sample->composition;
    struct spn_flat_run *run = part->run_count ? &part->runs[part->run_count - 1] : NULL;

    if (!run || run->offset != sample->composition) {
        run = &part->runs[part->run_count++];
        *run = (struct spn_flat_run){ .offset = sample->composition };
    }
    run->count++;
    if (sample->composition < part->least)
        part->least = sample->composition;
    if (sample->composition > part->most)
        part->most = sample->composition;
    if (shown < part->first_shown)
        part->first_shown = shown;
    if (shown + part->info.sample_ticks > part->last_shown)
        part->last_shown = shown + part->info.sample_ticks;
    part->sizes[part->samples++] = sample->size;
    if (sample->sync && part->info.media == SPN_VIDEO)
        part->syncs[part->sync_count++] = (uint32_t)part->samples;
}

int spn_flat_add(struct spn_flat *flat, size_t track, size_t file, const struct spn_track *from,
                 size_t fragment, struct spn_error *err)
{
    struct spn_sample_place places[SPN_SAMPLES_MAX];
    const struct spn_track_info *info = spn_track_info(from);
    struct spn_flat_part *part;
    uint64_t end;
    int count, ret;

    if (track >= flat->count || file > UINT32_MAX)
        return spn_error_set(err, SPN_EINVAL, "the MP4 has %zu tracks, there is no number %zu",
                             flat->count, track + 1);
    part = &flat->parts[track];
    if (info->media != part->info.media || info->codec != part->info.codec ||
        info->timescale != part->info.timescale || info->sample_ticks != part->info.sample_ticks)
        return spn_error_set(err, SPN_EMISMATCH,
                             "fragment %zu has samples of %u/%u s, and track %zu of the MP4 of "
                             "%u/%u s, or is of another codec",
                             fragment + 1, info->sample_ticks, info->timescale, track + 1,
                             part->info.sample_ticks, part->info.timescale);
    if ((count = spn_track_samples(from, fragment, places, SPN_SAMPLES_MAX, err)) < 0)
        return count;
    if (part->samples + (size_t)count > SPN_FLAT_SAMPLES_MAX)
        return spn_error_set(err, SPN_ELIMIT, "track %zu of the MP4 has more than %u samples",
                             track + 1, SPN_FLAT_SAMPLES_MAX);
    if ((ret = room_make(part, (size_t)count, err)) < 0)
        return ret;
    end = places[0].offset;
    for (int i = 0; i < count; i++) {
        if (places[i].offset != end)
            return spn_error_set(err, SPN_EFORMAT,
                                 "sample %d of fragment %zu does not follow the one before it",
                                 i + 1, fragment + 1);
        end += places[i].size;
    }
    for (int i = 0; i < count; i++)
        sample_add(part, &places[i]);
    part->chunks[part->chunk_count++] = (struct spn_flat_chunk){ .source = places[0].offset,
                                                                 .size = end - places[0].offset,
                                                                 .file = (uint32_t)file,
                                                                 .samples = (uint32_t)count };
    flat->bytes += end - places[0].offset;
    return SPN_OK;
}

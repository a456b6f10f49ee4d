/* publication_make.c - a publication file from a plan of it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cue_text.h"
#include "letters.h"
#include "publication_index.h"
#include "publication_plan.h"
#include "segments.h"

/* What is worked out for one rendition before a byte is written. */
struct made {
    struct segments segments; /* of text: those of the picture */
    struct touches touches;
    uint32_t group, member, ordinal;
    uint64_t peak, average, bandwidth, iframe_peak, iframe_average;
    uint32_t name_at, name_size, label_at, label_size, header_at, vtt_at, vtt_size;
    uint32_t fragment_first, mark_first, cue_first;
};

struct maker {
    const struct spn_publication_plan *plan;
    struct made *made;
    uint64_t *borders; /* starts of the picture's segments in ticks, and its end */
    struct spn_buffer files, renditions, fragments, marks, cues, sheets, bytes;
    uint64_t fragment_count, mark_count, cue_count;
    uint32_t segment_gops, target_duration_s, min_buffer_ms;
    uint64_t sheet_rate;
    uint32_t chapters_at, chapters_size;
    struct spn_error *err;
};

#define REFUSE(...) return spn_error_set(maker->err, SPN_EINVAL, __VA_ARGS__)

static const struct spn_plan_rendition *lead(const struct maker *maker)
{
    return &maker->plan->renditions[0];
}

/* ---- segments ---- */

static int borders_make(struct maker *maker)
{
    const struct spn_plan_rendition *first = lead(maker);
    const struct segments *segments = &maker->made[0].segments;
    uint64_t ticks = 0;
    uint32_t n = 0;

    maker->borders = malloc(((size_t)segments->count + 1) * sizeof(*maker->borders));
    if (!maker->borders)
        return spn_error_set(maker->err, SPN_ENOMEM, "out of memory for %u segments",
                             segments->count);
    assert(segments->first); /* spn_plan_check(): there is a fragment, so there is a segment */
    for (uint32_t i = 0; i < first->fragment_count; i++) {
        if (segments->first[n] == i)
            maker->borders[n++] = ticks;
        ticks += first->fragments[i].duration;
    }
    maker->borders[n] = ticks;
    if (maker->plan->storyboard &&
        (uint64_t)(maker->plan->storyboard->tile_count - 1) * maker->plan->storyboard->tile_ms >=
            ticks * 1000 / first->info.timescale + (ticks * 1000 / first->info.timescale == 0))
        REFUSE("the storyboard is longer than the picture");
    return SPN_OK;
}

static int rendition_segments(struct maker *maker, size_t index)
{
    const struct spn_plan_rendition *rendition = &maker->plan->renditions[index];
    const struct spn_plan_rendition *first = lead(maker);
    struct made *made = &maker->made[index];
    uint64_t target = (uint64_t)maker->segment_gops * maker->plan->gop * first->info.sample_ticks;
    int ret = SPN_OK;

    switch (rendition->info.media) {
    case SPN_VIDEO:
        ret = spn_segments_of_video(rendition->fragments, rendition->fragment_count, target,
                                    &made->segments);
        break;
    case SPN_AUDIO:
        ret = spn_segments_of_audio(
            first->fragments, &maker->made[0].segments, first->info.timescale, rendition->fragments,
            rendition->fragment_count, rendition->info.timescale, &made->segments);
        for (uint32_t i = 0; ret == SPN_OK && i < made->segments.count; i++)
            if (made->segments.first[i + 1] - made->segments.first[i] > SEGMENT_FRAGMENTS_MAX)
                REFUSE("segment %u of rendition %s would have %u fragments, more than %u; audio "
                       "fragments must begin where those of video do",
                       i + 1, rendition->id, made->segments.first[i + 1] - made->segments.first[i],
                       SEGMENT_FRAGMENTS_MAX);
        break;
    case SPN_TEXT:
        made->segments.count = maker->made[0].segments.count;
        ret = spn_touches_make(rendition->cues, rendition->cue_count, maker->borders,
                               made->segments.count, first->info.timescale, &made->touches);
        break;
    }
    if (ret == SPN_ELIMIT)
        return spn_error_set(maker->err, ret,
                             "the cues of rendition %s stand in more than %u segments",
                             rendition->id, CUE_TOUCHES_MAX);
    if (ret < 0)
        return spn_error_set(maker->err, ret, "out of memory for the segments of rendition %s",
                             rendition->id);
    if (made->segments.count > SPN_SEGMENTS_MAX)
        return spn_error_set(maker->err, SPN_ELIMIT, "rendition %s has more than %d segments",
                             rendition->id, SPN_SEGMENTS_MAX);
    return index == 0 ? borders_make(maker) : SPN_OK;
}

/* ---- rates ---- */

/* What a client loads for segment i of rendition. */
static struct load segment_load(const struct maker *maker, size_t index, uint32_t i)
{
    const struct spn_plan_rendition *rendition = &maker->plan->renditions[index];
    const struct made *made = &maker->made[index];
    struct load load = { 0, 0 };

    if (rendition->info.media == SPN_TEXT) {
        load.bytes = sizeof(VTT_SEGMENT) - 1;
        load.ticks = maker->borders[i + 1] - maker->borders[i];
        for (uint32_t k = made->touches.first[i]; k < made->touches.first[i + 1]; k++) {
            const struct spn_plan_cue *cue = &rendition->cues[made->touches.cues[k]];

            load.bytes += spn_cue_text_size(cue);
        }
        return load;
    }
    for (uint32_t k = made->segments.first[i]; k < made->segments.first[i + 1]; k++) {
        load.bytes += rendition->fragments[k].size;
        load.ticks += rendition->fragments[k].duration;
    }
    return load;
}

/* EXT-X-TARGETDURATION: no EXTINF, rounded to a whole number, is above it. */
static uint32_t whole_seconds(uint64_t ticks, uint32_t timescale)
{
    uint64_t seconds = (2 * ticks + timescale) / (2 * (uint64_t)timescale);

    return seconds ? (uint32_t)seconds : 1;
}

static int target_make(struct maker *maker)
{
    uint64_t target_ticks =
        (uint64_t)maker->segment_gops * maker->plan->gop * lead(maker)->info.sample_ticks;
    uint32_t timescale = lead(maker)->info.timescale;

    for (size_t index = 0; index < maker->plan->rendition_count; index++) {
        const struct spn_track_info *info = &maker->plan->renditions[index].info;

        for (uint32_t i = 0; info->media != SPN_TEXT && i < maker->made[index].segments.count;
             i++) {
            uint32_t s = whole_seconds(segment_load(maker, index, i).ticks, info->timescale);

            if (s > maker->target_duration_s)
                maker->target_duration_s = s;
        }
    }
    target_ticks = (target_ticks * 1000 + timescale - 1) / timescale;
    if (target_ticks > UINT32_MAX)
        REFUSE("the target duration of a segment is longer than 49 days");
    maker->min_buffer_ms = (uint32_t)target_ticks;
    return SPN_OK;
}

static int rates_make(struct maker *maker, size_t index)
{
    const struct spn_plan_rendition *rendition = &maker->plan->renditions[index];
    struct made *made = &maker->made[index];
    int text = rendition->info.media == SPN_TEXT;
    uint32_t timescale = text ? lead(maker)->info.timescale : rendition->info.timescale;
    size_t count = made->segments.count;
    size_t most = rendition->fragment_count > count ? rendition->fragment_count : count;
    struct load *loads = malloc((most + 1) * sizeof(*loads));
    uint32_t longest = 1;
    struct spn_buffer head = { 0 };

    if (!loads)
        return spn_error_set(maker->err, SPN_ENOMEM, "out of memory for the rates of rendition %s",
                             rendition->id);
    for (uint32_t i = 0; i < count; i++)
        loads[i] = segment_load(maker, index, i);
    made->peak = spn_load_peak(loads, count, timescale, maker->target_duration_s);
    made->average = spn_load_average(loads, count, timescale);
    made->bandwidth =
        text ? ((uint64_t)made->vtt_size * 8000 + maker->min_buffer_ms - 1) / maker->min_buffer_ms
             : spn_load_bandwidth(loads, count, timescale, maker->min_buffer_ms);
    if (rendition->info.media == SPN_VIDEO) {
        /* its length does not depend on the numbers in it */
        spn_iframe_write(&rendition->info, 1, 0, 1, 1, &head);
        for (size_t i = 0; i < rendition->fragment_count; i++) {
            const struct spn_plan_fragment *fragment = &rendition->fragments[i];
            uint32_t s = whole_seconds(fragment->duration, timescale);

            loads[i].bytes = head.size + fragment->first_sample_size;
            loads[i].ticks = fragment->duration;
            if (s > longest)
                longest = s;
        }
        made->iframe_peak = spn_load_peak(loads, rendition->fragment_count, timescale, longest);
        made->iframe_average = spn_load_average(loads, rendition->fragment_count, timescale);
        spn_buffer_finish(&head);
    }
    free(loads);
    return SPN_OK;
}

static void sheet_rate_make(struct maker *maker)
{
    const struct spn_plan_storyboard *board = maker->plan->storyboard;

    for (size_t i = 0; board && i < board->sheet_count; i++) {
        uint64_t ms = (uint64_t)board->columns * board->rows * board->tile_ms;
        uint64_t rate = ((uint64_t)board->sheets[i].size * 8000 + ms - 1) / ms;

        if (rate > maker->sheet_rate)
            maker->sheet_rate = rate;
    }
}

/* ---- groups and names ---- */

static int same_member(const struct spn_plan_rendition *a, const struct spn_plan_rendition *b)
{
    return a->info.media == b->info.media && a->roles == b->roles &&
           strcmp(a->info.language, b->info.language) == 0;
}

static int same_group(const struct spn_plan_rendition *a, const struct spn_plan_rendition *b)
{
    return a->info.media == b->info.media && a->info.channels == b->info.channels &&
           strcmp(a->info.codecs, b->info.codecs) == 0;
}

/*
 * Audio of one codec and channel count is a group. The n-th rendition of a language and role in one
 * group and the n-th of another are one member: the same thing said in another way.
 */
static void groups_make(struct maker *maker)
{
    const struct spn_plan_rendition *all = maker->plan->renditions;
    uint32_t groups = 0, members = 0;

    for (size_t i = 0; i < maker->plan->rendition_count; i++) {
        struct made *made = &maker->made[i];
        int grouped = 0, known = 0;

        if (i && all[i].info.media != all[i - 1].info.media)
            groups = members = 0;
        for (size_t k = 0; k < i; k++) {
            if (same_group(&all[k], &all[i])) {
                made->group = maker->made[k].group;
                grouped = 1;
                if (same_member(&all[k], &all[i]))
                    made->ordinal++;
            }
        }
        if (!grouped)
            made->group = groups++;
        for (size_t k = 0; k < i && !known; k++)
            if (same_member(&all[k], &all[i]) && maker->made[k].ordinal == made->ordinal) {
                made->member = maker->made[k].member;
                known = 1;
            }
        if (!known)
            made->member = members++;
    }
}

static uint32_t bytes_put(struct maker *maker, const void *bytes, size_t size)
{
    uint32_t at = (uint32_t)maker->bytes.size;

    spn_buffer_append(&maker->bytes, bytes, size);
    return at;
}

/* Is the name of rendition index that of another member of its kind? */
static int name_taken(const struct maker *maker, size_t index, const char *name, size_t size)
{
    const struct spn_plan_rendition *all = maker->plan->renditions;

    for (size_t k = 0; k < index; k++)
        if (all[k].info.media == all[index].info.media &&
            maker->made[k].member != maker->made[index].member &&
            maker->made[k].name_size == size &&
            memcmp(maker->bytes.data + maker->made[k].name_at, name, size) == 0)
            return 1;
    return 0;
}

/* The NAME of HLS is the same for a member in every group, and no other member has it. */
static void name_make(struct maker *maker, size_t index)
{
    const struct spn_plan_rendition *rendition = &maker->plan->renditions[index];
    struct made *made = &maker->made[index];
    const char *label = rendition->name ? rendition->name : "";
    const char *name = label[0]                                       ? label
                       : strcmp(rendition->info.language, "und") == 0 ? rendition->id
                                                                      : rendition->info.language;
    struct spn_buffer unique = { 0 };

    made->label_size = (uint32_t)strlen(label);
    made->label_at = bytes_put(maker, label, made->label_size);
    for (size_t k = 0; k < index; k++)
        if (maker->plan->renditions[k].info.media == rendition->info.media &&
            rendition->info.media != SPN_VIDEO && maker->made[k].member == made->member) {
            made->name_at = maker->made[k].name_at;
            made->name_size = maker->made[k].name_size;
            return;
        }
    spn_buffer_string(&unique, name);
    for (uint64_t n = 2; rendition->info.media != SPN_VIDEO && !spn_buffer_failed(&unique) &&
                         !spn_buffer_failed(&maker->bytes) &&
                         name_taken(maker, index, (const char *)unique.data, unique.size);
         n++) {
        unique.size = strlen(name);
        spn_buffer_string(&unique, " (");
        spn_buffer_number(&unique, n);
        spn_buffer_string(&unique, ")");
    }
    if (spn_buffer_failed(&unique))
        maker->bytes.failed = 1;
    made->name_size = (uint32_t)unique.size;
    made->name_at = bytes_put(maker, unique.data, unique.size);
    spn_buffer_finish(&unique);
}

/* ---- records ---- */

static void u16_put(struct spn_buffer *out, uint16_t value)
{
    spn_buffer_u8(out, (uint8_t)value);
    spn_buffer_u8(out, (uint8_t)(value >> 8));
}

static void pair_put(struct spn_buffer *out, uint64_t first, uint64_t second)
{
    spn_buffer_le32(out, (uint32_t)first);
    spn_buffer_le32(out, (uint32_t)second);
}

static void padded_put(struct spn_buffer *out, const char *string, size_t size)
{
    size_t length = strlen(string);

    spn_buffer_append(out, string, length);
    spn_buffer_zero(out, size - length);
}

/* Header bytes, WebVTT, fragments, marks and cues of one rendition. */
static void content_put(struct maker *maker, size_t index)
{
    const struct spn_plan_rendition *rendition = &maker->plan->renditions[index];
    struct made *made = &maker->made[index];
    uint64_t start = 0;

    made->header_at = bytes_put(maker, rendition->header, rendition->header_size);
    made->vtt_at = (uint32_t)maker->bytes.size;
    made->cue_first = (uint32_t)maker->cue_count;
    if (rendition->info.media == SPN_TEXT)
        spn_buffer_string(&maker->bytes, VTT_HEAD);
    for (size_t i = 0; i < rendition->cue_count; i++) {
        size_t at = maker->bytes.size;

        spn_cue_text_write(&rendition->cues[i], &maker->bytes);
        spn_buffer_le64(&maker->cues, (uint64_t)rendition->cues[i].start_ms);
        spn_buffer_le64(&maker->cues, (uint64_t)rendition->cues[i].end_ms);
        pair_put(&maker->cues, at, maker->bytes.size - at);
    }
    maker->cue_count += rendition->cue_count;
    made->vtt_size = (uint32_t)maker->bytes.size - made->vtt_at;
    made->fragment_first = (uint32_t)maker->fragment_count;
    for (size_t i = 0; i < rendition->fragment_count; i++) {
        const struct spn_plan_fragment *fragment = &rendition->fragments[i];

        spn_buffer_le64(&maker->fragments, start);
        spn_buffer_le64(&maker->fragments, fragment->offset);
        pair_put(&maker->fragments, fragment->file, fragment->size);
        pair_put(&maker->fragments, fragment->duration, fragment->moof_size);
        pair_put(&maker->fragments, fragment->first_sample_size,
                 fragment->exact ? FRAGMENT_EXACT : 0);
        start += fragment->duration;
    }
    maker->fragment_count += rendition->fragment_count;
    made->mark_first = (uint32_t)maker->mark_count;
    for (uint32_t i = 0; i <= made->segments.count; i++)
        spn_buffer_le32(&maker->marks,
                        made->touches.first ? made->touches.first[i] : made->segments.first[i]);
    for (uint32_t i = 0; i < made->touches.count; i++)
        spn_buffer_le32(&maker->marks, made->touches.cues[i]);
    maker->mark_count += (uint64_t)made->segments.count + 1 + made->touches.count;
}

static void record_put(struct maker *maker, size_t index)
{
    const struct spn_plan_rendition *rendition = &maker->plan->renditions[index];
    const struct spn_track_info *info = &rendition->info;
    const struct made *made = &maker->made[index];
    struct spn_buffer *out = &maker->renditions;

    padded_put(out, rendition->id, 8);
    pair_put(out, info->media, info->codec);
    pair_put(out, info->timescale, info->sample_ticks);
    pair_put(out, info->width, info->height);
    pair_put(out, info->rate.num, info->rate.den);
    spn_buffer_le32(out, info->gop);
    u16_put(out, info->colour.primaries);
    u16_put(out, info->colour.transfer);
    u16_put(out, info->colour.matrix);
    u16_put(out, info->colour.full_range);
    pair_put(out, info->sample_rate, info->channels);
    pair_put(out, rendition->roles, rendition->is_default ? RENDITION_DEFAULT : 0);
    pair_put(out, made->group, made->member);
    spn_buffer_le32(out, made->ordinal);
    padded_put(out, info->language, 40);
    padded_put(out, info->codecs, 64);
    spn_buffer_le64(out, made->peak);
    spn_buffer_le64(out, made->average);
    spn_buffer_le64(out, made->bandwidth);
    spn_buffer_le64(out, made->iframe_peak);
    spn_buffer_le64(out, made->iframe_average);
    pair_put(out, made->name_at, made->name_size);
    pair_put(out, made->label_at, made->label_size);
    pair_put(out, made->header_at, rendition->header_size);
    pair_put(out, made->vtt_at, made->vtt_size);
    pair_put(out, made->fragment_first, rendition->fragment_count);
    pair_put(out, made->mark_first, made->segments.count);
    pair_put(out, (uint64_t)made->mark_first + made->segments.count + 1, made->touches.count);
    pair_put(out, made->cue_first, rendition->cue_count);
}

static void chapters_put(struct maker *maker)
{
    const struct spn_publication_plan *plan = maker->plan;
    size_t at = maker->bytes.size;

    if (plan->chapter_count == 0)
        return;
    spn_buffer_string(&maker->bytes, VTT_HEAD);
    for (size_t i = 0; i < plan->chapter_count; i++)
        spn_cue_text_write(&plan->chapters[i], &maker->bytes);
    maker->chapters_at = (uint32_t)at;
    maker->chapters_size = (uint32_t)(maker->bytes.size - at);
}

static void files_put(struct maker *maker)
{
    const struct spn_publication_plan *plan = maker->plan;

    for (size_t i = 0; i < plan->file_count; i++) {
        spn_buffer_append(&maker->files, plan->files[i].name.bytes, SPN_HASH_SIZE);
        spn_buffer_le64(&maker->files, plan->files[i].size);
        pair_put(&maker->files, plan->files[i].folder, 0);
    }
    for (size_t i = 0; plan->storyboard && i < plan->storyboard->sheet_count; i++) {
        spn_buffer_le64(&maker->sheets, plan->storyboard->sheets[i].offset);
        pair_put(&maker->sheets, plan->storyboard->sheets[i].file,
                 plan->storyboard->sheets[i].size);
    }
}

/* Header and sections, one after the other, and the hash over them. */
static int file_put(struct maker *maker, struct spn_buffer *out)
{
    const struct spn_publication_plan *plan = maker->plan;
    struct spn_plan_storyboard none = { 0 };
    const struct spn_plan_storyboard *board = plan->storyboard ? plan->storyboard : &none;
    struct spn_buffer *sections[SECTION_COUNT] = {
        [SECTION_FILES] = &maker->files,         [SECTION_RENDITIONS] = &maker->renditions,
        [SECTION_FRAGMENTS] = &maker->fragments, [SECTION_MARKS] = &maker->marks,
        [SECTION_CUES] = &maker->cues,           [SECTION_SHEETS] = &maker->sheets,
        [SECTION_BYTES] = &maker->bytes,
    };
    uint64_t counts[SECTION_COUNT] = {
        [SECTION_FILES] = plan->file_count,          [SECTION_RENDITIONS] = plan->rendition_count,
        [SECTION_FRAGMENTS] = maker->fragment_count, [SECTION_MARKS] = maker->mark_count,
        [SECTION_CUES] = maker->cue_count,           [SECTION_SHEETS] = board->sheet_count,
        [SECTION_BYTES] = maker->bytes.size,
    };
    uint64_t at = HEADER_SIZE;
    size_t base = out->size;
    struct spn_hash hash;

    for (int i = 0; i < SECTION_COUNT; i++)
        at += (sections[i]->size + 7) & ~(uint64_t)7;
    if (at > SPN_PUBLICATION_MAX)
        return spn_error_set(maker->err, SPN_ELIMIT, "the publication is larger than %u bytes",
                             SPN_PUBLICATION_MAX);
    spn_buffer_append(out, PUBLICATION_MAGIC, PUBLICATION_MAGIC_SIZE);
    pair_put(out, SPN_PUBLICATION_VERSION, HEADER_SIZE);
    spn_buffer_le64(out, at);
    spn_buffer_zero(out, SPN_HASH_SIZE);
    pair_put(out, plan->flags, plan->rate.num);
    pair_put(out, plan->rate.den, plan->gop);
    pair_put(out, maker->segment_gops, maker->target_duration_s);
    pair_put(out, maker->min_buffer_ms, 0);
    padded_put(out, plan->id, SPN_ID_MAX);
    pair_put(out, board->tile_width, board->tile_height);
    pair_put(out, board->columns, board->rows);
    pair_put(out, board->tile_ms, board->tile_count);
    spn_buffer_le64(out, maker->sheet_rate);
    at = HEADER_SIZE;
    for (int i = 0; i < SECTION_COUNT; i++) {
        spn_buffer_le64(out, at);
        spn_buffer_le64(out, counts[i]);
        at += (sections[i]->size + 7) & ~(uint64_t)7;
    }
    pair_put(out, maker->chapters_at, maker->chapters_size);
    for (int i = 0; i < SECTION_COUNT; i++) {
        spn_buffer_append(out, sections[i]->data, sections[i]->size);
        spn_buffer_zero(out, -sections[i]->size & 7);
        if (spn_buffer_failed(sections[i]))
            out->failed = 1;
    }
    if (spn_buffer_failed(out))
        return spn_error_set(maker->err, SPN_ENOMEM, "out of memory for the publication");
    spn_publication_digest(out->data + base, out->size - base, &hash);
    memcpy(out->data + base + HEADER_HASH, hash.bytes, sizeof(hash.bytes));
    return SPN_OK;
}

int spn_publication_make(const struct spn_publication_plan *plan, struct spn_buffer *out,
                         struct spn_error *err)
{
    struct maker maker = { .plan = plan, .err = err };
    int ret;

    maker.segment_gops = plan->segment_gops ? plan->segment_gops : SEGMENT_GOPS_DEFAULT;
    if ((ret = spn_plan_check(plan, err)) < 0)
        return ret;
    maker.made = calloc(plan->rendition_count, sizeof(*maker.made));
    if (!maker.made)
        return spn_error_set(err, SPN_ENOMEM, "out of memory for the publication");
    for (size_t i = 0; i < plan->rendition_count; i++)
        if ((ret = rendition_segments(&maker, i)) < 0)
            goto done;
    if ((ret = target_make(&maker)) < 0)
        goto done;
    groups_make(&maker);
    sheet_rate_make(&maker);
    files_put(&maker);
    for (size_t i = 0; i < plan->rendition_count; i++) {
        name_make(&maker, i);
        content_put(&maker, i);
        if ((ret = rates_make(&maker, i)) < 0)
            goto done;
        record_put(&maker, i);
        if (maker.bytes.size > SPN_PUBLICATION_MAX) {
            ret = spn_error_set(err, SPN_ELIMIT, "the publication is larger than %u bytes",
                                SPN_PUBLICATION_MAX);
            goto done;
        }
    }
    chapters_put(&maker);
    ret = file_put(&maker, out);

done:
    for (size_t i = 0; i < plan->rendition_count; i++) {
        spn_segments_finish(&maker.made[i].segments);
        spn_touches_finish(&maker.made[i].touches);
    }
    free(maker.made);
    free(maker.borders);
    spn_buffer_finish(&maker.files);
    spn_buffer_finish(&maker.renditions);
    spn_buffer_finish(&maker.fragments);
    spn_buffer_finish(&maker.marks);
    spn_buffer_finish(&maker.cues);
    spn_buffer_finish(&maker.sheets);
    spn_buffer_finish(&maker.bytes);
    return ret;
}

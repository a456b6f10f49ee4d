/*
 * publication_check.c - nothing in a publication file is believed before all of it was looked at.
 *
 * The sections lie one after the other, and the records of one rendition after those of the one
 * before, so most places follow from counts; what remains are ranges into files and into the bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "letters.h"
#include "publication_index.h"

struct sections {
    const uint8_t *at[SECTION_COUNT];
    uint64_t count[SECTION_COUNT];
};

/* How far the renditions before this one have used up what is counted in sections. */
struct used {
    uint64_t fragments, marks, cues;
};

static const struct {
    uint32_t record;
    uint64_t most;
    const char *name;
} section_rules[SECTION_COUNT] = {
    [SECTION_FILES] = { FILE_RECORD, SPN_FILES_MAX, "files" },
    [SECTION_RENDITIONS] = { RENDITION_RECORD, SPN_RENDITIONS_MAX, "renditions" },
    [SECTION_FRAGMENTS] = { FRAGMENT_RECORD, SPN_PUBLICATION_MAX / FRAGMENT_RECORD, "fragments" },
    [SECTION_MARKS] = { 4, SPN_PUBLICATION_MAX / 4, "marks" },
    [SECTION_CUES] = { CUE_RECORD, SPN_PUBLICATION_MAX / CUE_RECORD, "cues" },
    [SECTION_SHEETS] = { SHEET_RECORD, SPN_PUBLICATION_MAX / SHEET_RECORD, "sheets" },
    [SECTION_BYTES] = { 1, SPN_PUBLICATION_MAX, "bytes" },
};

#define BAD(...)                                                                                   \
    return spn_error_set(err, SPN_EFORMAT, "not a sound publication file: " __VA_ARGS__)

void spn_publication_digest(const uint8_t *bytes, size_t size, struct spn_hash *out)
{
    static const uint8_t zero[SPN_HASH_SIZE];
    struct spn_hasher hasher;

    spn_hasher_init(&hasher);
    spn_hasher_update(&hasher, bytes, HEADER_HASH);
    spn_hasher_update(&hasher, zero, sizeof(zero));
    spn_hasher_update(&hasher, bytes + HEADER_FLAGS, size - HEADER_FLAGS);
    spn_hasher_finish(&hasher, out);
}

/* A string in a field of fixed size: terminated, and nothing after its end. */
static int padded(const uint8_t *field, size_t size)
{
    size_t end = strnlen((const char *)field, size);

    if (end == size)
        return 0;
    for (; end < size; end++)
        if (field[end])
            return 0;
    return 1;
}

static int sections_check(const uint8_t *bytes, size_t size, struct sections *out,
                          struct spn_error *err)
{
    uint64_t at = HEADER_SIZE;

    for (int i = 0; i < SECTION_COUNT; i++) {
        const uint8_t *p = bytes + HEADER_SECTIONS + 16 * i;
        uint64_t count = spn_le64(p + 8);

        if (spn_le64(p) != at)
            BAD("its section of %s does not begin at byte %llu", section_rules[i].name,
                (unsigned long long)at);
        if (count > section_rules[i].most)
            return spn_error_set(err, SPN_ELIMIT, "a publication of %llu %s is larger than %llu",
                                 (unsigned long long)count, section_rules[i].name,
                                 (unsigned long long)section_rules[i].most);
        out->at[i] = bytes + at;
        out->count[i] = count;
        at += (count * section_rules[i].record + 7) & ~(uint64_t)7;
        if (at > size)
            BAD("its section of %s ends past the file's end", section_rules[i].name);
    }
    if (at != size)
        BAD("it has %llu bytes more than its sections", (unsigned long long)(size - at));
    return SPN_OK;
}

static int files_check(const struct sections *sections, struct spn_error *err)
{
    for (uint64_t i = 0; i < sections->count[SECTION_FILES]; i++) {
        const uint8_t *p = sections->at[SECTION_FILES] + i * FILE_RECORD;
        uint32_t folder = spn_le32(p + FILE_FOLDER);

        if (folder < SPN_FOLDER_TRACK || folder > SPN_FOLDER_TILES)
            BAD("file %llu is in folder %u, which is none", (unsigned long long)i, folder);
        if (spn_le64(p + FILE_BYTES) > INT64_MAX)
            BAD("file %llu is larger than any file", (unsigned long long)i);
    }
    return SPN_OK;
}

/* Is [offset, offset + size) inside file, and not empty? */
static int in_file(const struct sections *sections, uint32_t file, uint64_t offset, uint64_t size)
{
    uint64_t whole;

    if (file >= sections->count[SECTION_FILES] || size == 0)
        return 0;
    whole = spn_le64(sections->at[SECTION_FILES] + (uint64_t)file * FILE_RECORD + FILE_BYTES);
    return size <= whole && offset <= whole - size;
}

static int bytes_of(const struct sections *sections, const uint8_t *field, const uint8_t **out,
                    size_t *size)
{
    uint32_t at = spn_le32(field), count = spn_le32(field + 4);

    if (count > sections->count[SECTION_BYTES] || at > sections->count[SECTION_BYTES] - count)
        return 0;
    *out = sections->at[SECTION_BYTES] + at;
    *size = count;
    return 1;
}

static int fragments_check(const struct sections *sections, const struct rendition *rendition,
                           struct spn_error *err)
{
    uint64_t start = 0;

    for (uint32_t i = 0; i < rendition->fragment_count; i++) {
        struct fragment fragment = fragment_at(rendition, i);

        if (fragment.start != start || fragment.duration == 0)
            BAD("fragment %u of %s does not begin where the one before it ends", i + 1,
                rendition->id);
        start += fragment.duration;
        if (start > PUBLICATION_TICKS_MAX)
            BAD("%s is longer than %llu ticks", rendition->id,
                (unsigned long long)PUBLICATION_TICKS_MAX);
        if (!in_file(sections, fragment.file, fragment.offset, fragment.size) ||
            fragment.size > SPN_FRAGMENT_SIZE_MAX)
            BAD("fragment %u of %s lies outside of its file", i + 1, rendition->id);
        if (fragment.moof_size <= SPN_PREFIX_SIZE || fragment.size <= 8 ||
            fragment.moof_size >= fragment.size - 8 || fragment.first_sample_size == 0 ||
            fragment.first_sample_size > fragment.size - 8 - fragment.moof_size)
            BAD("the first sample of fragment %u of %s lies outside of it", i + 1, rendition->id);
    }
    return SPN_OK;
}

/* Borders of segments: the first at 0, the last at total; each longer than none, unless text. */
static int segments_check(const struct rendition *rendition, uint32_t total, struct spn_error *err)
{
    int text = rendition->info.media == SPN_TEXT;
    uint32_t before = 0;

    for (uint32_t i = 0; i <= rendition->segment_count; i++) {
        uint32_t mark = segment_first(rendition, i);

        if (i == 0 ? mark != 0 : mark < before || (!text && mark == before))
            BAD("segment %u of %s does not begin after the one before it", i + 1, rendition->id);
        if (!text && mark - before > SEGMENT_FRAGMENTS_MAX)
            BAD("segment %u of %s has more than %u fragments", i, rendition->id,
                SEGMENT_FRAGMENTS_MAX);
        before = mark;
    }
    if (before != total)
        BAD("the last segment of %s does not end where it ends", rendition->id);
    return SPN_OK;
}

static int cues_check(const struct sections *sections, const struct rendition *rendition,
                      struct spn_error *err)
{
    uint64_t at = (uint64_t)(rendition->vtt - sections->at[SECTION_BYTES]) + sizeof(VTT_HEAD) - 1;
    uint64_t end = (uint64_t)(rendition->vtt - sections->at[SECTION_BYTES]) + rendition->vtt_size;
    uint64_t before = 0;

    if (rendition->vtt_size < sizeof(VTT_HEAD) - 1 ||
        memcmp(rendition->vtt, VTT_HEAD, sizeof(VTT_HEAD) - 1) != 0 ||
        !spn_letters_text(rendition->vtt, rendition->vtt_size, 1))
        BAD("the text of %s is not WebVTT", rendition->id);
    for (uint32_t i = 0; i < rendition->cue_count; i++) {
        const uint8_t *p = rendition->cues + (size_t)i * CUE_RECORD;
        uint64_t start = spn_le64(p + CUE_START), stop = spn_le64(p + CUE_END);
        uint32_t size = spn_le32(p + CUE_BYTES);

        if (start < before || stop <= start || stop > (uint64_t)CUE_TIME_MAX_MS)
            BAD("cue %u of %s is not in order of time", i + 1, rendition->id);
        if (spn_le32(p + CUE_AT) != at || size == 0 || size > end - at)
            BAD("cue %u of %s does not follow the one before it", i + 1, rendition->id);
        before = start;
        at += size;
    }
    if (at != end)
        BAD("the text of %s does not end with its last cue", rendition->id);
    for (uint32_t n = 0; n < rendition->segment_count; n++)
        for (uint32_t i = segment_first(rendition, n); i < segment_first(rendition, n + 1); i++) {
            uint32_t cue = spn_le32(rendition->touches + (size_t)i * 4);

            if (cue >= rendition->cue_count ||
                (i > segment_first(rendition, n) &&
                 cue <= spn_le32(rendition->touches + (size_t)(i - 1) * 4)))
                BAD("segment %u of %s names a cue that is not there", n + 1, rendition->id);
        }
    return SPN_OK;
}

/* The next count of what section counts: *at points to them and *used moves on. */
static int take(const struct sections *sections, enum section section, const uint8_t *field,
                uint64_t extra, uint64_t *used, const uint8_t **at, uint32_t *count)
{
    uint32_t first = spn_le32(field);

    *count = spn_le32(field + 4);
    if (first != *used || *count + extra > sections->count[section] - *used)
        return 0;
    *at = sections->at[section] + *used * section_rules[section].record;
    *used += *count + extra;
    return 1;
}

static int info_check(const uint8_t *p, struct rendition *out, struct spn_error *err)
{
    struct spn_track_info *info = &out->info;
    uint32_t media = spn_le32(p + RENDITION_MEDIA), codec = spn_le32(p + RENDITION_CODEC);
    uint32_t last_codec[] = {
        [SPN_VIDEO] = SPN_AV1, [SPN_AUDIO] = SPN_AAC, [SPN_TEXT] = SPN_WEBVTT
    };
    uint32_t first_codec[] = {
        [SPN_VIDEO] = SPN_H264, [SPN_AUDIO] = SPN_AAC, [SPN_TEXT] = SPN_WEBVTT
    };

    if (!padded(p + RENDITION_ID, 8) ||
        !spn_letters_rendition((const char *)p + RENDITION_ID,
                               strlen((const char *)p + RENDITION_ID)))
        BAD("a rendition has an id that cannot stand in a URL");
    memcpy(out->id, p + RENDITION_ID, sizeof(out->id));
    if (media < SPN_VIDEO || media > SPN_TEXT || codec < first_codec[media] ||
        codec > last_codec[media])
        BAD("%s is of no known kind", out->id);
    info->media = (enum spn_media)media;
    info->codec = (enum spn_codec)codec;
    if (!padded(p + RENDITION_LANGUAGE, 40) ||
        !spn_letters_language((const char *)p + RENDITION_LANGUAGE))
        BAD("the language of %s is not one", out->id);
    if (!padded(p + RENDITION_CODECS, 64) ||
        !spn_letters_codecs((const char *)p + RENDITION_CODECS))
        BAD("the codecs string of %s is not one", out->id);
    memcpy(info->language, p + RENDITION_LANGUAGE, sizeof(info->language));
    memcpy(info->codecs, p + RENDITION_CODECS, sizeof(info->codecs));
    info->timescale = spn_le32(p + RENDITION_TIMESCALE);
    info->sample_ticks = spn_le32(p + RENDITION_SAMPLE_TICKS);
    info->width = spn_le32(p + RENDITION_WIDTH);
    info->height = spn_le32(p + RENDITION_HEIGHT);
    info->rate.num = spn_le32(p + RENDITION_RATE_NUM);
    info->rate.den = spn_le32(p + RENDITION_RATE_DEN);
    info->gop = spn_le32(p + RENDITION_GOP);
    info->colour.primaries = (uint16_t)(p[RENDITION_COLOUR] | p[RENDITION_COLOUR + 1] << 8);
    info->colour.transfer = (uint16_t)(p[RENDITION_COLOUR + 2] | p[RENDITION_COLOUR + 3] << 8);
    info->colour.matrix = (uint16_t)(p[RENDITION_COLOUR + 4] | p[RENDITION_COLOUR + 5] << 8);
    info->colour.full_range = p[RENDITION_COLOUR + 6];
    info->sample_rate = spn_le32(p + RENDITION_SAMPLE_RATE);
    info->channels = spn_le32(p + RENDITION_CHANNELS);
    if (media == SPN_TEXT)
        return SPN_OK;
    if (info->timescale == 0 || info->timescale > PUBLICATION_TIMESCALE_MAX ||
        info->sample_ticks == 0 || !info->codecs[0])
        BAD("the timescale of %s is not one", out->id);
    if (media == SPN_VIDEO && (info->width == 0 || info->height == 0 || info->rate.num == 0 ||
                               info->rate.den == 0 || info->width > 65535 || info->height > 65535))
        BAD("the picture of %s has no size or no rate", out->id);
    if (media == SPN_AUDIO &&
        (info->sample_rate == 0 || info->channels == 0 || info->channels > 255))
        BAD("the sound of %s has no rate or no channels", out->id);
    return SPN_OK;
}

static int rendition_check(const struct sections *sections, const uint8_t *p,
                           const struct rendition *lead, struct used *used, struct rendition *out,
                           struct spn_error *err)
{
    const uint8_t *name, *label;
    int ret;

    if ((ret = info_check(p, out, err)) < 0)
        return ret;
    out->roles = spn_le32(p + RENDITION_ROLES);
    out->is_default = (spn_le32(p + RENDITION_FLAGS) & RENDITION_DEFAULT) != 0;
    out->group = spn_le32(p + RENDITION_GROUP);
    out->member = spn_le32(p + RENDITION_MEMBER);
    out->ordinal = spn_le32(p + RENDITION_ORDINAL);
    if (out->group >= SPN_RENDITIONS_MAX || out->member >= SPN_RENDITIONS_MAX)
        BAD("%s is in a group that is not there", out->id);
    out->peak = spn_le64(p + RENDITION_PEAK);
    out->average = spn_le64(p + RENDITION_AVERAGE);
    out->bandwidth = spn_le64(p + RENDITION_BANDWIDTH);
    out->iframe_peak = spn_le64(p + RENDITION_IFRAME_PEAK);
    out->iframe_average = spn_le64(p + RENDITION_IFRAME_AVERAGE);
    if (!bytes_of(sections, p + RENDITION_NAME, &name, &out->name_size) || out->name_size == 0 ||
        out->name_size > 2 * RENDITION_NAME_MAX || !spn_letters_text(name, out->name_size, 0) ||
        !bytes_of(sections, p + RENDITION_LABEL, &label, &out->label_size) ||
        out->label_size > RENDITION_NAME_MAX || !spn_letters_text(label, out->label_size, 0))
        BAD("the name of %s is not one", out->id);
    out->name = (const char *)name;
    out->label = (const char *)label;
    if (!bytes_of(sections, p + RENDITION_HEADER, &out->header, &out->header_size) ||
        out->header_size > SPN_HEADER_SIZE_MAX ||
        (out->info.media == SPN_TEXT) != (out->header_size == 0))
        BAD("the initialization segment of %s is not there", out->id);
    if (!bytes_of(sections, p + RENDITION_VTT, &out->vtt, &out->vtt_size) ||
        (out->info.media == SPN_TEXT) != (out->vtt_size != 0))
        BAD("the text of %s is not there", out->id);
    if (!take(sections, SECTION_FRAGMENTS, p + RENDITION_FRAGMENTS, 0, &used->fragments,
              &out->fragments, &out->fragment_count) ||
        !take(sections, SECTION_MARKS, p + RENDITION_SEGMENTS, 1, &used->marks, &out->segments,
              &out->segment_count) ||
        !take(sections, SECTION_MARKS, p + RENDITION_TOUCHES, 0, &used->marks, &out->touches,
              &out->touch_count) ||
        !take(sections, SECTION_CUES, p + RENDITION_CUES, 0, &used->cues, &out->cues,
              &out->cue_count))
        BAD("the records of %s do not follow those before them", out->id);
    if (out->segment_count == 0 || out->segment_count > SPN_SEGMENTS_MAX ||
        out->fragment_count > SPN_FRAGMENTS_MAX || out->cue_count > SPN_CUES_MAX)
        BAD("%s has no segment, or more than there may be", out->id);
    if (out->info.media == SPN_TEXT) {
        if (out->fragment_count || out->segment_count != lead->segment_count)
            BAD("the segments of %s are not those of the picture", out->id);
        if ((ret = segments_check(out, out->touch_count, err)) < 0)
            return ret;
        return cues_check(sections, out, err);
    }
    if (out->fragment_count == 0 || out->cue_count || out->touch_count)
        BAD("%s has no fragment", out->id);
    if ((ret = segments_check(out, out->fragment_count, err)) < 0)
        return ret;
    return fragments_check(sections, out, err);
}

static int storyboard_check(const uint8_t *bytes, const struct sections *sections,
                            struct spn_publication *out, struct spn_error *err)
{
    const uint8_t *p = bytes + HEADER_STORYBOARD;
    uint64_t count = sections->count[SECTION_SHEETS], tiles, end_ms;

    out->tile_width = spn_le32(p);
    out->tile_height = spn_le32(p + 4);
    out->columns = spn_le32(p + 8);
    out->rows = spn_le32(p + 12);
    out->tile_ms = spn_le32(p + 16);
    out->tile_count = spn_le32(p + 20);
    out->sheet_rate = spn_le64(bytes + HEADER_SHEET_RATE);
    out->sheets = sections->at[SECTION_SHEETS];
    out->sheet_count = (uint32_t)count;
    if (count == 0)
        return SPN_OK;
    if (out->tile_width == 0 || out->tile_height == 0 || out->columns == 0 || out->rows == 0 ||
        (uint64_t)out->tile_width * out->columns > STORYBOARD_SIDE_MAX ||
        (uint64_t)out->tile_height * out->rows > STORYBOARD_SIDE_MAX || out->tile_ms == 0 ||
        out->tile_count == 0 || out->tile_count > STORYBOARD_TILES_MAX)
        BAD("its storyboard has no size");
    tiles = (uint64_t)out->columns * out->rows;
    if (count != (out->tile_count + tiles - 1) / tiles)
        BAD("its storyboard has not the sheets for its tiles");
    end_ms = rendition_ticks(&out->renditions[0]) * 1000 / out->renditions[0].info.timescale;
    if ((uint64_t)(out->tile_count - 1) * out->tile_ms >= end_ms + (end_ms == 0))
        BAD("its storyboard is longer than the picture");
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *sheet = out->sheets + i * SHEET_RECORD;

        if (!in_file(sections, spn_le32(sheet + SHEET_FILE), spn_le64(sheet + SHEET_OFFSET),
                     spn_le32(sheet + SHEET_BYTES)))
            BAD("sheet %llu lies outside of its file", (unsigned long long)i + 1);
    }
    return SPN_OK;
}

static int chapters_check(const uint8_t *bytes, const struct sections *sections,
                          struct spn_publication *out, struct spn_error *err)
{
    size_t head = sizeof(VTT_HEAD) - 1;

    if (!bytes_of(sections, bytes + HEADER_CHAPTERS, &out->chapters, &out->chapters_size))
        BAD("its chapters are not there");
    if (out->chapters_size &&
        (out->chapters_size < head || memcmp(out->chapters, VTT_HEAD, head) != 0 ||
         !spn_letters_text(out->chapters, out->chapters_size, 1)))
        BAD("its chapters are not WebVTT");
    return SPN_OK;
}

static int header_check(const uint8_t *bytes, size_t size, struct spn_publication *out,
                        struct spn_error *err)
{
    if (size < HEADER_SIZE || memcmp(bytes, PUBLICATION_MAGIC, PUBLICATION_MAGIC_SIZE) != 0)
        return spn_error_set(err, SPN_EFORMAT, "not a publication file: it does not begin as one");
    if (spn_le32(bytes + HEADER_VERSION) != SPN_PUBLICATION_VERSION)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "a publication file of version %u, this program reads version %d; "
                             "publish it again",
                             spn_le32(bytes + HEADER_VERSION), SPN_PUBLICATION_VERSION);
    if (spn_le32(bytes + HEADER_BYTES) != HEADER_SIZE || spn_le64(bytes + HEADER_FILE_SIZE) != size)
        BAD("it is not as long as it says");
    memcpy(out->hash.bytes, bytes + HEADER_HASH, sizeof(out->hash.bytes));
    out->flags = spn_le32(bytes + HEADER_FLAGS);
    out->rate.num = spn_le32(bytes + HEADER_RATE_NUM);
    out->rate.den = spn_le32(bytes + HEADER_RATE_DEN);
    out->gop = spn_le32(bytes + HEADER_GOP);
    out->segment_gops = spn_le32(bytes + HEADER_SEGMENT_GOPS);
    out->target_duration_s = spn_le32(bytes + HEADER_TARGET_DURATION);
    out->min_buffer_ms = spn_le32(bytes + HEADER_MIN_BUFFER);
    if (out->rate.num == 0 || out->rate.den == 0 || out->gop == 0 || out->segment_gops == 0 ||
        out->target_duration_s == 0 || out->min_buffer_ms == 0)
        BAD("its rate, GOP or target duration is zero");
    if (!padded(bytes + HEADER_ID, SPN_ID_MAX) ||
        spn_id_check("publication", (const char *)bytes + HEADER_ID,
                     strlen((const char *)bytes + HEADER_ID)) < 0)
        BAD("its id is not that of a publication");
    memcpy(out->id, bytes + HEADER_ID, sizeof(out->id));
    return SPN_OK;
}

/* Video, then audio, then text, and no two of one id. */
static int order_check(struct spn_publication *out, struct spn_error *err)
{
    out->video_count = out->audio_count = out->text_count = 0;
    for (uint32_t i = 0; i < out->rendition_count; i++) {
        struct rendition *rendition = &out->renditions[i];

        if (i && rendition->info.media < out->renditions[i - 1].info.media)
            BAD("%s stands before renditions of another kind", rendition->id);
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(out->renditions[k].id, rendition->id) == 0)
                BAD("two renditions are called %s", rendition->id);
        out->video_count += rendition->info.media == SPN_VIDEO;
        out->audio_count += rendition->info.media == SPN_AUDIO;
        out->text_count += rendition->info.media == SPN_TEXT;
        if (rendition->info.media == SPN_VIDEO &&
            (rendition->segment_count != out->renditions[0].segment_count ||
             rendition->fragment_count != out->renditions[0].fragment_count ||
             rendition->info.timescale != out->renditions[0].info.timescale))
            BAD("%s is not cut where %s is", rendition->id, out->renditions[0].id);
    }
    if (out->video_count == 0)
        BAD("it has no picture");
    return SPN_OK;
}

int spn_publication_check(const uint8_t *bytes, size_t size, struct spn_publication *out,
                          struct spn_error *err)
{
    struct sections sections;
    struct spn_hash hash;
    struct used used = { 0, 0, 0 };
    char hex[SPN_HASH_HEX + 1];
    int ret;

    if (size > SPN_PUBLICATION_MAX)
        return spn_error_set(err, SPN_ELIMIT, "a publication file of %zu bytes is larger than %u",
                             size, SPN_PUBLICATION_MAX);
    if ((ret = header_check(bytes, size, out, err)) < 0 ||
        (ret = sections_check(bytes, size, &sections, err)) < 0)
        return ret;
    spn_publication_digest(bytes, size, &hash);
    if (!spn_hash_equal(&hash, &out->hash))
        BAD("its bytes are not those it was made of");
    spn_hash_hex(&hash, hex);
    memcpy(out->hash_text, hex, sizeof(out->hash_text) - 1);
    if ((ret = files_check(&sections, err)) < 0)
        return ret;
    out->bytes = bytes;
    out->size = size;
    out->files = sections.at[SECTION_FILES];
    out->file_count = (uint32_t)sections.count[SECTION_FILES];
    out->text = sections.at[SECTION_BYTES];
    out->rendition_count = (uint32_t)sections.count[SECTION_RENDITIONS];
    out->renditions = calloc(out->rendition_count + 1, sizeof(*out->renditions));
    if (!out->renditions)
        return spn_error_set(err, SPN_ENOMEM, "out of memory for %u renditions",
                             out->rendition_count);
    for (uint32_t i = 0; i < out->rendition_count; i++)
        if ((ret = rendition_check(&sections,
                                   sections.at[SECTION_RENDITIONS] + (size_t)i * RENDITION_RECORD,
                                   &out->renditions[0], &used, &out->renditions[i], err)) < 0)
            return ret;
    if (used.fragments != sections.count[SECTION_FRAGMENTS] ||
        used.marks != sections.count[SECTION_MARKS] || used.cues != sections.count[SECTION_CUES])
        BAD("it has records that belong to no rendition");
    if ((ret = order_check(out, err)) < 0)
        return ret;
    if ((ret = chapters_check(bytes, &sections, out, err)) < 0)
        return ret;
    return storyboard_check(bytes, &sections, out, err);
}

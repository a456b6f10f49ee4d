/* answer.c - which bytes answer a request. */
#include "sampan/answer.h"

#include <string.h>

#include "manifests.h"
#include "spell.h"

/* Counted up when the same publication begins to give other bytes: entity tags are strong. */
#define ANSWER_REVISION "1"

static int nothing(struct spn_error *err)
{
    return spn_error_set(err, SPN_ENOENT, "this publication has nothing of that name");
}

static const struct rendition *rendition_find(const struct spn_publication *publication,
                                              const char *id)
{
    for (uint32_t i = 0; i < publication->rendition_count; i++)
        if (strcmp(publication->renditions[i].id, id) == 0)
            return &publication->renditions[i];
    return NULL;
}

/* "HASH-REVISION-RESOURCE-RENDITION-NUMBER" */
static void etag_make(const struct spn_publication *publication, const struct spn_request *request,
                      char *out)
{
    char *at = out;

    *at++ = '"';
    at = spell_bytes(at, publication->hash_text, 32);
    at = SPELL(at, "-" ANSWER_REVISION "-");
    at = spell_number(at, (uint64_t)request->resource);
    *at++ = '-';
    at = spell_bytes(at, request->rendition, strlen(request->rendition));
    *at++ = '-';
    at = spell_number(at, request->number);
    *at++ = '"';
    *at = '\0';
}

static void part_bytes(struct spn_answer *out, const uint8_t *bytes, uint64_t size)
{
    struct spn_part *part = &out->parts[out->part_count++];

    part->bytes = bytes;
    part->file = 0;
    part->offset = 0;
    part->size = size;
    out->size += size;
}

/* A range of a file; where it follows the last part in the same file it makes that longer. */
static void part_file(struct spn_answer *out, uint32_t file, uint64_t offset, uint64_t size)
{
    struct spn_part *part = out->part_count ? &out->parts[out->part_count - 1] : NULL;

    out->size += size;
    if (part && !part->bytes && part->file == file && part->offset + part->size == offset) {
        part->size += size;
        return;
    }
    part = &out->parts[out->part_count++];
    part->bytes = NULL;
    part->file = file;
    part->offset = offset;
    part->size = size;
}

/* All of the answer is what was written to its memory. */
static int written(struct spn_answer *out, const char *content_type, struct spn_error *err)
{
    if (spn_buffer_failed(&out->memory))
        return spn_error_set(err, SPN_ENOMEM, "out of memory for an answer");
    out->content_type = content_type;
    part_bytes(out, out->memory.data, out->memory.size);
    return SPN_OK;
}

static const char *media_type(const struct rendition *rendition)
{
    return rendition->info.media == SPN_AUDIO ? "audio/mp4" : "video/mp4";
}

static int segment_make(const struct rendition *rendition, uint32_t number, struct spn_answer *out,
                        struct spn_error *err)
{
    uint32_t first, end;
    uint8_t *prefixes;

    if (rendition->info.media == SPN_TEXT || number == 0 || number > rendition->segment_count)
        return nothing(err);
    first = segment_first(rendition, number - 1);
    end = segment_first(rendition, number);
    prefixes = spn_buffer_reserve(&out->memory, (size_t)(end - first) * SPN_PREFIX_SIZE);
    if (!prefixes)
        return spn_error_set(err, SPN_ENOMEM, "out of memory for an answer");
    for (uint32_t i = first; i < end; i++) {
        struct fragment fragment = fragment_at(rendition, i);

        if (fragment.exact) {
            part_file(out, fragment.file, fragment.offset, fragment.size);
            continue;
        }
        spn_prefix_write(&rendition->info, fragment.moof_size, i + 1, fragment.start, prefixes);
        part_bytes(out, prefixes, SPN_PREFIX_SIZE);
        part_file(out, fragment.file, fragment.offset + SPN_PREFIX_SIZE,
                  fragment.size - SPN_PREFIX_SIZE);
        prefixes += SPN_PREFIX_SIZE;
        out->memory.size += SPN_PREFIX_SIZE;
    }
    out->content_type = media_type(rendition);
    return SPN_OK;
}

static int iframe_make(const struct rendition *rendition, uint32_t number, struct spn_answer *out,
                       struct spn_error *err)
{
    struct fragment fragment;

    if (rendition->info.media != SPN_VIDEO || number == 0 || number > rendition->fragment_count)
        return nothing(err);
    fragment = fragment_at(rendition, number - 1);
    spn_iframe_write(&rendition->info, number, fragment.start, fragment.duration,
                     fragment.first_sample_size, &out->memory);
    if (written(out, media_type(rendition), err) < 0)
        return SPN_ENOMEM;
    part_file(out, fragment.file, fragment.offset + fragment.moof_size + 8,
              fragment.first_sample_size);
    return SPN_OK;
}

static int text_segment_make(const struct spn_publication *publication,
                             const struct rendition *rendition, uint32_t number,
                             struct spn_answer *out, struct spn_error *err)
{
    if (rendition->info.media != SPN_TEXT || number == 0 || number > rendition->segment_count)
        return nothing(err);
    spn_buffer_string(&out->memory, VTT_SEGMENT);
    for (uint32_t i = segment_first(rendition, number - 1); i < segment_first(rendition, number);
         i++) {
        uint32_t cue = spn_le32(rendition->touches + (size_t)i * 4);
        const uint8_t *p = rendition->cues + (size_t)cue * CUE_RECORD;

        spn_buffer_append(&out->memory, publication->text + spn_le32(p + CUE_AT),
                          spn_le32(p + CUE_BYTES));
    }
    return written(out, "text/vtt", err);
}

static int sheet_make(const struct spn_publication *publication, uint32_t number,
                      struct spn_answer *out, struct spn_error *err)
{
    const uint8_t *p;

    if (number == 0 || number > publication->sheet_count)
        return nothing(err);
    p = publication->sheets + (size_t)(number - 1) * SHEET_RECORD;
    part_file(out, spn_le32(p + SHEET_FILE), spn_le64(p + SHEET_OFFSET), spn_le32(p + SHEET_BYTES));
    out->content_type = "image/jpeg";
    return SPN_OK;
}

/* What stands below a rendition. */
static int rendition_make(const struct spn_publication *publication,
                          const struct spn_request *request, struct spn_answer *out,
                          struct spn_error *err)
{
    const struct rendition *rendition = rendition_find(publication, request->rendition);

    if (!rendition)
        return nothing(err);
    switch (request->resource) {
    case SPN_SEGMENT:
        return segment_make(rendition, request->number, out, err);
    case SPN_IFRAME_SEGMENT:
        return iframe_make(rendition, request->number, out, err);
    case SPN_TEXT_SEGMENT:
        return text_segment_make(publication, rendition, request->number, out, err);
    case SPN_TEXT_WHOLE:
        if (rendition->info.media != SPN_TEXT)
            return nothing(err);
        part_bytes(out, rendition->vtt, rendition->vtt_size);
        out->content_type = "text/vtt";
        return SPN_OK;
    case SPN_INIT:
        if (rendition->info.media == SPN_TEXT)
            return nothing(err);
        part_bytes(out, rendition->header, rendition->header_size);
        out->content_type = media_type(rendition);
        return SPN_OK;
    case SPN_IFRAME_PLAYLIST:
        if (rendition->info.media != SPN_VIDEO)
            return nothing(err);
        spn_hls_iframes(rendition, &out->memory);
        return written(out, "application/vnd.apple.mpegurl", err);
    case SPN_MEDIA_PLAYLIST:
        spn_hls_media(publication, rendition, &out->memory);
        return written(out, "application/vnd.apple.mpegurl", err);
    default:
        return nothing(err);
    }
}

int spn_answer_make(const struct spn_publication *publication, const struct spn_request *request,
                    struct spn_answer *out, struct spn_error *err)
{
    etag_make(publication, request, out->etag);
    switch (request->resource) {
    case SPN_MULTIVARIANT:
        spn_hls_multivariant(publication, &out->memory);
        return written(out, "application/vnd.apple.mpegurl", err);
    case SPN_MPD:
        spn_dash_mpd(publication, &out->memory);
        return written(out, "application/dash+xml", err);
    case SPN_IMAGE_PLAYLIST:
        if (publication->sheet_count == 0)
            return nothing(err);
        spn_hls_images(publication, &out->memory);
        return written(out, "application/vnd.apple.mpegurl", err);
    case SPN_STORYBOARD:
        if (publication->sheet_count == 0)
            return nothing(err);
        spn_storyboard_vtt(publication, &out->memory);
        return written(out, "text/vtt", err);
    case SPN_CHAPTERS:
        if (publication->chapters_size == 0)
            return nothing(err);
        part_bytes(out, publication->chapters, publication->chapters_size);
        out->content_type = "text/vtt";
        return SPN_OK;
    case SPN_SHEET:
        return sheet_make(publication, request->number, out, err);
    default:
        return rendition_make(publication, request, out, err);
    }
}

void spn_answer_finish(struct spn_answer *answer)
{
    spn_buffer_finish(&answer->memory);
    answer->part_count = 0;
    answer->size = 0;
}

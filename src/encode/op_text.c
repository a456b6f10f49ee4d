/* op_text.c - one text rendition: a track of the source, or a file beside it, to WebVTT. */
#include "media.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../source/captions.h"
#include "asset.h"
#include "member.h"
#include "piece.h"
#include "protocol.h"
#include "recipe.h"
#include "sampan/file.h"
#include "text.h"
#include "text_file.h"

#define FIELDS_BEFORE_TEXT 8 /* of an ASS event as libavcodec has it */
#define BEAT_MS            500

struct text {
    struct asset asset; /* of a track; empty for a file */
    struct cues cues;
    struct text_notes notes;
    struct spn_buffer vtt;
    struct beat beat;
};

/* "stream" and "hash" of the rendition: one of them says where its text comes from. */
static int entry_find(const json_t *request, json_t **out, struct spn_error *err)
{
    json_t *plan, *list, *versions;
    int64_t number;
    int ret;

    if ((ret = member_object(request, "the request", "plan", &plan, err)) < 0 ||
        (ret = member_object(plan, "the plan", "encoder", &versions, err)) < 0 ||
        (ret = recipe_versions_check(versions, err)) < 0 ||
        (ret = member_array(plan, "the plan", "text", PLAN_TEXT_MAX, &list, err)) < 0 ||
        (ret = member_int(request, "the request", "text", 0, (int64_t)json_array_size(list) - 1,
                          &number, err)) < 0)
        return ret;
    *out = json_array_get(list, (size_t)number);
    return SPN_OK;
}

static int track_read(struct text *text, const json_t *request, int stream, struct spn_error *err)
{
    struct captions *captions = NULL;
    struct caption caption;
    int64_t done = 0;
    int ret;

    if ((ret = asset_open(&text->asset, request, err)) < 0 ||
        (ret = captions_create(text->asset.source, text->asset.index, &text->asset.conform, stream,
                               &captions, err)) < 0)
        return ret;
    if (captions_header(captions))
        ret = cues_add_ass_header(&text->cues, captions_header(captions),
                                  strlen(captions_header(captions)), err);
    while (ret >= 0 && (ret = captions_pull(captions, &caption, err)) > 0) {
        ret = cues_add_ass(&text->cues, caption.start_ms, caption.end_ms, caption.ass,
                           strlen(caption.ass), FIELDS_BEFORE_TEXT, err);
        done++;
        if (beat_due(&text->beat, BEAT_MS))
            answer_progress(done, 0, "cues");
    }
    captions_destroy(captions);
    return ret;
}

/* The file must be the one that was planned with. */
static int hash_check(const struct spn_buffer *bytes, const json_t *entry, const char *name,
                      struct spn_error *err)
{
    const char *planned;
    char hex[SPN_HASH_HEX + 1];
    struct spn_hash hash;
    int ret;

    if ((ret = member_text(entry, "a text rendition of the plan", "hash", &planned, err)) < 0)
        return ret;
    spn_hash_of(bytes->data, bytes->size, &hash);
    spn_hash_hex(&hash, hex);
    if (strcmp(hex, planned) != 0)
        return spn_error_set(err, SPN_EMISMATCH,
                             "%.200s has changed since it was examined; examine it again", name);
    return SPN_OK;
}

/* What would be shown after the picture's end is left out or cut. */
static void cues_cut(struct text *text, int64_t end_ms)
{
    struct cues *cues = &text->cues;
    size_t kept = 0;

    for (size_t i = 0; i < cues->count; i++) {
        if (cues->list[i].start_ms >= end_ms)
            continue;
        cues->list[kept] = cues->list[i];
        if (cues->list[kept].end_ms > end_ms)
            cues->list[kept].end_ms = end_ms;
        kept++;
    }
    if (kept < cues->count)
        text_note(&text->notes, "%zu cues after the end of the picture were left out",
                  cues->count - kept);
    cues->count = kept;
}

static int file_read(struct text *text, const json_t *request, const json_t *entry,
                     struct spn_error *err)
{
    const char *holder = "\"subtitle\" of the request", *name;
    struct spn_buffer bytes = { 0 };
    json_t *subtitle, *record;
    struct conform conform;
    int64_t fd, end_ms;
    int ret;

    if ((ret = member_object(request, "the request", "subtitle", &subtitle, err)) < 0 ||
        (ret = member_object(request, "the request", "conform", &record, err)) < 0 ||
        (ret = conform_read(record, &conform, err)) < 0 ||
        (ret = member_int(subtitle, holder, "fd", 0, 1 << 20, &fd, err)) < 0 ||
        (ret = member_text(subtitle, holder, "name", &name, err)) < 0)
        return ret;
    if ((ret = text_file_read((int)fd, name, &bytes, err)) == SPN_OK &&
        (ret = hash_check(&bytes, entry, name, err)) == SPN_OK &&
        (ret = text_read(bytes.data, bytes.size, name, &text->cues, &text->notes, err)) == SPN_OK &&
        (ret = spn_rescale(conform.frames, 1000 * (int64_t)conform.rate.den, conform.rate.num,
                           SPN_FLOOR, &end_ms)) == SPN_OK)
        cues_cut(text, end_ms);
    spn_buffer_finish(&bytes);
    return ret;
}

static int answer_make(const struct text *text, size_t cues, json_t **result, struct spn_error *err)
{
    json_t *notes = json_array();
    char hex[SPN_HASH_HEX + 1];
    struct spn_hash hash;

    for (size_t i = 0; i < text->notes.count; i++)
        (void)json_array_append_new(notes, json_string(text->notes.note[i]));
    spn_hash_of(text->vtt.data, text->vtt.size, &hash);
    spn_hash_hex(&hash, hex);
    *result = json_pack("{s:I,s:I,s:s,s:o}", "cues", (json_int_t)cues, "bytes",
                        (json_int_t)text->vtt.size, "sha256", hex, "notes", notes);
    return *result ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "no memory for the answer");
}

int op_text(const struct media *media, json_t **result, struct spn_error *err)
{
    const json_t *request = media->request;
    struct text text = { 0 };
    int64_t fd, stream = -1;
    json_t *entry;
    int ret;

    if ((ret = entry_find(request, &entry, err)) < 0 ||
        (ret = member_int(request, "the request", "output_fd", 0, 1 << 20, &fd, err)) < 0 ||
        (ret = member_int_or(entry, "a text rendition of the plan", "stream", 0,
                             SOURCE_STREAMS_MAX - 1, &stream, err)) < 0)
        return ret;
    ret = stream >= 0 ? track_read(&text, request, (int)stream, err)
                      : file_read(&text, request, entry, err);
    if (ret == SPN_OK &&
        (ret = cues_write_vtt(&text.cues, &text.notes, &text.vtt, err)) == SPN_OK &&
        (ret = bytes_write((int)fd, text.vtt.data, text.vtt.size, err)) == SPN_OK)
        ret = answer_make(&text, text.cues.count, result, err);
    cues_finish(&text.cues);
    spn_buffer_finish(&text.vtt);
    asset_close(&text.asset);
    return ret;
}

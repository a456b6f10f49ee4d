/* text_cues.c - cues as they come, and in the order they are kept in. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sampan/cues.h"
#include "text_markup.h"

void text_note(struct text_notes *notes, const char *format, ...)
{
    va_list args;

    if (!notes || notes->count == TEXT_NOTES_MAX)
        return;
    va_start(args, format);
    (void)vsnprintf(notes->note[notes->count++], TEXT_NOTE_BYTES, format, args);
    va_end(args);
}

void cues_finish(struct cues *cues)
{
    free(cues->list);
    spn_buffer_finish(&cues->memory);
    spn_buffer_finish(&cues->styles);
    memset(cues, 0, sizeof(*cues));
}

static size_t keep(struct cues *cues, const char *string)
{
    size_t at = cues->memory.size;

    spn_buffer_append(&cues->memory, string, strlen(string) + 1);
    return at;
}

int cues_add(struct cues *cues, int64_t start_ms, int64_t end_ms, const char *settings,
             struct markup *markup, struct spn_error *err)
{
    const char *text = markup_end(markup);
    struct cue *cue;

    if (spn_buffer_failed(&markup->out))
        goto no_memory;
    if (!text) {
        cues->empty++;
        return SPN_OK;
    }
    if (start_ms < 0)
        start_ms = 0;
    if (end_ms <= start_ms || end_ms >= 360000000) {
        cues->backwards++;
        return SPN_OK;
    }
    if (markup->out.size > TEXT_CUE_MAX)
        return spn_error_set(err, SPN_ELIMIT, "a cue has %zu bytes of text, more than %u",
                             markup->out.size, TEXT_CUE_MAX);
    if (cues->count == SPN_CUES_MAX)
        return spn_error_set(err, SPN_ELIMIT, "there are more than %d cues", SPN_CUES_MAX);
    if (cues->count == cues->capacity) {
        size_t capacity = cues->capacity ? 2 * cues->capacity : 256;
        struct cue *list = realloc(cues->list, capacity * sizeof(*list));

        if (!list)
            goto no_memory;
        cues->list = list;
        cues->capacity = capacity;
    }
    cue = &cues->list[cues->count];
    cue->start_ms = start_ms;
    cue->end_ms = end_ms;
    cue->settings = keep(cues, settings);
    cue->text = keep(cues, text);
    cue->order = cues->count++;
    if (cues->memory.size > SPN_CUES_BYTES_MAX)
        return spn_error_set(err, SPN_ELIMIT, "there are more than %u bytes of text",
                             SPN_CUES_BYTES_MAX);
    if (spn_buffer_failed(&cues->memory))
        goto no_memory;
    return SPN_OK;

no_memory:
    return spn_error_set(err, SPN_ENOMEM, "out of memory for cues");
}

int cues_add_plain(struct cues *cues, int64_t start_ms, int64_t end_ms, const char *text,
                   size_t size, struct spn_error *err)
{
    struct markup markup = { 0 };
    struct style style = { 0 };
    int ret;

    markup_text(&markup, &style, text, size);
    ret = cues_add(cues, start_ms, end_ms, "", &markup, err);
    markup_finish(&markup);
    return ret;
}

static int by_time(const void *a, const void *b)
{
    const struct cue *left = a, *right = b;

    if (left->start_ms != right->start_ms)
        return left->start_ms < right->start_ms ? -1 : 1;
    if (left->end_ms != right->end_ms)
        return left->end_ms < right->end_ms ? -1 : 1;
    return left->order < right->order ? -1 : left->order > right->order;
}

static const char *string(const struct cues *cues, size_t at)
{
    return (const char *)cues->memory.data + at;
}

/* The layers of a border and its inside are one text to WebVTT. */
static int repeats(const struct cues *cues, const struct cue *a, const struct cue *b)
{
    return a->start_ms == b->start_ms && a->end_ms == b->end_ms &&
           strcmp(string(cues, a->text), string(cues, b->text)) == 0 &&
           strcmp(string(cues, a->settings), string(cues, b->settings)) == 0;
}

static void notes_add(const struct cues *cues, struct text_notes *notes)
{
    if (cues->backwards)
        text_note(notes, "left out, since they end before they begin: %zu cues", cues->backwards);
    if (cues->empty)
        text_note(notes, "left out, since there is no text in them: %zu cues", cues->empty);
    if (cues->repeated)
        text_note(notes, "left out, since they say the same at the same time: %zu cues",
                  cues->repeated);
    if (cues->drawn)
        text_note(notes, "left out: %zu drawings", cues->drawn);
    if (cues->placed)
        text_note(notes, "moved from places of their own to where cues stand: %zu cues",
                  cues->placed);
}

int cues_write_vtt(struct cues *cues, struct text_notes *notes, struct spn_buffer *out,
                   struct spn_error *err)
{
    struct spn_plan_cue *plan = malloc((cues->count + 1) * sizeof(*plan));
    size_t count = 0;
    int ret;

    if (!plan)
        return spn_error_set(err, SPN_ENOMEM, "out of memory for %zu cues", cues->count);
    if (cues->count)
        qsort(cues->list, cues->count, sizeof(*cues->list), by_time);
    for (size_t i = 0; i < cues->count; i++) {
        const struct cue *cue = &cues->list[i];

        if (i && repeats(cues, cue - 1, cue)) {
            cues->repeated++;
            continue;
        }
        plan[count].start_ms = cue->start_ms;
        plan[count].end_ms = cue->end_ms;
        plan[count].settings = string(cues, cue->settings);
        plan[count++].text = string(cues, cue->text);
    }
    notes_add(cues, notes);
    ret = spn_cues_write(plan, count, out, err);
    free(plan);
    return ret;
}

/* cue_text.c - cues as WebVTT writes them, and which segments they touch. */
#include "cue_text.h"

#include <stdlib.h>
#include <string.h>

#include "letters.h"
#include "publication_index.h"

static char *digits(char *at, uint64_t value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + count;
}

char *spn_cue_text_time(char *at, uint64_t ms)
{
    at = digits(at, ms / 3600000, 2);
    *at++ = ':';
    at = digits(at, ms / 60000 % 60, 2);
    *at++ = ':';
    at = digits(at, ms / 1000 % 60, 2);
    *at++ = '.';
    return digits(at, ms % 1000, 3);
}

void spn_cue_text_write(const struct spn_plan_cue *cue, struct spn_buffer *out)
{
    char line[32];
    char *at = spn_cue_text_time(line, (uint64_t)cue->start_ms);

    memcpy(at, " --> ", 5);
    at = spn_cue_text_time(at + 5, (uint64_t)cue->end_ms);
    spn_buffer_append(out, line, (size_t)(at - line));
    if (cue->settings && cue->settings[0]) {
        spn_buffer_u8(out, ' ');
        spn_buffer_string(out, cue->settings);
    }
    spn_buffer_u8(out, '\n');
    spn_buffer_string(out, cue->text);
    spn_buffer_string(out, "\n\n");
}

size_t spn_cue_text_size(const struct spn_plan_cue *cue)
{
    size_t settings = cue->settings ? strlen(cue->settings) : 0;

    /* two times and the arrow, the settings after a space, the text, three ends of lines */
    return 29 + (settings ? 1 + settings : 0) + strlen(cue->text) + 3;
}

int spn_cue_text_check(const struct spn_plan_cue *cue, size_t index, const char *rendition,
                       struct spn_error *err)
{
    const char *what = NULL;
    size_t size = cue->text ? strlen(cue->text) : 0;

    if (cue->start_ms < 0 || cue->end_ms <= cue->start_ms || cue->end_ms >= CUE_TIME_MAX_MS)
        what = "ends before it begins, or after 100 hours";
    else if (size == 0 || cue->text[0] == '\n' || cue->text[size - 1] == '\n' ||
             strstr(cue->text, "\n\n"))
        what = "is empty or has an empty line";
    else if (strstr(cue->text, "-->"))
        what = "has an arrow in its text";
    else if (!spn_letters_text((const uint8_t *)cue->text, size, 1))
        what = "is not UTF-8 or has control characters";
    else if (cue->settings &&
             (strstr(cue->settings, "-->") ||
              !spn_letters_text((const uint8_t *)cue->settings, strlen(cue->settings), 0)))
        what = "has settings that are none";
    if (!what)
        return SPN_OK;
    return spn_error_set(err, SPN_EINVAL, "cue %zu of rendition %s %s", index + 1, rendition, what);
}

void spn_touches_finish(struct touches *touches)
{
    free(touches->first);
    free(touches->cues);
    memset(touches, 0, sizeof(*touches));
}

/* Segments [*from, *to) are those that cue touches; *from never moves back. */
static void span(const struct spn_plan_cue *cue, const uint64_t *borders, uint32_t count,
                 uint32_t timescale, uint32_t *from, uint32_t *to)
{
    unsigned __int128 start = (unsigned __int128)(uint64_t)cue->start_ms * timescale;
    unsigned __int128 end = (unsigned __int128)(uint64_t)cue->end_ms * timescale;
    uint32_t low, high;

    while (*from < count && (unsigned __int128)borders[*from + 1] * 1000 <= start)
        (*from)++;
    low = *from; /* the first border at or after the end of the cue */
    high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if ((unsigned __int128)borders[middle] * 1000 < end)
            low = middle + 1;
        else
            high = middle;
    }
    *to = low;
}

int spn_touches_make(const struct spn_plan_cue *cues, size_t cue_count, const uint64_t *borders,
                     uint32_t segment_count, uint32_t timescale, struct touches *out)
{
    uint32_t from = 0, to;
    uint64_t total = 0;

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < cue_count; i++) {
        span(&cues[i], borders, segment_count, timescale, &from, &to);
        total += to - from;
    }
    if (total > CUE_TOUCHES_MAX)
        return SPN_ELIMIT;
    out->count = (uint32_t)total;
    out->first = calloc((size_t)segment_count + 2, sizeof(*out->first));
    out->cues = malloc((total + 1) * sizeof(*out->cues));
    if (!out->first || !out->cues) {
        spn_touches_finish(out);
        return SPN_ENOMEM;
    }
    /* Counted two places on, so that summing leaves where each segment's next cue goes. */
    from = 0;
    for (size_t i = 0; i < cue_count; i++) {
        span(&cues[i], borders, segment_count, timescale, &from, &to);
        for (uint32_t n = from; n < to; n++)
            out->first[n + 2]++;
    }
    for (uint32_t n = 2; n < segment_count + 2; n++)
        out->first[n] += out->first[n - 1];
    from = 0;
    for (size_t i = 0; i < cue_count; i++) {
        span(&cues[i], borders, segment_count, timescale, &from, &to);
        for (uint32_t n = from; n < to; n++)
            out->cues[out->first[n + 1]++] = (uint32_t)i;
    }
    return SPN_OK;
}

/* cues.c - the canonical WebVTT in which text is kept. */
#include "sampan/cues.h"

#include <stdlib.h>
#include <string.h>

#include "cue_text.h"
#include "letters.h"
#include "publication_index.h"

static int ordered(const struct spn_plan_cue *before, const struct spn_plan_cue *after)
{
    return before->start_ms < after->start_ms ||
           (before->start_ms == after->start_ms && before->end_ms <= after->end_ms);
}

int spn_cues_write(const struct spn_plan_cue *cues, size_t count, struct spn_buffer *out,
                   struct spn_error *err)
{
    int ret;

    if (count > SPN_CUES_MAX)
        return spn_error_set(err, SPN_ELIMIT, "%zu cues are more than %d", count, SPN_CUES_MAX);
    for (size_t i = 0; i < count; i++) {
        if ((ret = spn_cue_text_check(&cues[i], i, "to be written", err)) < 0)
            return ret;
        if (i && !ordered(&cues[i - 1], &cues[i]))
            return spn_error_set(err, SPN_EINVAL, "cue %zu begins before the one before it", i + 1);
    }
    spn_buffer_string(out, VTT_HEAD);
    for (size_t i = 0; i < count; i++)
        spn_cue_text_write(&cues[i], out);
    if (spn_buffer_failed(out))
        return spn_error_set(err, SPN_ENOMEM, "out of memory for %zu cues", count);
    return SPN_OK;
}

/* Two digits, three digits, … as a number; -1 where there is anything else. */
static int64_t digits(const char *at, int count)
{
    int64_t value = 0;

    for (int i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return -1;
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

/* "00:00:01.000", 12 characters; -1 where it is none. */
static int64_t time_read(const char *at)
{
    int64_t h = digits(at, 2), m = digits(at + 3, 2), s = digits(at + 6, 2), ms = digits(at + 9, 3);

    if (h < 0 || m < 0 || m > 59 || s < 0 || s > 59 || ms < 0 || at[2] != ':' || at[5] != ':' ||
        at[8] != '.')
        return -1;
    return ((h * 60 + m) * 60 + s) * 1000 + ms;
}

/* One cue from the lines at *at, which end with a NUL; both strings are terminated in place. */
static const char *cue_read(char **at, size_t *line, struct spn_plan_cue *out)
{
    char *timing = *at, *end = strchr(timing, '\n'), *text, *last;

    if (!end || end - timing < 29 || memcmp(timing + 12, " --> ", 5) != 0)
        return "is not a cue's \"00:00:00.000 --> 00:00:00.000\"";
    out->start_ms = time_read(timing);
    out->end_ms = time_read(timing + 17);
    if (out->start_ms < 0 || out->end_ms <= out->start_ms)
        return "has a time that is none, or an end that is not after its start";
    *end = '\0';
    if (timing[29] == '\0')
        out->settings = timing + 29;
    else if (timing[29] == ' ' && timing[30] && timing[30] != ' ' && !strstr(timing + 29, "-->") &&
             spn_letters_text((const uint8_t *)timing + 30, strlen(timing + 30), 0))
        out->settings = timing + 30;
    else
        return "has settings that are none";
    text = end + 1;
    (*line)++;
    last = strstr(text, "\n\n");
    if (!last || *text == '\n')
        return "begins a cue without text, or one that is not followed by an empty line";
    *last = '\0';
    out->text = text;
    if (strstr(text, "-->"))
        return "begins a text with an arrow in it";
    for (; *text; text++)
        *line += *text == '\n';
    *line += 2;
    *at = last + 2;
    return NULL;
}

int spn_cues_read(const void *bytes, size_t size, const char *name, struct spn_cues *out,
                  struct spn_error *err)
{
    size_t capacity = 0, line = 3;
    const char *wrong = NULL;
    char *at;
    int ret = SPN_OK;

    memset(out, 0, sizeof(*out));
    if (size > SPN_CUES_BYTES_MAX)
        return spn_error_set(err, SPN_ELIMIT, "%s has %zu bytes of text, more than %u", name, size,
                             SPN_CUES_BYTES_MAX);
    if (size < sizeof(VTT_HEAD) - 1 || memcmp(bytes, VTT_HEAD, sizeof(VTT_HEAD) - 1) != 0 ||
        !spn_letters_text(bytes, size, 1))
        return spn_error_set(
            err, SPN_EFORMAT,
            "%s is not the WebVTT that Sampan keeps: it does not begin with WEBVTT and "
            "an empty line, or is not UTF-8",
            name);
    out->memory = malloc(size + 1);
    if (!out->memory)
        goto no_memory;
    memcpy(out->memory, bytes, size);
    out->memory[size] = '\0';
    at = out->memory + sizeof(VTT_HEAD) - 1;
    while (*at) {
        if (out->count == capacity) {
            struct spn_plan_cue *more;

            capacity = capacity ? 2 * capacity : 256;
            more = realloc(out->cues, capacity * sizeof(*more));
            if (!more)
                goto no_memory;
            out->cues = more;
        }
        if (out->count == SPN_CUES_MAX) {
            ret = spn_error_set(err, SPN_ELIMIT, "%s has more than %d cues", name, SPN_CUES_MAX);
            goto failed;
        }
        wrong = cue_read(&at, &line, &out->cues[out->count]);
        if (!wrong && out->count && !ordered(&out->cues[out->count - 1], &out->cues[out->count]))
            wrong = "ends a cue that begins before the one before it";
        if (wrong) {
            ret = spn_error_set(err, SPN_EFORMAT, "line %zu of %s %s", line, name, wrong);
            goto failed;
        }
        out->count++;
    }
    return SPN_OK;

no_memory:
    ret = spn_error_set(err, SPN_ENOMEM, "out of memory for the text of %s", name);
failed:
    spn_cues_finish(out);
    return ret;
}

void spn_cues_finish(struct spn_cues *cues)
{
    free(cues->cues);
    free(cues->memory);
    memset(cues, 0, sizeof(*cues));
}

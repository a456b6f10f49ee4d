/* cues.c - WebVTT as text jobs leave it: blocks between blank lines. */
#include "cues.h"

#include <stdlib.h>
#include <string.h>

#include "sampan/file.h"

#define HOURS_MAX 1000

void cues_finish(struct cues *cues)
{
    free(cues->cues);
    spn_buffer_finish(&cues->text);
    memset(cues, 0, sizeof(*cues));
}

/* "[h…:]mm:ss.ttt" at *at, which moves behind it; -1 where there is none. */
static int64_t time_read(char **at)
{
    int64_t parts[3] = { 0 }, fraction = 0;
    int count = 0, digits;
    char *p = *at;

    for (;;) {
        int64_t number = 0;

        for (digits = 0; *p >= '0' && *p <= '9' && digits < 6; digits++)
            number = number * 10 + (*p++ - '0');
        if (digits == 0 || count == 3)
            return -1;
        parts[count++] = number;
        if (*p != ':')
            break;
        p++;
    }
    if (count < 2 || *p++ != '.')
        return -1;
    for (digits = 0; digits < 3; digits++) {
        if (*p < '0' || *p > '9')
            return -1;
        fraction = fraction * 10 + (*p++ - '0');
    }
    if (count == 2) {
        parts[2] = parts[1];
        parts[1] = parts[0];
        parts[0] = 0;
    }
    if (parts[0] >= HOURS_MAX || parts[1] >= 60 || parts[2] >= 60)
        return -1;
    *at = p;
    return ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + fraction;
}

static int timing_read(char *line, struct spn_plan_cue *cue)
{
    cue->start_ms = time_read(&line);
    line += strspn(line, " \t");
    if (cue->start_ms < 0 || strncmp(line, "-->", 3) != 0)
        return 0;
    line += 3;
    line += strspn(line, " \t");
    cue->end_ms = time_read(&line);
    line += strspn(line, " \t");
    cue->settings = line;
    return cue->end_ms > cue->start_ms;
}

/* The next line: ended by a NUL, without its line feed; NULL at the end. */
static char *line_next(char **at)
{
    char *line = *at, *end;

    if (!*line)
        return NULL;
    end = line + strcspn(line, "\n");
    *at = *end ? end + 1 : end;
    *end = '\0';
    if (end > line && end[-1] == '\r')
        end[-1] = '\0';
    return line;
}

/* The lines up to a blank one as one string, their line feeds put back; in place. */
static char *block_text(char **at)
{
    char *text = *at, *end = text, *line;

    while ((line = line_next(at)) && *line) {
        size_t length = strlen(line);

        if (end > text)
            *end++ = '\n';
        memmove(end, line, length);
        end += length;
    }
    *end = '\0';
    return text;
}

static int cue_add(struct cues *cues, const struct spn_plan_cue *cue, struct spn_error *err)
{
    if (cues->count >= SPN_CUES_MAX)
        return spn_error_set(err, SPN_ELIMIT, "there are more than %d cues", SPN_CUES_MAX);
    if (cues->count % 256 == 0) {
        struct spn_plan_cue *more =
            realloc(cues->cues, (cues->count + 256) * sizeof(cues->cues[0]));

        if (!more)
            return spn_error_set(err, SPN_ENOMEM, "out of memory");
        cues->cues = more;
    }
    cues->cues[cues->count++] = *cue;
    return SPN_OK;
}

static int cue_order(const void *a, const void *b)
{
    const struct spn_plan_cue *x = a, *y = b;

    if (x->start_ms != y->start_ms)
        return x->start_ms < y->start_ms ? -1 : 1;
    if (x->end_ms != y->end_ms)
        return x->end_ms < y->end_ms ? -1 : 1;
    return x->text < y->text ? -1 : x->text > y->text; /* as they stand in the file */
}

int cues_read(struct cues *cues, const char *path, struct spn_error *err)
{
    char *at, *line;
    int ret;

    memset(cues, 0, sizeof(*cues));
    if ((ret = spn_file_get(path, CUES_FILE_MAX, &cues->text, err)) < 0)
        return ret;
    if (!spn_buffer_text(&cues->text))
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    at = (char *)cues->text.data;
    if (strlen(at) != cues->text.size || strncmp(at, "WEBVTT", 6) != 0)
        return spn_error_set(err, SPN_EFORMAT, "%s is not a WebVTT file; make the asset again",
                             path);
    while ((line = line_next(&at)) && *line)
        continue; /* the header */
    while ((line = line_next(&at))) {
        struct spn_plan_cue cue = { 0 };
        char *first = line;

        if (!*line)
            continue;
        if (!timing_read(line, &cue)) { /* an identifier comes first, or this is a note or style */
            line = line_next(&at);
            if (!line || !*line)
                continue;
            if (strncmp(first, "NOTE", 4) == 0 || strncmp(first, "STYLE", 5) == 0 ||
                strncmp(first, "REGION", 6) == 0 || !timing_read(line, &cue)) {
                (void)block_text(&at);
                continue;
            }
        }
        cue.text = block_text(&at);
        if (*cue.text && (ret = cue_add(cues, &cue, err)) < 0)
            return ret;
    }
    if (cues->count > 1)
        qsort(cues->cues, cues->count, sizeof(cues->cues[0]), cue_order);
    return SPN_OK;
}

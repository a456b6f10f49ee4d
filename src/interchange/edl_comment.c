/* edl_comment.c - what the comments of a CMX3600 list say of its events. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "edl.h"

int edl_begins(const char *text, size_t size, const char *word, size_t *after)
{
    size_t n = strlen(word);

    if (size < n || strncasecmp(text, word, n) != 0)
        return 0;
    *after = n;
    return 1;
}

void edl_name(struct edl *edl, char out[CUT_TEXT_MAX], const char *text, size_t size)
{
    while (size > 0 && (*text == ' ' || *text == '\t' || *text == ':')) {
        text++;
        size--;
    }
    while (size > 0 && isspace((unsigned char)text[size - 1]))
        size--;
    if (cut_text(out, text, size))
        return;
    edl->not_utf8 = 1;
    cut_fault(edl->report, edl->line, "a name is not valid UTF-8; save the list as UTF-8");
}

int edl_is_gb18030(const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t at = 0, pairs = 0;

    while (at < size) {
        if (p[at] < 0x80) {
            at++;
        } else if (p[at] > 0x80 && p[at] < 0xFF && at + 1 < size && p[at + 1] >= 0x40 &&
                   p[at + 1] != 0x7F && p[at + 1] != 0xFF) {
            at += 2;
            pairs++;
        } else if (p[at] > 0x80 && p[at] < 0xFF && at + 3 < size && p[at + 1] >= '0' &&
                   p[at + 1] <= '9' && p[at + 2] > 0x80 && p[at + 2] < 0xFF && p[at + 3] >= '0' &&
                   p[at + 3] <= '9') {
            at += 4;
            pairs++;
        } else {
            return 0;
        }
    }
    return pairs > 0;
}

/* The last part of a path, into out. */
static void file_keep(struct edl *edl, char out[CUT_TEXT_MAX], const char *text, size_t size)
{
    char path[CUT_TEXT_MAX];

    edl_name(edl, path, text, size);
    cut_file(out, path);
}

/* LOC: 01:00:01:14 RED     words */
static void marker_read(struct edl *edl, const char *text, size_t size)
{
    struct cut_marker *marker;
    size_t n = 0, word = 0;

    while (size > 0 && isspace((unsigned char)*text)) {
        text++;
        size--;
    }
    while (n < size && !isspace((unsigned char)text[n]))
        n++;
    if (n == 0 || n >= sizeof(marker->at.timecode)) {
        cut_note(edl->report, edl->line, "a marker without a timecode was left out");
        return;
    }
    marker = cut_list_mark(edl->list, edl->line, edl->report);
    if (!marker)
        return;
    memcpy(marker->at.timecode, text, n);
    marker->at.timecode[n] = '\0';
    for (text += n, size -= n; size > 0 && isspace((unsigned char)*text); text++)
        size--;
    while (word < size && !isspace((unsigned char)text[word]))
        word++;
    cut_color(marker, text, word);
    edl_name(edl, marker->name, text + word, size - word);
}

/* FINAL CUT PRO REEL: LONG NAME REPLACED BY: SHORT */
static void reel_replaced(struct edl *edl, const char *text, size_t size)
{
    const char *by = memmem(text, size, "REPLACED BY:", 12);

    if (by && edl->event && !edl->event->file[0])
        file_keep(edl, edl->event->file, text, (size_t)(by - text));
}

static void clip_comment(struct edl *edl, const char *text, size_t size)
{
    struct cut_event *event = edl->event;
    size_t after;

    if (edl_begins(text, size, "FROM CLIP NAME", &after)) {
        if (!edl->by_transition || !event->name[0])
            edl_name(edl, event->name, text + after, size - after);
    } else if (edl_begins(text, size, "TO CLIP NAME", &after)) {
        if (edl->by_transition)
            edl_name(edl, event->name, text + after, size - after);
    } else if (edl_begins(text, size, "SOURCE FILE", &after) ||
               edl_begins(text, size, "FROM CLIP:", &after) ||
               edl_begins(text, size, "FROM FILE", &after)) {
        file_keep(edl, event->file, text + after, size - after);
    } else if (edl_begins(text, size, "SAMPAN ASSET:", &after)) {
        char name[CUT_TEXT_MAX];

        edl_name(edl, name, text + after, size - after);
        (void)snprintf(event->asset, sizeof(event->asset), "%.64s", name);
    } else if (edl_begins(text, size, "FINAL CUT PRO REEL:", &after)) {
        reel_replaced(edl, text + after, size - after);
    } else if (edl_begins(text, size, "REEL ", &after)) { /* REEL x IS CLIP y */
        const char *is = memmem(text, size, " IS CLIP ", 9);

        if (is)
            edl_name(edl, event->name, is + 9, size - (size_t)(is + 9 - text));
    }
}

void edl_comment(struct edl *edl, const char *text, size_t size)
{
    size_t after;

    while (size > 0 && (*text == '*' || *text == ' ' || *text == '\t')) {
        text++;
        size--;
    }
    if (edl_begins(text, size, "LOC:", &after)) {
        marker_read(edl, text + after, size - after);
    } else if (edl_begins(text, size, "SAMPAN CHAPTER", &after)) {
        if (edl->list->marker_count)
            edl->list->markers[edl->list->marker_count - 1].is_chapter = 1;
    } else if (edl_begins(text, size, "ASC_S", &after)) {
        if (edl->grades++ == 0)
            edl->grade_line = edl->line;
    } else if (edl->event) {
        clip_comment(edl, text, size);
    }
}

/* cut_list.c - the events of a list, and what there is to say about them. */
#include "cut_list.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- remarks ---- */

void cut_report_finish(struct cut_report *report)
{
    free(report->remarks);
    memset(report, 0, sizeof(*report));
}

static int is_before(const struct cut_remark *a, const struct cut_remark *b)
{
    return a->line && (a->line < b->line || b->line == 0);
}

void cut_report_sort(struct cut_report *report)
{
    for (size_t i = 1; i < report->count; i++) {
        struct cut_remark remark = report->remarks[i];
        size_t at = i;

        for (; at > 0 && is_before(&remark, &report->remarks[at - 1]); at--)
            report->remarks[at] = report->remarks[at - 1];
        report->remarks[at] = remark;
    }
}

static struct cut_remark *remark_add(struct cut_report *report, int is_fault)
{
    if (report->count == CUT_REMARKS_MAX || (!is_fault && report->notes > CUT_NOTES_MAX))
        return NULL;
    if (report->count == report->capacity) {
        size_t capacity = report->capacity ? 2 * report->capacity : 16;
        struct cut_remark *remarks = realloc(report->remarks, capacity * sizeof(*remarks));

        if (!remarks) {
            report->failed = 1;
            return NULL;
        }
        report->remarks = remarks;
        report->capacity = capacity;
    }
    return &report->remarks[report->count++];
}

__attribute__((format(printf, 4, 0))) static void remark(struct cut_report *report, size_t line,
                                                         int is_fault, const char *format,
                                                         va_list args)
{
    struct spn_error text = { 0 };
    struct cut_remark *place;

    if (is_fault)
        report->faults++;
    else
        report->notes++;
    place = remark_add(report, is_fault);
    if (!place)
        return;
    (void)spn_error_setv(&text, 0, format, args);
    place->line = line;
    place->is_fault = is_fault;
    memcpy(place->text, text.text, sizeof(place->text));
}

void cut_fault(struct cut_report *report, size_t line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    remark(report, line, 1, format, args);
    va_end(args);
}

void cut_note(struct cut_report *report, size_t line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    remark(report, line, 0, format, args);
    va_end(args);
}

/* ---- events ---- */

struct cut_event *cut_list_add(struct cut_list *list, size_t line, struct cut_report *report)
{
    static const struct cut_event empty = {
        .in = { -1, "" },
        .out = { -1, "" },
        .start = { -1, "" },
        .record_in = { -1, "" },
        .record_out = { -1, "" },
    };
    struct cut_event *event;

    if (list->count == CUT_EVENTS_MAX) {
        if (!list->full)
            cut_fault(report, line, "the list has more than %d events", CUT_EVENTS_MAX);
        list->full = 1;
        return NULL;
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 64;
        struct cut_event *events = realloc(list->events, capacity * sizeof(*events));

        if (!events) {
            report->failed = 1;
            return NULL;
        }
        list->events = events;
        list->capacity = capacity;
    }
    event = &list->events[list->count++];
    *event = empty;
    event->line = line;
    return event;
}

struct cut_marker *cut_list_mark(struct cut_list *list, size_t line, struct cut_report *report)
{
    static const struct cut_marker empty = { .at = { -1, "" } };
    struct cut_marker *marker;

    if (list->marker_count == CUT_MARKERS_MAX) {
        if (!list->marks_full)
            cut_note(report, line, "of more than %d markers the rest is left out", CUT_MARKERS_MAX);
        list->marks_full = 1;
        return NULL;
    }
    if (list->marker_count == list->marker_capacity) {
        size_t capacity = list->marker_capacity ? 2 * list->marker_capacity : 16;
        struct cut_marker *markers = realloc(list->markers, capacity * sizeof(*markers));

        if (!markers) {
            report->failed = 1;
            return NULL;
        }
        list->markers = markers;
        list->marker_capacity = capacity;
    }
    marker = &list->markers[list->marker_count++];
    *marker = empty;
    marker->line = line;
    return marker;
}

void cut_color(struct cut_marker *marker, const char *text, size_t length)
{
    size_t at = 0;

    for (size_t i = 0; i < length && at + 1 < sizeof(marker->color); i++)
        if (isalpha((unsigned char)text[i]))
            marker->color[at++] = (char)toupper((unsigned char)text[i]);
    marker->color[at] = '\0';
}

void cut_list_free(struct cut_list *list)
{
    if (!list)
        return;
    free(list->events);
    free(list->markers);
    free(list);
}

/* ---- text ---- */

/* Bytes of the UTF-8 sequence at p, 0 where there is no valid one. */
static size_t utf8_length(const unsigned char *p, size_t left)
{
    size_t n = p[0] < 0x80                   ? 1
               : p[0] >= 0xC2 && p[0] < 0xE0 ? 2
               : (p[0] & 0xF0) == 0xE0       ? 3
               : p[0] >= 0xF0 && p[0] < 0xF5 ? 4
                                             : 0;

    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return n;
}

size_t cut_letter(const char *text, int *good)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n = *p ? utf8_length(p, strnlen(text, 4)) : 0;

    *good = n > 0 && *p >= 0x20 && *p != 0x7F;
    return *p && n == 0 ? 1 : n;
}

int cut_text(char out[CUT_TEXT_MAX], const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t at = 0;

    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    out[0] = '\0';
    for (size_t i = 0; i < length;) {
        size_t n = utf8_length(p + i, length - i);

        if (n == 0)
            return 0;
        if (at + n >= CUT_TEXT_MAX)
            break;
        memcpy(out + at, p + i, n);
        if (p[i] < 0x20 || p[i] == 0x7F)
            out[at] = ' ';
        at += n;
        i += n;
    }
    out[at] = '\0';
    return 1;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

void cut_file(char out[CUT_TEXT_MAX], const char *path)
{
    char plain[CUT_TEXT_MAX];
    const char *last = path;
    size_t at = 0;

    for (const char *p = path; *p; p++)
        if ((*p == '/' || *p == '\\') && p[1])
            last = p + 1;
    for (const char *p = last; *p && at + 1 < sizeof(plain); p++) {
        if (*p == '%' && hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0) {
            plain[at++] = (char)(hex_digit(p[1]) * 16 + hex_digit(p[2]));
            p += 2;
        } else {
            plain[at++] = *p;
        }
    }
    if (!cut_text(out, plain, at))
        out[0] = '\0';
}

struct spn_rate cut_rate_snap(double rate)
{
    if (!(rate > 0 && rate <= SPN_RATE_MAX))
        return (struct spn_rate){ 0, 0 };
    return spn_rate_snap((uint32_t)lround(rate * 1e6), 1000000);
}

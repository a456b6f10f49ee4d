/* cut_list.c - the events of a list, what there is to say about them, and their time. */
#include "cut_list.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- remarks ---- */

void cut_report_finish(struct cut_report *report)
{
    free(report->remarks);
    memset(report, 0, sizeof(*report));
}

static struct cut_remark *remark_add(struct cut_report *report)
{
    if (report->count == CUT_REMARKS_MAX)
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
    place = remark_add(report);
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
        cut_fault(report, line, "the list has more than %d events", CUT_EVENTS_MAX);
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

struct cut_marker *cut_list_mark(struct cut_list *list, struct cut_report *report)
{
    if (list->marker_count == CUT_EVENTS_MAX)
        return NULL;
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
    return &list->markers[list->marker_count++];
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

int cut_text(char out[CUT_TEXT_MAX], const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t at = 0;

    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    out[0] = '\0';
    for (size_t i = 0; i < length;) {
        size_t n = utf8_length(p + i, length - i);

        if (n == 0 || p[i] < 0x20 || p[i] == 0x7F)
            return 0;
        if (at + n >= CUT_TEXT_MAX)
            break;
        memcpy(out + at, p + i, n);
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
    static const struct spn_rate rates[] = {
        { 24000, 1001 }, { 24, 1 }, { 25, 1 }, { 30000, 1001 }, { 30, 1 },
        { 48000, 1001 }, { 48, 1 }, { 50, 1 }, { 60000, 1001 }, { 60, 1 },
    };

    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
        if (fabs(rate - (double)rates[i].num / rates[i].den) < rate / 2000)
            return rates[i];
    if (rate >= 1 && rate <= SPN_RATE_MAX && rate == floor(rate))
        return (struct spn_rate){ (uint32_t)rate, 1 };
    return (struct spn_rate){ 0, 0 };
}

/* ---- format ---- */

static int has(const char *text, size_t size, const char *word)
{
    return memmem(text, size < 65536 ? size : 65536, word, strlen(word)) != NULL;
}

int cut_list_read(const void *bytes, size_t size, const char *name, struct cut_list **out,
                  struct cut_report *report, struct spn_error *err)
{
    const char *text = bytes, *end = text + size, *p;
    struct cut_list *list;
    int ret;

    *out = NULL;
    if (size > CUT_LIST_SIZE_MAX)
        return spn_error_set(err, SPN_ELIMIT, "%s is larger than %u MiB", name,
                             CUT_LIST_SIZE_MAX >> 20);
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        text += 3;
    for (p = text; p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n');)
        p++;
    if (p == end)
        return spn_error_set(err, SPN_EFORMAT, "%s is empty", name);
    size = (size_t)(end - text);
    list = calloc(1, sizeof(*list));
    if (!list)
        return spn_error_set(err, SPN_ENOMEM, "no memory for the list %s", name);
    if (*p == '{' || *p == '[') {
        list->format = "otio";
        ret = otio_read(text, size, list, report, err);
    } else if (*p == '<' && has(text, size, "<fcpxml")) {
        list->format = "fcpxml";
        ret = fcpxml_read(text, size, list, report, err);
    } else if (*p == '<' && has(text, size, "CompositionPlaylist")) {
        list->format = "cpl";
        ret = cpl_read(text, size, list, report, err);
    } else if (*p == '<') {
        ret = spn_error_set(err, SPN_EUNSUPPORTED,
                            "%s is XML, but neither an IMF composition playlist nor FCPXML", name);
    } else {
        list->format = "cmx3600";
        ret = edl_read(text, size, list, report, err);
    }
    if (ret == SPN_OK && report->failed)
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for the list %s", name);
    if (ret == SPN_OK && list->count == 0 && report->faults == 0)
        cut_fault(report, 0, "the list has no picture in it");
    if (ret < 0) {
        cut_list_free(list);
        return ret;
    }
    *out = list;
    return SPN_OK;
}

/* ---- time ---- */

static void time_count(struct cut_time *time, struct spn_rate rate, size_t line,
                       struct cut_report *report)
{
    struct spn_error err = { 0 };
    int drop;

    if (time->frame >= 0 || !time->timecode[0])
        return;
    if (spn_timecode_parse(time->timecode, strlen(time->timecode), rate, &time->frame, &drop,
                           &err) < 0) {
        time->frame = -1;
        cut_fault(report, line, "%s", err.text);
    }
}

static void event_count(struct cut_event *event, struct spn_rate rate, int refused, int64_t *at,
                        struct cut_report *report)
{
    struct spn_rate own = event->rate.num ? event->rate : rate;

    if (!spn_rate_equal(own, rate)) {
        cut_fault(report, event->line,
                  "\"%.80s\" is cut at %" PRIu32 "/%" PRIu32
                  " frames a second in a list of %" PRIu32 "/%" PRIu32 "; convert it first",
                  event->name[0] ? event->name : event->reel, own.num, own.den, rate.num, rate.den);
        return;
    }
    time_count(&event->in, rate, event->line, report);
    time_count(&event->out, rate, event->line, report);
    time_count(&event->start, rate, event->line, report);
    time_count(&event->record_in, rate, event->line, report);
    time_count(&event->record_out, rate, event->line, report);
    if (event->in.frame < 0 || event->out.frame < 0)
        return;
    if (event->out.frame == event->in.frame)
        cut_fault(report, event->line, "\"%.80s\" has no frames: its in is its out",
                  event->name[0] ? event->name : event->reel);
    else if (event->out.frame < event->in.frame)
        cut_fault(report, event->line, "\"%.80s\" ends before it begins",
                  event->name[0] ? event->name : event->reel);
    if (event->record_in.frame < 0 || event->record_out.frame < 0)
        return;
    if (event->record_out.frame - event->record_in.frame != event->out.frame - event->in.frame)
        cut_fault(report, event->line,
                  "\"%.80s\" takes %" PRId64 " frames of the source for %" PRId64
                  " of the programme",
                  event->name[0] ? event->name : event->reel, event->out.frame - event->in.frame,
                  event->record_out.frame - event->record_in.frame);
    if (refused) /* what was refused leaves holes: they need no telling */
        return;
    if (*at >= 0 && event->record_in.frame > *at)
        cut_fault(report, event->line, "there is a gap of %" PRId64 " frames before \"%.80s\"",
                  event->record_in.frame - *at, event->name[0] ? event->name : event->reel);
    else if (*at >= 0 && event->record_in.frame < *at)
        cut_fault(report, event->line,
                  "\"%.80s\" begins %" PRId64 " frames before the end of the event before it",
                  event->name[0] ? event->name : event->reel, *at - event->record_in.frame);
    *at = event->record_out.frame;
}

void cut_list_count(struct cut_list *list, struct spn_rate rate, struct cut_report *report)
{
    int refused = report->faults > 0;
    int64_t at = -1;

    if (rate.num == 0)
        rate = list->rate;
    if (rate.num == 0 || rate.den == 0) {
        cut_fault(report, 0,
                  "the list does not say its rate, and no asset does; say it with --rate");
        return;
    }
    if (list->rate.num != 0 && !spn_rate_equal(list->rate, rate)) {
        cut_fault(report, 0,
                  "the list is of %" PRIu32 "/%" PRIu32 " frames a second, not of %" PRIu32
                  "/%" PRIu32,
                  list->rate.num, list->rate.den, rate.num, rate.den);
        return;
    }
    list->rate = rate;
    for (size_t i = 0; i < list->count; i++)
        event_count(&list->events[i], rate, refused, &at, report);
}

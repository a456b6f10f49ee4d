/* cut_count.c - timecodes to frames, and whether what a list says of time can all be true. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cut_list.h"

#define CLIP_FRAME_MAX ((int64_t)1 << 62)

static const char *label(const struct cut_event *event)
{
    return event->name[0] ? event->name : event->file[0] ? event->file : event->reel;
}

int cut_time_drops(const struct cut_time *time)
{
    size_t at = strlen(time->timecode);

    while (at > 0 && !strchr(":;.", time->timecode[at - 1]))
        at--;
    return at > 0 && time->timecode[at - 1] != ':';
}

static const char *counting(const struct cut_time *time)
{
    return cut_time_drops(time) ? "drop frame" : "non-drop frame";
}

/* Nobody means the distance of numbers of two countings: 00:09:00:02 is 18 frames after
 * 00:09:00;02.
 */
static void pair_check(const struct cut_event *event, const char *side, struct cut_time *in,
                       struct cut_time *out, struct cut_report *report)
{
    if (in->frame >= 0 && out->frame >= 0 && in->timecode[0] && out->timecode[0] &&
        cut_time_drops(in) != cut_time_drops(out)) {
        cut_fault(report, event->line,
                  "\"%.80s\" has its %s in in %s timecode (%s) and its out in %s (%s): write them "
                  "alike (drop frame has ';' before its frames)",
                  label(event), side, counting(in), in->timecode, counting(out), out->timecode);
        in->frame = out->frame = -1;
    }
}

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

/* Frames of 24 hours as this timecode counts them. */
static int64_t day_of(const struct cut_time *time, struct spn_rate rate)
{
    const char *text = cut_time_drops(time) ? "24:00:00;00" : "24:00:00:00";
    int64_t day = 0;
    int drop;

    (void)spn_timecode_parse(text, strlen(text), rate, &day, &drop, NULL);
    return day;
}

/* Timecode begins anew at midnight: an out before its in is of the next day if the other side of
 * the event is exactly so long. */
static void midnight_pass(const struct cut_time *in, struct cut_time *out, int64_t length,
                          struct spn_rate rate)
{
    if (in->frame >= 0 && out->frame >= 0 && out->frame < in->frame && out->timecode[0] &&
        length > 0 && out->frame + day_of(out, rate) - in->frame == length)
        out->frame += day_of(out, rate);
}

/* M2 gives one decimal, and 24 for 24000/1001. */
static void speed_check(struct cut_event *event, struct spn_rate rate, struct cut_report *report)
{
    if (event->hole || event->speed == 0 || fabs(event->speed - (double)rate.num / rate.den) <= 0.1)
        return;
    event->hole = 1;
    cut_fault(report, event->speed_line,
              "\"%.80s\" changes speed (%.1f frames a second at %" PRIu32 "/%" PRIu32
              "), which cannot be carried: render it first",
              label(event), event->speed, rate.num, rate.den);
}

/* Differences of such frames cannot overflow. */
static int is_bounded(const struct cut_event *event)
{
    return event->in.frame <= CLIP_FRAME_MAX && event->out.frame <= CLIP_FRAME_MAX &&
           event->record_in.frame <= CLIP_FRAME_MAX && event->record_out.frame <= CLIP_FRAME_MAX;
}

static void event_count(struct cut_event *event, struct spn_rate rate, struct cut_report *report)
{
    struct spn_rate own = event->rate.num ? event->rate : rate;
    int64_t source, record;

    time_count(&event->record_in, rate, event->line, report);
    time_count(&event->record_out, rate, event->line, report);
    pair_check(event, "record", &event->record_in, &event->record_out, report);
    if (event->hole)
        return;
    if (!is_bounded(event)) {
        event->in.frame = event->out.frame = event->record_in.frame = event->record_out.frame = -1;
        cut_fault(report, event->line, "\"%.80s\" is of frames past all time", label(event));
        return;
    }
    if (!spn_rate_equal(own, rate)) {
        cut_fault(report, event->line,
                  "\"%.80s\" is cut at %" PRIu32 "/%" PRIu32
                  " frames a second in a list of %" PRIu32 "/%" PRIu32
                  ", and rates are never mixed",
                  label(event), own.num, own.den, rate.num, rate.den);
        return;
    }
    time_count(&event->in, rate, event->line, report);
    time_count(&event->out, rate, event->line, report);
    pair_check(event, "source", &event->in, &event->out, report);
    time_count(&event->start, rate, event->line, report);
    speed_check(event, rate, report);
    if (event->hole)
        return;
    source = event->out.frame - event->in.frame;
    record = event->record_out.frame - event->record_in.frame;
    midnight_pass(&event->in, &event->out, record, rate);
    midnight_pass(&event->record_in, &event->record_out, source, rate);
    if (event->in.frame < 0 || event->out.frame < 0)
        return;
    source = event->out.frame - event->in.frame;
    if (source == 0)
        cut_fault(report, event->line, "\"%.80s\" has no frames: its in is its out", label(event));
    else if (source < 0)
        cut_fault(report, event->line, "\"%.80s\" ends before it begins", label(event));
    if (event->record_in.frame < 0 || event->record_out.frame < 0)
        return;
    record = event->record_out.frame - event->record_in.frame;
    if (record != source)
        cut_fault(report, event->line,
                  "\"%.80s\" takes %" PRId64 " frames of the source for %" PRId64
                  " of the programme",
                  label(event), source, record);
}

/* ---- the record side ---- */

static int by_record(const void *a, const void *b)
{
    const struct cut_event *x = a, *y = b;

    if (x->record_in.frame != y->record_in.frame)
        return x->record_in.frame < y->record_in.frame ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

/* Lists may be in the order of reels: what they say of the record is what counts. */
static void record_order(struct cut_list *list, struct cut_report *report)
{
    int disordered = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (list->events[i].record_in.frame < 0 || list->events[i].record_out.frame < 0)
            return;
        disordered |=
            i > 0 && list->events[i].record_in.frame < list->events[i - 1].record_in.frame;
    }
    if (!disordered)
        return;
    qsort(list->events, list->count, sizeof(*list->events), by_record);
    cut_note(report, 0,
             "the list is not in the order of its record times; its events were put into it");
}

/* Where a join of the record is not one, that may be why. */
static const char *countings_differ(const struct cut_event *before, const struct cut_event *event)
{
    return cut_time_drops(&before->record_out) != cut_time_drops(&event->record_in)
               ? ": the record side of one is in drop frame timecode, of the other in non-drop"
               : "";
}

static void record_check(const struct cut_list *list, struct cut_report *report)
{
    const struct cut_event *before = NULL; /* NULL: what it covers is not known, which was told */

    for (size_t i = 0; i < list->count; i++) {
        const struct cut_event *event = &list->events[i];
        int64_t at = before ? before->record_out.frame : -1;

        if (event->record_in.frame < 0 || event->record_out.frame < 0) {
            before = NULL;
            continue;
        }
        if (before && event->record_in.frame > at)
            cut_fault(report, event->line,
                      "there is a gap of %" PRId64 " frames before \"%.80s\"%s",
                      event->record_in.frame - at, label(event), countings_differ(before, event));
        else if (before && event->record_in.frame < at)
            cut_fault(report, event->line,
                      "\"%.80s\" begins %" PRId64 " frames before the end of the event before it%s",
                      label(event), at - event->record_in.frame, countings_differ(before, event));
        before = event;
    }
}

/* What was refused was told, and has filled its place. */
static void holes_remove(struct cut_list *list)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++)
        if (!list->events[i].hole)
            list->events[kept++] = list->events[i];
    list->count = kept;
}

/* ---- markers ---- */

static int by_time(const void *a, const void *b)
{
    const struct cut_marker *x = a, *y = b;

    if (x->at.frame != y->at.frame)
        return x->at.frame < y->at.frame ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

/* A marker that is wrong is left out: it changes nothing of what is shown. */
static void markers_count(struct cut_list *list, struct spn_rate rate, int64_t first,
                          struct cut_report *report)
{
    __int128 total = 0;
    size_t kept = 0, outside = list->marks_unused;

    for (size_t i = 0; i < list->count; i++)
        total += list->events[i].out.frame - list->events[i].in.frame;
    for (size_t i = 0; i < list->marker_count; i++) {
        struct cut_marker *marker = &list->markers[i];
        int drop;

        if (marker->at.timecode[0] &&
            spn_timecode_parse(marker->at.timecode, strlen(marker->at.timecode), rate,
                               &marker->at.frame, &drop, NULL) == SPN_OK)
            marker->at.frame -= first;
        if (marker->at.frame < 0 || marker->at.frame >= total)
            outside++;
        else
            list->markers[kept++] = *marker;
    }
    list->marker_count = kept;
    if (outside)
        cut_note(report, 0, "%zu markers lie outside of what is used and were left out", outside);
    if (kept > 1)
        qsort(list->markers, kept, sizeof(*list->markers), by_time);
}

static size_t events_kept(const struct cut_list *list)
{
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++)
        count += !list->events[i].hole;
    return count;
}

void cut_list_count(struct cut_list *list, struct spn_rate rate, struct cut_report *report)
{
    int64_t first;

    if (rate.num == 0)
        rate = list->rate;
    if (rate.num == 0 || rate.den == 0) {
        if (report->faults == 0 || events_kept(list) > 0) /* a rate is not what the others lack */
            cut_fault(report, 0,
                      "the list does not say its rate, and no asset does; say it with --rate");
        holes_remove(list);
        return;
    }
    if (list->rate.num != 0 && !spn_rate_equal(list->rate, rate)) {
        cut_fault(report, 0,
                  "the list is of %" PRIu32 "/%" PRIu32 " frames a second, not of %" PRIu32
                  "/%" PRIu32,
                  list->rate.num, list->rate.den, rate.num, rate.den);
        holes_remove(list);
        return;
    }
    list->rate = rate;
    for (size_t i = 0; i < list->count; i++)
        event_count(&list->events[i], rate, report);
    record_order(list, report);
    record_check(list, report);
    first =
        list->count && list->events[0].record_in.timecode[0] ? list->events[0].record_in.frame : 0;
    holes_remove(list);
    markers_count(list, rate, first, report);
}

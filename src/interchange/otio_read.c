/*
 * otio_read.c - OpenTimelineIO: the picture track of a timeline, flattened.
 *
 * Accepted besides the newest schemas: Clip.1 with one media_reference, Sequence.1 (an old Track),
 * a top level that is a Stack, Track or Clip or a collection of one of them, null source ranges,
 * nested stacks and tracks that only hold clips, and tracks that are disabled.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "otio_json.h"

struct otio {
    struct cut_list *list;
    struct cut_report *report;
};

static const json_t *media_of(const json_t *clip)
{
    const json_t *many = json_object_get(clip, "media_references");
    const char *key = json_string_value(json_object_get(clip, "active_media_reference_key"));

    if (json_is_object(many))
        return json_object_get(many, key ? key : "DEFAULT_MEDIA");
    return json_object_get(clip, "media_reference");
}

static int is_enabled(const json_t *item)
{
    return !json_is_false(json_object_get(item, "enabled"));
}

/* ---- what cannot be carried ---- */

static int effects_check(struct otio *otio, const json_t *item)
{
    const json_t *effects = json_object_get(item, "effects");
    size_t i;
    const json_t *effect;
    int good = 1;

    json_array_foreach(effects, i, effect)
    {
        const json_t *scalar = json_object_get(effect, "time_scalar");

        if (!is_enabled(effect) ||
            (otio_is(effect, "LinearTimeWarp") && json_number_value(scalar) == 1.0))
            continue;
        if (otio_is(effect, "LinearTimeWarp") || otio_is(effect, "FreezeFrame") ||
            otio_is(effect, "TimeEffect")) {
            cut_fault(otio->report, otio_line(effect),
                      "\"%.80s\" changes speed (%.40s), which cannot be carried: render it first",
                      otio_name(item), otio_schema(effect));
            good = 0;
        } else {
            cut_note(
                otio->report, otio_line(effect),
                "the effect \"%.80s\" on \"%.80s\" is not carried: the asset's own picture is used",
                otio_name(effect), otio_name(item));
        }
    }
    return good;
}

/* ---- markers ---- */

static void color_keep(struct cut_marker *marker, const json_t *color)
{
    const char *word =
        json_string_value(json_is_object(color) ? json_object_get(color, "name") : color);

    if (word)
        cut_color(marker, word, strlen(word));
}

static void name_keep(struct cut_marker *place, const json_t *marker)
{
    const char *comment = json_string_value(json_object_get(marker, "comment"));
    const char *name = otio_name(marker)[0] || !comment ? otio_name(marker) : comment;

    if (!cut_text(place->name, name, strlen(name)))
        place->name[0] = '\0';
}

/* The markers of an item whose frames [own, own + frames) at rate begin at frame at of the
 * programme. */
static void markers_read(struct otio *otio, const json_t *item, int64_t at, int64_t own,
                         int64_t frames, struct spn_rate rate)
{
    const json_t *markers = json_object_get(item, "markers"), *marker, *sampan;
    size_t i;

    json_array_foreach(markers, i, marker)
    {
        struct otio_range range;
        struct cut_marker *place;

        if (otio_range(json_object_get(marker, "marked_range"), &range) != OTIO_FOUND ||
            !otio_rate_change(&range.start, range.rate, rate)) {
            cut_note(otio->report, otio_line(marker),
                     "the marker \"%.80s\" is at no frame of \"%.80s\" and was left out",
                     otio_name(marker), otio_name(item));
            continue;
        }
        if (range.start < own || range.start - own >= frames) {
            otio->list->marks_unused++;
            continue;
        }
        place = cut_list_mark(otio->list, otio_line(marker), otio->report);
        if (!place)
            return;
        sampan = json_object_get(json_object_get(marker, "metadata"), "sampan");
        place->at.frame = at + range.start - own;
        place->is_chapter = json_is_true(json_object_get(sampan, "chapter"));
        name_keep(place, marker);
        color_keep(place, json_object_get(marker, "color"));
    }
}

/* ---- clips ---- */

static void clip_media(struct otio *otio, struct cut_event *event, const json_t *clip,
                       const struct otio_range *available, enum otio_found has)
{
    const json_t *media = media_of(clip);
    const json_t *own = json_object_get(json_object_get(clip, "metadata"), "sampan");
    const char *url = json_string_value(json_object_get(media, "target_url"));
    const char *asset = json_string_value(json_object_get(own, "asset"));

    if (!cut_text(event->name, otio_name(clip), strlen(otio_name(clip))))
        cut_fault(otio->report, otio_line(clip), "the name of a clip is not usable text");
    (void)cut_text(event->reel, otio_name(media), strlen(otio_name(media)));
    if (url)
        cut_file(event->file, url);
    if (asset)
        (void)snprintf(event->asset, sizeof(event->asset), "%s", asset);
    if (has == OTIO_FOUND)
        event->start.frame = available->start;
}

/* Frames it takes of the programme, or -1 where that cannot be told. */
static int64_t clip_read(struct otio *otio, const json_t *clip, int64_t at)
{
    struct otio_range source = { 0 }, available = { 0 };
    enum otio_found has_source = otio_range(json_object_get(clip, "source_range"), &source);
    enum otio_found has_media =
        otio_range(json_object_get(media_of(clip), "available_range"), &available);
    struct cut_event *event;

    if (otio_is(media_of(clip), "GeneratorReference")) {
        cut_fault(otio->report, otio_line(clip),
                  "\"%.80s\" is generated (%.40s), which is in no asset: render it first",
                  otio_name(clip), otio_name(media_of(clip)));
        return has_source == OTIO_FOUND ? source.duration : -1;
    }
    if (has_source == OTIO_WRONG || (has_source == OTIO_ABSENT && has_media != OTIO_FOUND)) {
        cut_fault(otio->report, otio_line(clip),
                  "\"%.80s\" does not say which frames: its source range %s", otio_name(clip),
                  has_source == OTIO_WRONG ? "is not of whole frames at a rate that is in use"
                                           : "is missing, as is its media's");
        return -1;
    }
    if (has_source == OTIO_ABSENT)
        source = available;
    if (has_media == OTIO_FOUND && !otio_rate_change(&available.start, available.rate, source.rate))
        has_media = OTIO_ABSENT; /* said at another rate than the cut: exact or not at all */
    if (!effects_check(otio, clip))
        return source.duration;
    event = cut_list_add(otio->list, otio_line(clip), otio->report);
    if (!event)
        return -1;
    event->in.frame = source.start;
    event->out.frame = source.start + source.duration;
    event->rate = source.rate;
    clip_media(otio, event, clip, &available, has_media);
    if (source.start < 0)
        cut_fault(otio->report, event->line, "\"%.80s\" begins before the first frame there is",
                  otio_name(clip));
    markers_read(otio, clip, at, source.start, source.duration, source.rate);
    return source.duration;
}

/* ---- tracks and stacks ---- */

static int64_t item_read(struct otio *otio, const json_t *item, int64_t at, int depth);

/* Where the events and markers of a track or stack begin. */
struct inside {
    size_t event, marker;
    int64_t at; /* frame of the programme */
};

/* Trim what is inside to what range says of it. */
static void inside_trim(struct otio *otio, const struct inside *inside,
                        const struct otio_range *range)
{
    struct cut_list *list = otio->list;
    size_t kept = inside->event;
    int64_t at = 0;

    for (size_t i = inside->event; i < list->count; i++) {
        struct cut_event event = list->events[i];
        int64_t length = event.out.frame - event.in.frame;
        int64_t first = range->start > at ? range->start - at : 0;
        int64_t end = range->start + range->duration - at;

        if (end > length)
            end = length;
        if (first < end) {
            event.out.frame = event.in.frame + end;
            event.in.frame += first;
            list->events[kept++] = event;
        }
        at += length;
    }
    list->count = kept;
    kept = inside->marker;
    for (size_t i = inside->marker; i < list->marker_count; i++) {
        struct cut_marker marker = list->markers[i];

        marker.at.frame -= range->start;
        if (marker.at.frame >= inside->at && marker.at.frame < inside->at + range->duration)
            list->markers[kept++] = marker;
    }
    list->marker_count = kept;
}

/* What a track's or a stack's own range leaves of it; its length, or -1. */
static int64_t range_apply(struct otio *otio, const json_t *item, const struct inside *inside,
                           int64_t length)
{
    struct otio_range range;

    switch (otio_range(json_object_get(item, "source_range"), &range)) {
    case OTIO_ABSENT:
        return length;
    case OTIO_WRONG:
        cut_fault(otio->report, otio_line(item),
                  "the source range of \"%.80s\" is not of whole frames", otio_name(item));
        return -1;
    case OTIO_FOUND:
        break;
    }
    if (length < 0)
        return -1;
    if (otio->list->count > inside->event &&
        !spn_rate_equal(range.rate, otio->list->events[inside->event].rate)) {
        struct spn_rate rate = otio->list->events[inside->event].rate;

        if (!otio_rate_change(&range.start, range.rate, rate) ||
            !otio_rate_change(&range.duration, range.rate, rate)) {
            cut_fault(otio->report, otio_line(item),
                      "the source range of \"%.80s\" is at another rate than its clips",
                      otio_name(item));
            return -1;
        }
    }
    if (range.start < 0 || range.start > length || range.duration > length - range.start) {
        if (range.duration == length) {
            cut_note(
                otio->report, otio_line(item),
                "the source range of \"%.80s\" is as long as its clips but begins at frame %" PRId64
                "; the whole of it was taken",
                otio_name(item), range.start);
            return length;
        }
        cut_fault(otio->report, otio_line(item),
                  "the source range of \"%.80s\" lies outside of its clips", otio_name(item));
        return -1;
    }
    inside_trim(otio, inside, &range);
    return range.duration;
}

/* Its own markers, then what its range leaves. */
static int64_t inside_end(struct otio *otio, const json_t *item, const struct inside *inside,
                          int64_t length)
{
    if (length > 0 && otio->list->count > inside->event)
        markers_read(otio, item, inside->at, 0, length, otio->list->events[inside->event].rate);
    return range_apply(otio, item, inside, length);
}

static int64_t track_read(struct otio *otio, const json_t *track, int64_t at, int depth)
{
    const json_t *children = json_object_get(track, "children");
    struct inside inside = { otio->list->count, otio->list->marker_count, at };
    size_t i;
    const json_t *child;
    int64_t length = 0;

    if (!effects_check(otio, track))
        return -1;
    json_array_foreach(children, i, child)
    {
        int64_t part = item_read(otio, child, at + (length > 0 ? length : 0), depth + 1);

        length = part < 0 || length < 0 ? -1 : length + part;
    }
    return inside_end(otio, track, &inside, length);
}

static int is_track(const json_t *item)
{
    return otio_is(item, "Track") || otio_is(item, "Sequence");
}

static int is_picture(const json_t *track)
{
    const char *kind = json_string_value(json_object_get(track, "kind"));

    return !kind || strcasecmp(kind, "Video") == 0;
}

/* Is there anything to see or hear in it? */
static int holds_clips(const json_t *item, int depth)
{
    const json_t *children = json_object_get(item, "children");
    size_t i;
    const json_t *child;

    if (!is_enabled(item))
        return 0;
    if (otio_is(item, "Clip"))
        return 1;
    if (depth < CUT_DEPTH_MAX)
        json_array_foreach(children, i, child) if (holds_clips(child, depth + 1)) return 1;
    return 0;
}

/* Of a stack, the one item with picture in it. */
static int64_t stack_read(struct otio *otio, const json_t *stack, int64_t at, int depth)
{
    const json_t *children = json_object_get(stack, "children"), *child, *only = NULL;
    struct inside inside = { otio->list->count, otio->list->marker_count, at };
    size_t i, sound = 0;

    if (!effects_check(otio, stack))
        return -1;
    json_array_foreach(children, i, child)
    {
        if (!is_enabled(child)) {
            cut_note(otio->report, otio_line(child), "\"%.80s\" is disabled and was passed over",
                     otio_name(child));
            continue;
        }
        if (is_track(child) && !is_picture(child)) {
            sound += holds_clips(child, 0) != 0;
            continue;
        }
        if (!holds_clips(child, 0))
            continue; /* empty tracks, of gaps only */
        if (only) {
            cut_fault(
                otio->report, otio_line(child),
                "\"%.80s\" lies over \"%.80s\": of two picture tracks one must be flattened first",
                otio_name(child), otio_name(only));
            continue;
        }
        only = child;
    }
    if (sound)
        cut_note(otio->report, otio_line(stack),
                 "%zu tracks of sound were passed over: sound follows the picture", sound);
    if (!only)
        return 0;
    return inside_end(otio, stack, &inside, item_read(otio, only, at, depth + 1));
}

static int64_t gap_read(struct otio *otio, const json_t *item)
{
    struct otio_range range;
    enum otio_found has = otio_range(json_object_get(item, "source_range"), &range);
    const char *name = otio_name(item);

    if (has == OTIO_FOUND && range.duration == 0)
        return 0;
    cut_fault(otio->report, otio_line(item),
              is_enabled(item)
                  ? "there is a gap%s%.80s%s in the picture: close it, or put a clip there"
                  : "there is a gap%s%.80s%s in the picture, which is disabled: close it, or put a "
                    "clip there",
              name[0] ? ", \"" : "", name, name[0] ? "\"," : "");
    return has == OTIO_FOUND ? range.duration : -1;
}

static int64_t item_read(struct otio *otio, const json_t *item, int64_t at, int depth)
{
    if (depth > CUT_DEPTH_MAX) {
        cut_fault(otio->report, otio_line(item), "compounds lie in each other more than %d deep",
                  CUT_DEPTH_MAX);
        return -1;
    }
    if (otio_is(item, "Transition")) {
        const char *type = json_string_value(json_object_get(item, "transition_type"));

        cut_fault(otio->report, otio_line(item),
                  "\"%.80s\" is a transition (%.40s), which cannot be carried: make it a cut",
                  otio_name(item), type ? type : "of no kind");
        return 0;
    }
    if (otio_is(item, "Gap") || !is_enabled(item))
        return gap_read(otio, item);
    if (otio_is(item, "Clip"))
        return clip_read(otio, item, at);
    if (is_track(item))
        return track_read(otio, item, at, depth);
    if (otio_is(item, "Stack"))
        return stack_read(otio, item, at, depth);
    cut_fault(otio->report, otio_line(item), "\"%.80s\" is a %.60s, which is not read",
              otio_name(item), otio_schema(item));
    return -1;
}

/* ---- the top ---- */

/* Timelines in a collection, also of collections; *first is one of them. */
static size_t timelines_of(const json_t *item, const json_t **first, int depth)
{
    const json_t *children = json_object_get(item, "children"), *child;
    size_t i, count = 0;

    if (otio_is(item, "Timeline")) {
        *first = *first ? *first : item;
        return 1;
    }
    if (otio_is(item, "SerializableCollection") && depth < CUT_DEPTH_MAX)
        json_array_foreach(children, i, child) count += timelines_of(child, first, depth + 1);
    return count;
}

static void top_read(struct otio *otio, const json_t *top)
{
    const json_t *timeline = NULL;
    size_t count = timelines_of(top, &timeline, 0);

    if (otio_is(top, "SerializableCollection") && count != 1) {
        cut_fault(otio->report, otio_line(top),
                  "this is a collection of %zu timelines: export one timeline", count);
        return;
    }
    if (timeline)
        top = timeline;
    (void)cut_text(otio->list->title, otio_name(top), strlen(otio_name(top)));
    (void)item_read(otio, timeline ? json_object_get(timeline, "tracks") : top, 0, 0);
    /* the rate of the first event; those that are of another are told by cut_list_count() */
    if (otio->list->count > 0)
        otio->list->rate = otio->list->events[0].rate;
}

int otio_read(const char *text, size_t size, struct cut_list *list, struct cut_report *report,
              struct spn_error *err)
{
    struct otio otio = { list, report };
    json_t *top;
    int ret = otio_parse(text, size, &top, err);

    if (ret < 0)
        return ret;
    if (json_is_object(top) && json_string_value(json_object_get(top, "OTIO_SCHEMA")))
        top_read(&otio, top);
    else
        ret = spn_error_set(
            err, SPN_EFORMAT,
            "this is JSON, but no OpenTimelineIO: nothing at its top has an OTIO_SCHEMA");
    json_decref(top);
    return ret;
}

/*
 * otio_read.c - OpenTimelineIO: the picture track of a timeline, flattened.
 *
 * Accepted besides the newest schemas: Clip.1 with one media_reference, Sequence.1 (an old Track),
 * a top level that is a Stack, Track or Clip, null source ranges, nested stacks and tracks that
 * only hold clips, disabled items, and the bare NaN and Infinity that some writers leave in
 * metadata.
 */
#include "cut_list.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct otio {
    struct cut_list *list;
    struct cut_report *report;
};

/* ---- reading JSON that has bare NaN and Infinity ---- */

/* Outside of strings, NaN, Infinity and -Infinity become null, of the same length. */
static void nonfinite_blank(char *text, size_t size)
{
    int in_string = 0;

    for (size_t i = 0; i < size; i++) {
        static const char *const words[] = { "-Infinity", "Infinity", "NaN" };

        if (in_string) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                in_string = 0;
            continue;
        }
        if (text[i] == '"') {
            in_string = 1;
            continue;
        }
        for (size_t w = 0; w < 3; w++) {
            size_t n = strlen(words[w]);

            if (size - i >= n && memcmp(text + i, words[w], n) == 0) {
                memset(text + i, ' ', n);
                text[i] = '0'; /* a number that nobody reads */
                break;
            }
        }
    }
}

/* ---- schemas ---- */

/* Is value an object of this schema, whatever its version? */
static int is_a(const json_t *value, const char *schema)
{
    const char *own = json_string_value(json_object_get(value, "OTIO_SCHEMA"));
    size_t n = strlen(schema);

    return own && strncmp(own, schema, n) == 0 && own[n] == '.';
}

static const char *schema_of(const json_t *value)
{
    const char *own = json_string_value(json_object_get(value, "OTIO_SCHEMA"));

    return own ? own : "thing without a schema";
}

static const char *name_of(const json_t *value)
{
    const char *name = json_string_value(json_object_get(value, "name"));

    return name ? name : "";
}

/* A RationalTime as whole frames of its rate; 0 where it is none. */
static int time_read(const json_t *value, int64_t *frames, struct spn_rate *rate)
{
    double at = json_number_value(json_object_get(value, "value"));
    double per_second = json_number_value(json_object_get(value, "rate"));

    if (!is_a(value, "RationalTime") || !(fabs(at) < 1e15))
        return 0;
    *rate = cut_rate_snap(per_second);
    if (rate->num == 0 || fabs(at - nearbyint(at)) > 0.01)
        return 0;
    *frames = (int64_t)nearbyint(at);
    return 1;
}

struct range {
    int64_t start, duration;
    struct spn_rate rate;
};

enum found { ABSENT, FOUND, WRONG };

static enum found range_read(const json_t *value, struct range *out)
{
    struct spn_rate other;

    if (!value || json_is_null(value))
        return ABSENT;
    if (!is_a(value, "TimeRange") ||
        !time_read(json_object_get(value, "start_time"), &out->start, &out->rate) ||
        !time_read(json_object_get(value, "duration"), &out->duration, &other) ||
        !spn_rate_equal(out->rate, other) || out->duration < 0)
        return WRONG;
    return FOUND;
}

static const json_t *media_of(const json_t *clip)
{
    const json_t *many = json_object_get(clip, "media_references");
    const char *key = json_string_value(json_object_get(clip, "active_media_reference_key"));

    if (json_is_object(many))
        return json_object_get(many, key ? key : "DEFAULT_MEDIA");
    return json_object_get(clip, "media_reference");
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
        const char *schema = schema_of(effect);

        if (is_a(effect, "LinearTimeWarp") &&
            json_number_value(json_object_get(effect, "time_scalar")) == 1.0)
            continue;
        if (is_a(effect, "LinearTimeWarp") || is_a(effect, "FreezeFrame") ||
            is_a(effect, "TimeEffect")) {
            cut_fault(otio->report, 0,
                      "\"%.80s\" changes speed (%.40s), which cannot be carried: render it first",
                      name_of(item), schema);
            good = 0;
        } else {
            cut_note(
                otio->report, 0,
                "the effect \"%.80s\" on \"%.80s\" is not carried: the asset's own picture is used",
                name_of(effect), name_of(item));
        }
    }
    return good;
}

static void markers_read(struct otio *otio, const json_t *item, int64_t programme, int64_t source)
{
    const json_t *markers = json_object_get(item, "markers");
    size_t i;
    const json_t *marker;

    json_array_foreach(markers, i, marker)
    {
        struct range range;
        struct cut_marker *place;

        if (range_read(json_object_get(marker, "marked_range"), &range) != FOUND)
            continue;
        place = cut_list_mark(otio->list, otio->report);
        if (!place)
            return;
        place->frame = programme + range.start - source;
        if (!cut_text(place->name, name_of(marker), strlen(name_of(marker))))
            place->name[0] = '\0';
    }
}

/* ---- items ---- */

static void clip_media(struct otio *otio, struct cut_event *event, const json_t *clip,
                       const struct range *available, enum found has)
{
    const json_t *media = media_of(clip);
    const json_t *own = json_object_get(json_object_get(clip, "metadata"), "sampan");
    const char *url = json_string_value(json_object_get(media, "target_url"));
    const char *asset = json_string_value(json_object_get(own, "asset"));

    if (!cut_text(event->name, name_of(clip), strlen(name_of(clip))))
        cut_fault(otio->report, 0, "the name of a clip is not usable text");
    (void)cut_text(event->reel, name_of(media), strlen(name_of(media)));
    if (url)
        cut_file(event->file, url);
    if (asset)
        (void)snprintf(event->asset, sizeof(event->asset), "%s", asset);
    if (has == FOUND)
        event->start.frame = available->start;
}

/* Frames it takes of the programme, or -1 where that cannot be told. */
static int64_t clip_read(struct otio *otio, const json_t *clip)
{
    struct range source = { 0 }, available = { 0 };
    enum found has_source = range_read(json_object_get(clip, "source_range"), &source);
    enum found has_media =
        range_read(json_object_get(media_of(clip), "available_range"), &available);
    struct cut_event *event;

    if (is_a(media_of(clip), "GeneratorReference")) {
        cut_fault(otio->report, 0,
                  "\"%.80s\" is generated (%.40s), which is in no asset: render it first",
                  name_of(clip), name_of(media_of(clip)));
        return -1;
    }
    if (has_source == WRONG || (has_source == ABSENT && has_media != FOUND)) {
        cut_fault(otio->report, 0, "\"%.80s\" does not say which frames: its source range %s",
                  name_of(clip),
                  has_source == WRONG ? "is not of whole frames at a rate that is in use"
                                      : "is missing, as is its media's");
        return -1;
    }
    if (has_source == ABSENT)
        source = available;
    if (has_media == FOUND && !spn_rate_equal(available.rate, source.rate)) {
        /* said at another rate than the cut: the start alone is needed, exact or not at all */
        int64_t start;

        if (spn_rescale(available.start, (int64_t)source.rate.num * available.rate.den,
                        (int64_t)source.rate.den * available.rate.num, SPN_NEAREST, &start) < 0)
            has_media = ABSENT;
        else
            available.start = start;
    }
    if (!effects_check(otio, clip))
        return source.duration;
    event = cut_list_add(otio->list, 0, otio->report);
    if (!event)
        return -1;
    event->in.frame = source.start;
    event->out.frame = source.start + source.duration;
    event->rate = source.rate;
    clip_media(otio, event, clip, &available, has_media);
    if (source.start < 0)
        cut_fault(otio->report, 0, "\"%.80s\" begins before the first frame there is",
                  name_of(clip));
    return source.duration;
}

static int64_t item_read(struct otio *otio, const json_t *item, int depth);

/* Trim the events from index on, of length frames in all, to what range says of them. */
static void events_trim(struct otio *otio, size_t from, const struct range *range)
{
    struct cut_list *list = otio->list;
    int64_t at = 0;
    size_t kept = from;

    for (size_t i = from; i < list->count; i++) {
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
}

/* What a track's or a stack's own range leaves of it; its length, or -1. */
static int64_t range_apply(struct otio *otio, const json_t *item, size_t from, int64_t length)
{
    struct range range;

    switch (range_read(json_object_get(item, "source_range"), &range)) {
    case ABSENT:
        return length;
    case WRONG:
        cut_fault(otio->report, 0, "the source range of \"%.80s\" is not of whole frames",
                  name_of(item));
        return -1;
    case FOUND:
        break;
    }
    if (length < 0)
        return -1;
    if (range.start < 0 || range.start > length || range.duration > length - range.start) {
        if (range.duration == length) {
            cut_note(
                otio->report, 0,
                "the source range of \"%.80s\" is as long as its clips but begins at frame %" PRId64
                "; the whole of it was taken",
                name_of(item), range.start);
            return length;
        }
        cut_fault(otio->report, 0, "the source range of \"%.80s\" lies outside of its clips",
                  name_of(item));
        return -1;
    }
    events_trim(otio, from, &range);
    return range.duration;
}

static int64_t track_read(struct otio *otio, const json_t *track, int depth)
{
    const json_t *children = json_object_get(track, "children");
    size_t i, from = otio->list->count;
    const json_t *child;
    int64_t length = 0;

    if (!effects_check(otio, track))
        return -1;
    json_array_foreach(children, i, child)
    {
        int64_t part = item_read(otio, child, depth + 1);

        length = part < 0 || length < 0 ? -1 : length + part;
    }
    if (length >= 0)
        markers_read(otio, track, 0, 0);
    return range_apply(otio, track, from, length);
}

static int is_track(const json_t *item)
{
    return is_a(item, "Track") || is_a(item, "Sequence");
}

static int is_picture(const json_t *track)
{
    const char *kind = json_string_value(json_object_get(track, "kind"));

    return !kind || strcmp(kind, "Video") == 0;
}

static int holds_clips(const json_t *item, int depth)
{
    const json_t *children = json_object_get(item, "children");
    size_t i;
    const json_t *child;

    if (is_a(item, "Clip"))
        return 1;
    if (depth < CUT_DEPTH_MAX)
        json_array_foreach(children, i, child) if (holds_clips(child, depth + 1)) return 1;
    return 0;
}

/* Of a stack, the one item with picture in it. */
static int64_t stack_read(struct otio *otio, const json_t *stack, int depth)
{
    const json_t *children = json_object_get(stack, "children"), *child, *only = NULL;
    size_t i, sound = 0, from = otio->list->count;

    if (!effects_check(otio, stack))
        return -1;
    json_array_foreach(children, i, child)
    {
        if (is_track(child) && !is_picture(child)) {
            sound += holds_clips(child, 0) != 0;
            continue;
        }
        if (!holds_clips(child, 0))
            continue; /* empty tracks, of gaps only */
        if (only) {
            cut_fault(
                otio->report, 0,
                "\"%.80s\" lies over \"%.80s\": of two picture tracks one must be flattened first",
                name_of(child), name_of(only));
            continue;
        }
        only = child;
    }
    if (sound)
        cut_note(otio->report, 0, "%zu tracks of sound were passed over: sound follows the picture",
                 sound);
    if (!only)
        return 0;
    return range_apply(otio, stack, from, item_read(otio, only, depth + 1));
}

static int64_t item_read(struct otio *otio, const json_t *item, int depth)
{
    const json_t *enabled = json_object_get(item, "enabled");
    struct range range;

    if (depth > CUT_DEPTH_MAX) {
        cut_fault(otio->report, 0, "compounds lie in each other more than %d deep", CUT_DEPTH_MAX);
        return -1;
    }
    if (is_a(item, "Transition")) {
        cut_fault(otio->report, 0,
                  "\"%.80s\" is a transition (%.40s), which cannot be carried: make it a cut",
                  name_of(item),
                  json_string_value(json_object_get(item, "transition_type"))
                      ? json_string_value(json_object_get(item, "transition_type"))
                      : "of no kind");
        return 0;
    }
    if (is_a(item, "Gap") || (enabled && json_is_false(enabled))) {
        enum found has = range_read(json_object_get(item, "source_range"), &range);

        if (has == FOUND && range.duration == 0)
            return 0;
        cut_fault(otio->report, 0,
                  "there is a gap%s%.80s%s in the picture: close it, or put a clip there",
                  name_of(item)[0] ? ", \"" : "", name_of(item), name_of(item)[0] ? "\"," : "");
        return has == FOUND ? range.duration : -1;
    }
    if (is_a(item, "Clip"))
        return clip_read(otio, item);
    if (is_track(item))
        return track_read(otio, item, depth);
    if (is_a(item, "Stack"))
        return stack_read(otio, item, depth);
    cut_fault(otio->report, 0, "\"%.80s\" is a %.60s, which is not read", name_of(item),
              schema_of(item));
    return -1;
}

/* The rate of the first event; those that are of another are told by cut_list_count. */
static void rate_find(struct otio *otio, const json_t *top)
{
    struct cut_list *list = otio->list;
    int64_t start;
    struct spn_rate rate;

    if (list->count > 0)
        list->rate = list->events[0].rate;
    else if (time_read(json_object_get(top, "global_start_time"), &start, &rate))
        list->rate = rate;
}

int otio_read(const char *text, size_t size, struct cut_list *list, struct cut_report *report,
              struct spn_error *err)
{
    struct otio otio = { list, report };
    json_error_t where;
    json_t *top;
    char *copy = malloc(size);

    if (!copy)
        return spn_error_set(err, SPN_ENOMEM, "no memory for the list");
    memcpy(copy, text, size);
    nonfinite_blank(copy, size);
    top = json_loadb(copy, size, JSON_REJECT_DUPLICATES, &where);
    free(copy);
    if (!top)
        return spn_error_set(err, SPN_EFORMAT, "line %d: this is not JSON: %s", where.line,
                             where.text);
    if (!json_is_object(top) || !json_string_value(json_object_get(top, "OTIO_SCHEMA"))) {
        json_decref(top);
        return spn_error_set(
            err, SPN_EFORMAT,
            "this is JSON, but no OpenTimelineIO: nothing at its top has an OTIO_SCHEMA");
    }
    (void)cut_text(list->title, name_of(top), strlen(name_of(top)));
    if (is_a(top, "SerializableCollection"))
        cut_fault(report, 0, "this is a collection: export one timeline of it");
    else
        (void)item_read(&otio, is_a(top, "Timeline") ? json_object_get(top, "tracks") : top, 0);
    rate_find(&otio, top);
    json_decref(top);
    return SPN_OK;
}

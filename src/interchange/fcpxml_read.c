/*
 * fcpxml_read.c - Final Cut Pro XML 1.8 to 1.13: the primary storyline of the one project.
 *
 * Times are rational seconds, "1001/24000s", and must be whole frames of the sequence's format.
 * What lies on lanes above is picture over picture and refused; sound on lanes is passed over.
 */
#include "cut_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cut_xml.h"

struct fcpxml {
    struct cut_list *list;
    struct cut_report *report;
    const xmlNode *resources;
    struct spn_rate rate;
    int64_t at; /* frames of the programme so far */
    size_t unseen, captions, effects, effect_line;
};

/* "1001/24000s", "10s", "0s" as a fraction; 0 where it is none. */
static int seconds_read(const char *text, int64_t *num, int64_t *den)
{
    char *end;

    *den = 1;
    *num = strtoll(text, &end, 10);
    if (end == text)
        return 0;
    if (*end == '/') {
        const char *from = end + 1;

        *den = strtoll(from, &end, 10);
        if (end == from)
            return 0;
    }
    return *den > 0 && *num > INT64_MIN / 2 && *num < INT64_MAX / 2 && strcmp(end, "s") == 0;
}

/* An attribute as frames of the sequence; fallback where it is missing; 0 and a fault where wrong.
 */
static int frames_of(struct fcpxml *fcpxml, const xmlNode *node, const char *name, int64_t fallback,
                     int64_t *out)
{
    char text[CUT_TEXT_MAX];
    int64_t num, den;
    __int128 frames, unit;

    *out = fallback;
    if (!cut_xml_attribute(node, name, text))
        return 1;
    if (!seconds_read(text, &num, &den)) {
        cut_fault(fcpxml->report, cut_xml_line(node), "%s is \"%.60s\", which is no time", name,
                  text);
        return 0;
    }
    frames = (__int128)num * fcpxml->rate.num;
    unit = (__int128)den * fcpxml->rate.den;
    if (frames % unit != 0) {
        cut_fault(fcpxml->report, cut_xml_line(node),
                  "%s is \"%.60s\", which is no whole number of frames at %" PRIu32 "/%" PRIu32,
                  name, text, fcpxml->rate.num, fcpxml->rate.den);
        return 0;
    }
    if (frames / unit > CUT_FRAME_MAX || frames / unit < -CUT_FRAME_MAX) {
        cut_fault(fcpxml->report, cut_xml_line(node), "%s is \"%.60s\", which is past all time",
                  name, text);
        return 0;
    }
    *out = (int64_t)(frames / unit);
    return 1;
}

static const xmlNode *resource_find(const struct fcpxml *fcpxml, const char *id)
{
    char own[CUT_TEXT_MAX];

    for (const xmlNode *node = cut_xml_child(fcpxml->resources, NULL); node;
         node = cut_xml_next(node, NULL))
        if (cut_xml_attribute(node, "id", own) && strcmp(own, id) == 0)
            return node;
    return NULL;
}

/* "FFVideoFormat1080p2398", "…i5994": the rate where a format has nothing but its name. */
static struct spn_rate named_rate(const char *name)
{
    const char *digits = name + strlen(name);
    unsigned long number;

    while (digits > name && digits[-1] >= '0' && digits[-1] <= '9')
        digits--;
    if (strncmp(name, "FFVideoFormat", 13) != 0 || digits - name < 14 ||
        (digits[-1] != 'p' && digits[-1] != 'i') || strlen(digits) < 2 || strlen(digits) > 4)
        return (struct spn_rate){ 0, 0 };
    number = strtoul(digits, NULL, 10) * (strlen(digits) == 2 ? 100 : 1);
    return cut_rate_snap((double)(digits[-1] == 'i' ? number / 2 : number) / 100);
}

static struct spn_rate format_rate(const struct fcpxml *fcpxml, const xmlNode *node)
{
    char id[CUT_TEXT_MAX], text[CUT_TEXT_MAX];
    const xmlNode *format;
    int64_t num, den;

    if (!cut_xml_attribute(node, "format", id) || !(format = resource_find(fcpxml, id)))
        return (struct spn_rate){ 0, 0 };
    if (cut_xml_attribute(format, "frameDuration", text) && seconds_read(text, &num, &den) &&
        num > 0)
        return spn_rate_reduce((uint64_t)den, (uint64_t)num);
    return cut_xml_attribute(format, "name", text) ? named_rate(text) : (struct spn_rate){ 0, 0 };
}

/* ---- what hangs on a clip ---- */

/* A map of time that changes nothing: each instant is shown at itself. */
static int map_is_plain(const xmlNode *map)
{
    size_t points = 0;

    for (const xmlNode *point = cut_xml_child(map, "timept"); point;
         point = cut_xml_next(point, "timept")) {
        char time[CUT_TEXT_MAX], value[CUT_TEXT_MAX];

        if (!cut_xml_attribute(point, "time", time) || !cut_xml_attribute(point, "value", value) ||
            strcmp(time, value) != 0)
            return 0;
        points++;
    }
    return points > 1;
}

/* A conforming that conforms nothing: the source is at the sequence's rate. */
static int conform_is_plain(const struct fcpxml *fcpxml, const xmlNode *conform)
{
    char rate[CUT_TEXT_MAX];

    return !cut_xml_attribute(conform, "srcFrameRate", rate) ||
           spn_rate_equal(cut_rate_snap(strtod(rate, NULL)), fcpxml->rate);
}

/* Sound, or picture that lies beneath the storyline and is not seen. */
static int is_unseen(const struct fcpxml *fcpxml, const xmlNode *item, const char *lane)
{
    char ref[CUT_TEXT_MAX], has[CUT_TEXT_MAX];
    const xmlNode *asset;

    if (lane[0] == '-' || cut_xml_is(item, "audio"))
        return 1;
    if (!cut_xml_is(item, "asset-clip") || !cut_xml_attribute(item, "ref", ref) ||
        !(asset = resource_find(fcpxml, ref)))
        return 0;
    return cut_xml_attribute(asset, "hasAudio", has) && strcmp(has, "1") == 0 &&
           (!cut_xml_attribute(asset, "hasVideo", has) || strcmp(has, "0") == 0);
}

/* Lanes of picture and retimes are refused, effects are told. */
static int attached_check(struct fcpxml *fcpxml, const xmlNode *clip, const char *name)
{
    int good = 1;

    for (const xmlNode *child = cut_xml_child(clip, NULL); child;
         child = cut_xml_next(child, NULL)) {
        char lane[CUT_TEXT_MAX];
        int timed = (cut_xml_is(child, "timeMap") && !map_is_plain(child)) ||
                    (cut_xml_is(child, "conform-rate") && !conform_is_plain(fcpxml, child));

        if (timed) {
            cut_fault(fcpxml->report, cut_xml_line(child),
                      "\"%.80s\" is retimed (%s), which cannot be carried: render it first", name,
                      (const char *)child->name);
            good = 0;
        } else if (cut_xml_is(child, "caption")) {
            fcpxml->captions++;
        } else if (strncmp((const char *)child->name, "filter-", 7) == 0 ||
                   strncmp((const char *)child->name, "adjust-", 7) == 0) {
            if (fcpxml->effects++ == 0)
                fcpxml->effect_line = cut_xml_line(child);
        } else if (cut_xml_attribute(child, "lane", lane) && strcmp(lane, "0") != 0) {
            if (is_unseen(fcpxml, child, lane)) {
                fcpxml->unseen++;
            } else {
                cut_fault(fcpxml->report, cut_xml_line(child),
                          "there is picture on lane %.10s over \"%.80s\": flatten it first", lane,
                          name);
                good = 0;
            }
        } else if (cut_xml_is(child, "video")) {
            good &= attached_check(fcpxml, child, name); /* of a clip: its picture */
        }
    }
    return good;
}

/* Markers of a clip whose own frames [own, own + frames) begin at frame at of the programme. */
static void markers_read(struct fcpxml *fcpxml, const xmlNode *clip, int64_t at, int64_t own,
                         int64_t frames)
{
    for (const xmlNode *node = cut_xml_child(clip, NULL); node; node = cut_xml_next(node, NULL)) {
        int is_chapter = cut_xml_is(node, "chapter-marker");
        char text[CUT_TEXT_MAX];
        struct cut_marker *marker;
        int64_t num, den, frame;

        if (!is_chapter && !cut_xml_is(node, "marker"))
            continue;
        /* the frame that is shown at that instant: markers may lie between two */
        if (!cut_xml_attribute(node, "start", text) || !seconds_read(text, &num, &den) ||
            spn_rescale(num, fcpxml->rate.num, 1, SPN_FLOOR, &frame) < 0 ||
            den > INT64_MAX / fcpxml->rate.den) {
            cut_note(fcpxml->report, cut_xml_line(node), "a marker at no time was left out");
            continue;
        }
        frame = frame >= 0 ? frame / (den * fcpxml->rate.den) : -1;
        if (frame < own || frame - own >= frames) {
            fcpxml->list->marks_unused++;
            continue;
        }
        marker = cut_list_mark(fcpxml->list, cut_xml_line(node), fcpxml->report);
        if (!marker)
            return;
        marker->at.frame = at + frame - own;
        marker->is_chapter = is_chapter;
        (void)cut_xml_attribute(node, "value", marker->name);
    }
}

/* ---- clips ---- */

/* The asset that ref names; NULL and a fault where there is none to cut from. */
static const xmlNode *asset_find(struct fcpxml *fcpxml, const xmlNode *clip, const char *name,
                                 const char *ref)
{
    const xmlNode *asset = resource_find(fcpxml, ref);

    if (cut_xml_is(asset, "asset"))
        return asset;
    if (cut_xml_is(asset, "effect"))
        cut_fault(fcpxml->report, cut_xml_line(clip),
                  "\"%.80s\" is generated (%s), which is in no asset: render it first", name,
                  (const char *)clip->name);
    else
        cut_fault(fcpxml->report, cut_xml_line(clip),
                  "\"%.80s\" refers to \"%.40s\", which is no asset of this file", name, ref);
    return NULL;
}

static void asset_keep(struct fcpxml *fcpxml, struct cut_event *event, const xmlNode *asset)
{
    char text[CUT_TEXT_MAX];
    struct spn_rate rate = format_rate(fcpxml, asset);
    int64_t start;

    (void)cut_xml_attribute(asset, "name", event->reel);
    if (cut_xml_attribute(asset, "src", text) ||
        cut_xml_attribute(cut_xml_child(asset, "media-rep"), "src", text))
        cut_file(event->file, text);
    if (rate.num && !spn_rate_equal(rate, fcpxml->rate))
        event->rate = rate; /* told by cut_list_count */
    else if (frames_of(fcpxml, asset, "start", 0, &start))
        event->start.frame = start;
}

/* A clip's own time to its picture's: both count on from an instant that is named in each. */
static int64_t media_shift(struct fcpxml *fcpxml, const xmlNode *clip, const xmlNode *video)
{
    int64_t start, offset;

    if (video == clip || !frames_of(fcpxml, video, "start", 0, &start) ||
        !frames_of(fcpxml, video, "offset", 0, &offset))
        return 0;
    return start - offset;
}

static int ranges_read(struct fcpxml *fcpxml, const xmlNode *clip, const xmlNode *asset,
                       const char *name, int64_t *offset, int64_t *start, int64_t *duration)
{
    int64_t whole = -1, begin = 0;
    char text[CUT_TEXT_MAX];

    if (!cut_xml_attribute(clip, "duration", text) &&
        !frames_of(fcpxml, asset, "duration", -1, &whole))
        return 0;
    if (!frames_of(fcpxml, clip, "offset", -1, offset) ||
        !frames_of(fcpxml, clip, "duration", whole, duration) ||
        !frames_of(fcpxml, clip, "start", 0, start))
        return 0;
    if (*duration < 0 || *start < 0) {
        cut_fault(fcpxml->report, cut_xml_line(clip), "\"%.80s\" does not say which frames", name);
        return 0;
    }
    if (cut_xml_is(clip, "asset-clip") && !cut_xml_attribute(clip, "start", text) &&
        frames_of(fcpxml, asset, "start", 0, &begin) && begin > 0) {
        cut_fault(fcpxml->report, cut_xml_line(clip),
                  "\"%.80s\" does not say where it begins, and its asset does not begin at 0: give "
                  "it a start",
                  name);
        return 0;
    }
    return 1;
}

/* 0: it was refused. */
static int clip_read(struct fcpxml *fcpxml, const xmlNode *clip, const char *name)
{
    char ref[CUT_TEXT_MAX], enabled[CUT_TEXT_MAX];
    const xmlNode *video = cut_xml_is(clip, "clip") ? cut_xml_child(clip, "video") : clip, *asset;
    int64_t offset, duration, start, shift;
    struct cut_event *event;

    if (!attached_check(fcpxml, clip, name))
        return 0;
    if (cut_xml_attribute(clip, "enabled", enabled) && strcmp(enabled, "0") == 0) {
        cut_fault(fcpxml->report, cut_xml_line(clip),
                  "\"%.80s\" is disabled, which leaves a gap in the picture: close it", name);
        return 0;
    }
    if (!cut_xml_attribute(video, "ref", ref)) {
        cut_fault(fcpxml->report, cut_xml_line(clip), "\"%.80s\" refers to no asset", name);
        return 0;
    }
    if (!(asset = asset_find(fcpxml, clip, name, ref)) ||
        !ranges_read(fcpxml, clip, asset, name, &offset, &start, &duration))
        return 0;
    shift = media_shift(fcpxml, clip, video);
    event = cut_list_add(fcpxml->list, cut_xml_line(clip), fcpxml->report);
    if (!event)
        return 0;
    (void)snprintf(event->name, sizeof(event->name), "%s", name);
    event->in.frame = start + shift;
    event->out.frame = start + shift + duration;
    if (offset >= 0) {
        event->record_in.frame = offset;
        event->record_out.frame = offset + duration;
    }
    if (event->in.frame < 0)
        cut_fault(fcpxml->report, event->line, "\"%.80s\" begins before the first frame there is",
                  name);
    asset_keep(fcpxml, event, asset);
    markers_read(fcpxml, clip, fcpxml->at, start, duration);
    fcpxml->at += duration;
    return 1;
}

static void item_refuse(struct fcpxml *fcpxml, const xmlNode *item, const char *name)
{
    static const char *const compounds[] = { "ref-clip", "mc-clip", "sync-clip", "audition",
                                             "spine" };
    const char *what = (const char *)item->name;
    char offset[CUT_TEXT_MAX];

    for (size_t i = 0; i < sizeof(compounds) / sizeof(compounds[0]); i++)
        if (strcmp(what, compounds[i]) == 0) {
            cut_fault(fcpxml->report, cut_xml_line(item),
                      "\"%.80s\" is a compound (%s), which cannot be carried: break it apart first",
                      name, what);
            return;
        }
    (void)cut_xml_attribute(item, "offset", offset);
    if (strcmp(what, "gap") == 0)
        cut_fault(fcpxml->report, cut_xml_line(item),
                  "there is a gap in the picture at %.40s: close it, or put a clip there", offset);
    else if (strcmp(what, "transition") == 0)
        cut_fault(fcpxml->report, cut_xml_line(item),
                  "\"%.80s\" is a transition, which cannot be carried: make it a cut", name);
    else if (strcmp(what, "audio") == 0)
        cut_fault(fcpxml->report, cut_xml_line(item),
                  "\"%.80s\" is sound without picture, which leaves a gap: put a clip there", name);
    else if (strcmp(what, "title") == 0)
        cut_fault(fcpxml->report, cut_xml_line(item),
                  "\"%.80s\" is generated (title), which is in no asset: render it first", name);
    else
        cut_fault(fcpxml->report, cut_xml_line(item), "\"%.80s\" is a %.40s, which is not read",
                  name, what);
}

/* What is refused still fills its place: there is no gap there. */
static void hole_keep(struct fcpxml *fcpxml, const xmlNode *item)
{
    struct cut_report silent = { 0 };
    struct fcpxml quiet = *fcpxml;
    struct cut_event *event;
    int64_t offset, duration;

    quiet.report = &silent;
    if (frames_of(&quiet, item, "offset", -1, &offset) &&
        frames_of(&quiet, item, "duration", -1, &duration) && offset >= 0 && duration >= 0 &&
        (event = cut_list_add(fcpxml->list, cut_xml_line(item), fcpxml->report))) {
        event->hole = 1;
        event->record_in.frame = offset;
        event->record_out.frame = offset + duration;
    }
    cut_report_finish(&silent);
}

static void spine_read(struct fcpxml *fcpxml, const xmlNode *spine)
{
    for (const xmlNode *item = cut_xml_child(spine, NULL); item; item = cut_xml_next(item, NULL)) {
        char name[CUT_TEXT_MAX];

        (void)cut_xml_attribute(item, "name", name);
        if (cut_xml_is(item, "asset-clip") || cut_xml_is(item, "clip") ||
            cut_xml_is(item, "video")) {
            if (!clip_read(fcpxml, item, name))
                hole_keep(fcpxml, item);
            continue;
        }
        item_refuse(fcpxml, item, name);
        if (!cut_xml_is(item, "transition")) /* those lie over the ends of two clips */
            hole_keep(fcpxml, item);
        if (fcpxml->list->full)
            return;
    }
}

static void end_tell(const struct fcpxml *fcpxml)
{
    if (fcpxml->unseen)
        cut_note(fcpxml->report, 0,
                 "%zu clips of sound, or beneath the picture, were passed over: sound follows the "
                 "picture",
                 fcpxml->unseen);
    if (fcpxml->captions)
        cut_note(fcpxml->report, 0, "%zu captions were passed over: text follows the picture",
                 fcpxml->captions);
    if (fcpxml->effects)
        cut_note(fcpxml->report, fcpxml->effect_line,
                 "%zu effects and adjustments, here the first, are not carried: the asset's own "
                 "picture and sound are used",
                 fcpxml->effects);
}

/* The sequences of projects, wherever they lie: in the file, a library or an event. */
static const xmlNode *sequence_find(struct fcpxml *fcpxml, const xmlNode *node, int depth,
                                    size_t *count)
{
    const xmlNode *found = NULL;

    if (depth > CUT_DEPTH_MAX)
        return NULL;
    for (const xmlNode *child = cut_xml_child(node, NULL); child;
         child = cut_xml_next(child, NULL)) {
        const xmlNode *own = NULL;

        if (cut_xml_is(child, "project")) {
            own = cut_xml_child(child, "sequence");
            *count += own != NULL;
            if (own && !fcpxml->list->title[0])
                (void)cut_xml_attribute(child, "name", fcpxml->list->title);
        } else if (cut_xml_is(child, "library") || cut_xml_is(child, "event")) {
            own = sequence_find(fcpxml, child, depth + 1, count);
        }
        found = found ? found : own;
    }
    return found;
}

int fcpxml_read(const char *text, size_t size, struct cut_list *list, struct cut_report *report,
                struct spn_error *err)
{
    struct fcpxml fcpxml = { .list = list, .report = report };
    const xmlNode *root, *sequence;
    size_t count = 0;
    xmlDoc *doc;
    int ret;

    if ((ret = cut_xml_parse(text, size, &doc, err)) < 0)
        return ret;
    root = xmlDocGetRootElement(doc);
    fcpxml.resources = cut_xml_child(root, "resources");
    sequence = sequence_find(&fcpxml, root, 0, &count);
    fcpxml.rate = format_rate(&fcpxml, sequence);
    list->rate = fcpxml.rate;
    if (!sequence)
        cut_fault(report, 0, "there is no project in this file: export the project, not its clips");
    else if (count > 1)
        cut_fault(report, cut_xml_line(sequence), "there are %zu projects in this file: export one",
                  count);
    else if (fcpxml.rate.num == 0)
        cut_fault(report, cut_xml_line(sequence),
                  "the project's format does not say its frame duration");
    else
        spine_read(&fcpxml, cut_xml_child(sequence, "spine"));
    end_tell(&fcpxml);
    xmlFreeDoc(doc);
    return SPN_OK;
}

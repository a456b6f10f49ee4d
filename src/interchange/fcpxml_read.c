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
    size_t sound;
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
    if (frames / unit > INT64_MAX / 2 || frames / unit < INT64_MIN / 2)
        return 0;
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

static struct spn_rate format_rate(const struct fcpxml *fcpxml, const xmlNode *node)
{
    char id[CUT_TEXT_MAX], text[CUT_TEXT_MAX];
    const xmlNode *format;
    int64_t num, den;

    if (cut_xml_attribute(node, "format", id) && (format = resource_find(fcpxml, id)) &&
        cut_xml_attribute(format, "frameDuration", text) && seconds_read(text, &num, &den) &&
        num > 0)
        return spn_rate_reduce((uint64_t)den, (uint64_t)num);
    return (struct spn_rate){ 0, 0 };
}

static void asset_keep(struct fcpxml *fcpxml, struct cut_event *event, const char *ref)
{
    const xmlNode *asset = resource_find(fcpxml, ref);
    char text[CUT_TEXT_MAX];
    struct spn_rate rate = format_rate(fcpxml, asset);
    int64_t start;

    (void)cut_xml_attribute(asset, "name", event->reel);
    if (cut_xml_attribute(asset, "src", text) ||
        cut_xml_attribute(cut_xml_child(asset, "media-rep"), "src", text))
        cut_file(event->file, text);
    if (rate.num && !spn_rate_equal(rate, fcpxml->rate))
        event->rate = rate; /* told by cut_list_count */
    else if (asset && frames_of(fcpxml, asset, "start", 0, &start))
        event->start.frame = start;
}

/* What hangs on a clip: lanes of picture and retimes are refused. */
static int attached_check(struct fcpxml *fcpxml, const xmlNode *clip, const char *name)
{
    int good = 1;

    for (const xmlNode *child = cut_xml_child(clip, NULL); child;
         child = cut_xml_next(child, NULL)) {
        char lane[CUT_TEXT_MAX];

        if (cut_xml_is(child, "timeMap") || cut_xml_is(child, "conform-rate")) {
            cut_fault(fcpxml->report, cut_xml_line(child),
                      "\"%.80s\" is retimed (%s), which cannot be carried: render it first", name,
                      (const char *)child->name);
            good = 0;
        } else if (cut_xml_attribute(child, "lane", lane) && strcmp(lane, "0") != 0) {
            if (lane[0] == '-' || cut_xml_is(child, "audio")) {
                fcpxml->sound++;
            } else {
                cut_fault(fcpxml->report, cut_xml_line(child),
                          "there is picture on lane %.10s over \"%.80s\": flatten it first", lane,
                          name);
                good = 0;
            }
        }
    }
    return good;
}

static void clip_read(struct fcpxml *fcpxml, const xmlNode *clip)
{
    char name[CUT_TEXT_MAX], ref[CUT_TEXT_MAX];
    const xmlNode *video = cut_xml_is(clip, "clip") ? cut_xml_child(clip, "video") : clip;
    int64_t offset, duration, start;
    struct cut_event *event;

    (void)cut_xml_attribute(clip, "name", name);
    if (!attached_check(fcpxml, clip, name))
        return;
    if (!cut_xml_attribute(video, "ref", ref)) {
        cut_fault(fcpxml->report, cut_xml_line(clip), "\"%.80s\" refers to no asset", name);
        return;
    }
    if (!frames_of(fcpxml, clip, "offset", -1, &offset) ||
        !frames_of(fcpxml, clip, "duration", -1, &duration) ||
        !frames_of(fcpxml, clip, "start", 0, &start))
        return;
    if (duration < 0 || start < 0) {
        cut_fault(fcpxml->report, cut_xml_line(clip), "\"%.80s\" does not say which frames", name);
        return;
    }
    event = cut_list_add(fcpxml->list, cut_xml_line(clip), fcpxml->report);
    if (!event)
        return;
    memcpy(event->name, name, sizeof(event->name));
    event->in.frame = start;
    event->out.frame = start + duration;
    if (offset >= 0) {
        event->record_in.frame = offset;
        event->record_out.frame = offset + duration;
    }
    asset_keep(fcpxml, event, ref);
}

static void spine_read(struct fcpxml *fcpxml, const xmlNode *spine)
{
    for (const xmlNode *item = cut_xml_child(spine, NULL); item; item = cut_xml_next(item, NULL)) {
        char name[CUT_TEXT_MAX];

        (void)cut_xml_attribute(item, "name", name);
        if (cut_xml_is(item, "asset-clip") || cut_xml_is(item, "clip") || cut_xml_is(item, "video"))
            clip_read(fcpxml, item);
        else if (cut_xml_is(item, "gap"))
            cut_fault(fcpxml->report, cut_xml_line(item),
                      "there is a gap in the picture: close it, or put a clip there");
        else if (cut_xml_is(item, "transition"))
            cut_fault(fcpxml->report, cut_xml_line(item),
                      "\"%.80s\" is a transition, which cannot be carried: make it a cut", name);
        else if (cut_xml_is(item, "ref-clip") || cut_xml_is(item, "mc-clip") ||
                 cut_xml_is(item, "sync-clip") || cut_xml_is(item, "audition") ||
                 cut_xml_is(item, "spine"))
            cut_fault(fcpxml->report, cut_xml_line(item),
                      "\"%.80s\" is a compound (%s), which cannot be carried: break it apart first",
                      name, (const char *)item->name);
        else
            cut_note(fcpxml->report, cut_xml_line(item), "a %.40s was passed over",
                     (const char *)item->name);
    }
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
    if (fcpxml.sound)
        cut_note(report, 0, "%zu clips of sound were passed over: sound follows the picture",
                 fcpxml.sound);
    xmlFreeDoc(doc);
    return SPN_OK;
}

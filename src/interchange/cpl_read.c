/*
 * cpl_read.c - IMF composition playlists, SMPTE ST 2067-3: the main image sequences in order.
 *
 * A resource is SourceDuration edit units of a track file from EntryPoint on, RepeatCount times;
 * defaults are those of ST 2067-3 6.11: EntryPoint 0, SourceDuration the rest, RepeatCount 1.
 */
#include "cut_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cut_xml.h"

struct cpl {
    struct cut_list *list;
    struct cut_report *report;
    char track[CUT_TEXT_MAX]; /* id of the picture's virtual track */
    int64_t at;               /* where the segment begins, -1: not known */
    size_t sound, text;
};

/* "24000 1001" */
static int rate_read(const xmlNode *node, struct spn_rate *out)
{
    char text[CUT_TEXT_MAX];
    unsigned long num, den;
    int end = 0;

    if (!cut_xml_text(node, text) || sscanf(text, "%9lu %9lu%n", &num, &den, &end) != 2 ||
        text[end] != '\0')
        return 0;
    *out = spn_rate_reduce(num, den);
    return out->num != 0;
}

/* A number that is there and right, or the default where it is not there. */
static int number_or(struct cpl *cpl, const xmlNode *resource, const char *name, int64_t fallback,
                     int64_t *out)
{
    const xmlNode *node = cut_xml_child(resource, name);

    *out = fallback;
    if (!node || cut_xml_number(node, out))
        return 1;
    cut_fault(cpl->report, cut_xml_line(node), "%s is no whole number", name);
    return 0;
}

/* What a resource plays: frames [entry, entry + duration) of the file, repeat times. */
struct resource {
    size_t line;
    struct spn_rate rate; /* of its edit units */
    int64_t entry, duration, repeat;
};

/* What all kinds of resource say, ST 2067-3 6.11. 0: a fault was told. */
static int resource_take(struct cpl *cpl, const xmlNode *node, struct resource *out)
{
    const xmlNode *own_rate = cut_xml_child(node, "EditRate");
    int64_t intrinsic;

    out->line = cut_xml_line(node);
    out->rate = cpl->list->rate;
    if (own_rate && !rate_read(own_rate, &out->rate)) {
        cut_fault(cpl->report, cut_xml_line(own_rate),
                  "EditRate is no rate: two whole numbers are");
        return 0;
    }
    if (!cut_xml_number(cut_xml_child(node, "IntrinsicDuration"), &intrinsic)) {
        cut_fault(cpl->report, out->line,
                  "a resource has no IntrinsicDuration that is a whole number");
        return 0;
    }
    if (!number_or(cpl, node, "EntryPoint", 0, &out->entry) ||
        !number_or(cpl, node, "SourceDuration", intrinsic - out->entry, &out->duration) ||
        !number_or(cpl, node, "RepeatCount", 1, &out->repeat))
        return 0;
    if (out->entry > intrinsic || out->duration > intrinsic - out->entry || out->duration < 0) {
        cut_fault(cpl->report, out->line,
                  "frames %" PRId64 " to %" PRId64 " are asked of a resource that has %" PRId64,
                  out->entry, out->entry + out->duration, intrinsic);
        return 0;
    }
    if (out->repeat < 1 || out->repeat > CUT_EVENTS_MAX) {
        cut_fault(cpl->report, out->line, "RepeatCount is %" PRId64 ", which is not 1 to %d",
                  out->repeat, CUT_EVENTS_MAX);
        return 0;
    }
    return 1;
}

/* Edit units that it takes of the segment; -1: not known, or past all limits. */
static int64_t resource_length(const struct resource *resource)
{
    __int128 length = (__int128)resource->duration * resource->repeat;

    return length > SPN_FRAMES_MAX * 100000 ? -1 : (int64_t)length;
}

static int64_t picture_read(struct cpl *cpl, const xmlNode *node)
{
    struct resource resource;
    char id[CUT_TEXT_MAX];

    if (!resource_take(cpl, node, &resource))
        return -1;
    if (!cut_xml_text(cut_xml_child(node, "TrackFileId"), id) || !id[0]) {
        cut_fault(cpl->report, resource.line, "a resource has no TrackFileId");
        return -1;
    }
    for (int64_t i = 0; i < resource.repeat; i++) {
        struct cut_event *event = cut_list_add(cpl->list, resource.line, cpl->report);

        if (!event)
            return -1;
        event->in.frame = resource.entry;
        event->out.frame = resource.entry + resource.duration;
        event->start.frame = 0;
        event->rate = resource.rate;
        memcpy(event->reel, id, sizeof(id));
        (void)snprintf(event->name, sizeof(event->name), "%s", id);
    }
    return resource_length(&resource);
}

/* ---- markers ---- */

static void marker_read(struct cpl *cpl, const xmlNode *node, const struct resource *resource,
                        int64_t at)
{
    const xmlNode *label = cut_xml_child(node, "Label");
    struct cut_marker *marker;
    char scope[CUT_TEXT_MAX], word[CUT_TEXT_MAX];
    int64_t offset;

    if (!cut_xml_number(cut_xml_child(node, "Offset"), &offset)) {
        cut_note(cpl->report, cut_xml_line(node), "a marker without an Offset was left out");
        return;
    }
    if (offset < resource->entry || offset - resource->entry >= resource->duration) {
        cpl->list->marks_unused++;
        return;
    }
    marker = cut_list_mark(cpl->list, cut_xml_line(node), cpl->report);
    if (!marker)
        return;
    (void)cut_xml_text(label, word);
    (void)cut_xml_attribute(label, "scope", scope);
    marker->at.frame = at + offset - resource->entry;
    marker->is_chapter = strcmp(scope, CPL_MARKER_SCOPE) == 0 && strcmp(word, "Chapter") == 0;
    if (!cut_xml_text(cut_xml_child(node, "Annotation"), marker->name) || !marker->name[0])
        memcpy(marker->name, strcmp(scope, CPL_MARKER_SCOPE) == 0 ? "" : word,
               strcmp(scope, CPL_MARKER_SCOPE) == 0 ? 1 : sizeof(word));
}

/* Markers of a sequence that begins at frame at of the programme. A fault in them is none of the
 * picture's: they are left out. */
static void markers_read(struct cpl *cpl, const xmlNode *sequence, int64_t at)
{
    const xmlNode *list = cut_xml_child(sequence, "ResourceList");

    for (const xmlNode *node = cut_xml_child(list, "Resource"); node;
         node = cut_xml_next(node, "Resource")) {
        struct resource resource;
        int64_t length;

        if (!resource_take(cpl, node, &resource))
            return;
        if (!spn_rate_equal(resource.rate, cpl->list->rate)) {
            cut_note(cpl->report, resource.line,
                     "markers at another rate than the playlist's were left out");
            return;
        }
        length = resource_length(&resource);
        for (int64_t i = 0; i < resource.repeat && length >= 0 && !cpl->list->marks_full; i++)
            for (const xmlNode *marker = cut_xml_child(node, "Marker"); marker;
                 marker = cut_xml_next(marker, "Marker"))
                marker_read(cpl, marker, &resource, at + i * resource.duration);
        if (length < 0 || at > SPN_FRAMES_MAX * 100000)
            return;
        at += length;
    }
}

/* ---- segments ---- */

/* A virtual track is the sequences of one TrackId, one in each segment. */
static void track_check(struct cpl *cpl, const xmlNode *sequence)
{
    char id[CUT_TEXT_MAX];

    if (!cut_xml_text(cut_xml_child(sequence, "TrackId"), id))
        return;
    if (!cpl->track[0])
        memcpy(cpl->track, id, sizeof(id));
    else if (strcmp(cpl->track, id) != 0)
        cut_fault(cpl->report, cut_xml_line(sequence),
                  "the picture of this segment is of another virtual track (%.60s) than that of "
                  "the segments before it",
                  id);
}

static int64_t sequence_read(struct cpl *cpl, const xmlNode *sequence)
{
    const xmlNode *list = cut_xml_child(sequence, "ResourceList");
    int64_t length = 0;

    track_check(cpl, sequence);
    for (const xmlNode *node = cut_xml_child(list, "Resource"); node;
         node = cut_xml_next(node, "Resource")) {
        int64_t part = picture_read(cpl, node);

        length = part < 0 || length < 0 || length > SPN_FRAMES_MAX * 100000 ? -1 : length + part;
        if (cpl->list->full)
            return -1;
    }
    return length;
}

static void segment_read(struct cpl *cpl, const xmlNode *segment)
{
    const xmlNode *list = cut_xml_child(segment, "SequenceList");
    const xmlNode *picture = NULL;
    int64_t length;

    for (const xmlNode *sequence = cut_xml_child(list, NULL); sequence;
         sequence = cut_xml_next(sequence, NULL)) {
        if (cut_xml_is(sequence, "MarkerSequence") && cpl->at >= 0)
            markers_read(cpl, sequence, cpl->at);
        if (cut_xml_is(sequence, "MainAudioSequence"))
            cpl->sound++;
        if (cut_xml_is(sequence, "SubtitlesSequence"))
            cpl->text++;
        if (!cut_xml_is(sequence, "MainImageSequence"))
            continue;
        if (picture)
            cut_fault(cpl->report, cut_xml_line(sequence),
                      "a segment has two main image sequences; one picture can be shown");
        else
            picture = sequence;
    }
    if (!picture) {
        cut_fault(cpl->report, cut_xml_line(segment), "a segment has no main image sequence");
        return;
    }
    length = sequence_read(cpl, picture);
    cpl->at =
        length < 0 || cpl->at < 0 || cpl->at > SPN_FRAMES_MAX * 100000 ? -1 : cpl->at + length;
}

int cpl_read(const char *text, size_t size, struct cut_list *list, struct cut_report *report,
             struct spn_error *err)
{
    struct cpl cpl = { .list = list, .report = report };
    const xmlNode *root;
    xmlDoc *doc;
    int ret;

    if ((ret = cut_xml_parse(text, size, &doc, err)) < 0)
        return ret;
    root = xmlDocGetRootElement(doc);
    if (!cut_xml_is(root, "CompositionPlaylist")) {
        ret = spn_error_set(err, SPN_EFORMAT,
                            "this mentions a CompositionPlaylist, but is none: its top is %.60s",
                            (const char *)root->name);
        xmlFreeDoc(doc);
        return ret;
    }
    (void)cut_xml_text(cut_xml_child(root, "ContentTitle"), list->title);
    if (!rate_read(cut_xml_child(root, "EditRate"), &list->rate))
        cut_fault(report, cut_xml_line(root),
                  "the playlist has no EditRate that is two whole numbers");
    for (const xmlNode *segment = cut_xml_child(cut_xml_child(root, "SegmentList"), "Segment");
         segment; segment = cut_xml_next(segment, "Segment"))
        segment_read(&cpl, segment);
    if (cpl.sound)
        cut_note(report, 0, "%zu sequences of sound were passed over: sound follows the picture",
                 cpl.sound);
    if (cpl.text)
        cut_note(report, 0, "%zu sequences of subtitles were passed over: text follows the picture",
                 cpl.text);
    xmlFreeDoc(doc);
    return SPN_OK;
}

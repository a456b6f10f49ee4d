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

static void resource_read(struct cpl *cpl, const xmlNode *resource)
{
    int64_t intrinsic, entry, duration, repeat;
    size_t line = cut_xml_line(resource);
    struct spn_rate rate = cpl->list->rate;
    const xmlNode *own_rate = cut_xml_child(resource, "EditRate");
    char id[CUT_TEXT_MAX];

    if (own_rate && !rate_read(own_rate, &rate)) {
        cut_fault(cpl->report, cut_xml_line(own_rate),
                  "EditRate is no rate: two whole numbers are");
        return;
    }
    if (!cut_xml_number(cut_xml_child(resource, "IntrinsicDuration"), &intrinsic)) {
        cut_fault(cpl->report, line, "a resource has no IntrinsicDuration");
        return;
    }
    if (!number_or(cpl, resource, "EntryPoint", 0, &entry) ||
        !number_or(cpl, resource, "SourceDuration", intrinsic - entry, &duration) ||
        !number_or(cpl, resource, "RepeatCount", 1, &repeat))
        return;
    if (!cut_xml_text(cut_xml_child(resource, "TrackFileId"), id) || !id[0]) {
        cut_fault(cpl->report, line, "a resource has no TrackFileId");
        return;
    }
    if (entry > intrinsic || duration > intrinsic - entry || duration < 0) {
        cut_fault(cpl->report, line,
                  "frames %" PRId64 " to %" PRId64 " are asked of a resource that has %" PRId64,
                  entry, entry + duration, intrinsic);
        return;
    }
    if (repeat < 1 || repeat > CUT_EVENTS_MAX) {
        cut_fault(cpl->report, line, "RepeatCount is %" PRId64 ", which is not 1 to %d", repeat,
                  CUT_EVENTS_MAX);
        return;
    }
    for (int64_t i = 0; i < repeat; i++) {
        struct cut_event *event = cut_list_add(cpl->list, line, cpl->report);

        if (!event)
            return;
        event->in.frame = entry;
        event->out.frame = entry + duration;
        event->start.frame = 0;
        event->rate = rate;
        memcpy(event->reel, id, sizeof(id));
        (void)snprintf(event->name, sizeof(event->name), "%s", id);
    }
}

static void segment_read(struct cpl *cpl, const xmlNode *segment)
{
    const xmlNode *list = cut_xml_child(segment, "SequenceList");
    const xmlNode *picture = NULL;

    for (const xmlNode *sequence = cut_xml_child(list, NULL); sequence;
         sequence = cut_xml_next(sequence, NULL)) {
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
    for (const xmlNode *resource =
             cut_xml_child(cut_xml_child(picture, "ResourceList"), "Resource");
         resource; resource = cut_xml_next(resource, "Resource"))
        resource_read(cpl, resource);
}

int cpl_read(const char *text, size_t size, struct cut_list *list, struct cut_report *report,
             struct spn_error *err)
{
    struct cpl cpl = { list, report };
    const xmlNode *root;
    xmlDoc *doc;
    int ret;

    if ((ret = cut_xml_parse(text, size, &doc, err)) < 0)
        return ret;
    root = xmlDocGetRootElement(doc);
    if (!cut_xml_is(root, "CompositionPlaylist")) {
        xmlFreeDoc(doc);
        return spn_error_set(err, SPN_EFORMAT,
                             "this mentions a CompositionPlaylist, but is none: its top is %.60s",
                             (const char *)root->name);
    }
    (void)cut_xml_text(cut_xml_child(root, "ContentTitle"), list->title);
    if (!rate_read(cut_xml_child(root, "EditRate"), &list->rate))
        cut_fault(report, cut_xml_line(root),
                  "the playlist has no EditRate that is two whole numbers");
    for (const xmlNode *segment = cut_xml_child(cut_xml_child(root, "SegmentList"), "Segment");
         segment; segment = cut_xml_next(segment, "Segment"))
        segment_read(&cpl, segment);
    xmlFreeDoc(doc);
    return SPN_OK;
}

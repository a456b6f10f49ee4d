/*
 * cpl_write.c - a composition as an IMF composition playlist, ST 2067-3:2016: one segment, the main
 * image.
 *
 * Ids are derived from what they name (the edit, the assets), so the same edit gives the same
 * playlist. An asset's TrackFileId is the UUID that cut_asset_uuid() makes of its name.
 */
#include "cut_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* RFC 9562 version 8: a UUID of our own making, from a hash of what it names and what it is. */
static void uuid_of(const struct spn_hash *name, const char *role, uint32_t number, char out[37])
{
    struct spn_hasher hasher;
    struct spn_hash hash;
    uint8_t n[4] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                     (uint8_t)number };
    size_t at = 0;

    spn_hasher_init(&hasher);
    spn_hasher_update(&hasher, name->bytes, sizeof(name->bytes));
    spn_hasher_update(&hasher, role, strlen(role));
    spn_hasher_update(&hasher, n, sizeof(n));
    spn_hasher_finish(&hasher, &hash);
    hash.bytes[6] = (uint8_t)((hash.bytes[6] & 0x0F) | 0x80);
    hash.bytes[8] = (uint8_t)((hash.bytes[8] & 0x3F) | 0x80);
    for (size_t i = 0; i < 16; i++)
        at += (size_t)snprintf(out + at, 37 - at, "%s%02x",
                               i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", hash.bytes[i]);
}

void cut_asset_uuid(const struct spn_hash *asset, char out[37])
{
    uuid_of(asset, "asset", 0, out);
}

static void xml_text(struct spn_buffer *out, const char *text)
{
    size_t n;
    int good;

    for (; (n = cut_letter(text, &good)) > 0; text += n) {
        if (*text == '&')
            spn_buffer_string(out, "&amp;");
        else if (*text == '<')
            spn_buffer_string(out, "&lt;");
        else if (*text == '>')
            spn_buffer_string(out, "&gt;");
        else
            spn_buffer_append(out, good ? text : " ", good ? n : 1);
    }
}

/* The marker track: one resource as long as the programme. */
static void markers_put(const struct spn_composition *composition, const struct cut_names *names,
                        const struct spn_hash *edit, struct spn_buffer *out)
{
    char sequence[37], track[37], resource[37];

    if (names->marker_count == 0)
        return;
    uuid_of(edit, "marker sequence", 0, sequence);
    uuid_of(edit, "marker track", 0, track);
    uuid_of(edit, "marker resource", 0, resource);
    spn_buffer_format(out,
                      "        <MarkerSequence>\n          <Id>urn:uuid:%s</Id>\n"
                      "          <TrackId>urn:uuid:%s</TrackId>\n          <ResourceList>\n"
                      "            <Resource xsi:type=\"MarkerResourceType\">\n"
                      "              <Id>urn:uuid:%s</Id>\n"
                      "              <IntrinsicDuration>%" PRId64 "</IntrinsicDuration>\n",
                      sequence, track, resource, composition->start[composition->count]);
    for (size_t i = 0; i < names->marker_count; i++) {
        spn_buffer_string(out, "              <Marker>\n                <Annotation>");
        xml_text(out, names->markers[i].name);
        spn_buffer_format(out,
                          "</Annotation>\n                <Label scope=\"" CPL_MARKER_SCOPE
                          "\">%s</Label>\n                <Offset>%" PRId64
                          "</Offset>\n              </Marker>\n",
                          names->markers[i].is_chapter ? "Chapter" : "Marker",
                          names->markers[i].at.frame);
    }
    spn_buffer_string(out, "            </Resource>\n          </ResourceList>\n"
                           "        </MarkerSequence>\n");
}

int cpl_write(const struct spn_composition *composition, const struct cut_names *names,
              struct spn_buffer *out, struct spn_error *err)
{
    struct spn_hash edit;
    char id[37];

    spn_edit_name(composition, &edit);
    uuid_of(&edit, "playlist", 0, id);
    spn_buffer_format(out,
                      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                      "<CompositionPlaylist xmlns=\"http://www.smpte-ra.org/schemas/2067-3/2016\""
                      " xmlns:cc=\"http://www.smpte-ra.org/schemas/2067-2/2016\""
                      " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n"
                      "  <Id>urn:uuid:%s</Id>\n"
                      "  <IssueDate>1970-01-01T00:00:00Z</IssueDate>\n"
                      "  <Creator>Sampan</Creator>\n  <ContentTitle>",
                      id);
    xml_text(out, names->title);
    uuid_of(&edit, "segment", 0, id);
    spn_buffer_format(out,
                      "</ContentTitle>\n  <EditRate>%" PRIu32 " %" PRIu32 "</EditRate>\n"
                      "  <SegmentList>\n    <Segment>\n      <Id>urn:uuid:%s</Id>\n"
                      "      <SequenceList>\n",
                      composition->rate.num, composition->rate.den, id);
    markers_put(composition, names, &edit, out);
    spn_buffer_string(out, "        <cc:MainImageSequence>\n");
    uuid_of(&edit, "sequence", 0, id);
    spn_buffer_format(out, "          <Id>urn:uuid:%s</Id>\n", id);
    uuid_of(&edit, "track", 0, id);
    spn_buffer_format(out, "          <TrackId>urn:uuid:%s</TrackId>\n          <ResourceList>\n",
                      id);
    for (size_t i = 0; i < composition->count; i++) {
        const struct spn_clip *clip = &composition->clips[i];
        const struct spn_clip_asset *asset = &composition->assets[clip->asset];
        char encoding[37], file[37];

        uuid_of(&edit, "resource", (uint32_t)i, id);
        uuid_of(&asset->name, "encoding", 0, encoding);
        cut_asset_uuid(&asset->name, file);
        spn_buffer_format(out,
                          "            <Resource xsi:type=\"TrackFileResourceType\">\n"
                          "              <Id>urn:uuid:%s</Id>\n              <Annotation>",
                          id);
        xml_text(out, names->asset_names[clip->asset]);
        spn_buffer_format(out,
                          "</Annotation>\n"
                          "              <EditRate>%" PRIu32 " %" PRIu32 "</EditRate>\n"
                          "              <IntrinsicDuration>%" PRId64 "</IntrinsicDuration>\n"
                          "              <EntryPoint>%" PRId64 "</EntryPoint>\n"
                          "              <SourceDuration>%" PRId64 "</SourceDuration>\n"
                          "              <SourceEncoding>urn:uuid:%s</SourceEncoding>\n"
                          "              <TrackFileId>urn:uuid:%s</TrackFileId>\n"
                          "            </Resource>\n",
                          composition->rate.num, composition->rate.den, asset->frames, clip->in,
                          clip->out - clip->in, encoding, file);
    }
    spn_buffer_string(out, "          </ResourceList>\n        </cc:MainImageSequence>\n"
                           "      </SequenceList>\n    </Segment>\n  </SegmentList>\n"
                           "</CompositionPlaylist>\n");
    return spn_buffer_failed(out) ? spn_error_set(err, SPN_ENOMEM, "no memory for the list")
                                  : SPN_OK;
}

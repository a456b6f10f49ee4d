/* sidx.c - the segment index: one reference a fragment, or several fragments where they are too
 * many. */
#include "box_write.h"
#include "sampan/bytes.h"
#include "header.h"
#include "scan.h"

#define REFERENCE_SIZE 12
#define STARTS_SAP_1   0x90000000u /* starts with a stream access point of type 1, at its begin */

int spn_sidx_write(const struct spn_track_info *info, const struct spn_fragment *fragments,
                   size_t count, struct spn_buffer *out, struct spn_error *err)
{
    size_t each = (count + SPN_SIDX_REFERENCES_MAX - 1) / SPN_SIDX_REFERENCES_MAX;
    size_t box = spn_box_begin_full(out, SPN_BOX('s', 'i', 'd', 'x'), 1, 0);

    spn_buffer_be32(out, SPN_TRACK_ID);
    spn_buffer_be32(out, info->timescale);
    spn_buffer_be64(out, count ? (uint64_t)fragments[0].start : 0);
    spn_buffer_be64(out, 0); /* first_offset */
    spn_buffer_be16(out, 0);
    spn_buffer_be16(out, (uint16_t)(count ? (count + each - 1) / each : 0));
    for (size_t i = 0; i < count; i += each) {
        uint64_t size = 0, duration = 0;

        for (size_t k = i; k < i + each && k < count; k++) {
            size += fragments[k].size;
            duration += (uint64_t)fragments[k].duration;
        }
        if (size > INT32_MAX || duration > UINT32_MAX)
            return spn_error_set(err, SPN_ELIMIT,
                                 "%zu fragments from number %zu on are too large for a sidx", each,
                                 i + 1);
        spn_buffer_be32(out, (uint32_t)size);
        spn_buffer_be32(out, (uint32_t)duration);
        spn_buffer_be32(out, STARTS_SAP_1);
    }
    spn_box_end(out, box);
    if (spn_buffer_failed(out))
        return spn_error_set(err, SPN_ENOMEM, "no memory for a sidx of %zu fragments", count);
    return SPN_OK;
}

int spn_sidx_judge(const struct spn_track *track, const uint8_t *body, size_t size, uint64_t after,
                   struct spn_judge *judge)
{
    struct spn_reader reader = spn_reader_of(body, size);
    uint32_t version = spn_reader_be32(&reader) >> 24, id, timescale, references;
    uint64_t start, offset;
    size_t at = 0;

    id = spn_reader_be32(&reader);
    timescale = spn_reader_be32(&reader);
    start = version ? spn_reader_be64(&reader) : spn_reader_be32(&reader);
    offset = version ? spn_reader_be64(&reader) : spn_reader_be32(&reader);
    (void)spn_reader_be16(&reader);
    references = spn_reader_be16(&reader);
    if (reader.failed || spn_reader_left(&reader) != (size_t)references * REFERENCE_SIZE)
        return spn_rule_broken(judge, SPN_RULE_SIDX,
                               "sidx does not hold its references and no more");
    if (id != SPN_TRACK_ID || timescale != track->info.timescale ||
        start != (uint64_t)track->fragments[0].start || offset > UINT32_MAX ||
        after + offset != track->fragments[0].offset)
        return spn_rule_broken(judge, SPN_RULE_SIDX,
                               "sidx begins at %llu of timescale %u in track %u, the fragments at "
                               "%lld of %u in track %d, or its first offset is wrong",
                               (unsigned long long)start, timescale, id,
                               (long long)track->fragments[0].start, track->info.timescale,
                               SPN_TRACK_ID);
    for (uint32_t i = 0; i < references; i++) {
        uint32_t bytes = spn_reader_be32(&reader), ticks = spn_reader_be32(&reader);
        uint32_t sap = spn_reader_be32(&reader);
        uint64_t have = 0, duration = 0;

        while (at < track->count && have < bytes) {
            have += track->fragments[at].size;
            duration += (uint64_t)track->fragments[at++].duration;
        }
        if (bytes == 0 || have != bytes || duration != ticks || sap != STARTS_SAP_1)
            return spn_rule_broken(judge, SPN_RULE_SIDX,
                                   "reference %u of sidx says %u bytes and %u ticks, the fragments "
                                   "have %llu and %llu",
                                   i + 1, bytes, ticks, (unsigned long long)have,
                                   (unsigned long long)duration);
    }
    if (at != track->count)
        return spn_rule_broken(judge, SPN_RULE_SIDX, "sidx ends %zu fragments before the file does",
                               track->count - at);
    return SPN_OK;
}

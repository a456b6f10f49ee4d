#include "measure.h"

#include <stdlib.h>

#define SEGMENT_FRAGMENTS 3 /* the target is 3 GOPs unless the publication says otherwise */

/* bytes over ticks as bits a second, rounded up: what a viewer's line must carry. */
static int64_t rate_of(int64_t bytes, int64_t ticks, uint32_t timescale)
{
    unsigned __int128 bits = (unsigned __int128)(uint64_t)bytes * 8 * timescale;

    return (int64_t)((bits + (uint64_t)ticks - 1) / (uint64_t)ticks);
}

void bandwidth_of(const struct segment_size *segments, size_t count, int64_t target_ticks,
                  uint32_t timescale, struct bandwidth *out)
{
    int64_t all_bytes = 0, all_ticks = 0;

    out->peak = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t bytes = 0, ticks = 0;

        all_bytes += segments[i].bytes;
        all_ticks += segments[i].ticks;
        for (size_t j = i; j < count; j++) {
            int64_t rate;

            bytes += segments[j].bytes;
            ticks += segments[j].ticks;
            if (2 * ticks > 3 * target_ticks)
                break;
            rate = rate_of(bytes, ticks, timescale);
            if (2 * ticks >= target_ticks && rate > out->peak)
                out->peak = rate;
        }
    }
    out->average = rate_of(all_bytes, all_ticks, timescale);
    out->sustained = out->peak > 0;
    if (!out->sustained) /* shorter than half a target in all: there is only the whole */
        out->peak = out->average;
}

int bandwidth_measure(const struct spn_track *track, struct bandwidth *out, struct spn_error *err)
{
    size_t count, made = 0;
    const struct spn_fragment *fragments = spn_track_all(track, &count);
    const struct spn_track_info *info = spn_track_info(track);
    struct segment_size *segments;
    int64_t target = (int64_t)SEGMENT_FRAGMENTS * info->gop * info->sample_ticks;

    if (!count)
        return spn_error_set(err, SPN_EFORMAT, "the track has no fragments");
    segments = calloc(count / SEGMENT_FRAGMENTS + 1, sizeof(*segments));
    if (!segments)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        struct segment_size *segment = &segments[i / SEGMENT_FRAGMENTS];

        segment->bytes += fragments[i].size;
        segment->ticks += fragments[i].duration;
        made = i / SEGMENT_FRAGMENTS + 1;
        if (info->media != SPN_VIDEO && segment->ticks > target)
            target =
                segment->ticks; /* sound has no GOPs: its fragments are as long as the video's */
    }
    bandwidth_of(segments, made, target, info->timescale, out);
    free(segments);
    return SPN_OK;
}

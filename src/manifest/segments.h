/*
 * segments.h - how fragments make segments, and what rate their bytes need.
 */
#ifndef SAMPAN_MANIFEST_SEGMENTS_H
#define SAMPAN_MANIFEST_SEGMENTS_H

#include "sampan/publication.h"

/* Borders: fragment indices, count + 1 of them, from 0 to the number of fragments. */
struct segments {
    uint32_t *first; /* owned */
    uint32_t count;
};

void spn_segments_finish(struct segments *segments);

/*
 * The segments of video: whole fragments, closed before the one that would make the segment longer
 * than 1.25 x target ticks, or before its fifth.
 */
int spn_segments_of_video(const struct spn_plan_fragment *fragments, size_t count, uint64_t target,
                          struct segments *out);

/*
 * The segments of sound: segment n begins at the border (a fragment's start, or the end) nearest to
 * the start of segment n of video; the earlier of two equally near. No segment is empty: where two
 * would begin together the later begins at the next border, and there are no more after the end.
 */
int spn_segments_of_audio(const struct spn_plan_fragment *video, const struct segments *lead,
                          uint32_t video_timescale, const struct spn_plan_fragment *audio,
                          size_t count, uint32_t audio_timescale, struct segments *out);

/* One segment, or one thing that is fetched as a segment is. */
struct load {
    uint64_t bytes;
    uint64_t ticks; /* > 0 */
};

/*
 * RFC 8216 section 4.3.4.2: the largest bit rate of any contiguous set of segments whose duration
 * is between 0.5 and 1.5 target durations; of all of them where there is no such set. Rounded up.
 */
uint64_t spn_load_peak(const struct load *loads, size_t count, uint32_t timescale,
                       uint32_t target_s);
/* All bits by all time, rounded up. */
uint64_t spn_load_average(const struct load *loads, size_t count, uint32_t timescale);
/*
 * ISO/IEC 23009-1 @bandwidth: the least bit rate at which, starting with any segment and waiting
 * buffer_ms, every segment is there in full when it is to be played.
 */
uint64_t spn_load_bandwidth(const struct load *loads, size_t count, uint32_t timescale,
                            uint32_t buffer_ms);

#endif

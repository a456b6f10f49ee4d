/*
 * timeline.h - one timeline for the packets of a file whose clock jumps.
 *
 * TS and PS recordings that were joined, or that ran over a change of programme, go on with
 * timestamps that have nothing to do with those before; so do their 33 bits, every 26.5 hours.
 * Where a stream leaps by more than TIMELINE_LEAP_S, or back at all, its packets are moved to
 * follow what was before; the other streams make the same move when they come to the same place.
 */
#ifndef SAMPAN_SOURCE_TIMELINE_H
#define SAMPAN_SOURCE_TIMELINE_H

#include "packet_index.h"

#define TIMELINE_LEAP_S    10
#define TIMELINE_BACK_MS   100   /* a packet may come this much too early */
#define TIMELINE_JUMPS_MAX 65536 /* in one file; what jumps more often is left as it is */

struct timeline {
    int on;         /* the format's clock may jump at all */
    uint32_t jumps; /* closed so far */
    int64_t offset; /* 1/90000 s, of the newest part */
    struct timeline_stream {
        uint32_t part; /* the part of the file, from 0, that the stream is in */
        int64_t offset;
        int64_t expected; /* ticks: where its next packet should begin */
        int64_t last;     /* ticks: of its last packet */
        int begun;
    } streams[SOURCE_STREAMS_MAX];
};

/* Move the times of a packet of stream (of that time base). sparse: gaps mean nothing (subtitles).
 */
void timeline_place(struct timeline *timeline, int stream, AVRational time_base, int sparse,
                    struct index_packet *packet);

#endif

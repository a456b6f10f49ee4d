/*
 * frame_list.h - the frames of the picture in presentation order, from its packets.
 */
#ifndef SAMPAN_SOURCE_FRAME_LIST_H
#define SAMPAN_SOURCE_FRAME_LIST_H

#include "survey.h"

/* The packets of the picture, in file order, while the index is made. */
struct picture_packets {
    int64_t *pts, *dts; /* ticks or INDEX_NOTIME; owned */
    uint8_t *flags;     /* INDEX_; owned */
    uint32_t count, capacity;
    uint32_t last_duration; /* ticks, of the packet with the latest pts; 0: unknown */
    int64_t last_pts;
};

int picture_packets_add(struct picture_packets *packets, const struct index_packet *packet,
                        struct spn_error *err);
void picture_packets_finish(struct picture_packets *packets);

/* The first packet that a decoder may begin with, 0 where none says so. */
uint32_t picture_packets_start(const struct picture_packets *packets);

struct frame_list {
    struct index_frame *frames; /* owned */
    uint32_t count;
    int64_t end;       /* ticks */
    uint32_t left_out; /* packets before the first frame that give none or none whole */
};

/*
 * One packet, one frame: 1 and *out filled, or 0 when what was decoded says that this source is not
 * so.
 */
int frame_list_by_packets(const struct picture_packets *packets, enum AVCodecID codec,
                          const struct survey *sample, struct frame_list *out,
                          struct spn_error *err);

enum frame_times {
    FRAMES_PRESENTED, /* packets that have a time have that of presentation (TS, PS) */
    FRAMES_DECODED,   /* where a time of presentation is lacking those of decoding are all there is
                         (AVI) */
    FRAMES_COUNTED,   /* no times: frame n has the time n */
};

/* The frames that a decode of the whole source gave: 1, or 0 when there is none. */
int frame_list_by_decoding(const struct picture_packets *packets, enum AVCodecID codec,
                           enum frame_times times, const struct survey *whole,
                           struct frame_list *out, struct spn_error *err);
void frame_list_finish(struct frame_list *list);

#endif

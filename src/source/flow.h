/*
 * flow.h - the frames of the source in presentation order, from a place in the middle of it.
 */
#ifndef SAMPAN_SOURCE_FLOW_H
#define SAMPAN_SOURCE_FLOW_H

#include <libavutil/frame.h>

#include "packet_index.h"

/* A frame that comes after this many that are shown later is taken for lost. */
#define FLOW_HELD 16

struct flow;

/*
 * Frames from rank (of the index) on will be right. deeper: random access points to go back beyond
 * the one that suffices. seek 0: read the file from its start.
 */
int flow_open(const struct source *source, const struct index *index, int64_t rank, uint32_t deeper,
              int seek, struct flow **out, struct spn_error *err);
void flow_close(struct flow *flow); /* NULL is allowed */

/*
 * The next frame that could be decoded, into *frame (its reference is the caller's): 1, 0 at the
 * end. Ranks rise; those before flow_trusted() may be damaged.
 */
int flow_next(struct flow *flow, AVFrame *frame, int64_t *rank, struct spn_error *err);

int64_t flow_trusted(
    const struct flow *flow); /* the first rank that is as in a decode of the whole */

/*
 * The random access point that all else is trusted for was damaged, and what stands in its place
 * may be made of pictures before it: begin deeper. Never so at the source's beginning.
 */
int flow_suspect(const struct flow *flow);

int flow_at_start(const struct flow *flow);    /* decoding began with the source's first packet */
int flow_from_start(const struct flow *flow);  /* the file was read from its start */
int64_t flow_decoded(const struct flow *flow); /* frames that the codec gave */

#endif

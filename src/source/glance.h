/*
 * glance.h - what frames look like: interlaced, with repeated fields, telecined.
 */
#ifndef SAMPAN_SOURCE_GLANCE_H
#define SAMPAN_SOURCE_GLANCE_H

#include <libavutil/frame.h>

#include "packet_index.h"

struct glance {
    struct index_facts *facts; /* its frames_ members are counted up; borrowed */
    AVFrame *before;           /* the frame before, or NULL */
    uint32_t frames;
    /* by the frame's place in a cycle of five: interlaced frames compared with the one before; of
       those, with the one field as it was and the other changed */
    uint32_t pairs[5], top[5], bottom[5];
    int apart; /* the frames no longer follow the first ones: fields are compared no more */
};

/* Look at the next frame in presentation order. Memory that runs out only makes it see less. */
void glance_at(struct glance *glance, const AVFrame *frame);
/* The next frame does not follow the last one. */
void glance_away(struct glance *glance);
/* Set facts->telecined; the glance is empty afterwards. */
void glance_finish(struct glance *glance);

#endif

/*
 * survey.h - decoding a source to see which of its packets give frames.
 */
#ifndef SAMPAN_SOURCE_SURVEY_H
#define SAMPAN_SOURCE_SURVEY_H

#include "glance.h"
#include "packet_index.h"
#include "stream.h"

#define SURVEY_FRAMES  120 /* looked at when packets are believed to be frames */
#define SURVEY_PACKETS 480 /* at most read for them */

struct survey_frame {
    uint32_t packet, part;
};

struct survey {
    struct survey_frame *frames; /* as the decoder gave them; owned */
    uint32_t count, capacity;
    uint32_t read;            /* packets from the first on that were read, those skipped included */
    struct spn_rate rate;     /* frames a second as the bitstream says, 0/0: it does not */
    struct index_facts facts; /* the frames_ members of it, and telecined */
    struct glance glance;
};

/*
 * Decode from packet first on: the whole source, or as much as gives SURVEY_FRAMES.
 * Zero-initialised *out; survey_finish() always. progress may be NULL.
 */
int survey_make(const struct source *source, const struct stream *stream, uint32_t first, int whole,
                index_progress *progress, void *opaque, struct survey *out, struct spn_error *err);
void survey_finish(struct survey *survey);

#endif

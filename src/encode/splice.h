/*
 * splice.h - a stretch of sound bridge: the packets of its slots, copied from the assets' tracks or
 * encoded anew around each join, so that a decoder runs over every seam as over any other packet.
 *
 * Encoding begins SPN_SOUND_WARMUP packets early, and those are thrown away: a cold encoder
 * starves. Where the window of an encoded packet does not fit the copied one beside it, the seam is
 * moved.
 */
#ifndef ENCODE_SPLICE_H
#define ENCODE_SPLICE_H

#include <stdint.h>

#include "audio_encoder.h"
#include "mapped.h"
#include "mix.h"
#include "sampan/buffer.h"
#include "sampan/composition.h"

#define SPLICE_MOVE 4 /* packets that a seam may be moved by, outwards; inwards 1 */

struct splice_setup {
    const struct spn_composition *composition;
    const struct spn_sound_clip *clips;
    struct mix *mix;
    struct audio_setup encoder; /* packets is set here */
    /* The track of clip i's asset; borrowed. */
    int (*track)(void *opaque, size_t clip, struct mapped **out, struct spn_error *err);
    void *opaque;
};

struct splice_counts {
    int64_t copied, encoded;  /* packets */
    int64_t moved, unmatched; /* seams; unmatched ones stay where they are */
};

/* What is in a slot: data is borrowed from a track or from the splice. */
struct splice_slot {
    const uint8_t *data;
    size_t offset; /* in bytes, of what was encoded */
    size_t size;
    int encoded;
};

struct splice {
    struct splice_slot *slots; /* of the span, in order */
    struct spn_buffer bytes;
    struct splice_counts counts;
};

/* Fill slots [span->first, … + slots). To splice_finish(), also on failure. */
int splice_make(const struct splice_setup *setup, const struct spn_sound_span *span,
                struct splice *out, struct spn_error *err);
void splice_finish(struct splice *splice);

#endif

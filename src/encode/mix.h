/*
 * mix.h - the sound of a composition as samples: each clip's own, shifted by the whole packets that
 * its packets are shifted by, and crossfaded with its neighbours' around the exact instant of each
 * join. One thread at a time.
 */
#ifndef ENCODE_MIX_H
#define ENCODE_MIX_H

#include <stddef.h>
#include <stdint.h>

#include "pcm.h"
#include "sampan/composition.h"

#define MIX_FADE                                                                                   \
    256 /* samples, 5.3 ms, the middle of which is the join; a frame has 800 and more */
#define MIX_CHANNELS 8

/* Give the samples of clip i's asset from sample from on; *out is destroyed by the mix. */
typedef int mix_open(void *opaque, size_t clip, int64_t from, struct pcm **out,
                     struct spn_error *err);

struct mix;

/* composition and clips (of spn_sound_clips() at 48 kHz) must outlive it. To mix_destroy(). */
int mix_create(const struct spn_composition *composition, const struct spn_sound_clip *clips,
               int channels, mix_open *open, void *opaque, struct mix **out, struct spn_error *err);
void mix_destroy(struct mix *mix); /* NULL is allowed */

/* Begin somewhere else: what comes next depends on its place alone. */
void mix_forget(struct mix *mix);

/*
 * The SPN_AAC_FRAME samples of slot into the planes. Slots rise by one from call to call. Before
 * slot 0 there is silence.
 */
int mix_slot(struct mix *mix, int64_t slot, float *const planes[], struct spn_error *err);

#endif

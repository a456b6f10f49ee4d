/*
 * pcm.h - the samples that an audio rendition of an asset was encoded from, on its grid, from any
 * place on: planar floats at 48 kHz. One thread at a time.
 */
#ifndef ENCODE_PCM_H
#define ENCODE_PCM_H

#include <stdint.h>

#include "asset.h"
#include "mapped.h"
#include "sampan/error.h"

struct pcm;

/*
 * Of a plan's rendition, from sample from on (below 0 is silence, as is what lies after the end).
 * asset must outlive it. *out goes to pcm_destroy().
 */
int pcm_create(const struct asset *asset, const struct plan_audio *audio, int64_t from,
               struct pcm **out, struct spn_error *err);
/*
 * Where the source is gone: what its track file decodes to, mixed to so many channels. track must
 * outlive it.
 */
int pcm_create_track(struct mapped *track, int channels, int64_t from, struct pcm **out,
                     struct spn_error *err);
void pcm_destroy(struct pcm *pcm); /* NULL is allowed */

/* The next count samples into each of the planes. */
int pcm_read(struct pcm *pcm, float *const planes[], int count, struct spn_error *err);

#endif

/*
 * verify.h - the proof that one rendition of a cut is what its list says, over the bytes that a
 * viewer is sent. It needs nothing in the pictures or the sound: any material will do.
 *
 * Numbers. Of picture, a frame of a whole GOP is the same bits as in the asset's own track,
 * whatever was decoded before it. A frame of a bridge is held to the source's frame that the list
 * names: it must not resemble the frame before or after that one more (by VERIFY_MATCH of error
 * over a part, VERIFY_MATCH_FRAME in one frame), unless the asset's own encode cannot tell them
 * apart either, or the error is below VERIFY_SEEN.
 *
 * Quality: bridge beside the asset's own encode of the same frames. All bridges together are at
 * most VERIFY_MEAN worse on average and VERIFY_LEAST in the worst picture, and each stretch
 * VERIFY_STRETCH in its own, unless it has VERIFY_FINE, which no eye tells from better. The
 * encoders of HEVC and AV1 cannot be told to be finer before a cut, so there it is VERIFY_STRETCH
 * for all: over real films it was up to 2.5 dB. A stretch that was made near the cap of its rung
 * ("tight") cannot be as good: key pictures and cuts cost what the asset, which has neither there,
 * spends on quality. These are held to VERIFY_TIGHT_MEAN and VERIFY_TIGHT_LEAST, which only what is
 * broken falls below. docs/benchmarks.md has what was measured. Bad bridges are far below: under
 * another PPS 18 dB where 45 are due, at CRF 38 9 dB less over all, with damaged bytes 9.5 in the
 * worst frame. Where no source is left to compare with, and where a clip is converted to another
 * contract than its own encode has, only VERIFY_FLOOR is asked. A cut that is built again has finer
 * bridges, so that this mends it.
 *
 * Of sound, packets away from joins are the asset's own, to the bit, at the slot that the
 * arithmetic says; what is encoded anew is held to the sources' samples: in place, with no more
 * noise around a join than the asset's own encode has there (VERIFY_SOUND_LESS), and without a jump
 * in the error that would be heard as a click. What is encoded whole from a track whose source is
 * gone is held to its place alone.
 */
#ifndef ENCODE_VERIFY_H
#define ENCODE_VERIFY_H

#include <jansson.h>

#include "faults.h"
#include "heard.h"
#include "mapped.h"
#include "sampan/composition.h"
#include "sampan/error.h"

#define VERIFY_MEAN        0.5  /* dB, over all bridges */
#define VERIFY_LEAST       1.5  /* dB, in the worst frame of all of H.264 */
#define VERIFY_STRETCH     4.0  /* dB, in that of one stretch, and of all of HEVC and AV1 */
#define VERIFY_FINE        45.0 /* dB, of a worst frame that is good enough */
#define VERIFY_TIGHT_MEAN  4.0  /* dB, over all bridges near their cap */
#define VERIFY_TIGHT_LEAST 8.0  /* dB, in the worst frame of such a stretch */
#define VERIFY_CAP         50.0 /* dB: what is better is not told apart by any eye */
#define VERIFY_FLOOR       25.0 /* dB, against a rendition where the source is gone */
#define VERIFY_MATCH       1.25 /* times: 1 dB */
#define VERIFY_MATCH_FRAME 2.0  /* times: 3 dB */
#define VERIFY_SEEN        1.0  /* squared error of a pixel: 48 dB */
#define VERIFY_SOUND_LESS  1.0  /* dB, over all joins */

/*
 * film is the rendition as it is sent. *out is what was measured, a new reference. An error is what
 * keeps it from being verified; what is wrong with it are faults.
 */
int verify_picture(const json_t *request, const struct spn_composition *composition,
                   struct mapped *film, struct faults *faults, json_t **out, struct spn_error *err);
int verify_sound(struct heard *heard, struct mapped *film, struct faults *faults, json_t **out,
                 struct spn_error *err);

#endif

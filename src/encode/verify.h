/*
 * verify.h - the proof that one rendition of a cut is what its list says, over the bytes that a
 * viewer is sent. It needs nothing in the pictures or the sound: any material will do.
 *
 * Numbers. Of picture, a frame of a whole GOP is the same bits as in the asset's own track,
 * whatever was decoded before it. A frame of a bridge is held to the source's frame that the list
 * names: it must not resemble the frame before or after that one more (by VERIFY_MATCH of error
 * over a part, VERIFY_MATCH_FRAME in one frame), unless the asset's own encode cannot tell them
 * apart either, or the error is below VERIFY_SEEN. And it must not be worse than the asset's own
 * encode of the same frames: over all bridges by VERIFY_MEAN, in the worst frame of a stretch by
 * VERIFY_LEAST. Bridges are encoded finer by 2 and measure 0.1 to 0.7 dB better on average; a short
 * GOP of P frames may have a frame that is worse, so the limit on one frame is wider. What is
 * broken is far below: a bridge under another PPS measured 18 dB where 45 were due. Where no source
 * is left to compare with, only VERIFY_FLOOR is asked.
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

#define VERIFY_MEAN        0.5  /* dB */
#define VERIFY_LEAST       1.5  /* dB */
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

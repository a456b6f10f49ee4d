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
 * Quality is measured and told, bridge beside the asset's own encode of the same frames; a fault is
 * only what no good bridge comes near. Good ones, encoded finer by 2, are 0.1 to 0.7 dB better on
 * average over coded films, but over five real ones (two animations, film of 1914, a kitchen, a
 * lecture; a third of the clips 1 to 5 frames long) from 2.6 dB worse to 1.2 better, and their
 * worst frame was up to 6.3 dB below the worst of the asset: a short GOP has nothing to lean on.
 * Bad ones are far below: under another PPS 18 dB where 45 are due, at CRF 38 9 dB less over all,
 * with damaged bytes 9.5 in the worst frame. VERIFY_MEAN and VERIFY_LEAST lie between. Where no
 * source is left to compare with, and where a clip is converted to another contract than its own
 * encode has, only VERIFY_FLOOR is asked.
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

#define VERIFY_MEAN        4.0  /* dB, over all bridges */
#define VERIFY_LEAST       8.0  /* dB, in the worst frame of a stretch */
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

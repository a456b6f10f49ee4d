/*
 * probe.h - what came in, as JSON for people and for the record; and whether it can be taken.
 */
#ifndef SAMPAN_SOURCE_PROBE_H
#define SAMPAN_SOURCE_PROBE_H

#include <jansson.h>

#include "source.h"
#include "stream.h"

#define PROBE_SIDE_MIN 2    /* chroma is halved */
#define PROBE_SIDE_MAX 8192 /* pixels, width or height of the picture */

/*
 * The probe record (docs/formats/source.md), a new reference. Sizes in pixels, rates [num, den],
 * times in ms, unknown things left out.
 */
int probe_make(const struct source *source, json_t **out, struct spn_error *err);

/*
 * Choose the picture and say whether the file can be taken. *video is the stream; sentences that a
 * person should see (a second picture that is not taken, bitmap subtitles, unknown streams) are
 * appended to notes, an array, when it is not NULL. SPN_EUNSUPPORTED with the true reason: no
 * picture, no decoder, encrypted, Dolby Vision without a compatible base, … SPN_ELIMIT: too large.
 * SPN_EFORMAT: no size.
 */
int probe_judge(const struct source *source, int *video, json_t *notes, struct spn_error *err);

#endif

/*
 * cut_join.h - how far the sound of each clip is from its picture, for people.
 */
#ifndef CONTROL_CUT_JOIN_H
#define CONTROL_CUT_JOIN_H

#include <jansson.h>

#include "cut.h"

/* Samples a second of an audio rendition of a plan. */
uint32_t planned_sample_rate(const json_t *planned);

/*
 * Append a clip to "joins" of sound, and keep the worst of them in "worst_error_us": its sound is
 * num / den samples late against its picture (sampan/composition.h).
 */
void cut_join_put(json_t *sound, const struct cut *cut, size_t clip, int64_t num, int64_t den,
                  uint32_t sample_rate);

#endif

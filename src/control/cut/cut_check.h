/* cut_check.h - what building a cut would take, and what would be lost. */
#ifndef CONTROL_CUT_CHECK_H
#define CONTROL_CUT_CHECK_H

#include "cut.h"

#define CHECK_CUES_MAX 1000 /* damaged cues that are listed; all are counted */

/*
 * A new reference to {frames, bridged_frames, least_frames, bridges, bytes, renditions, sound,
 * text, dropped, incompatible, restricted}. SPN_ECONFLICT: an asset was removed since.
 */
int cut_check(const struct instance *instance, struct db *db, const char *id, json_t **out,
              struct spn_error *err);

/* Samples a second of an audio rendition of a plan. */
uint32_t planned_sample_rate(const json_t *planned);

#endif

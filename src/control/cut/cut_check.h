/* cut_check.h - what building a cut would take, and what would be lost. */
#ifndef CONTROL_CUT_CHECK_H
#define CONTROL_CUT_CHECK_H

#include "cut.h"
#include "cut_choice.h"

#define CHECK_CUES_MAX 1000 /* damaged cues that are listed; all are counted */

/*
 * What building it so would take; a new reference to {frames, bridged_frames, least_frames,
 * bridges, bytes, choice, like, renditions, sound, text, dropped, incompatible, convert,
 * restricted}. SPN_ECONFLICT: an asset was removed since. SPN_EINVAL: as cut_match_read().
 */
int cut_check(const struct instance *instance, struct db *db, const char *id,
              const struct cut_choice *choice, json_t **out, struct spn_error *err);

#endif

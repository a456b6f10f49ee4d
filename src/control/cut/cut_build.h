/*
 * cut_build.h - bridges for a cut: files it needs, jobs that make them, what follows when they end.
 *
 * A file is named by its recipe, so that a stretch which another cut has is not made again. What a
 * built cut is made of is kept as rows of cut_file: kind bridge (place: the stretch) and
 * sound_bridge (place: 0) are made for it, track and board (place: the asset) are referenced.
 * docs/formats/jobs.md has what the jobs say.
 */
#ifndef CONTROL_CUT_BUILD_H
#define CONTROL_CUT_BUILD_H

#include "cut.h"
#include "cut_choice.h"

/*
 * Have what is missing made; a cut that is building or ready is left as it is. SPN_ECONFLICT: an
 * asset was removed since, or it is built already and otherwise than the choice says (the usual one
 * asks for nothing). SPN_EUNSUPPORTED: its clips have no picture in common. Inside a transaction.
 */
int cut_build(const struct instance *instance, struct db *db, const char *id,
              const struct cut_choice *choice, struct spn_error *err);

#endif

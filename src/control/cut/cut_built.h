/*
 * cut_built.h - what a cut was built as: its renditions, and of each asset the track that is
 * referenced in them, or that they are encoded from.
 */
#ifndef CONTROL_CUT_BUILT_H
#define CONTROL_CUT_BUILT_H

#include "cut_match.h"

struct cut_built {
    json_t *list; /* renditions as the cut keeps them; renditions[].planned is borrowed from it */
    struct match_rendition *renditions;
    size_t count, asset_count;
    size_t like;    /* the asset whose renditions these are */
    json_t *choice; /* as cut_choice_json() has it; a null: the usual */
};

/*
 * *out goes to cut_built_free(). A cut that was never built has no renditions. SPN_ECONFLICT: it
 * was, and files of it are not known any more: it has to be built again.
 */
int cut_built_read(struct db *db, const struct cut *cut, struct cut_built **out,
                   struct spn_error *err);
void cut_built_free(struct cut_built *built); /* NULL is allowed */

#endif

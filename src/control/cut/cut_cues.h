/* cut_cues.h - the cues of a composition in one language, cut from those of its assets. */
#ifndef CONTROL_CUT_CUES_H
#define CONTROL_CUT_CUES_H

#include "cut_match.h"
#include "publish/cues.h"

struct cut_cues {
    struct cues *sources; /* of each asset; texts point into them */
    size_t source_count;
    struct spn_cut_cue *parts; /* what the cut did to each */
    struct spn_plan_cue *cues; /* the same, as a publication has them */
    size_t count;
};

/* rendition is a text of match. cut_cues_finish() always. */
int cut_cues_make(const struct instance *instance, const struct cut *cut,
                  const struct match_rendition *rendition, struct cut_cues *out,
                  struct spn_error *err);
void cut_cues_finish(struct cut_cues *cues);

#endif

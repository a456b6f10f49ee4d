/*
 * cut_stretch.h - a cut as one of its renditions sees it, and the stretches of picture bridge of
 * all of them together.
 *
 * Where an asset's track of a rung is decoded otherwise than the composition's, the clips of it are
 * bridge in that rung and may be references in another. A stretch is one job: rungs that have it
 * alike are made of one decode.
 */
#ifndef CONTROL_CUT_STRETCH_H
#define CONTROL_CUT_STRETCH_H

#include "cut_match.h"

/*
 * A copy of the composition in which what the rendition encodes whole is marked. It borrows all but
 * its assets; to cut_seen_finish(). SPN_ENOMEM.
 */
int cut_seen(const struct spn_composition *composition, const struct match_rendition *rendition,
             struct spn_composition *out, struct spn_error *err);
void cut_seen_finish(struct spn_composition *seen);

struct cut_stretch {
    struct spn_span span; /* of kind SPN_BRIDGE */
    uint64_t rungs;       /* bit i: rendition i, of those that it was asked of, has it */
};

/* In order of start, then of length. *out goes to free(). */
int cut_stretches(const struct spn_composition *composition,
                  const struct match_rendition *renditions, size_t rendition_count,
                  struct cut_stretch **out, size_t *count, struct spn_error *err);
/* Which of them span is; count where it is none. */
size_t cut_stretch_find(const struct cut_stretch *stretches, size_t count,
                        const struct spn_span *span);
/* Frames of the timeline that are in any of them. */
int64_t cut_stretch_frames(const struct cut_stretch *stretches, size_t count);

#endif

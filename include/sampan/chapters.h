/*
 * sampan/chapters.h - the chapters of assets through a cut.
 *
 * A chapter is a range of frames with a title. Those of one asset are in order and apart; there may
 * be frames that are in none. A clip has the parts of its asset's chapters that lie in it; what
 * goes on across a join is one chapter again.
 *
 * A pure function of its arguments: no files, no clock, any thread.
 */
#ifndef SAMPAN_CHAPTERS_H
#define SAMPAN_CHAPTERS_H

#include "sampan/composition.h"

struct spn_chapter {
    int64_t frame, end; /* [frame, end) of the asset */
    const char *title;  /* UTF-8, "" for none; never NULL */
};

struct spn_cut_chapter {
    int64_t frame, end; /* [frame, end) of the timeline */
    size_t clip;        /* the first that it is shown in */
    size_t chapter;     /* index into the chapters of that clip's asset */
};

/*
 * chapters[a] are those of asset a, counts[a] how many. Parts that meet at a join are one where
 * they are the same chapter going on, or have the same title that is not "". *out is in order and
 * apart, allocated; free() it. SPN_ENOMEM.
 */
int spn_chapters_cut(const struct spn_composition *composition,
                     const struct spn_chapter *const chapters[], const size_t counts[],
                     struct spn_cut_chapter **out, size_t *count, struct spn_error *err);

#endif

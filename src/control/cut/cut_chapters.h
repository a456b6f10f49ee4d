/*
 * cut_chapters.h - the chapters that viewers of a cut see: those that its markers say, or where
 * they say none, those of its assets, carried through.
 */
#ifndef CONTROL_CUT_CHAPTERS_H
#define CONTROL_CUT_CHAPTERS_H

#include "cut.h"
#include "publish/chapters.h"

struct cut_chapters {
    struct spn_chapter *list; /* of the cut's timeline; titles point into sources or the cut */
    size_t count;
    struct chapters *sources; /* of each asset */
    size_t source_count;
};

/* cut_chapters_finish() always. */
int cut_chapters_make(struct db *db, const struct cut *cut, struct cut_chapters *out,
                      struct spn_error *err);
void cut_chapters_finish(struct cut_chapters *chapters);
/* Put "markers" and "chapters" into out, as people are shown them. */
int cut_marks_show(struct db *db, const struct cut *cut, json_t *out, struct spn_error *err);

#endif

/* chapters.h - the chapters of an asset, from its probe, and chapters as a publication keeps them.
 */
#ifndef CONTROL_CHAPTERS_H
#define CONTROL_CHAPTERS_H

#include <jansson.h>

#include "sampan/chapters.h"
#include "sampan/publication.h"
#include "store/store.h"

struct chapters {
    struct spn_chapter *list; /* in order and apart; titles point into probe */
    size_t count;
    json_t *probe;
};

/* Those of an asset; none where it was removed, or its source has none. chapters_finish() always.
 */
int chapters_read(struct db *db, const char *asset, struct chapters *out, struct spn_error *err);
void chapters_finish(struct chapters *chapters);

struct chapter_cues {
    struct spn_plan_cue *cues; /* their texts point into text */
    size_t count;
    struct spn_buffer text;
};

/*
 * Chapters of a timeline at rate as cues; one without a title is called by its number.
 * chapter_cues_finish() always.
 */
int chapter_cues_make(struct spn_rate rate, const struct spn_chapter *list, size_t count,
                      struct chapter_cues *out, struct spn_error *err);
void chapter_cues_finish(struct chapter_cues *cues);

#endif

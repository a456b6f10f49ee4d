/* plan.h - the plan that an examination gave: checked, compared, merged. It is jobs.md's document.
 */
#ifndef CONTROL_PLAN_H
#define CONTROL_PLAN_H

#include <jansson.h>

#include "sampan/error.h"
#include "sampan/time.h"

#define PLAN_CHUNKS_MAX 4096 /* 40 s each: 45 hours */
#define PLAN_VIDEO_MAX  32
#define PLAN_AUDIO_MAX  64
#define PLAN_TEXT_MAX   96 /* with the others fewer than SPN_RENDITIONS_MAX and a few to spare */

struct plan_facts {
    int64_t frames, chunks, chunk_memory_mb;
    struct spn_rate rate;
};

/* Everything that control relies on is there and in bounds. */
int plan_check(const json_t *plan, struct plan_facts *out, struct spn_error *err);
/* Does old make all that fresh asks for? */
int plan_covers(const json_t *old, const json_t *fresh);
/*
 * What fresh asks for, and the texts of old that are done (facts: object by name) and not in it. A
 * new reference; NULL when memory ran out.
 */
json_t *plan_merge(const json_t *old, const json_t *fresh, const json_t *facts);

/* The name of the storyboard, or NULL where there is none; borrowed. */
const char *plan_board(const json_t *plan);

extern const char *const plan_media[3]; /* "video", "audio", "text": members of a plan */

#endif

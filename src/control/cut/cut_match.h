/*
 * cut_match.h - which renditions a composition has: those that all its assets have alike.
 *
 * Each rendition of the first clip's asset, or of the one that was chosen (cut_choice.h), is looked
 * for in every other: video by equal compat_id, audio by language, role and equal compat_id, text
 * by language. What some asset lacks drops out, and is told; or, where clips are to be converted,
 * its picture, or its sound of the same language and role, is encoded anew in that rendition.
 */
#ifndef CONTROL_CUT_MATCH_H
#define CONTROL_CUT_MATCH_H

#include "cut.h"
#include "cut_choice.h"

/* Of one asset. */
struct match_track {
    char id[8];
    char name[SPN_HASH_HEX + 1]; /* what the file is called */
    int64_t place;               /* in its plan */
    int64_t bandwidth;           /* bits a second, on average; what is encoded: of the rendition */
    int encode; /* nothing of it is referenced: it is what the rendition is made from */
};

struct match_rendition {
    int media;  /* 0 video, 1 audio, 2 text: plan_media */
    char id[8]; /* as the chosen asset has it */
    char compat[SPN_HASH_HEX + 1];
    const json_t *planned;      /* of that asset; borrowed from the match */
    struct match_track *tracks; /* one for each asset of the composition */
};

struct cut_match {
    size_t asset_count;
    size_t like;              /* the asset whose renditions these are */
    json_t **plans, **boards; /* of each asset: its plan, the facts of its storyboard or a null */
    struct match_rendition *renditions; /* video, audio, text, each in the plan's order */
    size_t count;
    json_t *dropped; /* [{media, id, language, asset, name, reason}] */
    json_t
        *incompatible; /* [{asset, name, clips, frames}]: not a picture rung is like the first's */
};

/*
 * *out goes to cut_match_free(). SPN_ECONFLICT: an asset was removed since, or is not ready; all of
 * them are in err. SPN_EINVAL: the asset that was chosen is not in the cut.
 */
int cut_match_read(struct db *db, const struct cut *cut, const struct cut_choice *choice,
                   struct cut_match **out, struct spn_error *err);
void cut_match_free(struct cut_match *match); /* NULL is allowed */

/* What a text or audio rendition is told apart by: "und" where the plan does not say. */
const char *planned_language(const json_t *planned);

#endif

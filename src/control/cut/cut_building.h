/* cut_building.h - a cut while it is being built: its rows, jobs and names, for picture and sound.
 */
#ifndef CONTROL_CUT_BUILDING_H
#define CONTROL_CUT_BUILDING_H

#include "cut_build.h"
#include "cut_match.h"

struct build {
    const struct instance *instance;
    struct db *db;
    struct cut *cut;
    const struct cut_choice *choice;
    struct cut_match *match;
    int64_t now_ms;
    int64_t rebuilt; /* times that it was built because it was not what its list says */
    int jobs;
};

int build_row(struct build *build, const char *kind, int64_t place, const char *rendition,
              const char *name, const char *facts, struct spn_error *err);
/* Facts of a file that some cut had made and that is still there, to be freed; NULL: none. */
int build_known(struct build *build, const char *name, char **facts, struct spn_error *err);
int build_job(struct build *build, const char *kind, int64_t place, int64_t memory_mb,
              const json_t *spec, struct spn_error *err);
/* What a file is called that is made of the recipe; what tells kinds of recipes apart. */
void build_name(const struct build *build, const char *what, const json_t *recipe,
                char out[SPN_HASH_HEX + 1]);
json_t *build_rate(struct spn_rate rate);
/* The plan's entry of a rendition in one asset, or in the one that it is to be like; borrowed. */
json_t *build_planned(const struct build *build, const struct match_rendition *rendition,
                      size_t asset);

/* ---- sound ---- */

/* The row of one rendition's bridges, and the job where they are not there. */
int build_sound(struct build *build, int64_t place, const struct match_rendition *rendition,
                struct spn_error *err);
/* How far the sound of each clip is from its picture, [num, den] samples each, as one's "errors".
 */
int build_sound_errors(const struct build *build, const struct match_rendition *rendition,
                       json_t *one, struct spn_error *err);

#endif

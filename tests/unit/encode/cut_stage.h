/*
 * cut_stage.h - for tests of verification: two assets of pictures and a good cut of them, whose
 * files a test may replace and has to put back.
 */
#ifndef TEST_CUT_STAGE_H
#define TEST_CUT_STAGE_H

#include "cut_assets.h"
#include "cut_run.h"
#include "sampan/composed.h"

struct picture_kind {
    unsigned num, den, width, height;
    const char *codec, *preset;
};

extern const struct picture_kind kind_h264, kind_hevc, kind_av1; /* small, for verification */

struct cut_stage {
    struct cut_assets assets;
    struct cut_run run;
    char good[128]; /* the cut as it is sent */
};

/* Films lie in the group's directory (group.h), and are made once. */
void cut_stage_init(struct cut_stage *stage, const struct picture_kind *kind);
void cut_stage_finish(struct cut_stage *stage);

/* A run of its own of the same clips, not yet bridged; to cut_run_finish(). */
void cut_stage_again(const struct cut_stage *stage, struct cut_run *out);

#define CUT_BRIDGES_MAX 32

/* The files of a cut as the product composes them, open. */
struct cut_files {
    struct spn_track *tracks[CUT_ASSETS], *bridges[CUT_BRIDGES_MAX];
    char paths[CUT_ASSETS + CUT_BRIDGES_MAX][128]; /* in the order of struct spn_composed_piece */
    struct spn_composed_files list;
};

void cut_files_open(const struct cut_stage *stage, struct cut_files *files);
void cut_files_close(struct cut_files *files);

#endif

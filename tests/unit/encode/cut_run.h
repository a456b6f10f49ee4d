/*
 * cut_run.h - for tests: a composition of assets, its bridges made with sampan-media, and the whole
 * written as one track file, as a viewer is given it.
 */
#ifndef TEST_CUT_RUN_H
#define TEST_CUT_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "asset_run.h"
#include "sampan/composition.h"

#define CUT_ASSETS_MAX 4

/* Changes the request of a bridge before it is asked for. */
typedef void cut_change(json_t *request);

struct cut_run {
    const char *program;
    const struct asset_run *assets[CUT_ASSETS_MAX]; /* borrowed */
    struct spn_composition *composition;
    cut_change *change;  /* or NULL */
    int from_renditions; /* sources are gone */
    size_t left_out;     /* number of the span, from 1, whose bridge is not written; 0: none */
    size_t other_asset;  /* 1: referenced sound is taken from the next asset */
    char dir[64];        /* of bridges and tracks; removed by cut_run_finish() */
    int64_t encoded;     /* frames, or packets, that were encoded or copied into bridges */
    json_t *answer;      /* of the last bridge that was made */
    json_t *tight;       /* numbers of the bridges of picture that were made near their cap */
};

/* Assets have one video rendition, put together as v0.mp4. */
void cut_run_init(struct cut_run *run, const char *program, const struct asset_run *const *assets,
                  size_t count, const struct spn_clip *clips, size_t clip_count);
void cut_run_finish(struct cut_run *run);
/* Picture or sound of an asset (SPN_ENCODE_PICTURE, SPN_ENCODE_SOUND) is encoded whole. */
void cut_run_encode(struct cut_run *run, size_t asset, unsigned what);

/* Make all bridges of the picture and write DIR/NAME. SPN_OK, or what sampan-media said. */
int cut_run_picture(struct cut_run *run, const char *name, char path[128], struct spn_error *err);

/* Write DIR/NAME once more, of bridges as they are now: DIR/bridge.N of span N, from 0. */
void cut_run_picture_write(struct cut_run *run, const char *name, char path[128]);

/*
 * Make all bridges of audio rendition number n, put together as aN.mp4 in every asset, and write
 * DIR/NAME.
 */
int cut_run_sound(struct cut_run *run, int n, const char *name, char path[128],
                  struct spn_error *err);

/* Write DIR/NAME once more, of the bridges in DIR/sound. */
void cut_run_sound_write(struct cut_run *run, int n, const char *name, char path[128]);

/* What sampan-media finds in v0 or a0 ('v', 'a') as the file at path has it; NULL: it fell down. */
json_t *cut_run_verify(struct cut_run *run, char kind, const char *path);
/* What it answered has no fault, or the test fails with all of them; it is freed. */
void cut_run_faultless(json_t *verified);

/* The member of the answer to examine, {"conform","plan",…}, with open descriptors. */
json_t *cut_asset_json(const struct asset_run *asset, int *fds, size_t *count);

#endif

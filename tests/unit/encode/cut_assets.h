/*
 * cut_assets.h - for tests of compositions: two assets of coded films, to be cut.
 */
#ifndef TEST_CUT_ASSETS_H
#define TEST_CUT_ASSETS_H

#include "asset_run.h"
#include "film.h"
#include "sampan/composition.h"

#define CUT_ASSETS 2

struct cut_assets {
    struct asset_run runs[CUT_ASSETS];
    const struct asset_run *list[CUT_ASSETS];
    char films[CUT_ASSETS][128];
    unsigned gop;
};

/*
 * Films of picture (source is set here, 1 and 2), of that many frames each, encoded with more
 * arguments for ffmpeg into the group's directory (group.h); there already, they are taken as they
 * are. sound: with one track in zh of so many channels (0: none). Then assets with options (a JSON
 * text, or NULL): the picture DIR/v0.mp4 where there is no sound, else the sound DIR/a0.mp4.
 */
void cut_assets_init(struct cut_assets *assets, const char *name, const struct film *film,
                     const unsigned frames[CUT_ASSETS], const char *options);
void cut_assets_finish(struct cut_assets *assets);

#define CUT_CLIPS 12

/* A list with every kind of join, of assets of four GOPs and 7 frames, and of three GOPs. */
void cut_clips_make(unsigned gop, struct spn_clip clips[CUT_CLIPS]);

#endif

/*
 * asset_run.h - for tests: make an asset of a file with sampan-media, chunk after chunk, as a
 * worker does.
 */
#ifndef TEST_ASSET_RUN_H
#define TEST_ASSET_RUN_H

#include <stdint.h>
#include <jansson.h>

#include "media_run.h"

struct asset_run {
    const char *program;  /* sampan-media */
    const char *source;   /* path */
    const char *subtitle; /* path of a file beside it, in zh-Hans, or NULL */
    char dir[64];         /* of everything that is made; removed by asset_run_finish() */
    char hash[65];
    json_t *examined; /* the answer of examine */
};

/* Examine source with these options (borrowed, or NULL); the answer's exit status is returned. */
int asset_run_init(struct asset_run *run, const char *program, const char *source,
                   const json_t *options, struct media_run *answer);
/* The same with a file of subtitles beside it. */
int asset_run_init_with(struct asset_run *run, const char *program, const char *source,
                        const char *subtitle, const json_t *options, struct media_run *answer);
void asset_run_finish(struct asset_run *run);
/* A directory of files, and what is in it. */
void run_dir_remove(const char *path);

int64_t asset_run_chunks(const struct asset_run *run);
/* The plan's member, borrowed. */
json_t *asset_run_plan(const struct asset_run *run, const char *key);

/* Chunk k: DIR/v0.k … and DIR/tiles.k. audio n: DIR/a0. The exit status. */
int asset_run_chunk(const struct asset_run *run, int64_t k, struct media_run *answer);
int asset_run_audio(const struct asset_run *run, int64_t n, struct media_run *answer);
/* Text n: DIR/t0.0. */
int asset_run_text(const struct asset_run *run, int64_t n, struct media_run *answer);
/* All pieces of rendition id, a number of them, put together as DIR/id.mp4. Its path goes to path.
 */
int asset_run_assemble(const struct asset_run *run, const char *id, int64_t pieces, char path[128]);
void asset_run_path(const struct asset_run *run, const char *name, int64_t k, char path[128]);

#endif

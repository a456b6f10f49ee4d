/*
 * cut_assets.h - the assets of a job of a cut, open for sampan-media.
 */
#ifndef WORKER_CUT_ASSETS_H
#define WORKER_CUT_ASSETS_H

#include "kinds.h"

/* Zero-initialised; cut_assets_close() always. */
struct cut_asset {
    struct source_files source;
    int has_source;
    int track_fd;           /* owned; -1: none */
    const char *track_name; /* borrowed from the spec */
};
struct cut_assets {
    struct cut_asset *list; /* as the spec has them */
    size_t count;
    size_t gone;          /* of them have no source any more */
    int64_t mapped_bytes; /* what the child may map: tracks and packet indexes */
};

/*
 * Open what every asset of the spec is read from. Picture: its source, or the best of its tracks
 * where that is gone. Sound: its track, and its source where there is one.
 */
int cut_assets_open_picture(struct worker *worker, struct job *job, struct cut_assets *out,
                            struct spn_error *err);
int cut_assets_open_sound(struct worker *worker, struct job *job, struct cut_assets *out,
                          struct spn_error *err);
void cut_assets_close(struct cut_assets *assets);

/* Put "assets" into the request, and give it the memory for them. */
int cut_assets_request(const struct cut_assets *assets, const struct job *job,
                       struct media_call *call, struct spn_error *err);

#endif

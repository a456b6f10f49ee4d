/*
 * kinds.h - the kinds of jobs: a row here, a file that has its function, and a row in
 * src/control/kinds.c are all there is to one.
 */
#ifndef WORKER_KINDS_H
#define WORKER_KINDS_H

#include "keep.h"
#include "media_child.h"
#include "worker.h"

/* What a job comes to; *result is a new reference. A row is a kind's name. */
#define WORKER_KINDS(kind)                                                                         \
    kind(examine) kind(chunk) kind(audio) kind(text) kind(assemble) kind(storyboard) kind(bridge)  \
        kind(sound_bridge) kind(verify) kind(flatten)

typedef int kind_run(struct worker *worker, struct job *job, json_t **result,
                     struct spn_error *err);
#define KIND_FUNCTION(name) kind_run kind_##name;
WORKER_KINDS(KIND_FUNCTION)
#undef KIND_FUNCTION

#define RENDITIONS_MAX 64 /* of one media */

/* A request with its version, its limits, and the members of the spec that are handed on. */
int request_begin(struct job *job, const char *operation, const char *what, struct media_call *call,
                  struct spn_error *err);
/* object.name = the number that file has in the child. */
int request_output(struct media_call *call, json_t *object, const char *name,
                   const struct spn_file *file, struct spn_error *err);

/* Memory for a request: what is planned for it, and the files that the child maps. */
int request_memory(struct media_call *call, int64_t planned_mb, int64_t more_bytes,
                   struct spn_error *err);

/* A file of subtitles of the spec, opened: path and name. */
int beside_open(const json_t *object, int *fd, struct spn_error *err);

/* "v0": checked, since it becomes part of a path. */
int rendition_id(const json_t *rendition, const char **out, struct spn_error *err);
/* The member of plan.MEDIA that the spec's INDEX_NAME points at, and its name, a hash. */
int rendition_of(const struct job *job, const char *media, const char *index_name, json_t **out,
                 const char **name, struct spn_error *err);
int piece_path(const struct worker *worker, const char *asset, const char *rendition, int64_t chunk,
               char out[SPN_PATH_MAX], struct spn_error *err);
int track_place(const struct worker *worker, const char *name, const char *suffix,
                char out[SPN_PATH_MAX], struct spn_error *err);

/*
 * Hold a track file to the contract, but for the rules waived (NULL ends them). what is it called
 * in the sentence. SPN_EFORMAT: it breaks one. (tracks.c)
 */
int track_verify(const char *path, const char *what, const char *const *waived,
                 struct spn_error *err);

#endif

/*
 * kinds.h - what the kinds of jobs share.
 */
#ifndef WORKER_KINDS_H
#define WORKER_KINDS_H

#include "keep.h"
#include "media_child.h"
#include "worker.h"

/* A request with its version, its limits, and the members of the spec that are handed on. */
int request_begin(struct job *job, const char *operation, const char *what, struct media_call *call,
                  struct spn_error *err);
/* object.name = the number that file has in the child. */
int request_output(struct media_call *call, json_t *object, const char *name,
                   const struct spn_file *file, struct spn_error *err);

/* "v0": checked, since it becomes part of a path. */
int rendition_id(const json_t *rendition, const char **out, struct spn_error *err);
/* The member of plan.MEDIA that the spec's INDEX_NAME points at, and its name, a hash. */
int rendition_of(const struct job *job, const char *media, const char *index_name, json_t **out,
                 const char **name, struct spn_error *err);
int piece_path(const struct worker *worker, const char *asset, const char *rendition, int64_t chunk,
               char out[SPN_PATH_MAX], struct spn_error *err);
int track_place(const struct worker *worker, const char *name, const char *suffix,
                char out[SPN_PATH_MAX], struct spn_error *err);

#endif

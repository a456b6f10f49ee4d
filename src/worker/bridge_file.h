/*
 * bridge_file.h - a file of bridges that sampan-media made: held to what was asked for before it
 * is given its name.
 */
#ifndef WORKER_BRIDGE_FILE_H
#define WORKER_BRIDGE_FILE_H

#include "kinds.h"

/* Zero-initialised; bridge_file_finish() always. */
struct bridge_file {
    const char *id, *name; /* of the rendition, and what the file will be called; borrowed */
    struct spn_hash compat;
    struct spn_file *file;
    char path[SPN_PATH_MAX];
    json_t *described; /* owned: what the catalogue keeps of it */
};

/* Of an output of the spec: {"id","name","compat_id"}; an empty file is made. */
int bridge_file_init(struct worker *worker, const json_t *output, struct bridge_file *out,
                     struct spn_error *err);
void bridge_file_finish(struct bridge_file *file);

/*
 * Hold what was written to the contract of a track (but that its GOPs are whole and that it has a
 * sidx), to the decoder configuration that was asked for, to fragments of lengths frames or
 * packets, and to the size and hash that sampan-media told of (told: {"bytes","sha256"}).
 * SPN_EMISMATCH, SPN_EFORMAT: it is not what was asked for. told's other members called words are
 * kept with it.
 */
int bridge_file_check(struct bridge_file *file, const int64_t *lengths, size_t count,
                      const json_t *told, const char *const *words, struct spn_error *err);

/*
 * Give all of them their names. What has the name already and is as good stays to the byte, since a
 * publication may point into it. *list is a new reference: what there is now.
 */
int bridge_files_commit(struct worker *worker, struct bridge_file *files, size_t file_count,
                        const int64_t *lengths, size_t count, json_t **list, struct spn_error *err);

#endif

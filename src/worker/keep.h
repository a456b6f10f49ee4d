/*
 * keep.h - the source of a job: brought into the data directory, or opened where it lies.
 */
#ifndef WORKER_KEEP_H
#define WORKER_KEEP_H

#include "media_child.h"
#include "worker.h"

/* A source that is being kept: not yet under its name. Zero-initialised; keep_finish() always. */
struct keep {
    int fd;                /* to read it; owned where file is NULL */
    struct spn_file *file; /* the copy; NULL for a linked one */
    struct spn_hash hash;
    char hex[SPN_HASH_HEX + 1];
    uint64_t size;
};

/*
 * Read the file at path and hash it; with link it stays where it is, else a copy (a reflink where
 * the disk can) is made that keep_commit() names. Refuses what is no file, what is empty and what
 * cannot be read. Progress is told to the job in bytes.
 */
int keep_source(struct worker *worker, struct job *job, const char *path, const char *name,
                int link, struct keep *out, struct spn_error *err);
/* Put the copy (if any) and its packet index in place together. */
int keep_commit(struct worker *worker, struct keep *keep, struct spn_file *index,
                struct spn_error *err);
void keep_finish(struct keep *keep);

/*
 * Open the source that asset, a spec or one of its assets, speaks of and the packet index beside
 * it. A linked one is hashed before its first use by this worker, and again when its size or times
 * have changed: SPN_EMISMATCH where it is not the file any more. SPN_ENOENT with source_fd -1: the
 * source is gone. source_files_close() also after a failure.
 */
struct source_files {
    int source_fd, index_fd; /* owned; -1 for none */
    const char *name;        /* borrowed from the spec */
};
int source_files_open(struct worker *worker, struct job *job, const json_t *asset,
                      struct source_files *out, struct spn_error *err);
void source_files_close(struct source_files *files);
/* Put "source" and "index_fd" into object: the request, or one of its assets. */
int source_files_request(const struct source_files *files, const json_t *asset,
                         struct media_call *call, json_t *object, struct spn_error *err);

#endif

/*
 * upload.h - a file that comes over HTTP in parts (tus 1.0): tmp/upload/ID, as far as it has come.
 *
 * How much is there is a fact of the catalogue, written after a sync of the file: after the power
 * failed a file may be longer than what was sent of it. What lies behind is given up when somebody
 * goes on. One request at a time writes to an upload.
 */
#ifndef CONTROL_UPLOAD_H
#define CONTROL_UPLOAD_H

#include <jansson.h>

#include "instance.h"

#define UPLOAD_NAME_MAX     1024
#define UPLOAD_METADATA_MAX 8192
#define UPLOAD_LENGTH_MAX   (1LL << 42) /* bytes: 4 TiB, three hours of uncompressed 8K */

struct upload {
    char id[SPN_ID_MAX];
    char state[16]; /* open, complete, taken */
    char name[UPLOAD_NAME_MAX];
    char metadata[UPLOAD_METADATA_MAX];
    int64_t length, offset; /* bytes; offset: what is there for good */
    int64_t expires_ms;
};

/* metadata is tus' header as it came, or ""; the name in it is decoded. id has SPN_ID_MAX bytes. */
int upload_create(const struct instance *instance, struct db *db, int64_t length,
                  const char *metadata, char *id, struct spn_error *err);
int upload_show(const struct instance *instance, struct db *db, const char *id, struct upload *out,
                struct spn_error *err);
/* SPN_ECONFLICT: an ingest has it. */
int upload_delete(const struct instance *instance, struct db *db, const char *id,
                  struct spn_error *err);
/* For ingest: the path (SPN_PATH_MAX bytes) and name of a complete upload. Inside a transaction. */
int upload_take(const struct instance *instance, struct db *db, const char *id, const char *ingest,
                char *path, char *name, struct spn_error *err);
/* Those that nobody went on with, and those whose ingest needs them no more. */
int upload_expire(const struct instance *instance, struct db *db, struct spn_error *err);
int upload_path(const struct instance *instance, const char *id, char *out, struct spn_error *err);

/*
 * Write at the end of an upload. SPN_ECONFLICT: offset is not where it ends; SPN_EAGAIN: somebody
 * else writes; SPN_ELIMIT: longer than was said. upload_close() syncs and keeps how much is there,
 * in *offset as in the catalogue, and marks the upload complete when that is all; upload_write()
 * does so every upload_sync bytes. db is that of the calling thread; NULL: nothing more is kept.
 */
struct upload_writer;
int upload_open(const struct instance *instance, struct db *db, const char *id, int64_t offset,
                struct upload_writer **out, struct spn_error *err);
int upload_write(struct upload_writer *writer, struct db *db, const void *bytes, size_t size,
                 struct spn_error *err);
int upload_close(struct upload_writer *writer, struct db *db, int64_t *offset,
                 struct spn_error *err);

#endif

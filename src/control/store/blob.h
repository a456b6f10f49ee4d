/*
 * blob.h - the bytes that Sampan keeps, by kind and name; local files for now.
 *
 * What is kept is never changed: a blob is put under its name once, and removed once.
 */
#ifndef CONTROL_BLOB_H
#define CONTROL_BLOB_H

#include "instance.h"

enum blob_kind {
    BLOB_SOURCE,       /* source/ab/HASH */
    BLOB_SOURCE_INDEX, /* source/ab/HASH.index */
    BLOB_TRACK,        /* track/ab/NAME */
    BLOB_TEXT,         /* track/ab/NAME.vtt */
    BLOB_SHEETS,       /* track/ab/NAME.sheets */
    BLOB_TILES,        /* track/ab/NAME.tiles */
    BLOB_BRIDGE,       /* bridge/ab/NAME */
    BLOB_FLAT,         /* flat/ab/NAME.mp4 */
    BLOB_PUBLICATION,  /* publication/yz/ID */
    BLOB_TOMBSTONE,    /* publication/yz/ID.gone */
};

/* name is well formed: a hash or an id. out has SPN_PATH_MAX bytes. */
int blob_path(const struct instance *instance, enum blob_kind kind, const char *name, char *out,
              struct spn_error *err);
/* Bytes of it; SPN_ENOENT where there is none. */
int blob_size(const struct instance *instance, enum blob_kind kind, const char *name, uint64_t *out,
              struct spn_error *err);
int blob_put(const struct instance *instance, enum blob_kind kind, const char *name,
             const void *bytes, size_t size, struct spn_error *err);
int blob_remove(const struct instance *instance, enum blob_kind kind, const char *name,
                struct spn_error *err);
/* tmp/asset/ASSET/WHAT.CHUNK: what chunks leave until they are put together. */
int piece_path(const struct instance *instance, const char *asset, const char *what, int64_t chunk,
               char *out, struct spn_error *err);

#endif

/* blob.c - local files, fanned out by two letters. */
#include "blob.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

static const struct {
    const char *folder, *suffix;
    unsigned mode;
} places[] = {
    [BLOB_SOURCE] = { "source", "", 0640 },
    [BLOB_SOURCE_INDEX] = { "source", ".index", 0640 },
    [BLOB_TRACK] = { "track", "", 0644 },
    [BLOB_TEXT] = { "track", ".vtt", 0644 },
    [BLOB_SHEETS] = { "track", ".sheets", 0644 },
    [BLOB_TILES] = { "track", ".tiles", 0644 },
    [BLOB_BRIDGE] = { "bridge", "", 0644 },
    [BLOB_FLAT] = { "flat", ".mp4", 0644 },
    [BLOB_PUBLICATION] = { "publication", "", 0644 },
    [BLOB_TOMBSTONE] = { "publication", ".gone", 0644 },
};

int blob_path(const struct instance *instance, enum blob_kind kind, const char *name, char *out,
              struct spn_error *err)
{
    return spn_file_place(out, SPN_PATH_MAX, instance->data_dir, places[kind].folder, name,
                          places[kind].suffix, err);
}

int blob_size(const struct instance *instance, enum blob_kind kind, const char *name, uint64_t *out,
              struct spn_error *err)
{
    char path[SPN_PATH_MAX];
    struct stat st;
    int ret;

    *out = 0;
    if ((ret = blob_path(instance, kind, name, path, err)) < 0)
        return ret;
    if (stat(path, &st) < 0)
        return spn_error_errno(err, errno, "cannot read %s", path);
    *out = (uint64_t)st.st_size;
    return SPN_OK;
}

int blob_put(const struct instance *instance, enum blob_kind kind, const char *name,
             const void *bytes, size_t size, struct spn_error *err)
{
    char path[SPN_PATH_MAX], tmp[SPN_PATH_MAX];
    int ret;

    if ((ret = blob_path(instance, kind, name, path, err)) < 0 ||
        (ret = instance_path(instance, tmp, sizeof(tmp), "tmp", err)) < 0)
        return ret;
    return spn_file_put(tmp, path, places[kind].mode, bytes, size, err);
}

int blob_remove(const struct instance *instance, enum blob_kind kind, const char *name,
                struct spn_error *err)
{
    char path[SPN_PATH_MAX];
    int ret = blob_path(instance, kind, name, path, err);

    return ret < 0 ? ret : spn_file_remove(path, err);
}

int piece_path(const struct instance *instance, const char *asset, const char *what, int64_t chunk,
               char *out, struct spn_error *err)
{
    int length = snprintf(out, SPN_PATH_MAX, "%s/tmp/asset/%s/%s.%lld", instance->data_dir, asset,
                          what, (long long)chunk);

    return length < 0 || length >= SPN_PATH_MAX
               ? spn_error_set(err, SPN_ELIMIT, "the path of a piece of %s is too long", asset)
               : SPN_OK;
}

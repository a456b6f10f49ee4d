/* pieces.c - the pieces of finished assets. */
#include "pieces.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int folder_remove(const char *path, struct spn_error *err)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    if (!dir)
        return errno == ENOENT ? SPN_OK : spn_error_errno(err, errno, "cannot read %s", path);
    while ((entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    (void)closedir(dir);
    if (rmdir(path) < 0 && errno != ENOENT)
        return spn_error_errno(err, errno, "cannot remove %s", path);
    return SPN_OK;
}

int pieces_remove(const struct instance *instance, struct db *db, struct spn_error *err)
{
    char path[SPN_PATH_MAX];
    struct dirent *entry;
    int ret;
    DIR *dir;

    if ((ret = instance_path(instance, path, sizeof(path), "tmp/asset", err)) < 0)
        return ret;
    if (!(dir = opendir(path)))
        return spn_error_errno(err, errno, "cannot read %s", path);
    while (ret >= 0 && (entry = readdir(dir))) {
        char folder[SPN_PATH_MAX], name[32 + SPN_HASH_HEX];
        struct spn_hash hash;
        int64_t ready = 0;

        if (spn_hash_parse(entry->d_name, strlen(entry->d_name), &hash) < 0)
            continue;
        if ((ret = db_count(db, "SELECT 1 FROM asset WHERE hash = $1 AND state = 'ready'",
                            DB_ARGS(db_text(entry->d_name)), 0, &ready, err)) < 0 ||
            !ready)
            continue;
        (void)snprintf(name, sizeof(name), "tmp/asset/%.64s", entry->d_name);
        if ((ret = instance_path(instance, folder, sizeof(folder), name, err)) >= 0)
            ret = folder_remove(folder, err);
    }
    (void)closedir(dir);
    return ret < 0 ? ret : SPN_OK;
}

/* layout.c - the folders of the data directory and the version they have. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "instance.h"

#define LAYOUT_MAGIC    "sampan-data "
#define LAYOUT_FILE_MAX 64

static const char *const folders[] = { "tmp",    "tmp/upload", "tmp/asset", "db",
                                       "source", "track",      "bridge",    "publication",
                                       "flat",   "key",        "run",       "log" };

static int layout_version(const char *path, int *out, struct spn_error *err)
{
    struct spn_buffer text = { 0 };
    const char *string;
    char *end;
    long version;
    int ret;

    *out = 0;
    ret = spn_file_get(path, LAYOUT_FILE_MAX, &text, err);
    if (ret == SPN_ENOENT) {
        ret = SPN_OK;
    } else if (ret >= 0) {
        string = spn_buffer_text(&text);
        if (!string) {
            ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
        } else if (strncmp(string, LAYOUT_MAGIC, strlen(LAYOUT_MAGIC)) != 0 ||
                   (version = strtol(string + strlen(LAYOUT_MAGIC), &end, 10)) < 1 ||
                   version > 1000000 || *end != '\n') {
            ret = spn_error_set(err, SPN_EFORMAT,
                                "%s does not say which layout the data directory has; restore it "
                                "(\"" LAYOUT_MAGIC "%d\" for this version)",
                                path, LAYOUT_VERSION);
        } else {
            *out = (int)version;
        }
    }
    spn_buffer_finish(&text);
    return ret;
}

static int layout_lock(const struct instance *instance, int *lock, struct spn_error *err)
{
    char path[SPN_PATH_MAX];
    int ret, fd;

    if ((ret = instance_path(instance, path, sizeof(path), "run/control.lock", err)) < 0)
        return ret;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return spn_error_errno(err, errno, "cannot open %s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        (void)close(fd);
        return spn_error_set(err, SPN_ECONFLICT,
                             "another sampan-control runs on %s; stop it first, or use it",
                             instance->data_dir);
    }
    *lock = fd;
    return SPN_OK;
}

int layout_open(const struct instance *instance, int *lock, struct spn_error *err)
{
    char path[SPN_PATH_MAX], tmp[SPN_PATH_MAX], text[LAYOUT_FILE_MAX];
    int version, ret;

    if ((ret = instance_path(instance, path, sizeof(path), "layout", err)) < 0 ||
        (ret = instance_path(instance, tmp, sizeof(tmp), "tmp", err)) < 0 ||
        (ret = layout_version(path, &version, err)) < 0)
        return ret;
    if (version > LAYOUT_VERSION)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "%s has layout %d, and this version of sampan knows only up to %d; "
                             "install the newer version again",
                             instance->data_dir, version, LAYOUT_VERSION);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char folder[SPN_PATH_MAX];
        /* What is sent is readable for nginx, all else is ours alone. */
        int open = strcmp(folders[i], "track") == 0 || strcmp(folders[i], "bridge") == 0 ||
                   strcmp(folders[i], "publication") == 0 || strcmp(folders[i], "flat") == 0;

        if ((ret = instance_path(instance, folder, sizeof(folder), folders[i], err)) < 0 ||
            (ret = spn_file_mkdirs(folder, open ? 0755 : 0700, err)) < 0)
            return ret;
    }
    if (lock && (ret = layout_lock(instance, lock, err)) < 0)
        return ret;
    if (version < LAYOUT_VERSION) {
        int length = snprintf(text, sizeof(text), LAYOUT_MAGIC "%d\n", LAYOUT_VERSION);

        ret = spn_file_put(tmp, path, 0644, text, (size_t)length, err);
    }
    return ret;
}

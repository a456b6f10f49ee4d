#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Temporary files need no syncing: nothing refers to them, and what a power cut leaves of them is
 * removed by the next worker. The lock is on the directory itself.
 */
static void directory_empty(int dir_fd)
{
    int fd = dup(dir_fd);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            (void)unlinkat(dir_fd, entry->d_name, 0);
    closedir(dir);
}

static int directory_lock(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void dead_remove(int parent)
{
    int listing = dup(parent);
    DIR *dir = listing >= 0 ? fdopendir(listing) : NULL;
    struct dirent *entry;

    if (!dir) {
        if (listing >= 0)
            close(listing);
        return;
    }
    while ((entry = readdir(dir))) {
        int fd;

        if (entry->d_name[0] == '.')
            continue;
        fd = directory_lock(parent, entry->d_name);
        if (fd < 0)
            continue; /* alive, or no directory */
        directory_empty(fd);
        (void)unlinkat(parent, entry->d_name, AT_REMOVEDIR);
        close(fd);
    }
    closedir(dir);
}

int scratch_open(const char *data, const char *name, char path[SPN_PATH_MAX], int *lock,
                 struct spn_error *err)
{
    char parent_path[SPN_PATH_MAX];
    int parent, ret;

    if (snprintf(parent_path, sizeof(parent_path), "%s/tmp/worker", data) >= SPN_PATH_MAX ||
        (size_t)snprintf(path, SPN_PATH_MAX, "%s/tmp/worker/%s", data, name) >= SPN_PATH_MAX)
        return spn_error_set(err, SPN_ELIMIT, "the data directory's path is too long");
    if ((ret = spn_file_mkdirs(parent_path, 0700, err)) < 0)
        return ret;
    parent = open(parent_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0)
        return spn_error_errno(err, errno, "cannot open %s", parent_path);
    dead_remove(parent);
    /* Another worker that starts now may remove ours between mkdir and flock: then it is made
     * again. */
    *lock = -1;
    for (int tries = 0; *lock < 0 && tries < 20; tries++) {
        struct stat held, named;

        if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
            break;
        *lock = directory_lock(parent, name);
        if (*lock >= 0 && (fstat(*lock, &held) < 0 || fstatat(parent, name, &named, 0) < 0 ||
                           held.st_ino != named.st_ino)) {
            close(*lock);
            *lock = -1;
        }
    }
    if (*lock < 0)
        ret = errno == EWOULDBLOCK
                  ? spn_error_set(err, SPN_ECONFLICT, "a worker called %s runs already", name)
                  : spn_error_errno(err, errno, "cannot make %s", path);
    close(parent);
    return ret;
}

void scratch_close(const char *path, int lock)
{
    if (lock < 0)
        return;
    directory_empty(lock);
    (void)rmdir(path);
    close(lock);
}

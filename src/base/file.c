/* file.c - temporary name, sync, rename, sync of the directory: the only way a file is made. */
#include "sampan/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_TRIES 16 /* two names of 128 random bits do not meet; a broken clock of a disk may */
#define COPY_STEP  (1u << 30) /* bytes in one copy_file_range: less than any kernel's limit */
#define READ_STEP  (256u << 10)

struct spn_file {
    int fd;
    int committed;           /* or never temporary: destroying leaves it */
    char path[SPN_PATH_MAX]; /* the temporary name until committed */
};

static int real_open(const char *path, int flags, mode_t mode)
{
    return open(path, flags, mode);
}

static ssize_t real_copy(int from_fd, off_t *offset, int to_fd, size_t size)
{
    return copy_file_range(from_fd, offset, to_fd, NULL, size, 0);
}

static int real_clone(int to_fd, int from_fd)
{
    return ioctl(to_fd, FICLONE, from_fd);
}

const struct spn_file_ops spn_file_ops_real = {
    .open = real_open,
    .write = write,
    .copy = real_copy,
    .clone = real_clone,
    .truncate = ftruncate,
    .fsync = fsync,
    .rename = rename,
    .unlink = unlink,
    .mkdir = mkdir,
    .close = close,
};

static const struct spn_file_ops *ops = &spn_file_ops_real;

void spn_file_ops_set(const struct spn_file_ops *table)
{
    ops = table ? table : &spn_file_ops_real;
}

int spn_file_create(const char *tmp_dir, unsigned mode, struct spn_file **out,
                    struct spn_error *err)
{
    struct spn_file *file = calloc(1, sizeof(*file));
    uint8_t random[16];
    char suffix[2 * sizeof(random) + 1];
    int length;

    *out = NULL;
    if (!file)
        return spn_error_set(err, SPN_ENOMEM, "no memory for a new file in %s", tmp_dir);
    file->fd = -1;
    for (int tries = 0; file->fd < 0 && tries < NAME_TRIES; tries++) {
        randombytes_buf(random, sizeof(random));
        (void)sodium_bin2hex(suffix, sizeof(suffix), random, sizeof(random));
        length = snprintf(file->path, sizeof(file->path), "%s/new-%s", tmp_dir, suffix);
        if (length < 0 || (size_t)length >= sizeof(file->path)) {
            free(file);
            return spn_error_set(err, SPN_ELIMIT,
                                 "the path of directory %.100s… is longer than %d bytes", tmp_dir,
                                 SPN_PATH_MAX - 64);
        }
        file->fd =
            ops->open(file->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
        if (file->fd < 0 && errno != EEXIST && errno != EINTR)
            break;
    }
    if (file->fd < 0) {
        int errnum = errno;

        free(file);
        return spn_error_errno(err, errnum, "cannot make a file in %s", tmp_dir);
    }
    *out = file;
    return SPN_OK;
}

int spn_file_write(struct spn_file *file, const void *bytes, size_t size, struct spn_error *err)
{
    const uint8_t *p = bytes;

    while (size) {
        ssize_t n = ops->write(file->fd, p, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return spn_error_errno(err, n < 0 ? errno : EIO, "cannot write to %s", file->path);
        p += n;
        size -= (size_t)n;
    }
    return SPN_OK;
}

/* What copy_file_range answers where the two files are not of a kind it can copy between. */
static int copy_unsupported(int errnum)
{
    return errnum == EXDEV || errnum == EINVAL || errnum == ENOSYS || errnum == EOPNOTSUPP ||
           errnum == EPERM || errnum == EBADF;
}

static int copy_by_hand(struct spn_file *file, int from_fd, uint64_t offset, uint64_t size,
                        struct spn_error *err)
{
    uint8_t *block = malloc(READ_STEP);
    int ret = SPN_OK;

    if (!block)
        return spn_error_set(err, SPN_ENOMEM, "no memory to copy into %s", file->path);
    while (size && ret == SPN_OK) {
        size_t want = size < READ_STEP ? (size_t)size : READ_STEP;
        ssize_t n = pread(from_fd, block, want, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            ret = spn_error_errno(err, errno, "cannot read what is copied into %s", file->path);
        } else if (n == 0) {
            ret = spn_error_set(err, SPN_ERANGE,
                                "what is copied into %s ends at byte %llu, %llu bytes too early",
                                file->path, (unsigned long long)offset, (unsigned long long)size);
        } else {
            ret = spn_file_write(file, block, (size_t)n, err);
            offset += (uint64_t)n;
            size -= (uint64_t)n;
        }
    }
    free(block);
    return ret;
}

int spn_file_copy(struct spn_file *file, int from_fd, uint64_t offset, uint64_t size,
                  struct spn_error *err)
{
    if (offset > INT64_MAX || size > INT64_MAX - offset)
        return spn_error_set(err, SPN_ERANGE, "no file has a byte %llu",
                             (unsigned long long)offset);
    while (size) {
        off_t from = (off_t)offset;
        ssize_t n =
            ops->copy(from_fd, &from, file->fd, size < COPY_STEP ? (size_t)size : COPY_STEP);

        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0 || (n < 0 && copy_unsupported(errno)))
            return copy_by_hand(file, from_fd, offset, size, err);
        if (n < 0)
            return spn_error_errno(err, errno, "cannot copy into %s", file->path);
        offset += (uint64_t)n;
        size -= (uint64_t)n;
    }
    return SPN_OK;
}

int spn_file_clone(struct spn_file *file, int from_fd, struct spn_error *err)
{
    if (ops->clone(file->fd, from_fd) == 0)
        return SPN_OK;
    if (errno == EOPNOTSUPP || errno == EXDEV || errno == EINVAL || errno == ENOTTY ||
        errno == ENOSYS || errno == EPERM || errno == EBADF)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "the file system of %s cannot share bytes between these two files; "
                             "copy them",
                             file->path);
    return spn_error_errno(err, errno, "cannot clone into %s", file->path);
}

int spn_file_fd(const struct spn_file *file)
{
    return file->fd;
}

const char *spn_file_path(const struct spn_file *file)
{
    return file->path;
}

uint64_t spn_file_size(const struct spn_file *file)
{
    struct stat st;

    return fstat(file->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* The directory that path lies in: "." for a bare name, "/" for what lies in the root. */
static int path_parent(const char *path, char out[SPN_PATH_MAX], struct spn_error *err)
{
    size_t length = strlen(path);

    if (length == 0 || length >= SPN_PATH_MAX)
        return spn_error_set(err, SPN_EINVAL, "a path has 1 to %d bytes, this one has %zu",
                             SPN_PATH_MAX - 1, length);
    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (length == 0) {
        out[0] = '.';
        length = 1;
    } else {
        memcpy(out, path, length);
    }
    out[length] = '\0';
    return SPN_OK;
}

static int file_sync(int fd, const char *path, struct spn_error *err)
{
    while (ops->fsync(fd) < 0) {
        if (errno == EINTR)
            continue;
        return spn_error_errno(err, errno, "cannot sync %s", path);
    }
    return SPN_OK;
}

static int directory_sync(const char *path, struct spn_error *err)
{
    int fd = ops->open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    int ret;

    if (fd < 0)
        return spn_error_errno(err, errno, "cannot open directory %s", path);
    ret = file_sync(fd, path, err);
    (void)ops->close(fd);
    return ret;
}

/* Make one directory and sync its parent. */
static int directory_make(const char *path, mode_t mode, struct spn_error *err)
{
    char parent[SPN_PATH_MAX];
    struct stat st;
    int made, ret;

    made = ops->mkdir(path, mode) == 0;
    if (!made) {
        int errnum = errno;

        if (errnum == ENOENT || stat(path, &st) < 0)
            return spn_error_errno(err, errnum, "cannot make directory %s", path);
        if (!S_ISDIR(st.st_mode))
            return spn_error_set(err, SPN_EEXIST, "%s is not a directory; move it away", path);
    }
    if ((ret = path_parent(path, parent, err)) < 0)
        return ret;
    ret = directory_sync(parent, made ? err : NULL);
    /* Who may not read the parent did not make what is in it either. */
    return !made && ret == SPN_EACCES ? SPN_OK : ret;
}

int spn_file_mkdirs(const char *path, unsigned mode, struct spn_error *err)
{
    char part[SPN_PATH_MAX];
    size_t length = strlen(path);
    struct stat st;
    int ret = directory_make(path, (mode_t)mode, err);

    if (ret != SPN_ENOENT || length >= sizeof(part))
        return ret;
    memcpy(part, path, length + 1);
    for (size_t i = 1; i < length; i++) {
        if (path[i] != '/' || path[i - 1] == '/')
            continue;
        part[i] = '\0';
        if (stat(part, &st) < 0 && (ret = directory_make(part, (mode_t)mode, err)) < 0)
            return ret;
        part[i] = '/';
    }
    return directory_make(path, (mode_t)mode, err);
}

int spn_file_commit_all(struct spn_file *const files[], const char *const paths[], size_t count,
                        struct spn_error *err)
{
    char parent[SPN_PATH_MAX], before[SPN_PATH_MAX] = "";
    int ret;

    for (size_t i = 0; i < count; i++)
        if ((ret = file_sync(files[i]->fd, files[i]->path, err)) < 0)
            return ret;
    for (size_t i = 0; i < count; i++) {
        if ((ret = path_parent(paths[i], parent, err)) < 0)
            return ret;
        if (strcmp(parent, before) != 0 && (ret = spn_file_mkdirs(parent, 0755, err)) < 0)
            return ret;
        memcpy(before, parent, sizeof(before));
    }
    for (size_t i = 0; i < count; i++) {
        if (ops->rename(files[i]->path, paths[i]) < 0)
            return spn_error_errno(err, errno, "cannot rename %s to %s", files[i]->path, paths[i]);
        files[i]->committed = 1;
    }
    before[0] = '\0';
    for (size_t i = 0; i < count; i++) { /* neighbours share a sync */
        if ((ret = path_parent(paths[i], parent, err)) < 0)
            return ret;
        if (strcmp(parent, before) != 0 && (ret = directory_sync(parent, err)) < 0)
            return ret;
        memcpy(before, parent, sizeof(before));
    }
    return SPN_OK;
}

int spn_file_commit(struct spn_file *file, const char *path, struct spn_error *err)
{
    return spn_file_commit_all(&file, &path, 1, err);
}

int spn_file_begin(const char *path, unsigned mode, struct spn_error *err)
{
    char parent[SPN_PATH_MAX];
    int ret, fd;

    if ((ret = path_parent(path, parent, err)) < 0)
        return ret;
    fd = ops->open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return spn_error_errno(err, errno, "cannot make %s", path);
    (void)ops->close(fd); /* no bytes to be synced */
    return directory_sync(parent, err);
}

int spn_file_resume(const char *path, struct spn_file **out, struct spn_error *err)
{
    struct spn_file *file = calloc(1, sizeof(*file));
    size_t length = strlen(path);

    *out = NULL;
    if (!file)
        return spn_error_set(err, SPN_ENOMEM, "no memory to go on with %s", path);
    if (length >= sizeof(file->path)) {
        free(file);
        return spn_error_set(err, SPN_ELIMIT, "the path %.100s… is longer than %d bytes", path,
                             SPN_PATH_MAX - 1);
    }
    memcpy(file->path, path, length + 1);
    file->committed = 1;
    file->fd = ops->open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0);
    if (file->fd < 0 || flock(file->fd, LOCK_EX | LOCK_NB) < 0) {
        int errnum = errno, held = file->fd >= 0 && errnum == EWOULDBLOCK;

        if (file->fd >= 0)
            (void)ops->close(file->fd);
        free(file);
        return held ? spn_error_set(err, SPN_EAGAIN, "somebody else is writing to %s", path)
                    : spn_error_errno(err, errnum, "cannot open %s", path);
    }
    *out = file;
    return SPN_OK;
}

int spn_file_sync(struct spn_file *file, struct spn_error *err)
{
    return file_sync(file->fd, file->path, err);
}

int spn_file_truncate(struct spn_file *file, uint64_t size, struct spn_error *err)
{
    uint64_t there = spn_file_size(file);

    if (there < size)
        return spn_error_set(err, SPN_ERANGE, "%s has %" PRIu64 " bytes, not %" PRIu64, file->path,
                             there, size);
    if (there > size && ops->truncate(file->fd, (off_t)size) < 0)
        return spn_error_errno(err, errno, "cannot shorten %s", file->path);
    return SPN_OK;
}

void spn_file_destroy(struct spn_file *file)
{
    if (!file)
        return;
    if (!file->committed)
        (void)ops->unlink(file->path);
    (void)ops->close(file->fd);
    free(file);
}

int spn_file_put(const char *tmp_dir, const char *path, unsigned mode, const void *bytes,
                 size_t size, struct spn_error *err)
{
    struct spn_file *file = NULL;
    int ret;

    if ((ret = spn_file_create(tmp_dir, mode, &file, err)) < 0 ||
        (ret = spn_file_write(file, bytes, size, err)) < 0)
        goto done;
    ret = spn_file_commit(file, path, err);

done:
    spn_file_destroy(file);
    return ret;
}

int spn_file_get(const char *path, uint64_t limit, struct spn_buffer *out, struct spn_error *err)
{
    int fd = ops->open(path, O_RDONLY | O_CLOEXEC, 0);
    uint64_t size = 0;
    int ret = SPN_OK;

    if (fd < 0)
        return spn_error_errno(err, errno, "cannot open %s", path);
    for (;;) {
        uint64_t room = limit - size < READ_STEP ? limit - size + 1 : READ_STEP;
        uint8_t *p = spn_buffer_reserve(out, (size_t)room);
        ssize_t n;

        if (!p) {
            ret = spn_error_set(err, SPN_ENOMEM, "no memory to read %s", path);
            break;
        }
        n = read(fd, p, (size_t)room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            ret = spn_error_errno(err, errno, "cannot read %s", path);
            break;
        }
        if (n == 0)
            break;
        if ((uint64_t)n > limit - size) {
            ret = spn_error_set(err, SPN_ELIMIT, "%s is larger than %llu bytes", path,
                                (unsigned long long)limit);
            break;
        }
        size += (uint64_t)n;
        out->size += (size_t)n;
    }
    (void)ops->close(fd);
    return ret;
}

int spn_file_remove(const char *path, struct spn_error *err)
{
    char parent[SPN_PATH_MAX];
    int ret;

    if ((ret = path_parent(path, parent, err)) < 0)
        return ret;
    if (ops->unlink(path) < 0) {
        if (errno == ENOENT)
            return SPN_OK;
        return spn_error_errno(err, errno, "cannot remove %s", path);
    }
    return directory_sync(parent, err);
}

int spn_file_hash(int fd, struct spn_hash *out, uint64_t *size, struct spn_error *err)
{
    struct spn_hasher hasher;
    uint8_t *block = malloc(READ_STEP);
    uint64_t at = 0;
    ssize_t n;

    if (!block)
        return spn_error_set(err, SPN_ENOMEM, "no memory to hash a file");
    spn_hasher_init(&hasher);
    while ((n = pread(fd, block, READ_STEP, (off_t)at)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int errnum = errno;

            free(block);
            return spn_error_errno(err, errnum, "cannot read the file at byte %llu",
                                   (unsigned long long)at);
        }
        spn_hasher_update(&hasher, block, (size_t)n);
        at += (uint64_t)n;
    }
    free(block);
    spn_hasher_finish(&hasher, out);
    if (size)
        *size = at;
    return SPN_OK;
}

int spn_file_place(char *out, size_t size, const char *root, const char *folder, const char *name,
                   const char *suffix, struct spn_error *err)
{
    static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz_";
    size_t length = strlen(name);
    const char *fan;
    int written;

    if (length < 2 || strspn(name, allowed) != length)
        return spn_error_set(err, SPN_EINVAL,
                             "'%.64s' is not a name: two or more lower-case letters, digits and _",
                             name);
    fan = strchr(name, '_') ? name + length - 2 : name;
    written = snprintf(out, size, "%s/%s/%.2s/%s%s", root, folder, fan, name, suffix);
    if (written < 0 || (size_t)written >= size)
        return spn_error_set(err, SPN_ELIMIT, "the path of %.64s is longer than %zu bytes", name,
                             size ? size - 1 : 0);
    return SPN_OK;
}

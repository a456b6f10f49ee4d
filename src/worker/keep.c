#include "keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP (4u << 20) /* bytes between two looks at whether the job is still wanted */

/* Open a file of somebody's for reading, or say in one sentence why not. */
static int stranger_open(const char *path, const char *name, int *out, struct stat *st,
                         struct spn_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0 && errno == EACCES)
        return spn_error_set(err, SPN_EACCES,
                             "%s cannot be read by the user that Sampan runs as: give it read "
                             "access to %.300s and to the directories above it",
                             name, path);
    if (fd < 0 && errno == ENOENT)
        return spn_error_set(err, SPN_ENOENT, "there is no file %.400s", path);
    if (fd < 0)
        return spn_error_errno(err, errno, "cannot open %.400s", path);
    if (fstat(fd, st) < 0) {
        int errnum = errno;

        close(fd);
        return spn_error_errno(err, errnum, "cannot open %.400s", path);
    }
    if (!S_ISREG(st->st_mode) || st->st_size == 0) {
        close(fd);
        if (S_ISDIR(st->st_mode))
            return spn_error_set(err, SPN_EFORMAT, "%s is a directory: name the files in it", name);
        if (!S_ISREG(st->st_mode))
            return spn_error_set(err, SPN_EFORMAT, "%s is not a file", name);
        return spn_error_set(err, SPN_EFORMAT, "%s is empty: there is not one byte in it", name);
    }
    *out = fd;
    return SPN_OK;
}

/* Hash from_fd to its end; what is read is written to file too, unless that is NULL. */
static int hash_through(struct worker *worker, struct job *job, int from_fd, uint64_t expected,
                        const char *name, struct spn_file *file, struct keep *out,
                        struct spn_error *err)
{
    uint8_t *block = malloc(READ_STEP);
    struct spn_hasher hasher;
    uint64_t at = 0;
    int ret = SPN_OK;

    if (!block)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    spn_hasher_init(&hasher);
    for (;;) {
        ssize_t n = pread(from_fd, block, READ_STEP, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            ret = spn_error_errno(err, errno, "cannot read %s at byte %llu", name,
                                  (unsigned long long)at);
        if (n <= 0)
            break;
        spn_hasher_update(&hasher, block, (size_t)n);
        at += (uint64_t)n;
        if ((ret = job_wanted(worker, job, err)) < 0 ||
            (file && (ret = spn_file_write(file, block, (size_t)n, err)) < 0))
            break;
        job_progress(job, (int64_t)at, (int64_t)expected, "bytes");
    }
    free(block);
    if (ret < 0)
        return ret;
    spn_hasher_finish(&hasher, &out->hash);
    spn_hash_hex(&out->hash, out->hex);
    out->size = at;
    return SPN_OK;
}

int keep_source(struct worker *worker, struct job *job, const char *path, const char *name,
                int link, struct keep *out, struct spn_error *err)
{
    struct stat before, after;
    int fd = -1, ret;

    memset(out, 0, sizeof(*out));
    out->fd = -1;
    if ((ret = stranger_open(path, name, &fd, &before, err)) < 0)
        return ret;
    if (link) {
        out->fd = fd;
        return hash_through(worker, job, fd, (uint64_t)before.st_size, name, NULL, out, err);
    }
    if ((ret = spn_file_create(worker->tmp, 0600, &out->file, err)) < 0)
        goto done;
    ret = spn_file_clone(out->file, fd, err);
    if (ret == SPN_OK)
        ret = hash_through(worker, job, spn_file_fd(out->file), (uint64_t)before.st_size, name,
                           NULL, out, err);
    else if (ret == SPN_EUNSUPPORTED)
        ret = hash_through(worker, job, fd, (uint64_t)before.st_size, name, out->file, out, err);
    if (ret == SPN_OK && (fstat(fd, &after) < 0 || after.st_size != before.st_size ||
                          after.st_mtim.tv_sec != before.st_mtim.tv_sec ||
                          after.st_mtim.tv_nsec != before.st_mtim.tv_nsec))
        ret = spn_error_set(err, SPN_ECONFLICT,
                            "%s changed while it was copied: ingest it again when it is complete",
                            name);
    out->fd = spn_file_fd(out->file);
done:
    close(fd);
    return ret;
}

static int source_path(const struct worker *worker, const char *hex, const char *suffix,
                       char out[SPN_PATH_MAX], struct spn_error *err)
{
    return spn_file_place(out, SPN_PATH_MAX, worker->settings.data, "source", hex, suffix, err);
}

int keep_commit(struct worker *worker, struct keep *keep, struct spn_file *index,
                struct spn_error *err)
{
    char source[SPN_PATH_MAX], packets[SPN_PATH_MAX];
    struct spn_file *files[2] = { index, keep->file };
    const char *paths[2] = { packets, source };
    int ret;

    if ((ret = source_path(worker, keep->hex, "", source, err)) < 0 ||
        (ret = source_path(worker, keep->hex, ".index", packets, err)) < 0)
        return ret;
    return spn_file_commit_all(files, paths, keep->file ? 2 : 1, err);
}

void keep_finish(struct keep *keep)
{
    if (keep->file)
        spn_file_destroy(keep->file);
    else if (keep->fd >= 0)
        close(keep->fd);
    memset(keep, 0, sizeof(*keep));
    keep->fd = -1;
}

/* ---- what was kept ---- */

/* Linked files whose hash this process has seen, by what changes when they do. */
#define SEEN_MAX 64

static struct seen {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime, ctime;
    struct spn_hash hash;
} seen[SEEN_MAX];
static size_t seen_next;
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;

static int seen_same(const struct seen *a, const struct seen *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec &&
           a->ctime.tv_sec == b->ctime.tv_sec && a->ctime.tv_nsec == b->ctime.tv_nsec &&
           spn_hash_equal(&a->hash, &b->hash);
}

static int link_check(struct worker *worker, struct job *job, int fd, const struct stat *st,
                      const char *path, const char *hex, struct spn_error *err)
{
    struct seen now = { .dev = st->st_dev,
                        .ino = st->st_ino,
                        .size = st->st_size,
                        .mtime = st->st_mtim,
                        .ctime = st->st_ctim };
    struct keep keep = { .fd = -1 };
    int known = 0, ret;

    if ((ret = spn_hash_parse(hex, strlen(hex), &now.hash)) < 0)
        return ret;
    pthread_mutex_lock(&seen_lock);
    for (size_t i = 0; i < SEEN_MAX; i++)
        known |= seen_same(&seen[i], &now);
    pthread_mutex_unlock(&seen_lock);
    if (known)
        return SPN_OK;
    ret = hash_through(worker, job, fd, (uint64_t)st->st_size, path, NULL, &keep, err);
    if (ret == SPN_OK && !spn_hash_equal(&keep.hash, &now.hash))
        ret =
            spn_error_set(err, SPN_EMISMATCH,
                          "%.300s was changed after it was ingested with --link: put the old file "
                          "back, or ingest the new one",
                          path);
    if (ret < 0)
        return ret;
    pthread_mutex_lock(&seen_lock);
    seen[seen_next++ % SEEN_MAX] = now;
    pthread_mutex_unlock(&seen_lock);
    return SPN_OK;
}

int source_files_open(struct worker *worker, struct job *job, const json_t *asset,
                      struct source_files *out, struct spn_error *err)
{
    char path[SPN_PATH_MAX], packets[SPN_PATH_MAX];
    const char *hex, *link;
    struct stat st;
    json_t *source;
    int ret;

    out->source_fd = out->index_fd = -1;
    if ((ret = job_object(asset, "source", &source, err)) < 0 ||
        (ret = job_hash(source, "hash", &hex, err)) < 0 ||
        (ret = job_text(source, "name", &out->name, err)) < 0 ||
        (ret = source_path(worker, hex, "", path, err)) < 0 ||
        (ret = source_path(worker, hex, ".index", packets, err)) < 0)
        return ret;
    link = json_string_value(json_object_get(source, "link"));
    if ((ret = stranger_open(link ? link : path, link ? link : out->name, &out->source_fd, &st,
                             err)) < 0 ||
        (link && (ret = link_check(worker, job, out->source_fd, &st, link, hex, err)) < 0))
        return ret;
    out->index_fd = open(packets, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (out->index_fd < 0)
        return spn_error_errno(err, errno, "cannot open the packet index %s", packets);
    return SPN_OK;
}

void source_files_close(struct source_files *files)
{
    if (files->source_fd >= 0)
        close(files->source_fd);
    if (files->index_fd >= 0)
        close(files->index_fd);
    files->source_fd = files->index_fd = -1;
}

int source_files_request(const struct source_files *files, const json_t *asset,
                         struct media_call *call, json_t *object, struct spn_error *err)
{
    json_t *of_spec = json_object_get(asset, "source");
    int source = media_call_fd(call, files->source_fd);
    int packets = media_call_fd(call, files->index_fd);
    json_t *described =
        json_pack("{sisssOsO}", "fd", source, "name", files->name, "hash",
                  json_object_get(of_spec, "hash"), "size", json_object_get(of_spec, "size"));

    if (source < 0 || packets < 0 || json_object_set_new(object, "source", described) < 0 ||
        json_object_set_new(object, "index_fd", json_integer(packets)) < 0)
        return spn_error_set(err, SPN_ENOMEM, "the request to sampan-media cannot be made");
    return SPN_OK;
}

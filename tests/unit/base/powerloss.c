/* powerloss.c - a record of file operations, and its replay up to a cut. */
#include "powerloss.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPERATIONS_MAX 4096
#define FDS_MAX        1024
#define NAMES_MAX      1024

enum kind { CREATE, MKDIR, WRITE, TRUNCATE, SYNC, SYNC_DIR, RENAME, UNLINK };

struct operation {
    enum kind kind;
    int inode;               /* CREATE, MKDIR, WRITE, TRUNCATE, SYNC */
    char path[512], to[512]; /* below root; to: RENAME */
    uint8_t *bytes;          /* WRITE: appended; SYNC: the whole file */
    size_t size;             /* of them; TRUNCATE: of the file */
};

static struct operation *operations;
static size_t count;
static char root[512];
static int inodes;
static unsigned skip;
static struct {
    int inode;      /* 0: not ours */
    size_t size;    /* bytes written down */
    char path[512]; /* of a directory */
} fds[FDS_MAX];

void powerloss_start(const char *path)
{
    operations = calloc(OPERATIONS_MAX, sizeof(*operations));
    if (!operations || strlen(path) >= sizeof(root))
        abort();
    (void)snprintf(root, sizeof(root), "%s", path);
    memset(fds, 0, sizeof(fds));
    count = 0;
    inodes = 0;
    skip = 0;
}

void powerloss_finish(void)
{
    for (size_t i = 0; i < count; i++)
        free(operations[i].bytes);
    free(operations);
    operations = NULL;
}

void powerloss_skip(unsigned nth)
{
    skip = nth;
}

size_t powerloss_count(void)
{
    return count;
}

/* Path below root, or NULL: not ours. */
static const char *below(const char *path)
{
    size_t length = strlen(root);

    if (strncmp(path, root, length) != 0 || (path[length] != '/' && path[length] != '\0'))
        return NULL;
    return path[length] ? path + length + 1 : path + length;
}

static struct operation *note(enum kind kind, int inode, const char *path)
{
    struct operation *operation = &operations[count];

    if (count == OPERATIONS_MAX || strlen(path) >= sizeof(operation->path))
        abort();
    count++;
    operation->kind = kind;
    operation->inode = inode;
    (void)snprintf(operation->path, sizeof(operation->path), "%s", path);
    return operation;
}

/* Bytes [from, from + size) of the file that fd is. */
static void note_bytes(struct operation *operation, int fd, size_t from, size_t size)
{
    operation->bytes = malloc(size ? size : 1);
    operation->size = size;
    if (!operation->bytes || pread(fd, operation->bytes, size, (off_t)from) != (ssize_t)size)
        abort();
}

/* The inode that path had just before operation i, whether or not that was durable. */
static int inode_before(const char *path, size_t i)
{
    const char *at = path;

    while (i-- > 0) {
        const struct operation *operation = &operations[i];

        if (operation->kind == RENAME && strcmp(operation->to, at) == 0)
            at = operation->path;
        else if (operation->kind == CREATE && strcmp(operation->path, at) == 0)
            return operation->inode;
    }
    return 0;
}

static int recorded_open(const char *path, int flags, mode_t mode)
{
    int fd = spn_file_ops_real.open(path, flags, mode);
    const char *name = below(path);

    if (fd < 0 || !name)
        return fd;
    if (fd >= FDS_MAX || strlen(name) >= sizeof(fds[0].path))
        abort();
    memset(&fds[fd], 0, sizeof(fds[fd]));
    if (flags & O_DIRECTORY) {
        fds[fd].inode = -1;
        (void)snprintf(fds[fd].path, sizeof(fds[fd].path), "%s", name);
    } else if (flags & O_CREAT) {
        fds[fd].inode = ++inodes;
        (void)note(CREATE, fds[fd].inode, name);
    } else if (flags & O_APPEND) { /* an older one goes on */
        struct stat st;

        fds[fd].inode = inode_before(name, count);
        if (fds[fd].inode == 0 || fstat(fd, &st) < 0)
            abort();
        fds[fd].size = (size_t)st.st_size;
    }
    return fd;
}

/* The file behind fd has grown: write down by what. */
static void grown(int fd)
{
    struct stat st;

    if (fd < 0 || fd >= FDS_MAX || fds[fd].inode <= 0 || fstat(fd, &st) < 0 ||
        (size_t)st.st_size <= fds[fd].size)
        return;
    note_bytes(note(WRITE, fds[fd].inode, ""), fd, fds[fd].size, (size_t)st.st_size - fds[fd].size);
    fds[fd].size = (size_t)st.st_size;
}

static ssize_t recorded_write(int fd, const void *bytes, size_t size)
{
    ssize_t n = spn_file_ops_real.write(fd, bytes, size);

    grown(fd);
    return n;
}

static ssize_t recorded_copy(int from_fd, off_t *offset, int to_fd, size_t size)
{
    ssize_t n = spn_file_ops_real.copy(from_fd, offset, to_fd, size);

    grown(to_fd);
    return n;
}

static int recorded_clone(int to_fd, int from_fd)
{
    int ret = spn_file_ops_real.clone(to_fd, from_fd);

    grown(to_fd);
    return ret;
}

static int recorded_truncate(int fd, off_t size)
{
    int ret = spn_file_ops_real.truncate(fd, size);

    if (ret == 0 && fd < FDS_MAX && fds[fd].inode > 0) {
        note(TRUNCATE, fds[fd].inode, "")->size = (size_t)size;
        fds[fd].size = (size_t)size;
    }
    return ret;
}

static int recorded_fsync(int fd)
{
    struct stat st;
    int ret;

    if (skip && --skip == 0)
        return 0;
    ret = spn_file_ops_real.fsync(fd);
    if (ret < 0 || fd >= FDS_MAX || fds[fd].inode == 0)
        return ret;
    if (fds[fd].inode < 0) {
        (void)note(SYNC_DIR, 0, fds[fd].path);
        return ret;
    }
    grown(fd); /* what a child wrote */
    if (fstat(fd, &st) < 0)
        abort();
    note_bytes(note(SYNC, fds[fd].inode, ""), fd, 0, (size_t)st.st_size);
    return ret;
}

static int recorded_rename(const char *from, const char *to)
{
    int ret = spn_file_ops_real.rename(from, to);
    const char *a = below(from), *b = below(to);

    if (ret == 0 && a && b) {
        struct operation *operation = note(RENAME, 0, a);

        (void)snprintf(operation->to, sizeof(operation->to), "%s", b);
    }
    return ret;
}

static int recorded_unlink(const char *path)
{
    int ret = spn_file_ops_real.unlink(path);

    if (ret == 0 && below(path))
        (void)note(UNLINK, 0, below(path));
    return ret;
}

static int recorded_mkdir(const char *path, mode_t mode)
{
    int ret = spn_file_ops_real.mkdir(path, mode);

    if (ret == 0 && below(path))
        (void)note(MKDIR, ++inodes, below(path));
    return ret;
}

static int recorded_close(int fd)
{
    if (fd >= 0 && fd < FDS_MAX)
        fds[fd].inode = 0;
    return spn_file_ops_real.close(fd);
}

const struct spn_file_ops powerloss_ops = {
    .open = recorded_open,
    .write = recorded_write,
    .copy = recorded_copy,
    .clone = recorded_clone,
    .truncate = recorded_truncate,
    .fsync = recorded_fsync,
    .rename = recorded_rename,
    .unlink = recorded_unlink,
    .mkdir = recorded_mkdir,
    .close = recorded_close,
};

/* ---- replay ---- */

struct name {
    char path[512];
    int inode;
    int directory;
};

struct powerloss_disk {
    struct name names[NAMES_MAX];
    size_t count, cut;
    uint64_t seed;
    uint8_t bytes[1u << 20]; /* of the file asked for last */
};

static uint64_t chance(uint64_t *seed)
{
    *seed += 0x9E3779B97F4A7C15u; /* splitmix64 */
    uint64_t z = *seed;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static int in_directory(const char *path, const char *directory)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;

    return strlen(directory) == length && strncmp(path, directory, length) == 0;
}

/* Was the directory of path synced between operation i and the cut? */
static int name_synced(const char *path, size_t i, size_t cut)
{
    for (size_t k = i + 1; k < cut; k++)
        if (operations[k].kind == SYNC_DIR && in_directory(path, operations[k].path))
            return 1;
    return 0;
}

static struct name *name_find(struct powerloss_disk *disk, const char *path)
{
    for (size_t i = 0; i < disk->count; i++)
        if (strcmp(disk->names[i].path, path) == 0)
            return &disk->names[i];
    return NULL;
}

static void name_remove(struct powerloss_disk *disk, const char *path)
{
    struct name *name = name_find(disk, path);

    if (name)
        *name = disk->names[--disk->count];
}

static void name_add(struct powerloss_disk *disk, const char *path, int inode, int directory)
{
    struct name *name = name_find(disk, path);

    if (!name && disk->count == NAMES_MAX)
        abort();
    if (!name)
        name = &disk->names[disk->count++];
    (void)snprintf(name->path, sizeof(name->path), "%s", path);
    name->inode = inode;
    name->directory = directory;
}

static void names_replay(struct powerloss_disk *disk, size_t cut, uint64_t *seed)
{
    for (size_t i = 0; i < cut; i++) {
        const struct operation *operation = &operations[i];
        int certain;

        if (operation->kind == WRITE || operation->kind == TRUNCATE || operation->kind == SYNC ||
            operation->kind == SYNC_DIR)
            continue;
        certain = name_synced(operation->kind == RENAME ? operation->to : operation->path, i, cut);
        if (!certain && chance(seed) % 2)
            continue;
        if (operation->kind == RENAME) {
            name_remove(disk, operation->path);
            name_add(disk, operation->to, inode_before(operation->path, i), 0);
        } else if (operation->kind == UNLINK) {
            name_remove(disk, operation->path);
        } else {
            name_add(disk, operation->path, operation->inode, operation->kind == MKDIR);
        }
    }
}

/* The bytes of an inode: as synced, and of what came later some, or zeros. */
static size_t bytes_replay(struct powerloss_disk *disk, int inode)
{
    uint64_t seed = disk->seed * 7919 + (uint64_t)inode; /* the same whenever it is asked for */
    size_t synced = 0, at = 0;

    for (size_t i = 0; i < disk->cut; i++) {
        const struct operation *operation = &operations[i];

        if (operation->inode != inode)
            continue;
        if (operation->kind == TRUNCATE) {
            at = operation->size;
            synced = synced < at ? synced : at;
            continue;
        }
        if (operation->size > sizeof(disk->bytes) - (operation->kind == WRITE ? at : 0))
            abort();
        if (operation->kind == WRITE) {
            memcpy(disk->bytes + at, operation->bytes, operation->size);
            at += operation->size;
        } else if (operation->kind == SYNC) {
            memcpy(disk->bytes, operation->bytes, operation->size);
            synced = at = operation->size;
        }
    }
    if (at > synced) {
        size_t later = chance(&seed) % (at - synced + 1);

        if (chance(&seed) % 2)
            memset(disk->bytes + synced, 0, at - synced);
        at = synced + later;
    }
    return at;
}

struct powerloss_disk *powerloss_replay(size_t cut, uint64_t seed)
{
    struct powerloss_disk *disk = calloc(1, sizeof(*disk));
    uint64_t state = seed * 1000003 + cut;

    if (!disk)
        abort();
    disk->cut = cut;
    disk->seed = seed;
    names_replay(disk, cut, &state);
    return disk;
}

const uint8_t *powerloss_get(struct powerloss_disk *disk, const char *name, size_t *size)
{
    const struct name *found = name_find(disk, name);
    char parent[512];

    if (!found || found->directory)
        return NULL;
    (void)snprintf(parent, sizeof(parent), "%s", name);
    for (char *slash; (slash = strrchr(parent, '/'));) { /* without its directory it is lost */
        const struct name *directory;

        *slash = '\0';
        directory = name_find(disk, parent);
        if (!directory || !directory->directory)
            return NULL;
    }
    *size = bytes_replay(disk, found->inode);
    return disk->bytes;
}

void powerloss_disk_destroy(struct powerloss_disk *disk)
{
    free(disk);
}

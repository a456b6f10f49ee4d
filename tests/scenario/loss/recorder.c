/*
 * recorder.c - a preloaded library that writes down what a program tells the disk to keep.
 *
 * With SAMPAN_RECORD=DIR and SAMPAN_RECORD_ROOT=ROOT in the environment, each call that changes
 * names or makes bytes durable below ROOT appends one line to DIR/events; the bytes that an fsync
 * made durable are kept in DIR/blobs. cut.py rebuilds from that what a disk may hold after the
 * power fails between any two lines. Every process of Sampan is preloaded with it, SQLite's own
 * syncs included.
 *
 *   F ino blob size    fsync or fdatasync of a file: these bytes are safe
 *   D path             fsync of a directory: its names, as they are now, are safe
 *   C ino path         a name was made for a new file
 *   M path             a directory was made
 *   R from to          rename
 *   U path             unlink, or rmdir
 *
 * SAMPAN_RECORD_SKIP=file|directory|rename makes the program forget that kind of call, to prove
 * that the test sees it: "file" and "directory" swallow the sync, "rename" is told as a file that
 * stood under its last name from the start. SQLite's own syncs stay: it is the program's that are
 * to be missed. With SAMPAN_RECORD_SKIP_FROM=FILE nothing is forgotten before FILE is there.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static int events = -1;
static char blobs[PATH_MAX];
static char root[PATH_MAX];
static const char *skip = "", *skip_from;
static _Atomic unsigned long counter;

#define REAL(type, name, ...)                                                                      \
    static type (*real_##name)(__VA_ARGS__);                                                       \
    if (!real_##name)                                                                              \
    real_##name = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void recorder_start(void)
{
    const char *dir = getenv("SAMPAN_RECORD");
    const char *below = getenv("SAMPAN_RECORD_ROOT");
    char path[PATH_MAX];

    if (getenv("SAMPAN_RECORD_SKIP"))
        skip = getenv("SAMPAN_RECORD_SKIP");
    skip_from = getenv("SAMPAN_RECORD_SKIP_FROM");
    if (!dir || !below || !realpath(below, root))
        return;
    (void)snprintf(path, sizeof(path), "%s/events", dir);
    (void)snprintf(blobs, sizeof(blobs), "%s/blobs", dir);
    {
        REAL(int, open, const char *, int, ...);
        events = real_open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    }
    if (events >= 0) { /* out of the way of programs that count their descriptors */
        int high = fcntl(events, F_DUPFD_CLOEXEC, 900);

        if (high >= 0) {
            (void)close(events);
            events = high;
        }
    }
}

static int inside(const char *path, char out[PATH_MAX])
{
    char whole[PATH_MAX];
    const char *slash;
    size_t n = strlen(root);

    if (events < 0 || !path)
        return 0;
    /* the directory must exist; the last part need not */
    slash = strrchr(path, '/');
    if (slash && slash != path) {
        char parent[PATH_MAX];

        (void)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
        if (!realpath(parent, whole))
            return 0;
        (void)snprintf(out, PATH_MAX, "%.2000s/%.2000s", whole, slash + 1);
    } else if (!slash) {
        if (!getcwd(whole, sizeof(whole)))
            return 0;
        (void)snprintf(out, PATH_MAX, "%.2000s/%.2000s", whole, path);
    } else {
        (void)snprintf(out, PATH_MAX, "%s", path);
    }
    return strncmp(out, root, n) == 0 && (out[n] == '/' || out[n] == '\0');
}

__attribute__((format(printf, 1, 2))) static void event(const char *format, ...)
{
    char line[3 * PATH_MAX];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (n > 0 && (size_t)n < sizeof(line) && write(events, line, (size_t)n) != n)
        abort(); /* a record with holes proves nothing */
}

/* Is this kind of call to be forgotten, now? */
static int skipped(const char *kind)
{
    int saved = errno,
        yes = strcmp(skip, kind) == 0 && (!skip_from || access(skip_from, F_OK) == 0);

    errno = saved;
    return yes;
}

static void path_of(int fd, char out[PATH_MAX])
{
    char link[64];
    ssize_t n;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, out, PATH_MAX - 1);
    out[n > 0 ? n : 0] = '\0';
}

static int synced(int fd)
{
    struct stat st;
    char path[PATH_MAX], whole[PATH_MAX], blob[PATH_MAX + 64];
    int saved = errno;

    if (events < 0 || fstat(fd, &st) < 0) {
        errno = saved;
        return 1;
    }
    path_of(fd, path);
    if (!inside(path, whole)) {
        errno = saved;
        return 1;
    }
    if (S_ISDIR(st.st_mode)) {
        if (skipped("directory") && !strstr(whole, "/db"))
            return 0;
        event("D\t%s\n", whole);
    } else if (S_ISREG(st.st_mode)) {
        unsigned long n = atomic_fetch_add(&counter, 1);
        int out;

        if (skipped("file") && !strstr(whole, "/db/"))
            return 0;
        (void)snprintf(blob, sizeof(blob), "%s/%d-%lu", blobs, (int)getpid(), n);
        {
            REAL(int, open, const char *, int, ...);
            char self[64];
            int in;

            (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
            in = real_open(self, O_RDONLY | O_CLOEXEC);
            out = real_open(blob, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
            if (in >= 0 && out >= 0) {
                char buffer[1 << 16];
                ssize_t got;

                while ((got = read(in, buffer, sizeof(buffer))) > 0)
                    if (write(out, buffer, (size_t)got) != got)
                        abort();
            }
            if (in >= 0)
                (void)close(in);
            if (out >= 0)
                (void)close(out);
        }
        event("F\t%llu\t%d-%lu\n", (unsigned long long)st.st_ino, (int)getpid(), n);
    }
    errno = saved;
    return 1;
}

EXPORT int fsync(int fd)
{
    REAL(int, fsync, int);
    /* the bytes as they are now: what is written during the call is not promised */
    if (!synced(fd))
        return 0;
    return real_fsync(fd);
}

EXPORT int fdatasync(int fd)
{
    REAL(int, fdatasync, int);
    if (!synced(fd))
        return 0;
    return real_fdatasync(fd);
}

static int opened(int fd, const char *path, int flags, int existed)
{
    char whole[PATH_MAX];
    struct stat st;
    int saved = errno;

    if (fd >= 0 && (flags & O_CREAT) && !existed && inside(path, whole) && fstat(fd, &st) == 0)
        event("C\t%llu\t%s\n", (unsigned long long)st.st_ino, whole);
    errno = saved;
    return fd;
}

static int exists(const char *path, int flags)
{
    struct stat st;
    int saved = errno, is;

    if (events < 0 || !(flags & O_CREAT))
        return 1;
    is = lstat(path, &st) == 0;
    errno = saved;
    return is;
}

#define OPEN(name)                                                                                 \
    EXPORT int name(const char *path, int flags, ...)                                              \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        int there;                                                                                 \
                                                                                                   \
        REAL(int, name, const char *, int, ...);                                                   \
        if (flags & (O_CREAT | __O_TMPFILE)) {                                                     \
            va_list args;                                                                          \
                                                                                                   \
            va_start(args, flags);                                                                 \
            mode = va_arg(args, mode_t);                                                           \
            va_end(args);                                                                          \
        }                                                                                          \
        there = exists(path, flags);                                                               \
        return opened(real_##name(path, flags, mode), path, flags, there);                         \
    }
OPEN(open)
OPEN(open64)

EXPORT int rename(const char *from, const char *to)
{
    char a[PATH_MAX], b[PATH_MAX];
    int ret;

    REAL(int, rename, const char *, const char *);
    if (!inside(from, a) || !inside(to, b))
        return real_rename(from, to);
    ret = real_rename(from, to);
    if (ret == 0 && skipped("rename")) {
        struct stat st; /* as if the bytes had been written under the last name from the start */

        if (stat(to, &st) == 0)
            event("W\t%llu\t%s\t%s\n", (unsigned long long)st.st_ino, a, b);
    } else if (ret == 0) {
        event("R\t%s\t%s\n", a, b);
    }
    return ret;
}

EXPORT int unlink(const char *path)
{
    char whole[PATH_MAX];
    int is = inside(path, whole), ret;

    REAL(int, unlink, const char *);
    ret = real_unlink(path);
    if (ret == 0 && is)
        event("U\t%s\n", whole);
    return ret;
}

EXPORT int rmdir(const char *path)
{
    char whole[PATH_MAX];
    int is = inside(path, whole), ret;

    REAL(int, rmdir, const char *);
    ret = real_rmdir(path);
    if (ret == 0 && is)
        event("U\t%s\n", whole);
    return ret;
}

EXPORT int mkdir(const char *path, mode_t mode)
{
    char whole[PATH_MAX];
    int ret;

    REAL(int, mkdir, const char *, mode_t);
    ret = real_mkdir(path, mode);
    if (ret == 0 && inside(path, whole))
        event("M\t%s\n", whole);
    return ret;
}

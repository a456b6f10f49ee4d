/* confine.c - descriptors, limits, Landlock, then the filter of system calls. */
#include "confine.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CONFINE_SANITIZED 1
#else
#define CONFINE_SANITIZED 0
#endif

#define MEBIBYTE (INT64_C(1) << 20)

static struct wall *wall_add(struct walls *walls, const char *name, int stands, const char *format,
                             ...) __attribute__((format(printf, 4, 5)));

static struct wall *wall_add(struct walls *walls, const char *name, int stands, const char *format,
                             ...)
{
    struct wall *wall = &walls->list[walls->count++];
    va_list args;

    wall->name = name;
    wall->stands = stands;
    va_start(args, format);
    (void)vsnprintf(wall->reason, sizeof(wall->reason), format, args);
    va_end(args);
    return wall;
}

static int fd_compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int close_others(int *keep, size_t count, struct walls *walls, struct spn_error *err)
{
    unsigned from = STDERR_FILENO + 1;

    qsort(keep, count, sizeof(*keep), fd_compare);
    for (size_t i = 0; i < count; i++) {
        unsigned fd = (unsigned)keep[i];

        if (fd > from && close_range(from, fd - 1, 0) < 0)
            return spn_error_errno(err, errno, "cannot close what was inherited by accident");
        if (fd >= from)
            from = fd + 1;
    }
    if (close_range(from, ~0u, 0) < 0)
        return spn_error_errno(err, errno, "cannot close what was inherited by accident");
    wall_add(walls, "descriptors", 1, "%s", "");
    return SPN_OK;
}

/* Bytes of address space in use: the libraries alone are some hundred megabytes. */
static int64_t address_space(void)
{
    char line[128] = "";
    FILE *file = fopen("/proc/self/statm", "re");

    if (file) {
        if (!fgets(line, sizeof(line), file))
            line[0] = '\0';
        (void)fclose(file);
    }
    return (int64_t)strtoll(line, NULL, 10) * sysconf(_SC_PAGESIZE);
}

static void limit_set(struct walls *walls, const char *name, int which, int64_t value)
{
    struct rlimit limit = { .rlim_cur = (rlim_t)value, .rlim_max = (rlim_t)value };
    struct rlimit now;

    if (which == RLIMIT_CPU)
        limit.rlim_max++; /* SIGXCPU, which says what it was, comes before SIGKILL */
    if (getrlimit((__rlimit_resource_t)which, &now) == 0 && now.rlim_max < limit.rlim_max)
        limit.rlim_cur = limit.rlim_max = now.rlim_max; /* a stricter one was set before us */
    if (setrlimit((__rlimit_resource_t)which, &limit) < 0)
        wall_add(walls, name, 0, "setrlimit: %s", strerror(errno));
    else
        wall_add(walls, name, 1, "%s", "");
}

static void limits_set(const struct confine_limits *limits, struct walls *walls)
{
    int64_t memory_mb = limits->memory_mb ? limits->memory_mb : CONFINE_MEMORY_MB_DEFAULT;

    /* Arenas reserve address space by the thread, which the memory limit would count. */
    (void)mallopt(M_ARENA_MAX, 2);
    if (CONFINE_SANITIZED)
        wall_add(walls, "memory", 0, "a sanitizer needs terabytes of address space");
    else
        limit_set(walls, "memory", RLIMIT_AS, address_space() + memory_mb * MEBIBYTE);
    limit_set(walls, "core", RLIMIT_CORE, 0);
    if (limits->file_mb)
        limit_set(walls, "file_size", RLIMIT_FSIZE, limits->file_mb * MEBIBYTE);
    if (limits->cpu_s)
        limit_set(walls, "cpu_time", RLIMIT_CPU, limits->cpu_s);
    if (limits->wall_s) {
        (void)alarm((unsigned)limits->wall_s);
        wall_add(walls, "wall_time", 1, "%s", "");
    }
}

/* <linux/landlock.h> as far as it is used, so that newer rights are known whatever the headers. */
struct landlock_attr {
    uint64_t handled_access_fs, handled_access_net, scoped;
};

static void landlock_set(struct walls *walls)
{
    static const unsigned fs_rights[] = {
        0, 13, 14, 15, 15, 16
    }; /* bits known by ABI 0, 1, 2, … */
    struct landlock_attr attr = { 0 };
    size_t size = sizeof(attr.handled_access_fs);
    long abi = syscall(444 /* landlock_create_ruleset */, NULL, 0, 1u /* VERSION */);
    int fd;

    if (CONFINE_SANITIZED) {
        wall_add(walls, "landlock", 0, "the sanitizer opens files of its own");
        return;
    }
    if (abi < 1) {
        wall_add(walls, "landlock", 0, "this kernel has none: %s", strerror(errno));
        return;
    }
    attr.handled_access_fs = (UINT64_C(1) << fs_rights[abi < 5 ? abi : 5]) - 1;
    if (abi >= 4) {
        attr.handled_access_net = 3; /* bind and connect of TCP */
        size = 2 * sizeof(uint64_t);
    }
    if (abi >= 6) {
        attr.scoped = 3; /* abstract sockets and signals */
        size = sizeof(attr);
    }
    fd = (int)syscall(444, &attr, size, 0u);
    if (fd < 0 || syscall(446 /* landlock_restrict_self */, fd, 0u) < 0)
        wall_add(walls, "landlock", 0, "ABI %ld: %s", abi, strerror(errno));
    else
        wall_add(walls, "landlock", 1, "ABI %ld", abi);
    if (fd >= 0)
        (void)close(fd);
}

int confine(const struct confine_limits *limits, int *keep, size_t keep_count, struct walls *walls,
            struct spn_error *err)
{
    pid_t parent = getppid();
    int ret;

    memset(walls, 0, sizeof(*walls));
    if ((ret = close_others(keep, keep_count, walls, err)) < 0)
        return ret;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        return spn_error_set(err, SPN_ECANCELED, "the program that started this one is gone");
    if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return spn_error_errno(err, errno, "cannot give up privileges");
    wall_add(walls, "no_new_privileges", 1, "%s", "");
    limits_set(limits, walls);
    landlock_set(walls);
    if (CONFINE_SANITIZED) {
        wall_add(walls, "seccomp", 0, "the sanitizer needs system calls of its own");
        return SPN_OK;
    }
    if ((ret = syscalls_confine(err)) < 0)
        return ret;
    wall_add(walls, "seccomp", 1, "%s", "");
    return SPN_OK;
}

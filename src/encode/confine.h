/*
 * confine.h - the walls that sampan-media stands behind before it reads a stranger's byte.
 *
 * seccomp is required: an allow-list of system calls. What opens or changes a path answers EACCES;
 * making a process answers EPERM; sockets, exec, ptrace, mount and all that is not on the list end
 * the process (SIGSYS). Landlock with no rule stands besides where the kernel has it, so that a
 * path stays closed even if the filter were wrong. A build with a sanitizer has neither, and says
 * so.
 */
#ifndef ENCODE_CONFINE_H
#define ENCODE_CONFINE_H

#include <stddef.h>
#include <stdint.h>

#include "sampan/error.h"

/* Decoding and five encoders of a 1080p chunk take about 1 GB; 4k decoders with 16 references 2 GB.
 */
#define CONFINE_MEMORY_MB_DEFAULT 3072

struct confine_limits {
    int64_t
        memory_mb;   /* address space beyond what the program has when it starts; 0: the default */
    int64_t file_mb; /* no file may grow beyond this; 0: no limit */
    int64_t cpu_s;   /* processor seconds, then SIGXCPU; 0: no limit */
    int64_t wall_s;  /* seconds by the clock, then SIGALRM; 0: no limit */
};

struct wall {
    const char *name; /* "seccomp", "landlock", … */
    int stands;
    char reason[120]; /* why it does not stand */
};

#define WALLS_MAX 12

struct walls {
    struct wall list[WALLS_MAX];
    size_t count;
};

/*
 * Close every descriptor but 0, 1, 2 and keep's, and put up every wall. To be called once, before
 * any thread. SPN_EUNSUPPORTED: the kernel has no seccomp filters; nothing may be read then.
 */
int confine(const struct confine_limits *limits, int *keep, size_t keep_count, struct walls *walls,
            struct spn_error *err);

#endif

/*
 * op_confine.c - the walls as they stand, and a probe that tries to get through one.
 *
 * The probe answers what it met; where the wall ends the process there is no answer, and whoever
 * started it sees SIGSYS, SIGXCPU, SIGXFSZ or SIGALRM.
 */
#include "media.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "member.h"

int op_walls(const struct media *media, json_t **result, struct spn_error *err)
{
    json_t *list = json_array();

    for (size_t i = 0; i < media->walls.count; i++) {
        const struct wall *wall = &media->walls.list[i];

        (void)json_array_append_new(list, json_pack("{s:s,s:b,s:s}", "name", wall->name, "stands",
                                                    wall->stands, "reason", wall->reason));
    }
    *result = json_pack("{s:o}", "walls", list);
    return *result ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "no memory for the list of walls");
}

/* What a probe met: an errno, 0 where it got through. */
typedef int probe(const json_t *request);

static const char *request_path(const json_t *request)
{
    const char *path = json_string_value(json_object_get(request, "path"));

    return path ? path : "/etc/passwd";
}

static int met(long ret)
{
    return ret < 0 ? errno : 0;
}

static int probe_open(const json_t *request)
{
    return met(open(request_path(request), O_RDONLY | O_CLOEXEC));
}

static int probe_create(const json_t *request)
{
    return met(open(request_path(request), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int probe_unlink(const json_t *request)
{
    return met(unlink(request_path(request)));
}

static int probe_stat(const json_t *request)
{
    struct stat st;

    return met(stat(request_path(request), &st));
}

/* An inherited descriptor that the request names by another word than "fd". */
static int probe_inherited(const json_t *request)
{
    char byte;

    return met(read((int)json_integer_value(json_object_get(request, "unnamed")), &byte, 1));
}

static int probe_named(const json_t *request)
{
    char byte;

    return met(read((int)json_integer_value(json_object_get(request, "fd")), &byte, 1));
}

static int probe_socket(const json_t *request)
{
    (void)request;
    return met(socket(AF_INET, SOCK_STREAM, 0));
}

static int probe_connect(const json_t *request)
{
    struct sockaddr address = { .sa_family = AF_INET };

    (void)request;
    return met(connect(STDERR_FILENO, &address, sizeof(address)));
}

static int probe_exec(const json_t *request)
{
    char *const argv[] = { (char *)"true", NULL };

    (void)request;
    return met(execv("/bin/true", argv));
}

static int probe_ptrace(const json_t *request)
{
    (void)request;
    return met(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int probe_mount(const json_t *request)
{
    (void)request;
    return met(mount("none", "/mnt", "tmpfs", 0, ""));
}

static int probe_kill(const json_t *request)
{
    (void)request;
    return met(kill(getppid(), 0));
}

static int probe_io_uring(const json_t *request)
{
    (void)request;
    return met(syscall(425 /* io_uring_setup */, 1, NULL));
}

/* A thousand tries; the errno of the last, or 0 when one of them made a process. */
static int probe_fork(const json_t *request)
{
    int last = 0;

    (void)request;
    for (int i = 0; i < 1000; i++) {
        pid_t child = fork();

        if (child == 0)
            _exit(0);
        if (child > 0) {
            (void)waitpid(child, NULL, 0);
            return 0;
        }
        last = errno;
    }
    return last;
}

static void *thread_main(void *opaque)
{
    *(int *)opaque = 1;
    return NULL;
}

static int probe_thread(const json_t *request)
{
    pthread_t thread;
    int ran = 0;
    int ret = pthread_create(&thread, NULL, thread_main, &ran);

    (void)request;
    if (ret != 0)
        return ret;
    (void)pthread_join(thread, NULL);
    return ran ? 0 : ECHILD;
}

/* Take memory by the megabyte and use it; the wall is met where malloc says so. */
static int probe_memory(const json_t *request)
{
    int64_t tries = json_integer_value(json_object_get(request, "megabytes"));
    static volatile char *last; /* what is taken is kept to the end of the process */

    for (int64_t i = 0; i < tries; i++) {
        char *memory = malloc(1 << 20);

        if (!memory)
            return ENOMEM;
        memset(memory, 1, 1 << 20);
        last = memory;
    }
    return last && *last == 1 ? 0 : EIO;
}

static int probe_code(const json_t *request)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)request;
    if (mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
        MAP_FAILED)
        return 0;
    return page == MAP_FAILED ? EIO : met(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int probe_grow(const json_t *request)
{
    char block[65536] = { 0 };
    int fd = (int)json_integer_value(json_object_get(request, "fd"));
    int64_t tries = 16 * json_integer_value(json_object_get(request, "megabytes"));

    for (int64_t i = 0; i < tries; i++)
        if (write(fd, block, sizeof(block)) < 0)
            return errno;
    return 0;
}

static int probe_spin(const json_t *request)
{
    (void)request;
    for (volatile int64_t i = 0;; i++)
        ;
    return 0;
}

static int probe_hang(const json_t *request)
{
    (void)request;
    (void)sleep(600);
    return 0;
}

static int probe_crash(const json_t *request)
{
    (void)request;
    abort();
}

static const struct {
    const char *name;
    probe *run;
} probes[] = {
    { "open", probe_open },         { "create", probe_create }, { "unlink", probe_unlink },
    { "stat", probe_stat },         { "named", probe_named },   { "inherited", probe_inherited },
    { "socket", probe_socket },     { "exec", probe_exec },     { "ptrace", probe_ptrace },
    { "connect", probe_connect },   { "mount", probe_mount },   { "kill", probe_kill },
    { "io_uring", probe_io_uring }, { "fork", probe_fork },     { "thread", probe_thread },
    { "memory", probe_memory },     { "code", probe_code },     { "grow", probe_grow },
    { "spin", probe_spin },         { "hang", probe_hang },     { "crash", probe_crash },
};

int op_confine_probe(const struct media *media, json_t **result, struct spn_error *err)
{
    const char *name;
    int ret;

    if ((ret = member_text(media->request, "the request", "probe", &name, err)) < 0)
        return ret;
    for (size_t i = 0; i < sizeof(probes) / sizeof(*probes); i++) {
        if (strcmp(probes[i].name, name) == 0) {
            *result = json_pack("{s:s,s:i}", "probe", name, "errno", probes[i].run(media->request));
            return *result ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "no memory for the answer");
        }
    }
    return spn_error_set(err, SPN_EINVAL, "there is no probe \"%s\"", name);
}

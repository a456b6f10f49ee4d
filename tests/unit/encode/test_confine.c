/*
 * test_confine.c - what a stranger's file could try from inside sampan-media, and what it meets.
 *
 * usage: test_confine SAMPAN-MEDIA (the ordinary build: a sanitizer has no walls)
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "media_run.h"

static const char *program;

#define OPEN_FD    40 /* a descriptor the request names */
#define UNNAMED_FD 41 /* one it does not */

struct row {
    const char *name, *probe;
    int errnum;   /* what the probe meets; 0: it gets through */
    int signaled; /* or what ends the process */
};

static struct row rows[] = {
    { "an absolute path cannot be opened", "open", EACCES, 0 },
    { "a file cannot be made", "create", EACCES, 0 },
    { "a file cannot be removed", "unlink", EACCES, 0 },
    { "a path cannot be asked after", "stat", EACCES, 0 },
    { "a descriptor the request names is open", "named", 0, 0 },
    { "a descriptor it does not name is closed", "inherited", EBADF, 0 },
    { "a socket ends the process", "socket", 0, SIGSYS },
    { "connecting ends the process", "connect", 0, SIGSYS },
    { "exec ends the process", "exec", 0, SIGSYS },
    { "ptrace ends the process", "ptrace", 0, SIGSYS },
    { "mount ends the process", "mount", 0, SIGSYS },
    { "a signal to another process ends this one", "kill", 0, SIGSYS },
    { "io_uring ends the process", "io_uring", 0, SIGSYS },
    { "a thousand forks make no process", "fork", EPERM, 0 },
    { "a thread can be made", "thread", 0, 0 },
    { "memory ends where the request says", "memory", ENOMEM, 0 },
    { "memory cannot be made executable", "code", EACCES, 0 },
    { "a file cannot grow beyond what the request says", "grow", 0, SIGXFSZ },
    { "processor time ends where the request says", "spin", 0, SIGXCPU },
    { "a hang ends where the request says", "hang", 0, SIGALRM },
    { "abort still works", "crash", 0, SIGABRT },
};

static json_t *request_make(const char *probe, const char *path)
{
    /* on a busy machine a second of processor time takes long: only the hang is timed by the clock
     */
    int wall_s = strcmp(probe, "hang") == 0 ? 3 : 600;

    return json_pack("{s:i, s:s, s:s, s:i, s:i, s:i, s:{s:i, s:i, s:i, s:i}}", "version", 1,
                     "probe", probe, "path", path, "fd", OPEN_FD, "unnamed", UNNAMED_FD,
                     "megabytes", 400, "limits", "memory_mb", 200, "file_mb", 4, "cpu_s", 1,
                     "wall_s", wall_s);
}

static void meets(void **state)
{
    const struct row *row = *state;
    char path[] = "/tmp/sampan-confine-XXXXXX";
    char made[sizeof(path) + 4];
    int fd = mkstemp(path);
    json_t *request;
    struct media_run run;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "1234", 4), 4);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_true(dup2(fd, OPEN_FD) == OPEN_FD && dup2(fd, UNNAMED_FD) == UNNAMED_FD);
    (void)snprintf(made, sizeof(made), "%s.new", path);
    request = request_make(row->probe, strcmp(row->probe, "create") == 0 ? made : path);
    media_run(program, "confine-probe", request, &run);
    (void)close(OPEN_FD);
    (void)close(UNNAMED_FD);
    (void)close(fd);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(access(made, F_OK), -1);
    assert_int_equal(unlink(path), 0);
    json_decref(request);
    assert_int_equal(run.signaled, row->signaled);
    if (!row->signaled) {
        assert_int_equal(run.exited, 0);
        assert_int_equal(json_integer_value(json_object_get(run.answer, "errno")), row->errnum);
    } else {
        assert_null(run.answer);
    }
    media_run_finish(&run);
}

/* seccomp must stand; what the kernel may lack says why it does not. */
static void walls(void **state)
{
    json_t *request = json_pack("{s:i}", "version", 1);
    struct media_run run;
    size_t index;
    json_t *wall;
    int seccomp = 0, landlock = 0;

    (void)state;
    media_run(program, "walls", request, &run);
    assert_int_equal(run.exited, 0);
    json_array_foreach(json_object_get(run.answer, "walls"), index, wall)
    {
        const char *name = json_string_value(json_object_get(wall, "name"));
        int stands = json_is_true(json_object_get(wall, "stands"));

        if (strcmp(name, "landlock") == 0)
            landlock = 1;
        if (strcmp(name, "seccomp") == 0)
            seccomp = stands;
        if (!stands) {
            const char *reason = json_string_value(json_object_get(wall, "reason"));

            assert_true(strlen(reason) > 0);
            assert_string_equal(name, "landlock"); /* the only one a kernel may lack */
            print_message("skipped: %s: %s\n", name, reason);
        }
    }
    assert_true(seccomp);
    assert_true(landlock);
    json_decref(request);
    media_run_finish(&run);
}

static void refuses(void **state)
{
    json_t *request = json_pack("{s:i}", "version", 7);
    struct media_run run;

    (void)state;
    media_run(program, "walls", request, &run);
    assert_int_equal(run.exited, 1);
    assert_string_equal(json_string_value(json_object_get(run.answer, "code")), "invalid");
    json_decref(request);
    media_run_finish(&run);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[sizeof(rows) / sizeof(*rows) + 2];
    size_t count = 0;

    if (argc != 2)
        return 2;
    program = argv[1];
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        tests[count++] = (struct CMUnitTest){ rows[i].name, meets, NULL, NULL, &rows[i] };
    tests[count++] = (struct CMUnitTest){ "seccomp stands, and what does not says why", walls, NULL,
                                          NULL, NULL };
    tests[count++] =
        (struct CMUnitTest){ "a request of another version is refused", refuses, NULL, NULL, NULL };
    return _cmocka_run_group_tests("confinement", tests, count, NULL, NULL);
}

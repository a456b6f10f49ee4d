#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "log.h"

#define PAUSE_FIRST_MS 100
#define PAUSE_MOST_MS  10000
#define SETTLED_MS     30000      /* who ran for so long begins with the first pause again */
#define LOG_FILE_MAX   (64 << 20) /* bytes; a longer one is put aside at a start */

int64_t supervise_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void supervise_begin(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGCHLD);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, signals, NULL);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static int log_file(const char *path)
{
    char aside[4100];
    struct stat st;

    if (stat(path, &st) == 0 && st.st_size > LOG_FILE_MAX) {
        (void)snprintf(aside, sizeof(aside), "%s.1", path);
        (void)rename(path, aside);
    }
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

/* Between fork and exec. A group of its own, so that Ctrl-C at a terminal comes to us alone. */
static void become(const struct child *child, int log, pid_t parent)
{
    sigset_t none;
    int null = open("/dev/null", O_RDWR);

    (void)setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, child->orphan_signal) < 0 || getppid() != parent)
        _exit(127);
    if (null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(127);
    (void)close_range(3, ~0u, 0);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    if (child->variable)
        (void)setenv(child->variable, child->value, 1);
    (void)execv(child->argv[0], child->argv);
    _exit(127);
}

int child_start(struct child *child, struct spn_error *err)
{
    pid_t parent = getpid();
    int log = log_file(child->log);

    if (log < 0)
        return spn_error_errno(err, errno, "cannot open %s", child->log);
    child->pid = fork();
    if (child->pid == 0)
        become(child, log, parent);
    close(log);
    if (child->pid < 0) {
        child->pid = 0;
        return spn_error_errno(err, errno, "cannot start %s", child->name);
    }
    (void)setpgid(child->pid, child->pid);
    child->begun_ms = supervise_now_ms();
    return SPN_OK;
}

/* One child of ours, or of a child of ours that is dead: then it has no business any more. */
static void reaped(struct child *children[], size_t count, pid_t pid, int status)
{
    for (size_t i = 0; i < count; i++) {
        struct child *child = children[i];

        if (child->pid != pid)
            continue;
        child->pid = 0;
        child->status = status;
        (void)kill(-pid, SIGKILL); /* what it left in its group: nginx's workers */
        if (supervise_now_ms() - child->begun_ms > SETTLED_MS || !child->pause_ms)
            child->pause_ms = PAUSE_FIRST_MS;
        else if (child->pause_ms < PAUSE_MOST_MS)
            child->pause_ms *= 2;
        child->due_ms = supervise_now_ms() + child->pause_ms;
    }
}

static void reap(struct child *children[], size_t count)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        reaped(children, count, pid, status);
}

int supervise_wait(const sigset_t *signals, struct child *children[], size_t count,
                   int64_t timeout_ms)
{
    struct timespec timeout = { .tv_sec = timeout_ms / 1000,
                                .tv_nsec = timeout_ms % 1000 * 1000000 };
    int number = sigtimedwait(signals, NULL, &timeout);

    reap(children, count);
    return number == SIGINT || number == SIGTERM ? number : 0;
}

void supervise_restart(struct child *children[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct child *child = children[i];
        struct spn_error err = { 0 };
        char how[64];

        if (child->pid || supervise_now_ms() < child->due_ms)
            continue;
        child_ending(child, how, sizeof(how));
        log_warn("a part of Sampan ended and is started again", LOG_TEXT("part", child->name),
                 LOG_TEXT("how", how));
        if (child_start(child, &err) < 0) {
            log_error(err.text);
            child->due_ms = supervise_now_ms() + PAUSE_MOST_MS;
        }
    }
}

void child_stop(struct child *child)
{
    struct child *alone[] = { child };
    int64_t end = supervise_now_ms() + 1000 * (int64_t)child->stop_s;

    if (child->pid)
        (void)kill(child->pid, child->stop_signal);
    while (child->pid && supervise_now_ms() < end) {
        reap(alone, 1);
        if (child->pid)
            usleep(5000);
    }
    if (child->pid) {
        log_warn("it did not end when asked, and is killed", LOG_TEXT("part", child->name));
        (void)kill(-child->pid, SIGKILL);
    }
    while (child->pid) {
        reap(alone, 1);
        usleep(2000);
    }
}

void child_ending(const struct child *child, char *out, size_t size)
{
    if (WIFSIGNALED(child->status))
        (void)snprintf(out, size, "ended by signal %d (%s)", WTERMSIG(child->status),
                       strsignal(WTERMSIG(child->status)));
    else
        (void)snprintf(out, size, "ended with %d", WEXITSTATUS(child->status));
}

void child_last_words(const struct child *child, char *out, size_t size)
{
    char tail[8192], *line;
    int fd = open(child->log, O_RDONLY | O_CLOEXEC);
    struct stat st;
    ssize_t n = 0;

    out[0] = '\0';
    if (fd >= 0 && fstat(fd, &st) == 0)
        n = pread(fd, tail, sizeof(tail) - 1,
                  st.st_size > (off_t)sizeof(tail) - 1 ? st.st_size - (off_t)sizeof(tail) + 1 : 0);
    if (fd >= 0)
        close(fd);
    while (n > 0 && tail[n - 1] == '\n')
        n--;
    if (n <= 0)
        return;
    tail[n] = '\0';
    line = strrchr(tail, '\n');
    line = line ? line + 1 : tail;
    if (line[0] == '{') {
        json_t *object = json_loads(line, 0, NULL);
        const char *msg = json_string_value(json_object_get(object, "msg"));

        (void)snprintf(out, size, "%s", msg ? msg : line);
        json_decref(object);
    } else {
        (void)snprintf(out, size, "%s", line);
    }
}

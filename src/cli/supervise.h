/*
 * supervise.h - children that are kept running, and that do not outlive the one who started them.
 *
 * Each child is given a signal that the kernel sends it when this process dies, however it dies.
 * Its own children are its own matter: sampan-worker does the same with sampan-media, and the
 * master of nginx, asked by SIGTERM, ends its workers. Where a child is killed, what it leaves
 * behind comes to this process (PR_SET_CHILD_SUBREAPER) and is killed too.
 */
#ifndef CLI_SUPERVISE_H
#define CLI_SUPERVISE_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "sampan/error.h"

#define CHILD_ARGUMENTS_MAX 128

struct child {
    const char *name;
    char *argv[CHILD_ARGUMENTS_MAX]; /* argv[0] is a path; borrowed, ended by NULL */
    const char *variable, *value;    /* one more of its environment; NULL for none */
    char log[4096];                  /* its standard output and error are appended here */
    int stop_signal;                 /* asks it to end */
    int orphan_signal;               /* from the kernel, when we die */
    int stop_s;                      /* how long it may take before SIGKILL */

    pid_t pid;                /* 0: does not run */
    int status;               /* how it ended last, as waitpid has it */
    int64_t begun_ms, due_ms; /* when it was started; when it is to be started again */
    int64_t pause_ms;         /* before that: doubled each time it ends early */
};

/* Take SIGCHLD, SIGINT and SIGTERM for supervise_wait(), and become the reaper. Once, at the start.
 */
void supervise_begin(sigset_t *signals);

int child_start(struct child *child, struct spn_error *err);
/* Ask it to end, wait, kill it after stop_s. It is gone afterwards. */
void child_stop(struct child *child);
/* "ended by SIGKILL", "ended with 1" */
void child_ending(const struct child *child, char *out, size_t size);
/* The sentence of its last line of log, or its last line: why it ended. */
void child_last_words(const struct child *child, char *out, size_t size);

/*
 * Wait at most timeout_ms for something: 0 nothing came or a child ended (its pid is 0 then), else
 * the signal that asks us to end.
 */
int supervise_wait(const sigset_t *signals, struct child *children[], size_t count,
                   int64_t timeout_ms);
/* Start again what ended and is due. Logs it. */
void supervise_restart(struct child *children[], size_t count);

int64_t supervise_now_ms(void);

#endif

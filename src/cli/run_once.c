#include "run_once.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void become(char *const argv[], int in, int out)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(127);
    (void)close_range(3, ~0u, 0);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)execv(argv[0], argv);
    _exit(127);
}

int run_once(char *const argv[], const char *input, int timeout_s, struct spn_buffer *out,
             int *status, struct spn_error *err)
{
    int in = memfd_create("input", MFD_CLOEXEC), pipes[2] = { -1, -1 };
    int64_t end = now_ms() + 1000 * (int64_t)timeout_s;
    size_t length = strlen(input);
    char block[4096];
    pid_t pid = -1;
    int ret = SPN_OK;

    if (in < 0 || pipe2(pipes, O_CLOEXEC) < 0 || write(in, input, length) != (ssize_t)length ||
        lseek(in, 0, SEEK_SET) < 0 || (pid = fork()) < 0) {
        ret = spn_error_errno(err, errno, "cannot start %s", argv[0]);
        goto done;
    }
    if (pid == 0)
        become(argv, in, pipes[1]);
    close(pipes[1]);
    pipes[1] = -1;
    for (;;) {
        struct pollfd waiting = { pipes[0], POLLIN, 0 };
        int ready = poll(&waiting, 1, 100);
        ssize_t n = ready > 0 ? read(pipes[0], block, sizeof(block)) : -1;

        if (n == 0)
            break;
        if (n > 0 && out->size + (size_t)n <= RUN_ONCE_MAX)
            spn_buffer_append(out, block, (size_t)n);
        if (now_ms() > end) {
            ret = spn_error_set(err, SPN_EIO, "%s did not end within %d s", argv[0], timeout_s);
            (void)kill(pid, SIGKILL);
            break;
        }
    }
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
done:
    if (in >= 0)
        close(in);
    for (int i = 0; i < 2; i++)
        if (pipes[i] >= 0)
            close(pipes[i]);
    return ret;
}

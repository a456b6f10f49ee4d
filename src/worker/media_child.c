#include "media_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define FIRST_FD 3   /* of the descriptors that are named; 0, 1 and 2 are the streams */
#define TICK_MS  100 /* between two looks at whether the job is still wanted */

enum ending { ENDED_WELL, ENDED_WITH_ERROR, ENDED_BADLY };

/* One attempt. */
struct run {
    struct worker *worker;
    struct job *job;
    struct media_call *call;
    pid_t pid;
    int out, words;         /* our ends of its standard output and error; -1 when at their end */
    struct spn_buffer line; /* of standard output, not yet ended */
    struct spn_buffer word; /* of standard error likewise */
    int word_count;
    int64_t heard_ms;
    json_t *result;
    int has_error, hung, broken; /* broken: it did not keep the protocol */
    struct spn_error error;      /* what it said, or why it was killed */
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int media_call_fd(struct media_call *call, int fd)
{
    if (call->count == call->room) {
        size_t room = call->room ? 2 * call->room : 16;
        int *fds = realloc(call->fds, room * sizeof(*fds));

        if (!fds)
            return SPN_ENOMEM;
        call->fds = fds;
        call->room = room;
    }
    if (call->count == MEDIA_FDS_MAX)
        return SPN_ELIMIT;
    call->fds[call->count] = fd;
    return FIRST_FD + (int)call->count++;
}

void media_call_finish(struct media_call *call)
{
    json_decref(call->request);
    free(call->fds);
    memset(call, 0, sizeof(*call));
}

/* ---- starting it ---- */

/* The request as a file in memory, so that neither side waits for the other. */
static int request_file(const json_t *request, struct spn_error *err)
{
    char *text = json_dumps(request, JSON_COMPACT);
    size_t size, at = 0;
    ssize_t n = 0;
    int fd = -1;

    if (!text)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    size = strlen(text);
    fd = memfd_create("request", MFD_CLOEXEC);
    while (fd >= 0 && at < size && (n = write(fd, text + at, size - at)) > 0)
        at += (size_t)n;
    free(text);
    if (fd < 0 || n < 0) {
        int errnum = errno;

        if (fd >= 0)
            close(fd);
        return spn_error_errno(err, errnum, "cannot hand a request to sampan-media");
    }
    (void)lseek(fd, 0, SEEK_SET);
    return fd;
}

/*
 * In the child, between fork and exec: only what may be called from a signal handler. sources are
 * above every number that is taken here, so no dup2 closes one that is still needed.
 */
static void become_media(const char *program, const char *operation, const int *streams,
                         const int *sources, size_t count, pid_t parent)
{
    static const struct rlimit none = { 0, 0 };
    char *argv[] = { (char *)(uintptr_t)program, (char *)(uintptr_t)operation, NULL };
    sigset_t nothing;

    (void)setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(127);
    for (int i = 0; i < 3; i++)
        if (dup2(streams[i], i) < 0)
            _exit(127);
    for (size_t i = 0; i < count; i++)
        if (dup2(sources[i], FIRST_FD + (int)i) < 0)
            _exit(127);
    if (close_range((unsigned)(FIRST_FD + count), ~0u, 0) < 0)
        _exit(127);
    (void)setrlimit(RLIMIT_CORE, &none);
    sigemptyset(&nothing);
    (void)sigprocmask(SIG_SETMASK, &nothing, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGINT, SIG_DFL);
    execv(program, argv);
    _exit(127);
}

static int above(int fd, size_t count)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD + (int)count);
}

static void close_all(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static int run_start(struct run *run, struct spn_error *err)
{
    struct media_call *call = run->call;
    int streams[3] = { -1, -1, -1 }, out[2] = { -1, -1 }, words[2] = { -1, -1 }, request = -1;
    int *sources = malloc((call->count + 1) * sizeof(*sources));
    size_t moved = 0;
    pid_t parent = getpid();
    int ret = SPN_OK;

    if (!sources)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if ((request = request_file(call->request, err)) < 0) {
        ret = request;
        goto done;
    }
    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(words, O_CLOEXEC) < 0 ||
        (streams[0] = above(request, call->count)) < 0 ||
        (streams[1] = above(out[1], call->count)) < 0 ||
        (streams[2] = above(words[1], call->count)) < 0) {
        ret = spn_error_errno(err, errno, "cannot start sampan-media");
        goto done;
    }
    for (; moved < call->count; moved++)
        if ((sources[moved] = above(call->fds[moved], call->count)) < 0) {
            ret = spn_error_errno(err, errno, "cannot hand %zu files to sampan-media", call->count);
            goto done;
        }
    run->pid = fork();
    if (run->pid == 0)
        become_media(run->worker->media, call->operation, streams, sources, call->count, parent);
    if (run->pid < 0) {
        ret = spn_error_errno(err, errno, "cannot start sampan-media");
        goto done;
    }
    (void)setpgid(run->pid, run->pid); /* both do, so that whoever kills finds the group */
    run->out = out[0];
    run->words = words[0];
    out[0] = words[0] = -1;
    run->heard_ms = now_ms();
done:
    close_all(sources, moved);
    close_all(streams, 3);
    close_all(out, 2);
    close_all(words, 2);
    close_all(&request, 1);
    free(sources);
    return ret;
}

/* ---- hearing it ---- */

static void run_kill(struct run *run)
{
    (void)kill(-run->pid, SIGKILL);
    (void)kill(run->pid, SIGKILL); /* it may not have come to setpgid yet */
}

static void run_break(struct run *run, const char *what)
{
    if (!run->broken)
        spn_error_set(&run->error, SPN_EIO, "sampan-media %s", what);
    run->broken = 1;
    run_kill(run);
}

/* One line of standard output, with its length. */
static void hear_line(struct run *run, const char *text, size_t size)
{
    json_t *line = json_loadb(text, size, 0, NULL);
    const char *event = json_string_value(json_object_get(line, "event"));
    const char *unit, *code, *sentence;

    if (!event) {
        run_break(run, "answered what is not in the protocol");
    } else if (!strcmp(event, "progress")) {
        unit = json_string_value(json_object_get(line, "unit"));
        job_progress(run->job, json_integer_value(json_object_get(line, "done")),
                     json_integer_value(json_object_get(line, "total")), unit ? unit : "");
    } else if (!strcmp(event, "result")) {
        if (run->result || run->has_error)
            run_break(run, "answered twice");
        else
            run->result = json_incref(line);
    } else if (!strcmp(event, "error")) {
        code = json_string_value(json_object_get(line, "code"));
        sentence = json_string_value(json_object_get(line, "text"));
        if (run->result || run->has_error || !code || !client_code_of_name(code) || !sentence ||
            !sentence[0]) {
            run_break(run, "gave an error that is none");
        } else {
            run->has_error = 1;
            spn_error_set(&run->error, client_code_of_name(code), "%s", sentence);
        }
    }
    json_decref(line);
}

static void hear_out(struct run *run, const char *bytes, size_t size)
{
    while (size && !run->broken) {
        const char *newline = memchr(bytes, '\n', size);
        size_t take = newline ? (size_t)(newline - bytes) : size;

        if (run->line.size + take > MEDIA_LINE_MAX) {
            run_break(run, "answered a line that is too long");
            return;
        }
        spn_buffer_append(&run->line, bytes, take);
        if (spn_buffer_failed(&run->line)) {
            run_break(run, "answered more than there is memory for");
            return;
        }
        if (!newline)
            return;
        hear_line(run, (const char *)run->line.data, run->line.size);
        run->line.size = 0;
        bytes = newline + 1;
        size -= take + 1;
    }
}

/* FFmpeg's words go to the log, as many as anybody would read. */
static void hear_word(struct run *run)
{
    const char *text = spn_buffer_text(&run->word);

    if (text && run->word.size && run->word_count++ < MEDIA_WORDS_MAX)
        log_warn("sampan-media says", LOG_TEXT("text", text));
    run->word.size = 0;
}

static void hear_words(struct run *run, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n' || run->word.size == 1000)
            hear_word(run);
        if (bytes[i] != '\n')
            spn_buffer_u8(&run->word, (uint8_t)bytes[i]);
    }
}

/* What there is to read on one of them; its descriptor is closed at the end. */
static void hear(struct run *run, int *fd, void (*take)(struct run *, const char *, size_t))
{
    char bytes[65536];
    ssize_t n = read(*fd, bytes, sizeof(bytes));

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n > 0) {
        take(run, bytes, (size_t)n);
        return;
    }
    close(*fd);
    *fd = -1;
}

/* Until both streams end. A child that closed them and stays is ended by run_reap(). */
static int run_hear(struct run *run, struct spn_error *err)
{
    int64_t idle_ms = run->worker->settings.media_idle_s * 1000;
    int ret;

    while (run->out >= 0 || run->words >= 0) {
        struct pollfd polls[2] = { { run->out, POLLIN, 0 }, { run->words, POLLIN, 0 } };
        int ready = poll(polls, 2, TICK_MS);

        if ((ret = job_wanted(run->worker, run->job, err)) < 0) {
            run_kill(run);
            return ret;
        }
        if (ready > 0 && polls[0].revents) {
            run->heard_ms = now_ms();
            hear(run, &run->out, hear_out);
        }
        if (ready > 0 && polls[1].revents)
            hear(run, &run->words, hear_words); /* words are no sign of progress */
        if (run->broken)
            return SPN_OK;
        if (now_ms() - run->heard_ms > idle_ms) {
            run->hung = 1;
            run_kill(run);
            return SPN_OK;
        }
    }
    return SPN_OK;
}

/* Wait for its end; *status as waitpid has it. It was told to end or has closed its streams. */
static int run_reap(struct run *run, int *status, struct spn_error *err)
{
    int64_t end = now_ms() + run->worker->settings.media_idle_s * 1000;
    int ret = SPN_OK, killed = 0;
    pid_t pid;

    while ((pid = waitpid(run->pid, status, WNOHANG)) == 0 || (pid < 0 && errno == EINTR)) {
        if (!killed && (ret = job_wanted(run->worker, run->job, err)) < 0)
            killed = 1;
        else if (!killed && now_ms() > end)
            killed = run->hung = 1;
        if (killed)
            run_kill(run);
        usleep(5000);
    }
    return ret;
}

static enum ending run_ending(const struct run *run, int status, char how[128])
{
    static const struct {
        int number;
        const char *name, *means;
    } signals[] = {
        { SIGSEGV, "SIGSEGV", "it read memory that is not its own" },
        { SIGBUS, "SIGBUS", "a file it reads became shorter" },
        { SIGABRT, "SIGABRT", "it found itself broken" },
        { SIGILL, "SIGILL", "an instruction this processor does not have" },
        { SIGFPE, "SIGFPE", "a division by zero" },
        { SIGSYS, "SIGSYS", "it tried what its confinement forbids" },
        { SIGKILL, "SIGKILL", "most likely the machine was out of memory" },
        { SIGXCPU, "SIGXCPU", "it used more processor time than it may" },
        { SIGXFSZ, "SIGXFSZ", "it wrote more than it may" },
        { SIGALRM, "SIGALRM", "it took longer than it may" },
    };

    if (run->broken)
        (void)snprintf(how, 128, "%s", run->error.text + strlen("sampan-media "));
    else if (WIFSIGNALED(status)) {
        (void)snprintf(how, 128, "was ended by signal %d", WTERMSIG(status));
        for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
            if (signals[i].number == WTERMSIG(status))
                (void)snprintf(how, 128, "was ended by %s (%s)", signals[i].name, signals[i].means);
    } else if (WEXITSTATUS(status) == 0 && run->result && !run->has_error)
        return ENDED_WELL;
    else if (WEXITSTATUS(status) == 1 && run->has_error)
        return ENDED_WITH_ERROR;
    else if (WEXITSTATUS(status) == 127)
        (void)snprintf(how, 128, "could not be started");
    else
        (void)snprintf(how, 128, "ended with %d and no %s", WEXITSTATUS(status),
                       WEXITSTATUS(status) ? "error" : "result");
    return ENDED_BADLY;
}

/* 1: it crashed, how says in which way; *result or err in the other cases. */
static int attempt(struct worker *worker, struct job *job, struct media_call *call, json_t **result,
                   char how[128], struct spn_error *err)
{
    struct run run = { .worker = worker, .job = job, .call = call, .out = -1, .words = -1 };
    enum ending ending;
    int ret, reaped, status = 0;

    if ((ret = run_start(&run, err)) < 0)
        return ret;
    ret = run_hear(&run, err);
    if (ret < 0) {
        (void)run_reap(&run, &status, NULL);
        goto done;
    }
    reaped = run_reap(&run, &status, err);
    if (reaped < 0) {
        ret = reaped;
        goto done;
    }
    hear_word(&run);
    if (run.word_count > MEDIA_WORDS_MAX)
        log_warn("sampan-media said more", LOG_NUMBER("lines", run.word_count - MEDIA_WORDS_MAX));
    if (run.hung) {
        ret = spn_error_set(err, SPN_EIO,
                            "sampan-media said nothing for %lld s while it worked on %s and was "
                            "ended; media_idle_s sets how long it may",
                            (long long)worker->settings.media_idle_s, call->what);
        goto done;
    }
    ending = run_ending(&run, status, how);
    if (ending == ENDED_WELL) {
        *result = json_incref(run.result);
        (void)json_object_del(*result, "event");
    } else if (ending == ENDED_WITH_ERROR) {
        ret = spn_error_set(err, run.error.code, "%s", run.error.text);
    } else {
        ret = 1;
    }
done:
    if (run.out >= 0)
        close(run.out);
    if (run.words >= 0)
        close(run.words);
    spn_buffer_finish(&run.line);
    spn_buffer_finish(&run.word);
    json_decref(run.result);
    return ret;
}

int media_call_run(struct worker *worker, struct job *job, struct media_call *call, json_t **result,
                   struct spn_error *err)
{
    char how[128] = "";
    int ret;

    *result = NULL;
    if ((ret = job_wanted(worker, job, err)) < 0 ||
        (ret = attempt(worker, job, call, result, how, err)) <= 0)
        return ret;
    job->crashed = 1;
    return spn_error_set(err, SPN_EIO, "sampan-media %s while it worked on %s", how, call->what);
}

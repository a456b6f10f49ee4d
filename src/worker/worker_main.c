/* sampan-worker: works until it is told to stop. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "program.h"
#include "scratch.h"
#include "worker.h"

#define GRACE_S 3 /* at a shutdown: what is done within it is committed, the rest handed back */

static const struct option options[] = {
    { "help", NULL, "Say what can be set." },
    { NULL, NULL, NULL },
};

static void usage(FILE *out)
{
    fputs("usage: sampan-worker [OPTION]…\n\nClaims jobs, works on them and commits what came of "
          "them.\n\n",
          out);
    options_help(out, options);
    settings_help(out, SETTINGS_WORKER);
}

static int take(void *opaque, const struct option *option, const char *value, struct spn_error *err)
{
    if (!option)
        return spn_error_set(err, SPN_EINVAL, "\"%.100s\" is one argument too many", value);
    *(int *)opaque = 1;
    return SPN_OK;
}

static int64_t machine_memory_mb(void)
{
    return (int64_t)sysconf(_SC_PHYS_PAGES) / (1 << 10) * sysconf(_SC_PAGESIZE) / (1 << 10);
}

static int worker_init(struct worker *worker, struct spn_error *err)
{
    struct rlimit files;
    char host[64] = "";
    int ret;

    (void)pthread_mutex_init(&worker->lock, NULL);
    (void)pthread_cond_init(&worker->changed, NULL);
    worker->slots = worker->settings.workers;
    if (worker->slots < 0)
        worker->slots = sysconf(_SC_NPROCESSORS_ONLN);
    if (worker->slots < 1 || worker->slots > WORKER_SLOTS_MAX)
        return spn_error_set(err, SPN_EINVAL, "a worker works on 1 to %d jobs at a time, not %lld",
                             WORKER_SLOTS_MAX, (long long)worker->slots);
    worker->memory_mb = worker->settings.worker_memory_mb;
    if (!worker->memory_mb)
        worker->memory_mb = machine_memory_mb() / 4 * 3;
    /* One descriptor for each chunk of a title at a time, in each slot. */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    (void)gethostname(host, sizeof(host) - 1);
    for (char *p = host; *p; p++)
        if (*p == '/' || *p == '.')
            *p = '-';
    (void)snprintf(worker->name, sizeof(worker->name), "%s-%d", host, (int)getpid());
    if ((ret = client_address(&worker->settings, worker->base, err)) < 0 ||
        (ret = client_token(&worker->settings, 1, worker->token, err)) < 0 ||
        (ret = program_find("sampan-media", worker->media, err)) < 0)
        return ret;
    return scratch_open(worker->settings.data, worker->name, worker->tmp, &worker->tmp_lock, err);
}

/* The first signal gives the jobs in hand a few seconds, the second none. */
static void *signals_main(void *opaque)
{
    struct worker *worker = opaque;
    struct timespec grace = { .tv_sec = GRACE_S };
    sigset_t set;
    int number;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    while (sigwait(&set, &number) == 0 && number == SIGHUP) {
        struct spn_error err = { 0 };

        if (log_reopen(&err) < 0)
            log_error(err.text);
    }
    log_info("stops: jobs in hand are finished or handed back", LOG_NUMBER("signal", number));
    worker_phase_set(worker, WORKER_ENDS);
    (void)sigtimedwait(&set, NULL, &grace);
    worker_phase_set(worker, WORKER_STOPS);
    return NULL;
}

int main(int argc, char **argv)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    struct spn_error err = { 0 };
    pthread_t signals;
    sigset_t set;
    int ret, help = 0;

    if (!worker)
        return 1;
    worker->tmp_lock = -1;
    ret = settings_read(&worker->settings, SETTINGS_WORKER, options, argc, argv, take, &help, &err);
    if (help) {
        usage(stdout);
        free(worker);
        return 0;
    }
    if (ret < 0) {
        fprintf(stderr, "sampan-worker: %s\n", err.text);
        free(worker);
        return 2;
    }
    umask(022);
    (void)log_open("sampan-worker", NULL, (enum log_level)worker->settings.log_level, NULL);
    /* Blocked before any thread is started, so that only signals_main() takes them. */
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);

    ret = worker_init(worker, &err);
    if (ret == SPN_OK && (errno = pthread_create(&signals, NULL, signals_main, worker)))
        ret = spn_error_errno(&err, errno, "cannot start a thread");
    if (ret == SPN_OK) {
        pthread_detach(signals);
        log_info("works", LOG_TEXT("name", worker->name), LOG_TEXT("api", worker->base),
                 LOG_NUMBER("slots", worker->slots), LOG_NUMBER("memory_mb", worker->memory_mb));
        ret = worker_run(worker, &err);
    }
    if (ret < 0)
        log_error(err.text);
    else
        log_info("stopped");
    scratch_close(worker->tmp, worker->tmp_lock);
    log_close();
    /* worker stays: the signals thread may still look at it */
    exit(ret < 0 ? 1 : 0);
}

/* gc_daily.c - gc once a day. */
#include "gc_daily.h"

#include <stdlib.h>
#include <time.h>

#include "gc.h"
#include "log.h"

struct gc_daily {
    struct instance *instance;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t something;
    int ended;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t gc_daily_wait(int64_t started_ms, int64_t last_ms, int64_t now_ms)
{
    int64_t due = last_ms ? last_ms + GC_EVERY_MS : started_ms + GC_FIRST_MS;

    return due > now_ms ? due - now_ms : 0;
}

static int daily_ended(void *opaque, const char *path)
{
    struct gc_daily *daily = opaque;
    int ended;

    (void)path;
    (void)pthread_mutex_lock(&daily->lock);
    ended = daily->ended;
    (void)pthread_mutex_unlock(&daily->lock);
    return ended ? SPN_ECANCELED : SPN_OK;
}

static void daily_run(struct gc_daily *daily)
{
    struct gc_options options = { .between = daily_ended, .opaque = daily };
    struct spn_error err = { 0 };
    json_t *report = NULL;
    int ret = gc_run(daily->instance, &options, &report, &err);

    if (ret < 0 && ret != SPN_ECANCELED)
        log_warn("the daily gc did not end well", LOG_TEXT("detail", err.text));
    json_decref(report);
}

static void *daily_thread(void *opaque)
{
    struct gc_daily *daily = opaque;
    int64_t started = monotonic_ms(), last = 0;

    (void)pthread_mutex_lock(&daily->lock);
    while (!daily->ended) {
        int64_t wait = gc_daily_wait(started, last, monotonic_ms());
        struct timespec until;

        if (wait == 0) {
            last = monotonic_ms();
            (void)pthread_mutex_unlock(&daily->lock);
            daily_run(daily);
            (void)pthread_mutex_lock(&daily->lock);
            continue;
        }
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += (time_t)(wait / 1000 + 1);
        (void)pthread_cond_timedwait(&daily->something, &daily->lock, &until);
    }
    (void)pthread_mutex_unlock(&daily->lock);
    return NULL;
}

int gc_daily_start(struct instance *instance, struct gc_daily **out, struct spn_error *err)
{
    struct gc_daily *daily = calloc(1, sizeof(*daily));
    pthread_condattr_t attr;

    *out = NULL;
    if (!daily)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    daily->instance = instance;
    (void)pthread_mutex_init(&daily->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&daily->something, &attr);
    (void)pthread_condattr_destroy(&attr);
    if (pthread_create(&daily->thread, NULL, daily_thread, daily) != 0) {
        free(daily);
        return spn_error_set(err, SPN_EAGAIN, "cannot start a thread");
    }
    *out = daily;
    return SPN_OK;
}

void gc_daily_stop(struct gc_daily *daily)
{
    if (!daily)
        return;
    (void)pthread_mutex_lock(&daily->lock);
    daily->ended = 1;
    (void)pthread_cond_signal(&daily->something);
    (void)pthread_mutex_unlock(&daily->lock);
    (void)pthread_join(daily->thread, NULL);
    (void)pthread_cond_destroy(&daily->something);
    (void)pthread_mutex_destroy(&daily->lock);
    free(daily);
}

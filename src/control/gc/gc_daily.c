/* gc_daily.c - gc once a day. */
#include "gc_daily.h"

#include <stdlib.h>
#include <time.h>

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

int64_t gc_daily_turn(struct instance *instance, struct gc_schedule *schedule, int64_t now_ms,
                      const struct gc_options *options)
{
    int64_t wait_ms = gc_daily_wait(schedule->started_ms, schedule->last_ms, now_ms);
    struct spn_error err = { 0 };
    json_t *report = NULL;
    int ret;

    if (wait_ms > 0)
        return wait_ms;
    schedule->last_ms = now_ms;
    ret = gc_run(instance, options, &report, &err);
    if (ret < 0 && ret != SPN_ECANCELED)
        log_warn("the daily gc did not end well", LOG_TEXT("detail", err.text));
    json_decref(report);
    return GC_EVERY_MS;
}

static void *daily_thread(void *opaque)
{
    struct gc_daily *daily = opaque;
    struct gc_schedule schedule = { .started_ms = monotonic_ms() };
    struct gc_options options = { .between = daily_ended, .opaque = daily };

    (void)pthread_mutex_lock(&daily->lock);
    while (!daily->ended) {
        struct timespec until;
        int64_t wait_ms;

        (void)pthread_mutex_unlock(&daily->lock);
        wait_ms = gc_daily_turn(daily->instance, &schedule, monotonic_ms(), &options);
        (void)pthread_mutex_lock(&daily->lock);
        if (daily->ended)
            break;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += (time_t)(wait_ms / 1000 + 1);
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

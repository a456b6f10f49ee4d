/* waiting.c - suspended connections and the thread that resumes them. */
#include "waiting.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define TICK_NS 1000000000LL

struct waiter {
    struct MHD_Connection *connection;
    struct waiter *next;
};

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t something;
    pthread_t thread;
    struct waiter *waiters;
    uint64_t count;
    int woken, ended;
};

static void waiters_resume(struct waiter *waiters)
{
    while (waiters) {
        struct waiter *next = waiters->next;

        MHD_resume_connection(waiters->connection);
        free(waiters);
        waiters = next;
    }
}

static void *waiting_run(void *opaque)
{
    struct waiting *waiting = opaque;

    (void)pthread_mutex_lock(&waiting->lock);
    while (!waiting->ended) {
        struct waiter *waiters;
        struct timespec until;

        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += TICK_NS / 1000000000LL;
        while (!waiting->woken && !waiting->ended &&
               pthread_cond_timedwait(&waiting->something, &waiting->lock, &until) == 0)
            continue;
        waiting->woken = 0;
        waiters = waiting->waiters;
        waiting->waiters = NULL;
        (void)pthread_mutex_unlock(&waiting->lock);
        waiters_resume(waiters);
        (void)pthread_mutex_lock(&waiting->lock);
    }
    (void)pthread_mutex_unlock(&waiting->lock);
    return NULL;
}

int waiting_create(struct waiting **out, struct spn_error *err)
{
    struct waiting *waiting = calloc(1, sizeof(*waiting));
    pthread_condattr_t attr;

    *out = NULL;
    if (!waiting)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    (void)pthread_mutex_init(&waiting->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&waiting->something, &attr);
    (void)pthread_condattr_destroy(&attr);
    if (pthread_create(&waiting->thread, NULL, waiting_run, waiting) != 0) {
        free(waiting);
        return spn_error_set(err, SPN_EAGAIN, "cannot start a thread");
    }
    *out = waiting;
    return SPN_OK;
}

void waiting_end(struct waiting *waiting)
{
    struct waiter *waiters;

    (void)pthread_mutex_lock(&waiting->lock);
    waiting->ended = 1;
    (void)pthread_cond_signal(&waiting->something);
    (void)pthread_mutex_unlock(&waiting->lock);
    (void)pthread_join(waiting->thread, NULL);
    waiters = waiting->waiters; /* nobody is added once ended is set */
    waiting->waiters = NULL;
    waiters_resume(waiters);
}

void waiting_destroy(struct waiting *waiting)
{
    if (!waiting)
        return;
    (void)pthread_cond_destroy(&waiting->something);
    (void)pthread_mutex_destroy(&waiting->lock);
    free(waiting);
}

uint64_t waiting_count(struct waiting *waiting)
{
    uint64_t count;

    (void)pthread_mutex_lock(&waiting->lock);
    count = waiting->count;
    (void)pthread_mutex_unlock(&waiting->lock);
    return count;
}

int waiting_ended(struct waiting *waiting)
{
    int ended;

    (void)pthread_mutex_lock(&waiting->lock);
    ended = waiting->ended;
    (void)pthread_mutex_unlock(&waiting->lock);
    return ended;
}

int waiting_suspend(struct waiting *waiting, struct MHD_Connection *connection, uint64_t count)
{
    struct waiter *waiter = malloc(sizeof(*waiter));
    int suspended = 0;

    if (!waiter)
        return 0;
    (void)pthread_mutex_lock(&waiting->lock);
    if (!waiting->ended && waiting->count == count) {
        /* Under the lock, so that it is not resumed before it is suspended. */
        MHD_suspend_connection(connection);
        waiter->connection = connection;
        waiter->next = waiting->waiters;
        waiting->waiters = waiter;
        suspended = 1;
    }
    (void)pthread_mutex_unlock(&waiting->lock);
    if (!suspended)
        free(waiter);
    return suspended;
}

void waiting_wake(struct waiting *waiting)
{
    (void)pthread_mutex_lock(&waiting->lock);
    waiting->count++;
    waiting->woken = 1;
    (void)pthread_cond_signal(&waiting->something);
    (void)pthread_mutex_unlock(&waiting->lock);
}

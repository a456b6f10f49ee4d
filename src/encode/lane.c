/* lane.c - one thread that takes frames from a bounded queue. */
#include "lane.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct lane {
    struct lane_work work;
    pthread_t thread;
    pthread_mutex_t lock; /* over everything below */
    pthread_cond_t changed;
    AVFrame *queue[LANE_QUEUE]; /* a ring */
    size_t first, count;
    int ended, stopped, done;
    int64_t taken;
    int ret; /* of the work */
    struct spn_error err;
};

/* The next frame, NULL at the end; 0 where the lane is to stop at once. */
static int frame_wait(struct lane *lane, AVFrame **out)
{
    int going;

    pthread_mutex_lock(&lane->lock);
    while (!lane->count && !lane->ended && !lane->stopped)
        pthread_cond_wait(&lane->changed, &lane->lock);
    going = !lane->stopped;
    *out = NULL;
    if (going && lane->count) {
        *out = lane->queue[lane->first];
        lane->first = (lane->first + 1) % LANE_QUEUE;
        lane->count--;
        pthread_cond_broadcast(&lane->changed);
    }
    pthread_mutex_unlock(&lane->lock);
    return going;
}

static void *lane_main(void *opaque)
{
    struct lane *lane = opaque;
    struct spn_error err = { 0 };
    AVFrame *frame = NULL;
    int ret = SPN_OK, last = 0;

    while (ret >= 0 && !last && frame_wait(lane, &frame)) {
        last = !frame;
        ret = lane->work.take(lane->work.opaque, frame, &err);
        pthread_mutex_lock(&lane->lock);
        lane->taken += !last;
        pthread_mutex_unlock(&lane->lock);
        av_frame_free(&frame);
    }
    pthread_mutex_lock(&lane->lock);
    lane->ret = ret;
    lane->err = err;
    lane->done = 1;
    pthread_cond_broadcast(&lane->changed);
    pthread_mutex_unlock(&lane->lock);
    return NULL;
}

int lane_create(struct lane_work work, struct lane **out, struct spn_error *err)
{
    struct lane *lane = calloc(1, sizeof(*lane));
    pthread_condattr_t clock;
    int ret;

    *out = NULL;
    if (!lane)
        return spn_error_set(err, SPN_ENOMEM, "no memory for a lane");
    lane->work = work;
    (void)pthread_mutex_init(&lane->lock, NULL);
    (void)pthread_condattr_init(&clock);
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&lane->changed, &clock);
    (void)pthread_condattr_destroy(&clock);
    if ((ret = pthread_create(&lane->thread, NULL, lane_main, lane)) != 0) {
        (void)pthread_cond_destroy(&lane->changed);
        (void)pthread_mutex_destroy(&lane->lock);
        free(lane);
        return spn_error_errno(err, ret, "cannot start a thread");
    }
    *out = lane;
    return SPN_OK;
}

void lane_destroy(struct lane *lane)
{
    if (!lane)
        return;
    pthread_mutex_lock(&lane->lock);
    lane->stopped = 1;
    pthread_cond_broadcast(&lane->changed);
    pthread_mutex_unlock(&lane->lock);
    (void)pthread_join(lane->thread, NULL);
    for (; lane->count; lane->count--, lane->first = (lane->first + 1) % LANE_QUEUE)
        av_frame_free(&lane->queue[lane->first]);
    (void)pthread_cond_destroy(&lane->changed);
    (void)pthread_mutex_destroy(&lane->lock);
    free(lane);
}

/* The lock is held. A lane that is done before its end was told has failed. */
static int lane_result(const struct lane *lane, struct spn_error *err)
{
    if (lane->ret < 0 && err)
        *err = lane->err;
    return lane->ret;
}

int lane_push(struct lane *lane, const AVFrame *frame, struct spn_error *err)
{
    AVFrame *own = av_frame_clone(frame);
    int ret = SPN_OK;

    if (!own)
        return spn_error_set(err, SPN_ENOMEM, "no memory for a frame");
    pthread_mutex_lock(&lane->lock);
    while (lane->count == LANE_QUEUE && !lane->done)
        pthread_cond_wait(&lane->changed, &lane->lock);
    if (lane->done) {
        ret = lane_result(lane, err);
    } else {
        lane->queue[(lane->first + lane->count++) % LANE_QUEUE] = own;
        own = NULL;
        pthread_cond_broadcast(&lane->changed);
    }
    pthread_mutex_unlock(&lane->lock);
    av_frame_free(&own);
    return ret;
}

void lane_end(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    lane->ended = 1;
    pthread_cond_broadcast(&lane->changed);
    pthread_mutex_unlock(&lane->lock);
}

int lane_wait(struct lane *lane, int timeout_ms, struct spn_error *err)
{
    struct timespec until;
    int ret = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (timeout_ms % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&lane->lock);
    while (!lane->done && ret != ETIMEDOUT)
        ret = pthread_cond_timedwait(&lane->changed, &lane->lock, &until);
    ret = !lane->done ? 0 : lane->ret < 0 ? lane_result(lane, err) : 1;
    pthread_mutex_unlock(&lane->lock);
    return ret;
}

int64_t lane_taken(struct lane *lane)
{
    int64_t taken;

    pthread_mutex_lock(&lane->lock);
    taken = lane->taken;
    pthread_mutex_unlock(&lane->lock);
    return taken;
}

/*
 * gc_daily.h - gc once a day, in a thread of its own: a large directory takes minutes, and nothing
 * waits for it. What it removed is in the log.
 */
#ifndef CONTROL_GC_DAILY_H
#define CONTROL_GC_DAILY_H

#include "gc.h"

#define GC_FIRST_MS (600LL * 1000) /* after a start, which has enough to do */
#define GC_EVERY_MS (24LL * 3600 * 1000)

struct gc_daily;

int gc_daily_start(struct instance *instance, struct gc_daily **out, struct spn_error *err);
void gc_daily_stop(struct gc_daily *daily); /* stops a run before its next file; NULL is allowed */

/* Milliseconds of one clock that never goes back. */
struct gc_schedule {
    int64_t started_ms, last_ms; /* last_ms: when the last run began, 0 for none */
};

/* Run gc if it is due at now_ms; how long until it is due again, > 0. What went wrong is logged. */
int64_t gc_daily_turn(struct instance *instance, struct gc_schedule *schedule, int64_t now_ms,
                      const struct gc_options *options);
/* How long to wait at now_ms, 0 for a run; last_ms is when the last one began, 0 for none. */
int64_t gc_daily_wait(int64_t started_ms, int64_t last_ms, int64_t now_ms);

#endif

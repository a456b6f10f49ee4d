/* metrics.h - what Prometheus reads at /metrics. Counters only grow; any thread may add. */
#ifndef CONTROL_METRICS_H
#define CONTROL_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "instance.h"
#include "sampan/buffer.h"

#define METRIC_BUCKETS 12

struct metrics {
    _Atomic uint64_t requests[6]; /* by hundred of the status */
    _Atomic uint64_t request_buckets[METRIC_BUCKETS + 1];
    _Atomic uint64_t request_us;
    _Atomic uint64_t claims, commits, failures, releases, refused_fences;
};

extern struct metrics metrics;

void metrics_request(unsigned status, int64_t duration_us);
/* Append the text format 0.0.4; gauges are asked of the database now. */
int metrics_write(const struct instance *instance, struct db *db, struct spn_buffer *out,
                  struct spn_error *err);

#endif

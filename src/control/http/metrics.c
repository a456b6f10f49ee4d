/* metrics.c - counters, a histogram and a few gauges in Prometheus' text. */
#include "metrics.h"

#include <string.h>

struct metrics metrics;

/* microseconds; the API's target is 5 ms at the 99th percentile */
static const int64_t bounds_us[METRIC_BUCKETS] = {
    250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000, 10000000
};

void metrics_request(unsigned status, int64_t duration_us)
{
    size_t i = 0;

    while (i < METRIC_BUCKETS && duration_us > bounds_us[i])
        i++;
    atomic_fetch_add(&metrics.request_buckets[i], 1);
    atomic_fetch_add(&metrics.request_us, (uint64_t)duration_us);
    atomic_fetch_add(&metrics.requests[status / 100 < 6 ? status / 100 : 5], 1);
}

static void counter_write(struct spn_buffer *out, const char *name, const char *help,
                          uint64_t value)
{
    spn_buffer_format(out, "# HELP %s %s\n# TYPE %s counter\n%s %llu\n", name, help, name, name,
                      (unsigned long long)value);
}

static void requests_write(struct spn_buffer *out)
{
    uint64_t below = 0;

    spn_buffer_string(out, "# HELP sampan_http_requests_total Requests answered, by hundred of the "
                           "status.\n# TYPE sampan_http_requests_total counter\n");
    for (int i = 1; i < 6; i++)
        spn_buffer_format(out, "sampan_http_requests_total{status=\"%dxx\"} %llu\n", i,
                          (unsigned long long)atomic_load(&metrics.requests[i]));
    spn_buffer_string(out, "# HELP sampan_http_request_seconds How long requests took, without "
                           "those that waited.\n# TYPE sampan_http_request_seconds histogram\n");
    for (int i = 0; i < METRIC_BUCKETS; i++) {
        below += atomic_load(&metrics.request_buckets[i]);
        spn_buffer_format(out, "sampan_http_request_seconds_bucket{le=\"%g\"} %llu\n",
                          (double)bounds_us[i] / 1e6, (unsigned long long)below);
    }
    below += atomic_load(&metrics.request_buckets[METRIC_BUCKETS]);
    spn_buffer_format(out,
                      "sampan_http_request_seconds_bucket{le=\"+Inf\"} %llu\n"
                      "sampan_http_request_seconds_sum %.6f\nsampan_http_request_seconds_count "
                      "%llu\n",
                      (unsigned long long)below, (double)atomic_load(&metrics.request_us) / 1e6,
                      (unsigned long long)below);
}

/* One gauge with a label, from a statement that gives label and number. */
static int gauge_rows(struct db *db, struct spn_buffer *out, const char *name, const char *help,
                      const char *label, const char *sql, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    spn_buffer_format(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
    if ((ret = db_query(db, sql, DB_NONE, &rows, err)) < 0)
        return ret;
    while ((ret = rows_next(rows, err)) > 0)
        spn_buffer_format(out, "%s{%s=\"%s\"} %lld\n", name, label, rows_text(rows, 0),
                          (long long)rows_number(rows, 1));
    rows_close(rows);
    return ret;
}

int metrics_write(const struct instance *instance, struct db *db, struct spn_buffer *out,
                  struct spn_error *err)
{
    int64_t now_ms = instance_now_ms(instance), oldest = 0;
    int ret;

    requests_write(out);
    counter_write(out, "sampan_jobs_claimed_total", "Jobs given to workers.",
                  atomic_load(&metrics.claims));
    counter_write(out, "sampan_jobs_committed_total", "Jobs that workers finished.",
                  atomic_load(&metrics.commits));
    counter_write(out, "sampan_jobs_failed_total", "Times that a worker said a job failed.",
                  atomic_load(&metrics.failures));
    counter_write(out, "sampan_jobs_released_total", "Jobs handed back untried.",
                  atomic_load(&metrics.releases));
    counter_write(out, "sampan_jobs_stale_total",
                  "Words of workers refused because their lease had gone to another.",
                  atomic_load(&metrics.refused_fences));
    if ((ret = gauge_rows(db, out, "sampan_jobs", "Jobs that are not done, by state.", "state",
                          "SELECT state, count(*) FROM job WHERE state IN ('ready', 'running',"
                          " 'paused', 'failed', 'held') GROUP BY state ORDER BY state",
                          err)) < 0 ||
        (ret = gauge_rows(db, out, "sampan_ingests", "Ingests, by state.", "state",
                          "SELECT state, count(*) FROM ingest GROUP BY state ORDER BY state",
                          err)) < 0 ||
        (ret = db_count(db, "SELECT min(created_ms) FROM job WHERE state = 'ready'", DB_NONE, 0,
                        &oldest, err)) < 0)
        return ret;
    spn_buffer_format(out,
                      "# HELP sampan_queue_age_seconds Age of the oldest job that waits for a "
                      "worker.\n# TYPE sampan_queue_age_seconds gauge\n"
                      "sampan_queue_age_seconds %.3f\n",
                      oldest > 0 ? (double)(now_ms - oldest) / 1000 : 0.0);
    spn_buffer_format(out,
                      "# HELP sampan_disk_free_bytes Bytes free on the disk of the data directory."
                      "\n# TYPE sampan_disk_free_bytes gauge\nsampan_disk_free_bytes %lld\n",
                      (long long)instance_free(instance));
    spn_buffer_format(out,
                      "# HELP sampan_uptime_seconds Seconds since the start.\n"
                      "# TYPE sampan_uptime_seconds gauge\nsampan_uptime_seconds %.3f\n",
                      (double)(now_ms - instance->started_ms) / 1000);
    return spn_buffer_failed(out) ? spn_error_set(err, SPN_ENOMEM, "out of memory") : SPN_OK;
}

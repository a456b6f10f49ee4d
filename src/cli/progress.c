#include "progress.h"

#include <string.h>
#include <unistd.h>

#include "output.h"

#define LOOK_FIRST_MS 50
#define LOOK_MOST_MS  500
#define PATIENCE_MS   60000 /* for an API that is restarted meanwhile */

/* Of its own will, well or badly. */
static int ingest_ended(const json_t *ingest)
{
    const char *state = text_of(ingest, "state");

    return strcmp(state, "examining") && strcmp(state, "encoding");
}

static int ended_badly(const json_t *ingest, struct spn_error *err)
{
    const json_t *error = json_object_get(ingest, "error");
    const char *state = text_of(ingest, "state"), *text = text_of(error, "text");
    int code = client_code_of_name(text_of(error, "code"));

    if (!strcmp(state, "canceled"))
        return spn_error_set(err, SPN_ECANCELED, "%s was canceled", text_of(ingest, "name"));
    if (!code || code == SPN_EAGAIN)
        code = SPN_EIO;
    return spn_error_set(err, code, "%s", text[0] ? text : "it failed without a reason");
}

static void progress_show(struct bar *bar, const json_t *ingest)
{
    const json_t *progress = json_object_get(ingest, "progress");
    const json_t *left = json_object_get(progress, "seconds_left");
    const char *state = text_of(ingest, "state");

    if (json_is_true(json_object_get(progress, "paused")))
        state = "paused, the disk is full";
    bar->per_second = json_number_value(json_object_get(progress, "per_second"));
    bar->seconds_left = json_is_integer(left) ? json_integer_value(left) : -1;
    bar_show(bar, text_of(ingest, "name"), state,
             json_integer_value(json_object_get(progress, "done")),
             json_integer_value(json_object_get(progress, "total")), text_of(progress, "unit"));
}

struct progress {
    struct bar bar;
    enum progress_until until;
    int quiet;
    json_t *ingest; /* as it was seen last */
    struct spn_error *err;
};

/* What is seen of it, owned by us from now on: 1 when it is so far, 0 to go on. */
static int progress_seen(struct progress *progress, json_t *ingest)
{
    const char *state = text_of(ingest, "state");

    json_decref(progress->ingest);
    progress->ingest = ingest;
    if (!progress->quiet)
        progress_show(&progress->bar, ingest);
    if (!strcmp(state, "ready") ||
        (progress->until == UNTIL_EXAMINED && !strcmp(state, "encoding")))
        return 1;
    return ingest_ended(ingest) ? ended_badly(ingest, progress->err) : 0;
}

static int progress_event(void *opaque, const char *data)
{
    json_t *ingest = json_loads(data, JSON_REJECT_DUPLICATES, NULL);

    return ingest ? progress_seen(opaque, ingest) : SPN_EFORMAT; /* then it is looked at */
}

int progress_wait(struct client *client, const char *id, enum progress_until until, int quiet,
                  json_t **ingest, struct spn_error *err)
{
    char path[128], events[128];
    struct client_call call = { .method = "GET", .path = path, .patience_ms = PATIENCE_MS };
    struct progress progress = { .until = until, .quiet = quiet, .err = err };
    struct event_reader reader = { .each = progress_event, .opaque = &progress };
    useconds_t pause_ms = LOOK_FIRST_MS;
    int ret;

    bar_begin(&progress.bar);
    (void)snprintf(path, sizeof(path), "/api/v1/ingests/%s", id);
    (void)snprintf(events, sizeof(events), "/api/v1/ingests/%s/events", id);
    for (;;) {
        size_t before = reader.count;
        json_t *seen = NULL;
        struct spn_error broke;

        if ((ret = client_events(client, events, &reader, &broke)) > 0 ||
            (ret < 0 && progress.ingest && ingest_ended(progress.ingest)))
            break;
        /* The stream broke, or something between does not let it through: look and listen again. */
        if ((ret = client_do(client, &call, &seen, err)) < 0 ||
            (ret = progress_seen(&progress, seen)) != 0)
            break;
        pause_ms = reader.count > before ? LOOK_FIRST_MS : pause_ms;
        usleep(pause_ms * 1000);
        pause_ms = pause_ms * 2 < LOOK_MOST_MS ? pause_ms * 2 : LOOK_MOST_MS;
    }
    bar_end(&progress.bar);
    event_reader_finish(&reader);
    *ingest = progress.ingest;
    return ret < 0 ? ret : SPN_OK;
}

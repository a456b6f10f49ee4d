#include "progress.h"

#include <string.h>
#include <unistd.h>

#include "output.h"

#define LOOK_FIRST_MS 50
#define LOOK_MOST_MS  500
#define PATIENCE_MS   60000 /* for an API that is restarted meanwhile */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
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
    const char *state = text_of(ingest, "state");

    if (json_is_true(json_object_get(progress, "paused")))
        state = "paused, the disk is full";
    bar_show(bar, text_of(ingest, "name"), state,
             json_integer_value(json_object_get(progress, "done")),
             json_integer_value(json_object_get(progress, "total")), text_of(progress, "unit"));
}

int progress_wait(struct client *client, const char *id, enum progress_until until, int quiet,
                  json_t **ingest, struct spn_error *err)
{
    char path[128];
    struct client_call call = { .method = "GET", .path = path, .patience_ms = PATIENCE_MS };
    struct bar bar;
    useconds_t pause_ms = LOOK_FIRST_MS;
    int ret;

    *ingest = NULL;
    bar_begin(&bar);
    (void)snprintf(path, sizeof(path), "/api/v1/ingests/%s", id);
    for (;;) {
        const char *state;

        json_decref(*ingest);
        if ((ret = client_do(client, &call, ingest, err)) < 0)
            break;
        ret = SPN_OK;
        state = text_of(*ingest, "state");
        if (!quiet)
            progress_show(&bar, *ingest);
        if (!strcmp(state, "ready") || (until == UNTIL_EXAMINED && !strcmp(state, "encoding")))
            break;
        if (strcmp(state, "examining") && strcmp(state, "encoding")) {
            ret = ended_badly(*ingest, err);
            break;
        }
        usleep(pause_ms * 1000);
        pause_ms = pause_ms * 2 < LOOK_MOST_MS ? pause_ms * 2 : LOOK_MOST_MS;
    }
    bar_end(&bar);
    return ret;
}

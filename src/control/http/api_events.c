/* api_events.c - an ingest as server-sent events: one when something changed, a comment when not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "catalogue/ingest.h"
#include "connection.h"
#include "json.h"

#define BLOCK_SIZE 4096
#define QUIET_MS   15000 /* a comment keeps proxies from closing */

struct events {
    struct server *server;
    struct MHD_Connection *connection;
    char id[SPN_ID_MAX];
    char *last;               /* what was sent last */
    struct spn_buffer unsent; /* from at on */
    size_t at;
    int64_t sent_ms;
    int ended;
};

static int state_ends(const char *state)
{
    return strcmp(state, "examining") != 0 && strcmp(state, "encoding") != 0;
}

/* The ingest as it is now, when it is not as it was. */
static void events_look(struct events *events)
{
    struct instance *instance = events->server->instance;
    int64_t now_ms = instance_now_ms(instance);
    json_t *ingest = NULL;
    struct db *db;
    char *text;

    if (store_db(instance->store, &db, NULL) < 0 ||
        ingest_show(instance, db, events->id, &ingest, NULL) < 0) {
        events->ended = 1; /* forgotten, or no database: the client asks again */
        return;
    }
    text = json_text(ingest);
    if (text && (!events->last || strcmp(text, events->last) != 0)) {
        spn_buffer_format(&events->unsent, "event: ingest\ndata: %s\n\n", text);
        free(events->last);
        events->last = text;
        events->sent_ms = now_ms;
        text = NULL;
    } else if (now_ms - events->sent_ms >= QUIET_MS) {
        spn_buffer_string(&events->unsent, ": still here\n\n");
        events->sent_ms = now_ms;
    }
    free(text);
    if (state_ends(json_string_value(json_object_get(ingest, "state"))))
        events->ended = 1;
    json_decref(ingest);
}

static ssize_t events_read(void *opaque, uint64_t position, char *out, size_t max)
{
    struct events *events = opaque;
    size_t left;

    (void)position;
    for (;;) {
        uint64_t count = waiting_count(events->server->waiting);

        if ((left = events->unsent.size - events->at) > 0) {
            if (left > max)
                left = max;
            memcpy(out, events->unsent.data + events->at, left);
            events->at += left;
            return (ssize_t)left;
        }
        events->unsent.size = events->at = 0;
        if (events->ended || waiting_ended(events->server->waiting))
            return MHD_CONTENT_READER_END_OF_STREAM;
        events_look(events);
        if (events->unsent.size == 0 && !events->ended &&
            waiting_suspend(events->server->waiting, events->connection, count))
            return 0;
    }
}

static void events_free(void *opaque)
{
    struct events *events = opaque;

    free(events->last);
    spn_buffer_finish(&events->unsent);
    free(events);
}

int api_ingest_events(struct request *request, struct spn_error *err)
{
    struct events *events;
    json_t *ingest;
    int ret;

    if ((ret = ingest_show(request->instance, request->db, request->params[0], &ingest, err)) < 0)
        return ret;
    json_decref(ingest);
    events = calloc(1, sizeof(*events));
    if (!events)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    events->server = request->server;
    events->connection = request->connection;
    events->sent_ms = instance_now_ms(request->instance);
    (void)snprintf(events->id, sizeof(events->id), "%.47s", request->params[0]);
    request->response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, events_read,
                                                          events, events_free);
    if (!request->response) {
        events_free(events);
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    }
    (void)MHD_add_response_header(request->response, "Content-Type", "text/event-stream");
    request_answer_header(request, "X-Accel-Buffering", "no"); /* nginx is to pass it on at once */
    request->status = 200;
    return SPN_OK;
}

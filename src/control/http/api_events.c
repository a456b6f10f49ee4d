/*
 * api_events.c - an ingest as server-sent events: one when something changed, a comment when not.
 *
 * An event is the whole ingest, and its id says what it looked like. A client that comes back with
 * the id it saw last is told what is new since; 204, which ends a browser's tries, where nothing is
 * and nothing will be.
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
#define RETRY_MS   1000  /* after which a client whose stream broke comes back */
#define EVENT_ID   16    /* letters: of the SHA-256 of what an ingest looks like */

struct events {
    struct server *server;
    struct MHD_Connection *connection;
    char id[SPN_ID_MAX];
    char last[EVENT_ID + 1];  /* id of what was sent last */
    struct spn_buffer unsent; /* from at on */
    size_t at;
    int64_t sent_ms;
    int ended;
};

static int state_ends(const char *state)
{
    return strcmp(state, "examining") != 0 && strcmp(state, "encoding") != 0;
}

static void event_id(const char *text, char out[EVENT_ID + 1])
{
    char hex[SPN_HASH_HEX + 1];
    struct spn_hash hash;

    spn_hash_of(text, strlen(text), &hash);
    spn_hash_hex(&hash, hex);
    memcpy(out, hex, EVENT_ID);
    out[EVENT_ID] = '\0';
}

/* The ingest as it is now, when it is not as it was. */
static void events_look(struct events *events)
{
    struct instance *instance = events->server->instance;
    int64_t now_ms = instance_now_ms(instance);
    char id[EVENT_ID + 1];
    json_t *ingest = NULL;
    struct db *db;
    char *text;

    if (store_db(instance->store, &db, NULL) < 0 ||
        ingest_show(instance, db, events->id, &ingest, NULL) < 0 || !(text = json_text(ingest))) {
        events->ended = 1; /* forgotten, or no database: the client asks again */
        json_decref(ingest);
        return;
    }
    event_id(text, id);
    if (strcmp(id, events->last) != 0) {
        spn_buffer_format(&events->unsent, "event: ingest\nid: %s\ndata: %s\n\n", id, text);
        memcpy(events->last, id, sizeof(id));
        events->sent_ms = now_ms;
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

    spn_buffer_finish(&events->unsent);
    free(events);
}

int api_ingest_events(struct request *request, struct spn_error *err)
{
    const char *last = request_header(request, "Last-Event-ID");
    struct events *events;
    char id[EVENT_ID + 1];
    json_t *ingest;
    int ret, over;
    char *text;

    if ((ret = ingest_show(request->instance, request->db, request->params[0], &ingest, err)) < 0)
        return ret;
    over = state_ends(json_string_value(json_object_get(ingest, "state")));
    text = json_text(ingest);
    json_decref(ingest);
    if (!text)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    event_id(text, id);
    free(text);
    if (over && last && strcmp(last, id) == 0)
        return request_empty(request, 204);
    events = calloc(1, sizeof(*events));
    if (!events)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    events->server = request->server;
    events->connection = request->connection;
    events->sent_ms = instance_now_ms(request->instance);
    (void)snprintf(events->id, sizeof(events->id), "%.47s", request->params[0]);
    (void)snprintf(events->last, sizeof(events->last), "%.16s", last ? last : "");
    spn_buffer_format(&events->unsent, "retry: %d\n\n", RETRY_MS);
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

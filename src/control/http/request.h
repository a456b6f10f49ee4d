/*
 * request.h - one request and its answer, as the handlers of routes see them.
 *
 * A handler fills the answer and returns SPN_OK, or returns a code with a sentence, which becomes
 * an RFC 9457 problem, or REQUEST_WAIT: nothing yet, call again when something happened. Where the
 * route changes something, the handler runs inside a transaction, and may run again from the start.
 */
#ifndef CONTROL_REQUEST_H
#define CONTROL_REQUEST_H

#include <jansson.h>
#include <microhttpd.h>

#include "instance.h"
#include "sampan/buffer.h"
#include "token/token.h"

#define REQUEST_WAIT     1
#define REQUEST_ID_MAX   64
#define REQUEST_JSON_MAX (1u << 20)  /* bytes of a body */
#define REQUEST_WORK_MAX (16u << 20) /* of a result: 64,000 tiles of 40 bytes and a plan */
#define REQUEST_LIST_MAX (96u << 20) /* a list of 64 MiB, as base64 */
#define REQUEST_HEADERS  8

#define LIST_LIMIT     50 /* items a page, where the request says nothing */
#define LIST_LIMIT_MAX 200

struct request;
typedef int request_handler(struct request *request, struct spn_error *err);

/* A body that is taken as it comes instead of being collected. */
struct body_stream {
    int (*begin)(struct request *request, struct spn_error *err);
    int (*bytes)(struct request *request, const void *bytes, size_t size, struct spn_error *err);
    void (*end)(struct request *request); /* whenever begin was called and did not fail */
};

enum route_flag {
    ROUTE_CHANGES = 1u,    /* inside a transaction */
    ROUTE_IDEMPOTENT = 2u, /* takes an Idempotency-Key; only with ROUTE_CHANGES */
    ROUTE_WORK = 4u,       /* a large body */
    ROUTE_LIST = 8u,       /* a larger one: an editor's list */
};

/* One row of the table in routes.c, which is the one list of what the API has. */
struct route {
    const char *method;
    const char *pattern;   /* "/api/v1/titles/{title}" */
    const char *operation; /* operationId in docs/formats/api/openapi.json */
    unsigned may;          /* roles, of enum role; 0: anyone */
    unsigned flags;
    request_handler *handle;
    request_handler *after; /* once the transaction is there for good; may be NULL */
    const struct body_stream *stream;
};

extern const struct route routes[];
extern const size_t route_count;

#define ROUTE_PARAMS    2
#define ROUTE_PARAM_MAX 80

/*
 * The route of method and path, with the parts that stand in braces. NULL: there is none; *allow is
 * then the methods that the path has ("GET, POST"), or "".
 */
const struct route *route_find(const char *method, const char *path,
                               char params[ROUTE_PARAMS][ROUTE_PARAM_MAX], char allow[64]);

struct request {
    struct instance *instance;
    struct server *server;
    struct MHD_Connection *connection;
    struct db *db;
    const struct route *route;
    char *method, *path;
    char id[REQUEST_ID_MAX + 1];
    char trace[33]; /* trace id of a traceparent, or "" */
    char params[ROUTE_PARAMS][ROUTE_PARAM_MAX];
    struct principal who;
    int64_t started_ns;
    int64_t begun_ms; /* when it was first handled: what a wait counts from */

    struct spn_buffer body;
    json_t *json;       /* of the body, an object; NULL when there was none */
    int refused;        /* an answer is given before the body is read */
    void *stream_state; /* of route->stream */

    /* the answer */
    unsigned status;
    json_t *answer;         /* owned */
    struct spn_buffer text; /* instead of answer, with content_type */
    const char *content_type;
    struct MHD_Response *response; /* instead of both; owned until queued */
    struct {
        const char *name; /* static */
        char value[256];
    } headers[REQUEST_HEADERS];
    size_t header_count;
    char subject[ROUTE_PARAM_MAX]; /* what was made, for route->after */
    json_t *remarks;               /* for a problem that has more than one thing to say; owned */
};

const char *request_header(const struct request *request, const char *name); /* or NULL */
const char *request_query(const struct request *request, const char *name);  /* or NULL */
/* A whole number of the query. SPN_EINVAL: it is something else or out of [least, most]. */
int request_query_number(const struct request *request, const char *name, int64_t least,
                         int64_t most, int64_t fallback, int64_t *out, struct spn_error *err);

/* The answer: status and JSON, whose reference is taken. Always SPN_OK. */
int request_answer(struct request *request, unsigned status, json_t *json);
int request_empty(struct request *request, unsigned status);
void request_answer_header(struct request *request, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A refusal with a status of its own instead of the code's. */
int request_refuse(struct request *request, unsigned status, int code, struct spn_error *err,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * Lists: limit and the key of the last item of the page before (at most size bytes), "" at first.
 * request_page() answers with the items, of which there may be limit + 1, and the cursor of the
 * rest; key gives an item's key.
 */
int request_cursor(const struct request *request, int *limit, char *key, size_t size,
                   struct spn_error *err);
typedef void item_key(const json_t *item, char *out, size_t size);
int request_page(struct request *request, json_t *items, int limit, item_key *key);
void item_id_key(const json_t *item, char *out, size_t size);

/*
 * The version of what is shown, as a strong ETag. request_match() says whether the request may
 * change it: If-Match must be there (428) and name it (412). request_known(): If-None-Match has it,
 * 304.
 */
void request_etag(struct request *request, int64_t version);
int request_match(struct request *request, int64_t version, struct spn_error *err);
int request_known(struct request *request, int64_t version);

/*
 * Is etag (without quotes) in a list as If-Match and If-None-Match have it? strong: a weak one is
 * not the same (RFC 9110, 8.8.3.2).
 */
int request_etag_listed(const char *list, const char *etag, int strong);

/* The status that a code is answered with. */
unsigned code_status(int code);

#endif

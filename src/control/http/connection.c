/* connection.c - one request through libmicrohttpd: read, allowed, handled, answered. */
#include "connection.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "answered.h"
#include "json.h"
#include "log.h"
#include "metrics.h"

#define DRAIN_MAX (4u << 20) /* bytes of a body read only to be able to answer */

static int64_t monotonic_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- the answer ---- */

static void problem_answer(struct request *request, unsigned status, const struct spn_error *err)
{
    json_t *problem = json_object();
    char type[64];

    (void)snprintf(type, sizeof(type), "urn:sampan:problem:%s", spn_code_name(err->code));
    json_put_text(problem, "type", type);
    json_put_text(problem, "title", MHD_get_reason_phrase_for(status));
    json_put_number(problem, "status", status);
    json_put_text(problem, "detail", err->text);
    json_put_text(problem, "code", spn_code_name(err->code));
    json_put_text(problem, "request", request->id);
    if (request->remarks)
        (void)json_object_set(problem, "remarks", request->remarks);
    request->content_type = "application/problem+json";
    (void)request_answer(request, status, problem);
    if (status == 401)
        request_answer_header(request, "WWW-Authenticate", "Bearer realm=\"sampan\"");
    if (status == 503 || status == 507)
        request_answer_header(request, "Retry-After", "%d", status == 503 ? 1 : 30);
}

static struct MHD_Response *response_make(struct request *request)
{
    struct MHD_Response *response = request->response;
    const char *type = request->content_type;
    char *text;

    request->response = NULL;
    if (response)
        return response;
    if (request->answer) {
        text = json_text(request->answer);
        if (!text)
            return NULL;
        response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
        type = type ? type : "application/json";
    } else {
        response = MHD_create_response_from_buffer(request->text.size, request->text.data,
                                                   MHD_RESPMEM_MUST_COPY);
    }
    if (response && type && request->status != 204)
        (void)MHD_add_response_header(response, "Content-Type", type);
    return response;
}

static enum MHD_Result answer_send(struct request *request)
{
    struct MHD_Response *response = response_make(request);
    int64_t took_us = (monotonic_ns() - request->started_ns) / 1000;
    int quiet = request->status < 400 && (!request->route || strcmp(request->method, "GET") == 0 ||
                                          (request->route->may & ROLE_WORKER));
    enum MHD_Result ret;

    if (!response)
        return MHD_NO;
    for (size_t i = 0; i < request->header_count; i++)
        (void)MHD_add_response_header(response, request->headers[i].name,
                                      request->headers[i].value);
    (void)MHD_add_response_header(response, "X-Request-Id", request->id);
    (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    ret = MHD_queue_response(request->connection, request->status, response);
    MHD_destroy_response(response);
    metrics_request(request->status, took_us);
    log_write(
        request->status >= 500 ? LOG_ERROR
        : quiet                ? LOG_DEBUG
                               : LOG_INFO,
        "request",
        (const struct log_field[]){
            LOG_TEXT("method", request->method),
            LOG_TEXT("path", request->path),
            LOG_NUMBER("status", request->status),
            LOG_NUMBER("us", took_us),
            LOG_TEXT("token", request->who.token),
            request->status >= 400 && request->answer
                ? LOG_TEXT("detail", json_string_value(json_object_get(request->answer, "detail")))
                : (struct log_field){ 0 },
            { 0 } });
    return ret;
}

/* ---- the handler ---- */

static void answer_reset(struct request *request)
{
    json_decref(request->answer);
    request->answer = NULL;
    request->status = 0;
    request->header_count = 0;
    request->text.size = 0;
    request->content_type = NULL;
}

/* A refusal with a status of its own may have headers that belong to it. */
static void refused_reset(struct request *request)
{
    size_t headers = request->status >= 400 ? request->header_count : 0;

    answer_reset(request);
    request->header_count = headers;
}

static int changes_run(struct db *db, void *opaque, struct spn_error *err)
{
    struct request *request = opaque;
    int ret;

    (void)db;
    answer_reset(request);
    request->subject[0] = '\0';
    if ((ret = answered_begin(request, err)) != 0)
        return ret;
    if ((ret = request->route->handle(request, err)) != SPN_OK)
        return ret;
    return answered_keep(request, err);
}

static int request_handle(struct request *request, struct spn_error *err)
{
    const struct route *route = request->route;
    int ret;

    if (!request->begun_ms)
        request->begun_ms = instance_now_ms(request->instance);
    if ((ret = store_db(request->instance->store, &request->db, err)) < 0)
        return ret;
    if (!(route->flags & ROUTE_CHANGES)) {
        answer_reset(request);
        return route->handle(request, err);
    }
    if ((ret = db_transact(request->db, changes_run, request, err)) < 0)
        return ret;
    instance_wake(request->instance);
    if (ret > 0 && route->after) /* answered before: what comes after may not have been done */
        (void)snprintf(request->subject, sizeof(request->subject), "%s",
                       json_string_value(json_object_get(request->answer, "id")));
    if (route->after && request->subject[0] && (ret = route->after(request, err)) < 0)
        answered_forget(request);
    return ret < 0 ? ret : SPN_OK; /* 1: answered before */
}

static int body_parse(struct request *request, struct spn_error *err)
{
    json_error_t why;

    if (request->body.size == 0 || request->json || request->route->stream)
        return SPN_OK;
    request->json = json_loadb((const char *)request->body.data, request->body.size,
                               JSON_REJECT_DUPLICATES, &why);
    if (!request->json)
        return spn_error_set(err, SPN_EINVAL, "the body is not JSON: %s in line %d, column %d",
                             why.text, why.line, why.column);
    if (!json_is_object(request->json))
        return spn_error_set(err, SPN_EINVAL, "the body must be a JSON object");
    return SPN_OK;
}

static enum MHD_Result request_finish(struct request *request)
{
    struct waiting *waiting = request->server->waiting;
    struct spn_error err = { 0 };
    int ret;

    if (request->refused)
        return answer_send(request);
    for (;;) {
        uint64_t count = waiting_count(waiting);

        if ((ret = body_parse(request, &err)) >= 0)
            ret = request_handle(request, &err);
        if (ret != REQUEST_WAIT)
            break;
        if (waiting_suspend(waiting, request->connection, count))
            return MHD_YES;
    }
    if (ret < 0) {
        unsigned status = request->status >= 400 ? request->status : code_status(ret);

        refused_reset(request);
        problem_answer(request, status, &err);
    }
    return answer_send(request);
}

/* ---- the beginning ---- */

static void request_ids(struct request *request)
{
    const char *id = request_header(request, "X-Request-Id");
    const char *trace = request_header(request, "traceparent");
    size_t length = 0;
    uint8_t random[8];

    while (id && (isalnum((unsigned char)id[length]) || (id[length] && strchr("._-", id[length]))))
        length++;
    if (id && length > 0 && length <= REQUEST_ID_MAX && !id[length]) {
        memcpy(request->id, id, length + 1);
    } else {
        instance_random(request->instance, random, sizeof(random));
        for (size_t i = 0; i < sizeof(random); i++)
            (void)snprintf(request->id + 2 * i, 3, "%02x", random[i]);
    }
    /* version "-" 32 hex digits "-" … */
    if (trace && strlen(trace) >= 55 && trace[2] == '-' && trace[35] == '-' &&
        strspn(trace + 3, "0123456789abcdef") == 32)
        memcpy(request->trace, trace + 3, 32);
}

static int request_allowed(struct request *request, struct spn_error *err)
{
    const char *header = request_header(request, "Authorization");
    int ret;

    if (!request->route->may && !header)
        return SPN_OK;
    if (!header || strncasecmp(header, "Bearer ", 7) != 0)
        return request_refuse(request, 401, SPN_EACCES, err,
                              "this needs a token: send Authorization: Bearer and the token");
    if ((ret = store_db(request->instance->store, &request->db, err)) < 0)
        return ret;
    ret = token_check(request->instance, request->db, header + 7, &request->who, err);
    if (ret == SPN_EACCES)
        request->status = 401;
    if (ret < 0 || !request->route->may || (request->who.role & request->route->may))
        return ret;
    return spn_error_set(err, SPN_EACCES, "a token of role %s may not do this",
                         role_name(request->who.role));
}

static size_t body_most(const struct route *route)
{
    return route->flags & ROUTE_LIST   ? REQUEST_LIST_MAX
           : route->flags & ROUTE_WORK ? REQUEST_WORK_MAX
                                       : REQUEST_JSON_MAX;
}

static int request_begin(struct request *request, struct spn_error *err)
{
    const char *length = request_header(request, "Content-Length");
    char allow[64];
    size_t most;
    int ret;

    request->route = route_find(request->method, request->path, request->params, allow);
    if (!request->route && strcmp(request->method, "HEAD") == 0)
        request->route = route_find("GET", request->path, request->params, allow);
    if (!request->route && allow[0]) {
        request_answer_header(request, "Allow", "%s", allow);
        return request_refuse(request, 405, SPN_EINVAL, err, "%s cannot be done to %s, only %s",
                              request->method, request->path, allow);
    }
    if (!request->route)
        return spn_error_set(err, SPN_ENOENT, "there is nothing at %s", request->path);
    if ((ret = request_allowed(request, err)) < 0)
        return ret;
    most = body_most(request->route);
    if (!request->route->stream && length && strtoull(length, NULL, 10) > most)
        return spn_error_set(err, SPN_ELIMIT, "the body has %s bytes, %zu are the most", length,
                             most);
    return request->route->stream ? request->route->stream->begin(request, err) : SPN_OK;
}

/* An answer before the body was read; the body is read to its end when it is not too long. */
static enum MHD_Result request_reject(struct request *request, int ret, struct spn_error *err)
{
    const char *length = request_header(request, "Content-Length");
    unsigned status = request->status >= 400 ? request->status : code_status(ret);

    problem_answer(request, status, err);
    request->refused = 1;
    if (length && strtoull(length, NULL, 10) > DRAIN_MAX)
        return answer_send(request);
    return MHD_YES;
}

static struct request *request_create(struct server *server, struct MHD_Connection *connection,
                                      const char *method, const char *url)
{
    struct request *request = calloc(1, sizeof(*request));

    if (!request)
        return NULL;
    request->instance = server->instance;
    request->server = server;
    request->connection = connection;
    request->method = strdup(method);
    request->path = strdup(url);
    request->started_ns = monotonic_ns();
    if (!request->method || !request->path) {
        free(request->method);
        free(request->path);
        free(request);
        return NULL;
    }
    request_ids(request);
    return request;
}

static int body_take(struct request *request, const char *bytes, size_t size, struct spn_error *err)
{
    size_t most = body_most(request->route);

    if (request->route->stream)
        return request->route->stream->bytes(request, bytes, size, err);
    if (request->body.size + size > most)
        return spn_error_set(err, SPN_ELIMIT, "the body has more than %zu bytes", most);
    spn_buffer_append(&request->body, bytes, size);
    return spn_buffer_failed(&request->body) ? spn_error_set(err, SPN_ENOMEM, "out of memory")
                                             : SPN_OK;
}

enum MHD_Result connection_call(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload_data,
                                size_t *upload_data_size, void **context)
{
    struct request *request = *context;
    struct spn_error err = { 0 };
    enum MHD_Result result = MHD_YES;
    int ret;

    (void)version;
    log_context_clear();
    if (!request) {
        if (!(request = request_create(cls, connection, method, url)))
            return MHD_NO;
        *context = request;
        log_context("request", request->id);
        if ((ret = request_begin(request, &err)) < 0)
            result = request_reject(request, ret, &err);
    } else if (*upload_data_size > 0) {
        log_context("request", request->id);
        if (!request->refused &&
            (ret = body_take(request, upload_data, *upload_data_size, &err)) < 0)
            result = request_reject(request, ret, &err);
        *upload_data_size = 0;
    } else {
        log_context("request", request->id);
        if (request->trace[0])
            log_context("trace", request->trace);
        result = request_finish(request);
    }
    log_context_clear();
    return result;
}

void connection_done(void *cls, struct MHD_Connection *connection, void **context,
                     enum MHD_RequestTerminationCode why)
{
    struct request *request = *context;

    (void)cls;
    (void)connection;
    (void)why;
    if (!request)
        return;
    if (request->stream_state && request->route->stream)
        request->route->stream->end(request);
    json_decref(request->json);
    json_decref(request->answer);
    json_decref(request->remarks);
    if (request->response)
        MHD_destroy_response(request->response);
    spn_buffer_finish(&request->body);
    spn_buffer_finish(&request->text);
    free(request->method);
    free(request->path);
    free(request);
    *context = NULL;
}

int connection_alive(const struct request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    char byte;

    return !info || recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

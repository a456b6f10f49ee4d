#include "client.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#define CONNECT_MS     5000
#define STOP_TICK_MS   100
#define RETRY_FIRST_MS 100
#define RETRY_MOST_MS  5000

struct client {
    CURL *curl;
    CURLM *loop;  /* drives curl, so that a stop is seen within STOP_TICK_MS */
    char *base;   /* what URLs begin with */
    char *socket; /* path, NULL for TCP */
    char *shown;  /* how the address is named in sentences */
    char *authorization;
    char curl_error[CURL_ERROR_SIZE];
    long status;
    struct spn_buffer received;
    int too_large;
    struct event_reader *events; /* where a good answer is a stream; NULL elsewhere */
    struct sink *sink;           /* where it is a file */
    int stream_ret;              /* what ended either, 0: it was not we */
    struct spn_error *stream_err;
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_start(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
}

static int stream_good(struct client *client)
{
    long status = 0;

    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    return status == 200 || (client->sink && status == 206);
}

static const char *header_got(const struct client *client, const char *name)
{
    struct curl_header *header;

    return curl_easy_header(client->curl, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK
               ? header->value
               : NULL;
}

static int sink_received(struct client *client, const void *bytes, size_t size)
{
    long status = 0;

    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    return sink_feed(client->sink, status, header_got(client, "Content-Range"),
                     header_got(client, "ETag"), bytes, size, client->stream_err);
}

static size_t received(char *bytes, size_t size, size_t count, void *opaque)
{
    struct client *client = opaque;

    size *= count;
    if ((client->events || client->sink) && stream_good(client)) {
        client->stream_ret =
            client->events ? event_reader_feed(client->events, bytes, size, client->stream_err)
                           : sink_received(client, bytes, size);
        return client->stream_ret ? CURL_WRITEFUNC_ERROR : size;
    }
    if (client->received.size + size > CLIENT_ANSWER_MAX) {
        client->too_large = 1;
        return 0;
    }
    spn_buffer_append(&client->received, bytes, size);
    return spn_buffer_failed(&client->received) ? 0 : size;
}

int client_open(const char *base, const char *token, const char *agent, struct client **out,
                struct spn_error *err)
{
    struct client *client;
    int unix_socket = !strncmp(base, "unix:", 5);

    *out = NULL;
    if (!unix_socket && strncmp(base, "http://", 7) && strncmp(base, "https://", 8))
        return spn_error_set(err, SPN_EINVAL,
                             "the address of the API is \"%.100s\": it must begin with http://, "
                             "https:// or unix:",
                             base);
    (void)pthread_once(&curl_once, curl_start);
    client = calloc(1, sizeof(*client));
    if (!client)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    client->curl = curl_easy_init();
    client->base = strdup(unix_socket ? "http://localhost" : base);
    client->shown = strdup(base);
    if (unix_socket)
        client->socket = strdup(base + 5);
    if (token[0] && asprintf(&client->authorization, "Authorization: Bearer %s", token) < 0)
        client->authorization = NULL;
    client->loop = curl_multi_init();
    if (!client->curl || !client->loop || !client->base || !client->shown ||
        (unix_socket && !client->socket) || (token[0] && !client->authorization)) {
        client_close(client);
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    }
    while (strlen(client->base) && client->base[strlen(client->base) - 1] == '/')
        client->base[strlen(client->base) - 1] = '\0';
    curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(client->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(client->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(client->curl, CURLOPT_USERAGENT, agent);
    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, client->curl_error);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, received);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(client->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    if (client->socket) {
        curl_easy_setopt(client->curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
        curl_easy_setopt(client->curl, CURLOPT_PROXY, "");
    }
    *out = client;
    return SPN_OK;
}

void client_close(struct client *client)
{
    if (!client)
        return;
    if (client->curl)
        curl_easy_cleanup(client->curl);
    if (client->loop)
        curl_multi_cleanup(client->loop);
    free(client->base);
    free(client->shown);
    free(client->socket);
    free(client->authorization);
    spn_buffer_finish(&client->received);
    free(client);
}

long client_status(const struct client *client)
{
    return client->status;
}

int client_address(const struct settings *settings, char base[SPN_PATH_MAX + 8],
                   struct spn_error *err)
{
    char socket[SPN_PATH_MAX];
    int ret;

    if (settings->api[0]) {
        snprintf(base, SPN_PATH_MAX + 8, "%s", settings->api);
        return SPN_OK;
    }
    if ((ret = settings_socket(settings, socket, err)) < 0)
        return ret;
    snprintf(base, SPN_PATH_MAX + 8, "unix:%s", socket);
    return SPN_OK;
}

int client_token(const struct settings *settings, int worker, char token[CLIENT_TOKEN_MAX],
                 struct spn_error *err)
{
    char path[SPN_PATH_MAX + 32];
    struct spn_buffer text = { 0 };
    const char *string;
    size_t length;
    int ret;

    if (settings->token_file[0])
        snprintf(path, sizeof(path), "%s", settings->token_file);
    else
        snprintf(path, sizeof(path), "%s/%s", settings->data, worker ? "worker-token" : "token");
    ret = spn_file_get(path, CLIENT_TOKEN_MAX - 1, &text, err);
    if (ret == SPN_OK && !(string = spn_buffer_text(&text)))
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
    if (ret == SPN_OK) {
        length = strcspn(string, " \t\r\n");
        memcpy(token, string, length);
        token[length] = '\0';
        if (!length || string[length + strspn(string + length, " \t\r\n")])
            ret = spn_error_set(err, SPN_EFORMAT, "%s is not a token: it must hold one word", path);
    } else if (ret == SPN_ENOENT && !settings->token_file[0]) {
        ret = spn_error_set(err, SPN_EAGAIN,
                            "no Sampan has run from %s: there is no token in it; start one with "
                            "`sampan up --data %s`, or name another directory with --data",
                            settings->data, settings->data);
    } else if (ret == SPN_EACCES) {
        ret =
            spn_error_set(err, SPN_EACCES,
                          "cannot read the token %s: it is for the user that Sampan runs as", path);
    }
    spn_buffer_finish(&text);
    return ret;
}

static int code_of_status(long status)
{
    switch (status) {
    case 401:
    case 403:
        return SPN_EACCES;
    case 404:
        return SPN_ENOENT;
    case 409:
    case 412:
        return SPN_ECONFLICT;
    case 410:
        return SPN_EGONE;
    case 413:
        return SPN_ELIMIT;
    case 415:
        return SPN_EUNSUPPORTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return SPN_EAGAIN;
    case 507:
        return SPN_ENOSPC;
    default:
        return status >= 500 ? SPN_EIO : SPN_EINVAL;
    }
}

int client_code_of_name(const char *name)
{
    for (int code = SPN_ECANCELED; code < 0; code++)
        if (!strcmp(spn_code_name(code), name))
            return code;
    return 0;
}

json_t *client_problem(const struct client *client)
{
    if (client->status < 400)
        return NULL;
    return json_loadb((const char *)client->received.data, client->received.size, 0, NULL);
}

/* What the problem says, or what the status stands for where the answer is none. */
static int problem(const struct client *client, struct spn_error *err)
{
    json_t *body = json_loadb((const char *)client->received.data, client->received.size, 0, NULL);
    const char *detail = json_string_value(json_object_get(body, "detail"));
    const char *title = json_string_value(json_object_get(body, "title"));
    const char *name = json_string_value(json_object_get(body, "code"));
    int code = name ? client_code_of_name(name) : 0;

    if (!code || client->status == 409 || client->status == 503)
        code = code_of_status(client->status);
    if (detail || title)
        spn_error_set(err, code, "%s", detail ? detail : title);
    else
        spn_error_set(err, code, "%s answered %ld without saying why", client->shown,
                      client->status);
    json_decref(body);
    return code;
}

static int unreachable(const struct client *client, CURLcode failure, struct spn_error *err)
{
    const char *why = client->curl_error[0] ? client->curl_error : curl_easy_strerror(failure);

    if (failure == CURLE_ABORTED_BY_CALLBACK)
        return spn_error_set(err, SPN_ECANCELED, "stopped");
    if (client->too_large)
        return spn_error_set(err, SPN_ELIMIT, "%s answered more than %u bytes", client->shown,
                             CLIENT_ANSWER_MAX);
    if (failure == CURLE_OUT_OF_MEMORY)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if (client->socket && access(client->socket, F_OK) < 0 && errno == EACCES)
        return spn_error_set(err, SPN_EACCES,
                             "cannot reach %s: it is for the user that Sampan runs as",
                             client->socket);
    if (client->socket && failure == CURLE_COULDNT_CONNECT) {
        size_t length = strlen(client->socket), tail = strlen("/run/control.sock");
        int usual = length > tail && !strcmp(client->socket + length - tail, "/run/control.sock");
        int shown = (int)(usual ? length - tail : length);

        return spn_error_set(
            err, SPN_EAGAIN,
            "no Sampan is running from %.*s: start it with `sampan up --data %.*s`", shown,
            client->socket, shown, client->socket);
    }
    return spn_error_set(err, SPN_EAGAIN, "%s did not answer: %s", client->shown, why);
}

static CURLcode perform(struct client *client, const atomic_int *stop)
{
    CURLcode failure = CURLE_ABORTED_BY_CALLBACK;
    CURLMsg *message;
    int running = 1, left;

    if (curl_multi_add_handle(client->loop, client->curl) != CURLM_OK)
        return CURLE_OUT_OF_MEMORY;
    while (running && !(stop && atomic_load(stop))) {
        if (curl_multi_perform(client->loop, &running) != CURLM_OK) {
            failure = CURLE_OUT_OF_MEMORY;
            break;
        }
        if (running)
            (void)curl_multi_poll(client->loop, NULL, 0, STOP_TICK_MS, NULL);
    }
    while ((message = curl_multi_info_read(client->loop, &left)))
        if (message->msg == CURLMSG_DONE)
            failure = message->data.result;
    (void)curl_multi_remove_handle(client->loop, client->curl);
    return failure;
}

/* One attempt. Returns the status or a negative code. */
static int attempt(struct client *client, const struct client_call *call, const char *url,
                   const char *body, struct curl_slist *headers, struct spn_error *err)
{
    CURLcode failure;

    client->received.size = 0;
    client->too_large = 0;
    client->status = 0;
    client->curl_error[0] = '\0';
    curl_easy_setopt(client->curl, CURLOPT_URL, url);
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, NULL);
    if (body) {
        curl_easy_setopt(client->curl, CURLOPT_POST, 1L);
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
    } else {
        curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, call->method);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS,
                     client->events || client->sink ? 0L
                     : call->timeout_ms             ? (long)call->timeout_ms
                                                    : 30000L);
    curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_LIMIT,
                     client->events || client->sink ? 1L : 0L);
    curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_TIME, (long)CLIENT_SILENCE_S);
    failure = perform(client, call->stop);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, NULL);
    if (failure != CURLE_OK)
        return unreachable(client, failure, err);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &client->status);
    if (client->status < 200 || client->status > 299)
        return problem(client, err);
    return (int)client->status;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int header_add(struct curl_slist **headers, const char *line)
{
    struct curl_slist *more = curl_slist_append(*headers, line);

    if (more)
        *headers = more;
    return more ? SPN_OK : SPN_ENOMEM;
}

/* The call with its patience; what came is left in client->received. */
static int call_make(struct client *client, const struct client_call *call, struct spn_error *err)
{
    struct curl_slist *headers = NULL;
    char *url = NULL, *body = NULL, key[300];
    int64_t end = now_ms() + call->patience_ms, pause = RETRY_FIRST_MS;
    int ret = SPN_OK;

    if (asprintf(&url, "%s%s", client->base, call->path) < 0)
        url = NULL;
    if (call->body)
        body = json_dumps(call->body, JSON_COMPACT | JSON_ENCODE_ANY);
    else if (strcmp(call->method, "GET"))
        body = strdup("");
    if (client->authorization)
        ret = header_add(&headers, client->authorization);
    if (ret == SPN_OK && call->body)
        ret = header_add(&headers, "Content-Type: application/json");
    if (ret == SPN_OK && body)
        ret = header_add(&headers, "Expect:");
    if (ret == SPN_OK && client->events && client->events->id[0]) {
        snprintf(key, sizeof(key), "Last-Event-ID: %s", client->events->id);
        ret = header_add(&headers, key);
    }
    if (ret == SPN_OK && client->sink && client->sink->done > 0) {
        snprintf(key, sizeof(key), "Range: bytes=%lld-", (long long)client->sink->done);
        ret = header_add(&headers, key);
        snprintf(key, sizeof(key), "If-Range: \"%.100s\"", client->sink->etag);
        if (ret == SPN_OK)
            ret = header_add(&headers, key);
    }
    if (ret == SPN_OK && call->key) {
        snprintf(key, sizeof(key), "Idempotency-Key: %s", call->key);
        ret = header_add(&headers, key);
    }
    if (ret < 0 || !url || (!body && strcmp(call->method, "GET")))
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
    else
        for (;;) {
            ret = attempt(client, call, url, body, headers, err);
            if (ret != SPN_EAGAIN || now_ms() + pause > end)
                break;
            for (int64_t slept = 0; slept < pause; slept += 50) {
                if (call->stop && atomic_load(call->stop)) {
                    ret = spn_error_set(err, SPN_ECANCELED, "stopped");
                    goto done;
                }
                usleep(50000);
            }
            pause = pause * 2 < RETRY_MOST_MS ? pause * 2 : RETRY_MOST_MS;
        }
done:
    curl_slist_free_all(headers);
    free(url);
    free(body);
    return ret;
}

int client_do(struct client *client, const struct client_call *call, json_t **answer,
              struct spn_error *err)
{
    json_error_t why;
    json_t *body = NULL;
    int ret;

    if (answer)
        *answer = NULL;
    if ((ret = call_make(client, call, err)) < 0)
        return ret;
    if (answer && client->received.size) {
        body = json_loadb((const char *)client->received.data, client->received.size,
                          JSON_REJECT_DUPLICATES, &why);
        if (!body)
            return spn_error_set(err, SPN_EFORMAT, "%s answered what is not JSON: %s, byte %d",
                                 client->shown, why.text, why.position);
        *answer = body;
    }
    return ret;
}

static int usual_call(struct client *client, const char *method, const json_t *body,
                      json_t **answer, struct spn_error *err, const char *format, va_list args)
{
    char path[2048];
    struct client_call call = { .method = method, .path = path, .body = body };

    if ((size_t)vsnprintf(path, sizeof(path), format, args) >= sizeof(path))
        return spn_error_set(err, SPN_ELIMIT, "a request path of more than %zu bytes",
                             sizeof(path) - 1);
    return client_do(client, &call, answer, err);
}

int client_get(struct client *client, json_t **answer, struct spn_error *err, const char *format,
               ...)
{
    va_list args;
    int ret;

    va_start(args, format);
    ret = usual_call(client, "GET", NULL, answer, err, format, args);
    va_end(args);
    return ret;
}

int client_post(struct client *client, const json_t *body, json_t **answer, struct spn_error *err,
                const char *format, ...)
{
    va_list args;
    int ret;

    va_start(args, format);
    ret = usual_call(client, "POST", body, answer, err, format, args);
    va_end(args);
    return ret;
}

int client_delete(struct client *client, json_t **answer, struct spn_error *err, const char *format,
                  ...)
{
    va_list args;
    int ret;

    va_start(args, format);
    ret = usual_call(client, "DELETE", NULL, answer, err, format, args);
    va_end(args);
    return ret;
}

int client_text(struct client *client, const char *path, struct spn_buffer *out,
                struct spn_error *err)
{
    struct client_call call = { .method = "GET", .path = path };
    int ret = call_make(client, &call, err);

    if (ret < 0)
        return ret;
    spn_buffer_append(out, client->received.data, client->received.size);
    return spn_buffer_failed(out) ? spn_error_set(err, SPN_ENOMEM, "out of memory") : ret;
}

/* A GET whose answer is taken as it comes; what ended that goes before what the connection says. */
static int stream_make(struct client *client, const char *path, struct spn_error *err)
{
    struct client_call call = { .method = "GET", .path = path };
    struct spn_error broke = { 0 };
    int ret;

    client->stream_ret = 0;
    client->stream_err = err;
    ret = call_make(client, &call, &broke);
    client->stream_err = NULL;
    if (client->stream_ret)
        return client->stream_ret;
    if (ret < 0 && err)
        *err = broke;
    return ret < 0 ? ret : SPN_OK;
}

int client_events(struct client *client, const char *path, struct event_reader *reader,
                  struct spn_error *err)
{
    int ret;

    event_reader_restart(reader);
    client->events = reader;
    ret = stream_make(client, path, err);
    client->events = NULL;
    return ret;
}

int client_file(struct client *client, const char *path, struct sink *sink, int64_t patience_ms,
                struct spn_error *err)
{
    int64_t end = now_ms() + patience_ms, pause = RETRY_FIRST_MS, before;
    int ret = SPN_OK;

    client->sink = sink;
    while (sink->done < sink->total) {
        before = sink->done;
        sink_restart(sink);
        ret = stream_make(client, path, err);
        if (ret == SPN_OK && sink->done < sink->total)
            ret = spn_error_set(err, SPN_EAGAIN, "%s broke off after %lld of %lld bytes",
                                client->shown, (long long)sink->done, (long long)sink->total);
        if (sink->done > before) {
            end = now_ms() + patience_ms;
            pause = RETRY_FIRST_MS;
        }
        if (ret != SPN_EAGAIN || now_ms() + pause > end)
            break;
        usleep((useconds_t)pause * 1000);
        pause = pause * 2 < RETRY_MOST_MS ? pause * 2 : RETRY_MOST_MS;
    }
    client->sink = NULL;
    return ret;
}

int client_escape(const char *text, char *out, size_t size, struct spn_error *err)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    size_t at = 0;

    for (; *text; text++) {
        size_t need = strchr(plain, *text) ? 1 : 3;

        if (at + need + 1 > size)
            return spn_error_set(err, SPN_ELIMIT, "a name of more than %zu bytes", size / 3);
        if (need == 1)
            out[at] = *text;
        else
            snprintf(out + at, 4, "%%%02X", (unsigned)(unsigned char)*text);
        at += need;
    }
    out[at] = '\0';
    return SPN_OK;
}

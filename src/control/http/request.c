/* request.c - what handlers ask of a request and put into its answer. */
#include "request.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *request_header(const struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *request_query(const struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

int request_query_number(const struct request *request, const char *name, int64_t least,
                         int64_t most, int64_t fallback, int64_t *out, struct spn_error *err)
{
    const char *text = request_query(request, name);
    char *end;
    long long number;

    *out = fallback;
    if (!text)
        return SPN_OK;
    number = strtoll(text, &end, 10);
    if (end == text || *end || strlen(text) > 18 || number < least || number > most)
        return spn_error_set(err, SPN_EINVAL, "%s must be a number from %lld to %lld", name,
                             (long long)least, (long long)most);
    *out = number;
    return SPN_OK;
}

int request_answer(struct request *request, unsigned status, json_t *json)
{
    json_decref(request->answer);
    request->status = status;
    request->answer = json;
    return SPN_OK;
}

int request_empty(struct request *request, unsigned status)
{
    return request_answer(request, status, NULL);
}

void request_answer_header(struct request *request, const char *name, const char *format, ...)
{
    va_list args;
    size_t i = 0;

    while (i < request->header_count && strcmp(request->headers[i].name, name) != 0)
        i++;
    if (i == REQUEST_HEADERS)
        return;
    if (i == request->header_count)
        request->header_count++;
    request->headers[i].name = name;
    va_start(args, format);
    (void)vsnprintf(request->headers[i].value, sizeof(request->headers[i].value), format, args);
    va_end(args);
}

int request_refuse(struct request *request, unsigned status, int code, struct spn_error *err,
                   const char *format, ...)
{
    va_list args;

    request->status = status;
    va_start(args, format);
    (void)spn_error_setv(err, code, format, args);
    va_end(args);
    return code;
}

int request_cursor(const struct request *request, int *limit, char *key, size_t size,
                   struct spn_error *err)
{
    const char *cursor = request_query(request, "cursor");
    int64_t number;
    size_t length = 0;
    int ret;

    if ((ret = request_query_number(request, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT, &number,
                                    err)) < 0)
        return ret;
    *limit = (int)number;
    key[0] = '\0';
    if (!cursor)
        return SPN_OK;
    if (sodium_base642bin((unsigned char *)key, size - 1, cursor, strlen(cursor), NULL, &length,
                          NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        length == 0 || memchr(key, '\0', length))
        return spn_error_set(err, SPN_EINVAL,
                             "the cursor is not one that a list gave; begin without it");
    key[length] = '\0';
    return SPN_OK;
}

void item_id_key(const json_t *item, char *out, size_t size)
{
    (void)snprintf(out, size, "%s", json_string_value(json_object_get(item, "id")));
}

int request_page(struct request *request, json_t *items, int limit, item_key *key)
{
    json_t *page = json_object(), *next = NULL;
    char last[160], cursor[256];

    if (json_array_size(items) > (size_t)limit) {
        while (json_array_size(items) > (size_t)limit)
            (void)json_array_remove(items, json_array_size(items) - 1);
        key(json_array_get(items, (size_t)limit - 1), last, sizeof(last));
        (void)sodium_bin2base64(cursor, sizeof(cursor), (unsigned char *)last, strlen(last),
                                sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        next = json_string(cursor);
    }
    (void)json_object_set_new(page, "items", items);
    (void)json_object_set_new(page, "next", next ? next : json_null());
    return request_answer(request, 200, page);
}

int request_etag_listed(const char *list, const char *etag, int strong)
{
    size_t length = strlen(etag);

    if (strcmp(list, "*") == 0)
        return 1;
    while (*list) {
        int weak;

        list += strspn(list, " \t,");
        weak = strncmp(list, "W/", 2) == 0;
        list += weak ? 2 : 0;
        if (!(weak && strong) && *list == '"' && strncmp(list + 1, etag, length) == 0 &&
            list[length + 1] == '"' && strchr(" \t,", list[length + 2]))
            return 1; /* strchr finds the NUL as well */
        list += strcspn(list, ",");
    }
    return 0;
}

static int etag_listed(const char *list, int64_t version)
{
    char etag[32];

    (void)snprintf(etag, sizeof(etag), "%lld", (long long)version);
    return request_etag_listed(list, etag, 0);
}

void request_etag(struct request *request, int64_t version)
{
    request_answer_header(request, "ETag", "\"%lld\"", (long long)version);
}

int request_match(struct request *request, int64_t version, struct spn_error *err)
{
    const char *list = request_header(request, "If-Match");

    if (!list)
        return request_refuse(request, 428, SPN_EINVAL, err,
                              "a change needs If-Match with the ETag of what was read, so that "
                              "nobody's change is lost");
    if (!etag_listed(list, version))
        return request_refuse(request, 412, SPN_ECONFLICT, err,
                              "somebody else changed it meanwhile; read it again, then change it");
    return SPN_OK;
}

int request_known(struct request *request, int64_t version)
{
    const char *list = request_header(request, "If-None-Match");

    request_etag(request, version);
    return list && etag_listed(list, version);
}

unsigned code_status(int code)
{
    switch (code) {
    case SPN_EINVAL:
    case SPN_EFORMAT:
    case SPN_ERANGE:
        return 400;
    case SPN_EACCES:
        return 403;
    case SPN_ENOENT:
        return 404;
    case SPN_ECONFLICT:
    case SPN_EEXIST:
    case SPN_EMISMATCH:
        return 409;
    case SPN_EGONE:
        return 410;
    case SPN_ELIMIT:
        return 413;
    case SPN_EUNSUPPORTED:
        return 422;
    case SPN_EAGAIN:
    case SPN_ECANCELED:
        return 503;
    case SPN_ENOSPC:
        return 507;
    default:
        return 500;
    }
}

/* protocol.c - one request in, one JSON object a line out. */
#include "protocol.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sampan/buffer.h"

static pthread_mutex_t answer_lock = PTHREAD_MUTEX_INITIALIZER;

int request_read(int fd, json_t **out, struct spn_error *err)
{
    struct spn_buffer text = { 0 };
    json_error_t problem;
    int ret = SPN_OK;

    *out = NULL;
    for (;;) {
        uint8_t *room = spn_buffer_reserve(&text, 65536);
        ssize_t got;

        if (!room) {
            ret = spn_error_set(err, SPN_ENOMEM, "no memory to read the request");
            goto done;
        }
        got = read(fd, room, 65536);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            ret = spn_error_errno(err, errno, "cannot read the request");
            goto done;
        }
        if (got == 0)
            break;
        text.size += (size_t)got;
        if (text.size > REQUEST_SIZE_MAX) {
            ret = spn_error_set(err, SPN_ELIMIT, "the request is larger than %u bytes",
                                REQUEST_SIZE_MAX);
            goto done;
        }
    }
    *out = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &problem);
    if (!*out)
        ret = spn_error_set(err, SPN_EINVAL, "the request is not JSON: line %d: %s", problem.line,
                            problem.text);
    else if (!json_is_object(*out) || json_integer_value(json_object_get(*out, "version")) != 1) {
        json_decref(*out);
        *out = NULL;
        ret = spn_error_set(err, SPN_EINVAL, "the request is not of version 1");
    }
done:
    spn_buffer_finish(&text);
    return ret;
}

static int fd_add(int fd, int *out, size_t max, size_t *count, struct spn_error *err)
{
    for (size_t i = 0; i < *count; i++)
        if (out[i] == fd)
            return SPN_OK;
    if (*count == max)
        return spn_error_set(err, SPN_ELIMIT, "the request names more than %zu descriptors", max);
    out[(*count)++] = fd;
    return SPN_OK;
}

static int names_fd(const char *key)
{
    size_t length = strlen(key);

    return strcmp(key, "fd") == 0 || (length > 3 && strcmp(key + length - 3, "_fd") == 0);
}

int request_fds(const json_t *request, int *out, size_t max, size_t *count, struct spn_error *err)
{
    const char *key;
    json_t *value;
    size_t index;
    int ret = SPN_OK;

    if (json_is_array(request)) {
        json_array_foreach(request, index, value)
        {
            if ((ret = request_fds(value, out, max, count, err)) < 0)
                break;
        }
        return ret;
    }
    json_object_foreach((json_t *)request, key, value)
    {
        json_int_t fd = json_integer_value(value);

        if (names_fd(key) && json_is_integer(value) && fd >= 0 && fd <= 1 << 20)
            ret = fd_add((int)fd, out, max, count, err);
        else if (json_is_array(value) || json_is_object(value))
            ret = request_fds(value, out, max, count, err);
        if (ret < 0)
            break;
    }
    return ret;
}

static int line_write(const char *text, struct spn_error *err)
{
    size_t left = strlen(text);
    int ret = SPN_OK;

    pthread_mutex_lock(&answer_lock);
    while (left > 0) {
        ssize_t put = write(STDOUT_FILENO, text, left);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            ret = spn_error_errno(err, errno, "cannot write the answer");
            break;
        }
        text += put;
        left -= (size_t)put;
    }
    pthread_mutex_unlock(&answer_lock);
    return ret;
}

/* One line of it; event is stolen. */
static int event_write(json_t *event, struct spn_error *err)
{
    struct spn_buffer line = { 0 };
    char *text = event ? json_dumps(event, JSON_COMPACT) : NULL;
    const char *whole = NULL;
    int ret;

    if (text) {
        spn_buffer_string(&line, text);
        spn_buffer_u8(&line, '\n');
        whole = spn_buffer_text(&line);
    }
    ret = whole ? line_write(whole, err)
                : spn_error_set(err, SPN_ENOMEM, "no memory to write the answer");
    free(text);
    json_decref(event);
    spn_buffer_finish(&line);
    return ret;
}

void answer_progress(int64_t done, int64_t total, const char *unit)
{
    (void)event_write(json_pack("{s:s,s:I,s:I,s:s}", "event", "progress", "done", (json_int_t)done,
                                "total", (json_int_t)total, "unit", unit),
                      NULL);
}

int answer_result(json_t *result, struct spn_error *err)
{
    json_t *event = json_pack("{s:s}", "event", "result");

    if (event && json_object_update(event, result) < 0) {
        json_decref(event);
        event = NULL;
    }
    json_decref(result);
    return event_write(event, err);
}

void answer_error(const struct spn_error *err)
{
    (void)event_write(json_pack("{s:s,s:s,s:s}", "event", "error", "code", spn_code_name(err->code),
                                "text", err->text),
                      NULL);
}

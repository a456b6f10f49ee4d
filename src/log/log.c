/* log.c - one JSON object a line. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sampan/file.h"

#define CONTEXT_MAX  4
#define CONTEXT_SIZE 64
#define TAIL         8 /* bytes kept for what closes a line that was cut */

struct context {
    char name[16];
    char value[CONTEXT_SIZE];
};

static struct {
    pthread_mutex_t lock;
    char program[64];
    char path[SPN_PATH_MAX];
    int fd;
    enum log_level level;
} target = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = STDERR_FILENO, .level = LOG_INFO };

static __thread struct context contexts[CONTEXT_MAX];

struct line {
    char bytes[LOG_LINE_MAX];
    size_t size;
    int cut;
};

/* All of it or nothing, so that an escape or a character is never split. */
static void line_add(struct line *line, const char *bytes, size_t size)
{
    if (line->cut || line->size + size > sizeof(line->bytes) - TAIL) {
        line->cut = 1;
        return;
    }
    memcpy(line->bytes + line->size, bytes, size);
    line->size += size;
}

static void line_string(struct line *line, const char *string)
{
    line_add(line, string, strlen(string));
}

/* Length of the UTF-8 character at p, 0 where there is none. */
static size_t character_length(const unsigned char *p)
{
    size_t length = p[0] < 0x80                   ? 1
                    : p[0] >= 0xC2 && p[0] < 0xE0 ? 2
                    : (p[0] & 0xF0) == 0xE0       ? 3
                    : p[0] >= 0xF0 && p[0] < 0xF5 ? 4
                                                  : 0;

    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] >= 0xA0) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] >= 0x90))
        return 0; /* overlong, a surrogate, or past U+10FFFF */
    return length;
}

static void line_quote(struct line *line, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;

    line_string(line, "\"");
    while (*p && !line->cut) {
        size_t length = character_length(p);
        char escape[8];

        if (length == 0) {
            line_string(line, "\\ufffd");
            p++;
        } else if (*p == '"' || *p == '\\') {
            escape[0] = '\\';
            escape[1] = (char)*p++;
            line_add(line, escape, 2);
        } else if (*p == '\n') {
            line_string(line, "\\n");
            p++;
        } else if (*p < 0x20 || *p == 0x7F) {
            (void)snprintf(escape, sizeof(escape), "\\u%04x", *p++);
            line_string(line, escape);
        } else {
            line_add(line, (const char *)p, length);
            p += length;
        }
    }
    if (line->cut) { /* TAIL was kept for this */
        memcpy(line->bytes + line->size, "…\"", strlen("…\""));
        line->size += strlen("…\"");
        return;
    }
    line_string(line, "\"");
}

static void line_field(struct line *line, const char *name, const char *text, int64_t number)
{
    char digits[32];
    size_t before = line->size;

    line_string(line, ",\"");
    line_string(line, name);
    line_string(line, "\":");
    if (!text) {
        (void)snprintf(digits, sizeof(digits), "%lld", (long long)number);
        line_string(line, digits);
    }
    if (line->cut) { /* no room for the name and a value: as if it had not been there */
        line->size = before;
        return;
    }
    if (text)
        line_quote(line, text);
}

static int target_open(const char *path, struct spn_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

    return fd < 0 ? spn_error_errno(err, errno, "cannot write the log %s", path) : fd;
}

int log_open(const char *program, const char *path, enum log_level level, struct spn_error *err)
{
    int fd = STDERR_FILENO;

    if (path && strlen(path) >= sizeof(target.path))
        return spn_error_set(err, SPN_ELIMIT, "the path of the log %s is too long", path);
    if (path && (fd = target_open(path, err)) < 0)
        return fd;
    (void)pthread_mutex_lock(&target.lock);
    if (target.fd != STDERR_FILENO)
        (void)close(target.fd);
    target.fd = fd;
    target.level = level;
    (void)snprintf(target.program, sizeof(target.program), "%s", program);
    (void)snprintf(target.path, sizeof(target.path), "%s", path ? path : "");
    (void)pthread_mutex_unlock(&target.lock);
    return SPN_OK;
}

int log_reopen(struct spn_error *err)
{
    int fd;

    if (!target.path[0])
        return SPN_OK;
    if ((fd = target_open(target.path, err)) < 0)
        return fd;
    (void)pthread_mutex_lock(&target.lock);
    if (target.fd != STDERR_FILENO)
        (void)close(target.fd);
    target.fd = fd;
    (void)pthread_mutex_unlock(&target.lock);
    return SPN_OK;
}

void log_close(void)
{
    (void)pthread_mutex_lock(&target.lock);
    if (target.fd != STDERR_FILENO)
        (void)close(target.fd);
    target.fd = STDERR_FILENO;
    target.path[0] = '\0';
    (void)pthread_mutex_unlock(&target.lock);
}

void log_context(const char *name, const char *value)
{
    struct context *place = NULL;

    for (size_t i = 0; i < CONTEXT_MAX; i++) {
        if (strcmp(contexts[i].name, name) == 0) {
            place = &contexts[i];
            break;
        }
        if (!contexts[i].name[0] && !place)
            place = &contexts[i];
    }
    if (!place)
        return;
    if (!value) {
        place->name[0] = '\0';
        return;
    }
    (void)snprintf(place->name, sizeof(place->name), "%s", name);
    (void)snprintf(place->value, sizeof(place->value), "%s", value);
}

void log_context_clear(void)
{
    memset(contexts, 0, sizeof(contexts));
}

int log_enabled(enum log_level level)
{
    return level <= target.level;
}

void log_write(enum log_level level, const char *msg, const struct log_field *fields)
{
    static const char *const names[] = { "error", "warn", "info", "debug" };
    struct line line;
    struct timespec now;
    struct tm tm;
    char time[96];
    size_t sent = 0;

    if (!log_enabled(level))
        return;
    line.size = 0;
    line.cut = 0;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &tm);
    (void)snprintf(time, sizeof(time), "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ",
                   (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                   tm.tm_sec, now.tv_nsec / 1000000);
    line_string(&line, "{\"time\":\"");
    line_string(&line, time);
    line_string(&line, "\",\"level\":\"");
    line_string(&line, names[level]);
    line_string(&line, "\"");
    if (target.program[0])
        line_field(&line, "program", target.program, 0);
    line_field(&line, "msg", msg, 0);
    for (size_t i = 0; i < CONTEXT_MAX; i++)
        if (contexts[i].name[0])
            line_field(&line, contexts[i].name, contexts[i].value, 0);
    for (; fields && fields->name; fields++)
        line_field(&line, fields->name, fields->text, fields->number);
    memcpy(line.bytes + line.size, "}\n", 2);
    line.size += 2;

    (void)pthread_mutex_lock(&target.lock);
    while (sent < line.size) {
        ssize_t n = write(target.fd, line.bytes + sent, line.size - sent);

        if (n < 0 && errno != EINTR)
            break; /* a log that cannot be written stops nothing */
        if (n > 0)
            sent += (size_t)n;
    }
    (void)pthread_mutex_unlock(&target.lock);
}

/*
 * log.h - what happened, one JSON object a line.
 *
 *     {"time":"2026-11-23T06:05:16.123Z","level":"info","program":"sampan-control","msg":"…",
 *      "request":"…","job":"…","status":200}
 *
 * For programs only; libsampan does not log. Any thread may call anything; a line is written by one
 * write(2), so lines of several processes do not mix. msg is one sentence without its full stop.
 */
#ifndef SAMPAN_LOG_H
#define SAMPAN_LOG_H

#include <stdint.h>

#include "sampan/error.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

#define LOG_LINE_MAX 8192 /* bytes; what is longer is cut, and stays JSON */

struct log_field {
    const char *name; /* a plain word; NULL ends the list */
    const char *text; /* UTF-8; bytes that are not are replaced. NULL: number is meant */
    int64_t number;
};

#define LOG_TEXT(name, text)     ((struct log_field){ (name), log_string(text), 0 })
#define LOG_NUMBER(name, number) ((struct log_field){ (name), NULL, (int64_t)(number) })

/* NULL is said as nothing. */
static inline const char *log_string(const char *text)
{
    return text ? text : "";
}

/*
 * Say who is speaking; path is a file that is appended to, NULL for standard error. Until then
 * lines go to standard error without a program. To be called again for another file.
 */
int log_open(const char *program, const char *path, enum log_level level, struct spn_error *err);
/* The file again, after somebody renamed it. */
int log_reopen(struct spn_error *err);
void log_close(void);

/*
 * Fields that every line of this thread carries until they are taken back: request, job, chunk.
 * At most four; name and value are copied (value cut at 63 bytes). value NULL takes name away.
 */
void log_context(const char *name, const char *value);
void log_context_clear(void);

void log_write(enum log_level level, const char *msg, const struct log_field *fields);
int log_enabled(enum log_level level);

/* log_info("the API answers", LOG_TEXT("listen", path)); the fields may be left out. */
#define LOG_AT(level, msg, ...)                                                                    \
    log_write((level), (msg), (const struct log_field[]){ __VA_ARGS__ __VA_OPT__(, ){ 0 } })
#define log_error(msg, ...) LOG_AT(LOG_ERROR, msg __VA_OPT__(, ) __VA_ARGS__)
#define log_warn(msg, ...)  LOG_AT(LOG_WARN, msg __VA_OPT__(, ) __VA_ARGS__)
#define log_info(msg, ...)  LOG_AT(LOG_INFO, msg __VA_OPT__(, ) __VA_ARGS__)
#define log_debug(msg, ...) LOG_AT(LOG_DEBUG, msg __VA_OPT__(, ) __VA_ARGS__)

#endif

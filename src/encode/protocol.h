/*
 * protocol.h - one request in, one JSON object a line out: docs/formats/jobs.md.
 */
#ifndef ENCODE_PROTOCOL_H
#define ENCODE_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

#include "sampan/error.h"

/* Ten hours of tiles are 3,600 entries of 60 bytes; a plan is a few kilobytes. */
#define REQUEST_SIZE_MAX (4u << 20)
/* Descriptors a request may name: source, index, 64 outputs, 256 subtitles, tiles of every chunk.
 */
#define REQUEST_FDS_MAX 4096

/* Read fd to its end and parse it; *out goes to json_decref(). */
int request_read(int fd, json_t **out, struct spn_error *err);
/*
 * Every descriptor that the request names, anywhere in it: members called "fd" or ending in "_fd".
 * At most max are written, without repeats; SPN_ELIMIT where there are more.
 */
int request_fds(const json_t *request, int *out, size_t max, size_t *count, struct spn_error *err);

/* Any thread may call these; a line is written whole. */
void answer_progress(int64_t done, int64_t total, const char *unit);
int answer_result(json_t *result /* stolen; "event" is added */, struct spn_error *err);
void answer_error(const struct spn_error *err);

#endif

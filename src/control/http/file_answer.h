/*
 * file_answer.h - a file of the data directory as the answer to a request.
 *
 * RFC 9110: strong ETag, If-Match, If-None-Match, Range of one range (several are answered with the
 * whole, 14.2), If-Range. RFC 6266 and 8187: a name of any letters. Behind a proxy that says where
 * it finds the file (X-Sampan-Files, set by nginx_conf.c), the proxy sends it and does the ranges.
 */
#ifndef CONTROL_FILE_ANSWER_H
#define CONTROL_FILE_ANSWER_H

#include "request.h"

struct file_answer {
    const char *path;  /* absolute */
    const char *below; /* the same, below the data directory: "flat/ab/NAME.mp4" */
    const char *etag;  /* without quotes; equal bytes have equal ones */
    const char *type;  /* media type */
    const char *name;  /* for who keeps it, UTF-8 */
};

/* SPN_ENOENT: there is no such file. */
int file_answer(struct request *request, const struct file_answer *file, struct spn_error *err);

/*
 * The range of a file of size bytes that a Range header asks for. 1: [*from, *to); 0: all of it is
 * answered; -1: it cannot be satisfied (416). For tests.
 */
int range_read(const char *header, uint64_t size, uint64_t *from, uint64_t *to);

/* A Content-Disposition for name, appended to out. For tests. */
void disposition_write(const char *name, struct spn_buffer *out);

#endif

/*
 * sink.h - a file that is downloaded, over as many answers as it takes: each goes on where the last
 * one ended, and one that is not of the same bytes is not taken.
 */
#ifndef SAMPAN_CLIENT_SINK_H
#define SAMPAN_CLIENT_SINK_H

#include <stdint.h>

#include "sampan/file.h"

struct sink {
    struct spn_file *file; /* borrowed; bytes are appended, in order */
    int64_t done, total;   /* bytes that are there, and of the whole */
    const char *etag;      /* of the whole, without quotes */
    void (*each)(void *opaque, int64_t done, int64_t total); /* may be NULL */
    void *opaque;
    int64_t skip; /* bytes of this answer that are there already */
    int begun;    /* an answer: where it begins is known */
};

/*
 * The next bytes of an answer with that status (200 or 206) and these headers (NULL where there is
 * none). An answer with the whole, to somebody who asked for a range, is taken from where we are.
 * SPN_EMISMATCH: they are of another file, or of another place in it. Also what writing gives.
 */
int sink_feed(struct sink *sink, long status, const char *content_range, const char *etag,
              const void *bytes, size_t size, struct spn_error *err);
/* A new answer begins. */
void sink_restart(struct sink *sink);

#endif

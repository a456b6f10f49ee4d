/*
 * media_child.h - one run of sampan-media: a request in, descriptors inherited, one result out.
 *
 * The child is given its named descriptors and nothing else. It is killed when the job is lost, the
 * worker stops, it says nothing for media_idle_s, or breaks the protocol; it dies with the worker.
 * A crash is tried again twice, with its outputs emptied; after the third, and after a hang, the
 * job fails with a sentence.
 */
#ifndef WORKER_MEDIA_CHILD_H
#define WORKER_MEDIA_CHILD_H

#include <jansson.h>

#include "worker.h"

#define MEDIA_FDS_MAX 4000 /* descriptors of one run: tiles of a day in 40 s chunks are 2,160 */
#define MEDIA_LINE_MAX                                                                             \
    (8u << 20)             /* bytes of one answer: a probe of 1,000 streams has about 1 MB         \
                            */
#define MEDIA_WORDS_MAX 50 /* lines of FFmpeg's that are logged of one run */

/* Zero-initialised but for operation and request; media_call_finish() always. */
struct media_call {
    const char *operation;
    const char *what; /* for sentences: "chunk 3 of ep01.mkv"; borrowed */
    json_t *request;  /* owned */
    int *fds;         /* borrowed from the caller */
    size_t count, room;
};

/* What fd will be called in the child: to be put into the request. Negative: too many, or no
 * memory. */
int media_call_fd(struct media_call *call, int fd);
/* Run it. *result is a new reference to the "result" line. */
int media_call_run(struct worker *worker, struct job *job, struct media_call *call, json_t **result,
                   struct spn_error *err);
void media_call_finish(struct media_call *call);

#endif

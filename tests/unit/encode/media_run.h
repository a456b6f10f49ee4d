/*
 * media_run.h - for tests: start sampan-media, give it a request, take its answers.
 */
#ifndef TEST_MEDIA_RUN_H
#define TEST_MEDIA_RUN_H

#include <jansson.h>

struct media_run {
    int exited;     /* the exit status, or -1 */
    int signaled;   /* the signal that ended it, or 0 */
    int progress;   /* how many progress lines there were */
    json_t *answer; /* the last line that was no progress, or NULL */
};

/*
 * Run program OPERATION. Descriptors are inherited as they are (those without FD_CLOEXEC). request
 * is borrowed. The answer goes to media_run_finish().
 */
void media_run(const char *program, const char *operation, const json_t *request,
               struct media_run *out);
void media_run_finish(struct media_run *run);

#endif

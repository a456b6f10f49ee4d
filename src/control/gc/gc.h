/*
 * gc.h - remove what nothing refers to, and is old enough.
 *
 * What publications name is read from the publication files themselves: where one of them cannot be
 * read, nothing at all is removed. Each file is removed inside a transaction that holds the files
 * alone and has asked once more whether a row names it; whoever commits a job holds them shared and
 * looks whether its files are there. So gc may be stopped at any point, and run beside an ingest.
 */
#ifndef CONTROL_GC_H
#define CONTROL_GC_H

#include <jansson.h>

#include "instance.h"

struct gc_options {
    int dry_run;
    /* For tests: called before each file that would be removed; a negative code stops gc there. */
    int (*between)(void *opaque, const char *path);
    void *opaque;
};

/* {"dry_run", "files": n, "bytes": n, "kept": n, "removed": ["track/ab/…", at most 1000]} */
int gc_run(struct instance *instance, const struct gc_options *options, json_t **out,
           struct spn_error *err);

#endif

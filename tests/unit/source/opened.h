/*
 * opened.h - a file taken through source, index and conform, for the tests of this folder.
 */
#ifndef SAMPAN_TEST_OPENED_H
#define SAMPAN_TEST_OPENED_H

#include "conform.h"
#include "packet_index.h"
#include "source.h"

struct opened {
    int fd, index_fd;
    struct source *source;
    int video;
    struct index *index;
    struct conform conform;
    json_t *notes, *changes;
};

int opened_init(struct opened *opened, const char *path, const struct conform_options *options,
                struct spn_error *err);
void opened_finish(struct opened *opened);

#endif

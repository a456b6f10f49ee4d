/*
 * input.h - where a track's bytes come from: a file, read with pread, or memory.
 */
#ifndef TRACK_INPUT_H
#define TRACK_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "sampan/error.h"

struct spn_input {
    int fd;                /* -1: memory */
    const uint8_t *memory; /* borrowed */
    uint64_t size;         /* bytes there are */
    const char *name;      /* borrowed, for the sentence */
};

int spn_input_of_fd(int fd, const char *name, struct spn_input *out, struct spn_error *err);
struct spn_input spn_input_of_memory(const void *bytes, size_t size, const char *name);
/* All of [offset, offset + size) into out. SPN_EFORMAT: the file ends before. */
int spn_input_read(const struct spn_input *input, uint64_t offset, size_t size, void *out,
                   struct spn_error *err);

#endif

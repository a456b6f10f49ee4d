/*
 * mapped.h - a track file of ours, read through a map of its descriptor.
 */
#ifndef ENCODE_MAPPED_H
#define ENCODE_MAPPED_H

#include <stddef.h>
#include <stdint.h>

#include "sampan/error.h"
#include "sampan/track.h"

/* Zero-initialised is closed. */
struct mapped {
    const uint8_t *bytes;
    size_t size;
    struct spn_track *track;
    struct spn_sample_place *places; /* of fragment `fragment`: SPN_SAMPLES_MAX of them */
    size_t fragment, count;
};

/* fd may be closed afterwards; name is for the sentence. To mapped_close(), also on failure. */
int mapped_open(int fd, const char *name, struct mapped *out, struct spn_error *err);
void mapped_close(struct mapped *mapped);

/*
 * Sample number index, in decoding order, of a fragment; borrowed. SPN_ERANGE: there is none.
 */
int mapped_sample(struct mapped *mapped, size_t fragment, size_t index, struct spn_sample *out,
                  struct spn_error *err);

#endif

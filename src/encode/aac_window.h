/*
 * aac_window.h - the window of an AAC packet, read from its first bits.
 *
 * Overlapping halves of two packets must be made for each other: the right half of one (long after
 * ONLY_LONG and LONG_STOP, short after LONG_START and EIGHT_SHORT) and the left half of the next
 * (long in ONLY_LONG and LONG_START, short in the others), under the same window shape. Only the
 * first channel of the first element is looked at: what comes after cannot be found without
 * decoding all of it.
 */
#ifndef ENCODE_AAC_WINDOW_H
#define ENCODE_AAC_WINDOW_H

#include <stddef.h>
#include <stdint.h>

struct aac_window {
    int sequence; /* 0 ONLY_LONG, 1 LONG_START, 2 EIGHT_SHORT, 3 LONG_STOP */
    int shape;    /* of its right half: 0 sine, 1 KBD */
};

/* SPN_OK, or SPN_EFORMAT where the packet does not begin with a channel. */
int aac_window_read(const uint8_t *packet, size_t size, struct aac_window *out);

/*
 * May `next` follow `before`, when it was made to follow one of shape made_after (which is that of
 * its left half)?
 */
int aac_window_fits(struct aac_window before, struct aac_window next, int made_after);

#endif

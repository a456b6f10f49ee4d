/*
 * made.h - small tracks without an encoder: real decoder configurations, slices that say what they
 * are and hold nothing, 5 frames a second, so a GOP is 10. And the means to spoil them.
 */
#ifndef TESTS_TRACK_MADE_H
#define TESTS_TRACK_MADE_H

#include "sampan/buffer.h"
#include "sampan/track.h"

#define MADE_FRAGMENTS_MAX 16

struct made {
    struct spn_track_info info; /* config points into config below */
    struct spn_buffer config;
    struct spn_buffer file;
    unsigned counts[MADE_FRAGMENTS_MAX]; /* samples in each fragment */
    unsigned fragments;
    unsigned most; /* frames in the longest GOP, where it is longer than G */
};

/* info and config of a codec, and fragments of 10, 10 and 4 pictures, or 47, 46, 47 and 3 packets.
 */
void made_init(struct made *made, enum spn_codec codec);
/* Append fragments [from, to), numbered from `from` + 1, to out. */
void made_fragments(const struct made *made, unsigned from, unsigned to, struct spn_buffer *out);
/* The whole track, assembled from two pieces, into file. */
void made_file(struct made *made);
void made_finish(struct made *made);

/* A piece in a memfd: header and fragments [from, to). */
int made_piece(const struct made *made, unsigned from, unsigned to);
/* For spn_track_assemble: opaque is struct made_pieces. */
struct made_pieces {
    int fds[8];
    struct spn_buffer out;
};
spn_track_write made_write;

/* Where box PATH ("moov/trak/mdia") of a file begins; "moof" and "mdat" are those of fragment n. */
size_t made_box(const struct spn_buffer *file, const char *path, unsigned n);
uint32_t made_size(const struct spn_buffer *file, size_t box);
/*
 * Put size bytes in the place of `remove` bytes at `at`; the boxes around it, the data offset of
 * its fragment and its reference in sidx are made to agree.
 */
void made_splice(struct spn_buffer *file, size_t at, size_t remove, const void *bytes, size_t size);

#endif

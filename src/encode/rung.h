/*
 * rung.h - one rung of a chunk or of a bridge: scale, encode, and write GOP after GOP as fragments
 * of its piece.
 */
#ifndef ENCODE_RUNG_H
#define ENCODE_RUNG_H

#include <stdint.h>

#include "lane.h"
#include "ladder.h"
#include "sampan/id.h"

struct rung_maker;

struct rung_chunk {
    struct spn_rate rate;
    uint32_t gop;
    int64_t first;       /* frame of the track that the piece begins with */
    int64_t frames;      /* in the piece */
    uint32_t sequence;   /* number of its first fragment, from 1 */
    uint32_t fragments;  /* 0: a chunk, whole GOPs. Else a bridge: as spn_bridge_fragment() divides
                            it, each fragment a sequence of its own to the encoder */
    const int64_t *cuts; /* frames of a bridge that another clip begins with, ascending; borrowed */
    size_t cut_count;
    const struct spn_hash *compat; /* what the track's compat_id must be, or NULL; outlives it */
};

/* The piece is written to fd, which is empty and outlives the maker. *out goes to rung_destroy().
 */
int rung_create(const struct rung *rung, struct rung_chunk chunk, int fd, struct rung_maker **out,
                struct spn_error *err);
void rung_destroy(struct rung_maker *maker); /* NULL is allowed; its lane must be gone */

/* How many frames it likes to be given that follow those of a bridge in their asset, at most; they
 * make it better and are not written. */
int64_t rung_ahead(const struct rung_maker *maker);

/* For a lane: frames of the chunk in order. At the end all of the piece is written and checked. */
struct lane_work rung_work(struct rung_maker *maker);

struct rung_result {
    uint64_t bytes;
    uint32_t fragments;
    struct spn_hash hash; /* of the piece's bytes */
    int64_t burst; /* the most bits that fragments in a row have beyond their time at maxrate */
};
struct rung_result rung_result(const struct rung_maker *maker); /* after its lane is done */

#endif

/*
 * piece.h - a piece of a track file being written: ftyp, moov, then fragments (sampan/track.h).
 */
#ifndef ENCODE_PIECE_H
#define ENCODE_PIECE_H

#include <stdint.h>

#include "sampan/buffer.h"
#include "sampan/error.h"
#include "sampan/id.h"
#include "sampan/track.h"

struct piece {
    int fd;                            /* borrowed */
    const struct spn_track_info *info; /* borrowed */
    uint64_t bytes;
    uint32_t fragments;
    struct spn_hasher hasher;
    struct spn_buffer buffer; /* one fragment */
};

/* Write the header to fd, which is empty. piece goes to piece_finish(), also after a failure. */
int piece_init(struct piece *piece, int fd, const struct spn_track_info *info,
               struct spn_error *err);
/* Append one fragment; as spn_fragment_write(). */
int piece_append(struct piece *piece, uint32_t sequence_number, uint64_t decode_ticks,
                 const struct spn_sample *samples, size_t count, struct spn_error *err);
void piece_hash(const struct piece *piece, struct spn_hash *out); /* of what was written so far */
void piece_finish(struct piece *piece);

/* All of it to fd, at its position. SPN_ENOSPC, SPN_ELIMIT, SPN_EIO. */
int bytes_write(int fd, const void *bytes, size_t size, struct spn_error *err);

#endif

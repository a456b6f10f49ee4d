/* piece.c - a piece of a track file being written. */
#include "piece.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int bytes_write(int fd, const void *bytes, size_t size, struct spn_error *err)
{
    const uint8_t *from = bytes;

    while (size > 0) {
        ssize_t put = write(fd, from, size);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return spn_error_errno(err, errno, "cannot write what was encoded");
        from += put;
        size -= (size_t)put;
    }
    return SPN_OK;
}

static int buffer_flush(struct piece *piece, struct spn_error *err)
{
    int ret;

    if (spn_buffer_failed(&piece->buffer))
        return spn_error_set(err, SPN_ENOMEM, "no memory for a fragment");
    if ((ret = bytes_write(piece->fd, piece->buffer.data, piece->buffer.size, err)) < 0)
        return ret;
    spn_hasher_update(&piece->hasher, piece->buffer.data, piece->buffer.size);
    piece->bytes += piece->buffer.size;
    piece->buffer.size = 0;
    return SPN_OK;
}

int piece_init(struct piece *piece, int fd, const struct spn_track_info *info,
               struct spn_error *err)
{
    int ret;

    memset(piece, 0, sizeof(*piece));
    piece->fd = fd;
    piece->info = info;
    spn_hasher_init(&piece->hasher);
    if ((ret = spn_header_write(info, &piece->buffer, err)) < 0)
        return ret;
    return buffer_flush(piece, err);
}

int piece_append(struct piece *piece, uint32_t sequence_number, uint64_t decode_ticks,
                 const struct spn_sample *samples, size_t count, struct spn_error *err)
{
    int ret;

    if ((ret = spn_fragment_write(piece->info, sequence_number, decode_ticks, samples, count,
                                  &piece->buffer, err)) < 0 ||
        (ret = buffer_flush(piece, err)) < 0)
        return ret;
    piece->fragments++;
    return SPN_OK;
}

void piece_hash(const struct piece *piece, struct spn_hash *out)
{
    struct spn_hasher copy = piece->hasher;

    spn_hasher_finish(&copy, out);
}

void piece_finish(struct piece *piece)
{
    spn_buffer_finish(&piece->buffer);
}

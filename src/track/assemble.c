/* assemble.c - pieces, one after the other, behind one header and one sidx. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "scan.h"

struct whole {
    struct spn_track *first; /* its header is the header */
    struct spn_fragment *fragments;
    size_t count, capacity;
    struct {
        uint64_t offset, size;
    } * ranges;        /* one a piece: all of its fragments */
    uint32_t sequence; /* the next */
    int64_t start;     /* the next */
};

static int piece_judge(const struct whole *whole, const struct spn_track *piece,
                       struct spn_error *err)
{
    const struct spn_track *first = whole->first;

    if (piece->has_sidx)
        return spn_error_set(err, SPN_EFORMAT, "%s has a sidx: it is a whole track, not a piece",
                             piece->name);
    if (piece == first)
        return SPN_OK;
    if (piece->header.size != first->header.size ||
        memcmp(piece->header.data, first->header.data, first->header.size) != 0)
        return spn_error_set(err, SPN_EMISMATCH,
                             "the header of %s is not that of %s: they were encoded otherwise",
                             piece->name, first->name);
    if (piece->first_sequence != whole->sequence || piece->fragments[0].start != whole->start)
        return spn_error_set(
            err, SPN_EMISMATCH,
            "%s begins with fragment %u at %lld ticks; fragment %u at %lld is next", piece->name,
            piece->first_sequence, (long long)piece->fragments[0].start, whole->sequence,
            (long long)whole->start);
    return SPN_OK;
}

static int piece_add(struct whole *whole, size_t index, const struct spn_track *piece,
                     struct spn_error *err)
{
    const struct spn_fragment *last = &piece->fragments[piece->count - 1];
    size_t need = whole->count + piece->count;
    int ret = piece_judge(whole, piece, err);

    if (ret < 0)
        return ret;
    assert(piece->count > 0); /* a track file has a fragment */
    if (need > SPN_FRAGMENTS_MAX)
        return spn_error_set(err, SPN_ELIMIT, "with %s there are more than %d fragments",
                             piece->name, SPN_FRAGMENTS_MAX);
    if (need > whole->capacity) {
        struct spn_fragment *p;

        whole->capacity = need * 2;
        p = realloc(whole->fragments, whole->capacity * sizeof(*p));
        if (!p)
            return spn_error_set(err, SPN_ENOMEM, "no memory for the index of %zu fragments", need);
        whole->fragments = p;
    }
    memcpy(whole->fragments + whole->count, piece->fragments,
           piece->count * sizeof(*piece->fragments));
    whole->count = need;
    whole->ranges[index].offset = piece->fragments[0].offset;
    whole->ranges[index].size = last->offset + last->size - piece->fragments[0].offset;
    whole->sequence = piece->first_sequence + (uint32_t)piece->count;
    whole->start = last->start + last->duration;
    return SPN_OK;
}

static int pieces_read(struct whole *whole, const struct spn_piece *pieces, size_t count,
                       struct spn_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct spn_judge judge = { .judging = SPN_JUDGE_REFUSE };
        struct spn_track *piece = NULL;
        int ret = spn_track_open_fd(pieces[i].fd, pieces[i].name, &judge, 0, &piece, err);

        if (ret < 0)
            return ret;
        if (i == 0)
            whole->first = piece;
        ret = piece_add(whole, i, piece, err);
        if (i > 0)
            spn_track_close(piece);
        if (ret < 0)
            return ret;
    }
    return SPN_OK;
}

int spn_track_assemble(const struct spn_piece *pieces, size_t count, spn_track_write *write,
                       void *opaque, struct spn_error *err)
{
    struct whole whole = { 0 };
    struct spn_buffer sidx = { 0 };
    int ret;

    if (count == 0)
        return spn_error_set(err, SPN_EINVAL, "a track is made of one piece or more");
    whole.ranges = calloc(count, sizeof(*whole.ranges));
    if (!whole.ranges)
        return spn_error_set(err, SPN_ENOMEM, "no memory for %zu pieces", count);
    if ((ret = pieces_read(&whole, pieces, count, err)) < 0 ||
        (ret = spn_sidx_write(&whole.first->info, whole.fragments, whole.count, &sidx, err)) < 0 ||
        (ret = write(opaque, whole.first->header.data, 0, 0, whole.first->header.size, err)) < 0 ||
        (ret = write(opaque, sidx.data, 0, 0, sidx.size, err)) < 0)
        goto done;
    for (size_t i = 0; i < count && ret >= 0; i++)
        ret = write(opaque, NULL, i, whole.ranges[i].offset, whole.ranges[i].size, err);

done:
    spn_buffer_finish(&sidx);
    spn_track_close(whole.first);
    free(whole.fragments);
    free(whole.ranges);
    return ret < 0 ? ret : SPN_OK;
}

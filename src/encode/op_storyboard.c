/* op_storyboard.c - the tiles of all chunks in order, and sheets of them. */
#include "media.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "asset.h"
#include "member.h"
#include "piece.h"
#include "plan.h"
#include "protocol.h"
#include "tile.h"

#define TILES_MAX (24 * 3600 / TILE_SECONDS + 1) /* CONFORM_HOURS_MAX of them */
#define BEAT_MS   500

struct board {
    struct storyboard storyboard;
    json_t *tiles; /* of the request; borrowed */
    int tiles_fd, sheets_fd;
    uint64_t tiles_bytes, sheets_bytes;
    struct spn_buffer tile, jpeg;
    json_t *tile_list, *sheet_list; /* of the answer */
    struct beat beat;
};

static int tile_read(struct board *board, size_t n, struct spn_error *err)
{
    const json_t *object = json_array_get(board->tiles, n);
    int64_t index, fd, offset, size;
    uint8_t *room;
    int ret;

    if ((ret = member_int(object, "a tile of the request", "index", (int64_t)n, (int64_t)n, &index,
                          err)) < 0 ||
        (ret = member_int(object, "a tile of the request", "fd", 0, 1 << 20, &fd, err)) < 0 ||
        (ret = member_int(object, "a tile of the request", "offset", 0, INT64_MAX / 2, &offset,
                          err)) < 0 ||
        (ret = member_int(object, "a tile of the request", "size", 1, TILE_BYTES_MAX, &size, err)) <
            0)
        return ret;
    board->tile.size = 0;
    if (!(room = spn_buffer_reserve(&board->tile, (size_t)size)))
        return spn_error_set(err, SPN_ENOMEM, "no memory for a thumbnail");
    while (board->tile.size < (size_t)size) {
        ssize_t got = pread((int)fd, room + board->tile.size, (size_t)size - board->tile.size,
                            offset + (int64_t)board->tile.size);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return spn_error_errno(err, errno, "cannot read thumbnail %zu", n);
        if (got == 0)
            return spn_error_set(err, SPN_EFORMAT, "the file of thumbnail %zu ends before it", n);
        board->tile.size += (size_t)got;
    }
    return SPN_OK;
}

static int tile_keep(struct board *board, struct spn_error *err)
{
    int ret;

    if ((ret = bytes_write(board->tiles_fd, board->tile.data, board->tile.size, err)) < 0)
        return ret;
    if (json_array_append_new(board->tile_list,
                              json_pack("{s:I,s:I}", "offset", (json_int_t)board->tiles_bytes,
                                        "size", (json_int_t)board->tile.size)) < 0)
        return spn_error_set(err, SPN_ENOMEM, "no memory for the answer");
    board->tiles_bytes += board->tile.size;
    return SPN_OK;
}

/* Tiles [from, to) are one sheet. */
static int sheet_make(struct board *board, size_t from, size_t to, struct spn_error *err)
{
    struct sheet *sheet;
    int ret;

    if ((ret = sheet_create(&board->storyboard, to - from, &sheet, err)) < 0)
        return ret;
    for (size_t n = from; n < to && ret == SPN_OK; n++) {
        if ((ret = tile_read(board, n, err)) == SPN_OK && (ret = tile_keep(board, err)) == SPN_OK)
            ret = sheet_put(sheet, n - from, board->tile.data, board->tile.size, err);
        if (beat_due(&board->beat, BEAT_MS))
            answer_progress((int64_t)n, (int64_t)json_array_size(board->tiles), "tiles");
    }
    board->jpeg.size = 0;
    if (ret == SPN_OK && (ret = sheet_encode(sheet, &board->jpeg, err)) == SPN_OK &&
        (ret = bytes_write(board->sheets_fd, board->jpeg.data, board->jpeg.size, err)) == SPN_OK &&
        json_array_append_new(board->sheet_list,
                              json_pack("{s:I,s:I}", "offset", (json_int_t)board->sheets_bytes,
                                        "size", (json_int_t)board->jpeg.size)) < 0)
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for the answer");
    board->sheets_bytes += board->jpeg.size;
    sheet_destroy(sheet);
    return ret;
}

static int board_make(struct board *board, const json_t *request, struct spn_error *err)
{
    size_t whole, count;
    int64_t tiles_fd, sheets_fd;
    json_t *plan;
    int ret;

    if ((ret = member_object(request, "the request", "plan", &plan, err)) < 0 ||
        (ret = plan_storyboard_read(plan, &board->storyboard, err)) < 0 ||
        (ret = member_array(request, "the request", "tiles", TILES_MAX, &board->tiles, err)) < 0 ||
        (ret = member_int(request, "the request", "tiles_fd", 0, 1 << 20, &tiles_fd, err)) < 0 ||
        (ret = member_int(request, "the request", "sheets_fd", 0, 1 << 20, &sheets_fd, err)) < 0)
        return ret;
    board->tiles_fd = (int)tiles_fd;
    board->sheets_fd = (int)sheets_fd;
    count = json_array_size(board->tiles);
    whole = (size_t)board->storyboard.columns * board->storyboard.rows;
    for (size_t from = 0; from < count && ret == SPN_OK; from += whole)
        ret = sheet_make(board, from, from + whole < count ? from + whole : count, err);
    return ret;
}

int op_storyboard(const struct media *media, json_t **result, struct spn_error *err)
{
    struct board board = { .tile_list = json_array(), .sheet_list = json_array() };
    int ret = board_make(&board, media->request, err);

    if (ret == SPN_OK) {
        *result = json_pack("{s:O,s:O}", "tiles", board.tile_list, "sheets", board.sheet_list);
        if (!*result)
            ret = spn_error_set(err, SPN_ENOMEM, "no memory for the answer");
    }
    json_decref(board.tile_list);
    json_decref(board.sheet_list);
    spn_buffer_finish(&board.tile);
    spn_buffer_finish(&board.jpeg);
    return ret;
}

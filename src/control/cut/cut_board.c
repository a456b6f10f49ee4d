/* cut_board.c - the storyboard of a cut. */
#include "cut_board.h"

#include <stdlib.h>

#include "json.h"

struct board {
    json_t *both; /* {plan, facts} */
    uint32_t file;
};

static json_int_t board_number(const struct board *board, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(board->both, "plan"), name));
}

/* The tile of an asset's board that shows frame best: inside its clip, if one is. */
static const json_t *tile_find(const struct board *board, const struct spn_clip *clip,
                               int64_t frame, int64_t interval)
{
    const json_t *tiles = json_object_get(json_object_get(board->both, "facts"), "tiles");
    size_t count = json_array_size(tiles);
    int64_t tile = frame / interval;

    if (tile * interval < clip->in && (tile + 1) * interval < clip->out)
        tile++;
    if (count > 0 && tile >= (int64_t)count)
        tile = (int64_t)count - 1;
    return json_array_get(tiles, (size_t)tile);
}

static int boards_read(struct db *db, const struct cut *cut, cut_board_file *file, void *opaque,
                       struct board *boards, size_t *found, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    if ((ret = db_query(db,
                        "SELECT place, name, facts FROM cut_file WHERE cut = $1 AND kind = 'board'"
                        " ORDER BY place",
                        DB_ARGS(db_text(cut->id)), &rows, err)) < 0)
        return ret;
    while ((ret = rows_next(rows, err)) > 0) {
        size_t place = (size_t)rows_number(rows, 0);

        if (place >= cut->composition->asset_count)
            continue;
        boards[place].both = json_of(rows_text(rows, 2));
        if ((ret = file(opaque, rows_text(rows, 1), &boards[place].file, err)) < 0)
            break;
        *found += board_number(&boards[place], "width") == board_number(&boards[0], "width") &&
                  board_number(&boards[place], "height") == board_number(&boards[0], "height");
    }
    rows_close(rows);
    return ret;
}

/* The tile that is shown at a frame of the cut; 0: there is none. */
static int sheet_make(const struct spn_composition *composition, const struct board *boards,
                      int64_t frame, int64_t interval, struct spn_plan_sheet *out,
                      struct spn_error *err)
{
    const struct spn_clip *clip;
    const struct board *board;
    struct spn_place place;
    const json_t *tile;
    int64_t own;
    int ret;

    if ((ret = spn_composition_locate(composition, frame, &place, err)) < 0)
        return ret;
    clip = &composition->clips[place.clip];
    board = &boards[clip->asset];
    own = board_number(board, "interval_frames");
    if (!(tile = tile_find(board, clip, place.frame, own > 0 ? own : interval)))
        return 0;
    out->file = board->file;
    out->offset = (uint64_t)json_integer_value(json_object_get(tile, "offset"));
    out->size = (uint32_t)json_integer_value(json_object_get(tile, "size"));
    return 1;
}

/* A sheet of one tile each, for every interval of the first clip's board. */
static int sheets_make(const struct spn_composition *composition, const struct board *boards,
                       struct cut_board *out, struct spn_error *err)
{
    int64_t interval = board_number(&boards[composition->clips[0].asset], "interval_frames");
    int64_t frames = composition->start[composition->count], tile_ms = 0;
    size_t count;
    int ret;

    if (interval < 1)
        return SPN_OK;
    count = (size_t)((frames + interval - 1) / interval);
    if (!(out->sheets = calloc(count, sizeof(*out->sheets))))
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    for (size_t i = 0; i < count; i++)
        if ((ret = sheet_make(composition, boards, (int64_t)i * interval, interval, &out->sheets[i],
                              err)) <= 0)
            return ret;
    (void)spn_rescale(interval, (int64_t)composition->rate.den * 1000, composition->rate.num,
                      SPN_NEAREST, &tile_ms);
    out->plan = (struct spn_plan_storyboard){
        .tile_width = (uint32_t)board_number(&boards[0], "width"),
        .tile_height = (uint32_t)board_number(&boards[0], "height"),
        .columns = 1,
        .rows = 1,
        .tile_ms = (uint32_t)tile_ms,
        .tile_count = (uint32_t)count,
        .sheets = out->sheets,
        .sheet_count = count,
    };
    return SPN_OK;
}

int cut_board_make(struct db *db, const struct cut *cut, cut_board_file *file, void *opaque,
                   struct cut_board *out, struct spn_error *err)
{
    size_t assets = cut->composition->asset_count, found = 0;
    struct board *boards = calloc(assets, sizeof(*boards));
    int ret;

    *out = (struct cut_board){ 0 };
    if (!boards)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    ret = boards_read(db, cut, file, opaque, boards, &found, err);
    if (ret >= 0 && found == assets)
        ret = sheets_make(cut->composition, boards, out, err);
    for (size_t i = 0; i < assets; i++)
        json_decref(boards[i].both);
    free(boards);
    return ret < 0 ? ret : SPN_OK;
}

void cut_board_finish(struct cut_board *board)
{
    free(board->sheets);
    *board = (struct cut_board){ 0 };
}

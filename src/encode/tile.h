/*
 * tile.h - the storyboard: one small JPEG per interval, and sheets of many of them.
 */
#ifndef ENCODE_TILE_H
#define ENCODE_TILE_H

#include <stddef.h>
#include <stdint.h>

#include "lane.h"
#include "sampan/buffer.h"
#include "sampan/error.h"

#define TILE_BOX_WIDTH  160 /* pixels; 90 high, or turned for upright pictures */
#define TILE_BOX_HEIGHT 90
#define TILE_SECONDS    10
#define SHEET_COLUMNS   10
#define SHEET_ROWS      10
#define TILE_BYTES_MAX  (1u << 20)

struct storyboard {
    int64_t interval_frames;
    uint32_t width, height; /* of a tile, even */
    uint32_t columns, rows; /* of a whole sheet; the last has only the rows it needs */
};

/* One JPEG of a picture (yuvj420p, BT.601), appended to out. */
int jpeg_encode(const AVFrame *frame, struct spn_buffer *out, struct spn_error *err);

struct tile {
    int64_t index;   /* from 0 in the asset: it shows frame index x interval_frames */
    uint64_t offset; /* bytes in the tiles file */
    uint64_t size;
};

struct tile_maker;

/* Tiles of a chunk are written to fd one after the other. *out goes to tiles_destroy(). */
int tiles_create(const struct storyboard *storyboard, int fd, struct tile_maker **out,
                 struct spn_error *err);
void tiles_destroy(struct tile_maker *maker); /* NULL is allowed */
/* For a lane: only frames at multiples of interval_frames are to be given to it. */
struct lane_work tiles_work(struct tile_maker *maker);
const struct tile *tiles_made(const struct tile_maker *maker, size_t *count); /* borrowed */

struct sheet;

/* A sheet of count tiles (1 to columns x rows), black where there is none. */
int sheet_create(const struct storyboard *storyboard, size_t count, struct sheet **out,
                 struct spn_error *err);
void sheet_destroy(struct sheet *sheet); /* NULL is allowed */
/* Put a JPEG of a tile in place n. SPN_EFORMAT: it is no tile of this storyboard. */
int sheet_put(struct sheet *sheet, size_t n, const uint8_t *jpeg, size_t size,
              struct spn_error *err);
int sheet_encode(const struct sheet *sheet, struct spn_buffer *out, struct spn_error *err);

#endif

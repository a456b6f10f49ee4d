/*
 * pictures.h - the pictures of a range of one asset, filtered as its chunks were: the same decode,
 * the same filters, the same frames before and after that they look at. Or, where the source is
 * gone, those of a rendition.
 */
#ifndef ENCODE_PICTURES_H
#define ENCODE_PICTURES_H

#include <stdint.h>
#include <jansson.h>

#include <libavutil/frame.h>

#include "asset.h"
#include "mapped.h"
#include "sampan/error.h"

/* An asset that pictures are taken from; zero-initialised is closed. */
struct album {
    int opened;
    struct asset asset;   /* … or, where there is no source: */
    struct mapped mapped; /* the track file of a rendition */
};

/*
 * Of {"source":…,"index_fd":…,"conform":…,"plan":…} or {"track":{"fd":…,"name":…}}. To
 * album_close(), also on failure.
 */
int album_open(struct album *album, const json_t *json, struct spn_error *err);
void album_close(struct album *album);
int64_t album_frames(const struct album *album); /* of an open one */

struct pictures; /* one thread at a time */

/* Frames [from, to) of the asset. album must outlive it. To pictures_destroy(). SPN_ERANGE. */
int pictures_create(struct album *album, int64_t from, int64_t to, struct pictures **out,
                    struct spn_error *err);
void pictures_destroy(struct pictures *pictures); /* NULL is allowed */

/* 1: the next frame, borrowed until the next pull, its pts its number in the asset; 0: the end. */
int pictures_pull(struct pictures *pictures, const AVFrame **out, struct spn_error *err);
int64_t pictures_decoded(const struct pictures *pictures); /* frames, those before the range too */

#endif

/*
 * track_decoder.h - the frames of a range of a rendition's track file: where a source is gone, its
 * best rendition stands for it. One thread at a time.
 */
#ifndef ENCODE_TRACK_DECODER_H
#define ENCODE_TRACK_DECODER_H

#include <stdint.h>

#include <libavutil/frame.h>

#include "mapped.h"
#include "sampan/error.h"

struct track_decoder;

/*
 * Frames [from, to) of the asset. mapped is a video track that begins at frame 0; it must outlive
 * the decoder, which goes to track_decoder_destroy(). SPN_ERANGE: there are not so many frames.
 */
int track_decoder_create(struct mapped *mapped, int64_t from, int64_t to,
                         struct track_decoder **out, struct spn_error *err);
void track_decoder_destroy(struct track_decoder *decoder); /* NULL is allowed */

/* 1: the next frame, borrowed until the next pull, its pts its number; 0: the end. */
int track_decoder_pull(struct track_decoder *decoder, const AVFrame **out, struct spn_error *err);

#endif

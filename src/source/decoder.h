/*
 * decoder.h - the frames of a range of an asset, pulled one after the other.
 *
 * Each range gives the frames that a decode of the whole source gives, bit by bit: decoding begins
 * at a random access point from which nothing older is referred to, on one thread, with exact
 * settings. A frame that cannot be decoded is the one before it shown again. Frames come as the
 * source has them: not deinterlaced, turned or scaled; their size or format may change in
 * mid-stream, and whoever filters them brings them to those of the first.
 */
#ifndef SAMPAN_SOURCE_DECODER_H
#define SAMPAN_SOURCE_DECODER_H

#include <libavutil/frame.h>

#include "conform.h"

struct decoder;

struct decoder_frame {
    const AVFrame
        *frame; /* borrowed until the next pull; its pts is number, its side data the source's */
    int64_t number; /* of the asset; with conform.fields it stands for number and number + 1 */
    int repeat;     /* the same picture as the frame before */
    int missing;    /* … because the source's own could not be decoded */
};

struct decoder_range {
    int64_t from, to; /* frames of the asset, [from, to); even when conform.fields */
    int before;       /* frames wanted before from, for filters with history; cut at 0 */
    int after;        /* frames wanted from to on, likewise; cut at the end */
};

/*
 * *out goes to decoder_destroy(). source, index and conform must outlive it. SPN_EMISMATCH: the
 * index is of another file. SPN_ERANGE, SPN_EFORMAT, SPN_ENOMEM.
 */
int decoder_create(const struct source *source, const struct index *index,
                   const struct conform *conform, struct decoder_range range, struct decoder **out,
                   struct spn_error *err);
void decoder_destroy(struct decoder *decoder); /* NULL is allowed */

/* The next frame: 1, or 0 after the last. The first has the number max(0, from - before). */
int decoder_pull(struct decoder *decoder, struct decoder_frame *out, struct spn_error *err);

struct decoder_counts {
    int64_t decoded; /* frames that the decoder gave, those before the range included */
    int64_t missing; /* asset frames of the range that repeat because of damage */
    int from_start;  /* 1: this file cannot be entered in the middle and was read (not decoded) from
                        its start */
};
struct decoder_counts decoder_counts(const struct decoder *decoder);

#endif

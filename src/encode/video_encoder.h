/*
 * video_encoder.h - one rung's encoder: frames in, access units of closed GOPs out.
 *
 * The encode contract is pinned here: GOPs of `gop` frames that begin with an IDR (or AV1 key)
 * picture and refer to nothing outside, parameter sets that depend on the settings alone, one
 * encoding thread. Every setting is in the text of video_encoder_options(), which is part of the
 * rendition's recipe. One thread at a time.
 */
#ifndef ENCODE_VIDEO_ENCODER_H
#define ENCODE_VIDEO_ENCODER_H

#include <stddef.h>
#include <stdint.h>

#include <libavutil/frame.h>

#include "ladder.h"
#include "sampan/error.h"
#include "sampan/track.h"

#define ENCODER_OPTIONS_MAX 768

/* "name=value …" as the encoder is given them; equal for equal rung, rate and gop. */
void video_encoder_options(const struct rung *rung, struct spn_rate rate, uint32_t gop,
                           char out[ENCODER_OPTIONS_MAX]);

struct video_encoder;

struct encoded {
    const uint8_t *data; /* as the encoder gives it; borrowed until the next pull */
    size_t size;         /* bytes */
    int64_t number;      /* of the frame it shows, counted from the first pushed */
    int key;
};

/* *out goes to video_encoder_destroy(). SPN_EUNSUPPORTED: this FFmpeg has no such encoder. SPN_EIO.
 */
int video_encoder_create(const struct rung *rung, struct spn_rate rate, uint32_t gop,
                         struct video_encoder **out, struct spn_error *err);
void video_encoder_destroy(struct video_encoder *encoder); /* NULL is allowed */

/* What the track file says; borrowed, complete once the first access unit was pulled. */
const struct spn_track_info *video_encoder_info(const struct video_encoder *encoder);

enum frame_kind {
    FRAME_ANY,  /* as the encoder likes */
    FRAME_KEY,  /* a GOP begins */
    FRAME_CLOSE /* what is shown up to here refers to nothing shown later; not of AV1 */
};

/*
 * The next frame, in order: yuv420p, BT.709, limited range, of the rung's size. It is not changed.
 * finer: by how much its quantiser is to be smaller than the encoder's choice; of H.264 alone,
 * since libx265 3.5 breaks off where it is told so. NULL ends the sequence. Every access unit must
 * be pulled before the next push.
 */
int video_encoder_push(struct video_encoder *encoder, const AVFrame *frame, enum frame_kind kind,
                       int finer, struct spn_error *err);
/* 1: one access unit in decoding order; 0: push another frame, or, after NULL, the end. */
int video_encoder_pull(struct video_encoder *encoder, struct encoded *out, struct spn_error *err);

#endif

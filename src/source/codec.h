/*
 * codec.h - a decoder whose output depends on its packets alone.
 *
 * One thread, bit-exact, nothing held back that could be shown: whether a frame is fit to be seen
 * is decided by the index, not by the codec. A frame's pts is the number of the packet it came in.
 */
#ifndef SAMPAN_SOURCE_CODEC_H
#define SAMPAN_SOURCE_CODEC_H

#include <libavcodec/avcodec.h>

#include "stream.h"

#define CODEC_THREADS                                                                              \
    1 /* parallelism comes from chunks; damage is then concealed the same way always */

int codec_open(const struct source *source, const struct stream *stream, AVCodecContext **out,
               struct spn_error *err);

/* A packet of the picture, counted; NULL ends the stream. Damage is not an error; *bad counts it.
 */
int codec_send(AVCodecContext *codec, AVPacket *packet, uint32_t number, uint32_t *bad,
               struct spn_error *err);

/* The next frame: 1, 0 when the codec wants a packet, -1 when there is no more. *number is its
 * packet. */
int codec_receive(AVCodecContext *codec, AVFrame *frame, uint32_t *number, uint32_t *bad);

#endif

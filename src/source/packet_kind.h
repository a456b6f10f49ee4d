/*
 * packet_kind.h - what a packet of the picture is, from its first bytes.
 */
#ifndef SAMPAN_SOURCE_PACKET_KIND_H
#define SAMPAN_SOURCE_PACKET_KIND_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "sampan/error.h"

struct packet_kind;

int packet_kind_create(const AVCodecParameters *codecpar, struct packet_kind **out,
                       struct spn_error *err);
void packet_kind_destroy(struct packet_kind *kind); /* NULL is allowed */

/* INDEX_KEY, INDEX_RESET, INDEX_DISCARD, INDEX_CORRUPT, INDEX_FIELD and INDEX_HIDDEN of a packet.
 */
uint32_t packet_kind_flags(struct packet_kind *kind, const AVPacket *packet);

/* One packet is one frame of this codec, unless a packet's flags say otherwise. */
int packet_kind_is_frame(enum AVCodecID codec);

#endif

/*
 * source.h - a delivered file, opened for reading from a descriptor; never changed.
 *
 * Everything here runs in the confined child: no path is ever opened, nothing that a file refers to
 * is followed. libavformat reads through pread() on the descriptor, which stays the caller's and must
 * outlive the source. Opening is a function of the bytes alone (the name is for sentences): the same
 * bytes give the same streams, packets and timestamps in every process.
 *
 * One source may be used by one thread at a time. What reads packets (an index being built, a decoder,
 * a sound, captions) needs the source to itself from its create to its destroy, and starts it anew.
 */
#ifndef SAMPAN_SOURCE_SOURCE_H
#define SAMPAN_SOURCE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include <libavformat/avformat.h>

#include "sampan/error.h"

#define SOURCE_STREAMS_MAX 64        /* streams in a file */
#define SOURCE_PACKET_MAX  (1 << 28) /* bytes of one packet: an uncompressed 8192 x 8192 picture */

struct source;

/*
 * Recognise and open the file. size is its bytes (0: as fstat says). *out goes to source_close().
 * SPN_EUNSUPPORTED: recognised, but not a container that is read, the sentence says what it is
 * (a playlist, a picture, sound alone, text …). SPN_EFORMAT: empty, damaged or not a media file.
 * SPN_ELIMIT, SPN_EIO, SPN_ENOMEM.
 */
int source_open(int fd, const char *name, uint64_t size, struct source **out,
                struct spn_error *err);
void source_close(struct source *source); /* NULL is allowed */

const char *source_name(const struct source *source); /* as given; borrowed */
uint64_t source_size(const struct source *source);    /* bytes */

/* libavformat's view; borrowed, and read only to those outside this folder. */
const AVFormatContext *source_format(const struct source *source);

/* Start reading from the first packet again, with fresh demuxer state. */
int source_rewind(struct source *source, struct spn_error *err);

/*
 * The next packet into *packet (to be unreferenced by the caller): 1, or 0 at the end of the file. A
 * damaged stretch that the demuxer cannot cross counts as the end.
 */
int source_read(struct source *source, AVPacket *packet, struct spn_error *err);

/* Read only the packets of this stream from now on; -1: of every stream that is kept. */
void source_select(struct source *source, int stream);

/* What went wrong in FFmpeg's words, e.g. "Invalid data found when processing input". */
const char *source_reason(int averror, char *buffer, size_t size);

#endif

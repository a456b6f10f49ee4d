/*
 * source.h - a delivered file, opened for reading from a descriptor; never changed.
 *
 * Everything here runs in the confined child: no path is ever opened, nothing that a file refers to
 * is followed. libavformat reads through pread() on the descriptor, which stays the caller's and
 * must outlive the source. Opening is a function of the bytes alone (the name is for sentences):
 * the same bytes give the same streams, packets and timestamps in every process.
 *
 * A source does not change once open: what reads packets (an index being built, a decoder, a sound,
 * captions) has a reader of its own, and several may be in use at a time, each by one thread.
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

/* What went wrong in FFmpeg's words, e.g. "Invalid data found when processing input". */
const char *source_reason(int averror, char *buffer, size_t size);

#endif

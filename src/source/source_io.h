/*
 * source_io.h - libavformat on a descriptor: opening a demuxer that reads by pread() and nothing
 * else.
 */
#ifndef SAMPAN_SOURCE_SOURCE_IO_H
#define SAMPAN_SOURCE_SOURCE_IO_H

#include <libavformat/avformat.h>

#include "sampan/error.h"

struct source_io {
    int fd;
    uint64_t size;     /* bytes */
    uint64_t position; /* of the next read */
    int error;         /* errno of a read that failed, 0: none did */
};

/* Open io as format (already recognised) and read its headers. The context is closed by
 * demuxer_close(). */
int demuxer_open(struct source_io *io, const char *name, const AVInputFormat *format,
                 AVFormatContext **out, struct spn_error *err);
void demuxer_close(AVFormatContext **context);

/* Which format do the bytes have? SPN_EUNSUPPORTED and SPN_EFORMAT as source_open(). */
int demuxer_recognise(struct source_io *io, const char *name, const AVInputFormat **out,
                      struct spn_error *err);

#endif

/*
 * source_internal.h - what a source is made of, for this folder.
 */
#ifndef SAMPAN_SOURCE_SOURCE_INTERNAL_H
#define SAMPAN_SOURCE_SOURCE_INTERNAL_H

#include "source.h"
#include "source_io.h"

struct source {
    char *name;
    struct source_io io;
    const AVInputFormat *demuxer;
    AVFormatContext *format; /* its facts are read, never its packets */
};

#endif

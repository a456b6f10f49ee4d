/*
 * index_format.h - the bytes of a packet index: docs/formats/source.md. All numbers little-endian.
 */
#ifndef SAMPAN_SOURCE_INDEX_FORMAT_H
#define SAMPAN_SOURCE_INDEX_FORMAT_H

#define INDEX_MAGIC       "SPNINDEX"
#define INDEX_VERSION     1
#define INDEX_HEADER_SIZE 160
#define INDEX_STREAM_SIZE 32
#define INDEX_PACKET_SIZE 40
#define INDEX_FRAME_SIZE  16
#define INDEX_BLOCK       4096 /* packets in a block; the last of a stream has what is left */

/* Offsets in the header. */
enum {
    HEADER_VERSION = 8,
    HEADER_HOW = 12,
    HEADER_FILE_SIZE = 16,
    HEADER_SOURCE_SIZE = 24,
    HEADER_STREAMS_AT = 32,
    HEADER_BLOCKS_AT = 40,
    HEADER_FRAMES_AT = 48,
    HEADER_STREAMS = 56,
    HEADER_BLOCKS = 60,
    HEADER_FRAMES = 64,
    HEADER_VIDEO = 68,
    HEADER_END = 72,
    HEADER_FACTS = 80, /* ten 32-bit numbers, the rest zero */
};

#endif

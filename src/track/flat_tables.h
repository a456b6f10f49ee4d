/*
 * flat_tables.h - what is known of the samples of an ordinary MP4, between the file that collects
 * it and the one that writes it.
 */
#ifndef TRACK_FLAT_TABLES_H
#define TRACK_FLAT_TABLES_H

#include "sampan/flat.h"

/* A fragment's samples: bytes [source, source + size) of a file. */
struct spn_flat_chunk {
    uint64_t source, size;
    uint64_t offset; /* in mdat, from its first byte; set when all are known */
    uint32_t file, samples;
};

/* So many samples in a row with one composition offset. */
struct spn_flat_run {
    uint32_t count;
    int32_t offset; /* ticks */
};

struct spn_flat_part {
    char language[36], name[SPN_FLAT_NAME_MAX], role[32];
    uint16_t alternate_group;
    int enabled;
    struct spn_track_info info; /* its pointers are NULL */
    struct spn_buffer header;   /* of a track of the same kind */

    uint32_t *sizes;
    uint32_t *syncs; /* numbers of sync samples, from 1; picture alone */
    struct spn_flat_chunk *chunks;
    struct spn_flat_run *runs;
    size_t samples, sync_count, chunk_count, run_count;
    size_t sizes_room, syncs_room, chunks_room, runs_room;
    int64_t first_shown, last_shown; /* ticks: least composition time, and the end of the latest */
    int32_t least, most;             /* composition offsets */

    size_t next; /* chunk, while they are put in order */
};

struct spn_flat {
    struct spn_flat_part parts[SPN_FLAT_TRACKS_MAX];
    size_t count;
    uint64_t bytes;             /* of sample data */
    struct spn_buffer chapters; /* entries of chpl */
    size_t chapter_count;
};

/* Media time of a part, all of it. */
static inline int64_t spn_flat_ticks(const struct spn_flat_part *part)
{
    return (int64_t)part->samples * part->info.sample_ticks;
}

#endif

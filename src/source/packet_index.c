#include "packet_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "index_format.h"

#include "sampan/bytes.h"

struct entry {
    struct index_stream stream;
    uint32_t first_block;
};

struct index {
    const uint8_t *bytes;
    size_t size;
    int mapped;
    const uint8_t *blocks; /* the table of their offsets */
    const uint8_t *frames;
    uint32_t frame_count, block_count;
    size_t entry_count;
    struct entry entries[SOURCE_STREAMS_MAX];
    int video;
    enum index_how how;
    int64_t end;
    struct index_facts facts;
};

static int bad(struct spn_error *err, const char *what)
{
    return spn_error_set(err, SPN_EFORMAT,
                         "the packet index is damaged: %s; index the source again", what);
}

static int64_t le64(const uint8_t *p)
{
    return (int64_t)spn_le64(p);
}

/* Does a table of count items lie inside the file? */
static int inside(const struct index *index, uint64_t at, uint64_t count, uint64_t item)
{
    return at <= index->size && count <= (index->size - at) / item;
}

static int read_streams(struct index *index, uint64_t at, uint32_t count, struct spn_error *err)
{
    uint64_t total = 0, next = 0;
    struct entry *entry;
    const uint8_t *p;
    uint32_t i, blocks;

    if (count > SOURCE_STREAMS_MAX || !inside(index, at, count, INDEX_STREAM_SIZE))
        return bad(err, "its table of streams is outside the file");
    for (i = 0; i < count; i++) {
        p = index->bytes + at + (size_t)i * INDEX_STREAM_SIZE;
        entry = &index->entries[i];
        entry->stream.stream = (int)(spn_le32(p) & 0xffff);
        entry->stream.packets = spn_le32(p + 4);
        entry->stream.time_num = le64(p + 8);
        entry->stream.time_den = le64(p + 16);
        entry->first_block = spn_le32(p + 24);
        blocks = entry->stream.packets / INDEX_BLOCK + (entry->stream.packets % INDEX_BLOCK != 0);
        total += entry->stream.packets;
        if (entry->stream.stream >= SOURCE_STREAMS_MAX || total > INDEX_PACKETS_MAX ||
            entry->first_block != next || entry->stream.time_num <= 0 ||
            entry->stream.time_den <= 0 || entry->stream.time_num > INT32_MAX ||
            entry->stream.time_den > INT32_MAX ||
            (i && entry->stream.stream <= entry[-1].stream.stream))
            return bad(err, "a stream in it makes no sense");
        next += blocks;
    }
    if (next != index->block_count)
        return bad(err, "its blocks are not those of its streams");
    index->entry_count = count;
    return SPN_OK;
}

static int check_blocks(const struct index *index, struct spn_error *err)
{
    const struct entry *entry;
    uint32_t left, n, block = 0;
    size_t i;

    for (i = 0; i < index->entry_count; i++) {
        entry = &index->entries[i];
        for (left = entry->stream.packets; left; left -= n, block++) {
            n = left < INDEX_BLOCK ? left : INDEX_BLOCK;
            if (!inside(index, spn_le64(index->blocks + (size_t)block * 8), n, INDEX_PACKET_SIZE))
                return bad(err, "a block of packets is outside the file");
        }
    }
    return SPN_OK;
}

static int check_frames(const struct index *index, struct spn_error *err)
{
    const struct index_stream *video = index_stream_of(index, index->video);
    struct index_frame frame;
    int64_t last = INT64_MIN / 4;
    uint32_t i;

    if (!video)
        return bad(err, "it has no picture");
    if (!index->frame_count || index->frame_count > INDEX_FRAMES_MAX)
        return bad(err, "its count of frames is outside the limits");
    for (i = 0; i < index->frame_count; i++) {
        index_frame_at(index, i, &frame);
        if (frame.pts <= last || frame.packet >= video->packets || frame.part > 255)
            return bad(err, "a frame in it makes no sense");
        last = frame.pts;
    }
    if (index->end <= last || index->end > INT64_MAX / 4)
        return bad(err, "it ends before its last frame");
    return SPN_OK;
}

static void read_facts(struct index *index, const uint8_t *p)
{
    struct index_facts *facts = &index->facts;

    facts->frames_seen = spn_le32(p);
    facts->frames_interlaced = spn_le32(p + 4);
    facts->frames_top_first = spn_le32(p + 8);
    facts->frames_repeat = spn_le32(p + 12);
    facts->undecodable = spn_le32(p + 16);
    facts->corrupt = spn_le32(p + 20);
    facts->jumps = spn_le32(p + 24);
    facts->untimed = spn_le32(p + 28) != 0;
    facts->incomplete = spn_le32(p + 32) != 0;
    facts->telecined = spn_le32(p + 36) != 0;
}

static int parse(struct index *index, struct spn_error *err)
{
    const uint8_t *p = index->bytes;
    uint64_t blocks_at, frames_at;
    int ret;

    if (index->size < INDEX_HEADER_SIZE || memcmp(p, INDEX_MAGIC, 8) != 0)
        return spn_error_set(err, SPN_EFORMAT, "this is no packet index; index the source again");
    if (spn_le32(p + HEADER_VERSION) != INDEX_VERSION)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "the packet index has version %u, this program reads %d; index the "
                             "source again",
                             spn_le32(p + HEADER_VERSION), INDEX_VERSION);
    if (spn_le64(p + HEADER_FILE_SIZE) != index->size)
        return bad(err, "it was not written whole");
    if (spn_le32(p + HEADER_HOW) > INDEX_BY_DECODING)
        return bad(err, "how it was made is unknown");
    index->how = (enum index_how)spn_le32(p + HEADER_HOW);
    index->block_count = spn_le32(p + HEADER_BLOCKS);
    index->frame_count = spn_le32(p + HEADER_FRAMES);
    index->video = (int)(spn_le32(p + HEADER_VIDEO) & 0xffff);
    index->end = le64(p + HEADER_END);
    blocks_at = spn_le64(p + HEADER_BLOCKS_AT);
    frames_at = spn_le64(p + HEADER_FRAMES_AT);
    if (!inside(index, blocks_at, index->block_count, 8) ||
        !inside(index, frames_at, index->frame_count, INDEX_FRAME_SIZE))
        return bad(err, "a table is outside the file");
    index->blocks = p + blocks_at;
    index->frames = p + frames_at;
    read_facts(index, p + HEADER_FACTS);
    ret = read_streams(index, spn_le64(p + HEADER_STREAMS_AT), spn_le32(p + HEADER_STREAMS), err);
    if (ret == SPN_OK)
        ret = check_blocks(index, err);
    if (ret == SPN_OK)
        ret = check_frames(index, err);
    return ret;
}

static int open_bytes(const void *bytes, size_t size, int mapped, struct index **out,
                      struct spn_error *err)
{
    struct index *index = calloc(1, sizeof *index);
    int ret;

    *out = NULL;
    if (!index) {
        if (mapped)
            munmap((void *)(uintptr_t)bytes, size);
        return spn_error_set(err, SPN_ENOMEM, "out of memory while opening a packet index");
    }
    index->bytes = bytes;
    index->size = size;
    index->mapped = mapped;
    ret = parse(index, err);
    if (ret < 0) {
        index_close(index);
        return ret;
    }
    *out = index;
    return SPN_OK;
}

int index_open_memory(const void *bytes, size_t size, struct index **out, struct spn_error *err)
{
    return open_bytes(bytes, size, 0, out, err);
}

int index_open(int fd, struct index **out, struct spn_error *err)
{
    struct stat st;
    void *map;

    *out = NULL;
    if (fstat(fd, &st) < 0)
        return spn_error_errno(err, errno, "cannot read the packet index");
    if (st.st_size < INDEX_HEADER_SIZE)
        return bad(err, "it was not written whole");
    map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return spn_error_errno(err, errno, "cannot map the packet index");
    return open_bytes(map, (size_t)st.st_size, 1, out, err);
}

void index_close(struct index *index)
{
    if (!index)
        return;
    if (index->mapped)
        munmap((void *)(uintptr_t)index->bytes, index->size);
    free(index);
}

size_t index_stream_count(const struct index *index)
{
    return index->entry_count;
}

const struct index_stream *index_stream_at(const struct index *index, size_t i)
{
    return &index->entries[i].stream;
}

const struct index_stream *index_stream_of(const struct index *index, int stream)
{
    size_t i;

    for (i = 0; i < index->entry_count; i++)
        if (index->entries[i].stream.stream == stream)
            return &index->entries[i].stream;
    return NULL;
}

void index_packet_at(const struct index *index, const struct index_stream *stream, uint32_t n,
                     struct index_packet *out)
{
    const struct entry *entry = (const struct entry *)stream; /* its first member */
    uint32_t block = entry->first_block + n / INDEX_BLOCK;
    const uint8_t *p = index->bytes + spn_le64(index->blocks + (size_t)block * 8) +
                       (size_t)(n % INDEX_BLOCK) * INDEX_PACKET_SIZE;

    out->pts = le64(p);
    out->dts = le64(p + 8);
    out->pos = le64(p + 16);
    out->size = spn_le32(p + 24);
    out->duration = spn_le32(p + 28);
    out->hash = spn_le32(p + 32);
    out->flags = spn_le32(p + 36);
}

int index_video(const struct index *index)
{
    return index->video;
}

enum index_how index_how(const struct index *index)
{
    return index->how;
}

uint32_t index_frames(const struct index *index)
{
    return index->frame_count;
}

void index_frame_at(const struct index *index, uint32_t n, struct index_frame *out)
{
    const uint8_t *p = index->frames + (size_t)n * INDEX_FRAME_SIZE;

    out->pts = le64(p);
    out->packet = spn_le32(p + 8);
    out->part = spn_le32(p + 12);
}

int64_t index_end(const struct index *index)
{
    return index->end;
}

const struct index_facts *index_facts(const struct index *index)
{
    return &index->facts;
}

#include "index_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "index_format.h"

#include "sampan/buffer.h"
#include "sampan/bytes.h"

#define FRAMES_AT_ONCE 4096

struct pending {
    int kept;
    uint32_t packets;
    uint8_t *block;            /* of INDEX_BLOCK packets, made when first used */
    struct spn_buffer offsets; /* of the blocks written, 8 bytes each */
};

struct index_writer {
    int fd;
    const struct source *source;
    uint64_t at; /* bytes written */
    uint32_t packets;
    uint32_t frames;
    uint64_t frames_at;
    struct spn_buffer frame_bytes; /* not yet written */
    struct pending streams[SOURCE_STREAMS_MAX];
};

static int write_at(struct index_writer *writer, uint64_t at, const uint8_t *bytes, size_t size,
                    struct spn_error *err)
{
    ssize_t n;

    while (size) {
        n = pwrite(writer->fd, bytes, size, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return spn_error_errno(err, errno, "cannot write the packet index of %s",
                                   source_name(writer->source));
        at += (uint64_t)n;
        bytes += n;
        size -= (size_t)n;
    }
    return SPN_OK;
}

static int append(struct index_writer *writer, const void *bytes, size_t size,
                  struct spn_error *err)
{
    int ret = write_at(writer, writer->at, bytes, size, err);

    if (ret == SPN_OK)
        writer->at += size;
    return ret;
}

static int no_memory(const struct index_writer *writer, struct spn_error *err)
{
    return spn_error_set(err, SPN_ENOMEM, "out of memory while indexing %s",
                         source_name(writer->source));
}

int index_writer_create(int fd, const struct source *source, struct index_writer **out,
                        struct spn_error *err)
{
    struct index_writer *writer = calloc(1, sizeof *writer);
    uint8_t header[INDEX_HEADER_SIZE] = { 0 };
    int ret;

    *out = NULL;
    if (!writer)
        return spn_error_set(err, SPN_ENOMEM, "out of memory while indexing %s",
                             source_name(source));
    writer->fd = fd;
    writer->source = source;
    ret = append(writer, header, sizeof header, err);
    if (ret < 0) {
        index_writer_destroy(writer);
        return ret;
    }
    *out = writer;
    return SPN_OK;
}

void index_writer_destroy(struct index_writer *writer)
{
    int i;

    if (!writer)
        return;
    for (i = 0; i < SOURCE_STREAMS_MAX; i++) {
        free(writer->streams[i].block);
        spn_buffer_finish(&writer->streams[i].offsets);
    }
    spn_buffer_finish(&writer->frame_bytes);
    free(writer);
}

static int flush_block(struct index_writer *writer, struct pending *pending, uint32_t count,
                       struct spn_error *err)
{
    spn_buffer_le64(&pending->offsets, writer->at);
    return append(writer, pending->block, (size_t)count * INDEX_PACKET_SIZE, err);
}

int index_writer_packet(struct index_writer *writer, int stream, const struct index_packet *packet,
                        struct spn_error *err)
{
    struct pending *pending = &writer->streams[stream];
    uint8_t *p;

    if (writer->packets >= INDEX_PACKETS_MAX)
        return spn_error_set(err, SPN_ELIMIT, "%s has more than %u packets",
                             source_name(writer->source), INDEX_PACKETS_MAX);
    if (!pending->block && !(pending->block = calloc(INDEX_BLOCK, INDEX_PACKET_SIZE)))
        return no_memory(writer, err);
    pending->kept = 1;
    p = pending->block + (size_t)(pending->packets % INDEX_BLOCK) * INDEX_PACKET_SIZE;
    spn_put_le64(p, (uint64_t)packet->pts);
    spn_put_le64(p + 8, (uint64_t)packet->dts);
    spn_put_le64(p + 16, (uint64_t)packet->pos);
    spn_put_le32(p + 24, packet->size);
    spn_put_le32(p + 28, packet->duration);
    spn_put_le32(p + 32, packet->hash);
    spn_put_le32(p + 36, packet->flags);
    writer->packets++;
    if (++pending->packets % INDEX_BLOCK == 0)
        return flush_block(writer, pending, INDEX_BLOCK, err);
    return SPN_OK;
}

static int flush_frames(struct index_writer *writer, struct spn_error *err)
{
    int ret;

    if (spn_buffer_failed(&writer->frame_bytes))
        return no_memory(writer, err);
    ret = append(writer, writer->frame_bytes.data, writer->frame_bytes.size, err);
    writer->frame_bytes.size = 0;
    return ret;
}

int index_writer_frame(struct index_writer *writer, const struct index_frame *frame,
                       struct spn_error *err)
{
    if (writer->frames >= INDEX_FRAMES_MAX)
        return spn_error_set(err, SPN_ELIMIT, "%s has more than %u frames",
                             source_name(writer->source), INDEX_FRAMES_MAX);
    if (!writer->frames)
        writer->frames_at = writer->at;
    spn_buffer_le64(&writer->frame_bytes, (uint64_t)frame->pts);
    spn_buffer_le32(&writer->frame_bytes, frame->packet);
    spn_buffer_le32(&writer->frame_bytes, frame->part);
    if (++writer->frames % FRAMES_AT_ONCE == 0)
        return flush_frames(writer, err);
    return SPN_OK;
}

/* The tables of streams and blocks, appended. */
static int write_tables(struct index_writer *writer, const struct index_summary *summary,
                        uint64_t *streams_at, uint32_t *streams, uint64_t *blocks_at,
                        uint32_t *blocks, struct spn_error *err)
{
    const AVFormatContext *format = source_format(writer->source);
    struct spn_buffer table = { 0 }, offsets = { 0 };
    struct pending *pending;
    AVRational tb;
    int i, ret = SPN_OK;

    *streams = *blocks = 0;
    for (i = 0; i < SOURCE_STREAMS_MAX && ret == SPN_OK; i++) {
        pending = &writer->streams[i];
        if (!pending->kept)
            continue;
        if (pending->packets % INDEX_BLOCK)
            ret = flush_block(writer, pending, pending->packets % INDEX_BLOCK, err);
        tb = format->streams[i]->time_base;
        spn_buffer_le32(&table, (uint32_t)i);
        spn_buffer_le32(&table, pending->packets);
        if (i == summary->video && summary->time_num) {
            spn_buffer_le64(&table, (uint64_t)summary->time_num);
            spn_buffer_le64(&table, (uint64_t)summary->time_den);
        } else {
            spn_buffer_le64(&table, (uint64_t)tb.num);
            spn_buffer_le64(&table, (uint64_t)tb.den);
        }
        spn_buffer_le32(&table, *blocks);
        spn_buffer_le32(&table, 0);
        spn_buffer_append(&offsets, pending->offsets.data, pending->offsets.size);
        if (spn_buffer_failed(&pending->offsets))
            ret = no_memory(writer, err);
        *blocks += (uint32_t)(pending->offsets.size / 8);
        ++*streams;
    }
    if (ret == SPN_OK && (spn_buffer_failed(&table) || spn_buffer_failed(&offsets)))
        ret = no_memory(writer, err);
    *streams_at = writer->at;
    if (ret == SPN_OK)
        ret = append(writer, table.data, table.size, err);
    *blocks_at = writer->at;
    if (ret == SPN_OK)
        ret = append(writer, offsets.data, offsets.size, err);
    spn_buffer_finish(&table);
    spn_buffer_finish(&offsets);
    return ret;
}

static void put_facts(uint8_t *p, const struct index_facts *facts)
{
    spn_put_le32(p, facts->frames_seen);
    spn_put_le32(p + 4, facts->frames_interlaced);
    spn_put_le32(p + 8, facts->frames_top_first);
    spn_put_le32(p + 12, facts->frames_repeat);
    spn_put_le32(p + 16, facts->undecodable);
    spn_put_le32(p + 20, facts->corrupt);
    spn_put_le32(p + 24, facts->jumps);
    spn_put_le32(p + 28, facts->untimed != 0);
    spn_put_le32(p + 32, facts->incomplete != 0);
    spn_put_le32(p + 36, facts->telecined != 0);
}

int index_writer_finish(struct index_writer *writer, const struct index_summary *summary,
                        struct spn_error *err)
{
    uint8_t header[INDEX_HEADER_SIZE] = { 0 };
    uint64_t streams_at, blocks_at;
    uint32_t streams, blocks;
    int ret;

    if ((ret = flush_frames(writer, err)) < 0 ||
        (ret = write_tables(writer, summary, &streams_at, &streams, &blocks_at, &blocks, err)) < 0)
        return ret;
    memcpy(header, INDEX_MAGIC, 8);
    spn_put_le32(header + HEADER_VERSION, INDEX_VERSION);
    spn_put_le32(header + HEADER_HOW, summary->how);
    spn_put_le64(header + HEADER_FILE_SIZE, writer->at);
    spn_put_le64(header + HEADER_SOURCE_SIZE, source_size(writer->source));
    spn_put_le64(header + HEADER_STREAMS_AT, streams_at);
    spn_put_le64(header + HEADER_BLOCKS_AT, blocks_at);
    spn_put_le64(header + HEADER_FRAMES_AT, writer->frames_at);
    spn_put_le32(header + HEADER_STREAMS, streams);
    spn_put_le32(header + HEADER_BLOCKS, blocks);
    spn_put_le32(header + HEADER_FRAMES, writer->frames);
    spn_put_le32(header + HEADER_VIDEO, (uint32_t)summary->video);
    spn_put_le64(header + HEADER_END, (uint64_t)summary->end);
    put_facts(header + HEADER_FACTS, &summary->facts);
    return write_at(writer, 0, header, sizeof header, err);
}

int index_writer_facts(struct index_writer *writer, const struct index_facts *facts,
                       struct spn_error *err)
{
    uint8_t bytes[40];

    put_facts(bytes, facts);
    return write_at(writer, HEADER_FACTS, bytes, sizeof bytes, err);
}

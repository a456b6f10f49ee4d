#include "reader.h"

#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "source_internal.h"

#include "sampan/bytes.h"

#define ERRORS_MAX  64 /* damaged stretches in a row that the demuxer is asked to cross */
#define ENTER_LEAST 16 /* packets: nearer to the start, reading from there is as fast */
#define ENTER_EARLY 8  /* packets: a parser needs some to cut them right (less than ENTER_LEAST) */
#define ENTER_TRIES 1024  /* packets read to find out where the reader is */
#define ENTER_BACK  65536 /* packets before the wanted one among which it may be */
#define ENTER_AFTER 64

struct reader {
    const struct source *source;
    struct source_io io;
    AVFormatContext *format;
    int stream;                         /* -1: all */
    uint32_t count[SOURCE_STREAMS_MAX]; /* packets so far, per stream */
    const struct index *index;          /* packets are compared with it; or NULL */
    const struct index_stream *entry;
    AVPacket *held; /* read already: the next one to give */
    int holding;
    int damaged;
};

uint32_t packet_hash(const uint8_t *data, size_t size)
{
    const uint64_t k = 0x9e3779b97f4a7c15u;
    uint64_t h = (uint64_t)size * k;
    uint8_t tail[8] = { 0 };

    for (; size >= 8; data += 8, size -= 8) {
        h = (h ^ spn_le64(data)) * k;
        h ^= h >> 29;
    }
    if (size) {
        memcpy(tail, data, size);
        h = (h ^ spn_le64(tail)) * k;
        h ^= h >> 29;
    }
    return (uint32_t)(h >> 32);
}

/* A demuxer at the start of the file. */
static int restart(struct reader *reader, struct spn_error *err)
{
    const struct source *source = reader->source;
    unsigned i;
    int ret;

    demuxer_close(&reader->format);
    memset(reader->count, 0, sizeof reader->count);
    av_packet_unref(reader->held);
    reader->holding = reader->damaged = 0;
    reader->io = source->io;
    reader->io.error = 0;
    ret = demuxer_open(&reader->io, source->name, source->demuxer, &reader->format, err);
    if (ret < 0)
        return ret;
    for (i = 0; reader->stream >= 0 && i < reader->format->nb_streams; i++)
        if ((int)i != reader->stream)
            reader->format->streams[i]->discard = AVDISCARD_ALL;
    return SPN_OK;
}

int reader_open(const struct source *source, int stream, struct reader **out, struct spn_error *err)
{
    struct reader *reader = calloc(1, sizeof *reader);
    int ret;

    *out = NULL;
    if (!reader || !(reader->held = av_packet_alloc())) {
        free(reader);
        return spn_error_set(err, SPN_ENOMEM, "out of memory while reading %s", source->name);
    }
    reader->source = source;
    reader->stream = stream;
    ret = restart(reader, err);
    if (ret < 0) {
        reader_close(reader);
        return ret;
    }
    *out = reader;
    return SPN_OK;
}

void reader_close(struct reader *reader)
{
    if (!reader)
        return;
    demuxer_close(&reader->format);
    av_packet_free(&reader->held);
    free(reader);
}

/* The next packet of a stream that the source had when it was opened: 1, 0 at the end. */
static int next_packet(struct reader *reader, AVPacket *packet, struct spn_error *err)
{
    const char *name = reader->source->name;
    int errors = 0, ret;

    while ((ret = av_read_frame(reader->format, packet)) != AVERROR_EOF) {
        if (ret == AVERROR(ENOMEM))
            return spn_error_set(err, SPN_ENOMEM,
                                 "%s cannot be read within the memory that there is for it", name);
        if (reader->io.error)
            break;
        if (ret < 0) {
            reader->damaged = 1;
            if (++errors > ERRORS_MAX)
                return 0;
            continue;
        }
        errors = 0;
        if (packet->size > SOURCE_PACKET_MAX) {
            av_packet_unref(packet);
            return spn_error_set(err, SPN_ELIMIT, "%s has a packet of more than %d bytes", name,
                                 SOURCE_PACKET_MAX);
        }
        if (packet->stream_index < (int)reader->source->format->nb_streams && packet->size > 0 &&
            (reader->stream < 0 || packet->stream_index == reader->stream))
            return 1;
        av_packet_unref(packet);
    }
    if (reader->io.error)
        return spn_error_errno(err, reader->io.error, "cannot read %s", name);
    return 0;
}

static int same(const struct index_packet *a, const AVPacket *b, uint32_t hash)
{
    return a->size == (uint32_t)b->size && a->hash == hash && a->pos == b->pos;
}

int reader_read(struct reader *reader, AVPacket *packet, uint32_t *number, struct spn_error *err)
{
    struct index_packet known;
    uint32_t n;
    int ret;

    if (reader->holding) {
        av_packet_move_ref(packet, reader->held);
        reader->holding = 0;
    } else {
        ret = next_packet(reader, packet, err);
        if (ret <= 0)
            return ret;
    }
    n = reader->count[packet->stream_index]++;
    if (number)
        *number = n;
    if (!reader->index)
        return 1;
    if (n < reader->entry->packets) {
        index_packet_at(reader->index, reader->entry, n, &known);
        if (same(&known, packet, packet_hash(packet->data, (size_t)packet->size)))
            return 1;
    }
    av_packet_unref(packet);
    return spn_error_set(err, SPN_EMISMATCH,
                         "packet %u of %s is not the one that was indexed: the file has changed", n,
                         reader->source->name);
}

/* The one packet near number that this is, or -1: none or several. */
static int64_t identify(struct reader *reader, const AVPacket *packet, uint32_t number)
{
    uint32_t hash = packet_hash(packet->data, (size_t)packet->size);
    uint32_t from = number > ENTER_BACK ? number - ENTER_BACK : 0;
    uint32_t to = reader->entry->packets - number > ENTER_AFTER ? number + ENTER_AFTER
                                                                : reader->entry->packets;
    int timed = !container_jumps(reader->source->demuxer);
    struct index_packet known;
    int64_t found = -1;
    uint32_t n;

    for (n = to; n-- > from;) {
        index_packet_at(reader->index, reader->entry, n, &known);
        if (!same(&known, packet, hash))
            continue;
        if (timed && packet->pts != AV_NOPTS_VALUE && known.pts != INDEX_NOTIME &&
            packet->pts != known.pts)
            continue;
        if (found >= 0)
            return -1;
        found = n;
    }
    return found;
}

/* Ask the demuxer to go to a little before packet number. */
static int seek_to(struct reader *reader, uint32_t number)
{
    struct index_packet wanted;
    const AVInputFormat *demuxer = reader->source->demuxer;
    int64_t ts;

    if (container_by_byte(demuxer)) {
        number -= ENTER_EARLY;
        do
            index_packet_at(reader->index, reader->entry, number, &wanted);
        while (wanted.pos < 0 && number--);
        if (wanted.pos < 0)
            return -1;
        avformat_flush(reader->format);
        return avio_seek(reader->format->pb, wanted.pos, SEEK_SET) < 0 ? -1 : 0;
    }
    index_packet_at(reader->index, reader->entry, number, &wanted);
    ts = wanted.dts != INDEX_NOTIME ? wanted.dts : wanted.pts;
    if (!strncmp(demuxer->name, "matroska", 8) && wanted.pts != INDEX_NOTIME)
        ts = wanted.pts; /* its cues have presentation times */
    return ts == INDEX_NOTIME
               ? -1
               : av_seek_frame(reader->format, reader->stream, ts, AVSEEK_FLAG_BACKWARD);
}

/* Read on until the packet in hand is number: 1, or 0 when the demuxer went elsewhere. */
static int arrive(struct reader *reader, uint32_t number, struct spn_error *err)
{
    AVPacket *packet = reader->held;
    struct index_packet known;
    int64_t at = -1;
    int tries = 0, ret;

    while ((ret = next_packet(reader, packet, err)) > 0) {
        if (at < 0) {
            at = identify(reader, packet, number);
            if (at > (int64_t)number || (at < 0 && ++tries > ENTER_TRIES))
                break;
        } else {
            at++;
            index_packet_at(reader->index, reader->entry, (uint32_t)at, &known);
            if (!same(&known, packet, packet_hash(packet->data, (size_t)packet->size)))
                break;
        }
        if (at == (int64_t)number) {
            reader->holding = 1;
            reader->count[reader->stream] = number;
            return 1;
        }
        av_packet_unref(packet);
    }
    av_packet_unref(packet);
    return ret < 0 && reader->io.error ? ret : 0;
}

int reader_enter(struct reader *reader, const struct index *index, uint32_t number, int seek,
                 struct spn_error *err)
{
    AVPacket *packet = reader->held;
    uint32_t n;
    int ret;

    reader->index = index;
    reader->entry = index_stream_of(index, reader->stream);
    if (!reader->entry || number >= reader->entry->packets)
        return spn_error_set(err, SPN_EMISMATCH, "the index of %s is of another file",
                             reader->source->name);
    if (seek && number >= ENTER_LEAST && seek_to(reader, number) >= 0) {
        ret = arrive(reader, number, err);
        if (ret != 0)
            return ret;
    }
    if ((ret = restart(reader, err)) < 0)
        return ret;
    while (reader->count[reader->stream] < number) {
        ret = reader_read(reader, packet, &n, err);
        if (ret <= 0)
            return ret < 0 ? ret
                           : spn_error_set(err, SPN_EMISMATCH,
                                           "%s ends before packet %u, which was indexed: the file "
                                           "has changed",
                                           reader->source->name, number);
        av_packet_unref(packet);
    }
    return 0;
}

int64_t reader_position(const struct reader *reader)
{
    return (int64_t)reader->io.position;
}

int reader_damaged(const struct reader *reader)
{
    return reader->damaged;
}

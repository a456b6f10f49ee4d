#include "flow.h"

#include <stdlib.h>

#include "codec.h"
#include "reader.h"

#define NO_RANK UINT32_MAX

struct held {
    AVFrame *frame;
    uint32_t rank;
};

struct flow {
    const struct source *source;
    const struct index *index;
    const struct index_stream *video;
    struct reader *reader;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame;
    uint32_t *ranks; /* of the first frame of each packet, NO_RANK: it has none */
    uint8_t *parts;  /* frames so far of each packet */
    struct held held[FLOW_HELD + 1];
    int held_count;
    uint32_t next; /* the rank to give next, if it comes */
    int64_t trusted;
    int64_t decoded;
    uint32_t bad;
    int at_start, from_start;
    int clean, suspect; /* the frame of rank trusted has come whole; or not, or not at all */
    int ended;          /* the codec has given its last frame */
};

static uint32_t flags_of(const struct flow *flow, uint32_t packet)
{
    struct index_packet entry;

    index_packet_at(flow->index, flow->video, packet, &entry);
    return entry.flags;
}

/* The first frame at or after the time of a packet. */
static uint32_t rank_at(const struct flow *flow, uint32_t packet)
{
    uint32_t low = 0, high = index_frames(flow->index), middle;
    struct index_packet entry;
    struct index_frame frame;

    if (flow->ranks[packet] != NO_RANK)
        return flow->ranks[packet];
    index_packet_at(flow->index, flow->video, packet, &entry);
    if (entry.pts == INDEX_NOTIME || !(entry.flags & INDEX_DISCARD))
        return NO_RANK; /* it gives no frame: nothing is to be begun with it */
    while (low < high) {
        middle = low + (high - low) / 2;
        index_frame_at(flow->index, middle, &frame);
        if (frame.pts < entry.pts)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int map_ranks(struct flow *flow, struct spn_error *err)
{
    uint32_t count = index_frames(flow->index), i;
    struct index_frame frame;

    flow->ranks = malloc(((size_t)flow->video->packets + 1) * sizeof *flow->ranks);
    flow->parts = calloc((size_t)flow->video->packets + 1, 1);
    if (!flow->ranks || !flow->parts)
        return spn_error_set(err, SPN_ENOMEM, "out of memory while decoding %s",
                             source_name(flow->source));
    for (i = 0; i < flow->video->packets; i++)
        flow->ranks[i] = NO_RANK;
    for (i = 0; i < count; i++) {
        index_frame_at(flow->index, i, &frame);
        if (!frame.part)
            flow->ranks[frame.packet] = i;
    }
    return SPN_OK;
}

/*
 * Where to begin so that rank is right: at the nearest random access point before it if nothing
 * older is used after that, else at the one before that, because pictures that follow the first in
 * decoding order but are shown before it may need it. Sets trusted and next.
 */
static uint32_t entry_for(struct flow *flow, uint32_t rank, uint32_t deeper)
{
    struct index_frame frame;
    uint32_t p, point, flags;

    index_frame_at(flow->index, rank, &frame);
    flow->trusted = -1;
    for (p = frame.packet + 1; p-- > 0;) {
        flags = flags_of(flow, p);
        point = flags & INDEX_KEY ? rank_at(flow, p) : NO_RANK;
        if (point > rank)
            continue;
        if (flow->trusted < 0 && !(flags & INDEX_RESET)) {
            flow->trusted = point;
            continue;
        }
        if (deeper) {
            deeper--;
            flow->trusted = point;
            continue;
        }
        if (flags & INDEX_RESET)
            flow->trusted = point;
        flow->next = point;
        flow->at_start = p == 0;
        return p;
    }
    /* the source's beginning: as the survey that counted the frames did it */
    flow->at_start = 1;
    flow->trusted = flow->next = 0;
    for (p = 0; p < flow->video->packets; p++)
        if (flags_of(flow, p) & INDEX_KEY)
            return p;
    return 0;
}

int flow_open(const struct source *source, const struct index *index, int64_t rank, uint32_t deeper,
              int seek, struct flow **out, struct spn_error *err)
{
    struct flow *flow = calloc(1, sizeof *flow);
    struct stream stream;
    uint32_t entry;
    int ret;

    *out = NULL;
    if (!flow || !(flow->packet = av_packet_alloc()) || !(flow->frame = av_frame_alloc())) {
        flow_close(flow);
        return spn_error_set(err, SPN_ENOMEM, "out of memory while decoding %s",
                             source_name(source));
    }
    flow->source = source;
    flow->index = index;
    flow->video = index_stream_of(index, index_video(index));
    if ((ret = stream_read(source, flow->video->stream, &stream, err)) < 0 ||
        (ret = map_ranks(flow, err)) < 0)
        goto failed;
    entry = entry_for(flow, (uint32_t)rank, deeper);
    if ((ret = reader_open(source, flow->video->stream, &flow->reader, err)) < 0 ||
        (ret = reader_enter(flow->reader, index, entry, seek, err)) < 0)
        goto failed;
    flow->from_start = !ret;
    if ((ret = codec_open(source, &stream, &flow->codec, err)) < 0)
        goto failed;
    *out = flow;
    return SPN_OK;

failed:
    flow_close(flow);
    return ret;
}

void flow_close(struct flow *flow)
{
    int i;

    if (!flow)
        return;
    for (i = 0; i < flow->held_count; i++)
        av_frame_free(&flow->held[i].frame);
    avcodec_free_context(&flow->codec);
    reader_close(flow->reader);
    av_packet_free(&flow->packet);
    av_frame_free(&flow->frame);
    free(flow->ranks);
    free(flow->parts);
    free(flow);
}

/* The rank of another frame of this packet, NO_RANK where it is not presented. */
static uint32_t rank_of(struct flow *flow, uint32_t packet)
{
    uint32_t part, rank, i;
    struct index_frame frame;

    if (packet >= flow->video->packets)
        return NO_RANK;
    part = flow->parts[packet];
    if (part < UINT8_MAX)
        flow->parts[packet]++;
    rank = flow->ranks[packet];
    if (!part || rank == NO_RANK)
        return rank;
    for (i = rank + 1; i < index_frames(flow->index) && i <= rank + 256; i++) {
        index_frame_at(flow->index, i, &frame);
        if (frame.packet == packet && frame.part == part)
            return i;
    }
    return NO_RANK;
}

/* Keep the frame that the codec gave, unless its time is past. */
static int hold(struct flow *flow, uint32_t packet, struct spn_error *err)
{
    uint32_t rank = rank_of(flow, packet);
    AVFrame *frame;
    int i;

    flow->decoded++;
    if (rank == NO_RANK || rank < flow->next) {
        av_frame_unref(flow->frame);
        return SPN_OK;
    }
    if (rank == flow->trusted) {
        flow->clean =
            !flow->frame->decode_error_flags && !(flow->frame->flags & AV_FRAME_FLAG_CORRUPT);
        flow->suspect = !flow->clean;
    }
    frame = av_frame_alloc();
    if (!frame)
        return spn_error_set(err, SPN_ENOMEM, "out of memory while decoding %s",
                             source_name(flow->source));
    av_frame_move_ref(frame, flow->frame);
    for (i = flow->held_count++; i > 0 && flow->held[i - 1].rank > rank; i--)
        flow->held[i] = flow->held[i - 1];
    flow->held[i].frame = frame;
    flow->held[i].rank = rank;
    return SPN_OK;
}

/* Give the codec one more packet, or the end. */
static int feed(struct flow *flow, struct spn_error *err)
{
    uint32_t number = 0;
    int ret = reader_read(flow->reader, flow->packet, &number, err);

    if (ret < 0)
        return ret;
    ret = codec_send(flow->codec, ret ? flow->packet : NULL, number, &flow->bad, err);
    av_packet_unref(flow->packet);
    return ret;
}

int flow_next(struct flow *flow, AVFrame *frame, int64_t *rank, struct spn_error *err)
{
    uint32_t packet;
    int ret;

    while (!flow->ended && flow->held_count <= FLOW_HELD &&
           !(flow->held_count && flow->held[0].rank == flow->next)) {
        ret = codec_receive(flow->codec, flow->frame, &packet, &flow->bad);
        if (ret < 0) {
            flow->ended = 1;
            break;
        }
        ret = ret ? hold(flow, packet, err) : feed(flow, err);
        if (ret < 0)
            return ret;
    }
    if (!flow->held_count)
        return 0;
    av_frame_move_ref(frame, flow->held[0].frame);
    *rank = flow->held[0].rank;
    flow->next = flow->held[0].rank + 1;
    if (*rank > flow->trusted && !flow->clean)
        flow->suspect = 1;
    av_frame_free(&flow->held[0].frame);
    for (ret = 1; ret < flow->held_count; ret++)
        flow->held[ret - 1] = flow->held[ret];
    flow->held_count--;
    return 1;
}

int64_t flow_trusted(const struct flow *flow)
{
    return flow->trusted;
}

int flow_suspect(const struct flow *flow)
{
    return flow->suspect && !flow->at_start;
}

int flow_at_start(const struct flow *flow)
{
    return flow->at_start;
}

int flow_from_start(const struct flow *flow)
{
    return flow->from_start;
}

int64_t flow_decoded(const struct flow *flow)
{
    return flow->decoded;
}

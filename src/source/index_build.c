#include "packet_index.h"

#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "flow.h"
#include "frame_list.h"
#include "index_writer.h"
#include "packet_kind.h"
#include "reader.h"
#include "source_internal.h"
#include "timeline.h"

#define TIME_LIMIT     (INT64_C(1) << 58) /* ticks; a timestamp beyond is none */
#define PROGRESS_EVERY 1024               /* packets */
#define UNTIMED_RATE   25                 /* frames a second, where nothing says another */
#define SPOTS          4  /* a long source is looked at where each of these parts begins */
#define SPOT_FRAMES    24 /* frames there */

struct build {
    const struct source *source;
    struct index_writer *writer;
    struct stream streams[SOURCE_STREAMS_MAX];
    uint8_t kept[SOURCE_STREAMS_MAX];
    int video;
    struct packet_kind *kind;
    struct timeline timeline;
    struct picture_packets packets;
    struct index_summary summary;
    index_progress *progress;
    void *opaque;
};

static int64_t time_of(int64_t ticks)
{
    return ticks == AV_NOPTS_VALUE || ticks > TIME_LIMIT || ticks < -TIME_LIMIT ? INDEX_NOTIME
                                                                                : ticks;
}

static int keep_streams(struct build *build, struct spn_error *err)
{
    struct stream *stream;
    unsigned i;
    int ret;

    for (i = 0; i < build->source->format->nb_streams; i++) {
        stream = &build->streams[i];
        if ((ret = stream_read(build->source, (int)i, stream, err)) < 0)
            return ret;
        build->kept[i] = (int)i == build->video ||
                         ((stream->kind == STREAM_AUDIO || stream->kind == STREAM_TEXT) &&
                          stream->decodable && !stream->encrypted);
    }
    return SPN_OK;
}

static int take_packet(struct build *build, const AVPacket *packet, struct spn_error *err)
{
    int n = packet->stream_index, ret;
    const struct stream *stream = &build->streams[n];
    struct index_packet entry = {
        .pts = time_of(packet->pts),
        .dts = time_of(packet->dts),
        .pos = packet->pos >= 0 ? packet->pos : -1,
        .size = (uint32_t)packet->size,
        .duration =
            packet->duration > 0 && packet->duration < UINT32_MAX ? (uint32_t)packet->duration : 0,
        .hash = packet_hash(packet->data, (size_t)packet->size),
    };

    if (av_packet_get_side_data(packet, AV_PKT_DATA_ENCRYPTION_INFO, NULL)) {
        if (n != build->video)
            return SPN_OK; /* sound that nobody can hear */
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "the picture of %s is encrypted: bring it without DRM",
                             source_name(build->source));
    }
    if (n == build->video)
        entry.flags = packet_kind_flags(build->kind, packet);
    else
        entry.flags = packet->flags & AV_PKT_FLAG_KEY ? INDEX_KEY : 0;
    timeline_place(&build->timeline, n, stream->time_base, stream->kind == STREAM_TEXT, &entry);
    if (n == build->video) {
        build->summary.facts.corrupt += (entry.flags & INDEX_CORRUPT) != 0;
        if ((ret = picture_packets_add(&build->packets, &entry, err)) < 0)
            return ret;
    }
    return index_writer_packet(build->writer, n, &entry, err);
}

/* Every packet of the file. */
static int read_packets(struct build *build, struct spn_error *err)
{
    const char *name = source_name(build->source);
    struct reader *reader = NULL;
    AVPacket *packet = av_packet_alloc();
    uint64_t count = 0;
    int ret;

    if (!packet)
        return spn_error_set(err, SPN_ENOMEM, "out of memory while indexing %s", name);
    if ((ret = reader_open(build->source, -1, &reader, err)) < 0)
        goto done;
    while ((ret = reader_read(reader, packet, NULL, err)) > 0) {
        ret = build->kept[packet->stream_index] ? take_packet(build, packet, err) : SPN_OK;
        av_packet_unref(packet);
        if (ret < 0)
            goto done;
        if (build->progress && count++ % PROGRESS_EVERY == 0 &&
            build->progress(build->opaque, reader_position(reader),
                            (int64_t)source_size(build->source))) {
            ret = spn_error_set(err, SPN_ECANCELED, "stopped while indexing %s", name);
            goto done;
        }
    }
    build->summary.facts.incomplete = reader_damaged(reader);
    build->summary.facts.jumps = build->timeline.jumps;

done:
    av_packet_free(&packet);
    reader_close(reader);
    return ret;
}

static void note_survey(struct build *build, const struct survey *survey)
{
    struct index_facts *facts = &build->summary.facts;

    facts->frames_seen = survey->facts.frames_seen;
    facts->frames_interlaced = survey->facts.frames_interlaced;
    facts->frames_top_first = survey->facts.frames_top_first;
    facts->frames_repeat = survey->facts.frames_repeat;
    facts->telecined = survey->facts.telecined;
}

/* A raw stream has no clock: one frame is one tick. */
static void set_clock(struct build *build, const struct survey *survey)
{
    struct spn_rate rate = survey->rate;

    if (!rate.num || rate.num > 1000000 || rate.den > 1000000 ||
        rate.num / rate.den > 4 * SPN_RATE_MAX || rate.den > rate.num)
        rate = (struct spn_rate){ UNTIMED_RATE, 1 };
    build->summary.facts.untimed = 1;
    build->summary.time_num = rate.den;
    build->summary.time_den = rate.num;
}

/* The frames, from the packets where they tell, else from a decode of all of them. */
static int list_frames(struct build *build, struct frame_list *list, struct spn_error *err)
{
    const struct stream *video = &build->streams[build->video];
    enum AVCodecID codec = video->codecpar->codec_id;
    uint32_t start = picture_packets_start(&build->packets);
    int untimed = container_untimed(build->source->demuxer);
    enum frame_times times = untimed                                   ? FRAMES_COUNTED
                             : container_jumps(build->source->demuxer) ? FRAMES_PRESENTED
                                                                       : FRAMES_DECODED;
    struct survey sample = { 0 }, whole = { 0 };
    int ret = 0;

    build->summary.how = INDEX_BY_PACKETS;
    if (!untimed) {
        ret = survey_make(build->source, video, start, 0, NULL, NULL, &sample, err);
        note_survey(build, &sample);
        if (ret == SPN_OK)
            ret = frame_list_by_packets(&build->packets, codec, &sample, list, err);
    }
    if (ret == 0) {
        build->summary.how = INDEX_BY_DECODING;
        ret = survey_make(build->source, video, start, 1, build->progress, build->opaque, &whole,
                          err);
        note_survey(build, &whole);
        if (ret == SPN_OK && untimed)
            set_clock(build, &whole);
        if (ret == SPN_OK)
            ret = frame_list_by_decoding(&build->packets, codec, times, &whole, list, err);
    }
    survey_finish(&sample);
    survey_finish(&whole);
    if (ret == 0)
        return spn_error_set(err, SPN_EFORMAT,
                             "no frame of the picture of %s (%s) can be decoded: it is damaged or "
                             "encrypted",
                             source_name(build->source), avcodec_get_name(codec));
    return ret < 0 ? ret : SPN_OK;
}

static int write_frames(struct build *build, const struct frame_list *list, struct spn_error *err)
{
    uint32_t i;
    int ret;

    build->summary.end = list->end;
    build->summary.facts.undecodable = list->left_out;
    for (i = 0; i < list->count; i++)
        if ((ret = index_writer_frame(build->writer, &list->frames[i], err)) < 0)
            return ret;
    return index_writer_finish(build->writer, &build->summary, err);
}

/*
 * A film that is interlaced from its second half on is interlaced: look at some frames at each
 * quarter of the source, now that there is an index to get there by. What cannot be decoded is not
 * looked at.
 */
static int look_further(struct build *build, int fd, struct spn_error *err)
{
    struct glance glance = { .facts = &build->summary.facts };
    AVFrame *frame = av_frame_alloc();
    struct index *index = NULL;
    struct flow *flow;
    int64_t rank;
    int spot, n, ret = index_open(fd, &index, err);

    if (!frame)
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory while indexing %s",
                            source_name(build->source));
    for (spot = 1; spot < SPOTS && ret == SPN_OK; spot++) {
        if (index_frames(index) < SPOTS * SURVEY_FRAMES)
            break;
        rank = (int64_t)index_frames(index) * spot / SPOTS;
        if (flow_open(build->source, index, rank, 0, 1, &flow, NULL) < 0)
            continue;
        for (n = 0; n < SPOT_FRAMES && flow_next(flow, frame, &rank, NULL) > 0; n++) {
            glance_at(&glance, frame);
            av_frame_unref(frame);
        }
        glance_away(&glance);
        flow_close(flow);
    }
    glance_finish(&glance);
    av_frame_free(&frame);
    index_close(index);
    return ret < 0 ? ret : index_writer_facts(build->writer, &build->summary.facts, err);
}

int index_build(const struct source *source, int video, int fd, index_progress *progress,
                void *opaque, struct spn_error *err)
{
    struct build *build = calloc(1, sizeof *build);
    struct frame_list list = { 0 };
    int ret;

    if (!build)
        return spn_error_set(err, SPN_ENOMEM, "out of memory while indexing %s",
                             source_name(source));
    build->source = source;
    build->video = build->summary.video = video;
    build->progress = progress;
    build->opaque = opaque;
    build->timeline.on = container_jumps(source->demuxer);
    if ((ret = keep_streams(build, err)) < 0 ||
        (ret = packet_kind_create(build->streams[video].codecpar, &build->kind, err)) < 0 ||
        (ret = index_writer_create(fd, source, &build->writer, err)) < 0 ||
        (ret = read_packets(build, err)) < 0)
        goto done;
    if (!build->packets.count) {
        ret = spn_error_set(err, SPN_EFORMAT,
                            "%s announces a picture but has none: it is damaged or incomplete",
                            source_name(source));
        goto done;
    }
    if ((ret = list_frames(build, &list, err)) == SPN_OK &&
        (ret = write_frames(build, &list, err)) == SPN_OK)
        ret = look_further(build, fd, err);

done:
    frame_list_finish(&list);
    picture_packets_finish(&build->packets);
    index_writer_destroy(build->writer);
    packet_kind_destroy(build->kind);
    free(build);
    return ret;
}

#include "frame_list.h"

#include <stdlib.h>
#include <string.h>

#include "packet_kind.h"

#define DELTAS 4096 /* differences of times looked at for the usual one */

static int no_memory(struct spn_error *err)
{
    return spn_error_set(err, SPN_ENOMEM, "out of memory while listing frames");
}

static int grow(struct picture_packets *packets, struct spn_error *err)
{
    uint32_t capacity = packets->capacity ? packets->capacity * 2 : 4096;
    int64_t *pts, *dts;
    uint8_t *flags;

    if (packets->capacity >= INDEX_FRAMES_MAX * 2)
        return spn_error_set(err, SPN_ELIMIT, "the picture has more than %u packets",
                             packets->capacity);
    if ((pts = realloc(packets->pts, capacity * sizeof *pts)) != NULL)
        packets->pts = pts;
    if ((dts = realloc(packets->dts, capacity * sizeof *dts)) != NULL)
        packets->dts = dts;
    if ((flags = realloc(packets->flags, capacity)) != NULL)
        packets->flags = flags;
    if (!pts || !dts || !flags)
        return no_memory(err);
    packets->capacity = capacity;
    return SPN_OK;
}

int picture_packets_add(struct picture_packets *packets, const struct index_packet *packet,
                        struct spn_error *err)
{
    int ret;

    if (packets->count == packets->capacity && (ret = grow(packets, err)) < 0)
        return ret;
    packets->pts[packets->count] = packet->pts;
    packets->dts[packets->count] = packet->dts;
    packets->flags[packets->count] = (uint8_t)packet->flags;
    if (packet->pts != INDEX_NOTIME && (!packets->count || packet->pts >= packets->last_pts)) {
        packets->last_pts = packet->pts;
        packets->last_duration = packet->duration;
    }
    packets->count++;
    return SPN_OK;
}

void picture_packets_finish(struct picture_packets *packets)
{
    free(packets->pts);
    free(packets->dts);
    free(packets->flags);
    memset(packets, 0, sizeof *packets);
}

uint32_t picture_packets_start(const struct picture_packets *packets)
{
    uint32_t i;

    for (i = 0; i < packets->count; i++)
        if (packets->flags[i] & INDEX_KEY)
            return i;
    return 0;
}

void frame_list_finish(struct frame_list *list)
{
    free(list->frames);
    list->frames = NULL;
}

static int shown(const struct picture_packets *packets, uint32_t i)
{
    return !(packets->flags[i] & (INDEX_DISCARD | INDEX_HIDDEN));
}

/*
 * A picture that is shown before the random access point in whose wake it comes. H.264 decoders
 * give it all the same, made from pictures they never had; those of other codecs keep it back
 * themselves.
 */
static int leading(const struct picture_packets *packets, enum AVCodecID codec, uint32_t start,
                   uint32_t i)
{
    if (i < start)
        return 1;
    return codec == AV_CODEC_ID_H264 && packets->pts[i] != INDEX_NOTIME &&
           packets->pts[start] != INDEX_NOTIME && packets->pts[i] < packets->pts[start];
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int by_time(const void *a, const void *b)
{
    const struct index_frame *x = a, *y = b;

    if (x->pts != y->pts)
        return x->pts > y->pts ? 1 : -1;
    return (x->packet > y->packet) - (x->packet < y->packet);
}

/* The usual time from one frame to the next: the median of some of them, spread over the source. */
static int64_t usual_delta(const struct index_frame *frames, uint32_t count)
{
    int64_t deltas[DELTAS];
    uint32_t step = count / DELTAS + 1, n = 0, i;

    for (i = 1; i < count && n < DELTAS; i += step)
        deltas[n++] = frames[i].pts - frames[i - 1].pts;
    if (!n)
        return 0;
    qsort(deltas, n, sizeof *deltas, by_number);
    return deltas[n / 2];
}

static void set_end(struct frame_list *list, const struct picture_packets *packets)
{
    int64_t last = list->frames[list->count - 1].pts;
    int64_t delta = usual_delta(list->frames, list->count);

    if (packets->last_duration && packets->last_pts == last)
        delta = packets->last_duration;
    list->end = last + (delta > 0 ? delta : 1);
}

/* Do the packets of the sample that should have given frames have given them, and no others? */
static int sample_agrees(const struct picture_packets *packets, enum AVCodecID codec,
                         uint32_t start, const struct survey *sample, int64_t *first_pts)
{
    uint8_t *seen = calloc(1, (size_t)packets->count + 1);
    uint32_t i, number;
    int agrees = seen != NULL;

    *first_pts = INT64_MAX;
    for (i = 0; i < sample->count && agrees; i++) {
        number = sample->frames[i].packet;
        if (number >= packets->count || sample->frames[i].part || seen[number]++)
            agrees = 0;
        else if (shown(packets, number) && !leading(packets, codec, start, number) &&
                 packets->pts[number] < *first_pts)
            *first_pts = packets->pts[number];
    }
    for (i = start; i < sample->read && agrees; i++)
        if (shown(packets, i) && packets->pts[i] >= *first_pts && !seen[i])
            agrees = 0;
    free(seen);
    return agrees && *first_pts != INT64_MAX;
}

int frame_list_by_packets(const struct picture_packets *packets, enum AVCodecID codec,
                          const struct survey *sample, struct frame_list *out,
                          struct spn_error *err)
{
    uint32_t start = picture_packets_start(packets), i;
    int64_t first_pts;

    if (!packet_kind_is_frame(codec))
        return 0;
    for (i = 0; i < packets->count; i++)
        if (packets->flags[i] & INDEX_FIELD || packets->pts[i] == INDEX_NOTIME)
            return 0;
    if (!sample_agrees(packets, codec, start, sample, &first_pts))
        return 0;
    out->frames = malloc(((size_t)packets->count + 1) * sizeof *out->frames);
    if (!out->frames)
        return no_memory(err);
    out->count = out->left_out = 0;
    for (i = 0; i < packets->count; i++) {
        if (!shown(packets, i))
            continue;
        if (i < start || packets->pts[i] < first_pts)
            out->left_out++;
        else
            out->frames[out->count++] = (struct index_frame){ packets->pts[i], i, 0 };
    }
    qsort(out->frames, out->count, sizeof *out->frames, by_time);
    for (i = 1; i < out->count; i++) {
        if (out->frames[i].pts == out->frames[i - 1].pts) {
            frame_list_finish(out); /* two at one instant: the decoder says which comes first */
            return 0;
        }
    }
    set_end(out, packets);
    return 1;
}

/* Times of decoding in rising order, for sources that have no others (AVI). */
static int64_t *sorted_dts(const struct picture_packets *packets, uint32_t *count)
{
    int64_t *sorted = malloc(((size_t)packets->count + 1) * sizeof *sorted);
    uint32_t i;

    *count = 0;
    for (i = 0; sorted && i < packets->count; i++)
        if (packets->dts[i] != INDEX_NOTIME)
            sorted[(*count)++] = packets->dts[i];
    if (sorted)
        qsort(sorted, *count, sizeof *sorted, by_number);
    return sorted;
}

static int all_pts(const struct picture_packets *packets)
{
    uint32_t i;

    for (i = 0; i < packets->count; i++)
        if (packets->pts[i] == INDEX_NOTIME)
            return 0;
    return 1;
}

/* Ticks from frame to frame on average, from the earliest to the latest packet. */
static int64_t average_delta(const struct picture_packets *packets, uint32_t frames)
{
    int64_t low = INT64_MAX, high = INT64_MIN;
    uint32_t i;

    for (i = 0; i < packets->count; i++) {
        if (packets->pts[i] == INDEX_NOTIME)
            continue;
        low = packets->pts[i] < low ? packets->pts[i] : low;
        high = packets->pts[i] > high ? packets->pts[i] : high;
    }
    return frames > 1 && high > low ? (high - low + frames / 2) / (frames - 1) : 1;
}

/*
 * Give each frame its time: that of its packet, where it has one; the nth time of decoding, in a
 * container that has no others; what has none follows the frame before.
 */
static int set_times(struct frame_list *list, const struct picture_packets *packets,
                     enum frame_times times, struct spn_error *err)
{
    uint32_t i, known = 0;
    int64_t *dts = NULL, usual = average_delta(packets, list->count), time, last = 0;

    if (times == FRAMES_DECODED && !all_pts(packets)) {
        if (!(dts = sorted_dts(packets, &known)))
            return no_memory(err);
        usual = known > 1 ? (dts[known - 1] - dts[0]) / (known - 1) : 1;
    }
    for (i = 0; i < list->count; i++) {
        time = INDEX_NOTIME;
        if (times == FRAMES_COUNTED)
            time = i;
        else if (dts)
            time = i < known ? dts[i] : INDEX_NOTIME;
        else if (!list->frames[i].part)
            time = packets->pts[list->frames[i].packet];
        if (time == INDEX_NOTIME)
            time = i ? last + (usual > 0 ? usual : 1) : 0;
        if (i && time <= last)
            time = last + 1;
        list->frames[i].pts = last = time;
    }
    free(dts);
    return SPN_OK;
}

int frame_list_by_decoding(const struct picture_packets *packets, enum AVCodecID codec,
                           enum frame_times times, const struct survey *whole,
                           struct frame_list *out, struct spn_error *err)
{
    uint32_t start = picture_packets_start(packets), i, number;
    int ret;

    out->frames = malloc(((size_t)whole->count + 1) * sizeof *out->frames);
    if (!out->frames)
        return no_memory(err);
    out->count = 0;
    out->left_out = start;
    for (i = 0; i < whole->count; i++) {
        number = whole->frames[i].packet;
        if (number >= packets->count || !shown(packets, number))
            continue;
        if (leading(packets, codec, start, number))
            out->left_out++;
        else
            out->frames[out->count++] = (struct index_frame){ 0, number, whole->frames[i].part };
    }
    if (!out->count)
        return 0;
    if ((ret = set_times(out, packets, times, err)) < 0)
        return ret;
    if (times == FRAMES_COUNTED)
        out->end = out->count;
    else
        set_end(out, packets);
    return 1;
}

#include "timeline.h"

#include <libavutil/mathematics.h>

static const AVRational clock_base = { 1, 90000 };

/* May a packet at ticks follow what was expected? */
static int follows(int64_t ticks, int64_t expected, AVRational tb)
{
    int64_t leap = av_rescale_q(TIMELINE_LEAP_S, (AVRational){ 1, 1 }, tb);
    int64_t back = av_rescale_q(TIMELINE_BACK_MS, (AVRational){ 1, 1000 }, tb);

    return ticks <= expected + leap && ticks >= expected - back;
}

static int64_t in_ticks(int64_t offset, AVRational tb)
{
    return av_rescale_q(offset, clock_base, tb);
}

void timeline_place(struct timeline *timeline, int stream, AVRational time_base, int sparse,
                    struct index_packet *packet)
{
    struct timeline_stream *s = &timeline->streams[stream];
    int64_t ticks = packet->dts != INDEX_NOTIME ? packet->dts : packet->pts;
    int64_t shift, step;

    if (!timeline->on)
        return;
    if (!s->begun || sparse) {
        s->part = timeline->jumps;
        s->offset = timeline->offset;
    }
    shift = in_ticks(s->offset, time_base);
    if (ticks != INDEX_NOTIME) {
        if (s->begun && !sparse && !follows(ticks + shift, s->expected, time_base) &&
            timeline->jumps < TIMELINE_JUMPS_MAX) {
            int64_t newest = in_ticks(timeline->offset, time_base);

            if (s->part != timeline->jumps && ticks + newest > s->last &&
                follows(ticks + newest, s->expected, time_base)) {
                s->offset = timeline->offset;
            } else {
                s->offset = av_rescale_q(s->expected - ticks, time_base, clock_base);
                timeline->offset = s->offset;
                timeline->jumps++;
            }
            s->part = timeline->jumps;
            shift = in_ticks(s->offset, time_base);
        }
        step = packet->duration ? packet->duration : s->begun ? ticks + shift - s->last : 0;
        s->last = ticks + shift;
        s->expected = s->last + (step > 0 ? step : 0);
        s->begun = 1;
    }
    if (packet->pts != INDEX_NOTIME)
        packet->pts += shift;
    if (packet->dts != INDEX_NOTIME)
        packet->dts += shift;
}

#include "sound.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <libavutil/samplefmt.h>
#include <libswresample/swresample.h>

#include "companion.h"
#include "sync.h"

__extension__ typedef __int128 wide;

#define SILENCE      4096   /* samples in a frame of silence */
#define RATE_MAX     768000 /* samples a second */
#define CHANNELS_MAX 64

struct sound {
    struct companion of;
    SwrContext *converter; /* made when the format changes in mid-stream */
    AVFrame *decoded;      /* holding: it waits until the silence before it is given */
    AVFrame *out;
    struct sound_format format;
    struct sound_counts counts;
    int64_t total;    /* samples */
    int64_t at;       /* the next sample to give */
    int64_t first;    /* the first sample of decoded */
    int64_t expected; /* where the next decoded sample belongs by counting */
    int64_t tolerance;
    int begun, holding, drained, ended;
};

/* The next frame of the codec into decoded: 1, or 0 at the end. */
static int decode(struct sound *sound, struct spn_error *err)
{
    struct index_packet entry;
    uint32_t number;
    int ret;

    for (;;) {
        ret = avcodec_receive_frame(sound->of.codec, sound->decoded);
        if (ret >= 0 && sound->decoded->nb_samples > 0)
            return 1;
        if (ret == AVERROR_EOF)
            return 0;
        if (ret == AVERROR(ENOMEM))
            return companion_no_memory(&sound->of, err);
        if (ret != AVERROR(EAGAIN)) {
            sound->counts.damaged += ret < 0;
            continue;
        }
        if (sound->drained)
            return 0;
        ret = reader_read(sound->of.reader, sound->of.packet, &number, err);
        if (ret < 0)
            return ret;
        if (ret) {
            /* times come from the index: there the jumps of the clock are closed */
            index_packet_at(sound->of.index, sound->of.entry, number, &entry);
            sound->of.packet->pts = entry.pts == INDEX_NOTIME ? AV_NOPTS_VALUE : entry.pts;
            sound->of.packet->dts = entry.dts == INDEX_NOTIME ? AV_NOPTS_VALUE : entry.dts;
        } else {
            sound->drained = 1;
        }
        ret = avcodec_send_packet(sound->of.codec, ret ? sound->of.packet : NULL);
        av_packet_unref(sound->of.packet);
        if (ret == AVERROR(ENOMEM))
            return companion_no_memory(&sound->of, err);
        sound->counts.damaged += ret < 0 && ret != AVERROR_EOF;
    }
}

/* Where samples of time pts say that they belong; expected where they say nothing. */
static int64_t claimed_place(const struct sound *sound, int64_t pts, int64_t expected)
{
    if (pts == AV_NOPTS_VALUE || pts <= -(INT64_C(1) << 58) || pts >= (INT64_C(1) << 58))
        return expected;
    return sync_place(sound->of.conform, sound->of.entry, pts, sound->format.sample_rate);
}

/* Believe that unless it is the count, about. */
static int64_t believe(const struct sound *sound, int64_t pts, int64_t expected)
{
    int64_t claimed = claimed_place(sound, pts, expected), off = claimed - expected;

    return off > sound->tolerance || off < -sound->tolerance ? claimed : expected;
}

/* What is decoded belongs to first. */
static void place(struct sound *sound)
{
    int64_t pts = sound->decoded->pts;
    int64_t believed = sound->begun ? believe(sound, pts, sound->expected)
                                    : claimed_place(sound, pts, sound->expected);

    sound->counts.holes += sound->begun && believed > sound->expected;
    sound->expected = believed;
    sound->begun = 1;
    sound->first = sound->expected;
    sound->expected += sound->decoded->nb_samples;
}

static int is_format(const struct sound *sound, const AVFrame *frame)
{
    return frame->sample_rate == sound->format.sample_rate &&
           frame->format == sound->format.format &&
           !av_channel_layout_compare(&frame->ch_layout, &sound->format.layout);
}

/* Bring a frame of another format to that of the first. */
static int convert(struct sound *sound, struct spn_error *err)
{
    AVFrame *frame = av_frame_alloc();
    int64_t pts = sound->decoded->pts;
    int ret;

    if (!frame)
        return companion_no_memory(&sound->of, err);
    frame->format = sound->format.format;
    frame->sample_rate = sound->format.sample_rate;
    ret = av_channel_layout_copy(&frame->ch_layout, &sound->format.layout);
    if (ret >= 0 && !sound->converter && !(sound->converter = swr_alloc()))
        ret = AVERROR(ENOMEM);
    if (ret >= 0)
        ret = swr_convert_frame(sound->converter, frame, sound->decoded);
    if (ret == AVERROR_INPUT_CHANGED) {
        swr_close(sound->converter);
        ret = swr_convert_frame(sound->converter, frame, sound->decoded);
    }
    av_frame_unref(sound->decoded);
    if (ret >= 0) {
        frame->pts = pts;
        av_frame_move_ref(sound->decoded, frame);
    }
    av_frame_free(&frame);
    if (ret == AVERROR(ENOMEM))
        return companion_no_memory(&sound->of, err);
    if (ret < 0)
        sound->counts.damaged++;
    return SPN_OK;
}

/* Have a decoded frame in hand, or set ended. */
static int fill(struct sound *sound, struct spn_error *err)
{
    int ret;

    while (!sound->holding && !sound->ended) {
        ret = decode(sound, err);
        if (ret < 0)
            return ret;
        if (!ret) {
            sound->ended = 1;
            break;
        }
        if (!is_format(sound, sound->decoded) && (ret = convert(sound, err)) < 0)
            return ret;
        if (!sound->decoded->nb_samples)
            continue;
        place(sound);
        if (sound->first + sound->decoded->nb_samples <= sound->at) {
            if (sound->at == 0)
                sound->counts.cut_before += sound->decoded->nb_samples;
            else
                sound->counts.overlap += sound->decoded->nb_samples;
            av_frame_unref(sound->decoded);
            continue;
        }
        sound->holding = 1;
    }
    return SPN_OK;
}

/* The first frame says what the rest will be. */
static int learn_format(struct sound *sound, int stream, struct spn_error *err)
{
    const AVFrame *frame = sound->decoded;
    wide samples;
    int ret = decode(sound, err);

    if (ret < 0)
        return ret;
    if (!ret)
        return spn_error_set(err, SPN_EFORMAT,
                             "nothing of the sound of %s (stream %d) can be decoded",
                             source_name(sound->of.source), stream);
    if (frame->sample_rate < 1 || frame->sample_rate > RATE_MAX ||
        frame->ch_layout.nb_channels < 1 || frame->ch_layout.nb_channels > CHANNELS_MAX)
        return spn_error_set(err, SPN_ELIMIT,
                             "the sound of %s (stream %d) has %d channels at %d Hz",
                             source_name(sound->of.source), stream, frame->ch_layout.nb_channels,
                             frame->sample_rate);
    sound->format.sample_rate = frame->sample_rate;
    sound->format.format = (enum AVSampleFormat)frame->format;
    if (av_channel_layout_copy(&sound->format.layout, &frame->ch_layout) < 0)
        return companion_no_memory(&sound->of, err);
    samples = (wide)sound->of.conform->frames * sound->of.conform->rate.den * frame->sample_rate;
    sound->total =
        (int64_t)((samples + sound->of.conform->rate.num - 1) / sound->of.conform->rate.num);
    sound->tolerance = frame->sample_rate * SOUND_TOLERANCE_MS / 1000;
    samples = (wide)2 * sound->of.entry->time_num * frame->sample_rate / sound->of.entry->time_den;
    if (samples > sound->tolerance)
        sound->tolerance = samples < RATE_MAX ? (int64_t)samples : RATE_MAX;
    place(sound);
    if (sound->expected <= 0) {
        sound->counts.cut_before += frame->nb_samples;
        av_frame_unref(sound->decoded);
    } else {
        sound->holding = 1;
    }
    return SPN_OK;
}

int sound_create(const struct source *source, const struct index *index,
                 const struct conform *conform, int stream, struct sound **out,
                 struct spn_error *err)
{
    struct sound *sound = calloc(1, sizeof *sound);
    int ret;

    *out = NULL;
    if (!sound)
        return spn_error_set(err, SPN_ENOMEM, "out of memory while decoding the sound of %s",
                             source_name(source));
    sound->decoded = av_frame_alloc();
    sound->out = av_frame_alloc();
    ret = companion_open(source, index, conform, stream, STREAM_AUDIO, &sound->of, err);
    if (ret >= 0)
        ret = sound->decoded && sound->out ? learn_format(sound, stream, err)
                                           : companion_no_memory(&sound->of, err);
    if (ret < 0) {
        sound_destroy(sound);
        return ret;
    }
    *out = sound;
    return SPN_OK;
}

void sound_destroy(struct sound *sound)
{
    if (!sound)
        return;
    companion_close(&sound->of);
    swr_free(&sound->converter);
    av_frame_free(&sound->decoded);
    av_frame_free(&sound->out);
    av_channel_layout_uninit(&sound->format.layout);
    free(sound);
}

const struct sound_format *sound_format(const struct sound *sound)
{
    return &sound->format;
}

/*
 * The packet whose samples hold from, less SOUND_ENTER packets, and where the samples of each
 * packet from that one on begin: as place() finds it when every packet gives what it says it holds.
 * -1: packets do not say, or it is not far enough from the start.
 */
static int64_t find_packet(const struct sound *sound, int64_t from, int64_t starts[SOUND_ENTER])
{
    AVCodecParameters *par =
        source_format(sound->of.source)->streams[sound->of.entry->stream]->codecpar;
    int64_t ring[SOUND_ENTER] = { 0 }, expected = sound->expected;

    for (uint32_t n = 1; n < sound->of.entry->packets; n++) {
        struct index_packet packet;
        int64_t samples;

        index_packet_at(sound->of.index, sound->of.entry, n, &packet);
        samples = av_get_audio_frame_duration2(par, (int)packet.size);
        if (samples <= 0 || packet.pts == INDEX_NOTIME)
            return -1;
        expected = believe(sound, packet.pts, expected);
        if (expected > from) {
            if (n <= 2 * SOUND_ENTER)
                return -1;
            for (uint32_t i = 0; i < SOUND_ENTER; i++)
                starts[i] = ring[(n - SOUND_ENTER + i) % SOUND_ENTER];
            return n - SOUND_ENTER;
        }
        ring[n % SOUND_ENTER] = expected;
        expected += samples;
    }
    return -1;
}

static void forget(struct sound *sound)
{
    av_frame_unref(sound->decoded);
    sound->holding = sound->drained = sound->ended = 0;
}

/* Go on with packet n. */
static int move_to(struct sound *sound, uint32_t n, struct spn_error *err)
{
    avcodec_flush_buffers(sound->of.codec);
    forget(sound);
    return reader_enter(sound->of.reader, sound->of.index, n, 1, err);
}

/* Begin again, with another codec: what it drops at the start it drops once. */
static int restart(struct sound *sound, struct spn_error *err)
{
    forget(sound);
    sound->begun = 0;
    sound->expected = 0;
    return companion_restart(&sound->of, err);
}

/*
 * Decode on from packet n until the first frames have shown that packets give what they say: 1, or
 * 0 where they do not. The first half of them may be lost for want of what lies before.
 */
static int arrive(struct sound *sound, uint32_t n, const int64_t starts[SOUND_ENTER],
                  struct spn_error *err)
{
    uint32_t k = 0;
    int ret;

    while ((ret = decode(sound, err)) > 0) {
        struct index_packet packet = { 0 };

        for (; k < SOUND_ENTER; k++) {
            index_packet_at(sound->of.index, sound->of.entry, n + k, &packet);
            if (packet.pts == sound->decoded->pts)
                break;
        }
        if (k == SOUND_ENTER || !is_format(sound, sound->decoded) ||
            (k + 1 < SOUND_ENTER && believe(sound, packet.pts, starts[k]) != starts[k]) ||
            sound->decoded->nb_samples !=
                av_get_audio_frame_duration2(
                    source_format(sound->of.source)->streams[sound->of.entry->stream]->codecpar,
                    (int)packet.size))
            return 0;
        sound->expected = starts[k] + sound->decoded->nb_samples;
        av_frame_unref(sound->decoded);
        if (++k > SOUND_ENTER / 2)
            return k <= SOUND_ENTER / 2 + 2; /* not one alone came late */
    }
    return ret;
}

int sound_enter(struct sound *sound, int64_t from, struct spn_error *err)
{
    int64_t starts[SOUND_ENTER], n;
    int ret = 0;

    if (from < 0 || from > sound->total)
        return spn_error_set(err, SPN_ERANGE, "sample %lld of %s is outside of its %lld",
                             (long long)from, source_name(sound->of.source),
                             (long long)sound->total);
    n = find_packet(sound, from, starts);
    if (n >= 0) {
        ret = move_to(sound, (uint32_t)n, err);
        if (ret >= 0)
            ret = arrive(sound, (uint32_t)n, starts, err);
        if (ret < 0 && ret != SPN_EMISMATCH)
            return ret;
        if (ret <= 0 && (ret = restart(sound, err)) < 0)
            return ret;
    }
    sound->at = from;
    if (sound->holding && sound->first + sound->decoded->nb_samples <= from) {
        av_frame_unref(sound->decoded);
        sound->holding = 0;
    }
    return ret;
}

int64_t sound_samples(const struct sound *sound)
{
    return sound->total;
}

struct sound_counts sound_counts(const struct sound *sound)
{
    return sound->counts;
}

/* An empty frame of count samples in out. */
static int make_out(struct sound *sound, int64_t count, struct spn_error *err)
{
    sound->out->format = sound->format.format;
    sound->out->sample_rate = sound->format.sample_rate;
    sound->out->nb_samples = (int)count;
    if (av_channel_layout_copy(&sound->out->ch_layout, &sound->format.layout) < 0 ||
        av_frame_get_buffer(sound->out, 0) < 0)
        return companion_no_memory(&sound->of, err);
    return SPN_OK;
}

static int give_silence(struct sound *sound, int64_t until, struct spn_error *err)
{
    int64_t count = until - sound->at < SILENCE ? until - sound->at : SILENCE;
    int ret = make_out(sound, count, err);

    if (ret < 0)
        return ret;
    av_samples_set_silence(sound->out->extended_data, 0, (int)count,
                           sound->format.layout.nb_channels, sound->format.format);
    if (sound->ended)
        sound->counts.silence_end += count;
    else if (sound->at == sound->counts.silence_start)
        sound->counts.silence_start += count;
    else
        sound->counts.silence_middle += count;
    return SPN_OK;
}

/* The part of the decoded frame from at on, cut at the end of the picture. */
static int give_decoded(struct sound *sound, struct spn_error *err)
{
    AVFrame *frame = sound->decoded;
    int64_t skip = sound->at - sound->first;
    int64_t count = frame->nb_samples - skip;
    int ret;

    if (count > sound->total - sound->at)
        count = sound->total - sound->at;
    sound->holding = 0;
    if (!skip && count == frame->nb_samples) {
        av_frame_move_ref(sound->out, frame);
        return SPN_OK;
    }
    if (skip && sound->at == 0)
        sound->counts.cut_before += skip;
    else
        sound->counts.overlap += skip;
    if ((ret = make_out(sound, count, err)) < 0)
        return ret;
    av_samples_copy(sound->out->extended_data, frame->extended_data, 0, (int)skip, (int)count,
                    sound->format.layout.nb_channels, sound->format.format);
    av_frame_unref(frame);
    return SPN_OK;
}

int sound_pull(struct sound *sound, const AVFrame **frame, struct spn_error *err)
{
    int64_t until;
    int ret;

    av_frame_unref(sound->out);
    if (sound->at >= sound->total)
        return 0;
    if ((ret = fill(sound, err)) < 0)
        return ret;
    until = sound->holding && sound->first < sound->total ? sound->first : sound->total;
    ret = sound->holding && sound->first <= sound->at ? give_decoded(sound, err)
                                                      : give_silence(sound, until, err);
    if (ret < 0)
        return ret;
    sound->out->pts = sound->at;
    sound->out->time_base = (AVRational){ 1, sound->format.sample_rate };
    sound->at += sound->out->nb_samples;
    *frame = sound->out;
    return 1;
}

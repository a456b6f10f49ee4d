#include "sound.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <libavutil/samplefmt.h>
#include <libswresample/swresample.h>

#include "reader.h"
#include "sync.h"

__extension__ typedef __int128 wide;

#define SILENCE      4096   /* samples in a frame of silence */
#define RATE_MAX     768000 /* samples a second */
#define CHANNELS_MAX 64

struct sound {
    const struct source *source;
    const struct index *index;
    const struct conform *conform;
    const struct index_stream *entry;
    struct reader *reader;
    AVCodecContext *codec;
    SwrContext *converter; /* made when the format changes in mid-stream */
    AVPacket *packet;
    AVFrame *decoded; /* holding: it waits until the silence before it is given */
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

static int no_memory(const struct sound *sound, struct spn_error *err)
{
    return spn_error_set(err, SPN_ENOMEM, "out of memory while decoding the sound of %s",
                         source_name(sound->source));
}

static int codec_start(struct sound *sound, const struct stream *stream, struct spn_error *err)
{
    const AVCodec *decoder = avcodec_find_decoder(stream->codecpar->codec_id);
    char reason[AV_ERROR_MAX_STRING_SIZE];
    int ret;

    if (!decoder || stream->kind != STREAM_AUDIO)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "stream %d of %s is no sound that can be decoded", stream->index,
                             source_name(sound->source));
    sound->codec = avcodec_alloc_context3(decoder);
    if (!sound->codec || avcodec_parameters_to_context(sound->codec, stream->codecpar) < 0)
        return no_memory(sound, err);
    sound->codec->pkt_timebase = stream->time_base;
    sound->codec->thread_count = 1;
    sound->codec->flags |= AV_CODEC_FLAG_BITEXACT;
    ret = avcodec_open2(sound->codec, decoder, NULL);
    if (ret < 0)
        return spn_error_set(err, SPN_EFORMAT, "stream %d of %s cannot be decoded as %s (%s)",
                             stream->index, source_name(sound->source), decoder->name,
                             source_reason(ret, reason, sizeof reason));
    return SPN_OK;
}

/* The next frame of the codec into decoded: 1, or 0 at the end. */
static int decode(struct sound *sound, struct spn_error *err)
{
    struct index_packet entry;
    uint32_t number;
    int ret;

    for (;;) {
        ret = avcodec_receive_frame(sound->codec, sound->decoded);
        if (ret >= 0 && sound->decoded->nb_samples > 0)
            return 1;
        if (ret == AVERROR_EOF)
            return 0;
        if (ret == AVERROR(ENOMEM))
            return no_memory(sound, err);
        if (ret != AVERROR(EAGAIN)) {
            sound->counts.damaged += ret < 0;
            continue;
        }
        if (sound->drained)
            return 0;
        ret = reader_read(sound->reader, sound->packet, &number, err);
        if (ret < 0)
            return ret;
        if (ret) {
            /* times come from the index: there the jumps of the clock are closed */
            index_packet_at(sound->index, sound->entry, number, &entry);
            sound->packet->pts = entry.pts == INDEX_NOTIME ? AV_NOPTS_VALUE : entry.pts;
            sound->packet->dts = entry.dts == INDEX_NOTIME ? AV_NOPTS_VALUE : entry.dts;
        } else {
            sound->drained = 1;
        }
        ret = avcodec_send_packet(sound->codec, ret ? sound->packet : NULL);
        av_packet_unref(sound->packet);
        if (ret == AVERROR(ENOMEM))
            return no_memory(sound, err);
        sound->counts.damaged += ret < 0 && ret != AVERROR_EOF;
    }
}

/* What is decoded belongs to first: believe its time unless that is the count, about. */
static void place(struct sound *sound)
{
    int64_t claimed = sound->expected, off;

    if (sound->decoded->pts != AV_NOPTS_VALUE && sound->decoded->pts > -(INT64_C(1) << 58) &&
        sound->decoded->pts < (INT64_C(1) << 58))
        claimed = sync_place(sound->conform, sound->entry, sound->decoded->pts,
                             sound->format.sample_rate);
    off = claimed - sound->expected;
    if (!sound->begun || off > sound->tolerance || off < -sound->tolerance) {
        sound->counts.holes += sound->begun && off > 0;
        sound->expected = claimed;
    }
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
        return no_memory(sound, err);
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
        return no_memory(sound, err);
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
                             source_name(sound->source), stream);
    if (frame->sample_rate < 1 || frame->sample_rate > RATE_MAX ||
        frame->ch_layout.nb_channels < 1 || frame->ch_layout.nb_channels > CHANNELS_MAX)
        return spn_error_set(
            err, SPN_ELIMIT, "the sound of %s (stream %d) has %d channels at %d Hz",
            source_name(sound->source), stream, frame->ch_layout.nb_channels, frame->sample_rate);
    sound->format.sample_rate = frame->sample_rate;
    sound->format.format = (enum AVSampleFormat)frame->format;
    if (av_channel_layout_copy(&sound->format.layout, &frame->ch_layout) < 0)
        return no_memory(sound, err);
    samples = (wide)sound->conform->frames * sound->conform->rate.den * frame->sample_rate;
    sound->total = (int64_t)((samples + sound->conform->rate.num - 1) / sound->conform->rate.num);
    sound->tolerance = frame->sample_rate * SOUND_TOLERANCE_MS / 1000;
    samples = (wide)2 * sound->entry->time_num * frame->sample_rate / sound->entry->time_den;
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
    struct sound *sound;
    struct stream facts;
    int ret;

    *out = NULL;
    if ((ret = conform_check(conform, index, err)) < 0 ||
        (ret = stream_read(source, stream, &facts, err)) < 0)
        return ret;
    sound = calloc(1, sizeof *sound);
    if (!sound)
        return spn_error_set(err, SPN_ENOMEM, "out of memory while decoding the sound of %s",
                             source_name(source));
    sound->source = source;
    sound->index = index;
    sound->conform = conform;
    sound->entry = index_stream_of(index, stream);
    sound->packet = av_packet_alloc();
    sound->decoded = av_frame_alloc();
    sound->out = av_frame_alloc();
    if (!sound->packet || !sound->decoded || !sound->out) {
        ret = no_memory(sound, err);
        goto failed;
    }
    if (!sound->entry) {
        ret =
            spn_error_set(err, SPN_EFORMAT, "nothing of the sound of %s (stream %d) is in the file",
                          source_name(source), stream);
        goto failed;
    }
    if ((ret = codec_start(sound, &facts, err)) < 0 ||
        (ret = reader_open(source, stream, &sound->reader, err)) < 0 ||
        (ret = reader_enter(sound->reader, index, 0, 0, err)) < 0 ||
        (ret = learn_format(sound, stream, err)) < 0)
        goto failed;
    *out = sound;
    return SPN_OK;

failed:
    sound_destroy(sound);
    return ret;
}

void sound_destroy(struct sound *sound)
{
    if (!sound)
        return;
    reader_close(sound->reader);
    avcodec_free_context(&sound->codec);
    swr_free(&sound->converter);
    av_packet_free(&sound->packet);
    av_frame_free(&sound->decoded);
    av_frame_free(&sound->out);
    av_channel_layout_uninit(&sound->format.layout);
    free(sound);
}

const struct sound_format *sound_format(const struct sound *sound)
{
    return &sound->format;
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
        return no_memory(sound, err);
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

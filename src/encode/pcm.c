/*
 * pcm.c - the samples that an audio rendition was encoded from.
 *
 * Resampling has a period: at 44.1 kHz, sample 160 k of the asset lies on sample 147 k of the
 * source, for every k. Entered at such a place, early enough for the filter to be full, the
 * resampler gives what it gives in one run from the start.
 */
#include "pcm.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/mathematics.h>
#include <libavutil/samplefmt.h>

#include "../source/sound.h"
#include "resampler.h"

#define EARLY      4096 /* samples: more than any filter is long */
#define BLOCK      4096 /* samples that are thrown away at a time */
#define CHANNELS   8    /* a plane each; renditions have 2 or 6 */
#define TRACK_LEAD 3    /* packets before the one that is wanted */

struct pcm {
    int channels;
    int64_t skip;    /* samples to be thrown away first */
    int64_t silence; /* samples of silence before the first */
    int ended;       /* silence from here on */
    struct sound *sound;
    SwrContext *resampler;
    int drained; /* the resampler was told that no more come */
    struct mapped *track;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame;
    SwrContext *remix;             /* from the track's channels to those that are wanted, or NULL */
    float (*mixed)[SPN_AAC_FRAME]; /* what it makes of frame: a plane for each of these */
    int used;     /* samples of frame that were given; frame has none where nb_samples is 0 */
    int64_t next; /* packet of the track */
    int64_t packets;
};

static int no_memory(struct spn_error *err)
{
    return spn_error_set(err, SPN_ENOMEM, "no memory for sound");
}

static int source_begin(struct pcm *pcm, const struct asset *asset, const struct plan_audio *audio,
                        int64_t from, struct spn_error *err)
{
    const struct sound_format *format;
    int64_t step_in, step_out, at;
    int ret;

    if ((ret = sound_create(asset->source, asset->index, &asset->conform, audio->stream,
                            &pcm->sound, err)) < 0)
        return ret;
    format = sound_format(pcm->sound);
    if ((ret = resampler_create(format->sample_rate, format->format, &format->layout,
                                audio->channels, &pcm->resampler, err)) < 0)
        return ret;
    step_in = format->sample_rate / av_gcd(format->sample_rate, AUDIO_SAMPLE_RATE);
    step_out = AUDIO_SAMPLE_RATE / av_gcd(format->sample_rate, AUDIO_SAMPLE_RATE);
    at = from > EARLY ? (from - EARLY) / step_out : 0;
    if (at * step_in > sound_samples(pcm->sound))
        at = sound_samples(pcm->sound) / step_in;
    pcm->skip = from - at * step_out;
    if (at == 0)
        return SPN_OK;
    ret = sound_enter(pcm->sound, at * step_in, err);
    return ret < 0 ? ret : SPN_OK;
}

static int pcm_alloc(int channels, int64_t *from, struct pcm **out, struct spn_error *err)
{
    struct pcm *pcm = calloc(1, sizeof(*pcm));

    *out = pcm;
    if (!pcm)
        return no_memory(err);
    pcm->channels = channels;
    if (*from < 0) {
        pcm->silence = -*from;
        *from = 0;
    }
    return SPN_OK;
}

int pcm_create(const struct asset *asset, const struct plan_audio *audio, int64_t from,
               struct pcm **out, struct spn_error *err)
{
    int ret = pcm_alloc(audio->channels, &from, out, err);

    if (ret == SPN_OK)
        ret = source_begin(*out, asset, audio, from, err);
    if (ret < 0) {
        pcm_destroy(*out);
        *out = NULL;
    }
    return ret;
}

/* The rate stays, so the frames that go in come out. */
static int remix_begin(struct pcm *pcm, int channels, struct spn_error *err)
{
    AVChannelLayout layout = { 0 };
    int ret;

    if (!(pcm->mixed = calloc((size_t)pcm->channels, sizeof(*pcm->mixed))))
        return no_memory(err);
    av_channel_layout_default(&layout, channels);
    ret = resampler_create(AUDIO_SAMPLE_RATE, AV_SAMPLE_FMT_FLTP, &layout, pcm->channels,
                           &pcm->remix, err);
    av_channel_layout_uninit(&layout);
    return ret;
}

static int remix(struct pcm *pcm, struct spn_error *err)
{
    uint8_t *out[CHANNELS] = { 0 };

    for (int i = 0; i < pcm->channels; i++)
        out[i] = (uint8_t *)pcm->mixed[i];
    return swr_convert(pcm->remix, out, SPN_AAC_FRAME, (const uint8_t **)pcm->frame->extended_data,
                       SPN_AAC_FRAME) == SPN_AAC_FRAME
               ? SPN_OK
               : spn_error_set(err, SPN_EIO, "sound cannot be made into %d channels",
                               pcm->channels);
}

static int track_begin(struct pcm *pcm, int64_t from, struct spn_error *err)
{
    const struct spn_track_info *info = spn_track_info(pcm->track->track);
    const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_AAC);

    if (!codec)
        return spn_error_set(err, SPN_EUNSUPPORTED, "this FFmpeg does not decode AAC");
    pcm->codec = avcodec_alloc_context3(codec);
    pcm->packet = av_packet_alloc();
    pcm->frame = av_frame_alloc();
    if (!pcm->codec || !pcm->packet || !pcm->frame ||
        !(pcm->codec->extradata = av_mallocz(info->config_size + AV_INPUT_BUFFER_PADDING_SIZE)))
        return no_memory(err);
    memcpy(pcm->codec->extradata, info->config, info->config_size);
    pcm->codec->extradata_size = (int)info->config_size;
    pcm->codec->thread_count = 1;
    pcm->codec->flags |= AV_CODEC_FLAG_BITEXACT;
    if (avcodec_open2(pcm->codec, codec, NULL) < 0)
        return spn_error_set(err, SPN_EIO, "the AAC decoder does not open");
    pcm->packets = spn_track_duration(pcm->track->track) / SPN_AAC_FRAME;
    pcm->next = from / SPN_AAC_FRAME - TRACK_LEAD;
    if (pcm->next < 0)
        pcm->next = 0;
    pcm->skip = from - pcm->next * SPN_AAC_FRAME;
    return pcm->channels == (int)info->channels ? SPN_OK
                                                : remix_begin(pcm, (int)info->channels, err);
}

int pcm_create_track(struct mapped *track, int channels, int64_t from, struct pcm **out,
                     struct spn_error *err)
{
    int ret = pcm_alloc(channels, &from, out, err);

    if (ret == SPN_OK) {
        (*out)->track = track;
        ret = track_begin(*out, from, err);
    }
    if (ret < 0) {
        pcm_destroy(*out);
        *out = NULL;
    }
    return ret;
}

void pcm_destroy(struct pcm *pcm)
{
    if (!pcm)
        return;
    sound_destroy(pcm->sound);
    swr_free(&pcm->resampler);
    swr_free(&pcm->remix);
    free(pcm->mixed);
    avcodec_free_context(&pcm->codec);
    av_packet_free(&pcm->packet);
    av_frame_free(&pcm->frame);
    free(pcm);
}

/* What the resampler has, at most count; 0: there is no more. */
static int resampled(struct pcm *pcm, float *const planes[], int count, struct spn_error *err)
{
    uint8_t *out[CHANNELS] = { 0 };
    const AVFrame *frame;
    int ret;

    for (int i = 0; i < pcm->channels; i++)
        out[i] = (uint8_t *)planes[i];
    for (;;) {
        ret = pcm->drained
                  ? swr_convert(pcm->resampler, out, count, NULL, 0)
                  : swr_convert(pcm->resampler, out, count, (const uint8_t *[CHANNELS]){ 0 }, 0);
        if (ret < 0)
            return spn_error_set(err, SPN_EIO, "sound cannot be resampled");
        if (ret > 0 || pcm->drained)
            return ret;
        if ((ret = sound_pull(pcm->sound, &frame, err)) < 0)
            return ret;
        if (ret == 0)
            pcm->drained = 1;
        else if (swr_convert(pcm->resampler, NULL, 0, (const uint8_t **)frame->extended_data,
                             frame->nb_samples) < 0)
            return no_memory(err);
    }
}

/* The next packet of the track, decoded to frame. */
static int packet_decode(struct pcm *pcm, struct spn_error *err)
{
    const struct spn_fragment *all, *fragment;
    struct spn_sample sample;
    size_t count;
    int64_t ticks = pcm->next * SPN_AAC_FRAME;
    int ret;

    all = spn_track_all(pcm->track->track, &count);
    fragment = spn_track_fragments(pcm->track->track, ticks, ticks + 1, &count);
    if (count == 0)
        return spn_error_set(err, SPN_EFORMAT, "a track of sound has a hole");
    if ((ret = mapped_sample(pcm->track, (size_t)(fragment - all),
                             (size_t)((ticks - fragment->start) / SPN_AAC_FRAME), &sample, err)) <
        0)
        return ret;
    if (av_new_packet(pcm->packet, (int)sample.size) < 0)
        return no_memory(err);
    memcpy(pcm->packet->data, sample.data, sample.size);
    ret = avcodec_send_packet(pcm->codec, pcm->packet);
    av_packet_unref(pcm->packet);
    if (ret < 0 || avcodec_receive_frame(pcm->codec, pcm->frame) < 0 ||
        pcm->frame->nb_samples != SPN_AAC_FRAME || pcm->frame->format != AV_SAMPLE_FMT_FLTP ||
        pcm->frame->ch_layout.nb_channels != (int)spn_track_info(pcm->track->track)->channels)
        return spn_error_set(err, SPN_EFORMAT, "packet %lld of a track cannot be decoded",
                             (long long)pcm->next);
    pcm->next++;
    pcm->used = 0;
    return pcm->remix ? remix(pcm, err) : SPN_OK;
}

static int decoded(struct pcm *pcm, float *const planes[], int count, struct spn_error *err)
{
    int left, ret;

    if (pcm->used == pcm->frame->nb_samples) {
        if (pcm->next >= pcm->packets)
            return 0;
        av_frame_unref(pcm->frame);
        if ((ret = packet_decode(pcm, err)) < 0)
            return ret;
    }
    left = pcm->frame->nb_samples - pcm->used;
    count = count < left ? count : left;
    for (int i = 0; i < pcm->channels; i++)
        memcpy(planes[i],
               (pcm->remix ? pcm->mixed[i] : (const float *)pcm->frame->extended_data[i]) +
                   pcm->used,
               (size_t)count * sizeof(float));
    pcm->used += count;
    return count;
}

static int some(struct pcm *pcm, float *const planes[], int count, struct spn_error *err)
{
    return pcm->track ? decoded(pcm, planes, count, err) : resampled(pcm, planes, count, err);
}

static int skip(struct pcm *pcm, struct spn_error *err)
{
    static _Thread_local float waste[CHANNELS][BLOCK];
    float *planes[CHANNELS];
    int ret;

    for (int i = 0; i < CHANNELS; i++)
        planes[i] = waste[i];
    while (pcm->skip > 0 && !pcm->ended) {
        if ((ret = some(pcm, planes, pcm->skip < BLOCK ? (int)pcm->skip : BLOCK, err)) < 0)
            return ret;
        pcm->skip -= ret;
        pcm->ended = ret == 0;
    }
    return SPN_OK;
}

int pcm_read(struct pcm *pcm, float *const planes[], int count, struct spn_error *err)
{
    int done = 0, ret;

    if ((ret = skip(pcm, err)) < 0)
        return ret;
    while (done < count) {
        float *rest[CHANNELS];

        for (int i = 0; i < pcm->channels; i++)
            rest[i] = planes[i] + done;
        if (pcm->silence > 0 || pcm->ended) {
            int quiet = count - done;

            if (pcm->silence > 0 && pcm->silence < quiet)
                quiet = (int)pcm->silence;
            for (int i = 0; i < pcm->channels; i++)
                memset(rest[i], 0, (size_t)quiet * sizeof(float));
            pcm->silence -= pcm->silence > 0 ? quiet : 0;
            done += quiet;
            continue;
        }
        if ((ret = some(pcm, rest, count - done, err)) < 0)
            return ret;
        pcm->ended = ret == 0;
        done += ret;
    }
    return SPN_OK;
}

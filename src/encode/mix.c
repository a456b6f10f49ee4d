/* mix.c - the sound of a composition as samples. */
#include "mix.h"

#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* A clip takes part until its fade is over; a frame is 800 samples or more. */
#define VOICES 4

struct voice {
    struct pcm *pcm; /* NULL: free */
    size_t clip;
    int64_t at; /* the slot's sample that comes next */
};

struct mix {
    const struct spn_composition *composition;
    const struct spn_sound_clip *clips;
    int channels;
    mix_open *open;
    void *opaque;
    struct voice voices[VOICES];
    float one[MIX_CHANNELS][SPN_AAC_FRAME]; /* of one clip */
};

int mix_create(const struct spn_composition *composition, const struct spn_sound_clip *clips,
               int channels, mix_open *open, void *opaque, struct mix **out, struct spn_error *err)
{
    struct mix *mix = calloc(1, sizeof(*mix));

    *out = mix;
    if (!mix)
        return spn_error_set(err, SPN_ENOMEM, "no memory for sound");
    mix->composition = composition;
    mix->clips = clips;
    mix->channels = channels;
    mix->open = open;
    mix->opaque = opaque;
    return SPN_OK;
}

void mix_forget(struct mix *mix)
{
    for (size_t i = 0; i < VOICES; i++) {
        pcm_destroy(mix->voices[i].pcm);
        mix->voices[i].pcm = NULL;
    }
}

void mix_destroy(struct mix *mix)
{
    if (!mix)
        return;
    mix_forget(mix);
    free(mix);
}

/* The sample of the timeline that clip i begins at; of count, that it all ends at. */
static int64_t join_sample(const struct mix *mix, size_t i)
{
    struct spn_rate rate = mix->composition->rate;
    int64_t sample = 0;

    (void)spn_rescale(mix->composition->start[i], (int64_t)rate.den * AUDIO_SAMPLE_RATE, rate.num,
                      SPN_NEAREST, &sample);
    return sample;
}

/* Samples of clip i that are heard at all, [from, to). The last one's sound goes on. */
static void clip_range(const struct mix *mix, size_t i, int64_t *from, int64_t *to)
{
    *from = i == 0 ? 0 : join_sample(mix, i) - MIX_FADE / 2;
    *to = i + 1 == mix->composition->count ? INT64_MAX : join_sample(mix, i + 1) + MIX_FADE / 2;
}

/* How loud clip i is at a sample of the timeline: what it has lost, its neighbour has. */
static float gain(const struct mix *mix, size_t i, int64_t sample)
{
    float value = 1;

    if (i > 0) {
        int64_t in = sample - (join_sample(mix, i) - MIX_FADE / 2);

        if (in < MIX_FADE)
            value *= ((float)in + 0.5f) / MIX_FADE;
    }
    if (i + 1 < mix->composition->count) {
        int64_t out = join_sample(mix, i + 1) + MIX_FADE / 2 - 1 - sample;

        if (out < MIX_FADE)
            value *= ((float)out + 0.5f) / MIX_FADE;
    }
    return value;
}

/* The voice of clip i, at sample at of the timeline. */
static int voice_take(struct mix *mix, size_t i, int64_t at, struct voice **out,
                      struct spn_error *err)
{
    struct voice *empty = NULL;

    for (size_t k = 0; k < VOICES; k++) {
        struct voice *voice = &mix->voices[k];

        if (voice->pcm && voice->clip == i && voice->at == at) {
            *out = voice;
            return SPN_OK;
        }
        if (voice->pcm && voice->at < at) { /* it was over where the slot before ended */
            pcm_destroy(voice->pcm);
            voice->pcm = NULL;
        }
        if (!voice->pcm)
            empty = voice;
    }
    if (!empty)
        return spn_error_set(err, SPN_ELIMIT, "more than %d clips sound at once", VOICES);
    empty->clip = i;
    empty->at = at;
    *out = empty;
    return mix->open(mix->opaque, i, at + mix->clips[i].samples, &empty->pcm, err);
}

/* Add what is heard of clip i in the slot. */
static int clip_add(struct mix *mix, size_t i, int64_t begin, float *const planes[],
                    struct spn_error *err)
{
    int64_t from, to, end = begin + SPN_AAC_FRAME;
    float *one[MIX_CHANNELS];
    struct voice *voice = NULL;
    int ret;

    clip_range(mix, i, &from, &to);
    from = from > begin ? from : begin;
    to = to < end ? to : end;
    if (from >= to)
        return SPN_OK;
    for (int c = 0; c < mix->channels; c++)
        one[c] = mix->one[c];
    if ((ret = voice_take(mix, i, from, &voice, err)) < 0 ||
        (ret = pcm_read(voice->pcm, one, (int)(to - from), err)) < 0)
        return ret;
    voice->at = to;
    for (int64_t s = from; s < to; s++) {
        float loud = gain(mix, i, s);

        for (int c = 0; c < mix->channels; c++)
            planes[c][s - begin] += loud * one[c][s - from];
    }
    if (to < end) { /* it is over */
        pcm_destroy(voice->pcm);
        voice->pcm = NULL;
    }
    return SPN_OK;
}

/* The first clip that is still heard at a sample. */
static size_t clip_find(const struct mix *mix, int64_t sample)
{
    size_t low = 0, high = mix->composition->count - 1;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int64_t from, to;

        clip_range(mix, middle, &from, &to);
        if (to > sample)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

int mix_slot(struct mix *mix, int64_t slot, float *const planes[], struct spn_error *err)
{
    int64_t begin = slot * SPN_AAC_FRAME;
    int ret;

    for (int c = 0; c < mix->channels; c++)
        memset(planes[c], 0, SPN_AAC_FRAME * sizeof(float));
    for (size_t i = clip_find(mix, begin); i < mix->composition->count; i++) {
        int64_t from, to;

        clip_range(mix, i, &from, &to);
        if (from >= begin + SPN_AAC_FRAME)
            break;
        if ((ret = clip_add(mix, i, begin, planes, err)) < 0)
            return ret;
    }
    return SPN_OK;
}

/* op_audio.c - a whole audio rendition: fragment k begins at the AAC frame nearest to GOP k. */
#include "media.h"

#include <stdlib.h>

#include "../source/sound.h"
#include "asset.h"
#include "audio_encoder.h"
#include "member.h"
#include "piece.h"
#include "protocol.h"

#define BEAT_MS 500

struct audio {
    struct asset asset;
    struct sound *sound;
    struct audio_encoder *encoder;
    struct piece piece;
    int64_t packets, done;   /* of the track */
    int64_t fragment;        /* the one being gathered, from 0 */
    int64_t begin, end;      /* its packets, [begin, end) */
    struct spn_buffer bytes; /* of the packets gathered */
    struct spn_sample samples[SPN_SAMPLES_MAX];
    size_t offsets[SPN_SAMPLES_MAX];
    size_t count;
    struct beat beat;
};

/* The first packet of fragment k; the last fragment ends where the track does. */
static int64_t fragment_begin(const struct audio *audio, int64_t k)
{
    const struct plan *plan = &audio->asset.plan;

    if (k * plan->gop >= plan->frames)
        return audio->packets;
    return spn_audio_frame_at(k * plan->gop, plan->rate, AUDIO_SAMPLE_RATE);
}

static int audio_open(struct audio *audio, const json_t *request, struct spn_error *err)
{
    const struct plan *plan = &audio->asset.plan;
    const struct sound_format *format;
    struct audio_setup setup;
    int64_t number, fd;
    int ret;

    if ((ret = asset_open(&audio->asset, request, err)) < 0 ||
        (ret = member_int(request, "the request", "audio", 0, (int64_t)plan->audio_count - 1,
                          &number, err)) < 0 ||
        (ret = member_int(request, "the request", "output_fd", 0, 1 << 20, &fd, err)) < 0 ||
        (ret = sound_create(audio->asset.source, audio->asset.index, &audio->asset.conform,
                            plan->audio[number].stream, &audio->sound, err)) < 0)
        return ret;
    audio->packets = spn_audio_frame_at(plan->frames, plan->rate, AUDIO_SAMPLE_RATE);
    audio->end = fragment_begin(audio, 1);
    format = sound_format(audio->sound);
    setup = (struct audio_setup){
        .sample_rate = format->sample_rate,
        .format = format->format,
        .layout = &format->layout,
        .channels = plan->audio[number].channels,
        .bitrate = plan->audio[number].bitrate,
        .language = plan->audio[number].language,
        .packets = audio->packets,
    };
    if ((ret = audio_encoder_create(&setup, &audio->encoder, err)) < 0)
        return ret;
    return piece_init(&audio->piece, (int)fd, audio_encoder_info(audio->encoder), err);
}

static void audio_close(struct audio *audio)
{
    piece_finish(&audio->piece);
    spn_buffer_finish(&audio->bytes);
    audio_encoder_destroy(audio->encoder);
    sound_destroy(audio->sound);
    asset_close(&audio->asset);
}

static int fragment_write(struct audio *audio, struct spn_error *err)
{
    int ret;

    if (spn_buffer_failed(&audio->bytes))
        return spn_error_set(err, SPN_ENOMEM, "no memory for a fragment");
    for (size_t i = 0; i < audio->count; i++)
        audio->samples[i].data = audio->bytes.data + audio->offsets[i];
    ret = piece_append(&audio->piece, (uint32_t)(audio->fragment + 1),
                       (uint64_t)audio->begin * SPN_AAC_FRAME, audio->samples, audio->count, err);
    audio->fragment++;
    audio->begin = audio->end;
    audio->end = fragment_begin(audio, audio->fragment + 1);
    audio->bytes.size = 0;
    audio->count = 0;
    return ret;
}

static int packets_gather(struct audio *audio, struct spn_error *err)
{
    struct audio_packet packet;
    int ret;

    while ((ret = audio_encoder_pull(audio->encoder, &packet, err)) > 0) {
        if (audio->count == SPN_SAMPLES_MAX)
            return spn_error_set(err, SPN_ELIMIT, "an audio fragment has more than %d packets",
                                 SPN_SAMPLES_MAX);
        audio->offsets[audio->count] = audio->bytes.size;
        audio->samples[audio->count++] =
            (struct spn_sample){ .size = (uint32_t)packet.size, .sync = 1 };
        spn_buffer_append(&audio->bytes, packet.data, packet.size);
        if (++audio->done == audio->end && (ret = fragment_write(audio, err)) < 0)
            return ret;
    }
    if (beat_due(&audio->beat, BEAT_MS))
        answer_progress(audio->done, audio->packets, "packets");
    return ret;
}

static int audio_encode(struct audio *audio, struct spn_error *err)
{
    const AVFrame *frame;
    int ret;

    while ((ret = sound_pull(audio->sound, &frame, err)) > 0)
        if ((ret = audio_encoder_push(audio->encoder, frame, err)) < 0 ||
            (ret = packets_gather(audio, err)) < 0)
            return ret;
    if (ret < 0 || (ret = audio_encoder_push(audio->encoder, NULL, err)) < 0 ||
        (ret = packets_gather(audio, err)) < 0)
        return ret;
    if (audio->done != audio->packets || audio->count)
        return spn_error_set(err, SPN_EIO, "%lld packets came of %lld that the track has",
                             (long long)audio->done, (long long)audio->packets);
    return SPN_OK;
}

static json_t *counts_write(const struct sound *sound)
{
    struct sound_counts counts = sound_counts(sound);

    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "cut_before", (json_int_t)counts.cut_before,
                     "silence_start", (json_int_t)counts.silence_start, "silence_middle",
                     (json_int_t)counts.silence_middle, "silence_end",
                     (json_int_t)counts.silence_end, "overlap", (json_int_t)counts.overlap, "holes",
                     (json_int_t)counts.holes, "damaged", (json_int_t)counts.damaged);
}

int op_audio(const struct media *media, json_t **result, struct spn_error *err)
{
    struct audio *audio = calloc(1, sizeof(*audio));
    int ret;

    if (!audio)
        return spn_error_set(err, SPN_ENOMEM, "no memory for sound");
    if ((ret = audio_open(audio, media->request, err)) == SPN_OK &&
        (ret = audio_encode(audio, err)) == SPN_OK) {
        char hex[SPN_HASH_HEX + 1];
        struct spn_hash hash;

        piece_hash(&audio->piece, &hash);
        spn_hash_hex(&hash, hex);
        *result = json_pack("{s:I,s:I,s:I,s:s,s:o}", "packets", (json_int_t)audio->packets,
                            "samples", (json_int_t)audio->packets * SPN_AAC_FRAME, "bytes",
                            (json_int_t)audio->piece.bytes, "sha256", hex, "sound",
                            counts_write(audio->sound));
        if (!*result)
            ret = spn_error_set(err, SPN_ENOMEM, "no memory for the answer");
    }
    audio_close(audio);
    free(audio);
    return ret;
}

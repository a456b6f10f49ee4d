/* whole_sound.c - slot after slot into one encoder, fragment after fragment out of it. */
#include "whole_sound.h"

#include <stdlib.h>

#include "plan.h"
#include "sampan/buffer.h"

struct writing {
    const struct whole_sound *whole;
    struct audio_encoder *encoder;
    struct piece *piece;
    AVFrame *frame; /* one slot */
    struct spn_buffer bytes;
    struct spn_sample samples[SPN_SAMPLES_MAX];
    size_t offsets[SPN_SAMPLES_MAX]; /* of samples in bytes */
    size_t count;
    int64_t done;     /* packets */
    uint32_t current; /* fragment */
    int64_t begin, length;
};

static void fragment_begin(struct writing *writing)
{
    const struct spn_sound_span *span = writing->whole->span;

    if (writing->current < span->fragments)
        spn_bridge_fragment(span->slots, (uint32_t)span->fragments, writing->current,
                            &writing->begin, &writing->length);
}

static int frame_make(struct writing *writing, struct spn_error *err)
{
    AVFrame *frame = writing->frame = av_frame_alloc();

    if (!frame)
        return spn_error_set(err, SPN_ENOMEM, "no memory for sound");
    frame->format = AV_SAMPLE_FMT_FLTP;
    frame->sample_rate = AUDIO_SAMPLE_RATE;
    frame->nb_samples = SPN_AAC_FRAME;
    av_channel_layout_default(&frame->ch_layout, writing->whole->encoder.channels);
    return av_frame_get_buffer(frame, 0) < 0 ? spn_error_set(err, SPN_ENOMEM, "no memory for sound")
                                             : SPN_OK;
}

static int writing_begin(struct writing *writing, int fd, struct spn_error *err)
{
    struct audio_setup setup = writing->whole->encoder;
    struct spn_hash compat;
    int ret;

    setup.packets = writing->whole->span->slots;
    if ((ret = audio_encoder_create(&setup, &writing->encoder, err)) < 0 ||
        (ret = frame_make(writing, err)) < 0 ||
        (ret = spn_compat_id(audio_encoder_info(writing->encoder), &compat, err)) < 0)
        return ret;
    if (!spn_hash_equal(&compat, writing->whole->compat))
        return spn_error_set(err, SPN_EMISMATCH,
                             "sound of %d channels would not be decoded like the rendition that it "
                             "is for",
                             setup.channels);
    fragment_begin(writing);
    return piece_init(writing->piece, fd, audio_encoder_info(writing->encoder), err);
}

static int fragment_write(struct writing *writing, struct spn_error *err)
{
    int ret;

    if (spn_buffer_failed(&writing->bytes))
        return spn_error_set(err, SPN_ENOMEM, "no memory for a fragment");
    for (size_t i = 0; i < writing->count; i++)
        writing->samples[i].data = writing->bytes.data + writing->offsets[i];
    ret =
        piece_append(writing->piece, writing->current + 1, (uint64_t)writing->begin * SPN_AAC_FRAME,
                     writing->samples, writing->count, err);
    writing->current++;
    writing->count = 0;
    writing->bytes.size = 0;
    fragment_begin(writing);
    return ret;
}

static int packets_gather(struct writing *writing, struct spn_error *err)
{
    const struct whole_sound *whole = writing->whole;
    struct audio_packet packet;
    int ret;

    while ((ret = audio_encoder_pull(writing->encoder, &packet, err)) > 0) {
        if (writing->count == SPN_SAMPLES_MAX)
            return spn_error_set(err, SPN_ELIMIT, "an audio fragment has more than %d packets",
                                 SPN_SAMPLES_MAX);
        writing->offsets[writing->count] = writing->bytes.size;
        writing->samples[writing->count++] =
            (struct spn_sample){ .size = (uint32_t)packet.size, .sync = 1 };
        spn_buffer_append(&writing->bytes, packet.data, packet.size);
        writing->done++;
        if ((int64_t)writing->count == writing->length && (ret = fragment_write(writing, err)) < 0)
            return ret;
    }
    whole->progress(whole->opaque, writing->done, whole->span->slots);
    return ret;
}

int whole_sound_write(const struct whole_sound *whole, int fd, struct piece *piece,
                      struct spn_error *err)
{
    struct writing *writing = calloc(1, sizeof(*writing));
    int64_t end = whole->span->first + whole->span->slots;
    int ret;

    if (!writing)
        return spn_error_set(err, SPN_ENOMEM, "no memory for sound");
    writing->whole = whole;
    writing->piece = piece;
    ret = writing_begin(writing, fd, err);
    /* the last packet's window reaches into the slot after it */
    for (int64_t slot = whole->span->first; ret >= 0 && slot <= end; slot++) {
        float *planes[MIX_CHANNELS];

        for (int c = 0; c < whole->encoder.channels; c++)
            planes[c] = (float *)writing->frame->extended_data[c];
        if ((ret = mix_slot(whole->mix, slot, planes, err)) >= 0 &&
            (ret = audio_encoder_push(writing->encoder, writing->frame, err)) >= 0)
            ret = packets_gather(writing, err);
    }
    if (ret >= 0 && (ret = audio_encoder_push(writing->encoder, NULL, err)) == SPN_OK)
        ret = packets_gather(writing, err);
    if (ret >= 0 && (writing->done != whole->span->slots || writing->count))
        ret = spn_error_set(err, SPN_EIO, "%lld packets came of %lld that the sound has",
                            (long long)writing->done, (long long)whole->span->slots);
    audio_encoder_destroy(writing->encoder);
    av_frame_free(&writing->frame);
    spn_buffer_finish(&writing->bytes);
    free(writing);
    return ret < 0 ? ret : SPN_OK;
}

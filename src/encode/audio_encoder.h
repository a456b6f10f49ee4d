/*
 * audio_encoder.h - sound of any kind in, AAC-LC packets at 48 kHz out, on the sample.
 *
 * Packet n holds samples [1024 n, 1024 (n + 1)) of the asset: the encoder's priming packet is
 * dropped. One thread at a time.
 */
#ifndef ENCODE_AUDIO_ENCODER_H
#define ENCODE_AUDIO_ENCODER_H

#include <stddef.h>
#include <stdint.h>

#include <libavutil/channel_layout.h>
#include <libavutil/frame.h>

#include "sampan/error.h"
#include "sampan/track.h"

struct audio_encoder;

struct audio_setup {
    int sample_rate; /* of what is pushed */
    int format;      /* enum AVSampleFormat of it */
    const AVChannelLayout *layout;
    int channels; /* to be made: 2, or 6 for 5.1 */
    int64_t bitrate;
    const char *language; /* BCP 47 */
    int64_t packets;      /* to be made, > 0: silence follows where the sound ends before */
};

struct audio_packet {
    const uint8_t *data; /* borrowed until the next pull */
    size_t size;         /* bytes */
};

/* *out goes to audio_encoder_destroy(). */
int audio_encoder_create(const struct audio_setup *setup, struct audio_encoder **out,
                         struct spn_error *err);
void audio_encoder_destroy(struct audio_encoder *encoder); /* NULL is allowed */
const struct spn_track_info *audio_encoder_info(const struct audio_encoder *encoder); /* borrowed */

/* The next samples; NULL ends. All packets must be pulled before the next push. */
int audio_encoder_push(struct audio_encoder *encoder, const AVFrame *frame, struct spn_error *err);
/* 1: the next packet; 0: push more, or, after setup.packets of them, the end. */
int audio_encoder_pull(struct audio_encoder *encoder, struct audio_packet *out,
                       struct spn_error *err);

#endif

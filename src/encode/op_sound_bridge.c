/*
 * op_sound_bridge.c - all stretches of bridge of one audio rendition of a composition, one after
 * the other in one file.
 */
#include "media.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "heard.h"
#include "member.h"
#include "piece.h"
#include "protocol.h"
#include "splice.h"
#include "whole_sound.h"

#define BEAT_MS 500

/*
 * What is encoded for a moment has no bits saved up, and is heard beside what was not: twice the
 * rate makes its loss disappear in that of the copies (measured: tests/unit/encode).
 */
#define RATE_TIMES 2

struct sound_bridge {
    struct heard heard;
    int64_t bitrate, fd;
    const char *language; /* of the rendition; borrowed from the request */
    struct piece piece;
    int64_t packets; /* in it */
    struct mix *mix;
    struct splice_counts counts;
    struct beat beat;
};

static int bridge_open(struct sound_bridge *bridge, const json_t *request, struct spn_error *err)
{
    const char *holder = "\"output\" of the request", *hex;
    json_t *output, *audio;
    int64_t channels;
    int ret;

    if ((ret = member_object(request, "the request", "output", &output, err)) < 0 ||
        (ret = member_int(output, holder, "fd", 0, 1 << 20, &bridge->fd, err)) < 0 ||
        (ret = member_text(output, holder, "compat_id", &hex, err)) < 0 ||
        (ret = member_object(output, holder, "audio", &audio, err)) < 0 ||
        (ret = member_int(audio, holder, "bitrate", 32000, 1000000, &bridge->bitrate, err)) < 0 ||
        (ret = member_int(audio, holder, "channels", 1, MIX_CHANNELS, &channels, err)) < 0 ||
        (ret = member_text(audio, holder, "language", &bridge->language, err)) < 0)
        return ret;
    bridge->heard.channels = (int)channels;
    return heard_open(&bridge->heard, request, "sound", hex, err);
}

static void bridge_close(struct sound_bridge *bridge)
{
    mix_destroy(bridge->mix);
    piece_finish(&bridge->piece);
    heard_close(&bridge->heard);
}

/* The fragments of a span that was put together, after those of the span before. */
static int span_write(struct sound_bridge *bridge, const struct spn_sound_span *span,
                      const struct splice *splice, struct spn_error *err)
{
    struct spn_sample *samples = calloc(SPN_SAMPLES_MAX, sizeof(*samples));
    int ret = SPN_OK;

    if (!samples)
        return spn_error_set(err, SPN_ENOMEM, "no memory for a fragment");
    for (int64_t k = 0; k < span->fragments && ret == SPN_OK; k++) {
        int64_t first, length;

        spn_bridge_fragment(span->slots, (uint32_t)span->fragments, (uint32_t)k, &first, &length);
        if (length > SPN_SAMPLES_MAX) {
            ret = spn_error_set(err, SPN_ELIMIT, "an audio fragment has more than %d packets",
                                SPN_SAMPLES_MAX);
            break;
        }
        for (int64_t i = 0; i < length; i++)
            samples[i] = (struct spn_sample){ .data = splice->slots[first + i].data,
                                              .size = (uint32_t)splice->slots[first + i].size,
                                              .sync = 1 };
        ret = piece_append(&bridge->piece, bridge->piece.fragments + 1,
                           (uint64_t)bridge->packets * SPN_AAC_FRAME, samples, (size_t)length, err);
        bridge->packets += length;
    }
    free(samples);
    return ret;
}

/* The encoder is that of the renditions, fed with what its resampler would give. */
static struct audio_setup encoder_setup(const struct sound_bridge *bridge, int64_t bitrate,
                                        const AVChannelLayout *layout)
{
    return (struct audio_setup){ .sample_rate = AUDIO_SAMPLE_RATE,
                                 .format = AV_SAMPLE_FMT_FLTP,
                                 .layout = layout,
                                 .channels = bridge->heard.channels,
                                 .bitrate = bitrate,
                                 .language = bridge->language };
}

/* Header and decoder are those of the first clip whose packets are copied; count: there is none. */
static size_t clip_copied(const struct heard *heard)
{
    size_t i = 0;

    while (i < heard->composition->count &&
           heard_encoded(heard, heard->composition->clips[i].asset))
        i++;
    return i;
}

static int span_make(struct sound_bridge *bridge, const struct spn_sound_span *span,
                     const AVChannelLayout *layout, struct spn_error *err)
{
    struct splice_setup setup = {
        .composition = bridge->heard.composition,
        .clips = bridge->heard.clips,
        .mix = bridge->mix,
        .encoder = encoder_setup(bridge, RATE_TIMES * bridge->bitrate, layout),
        .track = heard_track,
        .opaque = &bridge->heard,
    };
    struct splice splice = { 0 };
    struct heard_asset *asset;
    int ret;

    if (!bridge->packets &&
        ((ret = heard_clip(&bridge->heard, clip_copied(&bridge->heard), &asset, err)) < 0 ||
         (ret = piece_init(&bridge->piece, (int)bridge->fd, spn_track_info(asset->track.track),
                           err)) < 0))
        return ret;
    if ((ret = splice_make(&setup, span, &splice, err)) == SPN_OK)
        ret = span_write(bridge, span, &splice, err);
    bridge->counts.copied += splice.counts.copied;
    bridge->counts.encoded += splice.counts.encoded;
    bridge->counts.moved += splice.counts.moved;
    bridge->counts.unmatched += splice.counts.unmatched;
    splice_finish(&splice);
    return ret;
}

static void whole_progress(void *opaque, int64_t done, int64_t total)
{
    struct sound_bridge *bridge = opaque;

    if (beat_due(&bridge->beat, BEAT_MS))
        answer_progress(done, total, "packets");
}

/* Is every asset's sound what it was delivered as? */
static int sources_there(const struct heard *heard)
{
    for (size_t i = 0; i < heard->count; i++)
        if (!json_object_get(heard->assets[i].json, "source"))
            return 0;
    return 1;
}

/*
 * Nothing is copied: one span, encoded as a track is. What is a rendition's already would lose as
 * much once more: not at twice its rate.
 */
static int whole_make(struct sound_bridge *bridge, const AVChannelLayout *layout,
                      struct spn_error *err)
{
    int times = sources_there(&bridge->heard) ? 1 : RATE_TIMES;
    struct whole_sound whole = {
        .mix = bridge->mix,
        .encoder = encoder_setup(bridge, times * bridge->bitrate, layout),
        .compat = &bridge->heard.compat,
        .span = &bridge->heard.spans[0],
        .progress = whole_progress,
        .opaque = bridge,
    };
    int ret;

    if (bridge->heard.span_count != 1)
        return spn_error_set(err, SPN_EINVAL, "the composition is too short to have sound");
    ret = whole_sound_write(&whole, (int)bridge->fd, &bridge->piece, err);
    if (ret == SPN_OK)
        bridge->packets = bridge->counts.encoded = whole.span->slots;
    return ret;
}

static int spans_make(struct sound_bridge *bridge, struct spn_error *err)
{
    AVChannelLayout layout = { 0 };
    int ret;

    av_channel_layout_default(&layout, bridge->heard.channels);
    if ((ret = mix_create(bridge->heard.composition, bridge->heard.clips, bridge->heard.channels,
                          heard_samples, &bridge->heard, &bridge->mix, err)) < 0)
        return ret;
    if (clip_copied(&bridge->heard) == bridge->heard.composition->count)
        return whole_make(bridge, &layout, err);
    for (size_t i = 0; i < bridge->heard.span_count; i++) {
        if (bridge->heard.spans[i].kind != SPN_BRIDGE)
            continue;
        if ((ret = span_make(bridge, &bridge->heard.spans[i], &layout, err)) < 0)
            return ret;
        if (beat_due(&bridge->beat, BEAT_MS))
            answer_progress((int64_t)i + 1, (int64_t)bridge->heard.span_count, "stretches");
    }
    if (!bridge->packets)
        return spn_error_set(err, SPN_EINVAL, "the sound of the composition has no bridge");
    return SPN_OK;
}

int op_sound_bridge(const struct media *media, json_t **result, struct spn_error *err)
{
    struct sound_bridge bridge = { 0 };
    int ret;

    if ((ret = bridge_open(&bridge, media->request, err)) == SPN_OK &&
        (ret = spans_make(&bridge, err)) == SPN_OK) {
        char hex[SPN_HASH_HEX + 1];
        struct spn_hash hash;

        piece_hash(&bridge.piece, &hash);
        spn_hash_hex(&hash, hex);
        *result = json_pack("{s:I,s:I,s:I,s:{s:I,s:I},s:I,s:I,s:s}", "packets",
                            (json_int_t)bridge.packets, "copied", (json_int_t)bridge.counts.copied,
                            "encoded", (json_int_t)bridge.counts.encoded, "seams", "moved",
                            (json_int_t)bridge.counts.moved, "unmatched",
                            (json_int_t)bridge.counts.unmatched, "fragments",
                            (json_int_t)bridge.piece.fragments, "bytes",
                            (json_int_t)bridge.piece.bytes, "sha256", hex);
        if (!*result)
            ret = spn_error_set(err, SPN_ENOMEM, "no memory for the answer");
    }
    bridge_close(&bridge);
    return ret;
}

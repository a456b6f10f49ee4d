/*
 * op_sound_bridge.c - all stretches of bridge of one audio rendition of a composition, one after
 * the other in one file.
 */
#include "media.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "asset.h"
#include "member.h"
#include "piece.h"
#include "protocol.h"
#include "splice.h"

#define BEAT_MS 500

/*
 * What is encoded for a moment has no bits saved up, and is heard beside what was not: twice the
 * rate makes its loss disappear in that of the copies (measured: tests/unit/encode).
 */
#define RATE_TIMES 2

/* An asset; it is opened when it is heard. */
struct heard {
    const json_t *json; /* borrowed from the request */
    int opened, has_source;
    struct asset asset;
    const struct plan_audio *audio; /* of its plan */
    struct mapped track;
};

struct sound_bridge {
    struct spn_composition *composition;
    struct spn_sound_clip *clips;
    struct spn_sound_span *spans;
    size_t span_count;
    struct heard *heard;
    size_t heard_count;
    int64_t bitrate, fd;
    struct piece piece;
    int64_t packets; /* in it */
    struct spn_hash compat;
    struct mix *mix;
    struct splice_counts counts;
    struct beat beat;
};

static int assets_read(struct sound_bridge *bridge, const json_t *request, struct spn_rate rate,
                       struct spn_clip_asset **out, struct spn_error *err)
{
    json_t *assets, *object;
    size_t index;
    int ret;

    if ((ret = member_array(request, "the request", "assets", SPN_CLIPS_MAX, &assets, err)) < 0)
        return ret;
    bridge->heard_count = json_array_size(assets);
    bridge->heard = calloc(bridge->heard_count + 1, sizeof(*bridge->heard));
    *out = calloc(bridge->heard_count + 1, sizeof(**out));
    if (!bridge->heard || !*out)
        return spn_error_set(err, SPN_ENOMEM, "no memory for assets");
    json_array_foreach(assets, index, object)
    {
        bridge->heard[index].json = object;
        (*out)[index].rate = rate;
        (*out)[index].name.bytes[0] = 1;
        if ((ret = member_int(object, "an asset of the request", "frames", 1, SPN_FRAMES_MAX,
                              &(*out)[index].frames, err)) < 0)
            return ret;
    }
    return SPN_OK;
}

static int clip_read(const json_t *json, struct spn_clip *out, struct spn_error *err)
{
    const char *holder = "a clip of the request";
    int64_t asset;
    int ret;

    if ((ret = member_int(json, holder, "asset", 0, SPN_CLIPS_MAX, &asset, err)) < 0 ||
        (ret = member_int(json, holder, "in", 0, SPN_FRAMES_MAX, &out->in, err)) < 0 ||
        (ret = member_int(json, holder, "out", 0, SPN_FRAMES_MAX, &out->out, err)) < 0)
        return ret;
    out->asset = (uint32_t)asset;
    return SPN_OK;
}

static int composition_read(struct sound_bridge *bridge, const json_t *request,
                            struct spn_error *err)
{
    struct spn_clip_asset *assets = NULL;
    struct spn_clip *clips = NULL;
    json_t *object, *list, *one;
    struct spn_rate rate;
    size_t index;
    int ret;

    if ((ret = member_object(request, "the request", "sound", &object, err)) < 0 ||
        (ret = member_rate(object, "\"sound\" of the request", "rate", &rate, err)) < 0 ||
        (ret = member_array(request, "the request", "clips", SPN_CLIPS_MAX, &list, err)) < 0 ||
        (ret = assets_read(bridge, request, rate, &assets, err)) < 0)
        goto done;
    clips = calloc(json_array_size(list) + 1, sizeof(*clips));
    if (!clips)
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for clips");
    json_array_foreach(list, index, one)
    {
        if (ret == SPN_OK)
            ret = clip_read(one, &clips[index], err);
    }
    if (ret < 0 ||
        (ret = spn_composition_make(rate, assets, bridge->heard_count, clips, json_array_size(list),
                                    NULL, NULL, &bridge->composition, err)) < 0)
        goto done;
    if (bridge->composition->count != json_array_size(list))
        ret = spn_error_set(err, SPN_EINVAL,
                            "clips of the request continue each other: they are one clip");
    else if ((ret = spn_sound_clips(bridge->composition, AUDIO_SAMPLE_RATE, &bridge->clips, err)) ==
             SPN_OK)
        ret = spn_sound_spans(bridge->composition, AUDIO_SAMPLE_RATE, bridge->clips, &bridge->spans,
                              &bridge->span_count, err);
done:
    free(assets);
    free(clips);
    return ret;
}

static int track_check(struct sound_bridge *bridge, const struct heard *heard,
                       struct spn_error *err)
{
    const struct spn_track_info *info = spn_track_info(heard->track.track);
    struct spn_hash compat;
    int ret;

    if (info->media != SPN_AUDIO || info->codec != SPN_AAC)
        return spn_error_set(err, SPN_EINVAL, "a track of the request is not AAC");
    if ((ret = spn_compat_id(info, &compat, err)) < 0)
        return ret;
    if (!spn_hash_equal(&compat, &bridge->compat))
        return spn_error_set(err, SPN_EMISMATCH,
                             "a track of the request is decoded otherwise than the composition's");
    return SPN_OK;
}

/* The asset of clip i, open. */
static int heard_open(struct sound_bridge *bridge, size_t clip, struct heard **out,
                      struct spn_error *err)
{
    struct heard *heard = &bridge->heard[bridge->composition->clips[clip].asset];
    const char *holder = "an asset of the request", *name;
    json_t *track;
    int64_t fd, number;
    int ret;

    *out = heard;
    if (heard->opened)
        return SPN_OK;
    heard->opened = 1;
    if ((ret = member_object(heard->json, holder, "track", &track, err)) < 0 ||
        (ret = member_int(track, holder, "fd", 0, 1 << 20, &fd, err)) < 0 ||
        (ret = member_text(track, holder, "name", &name, err)) < 0 ||
        (ret = mapped_open((int)fd, name, &heard->track, err)) < 0 ||
        (ret = track_check(bridge, heard, err)) < 0)
        return ret;
    if (!json_object_get(heard->json, "source"))
        return SPN_OK;
    heard->has_source = 1;
    if ((ret = asset_open(&heard->asset, heard->json, err)) < 0 ||
        (ret = member_int(heard->json, holder, "audio", 0,
                          (int64_t)heard->asset.plan.audio_count - 1, &number, err)) < 0)
        return ret;
    heard->audio = &heard->asset.plan.audio[number];
    if (!spn_rate_equal(heard->asset.conform.rate, bridge->composition->rate) ||
        (uint32_t)heard->audio->channels != spn_track_info(heard->track.track)->channels)
        return spn_error_set(err, SPN_EMISMATCH,
                             "an asset of the request is not what its track was made of");
    return SPN_OK;
}

static int track_find(void *opaque, size_t clip, struct mapped **out, struct spn_error *err)
{
    struct heard *heard;
    int ret = heard_open(opaque, clip, &heard, err);

    *out = &heard->track;
    return ret;
}

static int samples_open(void *opaque, size_t clip, int64_t from, struct pcm **out,
                        struct spn_error *err)
{
    struct heard *heard;
    int ret = heard_open(opaque, clip, &heard, err);

    if (ret < 0)
        return ret;
    return heard->has_source ? pcm_create(&heard->asset, heard->audio, from, out, err)
                             : pcm_create_track(&heard->track, from, out, err);
}

static int output_read(struct sound_bridge *bridge, const json_t *request, struct spn_error *err)
{
    const char *holder = "\"output\" of the request", *hex;
    json_t *output, *audio;
    int ret;

    if ((ret = member_object(request, "the request", "output", &output, err)) < 0 ||
        (ret = member_int(output, holder, "fd", 0, 1 << 20, &bridge->fd, err)) < 0 ||
        (ret = member_text(output, holder, "compat_id", &hex, err)) < 0 ||
        (ret = member_object(output, holder, "audio", &audio, err)) < 0 ||
        (ret = member_int(audio, holder, "bitrate", 32000, 1000000, &bridge->bitrate, err)) < 0)
        return ret;
    if (spn_hash_parse(hex, strlen(hex), &bridge->compat) < 0)
        return spn_error_set(err, SPN_EINVAL, "\"compat_id\" of %s is no SHA-256", holder);
    return SPN_OK;
}

static int bridge_open(struct sound_bridge *bridge, const json_t *request, struct spn_error *err)
{
    int ret = output_read(bridge, request, err);

    return ret < 0 ? ret : composition_read(bridge, request, err);
}

static void bridge_close(struct sound_bridge *bridge)
{
    mix_destroy(bridge->mix);
    piece_finish(&bridge->piece);
    for (size_t i = 0; bridge->heard && i < bridge->heard_count; i++) {
        asset_close(&bridge->heard[i].asset);
        mapped_close(&bridge->heard[i].track);
    }
    free(bridge->heard);
    free(bridge->clips);
    free(bridge->spans);
    spn_composition_free(bridge->composition);
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

/* The encoder is that of the renditions, at a higher rate, fed with what its resampler would give.
 */
static int setup_make(struct sound_bridge *bridge, size_t clip, struct splice_setup *out,
                      AVChannelLayout *layout, struct spn_error *err)
{
    const struct spn_track_info *info;
    struct heard *heard;
    int ret;

    if ((ret = heard_open(bridge, clip, &heard, err)) < 0)
        return ret;
    info = spn_track_info(heard->track.track);
    av_channel_layout_default(layout, (int)info->channels);
    if (!bridge->mix && (ret = mix_create(bridge->composition, bridge->clips, (int)info->channels,
                                          samples_open, bridge, &bridge->mix, err)) < 0)
        return ret;
    *out = (struct splice_setup){
        .composition = bridge->composition,
        .clips = bridge->clips,
        .mix = bridge->mix,
        .encoder = { .sample_rate = AUDIO_SAMPLE_RATE,
                     .format = AV_SAMPLE_FMT_FLTP,
                     .layout = layout,
                     .channels = (int)info->channels,
                     .bitrate = RATE_TIMES * bridge->bitrate,
                     .language = info->language },
        .track = track_find,
        .opaque = bridge,
    };
    return SPN_OK;
}

static int span_make(struct sound_bridge *bridge, const struct spn_sound_span *span,
                     struct spn_error *err)
{
    struct splice_setup setup = { 0 };
    struct splice splice = { 0 };
    AVChannelLayout layout = { 0 };
    struct heard *heard;
    int ret;

    if ((ret = setup_make(bridge, span->clip, &setup, &layout, err)) < 0 ||
        (ret = heard_open(bridge, span->clip, &heard, err)) < 0)
        return ret;
    if (!bridge->packets && (ret = piece_init(&bridge->piece, (int)bridge->fd,
                                              spn_track_info(heard->track.track), err)) < 0)
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

static int spans_make(struct sound_bridge *bridge, struct spn_error *err)
{
    int ret;

    for (size_t i = 0; i < bridge->span_count; i++) {
        if (bridge->spans[i].kind != SPN_BRIDGE)
            continue;
        if ((ret = span_make(bridge, &bridge->spans[i], err)) < 0)
            return ret;
        if (beat_due(&bridge->beat, BEAT_MS))
            answer_progress((int64_t)i + 1, (int64_t)bridge->span_count, "stretches");
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

/* op_sound_bridge.c - stretches of bridge of one audio rendition of a composition. */
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

/* An asset as far as it is heard in the bridges. */
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
    int64_t bitrate;
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

/* [asset, in, out] */
static int clip_read(const json_t *json, struct spn_clip *out, struct spn_error *err)
{
    json_int_t asset = json_integer_value(json_array_get(json, 0));

    if (json_array_size(json) != 3 || !json_is_integer(json_array_get(json, 0)) ||
        !json_is_integer(json_array_get(json, 1)) || !json_is_integer(json_array_get(json, 2)) ||
        asset < 0 || asset > UINT32_MAX)
        return spn_error_set(err, SPN_EINVAL, "a clip of the request is not [asset, in, out]");
    out->asset = (uint32_t)asset;
    out->in = json_integer_value(json_array_get(json, 1));
    out->out = json_integer_value(json_array_get(json, 2));
    return SPN_OK;
}

static int composition_read(struct sound_bridge *bridge, const json_t *request,
                            struct spn_error *err)
{
    const char *holder = "\"composition\" of the request";
    struct spn_clip_asset *assets = NULL;
    struct spn_clip *clips = NULL;
    json_t *object, *list, *one;
    struct spn_rate rate;
    size_t index;
    int ret;

    if ((ret = member_object(request, "the request", "composition", &object, err)) < 0 ||
        (ret = member_rate(object, holder, "rate", &rate, err)) < 0 ||
        (ret = member_array(object, holder, "clips", SPN_CLIPS_MAX, &list, err)) < 0 ||
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
        ret = spn_error_set(err, SPN_EINVAL, "clips of %s continue each other: they are one clip",
                            holder);
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

static int bridge_open(struct sound_bridge *bridge, const json_t *request, struct spn_error *err)
{
    const char *hex;
    int ret;

    if ((ret = member_text(request, "the request", "compat_id", &hex, err)) < 0 ||
        (ret = member_int(request, "the request", "bitrate", 32000, 1000000, &bridge->bitrate,
                          err)) < 0)
        return ret;
    if (spn_hash_parse(hex, strlen(hex), &bridge->compat) < 0)
        return spn_error_set(err, SPN_EINVAL, "\"compat_id\" of the request is no SHA-256");
    return composition_read(bridge, request, err);
}

static void bridge_close(struct sound_bridge *bridge)
{
    mix_destroy(bridge->mix);
    for (size_t i = 0; bridge->heard && i < bridge->heard_count; i++) {
        asset_close(&bridge->heard[i].asset);
        mapped_close(&bridge->heard[i].track);
    }
    free(bridge->heard);
    free(bridge->clips);
    free(bridge->spans);
    spn_composition_free(bridge->composition);
}

/* The fragments of a span that was put together. */
static int piece_write(const struct spn_sound_span *span, const struct splice *splice,
                       int64_t sequence, struct piece *piece, struct spn_error *err)
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
        ret = piece_append(piece, (uint32_t)(sequence + k),
                           (uint64_t)(span->first + first) * SPN_AAC_FRAME, samples, (size_t)length,
                           err);
    }
    free(samples);
    return ret;
}

static json_t *piece_json(const struct spn_sound_span *span, const struct splice *splice,
                          const struct piece *piece)
{
    char hex[SPN_HASH_HEX + 1];
    struct spn_hash hash;

    piece_hash(piece, &hash);
    spn_hash_hex(&hash, hex);
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:s}", "first", (json_int_t)span->first, "packets",
                     (json_int_t)span->slots, "encoded", (json_int_t)splice->counts.encoded,
                     "bytes", (json_int_t)piece->bytes, "fragments", (json_int_t)piece->fragments,
                     "sha256", hex);
}

static const struct spn_sound_span *span_find(const struct sound_bridge *bridge, int64_t first)
{
    for (size_t i = 0; i < bridge->span_count; i++)
        if (bridge->spans[i].kind == SPN_BRIDGE && bridge->spans[i].first == first)
            return &bridge->spans[i];
    return NULL;
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

static int span_make(struct sound_bridge *bridge, const json_t *object, json_t *pieces,
                     struct spn_error *err)
{
    const char *holder = "a span of the request";
    const struct spn_sound_span *span;
    struct splice_setup setup = { 0 };
    struct splice splice = { 0 };
    struct piece piece = { 0 };
    AVChannelLayout layout = { 0 };
    int64_t first, sequence, fd;
    struct heard *heard;
    int ret;

    if ((ret = member_int(object, holder, "first", 0, INT64_MAX, &first, err)) < 0 ||
        (ret = member_int(object, holder, "sequence", 1, INT32_MAX, &sequence, err)) < 0 ||
        (ret = member_int(object, holder, "fd", 0, 1 << 20, &fd, err)) < 0)
        return ret;
    span = span_find(bridge, first);
    if (!span)
        return spn_error_set(err, SPN_ERANGE,
                             "no bridge of the composition's sound begins at packet %" PRId64,
                             first);
    if ((ret = setup_make(bridge, span->clip, &setup, &layout, err)) < 0 ||
        (ret = splice_make(&setup, span, &splice, err)) < 0 ||
        (ret = heard_open(bridge, span->clip, &heard, err)) < 0 ||
        (ret = piece_init(&piece, (int)fd, spn_track_info(heard->track.track), err)) < 0 ||
        (ret = piece_write(span, &splice, sequence, &piece, err)) < 0)
        goto done;
    if (json_array_append_new(pieces, piece_json(span, &splice, &piece)) < 0)
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for the answer");
    bridge->counts.copied += splice.counts.copied;
    bridge->counts.encoded += splice.counts.encoded;
    bridge->counts.moved += splice.counts.moved;
    bridge->counts.unmatched += splice.counts.unmatched;
done:
    piece_finish(&piece);
    splice_finish(&splice);
    return ret;
}

static int spans_make(struct sound_bridge *bridge, const json_t *request, json_t *pieces,
                      struct spn_error *err)
{
    json_t *spans, *object;
    size_t index;
    int ret;

    if ((ret = member_array(request, "the request", "spans", REQUEST_FDS_MAX, &spans, err)) < 0)
        return ret;
    json_array_foreach(spans, index, object)
    {
        if ((ret = span_make(bridge, object, pieces, err)) < 0)
            return ret;
        if (beat_due(&bridge->beat, BEAT_MS))
            answer_progress((int64_t)index + 1, (int64_t)json_array_size(spans), "joins");
    }
    return SPN_OK;
}

int op_sound_bridge(const struct media *media, json_t **result, struct spn_error *err)
{
    struct sound_bridge bridge = { 0 };
    json_t *pieces = json_array();
    int ret;

    if ((ret = bridge_open(&bridge, media->request, err)) == SPN_OK &&
        (ret = spans_make(&bridge, media->request, pieces, err)) == SPN_OK) {
        *result = json_pack("{s:I,s:I,s:{s:I,s:I},s:O}", "copied", (json_int_t)bridge.counts.copied,
                            "encoded", (json_int_t)bridge.counts.encoded, "seams", "moved",
                            (json_int_t)bridge.counts.moved, "unmatched",
                            (json_int_t)bridge.counts.unmatched, "pieces", pieces);
        if (!*result)
            ret = spn_error_set(err, SPN_ENOMEM, "no memory for the answer");
    }
    json_decref(pieces);
    bridge_close(&bridge);
    return ret;
}

/* heard.c - the sound of a composition's assets. */
#include "heard.h"

#include <stdlib.h>
#include <string.h>

#include "cut_request.h"
#include "member.h"

int heard_open(struct heard *heard, const json_t *request, const char *key, const char *compat_hex,
               struct spn_error *err)
{
    json_t *assets, *object;
    size_t index;
    int ret;

    if (spn_hash_parse(compat_hex, strlen(compat_hex), &heard->compat) < 0)
        return spn_error_set(err, SPN_EINVAL, "\"compat_id\" of the request is no SHA-256");
    if ((ret = cut_request_read(request, key, &heard->composition, err)) < 0 ||
        (ret = member_array(request, "the request", "assets", SPN_CLIPS_MAX, &assets, err)) < 0)
        return ret;
    heard->count = json_array_size(assets);
    heard->assets = calloc(heard->count + 1, sizeof(*heard->assets));
    if (!heard->assets)
        return spn_error_set(err, SPN_ENOMEM, "no memory for assets");
    json_array_foreach(assets, index, object)
    {
        heard->assets[index].json = object;
    }
    if ((ret = spn_sound_clips(heard->composition, AUDIO_SAMPLE_RATE, &heard->clips, err)) < 0)
        return ret;
    return spn_sound_spans(heard->composition, AUDIO_SAMPLE_RATE, heard->clips, &heard->spans,
                           &heard->span_count, err);
}

void heard_close(struct heard *heard)
{
    for (size_t i = 0; heard->assets && i < heard->count; i++) {
        asset_close(&heard->assets[i].asset);
        mapped_close(&heard->assets[i].track);
    }
    free(heard->assets);
    free(heard->clips);
    free(heard->spans);
    spn_composition_free(heard->composition);
}

int heard_encoded(const struct heard *heard, size_t asset)
{
    return !!(heard->composition->assets[asset].encode & SPN_ENCODE_SOUND);
}

static int track_check(const struct heard *heard, const struct heard_asset *asset,
                       struct spn_error *err)
{
    const struct spn_track_info *info = spn_track_info(asset->track.track);
    struct spn_hash compat;
    int ret;

    if (info->media != SPN_AUDIO || info->codec != SPN_AAC)
        return spn_error_set(err, SPN_EINVAL, "a track of the request is not AAC");
    if (heard_encoded(heard, (size_t)(asset - heard->assets)))
        return SPN_OK;
    if ((ret = spn_compat_id(info, &compat, err)) < 0)
        return ret;
    if (!spn_hash_equal(&compat, &heard->compat))
        return spn_error_set(err, SPN_EMISMATCH,
                             "a track of the request is decoded otherwise than the composition's");
    return SPN_OK;
}

int heard_clip(struct heard *heard, size_t clip, struct heard_asset **out, struct spn_error *err)
{
    struct heard_asset *asset = &heard->assets[heard->composition->clips[clip].asset];
    const char *holder = "an asset of the request", *name;
    json_t *track;
    int64_t fd, number;
    int ret;

    *out = asset;
    if (asset->opened)
        return SPN_OK;
    asset->opened = 1;
    if ((ret = member_object(asset->json, holder, "track", &track, err)) < 0 ||
        (ret = member_int(track, holder, "fd", 0, 1 << 20, &fd, err)) < 0 ||
        (ret = member_text(track, holder, "name", &name, err)) < 0 ||
        (ret = mapped_open((int)fd, name, &asset->track, err)) < 0 ||
        (ret = track_check(heard, asset, err)) < 0)
        return ret;
    if (!json_object_get(asset->json, "source"))
        return SPN_OK;
    asset->has_source = 1;
    if ((ret = asset_open(&asset->asset, asset->json, err)) < 0 ||
        (ret = member_int(asset->json, holder, "audio", 0,
                          (int64_t)asset->asset.plan.audio_count - 1, &number, err)) < 0)
        return ret;
    asset->audio = asset->asset.plan.audio[number];
    if (!spn_rate_equal(asset->asset.conform.rate, heard->composition->rate) ||
        (uint32_t)asset->audio.channels != spn_track_info(asset->track.track)->channels)
        return spn_error_set(err, SPN_EMISMATCH,
                             "an asset of the request is not what its track was made of");
    return SPN_OK;
}

int heard_track(void *opaque, size_t clip, struct mapped **out, struct spn_error *err)
{
    struct heard_asset *asset;
    int ret = heard_clip(opaque, clip, &asset, err);

    *out = &asset->track;
    return ret;
}

int heard_samples(void *opaque, size_t clip, int64_t from, struct pcm **out, struct spn_error *err)
{
    struct heard *heard = opaque;
    struct heard_asset *asset;
    struct plan_audio audio;
    int ret = heard_clip(heard, clip, &asset, err), channels;

    if (ret < 0)
        return ret;
    channels =
        heard->channels ? heard->channels : (int)spn_track_info(asset->track.track)->channels;
    if (!asset->has_source)
        return pcm_create_track(&asset->track, channels, from, out, err);
    audio = asset->audio;
    audio.channels = channels;
    return pcm_create(&asset->asset, &audio, from, out, err);
}

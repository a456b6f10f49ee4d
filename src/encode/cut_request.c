/* cut_request.c - a whole composition, as a request tells it. */
#include "cut_request.h"

#include <stdlib.h>

#include "member.h"

static int assets_read(const json_t *assets, struct spn_rate rate, struct spn_clip_asset *out,
                       struct spn_error *err)
{
    const json_t *object;
    size_t index;
    int ret;

    json_array_foreach(assets, index, object)
    {
        out[index].rate = rate;
        out[index].name.bytes[0] = 1;
        if (json_is_true(json_object_get(object, "encode")))
            out[index].encode = SPN_ENCODE_PICTURE | SPN_ENCODE_SOUND;
        if ((ret = member_int(object, "an asset of the request", "frames", 1, SPN_FRAMES_MAX,
                              &out[index].frames, err)) < 0)
            return ret;
    }
    return SPN_OK;
}

static int clips_read(const json_t *clips, struct spn_clip *out, struct spn_error *err)
{
    const char *holder = "a clip of the request";
    const json_t *object;
    int64_t asset;
    size_t index;
    int ret;

    json_array_foreach(clips, index, object)
    {
        if ((ret = member_int(object, holder, "asset", 0, SPN_CLIPS_MAX, &asset, err)) < 0 ||
            (ret = member_int(object, holder, "in", 0, SPN_FRAMES_MAX, &out[index].in, err)) < 0 ||
            (ret = member_int(object, holder, "out", 0, SPN_FRAMES_MAX, &out[index].out, err)) < 0)
            return ret;
        out[index].asset = (uint32_t)asset;
    }
    return SPN_OK;
}

int cut_request_read(const json_t *request, const char *key, struct spn_composition **out,
                     struct spn_error *err)
{
    struct spn_clip_asset *assets = NULL;
    struct spn_clip *clips = NULL;
    json_t *object, *asset_list, *clip_list;
    struct spn_rate rate;
    int ret;

    *out = NULL;
    if ((ret = member_object(request, "the request", key, &object, err)) < 0 ||
        (ret = member_rate(object, "the cut of the request", "rate", &rate, err)) < 0 ||
        (ret = member_array(request, "the request", "clips", SPN_CLIPS_MAX, &clip_list, err)) < 0 ||
        (ret = member_array(request, "the request", "assets", SPN_CLIPS_MAX, &asset_list, err)) < 0)
        return ret;
    assets = calloc(json_array_size(asset_list) + 1, sizeof(*assets));
    clips = calloc(json_array_size(clip_list) + 1, sizeof(*clips));
    if (!assets || !clips)
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for a cut");
    else if ((ret = assets_read(asset_list, rate, assets, err)) == SPN_OK &&
             (ret = clips_read(clip_list, clips, err)) == SPN_OK &&
             (ret = spn_composition_make(rate, assets, json_array_size(asset_list), clips,
                                         json_array_size(clip_list), NULL, NULL, out, err)) ==
                 SPN_OK &&
             (*out)->count != json_array_size(clip_list)) {
        spn_composition_free(*out);
        *out = NULL;
        ret = spn_error_set(err, SPN_EINVAL,
                            "clips of the request continue each other: they are one clip");
    }
    free(assets);
    free(clips);
    return ret;
}

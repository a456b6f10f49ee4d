/*
 * op_bridge.c - a stretch of bridge of a composition, every rung at once: the frames of parts of
 * assets, one after the other, through the filters that their chunks went through.
 */
#include "media.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lane.h"
#include "letterbox.h"
#include "member.h"
#include "pictures.h"
#include "protocol.h"
#include "rung.h"
#include "sampan/composition.h"

#define BEAT_MS 500 /* between two lines of progress */

/*
 * A short GOP costs quality at equal CRF, and what is decoded from a rendition has lost some
 * already. Measured over seven kinds of asset (tests/unit/encode/test_bridge.c): bridges have 0.1
 * to 0.7 dB more than the same frames of the asset, and 0.2 dB less where they come from a
 * rendition.
 */
#define FINER           2
#define FINER_RENDITION 4

struct part {
    size_t asset;
    int64_t from, to; /* frames of it */
};

struct bridge {
    struct spn_rate rate;
    uint32_t gop;
    int64_t start, sequence, frames;
    json_t *assets; /* borrowed from the request */
    struct album *albums;
    size_t album_count;
    struct part *parts;
    size_t part_count;
    int finer;
    struct shape shape; /* of the first rung, and so of all */
    struct rung_maker *rungs[LADDER_RUNGS_MAX];
    struct lane *lanes[LADDER_RUNGS_MAX];
    const char *ids[LADDER_RUNGS_MAX]; /* borrowed from the request */
    struct spn_hash compat[LADDER_RUNGS_MAX];
    int crf[LADDER_RUNGS_MAX];
    size_t rung_count;
    struct beat beat;
    int64_t pushed, decoded; /* frames */
};

static int place_read(struct bridge *bridge, const json_t *request, struct spn_error *err)
{
    const char *holder = "\"bridge\" of the request";
    int64_t gop;
    json_t *object;
    int ret;

    if ((ret = member_object(request, "the request", "bridge", &object, err)) < 0 ||
        (ret = member_rate(object, holder, "rate", &bridge->rate, err)) < 0 ||
        (ret = member_int(object, holder, "gop", 1, 2 * SPN_RATE_MAX, &gop, err)) < 0 ||
        (ret = member_int(object, holder, "start", 0, SPN_FRAMES_MAX, &bridge->start, err)) < 0 ||
        (ret = member_int(object, holder, "sequence", 1, INT32_MAX, &bridge->sequence, err)) < 0)
        return ret;
    bridge->gop = (uint32_t)gop;
    if (bridge->gop != spn_rate_gop(bridge->rate))
        return spn_error_set(err, SPN_EMISMATCH,
                             "at this rate a GOP has %" PRIu32 " frames, and not %" PRId64,
                             spn_rate_gop(bridge->rate), gop);
    return SPN_OK;
}

static int parts_read(struct bridge *bridge, const json_t *request, struct spn_error *err)
{
    const char *holder = "a part of the request";
    json_t *parts, *object;
    int64_t asset;
    size_t index;
    int ret;

    if ((ret = member_array(request, "the request", "assets", SPN_CLIPS_MAX, &bridge->assets,
                            err)) < 0 ||
        (ret = member_array(request, "the request", "parts", SPN_CLIPS_MAX, &parts, err)) < 0)
        return ret;
    bridge->album_count = json_array_size(bridge->assets);
    bridge->albums = calloc(bridge->album_count + 1, sizeof(*bridge->albums));
    bridge->parts = calloc(json_array_size(parts) + 1, sizeof(*bridge->parts));
    if (!bridge->albums || !bridge->parts)
        return spn_error_set(err, SPN_ENOMEM, "no memory for a bridge");
    bridge->finer = FINER;
    json_array_foreach(parts, index, object)
    {
        struct part *part = &bridge->parts[bridge->part_count++];

        if ((ret = member_int(object, holder, "asset", 0, (int64_t)bridge->album_count - 1, &asset,
                              err)) < 0 ||
            (ret = member_int(object, holder, "from", 0, SPN_FRAMES_MAX, &part->from, err)) < 0 ||
            (ret = member_int(object, holder, "to", part->from + 1, SPN_FRAMES_MAX, &part->to,
                              err)) < 0)
            return ret;
        part->asset = (size_t)asset;
        bridge->frames += part->to - part->from;
        if (json_object_get(json_array_get(bridge->assets, part->asset), "track"))
            bridge->finer = FINER_RENDITION;
    }
    if (!bridge->part_count || bridge->frames > SPN_FRAMES_MAX - bridge->start)
        return spn_error_set(err, SPN_EINVAL,
                             "a bridge of %" PRId64 " frames at frame %" PRId64
                             " is outside of what a composition can have",
                             bridge->frames, bridge->start);
    return SPN_OK;
}

static int compat_read(const json_t *output, struct spn_hash *out, struct spn_error *err)
{
    const char *holder = "an output of the request", *hex;
    int ret;

    if ((ret = member_text(output, holder, "compat_id", &hex, err)) < 0)
        return ret;
    if (spn_hash_parse(hex, strlen(hex), out) < 0)
        return spn_error_set(err, SPN_EINVAL, "\"compat_id\" of %s is no SHA-256", holder);
    return SPN_OK;
}

static int rung_add(struct bridge *bridge, const json_t *output, struct spn_error *err)
{
    const char *holder = "an output of the request";
    size_t n = bridge->rung_count;
    struct rung_chunk part = {
        .rate = bridge->rate,
        .gop = bridge->gop,
        .first = bridge->start,
        .frames = bridge->frames,
        .sequence = (uint32_t)bridge->sequence,
        .fragments = (uint32_t)((bridge->frames + bridge->gop - 1) / bridge->gop),
        .compat = &bridge->compat[n],
    };
    struct rung rung;
    json_t *object;
    int64_t fd;
    int ret;

    if ((ret = member_text(output, holder, "id", &bridge->ids[n], err)) < 0 ||
        (ret = member_int(output, holder, "fd", 0, 1 << 20, &fd, err)) < 0 ||
        (ret = member_object(output, holder, "rung", &object, err)) < 0 ||
        (ret = compat_read(output, &bridge->compat[n], err)) < 0 ||
        (ret = rung_read(object, "a rung of the request", &rung, err)) < 0)
        return ret;
    rung.crf = rung.crf > bridge->finer ? rung.crf - bridge->finer : 1;
    rung.bridge = 1;
    bridge->crf[n] = rung.crf;
    if (n == 0)
        bridge->shape = (struct shape){ rung.width, rung.height };
    if ((ret = rung_create(&rung, part, (int)fd, &bridge->rungs[n], err)) < 0)
        return ret;
    bridge->rung_count++;
    return lane_create(rung_work(bridge->rungs[n]), &bridge->lanes[n], err);
}

static int bridge_open(struct bridge *bridge, const json_t *request, struct spn_error *err)
{
    json_t *outputs, *output;
    size_t index;
    int ret;

    if ((ret = place_read(bridge, request, err)) < 0 ||
        (ret = parts_read(bridge, request, err)) < 0 ||
        (ret = member_array(request, "the request", "outputs", LADDER_RUNGS_MAX, &outputs, err)) <
            0)
        return ret;
    if (json_array_size(outputs) == 0)
        return spn_error_set(err, SPN_EINVAL, "the request has no output");
    json_array_foreach(outputs, index, output)
    {
        if ((ret = rung_add(bridge, output, err)) < 0)
            return ret;
    }
    return SPN_OK;
}

static void bridge_close(struct bridge *bridge)
{
    for (size_t i = 0; i < LADDER_RUNGS_MAX; i++)
        lane_destroy(bridge->lanes[i]);
    for (size_t i = 0; i < LADDER_RUNGS_MAX; i++)
        rung_destroy(bridge->rungs[i]);
    for (size_t i = 0; bridge->albums && i < bridge->album_count; i++)
        album_close(&bridge->albums[i]);
    free(bridge->albums);
    free(bridge->parts);
}

/* The grid of the asset must be that of the composition: a frame is a frame. */
static int album_ready(struct bridge *bridge, size_t n, struct spn_error *err)
{
    struct album *album = &bridge->albums[n];
    struct spn_rate rate;
    int ret;

    if (album->opened)
        return SPN_OK;
    if ((ret = album_open(album, json_array_get(bridge->assets, n), err)) < 0)
        return ret;
    rate =
        album->mapped.track ? spn_track_info(album->mapped.track)->rate : album->asset.conform.rate;
    if (!spn_rate_equal(rate, bridge->rate))
        return spn_error_set(err, SPN_EMISMATCH,
                             "asset %zu of the request has %" PRIu32 "/%" PRIu32
                             " frames a second, and the composition has %" PRIu32 "/%" PRIu32,
                             n, rate.num, rate.den, bridge->rate.num, bridge->rate.den);
    return SPN_OK;
}

static int64_t bridge_done(const struct bridge *bridge)
{
    int64_t done = bridge->pushed;

    for (size_t i = 0; i < bridge->rung_count; i++) {
        int64_t taken = lane_taken(bridge->lanes[i]);

        done = taken < done ? taken : done;
    }
    return done;
}

/* A picture for all rungs; one of an asset of another shape ("fit") gets bars. */
static int picture_push(struct bridge *bridge, size_t asset, const AVFrame *frame,
                        struct spn_error *err)
{
    const struct album *album = &bridge->albums[asset];
    const struct spn_track_info *info =
        album->mapped.track ? spn_track_info(album->mapped.track) : NULL;
    struct shape from = { 0 };
    AVFrame *fitted = NULL;
    int ret = SPN_OK;

    if (json_is_true(json_object_get(json_array_get(bridge->assets, asset), "fit"))) {
        from.width = info ? info->width : album->asset.plan.ladder.rungs[0].width;
        from.height = info ? info->height : album->asset.plan.ladder.rungs[0].height;
        if ((ret = letterbox(frame, from, bridge->shape, &fitted, err)) < 0)
            return ret;
    }
    for (size_t i = 0; i < bridge->rung_count && ret >= 0; i++)
        ret = lane_push(bridge->lanes[i], fitted ? fitted : frame, err);
    av_frame_free(&fitted);
    return ret;
}

static int part_push(struct bridge *bridge, const struct part *part, struct spn_error *err)
{
    struct pictures *pictures = NULL;
    const AVFrame *frame;
    int ret;

    if ((ret = album_ready(bridge, part->asset, err)) < 0 ||
        (ret = pictures_create(&bridge->albums[part->asset], part->from, part->to, &pictures,
                               err)) < 0)
        return ret;
    while ((ret = pictures_pull(pictures, &frame, err)) > 0) {
        if ((ret = picture_push(bridge, part->asset, frame, err)) < 0)
            break;
        bridge->pushed++;
        if (beat_due(&bridge->beat, BEAT_MS))
            answer_progress(bridge_done(bridge), bridge->frames, "frames");
    }
    bridge->decoded += pictures_decoded(pictures);
    pictures_destroy(pictures);
    return ret;
}

static int bridge_encode(struct bridge *bridge, struct spn_error *err)
{
    int ret;

    for (size_t i = 0; i < bridge->part_count; i++)
        if ((ret = part_push(bridge, &bridge->parts[i], err)) < 0)
            return ret;
    for (size_t i = 0; i < bridge->rung_count; i++)
        lane_end(bridge->lanes[i]);
    for (size_t i = 0; i < bridge->rung_count; i++) {
        while ((ret = lane_wait(bridge->lanes[i], BEAT_MS, err)) == 0)
            answer_progress(bridge_done(bridge), bridge->frames, "frames");
        if (ret < 0)
            return ret;
    }
    return SPN_OK;
}

static json_t *pieces_write(const struct bridge *bridge)
{
    json_t *list = json_array();

    for (size_t i = 0; i < bridge->rung_count; i++) {
        struct rung_result result = rung_result(bridge->rungs[i]);
        char hex[SPN_HASH_HEX + 1];

        spn_hash_hex(&result.hash, hex);
        (void)json_array_append_new(list, json_pack("{s:s,s:I,s:i,s:s,s:i}", "id", bridge->ids[i],
                                                    "bytes", (json_int_t)result.bytes, "fragments",
                                                    (int)result.fragments, "sha256", hex, "crf",
                                                    bridge->crf[i]));
    }
    return list;
}

int op_bridge(const struct media *media, json_t **result, struct spn_error *err)
{
    struct bridge *bridge = calloc(1, sizeof(*bridge));
    int ret;

    if (!bridge)
        return spn_error_set(err, SPN_ENOMEM, "no memory for a bridge");
    if ((ret = bridge_open(bridge, media->request, err)) == SPN_OK &&
        (ret = bridge_encode(bridge, err)) == SPN_OK) {
        *result = json_pack("{s:I,s:o,s:I}", "frames", (json_int_t)bridge->frames, "pieces",
                            pieces_write(bridge), "decoded", (json_int_t)bridge->decoded);
        if (!*result)
            ret = spn_error_set(err, SPN_ENOMEM, "no memory for the answer");
    }
    bridge_close(bridge);
    free(bridge);
    return ret;
}

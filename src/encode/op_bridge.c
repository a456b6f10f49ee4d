/*
 * op_bridge.c - a stretch of bridge of a composition, every rung at once: the frames of parts of
 * assets, one after the other, through the filters that their chunks went through.
 */
#include "media.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
#define FINER_MOST      16 /* besides */

/*
 * A segment may have 1.25 x maxrate: with three GOPs (6 s) there are 1.5 s of it to spare, of which
 * a border of a chunk may take half a second (rung_bufsize() in ladder.c). Two bridges share the
 * rest.
 */
#define SPARE_MS 500

/* x264 and x265 take two thirds of a buffer that is full at the start (measured: 0.55 to 0.66). */
#define BUFFER_PERCENT 150

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
    int64_t *cuts;      /* where parts begin, but for the first */
    int finer, more;    /* more: what was asked for besides */
    struct shape shape; /* of the first rung, and so of all */
    struct rung_maker *rungs[LADDER_RUNGS_MAX];
    struct lane *lanes[LADDER_RUNGS_MAX];
    const char *ids[LADDER_RUNGS_MAX]; /* borrowed from the request */
    struct spn_hash compat[LADDER_RUNGS_MAX];
    struct rung settings[LADDER_RUNGS_MAX];
    struct rung_result results[LADDER_RUNGS_MAX];
    int fds[LADDER_RUNGS_MAX];
    size_t rung_count;
    struct beat beat;
    int64_t pushed, decoded; /* frames */
};

static int place_read(struct bridge *bridge, const json_t *request, struct spn_error *err)
{
    const char *holder = "\"bridge\" of the request";
    int64_t gop, finer = 0;
    json_t *object;
    int ret;

    if ((ret = member_object(request, "the request", "bridge", &object, err)) < 0 ||
        (ret = member_rate(object, holder, "rate", &bridge->rate, err)) < 0 ||
        (ret = member_int(object, holder, "gop", 1, 2 * SPN_RATE_MAX, &gop, err)) < 0 ||
        (ret = member_int(object, holder, "start", 0, SPN_FRAMES_MAX, &bridge->start, err)) < 0 ||
        (ret = member_int(object, holder, "sequence", 1, INT32_MAX, &bridge->sequence, err)) < 0 ||
        (ret = member_int_or(object, holder, "finer", 0, FINER_MOST, &finer, err)) < 0)
        return ret;
    bridge->gop = (uint32_t)gop;
    bridge->more = (int)finer;
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
    bridge->cuts = calloc(json_array_size(parts) + 1, sizeof(*bridge->cuts));
    if (!bridge->albums || !bridge->parts || !bridge->cuts)
        return spn_error_set(err, SPN_ENOMEM, "no memory for a bridge");
    bridge->finer = FINER;
    json_array_foreach(parts, index, object)
    {
        struct part *part = &bridge->parts[bridge->part_count];

        if (bridge->part_count++)
            bridge->cuts[bridge->part_count - 2] = bridge->frames;

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

/* A maker and a lane for rung n as its settings are; the file is empty. */
static int rung_begin(struct bridge *bridge, size_t n, struct spn_error *err)
{
    struct rung_chunk part = {
        .rate = bridge->rate,
        .gop = bridge->gop,
        .first = bridge->start,
        .frames = bridge->frames,
        .sequence = (uint32_t)bridge->sequence,
        .fragments = (uint32_t)((bridge->frames + bridge->gop - 1) / bridge->gop),
        .cuts = bridge->cuts,
        .cut_count = bridge->part_count - 1,
        .compat = &bridge->compat[n],
    };
    int ret = rung_create(&bridge->settings[n], part, bridge->fds[n], &bridge->rungs[n], err);

    return ret < 0 ? ret : lane_create(rung_work(bridge->rungs[n]), &bridge->lanes[n], err);
}

static void rung_end(struct bridge *bridge, size_t n)
{
    lane_destroy(bridge->lanes[n]);
    rung_destroy(bridge->rungs[n]);
    bridge->lanes[n] = NULL;
    bridge->rungs[n] = NULL;
}

static int rung_add(struct bridge *bridge, const json_t *output, struct spn_error *err)
{
    const char *holder = "an output of the request";
    size_t n = bridge->rung_count;
    struct rung *rung = &bridge->settings[n];
    json_t *object;
    int64_t fd;
    int ret, finer;

    if ((ret = member_text(output, holder, "id", &bridge->ids[n], err)) < 0 ||
        (ret = member_int(output, holder, "fd", 0, 1 << 20, &fd, err)) < 0 ||
        (ret = member_object(output, holder, "rung", &object, err)) < 0 ||
        (ret = compat_read(output, &bridge->compat[n], err)) < 0 ||
        (ret = rung_read(object, "a rung of the request", rung, err)) < 0)
        return ret;
    finer = bridge->finer + bridge->more;
    rung->crf = rung->crf > finer ? rung->crf - finer : 1;
    rung->bridge = BRIDGE_FREE;
    if (n == 0)
        bridge->shape = (struct shape){ rung->width, rung->height };
    bridge->fds[n] = (int)fd;
    bridge->rung_count++;
    return rung_begin(bridge, n, err);
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
        rung_end(bridge, i);
    for (size_t i = 0; bridge->albums && i < bridge->album_count; i++)
        album_close(&bridge->albums[i]);
    free(bridge->albums);
    free(bridge->parts);
    free(bridge->cuts);
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
        int64_t taken = bridge->lanes[i] ? lane_taken(bridge->lanes[i]) : done;

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
        if (bridge->lanes[i])
            ret = lane_push(bridge->lanes[i], fitted ? fitted : frame, err);
    av_frame_free(&fitted);
    return ret;
}

/* What follows the last part in its asset, as much of it as the encoders like to see. */
static int64_t frames_ahead(const struct bridge *bridge, const struct part *part)
{
    int64_t left = album_frames(&bridge->albums[part->asset]) - part->to, ahead = 0;

    if (part != &bridge->parts[bridge->part_count - 1])
        return 0;
    for (size_t i = 0; i < bridge->rung_count; i++) {
        int64_t likes = bridge->rungs[i] ? rung_ahead(bridge->rungs[i]) : 0;

        ahead = likes > ahead ? likes : ahead;
    }
    return ahead < left ? ahead : left;
}

static int part_push(struct bridge *bridge, const struct part *part, struct spn_error *err)
{
    struct pictures *pictures = NULL;
    const AVFrame *frame;
    int ret;

    if ((ret = album_ready(bridge, part->asset, err)) < 0 ||
        (ret = pictures_create(&bridge->albums[part->asset], part->from,
                               part->to + frames_ahead(bridge, part), &pictures, err)) < 0)
        return ret;
    while ((ret = pictures_pull(pictures, &frame, err)) > 0) {
        if ((ret = picture_push(bridge, part->asset, frame, err)) < 0)
            break;
        bridge->pushed += bridge->pushed < bridge->frames;
        if (beat_due(&bridge->beat, BEAT_MS))
            answer_progress(bridge_done(bridge), bridge->frames, "frames");
    }
    bridge->decoded += pictures_decoded(pictures);
    pictures_destroy(pictures);
    return ret;
}

/* All parts through the rungs that have a maker, which they have no longer then. */
static int rungs_run(struct bridge *bridge, struct spn_error *err)
{
    int ret;

    bridge->pushed = 0;
    for (size_t i = 0; i < bridge->part_count; i++)
        if ((ret = part_push(bridge, &bridge->parts[i], err)) < 0)
            return ret;
    for (size_t i = 0; i < bridge->rung_count; i++)
        if (bridge->lanes[i])
            lane_end(bridge->lanes[i]);
    for (size_t i = 0; i < bridge->rung_count; i++) {
        if (!bridge->lanes[i])
            continue;
        while ((ret = lane_wait(bridge->lanes[i], BEAT_MS, err)) == 0)
            answer_progress(bridge_done(bridge), bridge->frames, "frames");
        if (ret < 0)
            return ret;
        bridge->results[i] = rung_result(bridge->rungs[i]);
        rung_end(bridge, i);
    }
    return SPN_OK;
}

/* Somewhere it takes more than its time at maxrate and what a segment has to spare. */
static int too_large(const struct bridge *bridge, size_t n)
{
    return bridge->results[n].burst > bridge->settings[n].maxrate * SPARE_MS / 1000;
}

static int bridge_encode(struct bridge *bridge, struct spn_error *err)
{
    int again = 0, ret;

    if ((ret = rungs_run(bridge, err)) < 0)
        return ret;
    for (size_t i = 0; i < bridge->rung_count; i++) {
        if (!too_large(bridge, i))
            continue;
        if (ftruncate(bridge->fds[i], 0) < 0 || lseek(bridge->fds[i], 0, SEEK_SET) < 0)
            return spn_error_errno(err, errno, "cannot empty the file of a bridge");
        bridge->settings[i].bridge = BRIDGE_TIGHT;
        bridge->settings[i].bufsize =
            bridge->settings[i].maxrate * SPARE_MS / 1000 * BUFFER_PERCENT / 100;
        if ((ret = rung_begin(bridge, i, err)) < 0)
            return ret;
        again = 1;
    }
    return again ? rungs_run(bridge, err) : SPN_OK;
}

static json_t *pieces_write(const struct bridge *bridge)
{
    json_t *list = json_array();

    for (size_t i = 0; i < bridge->rung_count; i++) {
        const struct rung_result *result = &bridge->results[i];
        char hex[SPN_HASH_HEX + 1];

        spn_hash_hex(&result->hash, hex);
        (void)json_array_append_new(
            list, json_pack("{s:s,s:I,s:i,s:s,s:i,s:b}", "id", bridge->ids[i], "bytes",
                            (json_int_t)result->bytes, "fragments", (int)result->fragments,
                            "sha256", hex, "crf", bridge->settings[i].crf, "tight",
                            bridge->settings[i].bridge == BRIDGE_TIGHT));
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

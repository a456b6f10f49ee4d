/* op_chunk.c - one chunk: one decode, every rung, and the tiles that fall into it. */
#include "media.h"

#include <stdlib.h>
#include <string.h>

#include "../source/decoder.h"
#include "asset.h"
#include "filter.h"
#include "lane.h"
#include "member.h"
#include "protocol.h"
#include "rung.h"
#include "tile.h"

#define BEAT_MS   500 /* between two lines of progress */
#define LANES_MAX (LADDER_RUNGS_MAX + 1)

struct chunk {
    struct asset asset;
    int64_t number, first, frames;
    struct filter *filter;
    struct decoder *decoder;
    struct rung_maker *rungs[LADDER_RUNGS_MAX];
    const char *ids[LADDER_RUNGS_MAX]; /* borrowed from the request */
    size_t rung_count;
    struct tile_maker *tiles;
    struct lane *lanes[LANES_MAX]; /* rung_count of them, then the tiles' */
    size_t lane_count;
    struct beat beat;
    int64_t pushed; /* frames of the chunk */
};

static int rung_add(struct chunk *chunk, const json_t *output, struct spn_error *err)
{
    const struct plan *plan = &chunk->asset.plan;
    struct rung_chunk part = {
        .rate = plan->rate,
        .gop = plan->gop,
        .first = chunk->first,
        .frames = chunk->frames,
        .sequence = (uint32_t)(chunk->first / plan->gop + 1),
    };
    const char *id;
    int64_t fd;
    int ret;

    if ((ret = member_text(output, "an output of the request", "id", &id, err)) < 0 ||
        (ret = member_int(output, "an output of the request", "fd", 0, 1 << 20, &fd, err)) < 0)
        return ret;
    for (size_t i = 0; i < plan->ladder.count; i++) {
        if (strcmp(plan->video_ids[i], id) != 0)
            continue;
        chunk->ids[chunk->rung_count] = id;
        if ((ret = rung_create(&plan->ladder.rungs[i], part, (int)fd,
                               &chunk->rungs[chunk->rung_count], err)) < 0)
            return ret;
        chunk->rung_count++;
        return SPN_OK;
    }
    return spn_error_set(err, SPN_EINVAL, "the plan has no video rendition \"%.20s\"", id);
}

static int outputs_create(struct chunk *chunk, const json_t *request, struct spn_error *err)
{
    json_t *outputs, *output;
    int64_t fd = -1;
    size_t index;
    int ret;

    if ((ret = member_array(request, "the request", "outputs", LADDER_RUNGS_MAX, &outputs, err)) <
            0 ||
        (ret = member_int_or(request, "the request", "tiles_fd", 0, 1 << 20, &fd, err)) < 0)
        return ret;
    json_array_foreach(outputs, index, output)
    {
        if ((ret = rung_add(chunk, output, err)) < 0)
            return ret;
    }
    if (fd >= 0 &&
        (ret = tiles_create(&chunk->asset.plan.storyboard, (int)fd, &chunk->tiles, err)) < 0)
        return ret;
    for (size_t i = 0; i < chunk->rung_count; i++, chunk->lane_count++)
        if ((ret = lane_create(rung_work(chunk->rungs[i]), &chunk->lanes[i], err)) < 0)
            return ret;
    if (chunk->tiles) {
        if ((ret = lane_create(tiles_work(chunk->tiles), &chunk->lanes[chunk->lane_count], err)) <
            0)
            return ret;
        chunk->lane_count++;
    }
    return SPN_OK;
}

static int input_create(struct chunk *chunk, struct spn_error *err)
{
    const struct conform *conform = &chunk->asset.conform;
    struct filter_setup setup = { 0 };
    struct decoder_range range;
    int ret;

    if ((ret = asset_filter(&chunk->asset, &setup, err)) < 0 ||
        (ret = filter_create(&setup, &chunk->filter, err)) < 0)
        return ret;
    range = (struct decoder_range){
        .from = chunk->first,
        .to = chunk->first + chunk->frames,
        .before = filter_history(&setup) * (conform->fields ? 2 : 1),
        .after = filter_history(&setup) * (conform->fields ? 2 : 1),
    };
    return decoder_create(chunk->asset.source, chunk->asset.index, conform, range, &chunk->decoder,
                          err);
}

static int chunk_open(struct chunk *chunk, const json_t *request, struct spn_error *err)
{
    const struct plan *plan = &chunk->asset.plan;
    int ret;

    if ((ret = asset_open(&chunk->asset, request, err)) < 0 ||
        (ret = member_int(request, "the request", "chunk", 0, plan->chunks - 1, &chunk->number,
                          err)) < 0)
        return ret;
    chunk->first = chunk->number * plan->chunk_frames;
    chunk->frames = plan->frames - chunk->first < plan->chunk_frames ? plan->frames - chunk->first
                                                                     : plan->chunk_frames;
    if ((ret = outputs_create(chunk, request, err)) < 0)
        return ret;
    return input_create(chunk, err);
}

static void chunk_close(struct chunk *chunk)
{
    for (size_t i = 0; i < chunk->lane_count; i++)
        lane_destroy(chunk->lanes[i]);
    for (size_t i = 0; i < chunk->rung_count; i++)
        rung_destroy(chunk->rungs[i]);
    tiles_destroy(chunk->tiles);
    decoder_destroy(chunk->decoder);
    filter_destroy(chunk->filter);
    asset_close(&chunk->asset);
}

/* Frames that the slowest rung is done with. */
static int64_t chunk_done(struct chunk *chunk)
{
    int64_t done = chunk->pushed;

    for (size_t i = 0; i < chunk->rung_count; i++) {
        int64_t taken = lane_taken(chunk->lanes[i]);

        done = taken < done ? taken : done;
    }
    return done;
}

/* Give what the filter has to the lanes; frames of before and after the chunk go no further. */
static int filtered_push(struct chunk *chunk, struct spn_error *err)
{
    const AVFrame *frame;
    int ret;

    while ((ret = filter_pull(chunk->filter, &frame, err)) > 0) {
        if (frame->pts < chunk->first || frame->pts >= chunk->first + chunk->frames)
            continue;
        if (frame->pts != chunk->first + chunk->pushed)
            return spn_error_set(err, SPN_EIO, "frame %lld came where %lld was due",
                                 (long long)frame->pts, (long long)(chunk->first + chunk->pushed));
        for (size_t i = 0; i < chunk->rung_count; i++)
            if ((ret = lane_push(chunk->lanes[i], frame, err)) < 0)
                return ret;
        if (chunk->tiles && frame->pts % chunk->asset.plan.storyboard.interval_frames == 0 &&
            (ret = lane_push(chunk->lanes[chunk->rung_count], frame, err)) < 0)
            return ret;
        chunk->pushed++;
    }
    return ret;
}

static int chunk_decode(struct chunk *chunk, struct spn_error *err)
{
    struct decoder_frame decoded;
    int ret;

    while ((ret = decoder_pull(chunk->decoder, &decoded, err)) > 0) {
        if ((ret = filter_push(chunk->filter, decoded.frame, err)) < 0 ||
            (ret = filtered_push(chunk, err)) < 0)
            return ret;
        if (beat_due(&chunk->beat, BEAT_MS))
            answer_progress(chunk_done(chunk), chunk->frames, "frames");
    }
    if (ret < 0 || (ret = filter_push(chunk->filter, NULL, err)) < 0 ||
        (ret = filtered_push(chunk, err)) < 0)
        return ret;
    if (chunk->pushed != chunk->frames)
        return spn_error_set(err, SPN_EIO, "%lld frames came of %lld that the chunk has",
                             (long long)chunk->pushed, (long long)chunk->frames);
    return SPN_OK;
}

/* The lanes have all frames: wait for them, and say now and then how far they are. */
static int lanes_finish(struct chunk *chunk, struct spn_error *err)
{
    int ret;

    for (size_t i = 0; i < chunk->lane_count; i++)
        lane_end(chunk->lanes[i]);
    for (size_t i = 0; i < chunk->lane_count; i++) {
        while ((ret = lane_wait(chunk->lanes[i], BEAT_MS, err)) == 0)
            answer_progress(chunk_done(chunk), chunk->frames, "frames");
        if (ret < 0)
            return ret;
    }
    return SPN_OK;
}

static json_t *pieces_write(const struct chunk *chunk)
{
    json_t *list = json_array();

    for (size_t i = 0; i < chunk->rung_count; i++) {
        struct rung_result result = rung_result(chunk->rungs[i]);
        char hex[SPN_HASH_HEX + 1];

        spn_hash_hex(&result.hash, hex);
        (void)json_array_append_new(list, json_pack("{s:s,s:I,s:i,s:s}", "id", chunk->ids[i],
                                                    "bytes", (json_int_t)result.bytes, "fragments",
                                                    (int)result.fragments, "sha256", hex));
    }
    return list;
}

static json_t *tiles_write(const struct chunk *chunk)
{
    json_t *list = json_array();
    size_t count = 0;
    const struct tile *tiles = chunk->tiles ? tiles_made(chunk->tiles, &count) : NULL;

    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(
            list, json_pack("{s:I,s:I,s:I}", "index", (json_int_t)tiles[i].index, "offset",
                            (json_int_t)tiles[i].offset, "size", (json_int_t)tiles[i].size));
    return list;
}

int op_chunk(const struct media *media, json_t **result, struct spn_error *err)
{
    struct chunk chunk = { 0 };
    int ret;

    if ((ret = chunk_open(&chunk, media->request, err)) == SPN_OK &&
        (ret = chunk_decode(&chunk, err)) == SPN_OK &&
        (ret = lanes_finish(&chunk, err)) == SPN_OK) {
        struct decoder_counts counts = decoder_counts(chunk.decoder);

        *result = json_pack("{s:I,s:o,s:o,s:I,s:I}", "frames", (json_int_t)chunk.frames, "pieces",
                            pieces_write(&chunk), "tiles", tiles_write(&chunk), "decoded",
                            (json_int_t)counts.decoded, "missing", (json_int_t)counts.missing);
        if (!*result)
            ret = spn_error_set(err, SPN_ENOMEM, "no memory for the answer");
    }
    chunk_close(&chunk);
    return ret;
}

/* asset.c - source, index, conform record and plan of a request. */
#include "asset.h"

#include <time.h>

#include "../source/stream.h"
#include "member.h"

int asset_source_open(const json_t *request, struct source **out, const char **hash,
                      struct spn_error *err)
{
    const char *holder = "\"source\" of the request", *name;
    int64_t fd, size = 0;
    struct spn_hash parsed;
    json_t *object;
    int ret;

    *out = NULL;
    if ((ret = member_object(request, "the request", "source", &object, err)) < 0 ||
        (ret = member_int(object, holder, "fd", 0, 1 << 20, &fd, err)) < 0 ||
        (ret = member_int_or(object, holder, "size", 0, INT64_MAX, &size, err)) < 0 ||
        (ret = member_text(object, holder, "name", &name, err)) < 0 ||
        (ret = member_text(object, holder, "hash", hash, err)) < 0)
        return ret;
    if (spn_hash_parse(*hash, json_string_length(json_object_get(object, "hash")), &parsed) < 0)
        return spn_error_set(err, SPN_EINVAL, "\"hash\" of %s is no SHA-256", holder);
    return source_open((int)fd, name, (uint64_t)size, out, err);
}

int asset_open(struct asset *asset, const json_t *request, struct spn_error *err)
{
    json_t *conform, *plan;
    const char *hash;
    int64_t fd;
    int ret;

    if ((ret = member_object(request, "the request", "conform", &conform, err)) < 0 ||
        (ret = member_object(request, "the request", "plan", &plan, err)) < 0 ||
        (ret = member_int(request, "the request", "index_fd", 0, 1 << 20, &fd, err)) < 0 ||
        (ret = asset_source_open(request, &asset->source, &hash, err)) < 0 ||
        (ret = conform_read(conform, &asset->conform, err)) < 0 ||
        (ret = index_open((int)fd, &asset->index, err)) < 0 ||
        (ret = conform_check(&asset->conform, asset->index, err)) < 0 ||
        (ret = plan_read(plan, hash, conform, &asset->plan, err)) < 0)
        return ret;
    if (asset->plan.frames != asset->conform.frames ||
        !spn_rate_equal(asset->plan.rate, asset->conform.rate))
        return spn_error_set(err, SPN_EMISMATCH, "the plan is not of this conform record");
    return SPN_OK;
}

void asset_close(struct asset *asset)
{
    index_close(asset->index);
    source_close(asset->source);
}

int asset_filter(const struct asset *asset, struct filter_setup *out, struct spn_error *err)
{
    const struct rung *top = &asset->plan.ladder.rungs[0];
    struct spn_rate rate = asset->conform.rate;
    struct stream stream;
    int ret;

    if ((ret = stream_read(asset->source, asset->conform.stream, &stream, err)) < 0)
        return ret;
    for (size_t i = 1; i < asset->plan.ladder.count; i++)
        if (asset->plan.ladder.rungs[i].width > top->width)
            top = &asset->plan.ladder.rungs[i];
    out->interlaced = asset->conform.scan != CONFORM_PROGRESSIVE;
    out->fields = asset->conform.fields;
    out->turned = stream.rotation;
    out->mirrored = stream.mirrored;
    out->height = stream.height;
    out->fifty = rate.den == 1 && (rate.num == 25 || rate.num == 50);
    out->top_width = (int)(stream.rotation % 180 ? top->height : top->width);
    out->top_height = (int)(stream.rotation % 180 ? top->width : top->height);
    return SPN_OK;
}

int beat_due(struct beat *beat, int every_ms)
{
    struct timespec now;
    int64_t ms;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (ms - beat->last_ms < every_ms)
        return 0;
    beat->last_ms = ms;
    return 1;
}

/* composition.c - a list of clips becomes a timeline. */
#include "sampan/composition.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sampan/bytes.h"

/* The first fault is kept for the caller; each is told. */
struct faults {
    spn_clip_report *report;
    void *opaque;
    struct spn_error *err;
    int code;
};

__attribute__((format(printf, 4, 5))) static void fault(struct faults *faults, size_t clip,
                                                        int code, const char *format, ...)
{
    struct spn_error own = { 0 };
    va_list args;

    va_start(args, format);
    (void)spn_error_setv(&own, code, format, args);
    va_end(args);
    if (faults->code == SPN_OK) {
        faults->code = code;
        if (faults->err)
            *faults->err = own;
    }
    if (faults->report)
        faults->report(faults->opaque, clip, code, own.text);
}

static void clip_check(struct faults *faults, struct spn_rate rate,
                       const struct spn_clip_asset *assets, size_t asset_count,
                       const struct spn_clip *clip, size_t i)
{
    const struct spn_clip_asset *asset;

    if (clip->asset >= asset_count) {
        fault(faults, i, SPN_EINVAL, "clip %zu is of asset %" PRIu32 ", of %zu there are", i + 1,
              clip->asset, asset_count);
        return;
    }
    asset = &assets[clip->asset];
    if (!spn_rate_equal(asset->rate, rate))
        fault(
            faults, i, SPN_EMISMATCH,
            "clip %zu is of an asset of %" PRIu32 "/%" PRIu32
            " frames a second in a composition of %" PRIu32 "/%" PRIu32
            ", and rates are never mixed: ingest it again at the composition's rate, or leave the "
            "clip out",
            i + 1, asset->rate.num, asset->rate.den, rate.num, rate.den);
    if (clip->in < 0 || clip->out > asset->frames)
        fault(faults, i, SPN_ERANGE,
              "clip %zu wants frames %" PRId64 " to %" PRId64 " of an asset that has %" PRId64,
              i + 1, clip->in, clip->out, asset->frames);
    else if (clip->out <= clip->in)
        fault(faults, i, SPN_ERANGE,
              "clip %zu is empty: its out, frame %" PRId64 ", is not after its in, frame %" PRId64,
              i + 1, clip->out, clip->in);
}

static int list_check(struct faults *faults, struct spn_rate rate,
                      const struct spn_clip_asset *assets, size_t asset_count,
                      const struct spn_clip *clips, size_t count)
{
    int64_t frames = 0;

    if (count == 0)
        fault(faults, 0, SPN_EINVAL, "the list has no clips");
    if (count > SPN_CLIPS_MAX)
        fault(faults, SPN_CLIPS_MAX, SPN_ELIMIT, "the list has %zu clips, more than %d", count,
              SPN_CLIPS_MAX);
    if (rate.num == 0 || rate.den == 0 || rate.num / rate.den > SPN_RATE_MAX)
        fault(faults, 0, SPN_EINVAL, "%" PRIu32 "/%" PRIu32 " is no edit rate", rate.num, rate.den);
    if (faults->code != SPN_OK)
        return faults->code;
    for (size_t i = 0; i < asset_count; i++)
        if (assets[i].frames < 0 || assets[i].frames > SPN_FRAMES_MAX) {
            fault(faults, 0, SPN_ELIMIT, "an asset has %" PRId64 " frames", assets[i].frames);
            return faults->code;
        }
    for (size_t i = 0; i < count; i++)
        clip_check(faults, rate, assets, asset_count, &clips[i], i);
    if (faults->code != SPN_OK)
        return faults->code;
    for (size_t i = 0; i < count; i++) {
        frames += clips[i].out - clips[i].in;
        if (frames > SPN_FRAMES_MAX) {
            fault(faults, i, SPN_ELIMIT,
                  "up to clip %zu the list is longer than %" PRId64 " frames", i + 1,
                  SPN_FRAMES_MAX);
            break;
        }
    }
    return faults->code;
}

int spn_composition_make(struct spn_rate rate, const struct spn_clip_asset *assets,
                         size_t asset_count, const struct spn_clip *clips, size_t count,
                         spn_clip_report *report, void *opaque, struct spn_composition **out,
                         struct spn_error *err)
{
    struct faults faults = { report, opaque, err, SPN_OK };
    struct spn_composition *composition;
    struct spn_clip_asset *own_assets;
    struct spn_clip *own_clips;
    int64_t *start;
    size_t n = 0;

    *out = NULL;
    if (list_check(&faults, rate, assets, asset_count, clips, count) < 0)
        return faults.code;
    composition = calloc(1, sizeof(*composition));
    own_assets = calloc(asset_count, sizeof(*own_assets));
    own_clips = calloc(count, sizeof(*own_clips));
    start = calloc(count + 1, sizeof(*start));
    if (!composition || !own_assets || !own_clips || !start) {
        free(composition);
        free(own_assets);
        free(own_clips);
        free(start);
        return spn_error_set(err, SPN_ENOMEM, "no memory for a list of %zu clips", count);
    }
    memcpy(own_assets, assets, asset_count * sizeof(*own_assets));
    for (size_t i = 0; i < count; i++) {
        if (n > 0 && clips[i].asset == own_clips[n - 1].asset &&
            clips[i].in == own_clips[n - 1].out)
            own_clips[n - 1].out = clips[i].out;
        else
            own_clips[n++] = clips[i];
    }
    for (size_t i = 0; i < n; i++)
        start[i + 1] = start[i] + own_clips[i].out - own_clips[i].in;
    composition->rate = spn_rate_reduce(rate.num, rate.den);
    composition->gop = spn_rate_gop(composition->rate);
    composition->assets = own_assets;
    composition->asset_count = asset_count;
    composition->clips = own_clips;
    composition->start = start;
    composition->count = n;
    *out = composition;
    return SPN_OK;
}

void spn_composition_free(struct spn_composition *composition)
{
    if (!composition)
        return;
    free((void *)(uintptr_t)composition->assets);
    free((void *)(uintptr_t)composition->clips);
    free((void *)(uintptr_t)composition->start);
    free(composition);
}

void spn_edit_name(const struct spn_composition *composition, struct spn_hash *out)
{
    static const char magic[] = "sampan edit 1";
    struct spn_hasher hasher;
    uint8_t number[8];

    spn_hasher_init(&hasher);
    spn_hasher_update(&hasher, magic, sizeof(magic));
    spn_put_le32(number, composition->rate.num);
    spn_put_le32(number + 4, composition->rate.den);
    spn_hasher_update(&hasher, number, 8);
    for (size_t i = 0; i < composition->count; i++) {
        const struct spn_clip *clip = &composition->clips[i];

        spn_hasher_update(&hasher, composition->assets[clip->asset].name.bytes, SPN_HASH_SIZE);
        spn_put_le64(number, (uint64_t)clip->in);
        spn_hasher_update(&hasher, number, 8);
        spn_put_le64(number, (uint64_t)clip->out);
        spn_hasher_update(&hasher, number, 8);
    }
    spn_hasher_finish(&hasher, out);
}

int spn_composition_locate(const struct spn_composition *composition, int64_t frame,
                           struct spn_place *out, struct spn_error *err)
{
    const int64_t *start = composition->start;
    size_t low = 0, high = composition->count;

    if (frame < 0 || frame >= start[composition->count])
        return spn_error_set(err, SPN_ERANGE, "frame %" PRId64 " is outside: there are %" PRId64,
                             frame, start[composition->count]);
    while (high - low > 1) { /* start[low] <= frame < start[high] */
        size_t middle = low + (high - low) / 2;

        if (start[middle] <= frame)
            low = middle;
        else
            high = middle;
    }
    out->clip = low;
    out->frame = composition->clips[low].in + frame - start[low];
    return SPN_OK;
}

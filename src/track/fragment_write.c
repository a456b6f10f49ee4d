/* fragment_write.c - moof and mdat, with all that depends on the composition in front. */
#include <string.h>

#include "box_write.h"
#include "header.h"
#include "sampan/bytes.h"

#define TFHD_SIZE        28
#define TFDT_SIZE        20
#define TFHD_FLAGS       0x020038u /* default-base-is-moof; duration, size and flags of a sample */
#define TRUN_DATA_OFFSET 0x000001u
#define TRUN_FIRST_FLAGS 0x000004u
#define TRUN_DURATION    0x000100u
#define TRUN_SIZE        0x000200u
#define TRUN_COMPOSITION 0x000800u

uint32_t spn_trun_flags(const struct spn_track_info *info)
{
    uint32_t flags = TRUN_DATA_OFFSET | TRUN_SIZE;

    if (info->media == SPN_VIDEO)
        flags |= TRUN_FIRST_FLAGS;
    if (info->codec == SPN_H264 || info->codec == SPN_HEVC)
        flags |= TRUN_COMPOSITION; /* AV1 is decoded in the order in which it is shown */
    return flags;
}

void spn_prefix_write(const struct spn_track_info *info, uint32_t moof_size,
                      uint32_t sequence_number, uint64_t decode_ticks, uint8_t out[SPN_PREFIX_SIZE])
{
    uint8_t *p = out;

    spn_put_be32(p, moof_size);
    spn_put_be32(p + 4, SPN_BOX('m', 'o', 'o', 'f'));
    p += 8;
    spn_put_be32(p, 16);
    spn_put_be32(p + 4, SPN_BOX('m', 'f', 'h', 'd'));
    spn_put_be32(p + 8, 0);
    spn_put_be32(p + 12, sequence_number);
    p += 16;
    spn_put_be32(p, moof_size - 24); /* moof head and mfhd lie before it */
    spn_put_be32(p + 4, SPN_BOX('t', 'r', 'a', 'f'));
    p += 8;
    spn_put_be32(p, TFHD_SIZE);
    spn_put_be32(p + 4, SPN_BOX('t', 'f', 'h', 'd'));
    spn_put_be32(p + 8, TFHD_FLAGS);
    spn_put_be32(p + 12, SPN_TRACK_ID);
    spn_put_be32(p + 16, info->sample_ticks);
    spn_put_be32(p + 20, 0); /* sizes stand in trun */
    spn_put_be32(p + 24, spn_sample_flags(info));
    p += TFHD_SIZE;
    spn_put_be32(p, TFDT_SIZE);
    spn_put_be32(p + 4, SPN_BOX('t', 'f', 'd', 't'));
    spn_put_be32(p + 8, 1u << 24); /* version 1: 64 bits, one length for every time */
    spn_put_be64(p + 12, decode_ticks);
}

/* Every rule that a reader will hold the fragment to. */
static int samples_check(const struct spn_track_info *info, uint64_t decode_ticks,
                         const struct spn_sample *samples, size_t count, struct spn_error *err)
{
    uint8_t shown[SPN_SAMPLES_MAX] = { 0 };
    int video = info->media == SPN_VIDEO;
    uint64_t size = 0;

    if (count == 0 || count > (video ? info->gop : SPN_SAMPLES_MAX) || count > SPN_SAMPLES_MAX)
        return spn_error_set(err, SPN_EINVAL, "a fragment has 1 to %u samples, not %zu",
                             video ? info->gop : SPN_SAMPLES_MAX, count);
    if (decode_ticks > INT64_MAX - (uint64_t)count * info->sample_ticks)
        return spn_error_set(err, SPN_ERANGE, "decode time %llu is later than any track",
                             (unsigned long long)decode_ticks);
    for (size_t i = 0; i < count; i++) {
        int64_t place = (int64_t)i * info->sample_ticks + samples[i].offset;

        size += samples[i].size;
        if (!samples[i].data || samples[i].size == 0 || size > SPN_FRAGMENT_SIZE_MAX)
            return spn_error_set(err, SPN_ELIMIT,
                                 "sample %zu of the fragment is empty, or ends beyond %u bytes", i,
                                 SPN_FRAGMENT_SIZE_MAX);
        if (video && !samples[i].sync != (i != 0))
            return spn_error_set(err, SPN_EINVAL,
                                 i ? "sample %zu of the fragment is sync: only the first may be"
                                   : "sample %zu of the fragment is not sync",
                                 i);
        if (place < 0 || place % info->sample_ticks ||
            place / info->sample_ticks >= (int64_t)count || shown[place / info->sample_ticks]++)
            return spn_error_set(
                err, SPN_EINVAL,
                "sample %zu of the fragment is shown %lld ticks after its begin: a GOP "
                "is closed and each of its frames has a place of its own",
                i, (long long)place);
        if (samples[i].offset != 0 && (i == 0 || !(spn_trun_flags(info) & TRUN_COMPOSITION)))
            return spn_error_set(err, SPN_EINVAL,
                                 "sample %zu of the fragment is not shown when it is decoded", i);
    }
    return SPN_OK;
}

int spn_fragment_write(const struct spn_track_info *info, uint32_t sequence_number,
                       uint64_t decode_ticks, const struct spn_sample *samples, size_t count,
                       struct spn_buffer *out, struct spn_error *err)
{
    uint32_t flags = spn_trun_flags(info), moof_size, mdat_size = 8;
    size_t before = out->size, trun;
    int ret = samples_check(info, decode_ticks, samples, count, err);

    if (ret < 0)
        return ret;
    moof_size = SPN_PREFIX_SIZE + 20 + (flags & TRUN_FIRST_FLAGS ? 4u : 0u) +
                (uint32_t)count * (flags & TRUN_COMPOSITION ? 8u : 4u);
    for (size_t i = 0; i < count; i++)
        mdat_size += samples[i].size;
    (void)spn_buffer_reserve(out, (size_t)moof_size + mdat_size);
    spn_buffer_zero(out, SPN_PREFIX_SIZE);
    trun = spn_box_begin_full(out, SPN_BOX('t', 'r', 'u', 'n'), 1, flags);
    spn_buffer_be32(out, (uint32_t)count);
    spn_buffer_be32(out, moof_size + 8); /* data_offset */
    if (flags & TRUN_FIRST_FLAGS)
        spn_buffer_be32(out, SPN_FLAGS_SYNC);
    for (size_t i = 0; i < count; i++) {
        spn_buffer_be32(out, samples[i].size);
        if (flags & TRUN_COMPOSITION)
            spn_buffer_be32(out, (uint32_t)samples[i].offset);
    }
    spn_box_end(out, trun);
    spn_buffer_be32(out, mdat_size);
    spn_buffer_be32(out, SPN_BOX('m', 'd', 'a', 't'));
    for (size_t i = 0; i < count; i++)
        spn_buffer_append(out, samples[i].data, samples[i].size);
    if (spn_buffer_failed(out))
        return spn_error_set(err, SPN_ENOMEM, "no memory for a fragment of %u bytes",
                             moof_size + mdat_size);
    spn_prefix_write(info, moof_size, sequence_number, decode_ticks, out->data + before);
    return SPN_OK;
}

void spn_iframe_write(const struct spn_track_info *info, uint32_t sequence_number,
                      uint64_t decode_ticks, uint32_t duration, uint32_t sample_size,
                      struct spn_buffer *out)
{
    const uint32_t moof_size = SPN_PREFIX_SIZE + 32;
    uint8_t prefix[SPN_PREFIX_SIZE];
    size_t trun;

    spn_prefix_write(info, moof_size, sequence_number, decode_ticks, prefix);
    spn_buffer_append(out, prefix, sizeof(prefix));
    trun = spn_box_begin_full(out, SPN_BOX('t', 'r', 'u', 'n'), 1,
                              TRUN_DATA_OFFSET | TRUN_FIRST_FLAGS | TRUN_DURATION | TRUN_SIZE);
    spn_buffer_be32(out, 1);
    spn_buffer_be32(out, moof_size + 8);
    spn_buffer_be32(out, SPN_FLAGS_SYNC);
    spn_buffer_be32(out, duration);
    spn_buffer_be32(out, sample_size);
    spn_box_end(out, trun);
    spn_buffer_be32(out, sample_size + 8);
    spn_buffer_be32(out, SPN_BOX('m', 'd', 'a', 't'));
}

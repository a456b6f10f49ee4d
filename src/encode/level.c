/* level.c - the H.264 level of a rung. */
#include "level.h"

static const struct {
    int level;
    uint32_t macroblocks_s, macroblocks, dpb_macroblocks;
    uint32_t rate_k, buffer_k; /* 1000 bits; High profile has 1.25 x */
} levels[] = {
    { 10, 1485, 99, 396, 64, 175 },
    { 11, 3000, 396, 900, 192, 500 },
    { 12, 6000, 396, 2376, 384, 1000 },
    { 13, 11880, 396, 2376, 768, 2000 },
    { 20, 11880, 396, 2376, 2000, 2000 },
    { 21, 19800, 792, 4752, 4000, 4000 },
    { 22, 20250, 1620, 8100, 4000, 4000 },
    { 30, 40500, 1620, 8100, 10000, 10000 },
    { 31, 108000, 3600, 18000, 14000, 14000 },
    { 32, 216000, 5120, 20480, 20000, 20000 },
    { 40, 245760, 8192, 32768, 20000, 25000 },
    { 42, 522240, 8704, 34816, 50000, 62500 },
    { 50, 589824, 22080, 110400, 135000, 135000 },
    { 51, 983040, 36864, 184320, 240000, 240000 },
    { 52, 2073600, 36864, 184320, 240000, 240000 },
    { 60, 4177920, 139264, 696320, 240000, 240000 },
    { 61, 8355840, 139264, 696320, 480000, 480000 },
    { 62, 16711680, 139264, 696320, 800000, 800000 },
};

int level_h264(const struct rung *rung, struct spn_rate rate)
{
    uint64_t wide = (rung->width + 15) / 16, high = (rung->height + 15) / 16;
    uint64_t macroblocks = wide * high;

    for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
        uint64_t side = 8 * (uint64_t)levels[i].macroblocks; /* no side above sqrt(8 x size) */

        if (macroblocks <= levels[i].macroblocks && wide * wide <= side && high * high <= side &&
            macroblocks * rate.num <= (uint64_t)levels[i].macroblocks_s * rate.den &&
            macroblocks * LEVEL_H264_REFERENCES <= levels[i].dpb_macroblocks &&
            (uint64_t)rung->maxrate <= 1250 * (uint64_t)levels[i].rate_k &&
            (uint64_t)rung->bufsize <= 1250 * (uint64_t)levels[i].buffer_k)
            return levels[i].level;
    }
    return 0;
}

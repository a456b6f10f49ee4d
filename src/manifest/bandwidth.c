/* bandwidth.c - the bit rates that manifests promise, over real segments. */
#include "segments.h"

#include "publication_index.h"

static uint64_t rate_of(uint64_t bytes, uint64_t ticks, uint32_t timescale)
{
    unsigned __int128 bits = (unsigned __int128)bytes * 8 * timescale;

    return (uint64_t)((bits + ticks - 1) / ticks);
}

uint64_t spn_load_average(const struct load *loads, size_t count, uint32_t timescale)
{
    uint64_t bytes = 0, ticks = 0;

    for (size_t i = 0; i < count; i++) {
        bytes += loads[i].bytes;
        ticks += loads[i].ticks;
    }
    return ticks ? rate_of(bytes, ticks, timescale) : 0;
}

uint64_t spn_load_peak(const struct load *loads, size_t count, uint32_t timescale,
                       uint32_t target_s)
{
    uint64_t target = (uint64_t)target_s * timescale;
    uint64_t peak = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t bytes = 0, ticks = 0;

        for (size_t k = i; k < count && 2 * (ticks + loads[k].ticks) <= 3 * target; k++) {
            bytes += loads[k].bytes;
            ticks += loads[k].ticks;
            if (2 * ticks >= target) {
                uint64_t rate = rate_of(bytes, ticks, timescale);

                if (rate > peak)
                    peak = rate;
            }
        }
    }
    return peak ? peak : spn_load_average(loads, count, timescale);
}

/* Bits of segments that have to be there, less what came since the start, never above the buffer.
 */
static int arrives(const struct load *loads, size_t count, uint32_t timescale, uint32_t buffer_ms,
                   uint64_t rate)
{
    __int128 most = (__int128)rate * buffer_ms * timescale;
    __int128 level = 0;

    for (size_t i = 0; i < count; i++) {
        level += (__int128)loads[i].bytes * 8 * 1000 * timescale;
        if (level > most)
            return 0;
        level -= (__int128)rate * loads[i].ticks * 1000;
        if (level < 0)
            level = 0;
    }
    return 1;
}

uint64_t spn_load_bandwidth(const struct load *loads, size_t count, uint32_t timescale,
                            uint32_t buffer_ms)
{
    uint64_t low = 0, high = 1; /* low does not suffice, high does */

    while (!arrives(loads, count, timescale, buffer_ms, high)) {
        low = high;
        high *= 2;
    }
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;

        if (arrives(loads, count, timescale, buffer_ms, middle))
            high = middle;
        else
            low = middle;
    }
    return high;
}

#include "sync.h"

__extension__ typedef __int128 wide;

int64_t sync_place(const struct conform *conform, const struct index_stream *stream, int64_t ticks,
                   int64_t units_per_second)
{
    wide den = (wide)stream->time_den * conform->time_den;
    wide top = (wide)ticks * stream->time_num * conform->time_den -
               (wide)conform->start * conform->time_num * stream->time_den;
    wide seconds = top / den;

    if (seconds > SYNC_SECONDS_MAX)
        return SYNC_SECONDS_MAX * units_per_second;
    if (seconds < -SYNC_SECONDS_MAX)
        return -SYNC_SECONDS_MAX * units_per_second;
    top = top * units_per_second * 2 + den; /* at most 10^8 s x 2^62 x 768000 x 2: below 2^110 */
    return (int64_t)(top >= 0 ? top / (2 * den) : -((2 * den - 1 - top) / (2 * den)));
}

/* segments.c - which fragments make a segment. */
#include "segments.h"

#include <stdlib.h>
#include <string.h>

#include "publication_index.h"

void spn_segments_finish(struct segments *segments)
{
    free(segments->first);
    memset(segments, 0, sizeof(*segments));
}

int spn_segments_of_video(const struct spn_plan_fragment *fragments, size_t count, uint64_t target,
                          struct segments *out)
{
    uint64_t ticks = 0;

    out->count = 0;
    out->first = malloc((count + 1) * sizeof(*out->first));
    if (!out->first)
        return SPN_ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0 || 4 * (ticks + fragments[i].duration) > 5 * target ||
            i - out->first[out->count - 1] == SEGMENT_FRAGMENTS_VIDEO) {
            out->first[out->count++] = i;
            ticks = 0;
        }
        ticks += fragments[i].duration;
    }
    out->first[out->count] = (uint32_t)count;
    return SPN_OK;
}

int spn_segments_of_audio(const struct spn_plan_fragment *video, const struct segments *lead,
                          uint32_t video_timescale, const struct spn_plan_fragment *audio,
                          size_t count, uint32_t audio_timescale, struct segments *out)
{
    unsigned __int128 wanted, here = 0, next; /* both sides times both timescales */
    uint64_t video_ticks = 0, audio_ticks = 0;
    uint32_t at = 0, fragment = 0;

    out->count = 0;
    out->first = malloc(((size_t)lead->count + 1) * sizeof(*out->first));
    if (!out->first)
        return SPN_ENOMEM;
    out->first[out->count++] = 0;
    for (uint32_t n = 1; n < lead->count; n++) {
        while (fragment < lead->first[n])
            video_ticks += video[fragment++].duration;
        wanted = (unsigned __int128)video_ticks * audio_timescale;
        while (at < count) {
            uint64_t step = audio_ticks + audio[at].duration;

            next = (unsigned __int128)step * video_timescale;
            if (at > out->first[out->count - 1] &&
                (here >= wanted || (next > wanted && next - wanted >= wanted - here)))
                break;
            at++;
            audio_ticks = step;
            here = next;
        }
        if (at == count)
            break;
        out->first[out->count++] = at;
    }
    out->first[out->count] = (uint32_t)count;
    return SPN_OK;
}

/* Any bytes as a track file: opened, looked up in, checked. What opens must keep its own promises.
 */
#include <stdint.h>
#include <stdlib.h>

#include "sampan/track.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(void *opaque, const char *rule, const char *text)
{
    *(size_t *)opaque += rule[0] != '\0' && text[0] != '\0';
}

/* The index holds together, and every sample lies in its fragment. */
static void walk(const struct spn_track *track, size_t size)
{
    static struct spn_sample_place places[SPN_SAMPLES_MAX];
    const struct spn_fragment *all;
    size_t count, covered;

    all = spn_track_all(track, &count);
    for (size_t i = 0; i < count; i++) {
        const struct spn_fragment *f = &all[i];
        uint64_t at = f->offset + f->moof_size + 8;
        int samples = spn_track_samples(track, i, places, SPN_SAMPLES_MAX, NULL);

        if (f->offset + f->size > size || samples != (int)f->samples ||
            places[0].size != f->first_sample_size ||
            (i && all[i - 1].start + all[i - 1].duration != f->start))
            abort();
        for (int k = 0; k < samples; k++) {
            if (places[k].offset != at)
                abort();
            at += places[k].size;
        }
        if (at != f->offset + f->size)
            abort();
        if (spn_track_fragments(track, f->start, f->start + 1, &covered) != f || covered != 1)
            abort();
    }
    if (count == 0 || spn_track_duration(track) <= 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spn_track *track;
    size_t said = 0;
    int broken = spn_track_check_memory(data, size, "fuzz", note, &said, NULL);

    if (broken >= 0 && (size_t)broken != said)
        abort();
    if (spn_track_open_memory(data, size, "fuzz", &track, NULL) < 0) {
        if (broken == 0)
            abort(); /* no rule is broken, and yet it is refused */
        return 0;
    }
    if (broken < 0)
        abort();
    walk(track, size);
    spn_track_close(track);
    return 0;
}

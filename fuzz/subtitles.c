/* subtitles.c - a delivered file of subtitles: what is kept of it is canonical, and reads as
 * itself. */
#include <stdlib.h>
#include <string.h>

#include "sampan/cues.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int convert(const char *name, const void *bytes, size_t size, struct spn_buffer *out)
{
    struct cues cues = { 0 };
    struct text_notes notes = { .count = 0 };
    struct spn_error err = { 0 };
    int ret = text_read(bytes, size, name, &cues, &notes, &err);

    if (ret == SPN_OK) {
        ret = cues_write_vtt(&cues, &notes, out, &err);
        if (ret < 0 && ret != SPN_ENOMEM)
            abort(); /* what was read can be kept */
    }
    if (ret < 0 && (err.code != ret || !err.text[0]))
        abort();
    cues_finish(&cues);
    return ret;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "x.srt", "x.vtt" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct spn_buffer kept = { 0 }, again = { 0 };
        struct spn_cues cues;
        char *exact = malloc(size ? size : 1); /* a byte too far is a fault */

        if (!exact)
            return 0;
        if (size)
            memcpy(exact, data, size);
        if (convert(names[i], exact, size, &kept) == SPN_OK) {
            if (spn_cues_read(kept.data, kept.size, "kept", &cues, NULL) < 0)
                abort();
            spn_cues_finish(&cues);
            if (convert("x.vtt", kept.data, kept.size, &again) < 0 || again.size != kept.size ||
                (kept.size && memcmp(again.data, kept.data, kept.size) != 0))
                abort();
        }
        free(exact);
        spn_buffer_finish(&kept);
        spn_buffer_finish(&again);
    }
    return 0;
}

/* edl_write.c - a composition as a CMX3600 list. */
#include "cut_list.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* A reel of at most eight letters, digits and underscores; the whole name goes into a comment. */
static void reel_name(char out[9], const char *name, uint32_t asset)
{
    size_t at = 0;

    for (const char *p = name; *p && at < 8; p++)
        if (isalnum((unsigned char)*p) || *p == '_')
            out[at++] = *p;
    out[at] = '\0';
    if (at == 0)
        (void)snprintf(out, 9, "A%07u", (unsigned)(asset % 10000000));
}

int edl_write(const struct spn_composition *composition, const struct cut_names *names,
              struct spn_buffer *out, struct spn_error *err)
{
    struct spn_timecode_rate rate;
    int ret = spn_timecode_rate(composition->rate, names->drop, &rate, err);

    if (ret < 0)
        return ret;
    spn_buffer_format(out, "TITLE: %.70s\r\nFCM: %s\r\n\r\n", names->title,
                      names->drop ? "DROP FRAME" : "NON-DROP FRAME");
    for (size_t i = 0; i < composition->count; i++) {
        const struct spn_clip *clip = &composition->clips[i];
        int64_t start = names->asset_starts[clip->asset];
        int64_t times[4] = { start + clip->in, start + clip->out, composition->start[i],
                             composition->start[i + 1] };
        char reel[9], hash[SPN_HASH_HEX + 1];

        reel_name(reel, names->asset_names[clip->asset], clip->asset);
        spn_buffer_format(out, "%03zu  %-8s V     C       ", i + 1, reel);
        for (int t = 0; t < 4; t++) {
            char text[SPN_TIMECODE_MAX];

            spn_timecode_format(times[t], rate, text);
            spn_buffer_format(out, " %s", text);
        }
        spn_hash_hex(&composition->assets[clip->asset].name, hash);
        spn_buffer_format(out, "\r\n* FROM CLIP NAME: %s\r\n* SAMPAN ASSET: %s\r\n",
                          names->asset_names[clip->asset], hash);
    }
    return spn_buffer_failed(out) ? spn_error_set(err, SPN_ENOMEM, "no memory for the list")
                                  : SPN_OK;
}

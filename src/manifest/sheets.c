/* sheets.c - the storyboard, for players that read HLS image playlists and for those that read VTT.
 */
#include "cue_text.h"
#include "manifests.h"
#include "spell.h"

/* Milliseconds that tiles [0, count) stand: the last one until the picture ends. */
static uint64_t tiles_ms(const struct spn_publication *publication, uint64_t count)
{
    const struct rendition *lead = publication_lead(publication);
    uint64_t end_ms =
        (rendition_ticks(lead) * 1000 + lead->info.timescale - 1) / lead->info.timescale;
    uint64_t ms = count * publication->tile_ms;

    return ms < end_ms ? ms : end_ms;
}

static void duration(struct spn_buffer *out, uint64_t ms)
{
    char text[32];

    spn_buffer_append(out, text, (size_t)(spell_microseconds(text, ms * 1000) - text));
}

void spn_hls_images(const struct spn_publication *publication, struct spn_buffer *out)
{
    uint64_t tiles = (uint64_t)publication->columns * publication->rows;
    uint64_t longest =
        tiles_ms(publication, tiles < publication->tile_count ? tiles : publication->tile_count);

    spn_buffer_string(out, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:");
    spn_buffer_number(out, (longest + 500) / 1000 ? (longest + 500) / 1000 : 1);
    spn_buffer_string(out, "\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-PLAYLIST-TYPE:VOD\n"
                           "#EXT-X-IMAGES-ONLY\n");
    for (uint32_t i = 0; i < publication->sheet_count; i++) {
        uint64_t end = (i + 1) * tiles;

        if (end > publication->tile_count)
            end = publication->tile_count;
        spn_buffer_string(out, "#EXTINF:");
        duration(out, tiles_ms(publication, end) - tiles_ms(publication, i * tiles));
        spn_buffer_string(out, ",\n#EXT-X-TILES:RESOLUTION=");
        spn_buffer_number(out, publication->tile_width);
        spn_buffer_string(out, "x");
        spn_buffer_number(out, publication->tile_height);
        spn_buffer_string(out, ",LAYOUT=");
        spn_buffer_number(out, publication->columns);
        spn_buffer_string(out, "x");
        spn_buffer_number(out, publication->rows);
        spn_buffer_string(out, ",DURATION=");
        duration(out, publication->tile_ms);
        spn_buffer_string(out, "\nsheet/");
        spn_buffer_number(out, i + 1);
        spn_buffer_string(out, ".jpg\n");
    }
    spn_buffer_string(out, "#EXT-X-ENDLIST\n");
}

void spn_storyboard_vtt(const struct spn_publication *publication, struct spn_buffer *out)
{
    uint64_t tiles = (uint64_t)publication->columns * publication->rows;
    /* two times, the arrow, "sheet/", ".jpg#xywh=" and five numbers */
    char *base, *at;

    spn_buffer_string(out, VTT_HEAD);
    base = at = (char *)spn_buffer_reserve(out, (size_t)publication->tile_count * 112);
    if (!base)
        return;
    for (uint32_t i = 0; i < publication->tile_count; i++) {
        uint64_t place = i % tiles;

        if (tiles_ms(publication, (uint64_t)i + 1) >= (uint64_t)CUE_TIME_MAX_MS)
            break;
        at = spn_cue_text_time(at, tiles_ms(publication, i));
        at = SPELL(at, " --> ");
        at = spn_cue_text_time(at, tiles_ms(publication, (uint64_t)i + 1));
        at = SPELL(at, "\nsheet/");
        at = spell_number(at, i / tiles + 1);
        at = SPELL(at, ".jpg#xywh=");
        at = spell_number(at, place % publication->columns * publication->tile_width);
        *at++ = ',';
        at = spell_number(at, place / publication->columns * publication->tile_height);
        *at++ = ',';
        at = spell_number(at, publication->tile_width);
        *at++ = ',';
        at = spell_number(at, publication->tile_height);
        at = SPELL(at, "\n\n");
    }
    out->size += (size_t)(at - base);
}

/* hls.c - RFC 8216 playlists. */
#include <string.h>

#include "manifests.h"
#include "spell.h"

#define HLS_HEAD "#EXTM3U\n#EXT-X-VERSION:7\n"

/* ---- multivariant ---- */

/* A quoted string can hold anything but a double quote; control characters were refused before. */
static void quoted(struct spn_buffer *out, const char *bytes, size_t size)
{
    spn_buffer_u8(out, '"');
    for (size_t i = 0; i < size; i++)
        spn_buffer_u8(out, bytes[i] == '"' ? '\'' : (uint8_t)bytes[i]);
    spn_buffer_u8(out, '"');
}

/* The rendition that says what member says, in group where there is one. */
static const struct rendition *audio_of(const struct spn_publication *publication, uint32_t group,
                                        uint32_t member)
{
    const struct rendition *audio = publication->renditions + publication->video_count;
    const struct rendition *other = NULL;

    for (uint32_t i = 0; i < publication->audio_count; i++)
        if (audio[i].member == member) {
            if (audio[i].group == group)
                return &audio[i];
            if (!other)
                other = &audio[i];
        }
    return other;
}

static uint32_t audio_groups(const struct spn_publication *publication)
{
    const struct rendition *audio = publication->renditions + publication->video_count;
    uint32_t count = 0;

    for (uint32_t i = 0; i < publication->audio_count; i++)
        if (audio[i].group >= count)
            count = audio[i].group + 1;
    return count;
}

static uint32_t audio_members(const struct spn_publication *publication)
{
    const struct rendition *audio = publication->renditions + publication->video_count;
    uint32_t count = 0;

    for (uint32_t i = 0; i < publication->audio_count; i++)
        if (audio[i].member >= count)
            count = audio[i].member + 1;
    return count;
}

/* The member that plays unless a viewer chose: the first that says so, else the first. */
static uint32_t audio_default(const struct spn_publication *publication)
{
    const struct rendition *audio = publication->renditions + publication->video_count;

    for (uint32_t i = 0; i < publication->audio_count; i++)
        if (audio[i].is_default)
            return audio[i].member;
    return 0;
}

static void characteristics(const struct rendition *rendition, struct spn_buffer *out)
{
    if (rendition->roles & SPN_ROLE_DESCRIPTION)
        spn_buffer_string(out, ",CHARACTERISTICS=\"public.accessibility.describes-video\"");
    else if (rendition->roles & SPN_ROLE_CAPTION)
        spn_buffer_string(out, ",CHARACTERISTICS=\"public.accessibility.transcribes-spoken-dialog,"
                               "public.accessibility.describes-music-and-sound\"");
}

/* Attributes that audio and text have in common. */
static void media_common(const struct rendition *rendition, const struct rendition *named,
                         int is_default, struct spn_buffer *out)
{
    /* A player may choose by language and role only where no other says the same of itself. */
    int choose = is_default || (named->ordinal == 0 && !(named->roles & SPN_ROLE_COMMENTARY));

    spn_buffer_string(out, ",NAME=");
    quoted(out, named->name, named->name_size);
    if (strcmp(named->info.language, "und") != 0) {
        spn_buffer_string(out, ",LANGUAGE=\"");
        spn_buffer_string(out, named->info.language);
        spn_buffer_string(out, "\"");
    }
    spn_buffer_string(out, is_default ? ",DEFAULT=YES" : ",DEFAULT=NO");
    spn_buffer_string(out, choose ? ",AUTOSELECT=YES" : ",AUTOSELECT=NO");
    characteristics(named, out);
    if (rendition->info.media == SPN_AUDIO) {
        spn_buffer_string(out, ",CHANNELS=\"");
        spn_buffer_number(out, rendition->info.channels);
        spn_buffer_string(out, "\"");
    }
    spn_buffer_string(out, ",URI=\"");
    spn_buffer_string(out, rendition->id);
    spn_buffer_string(out, "/media.m3u8\"\n");
}

/*
 * Every group has every member, with equal attributes but for URI and CHANNELS (section 4.3.4.1.1):
 * where a language has no 5.1 its stereo stands in the group of 5.1.
 */
static void audio_group(const struct spn_publication *publication, uint32_t group,
                        struct spn_buffer *out)
{
    uint32_t members = audio_members(publication), chosen = audio_default(publication);

    for (uint32_t member = 0; member < members; member++) {
        const struct rendition *rendition = audio_of(publication, group, member);
        const struct rendition *named = audio_of(publication, 0, member);

        if (!rendition)
            continue;
        spn_buffer_string(out, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio-");
        spn_buffer_number(out, group);
        spn_buffer_string(out, "\"");
        media_common(rendition, named, member == chosen, out);
    }
}

static void subtitles(const struct spn_publication *publication, struct spn_buffer *out)
{
    const struct rendition *text =
        publication->renditions + publication->video_count + publication->audio_count;
    int chosen = 0;

    for (uint32_t i = 0; i < publication->text_count; i++) {
        int is_default = text[i].is_default && !chosen;

        chosen |= is_default;
        spn_buffer_string(out, "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"text\"");
        spn_buffer_string(out, text[i].roles & SPN_ROLE_FORCED ? ",FORCED=YES" : ",FORCED=NO");
        media_common(&text[i], &text[i], is_default, out);
    }
}

/* Bits a second of what is heard and read beside a picture, at most. */
static void others_rates(const struct spn_publication *publication, uint32_t group, uint64_t *peak,
                         uint64_t *average)
{
    const struct rendition *text =
        publication->renditions + publication->video_count + publication->audio_count;
    uint32_t members = audio_members(publication);
    uint64_t most[4] = { 0, 0, 0, 0 };

    for (uint32_t member = 0; member < members; member++) {
        const struct rendition *rendition = audio_of(publication, group, member);

        if (rendition && rendition->peak > most[0])
            most[0] = rendition->peak;
        if (rendition && rendition->average > most[1])
            most[1] = rendition->average;
    }
    for (uint32_t i = 0; i < publication->text_count; i++) {
        if (text[i].peak > most[2])
            most[2] = text[i].peak;
        if (text[i].average > most[3])
            most[3] = text[i].average;
    }
    *peak = most[0] + most[2];
    *average = most[1] + most[3];
}

static void codecs(const struct spn_publication *publication, const struct rendition *video,
                   uint32_t group, struct spn_buffer *out)
{
    uint32_t members = audio_members(publication);

    spn_buffer_string(out, ",CODECS=\"");
    spn_buffer_string(out, video->info.codecs);
    for (uint32_t member = 0; member < members; member++) {
        const struct rendition *rendition = audio_of(publication, group, member);
        int said = !rendition;

        for (uint32_t before = 0; before < member && !said; before++) {
            const struct rendition *other = audio_of(publication, group, before);

            said = other && strcmp(other->info.codecs, rendition->info.codecs) == 0;
        }
        if (!said) {
            spn_buffer_string(out, ",");
            spn_buffer_string(out, rendition->info.codecs);
        }
    }
    spn_buffer_string(out, "\"");
}

static void resolution(const struct rendition *video, struct spn_buffer *out)
{
    spn_buffer_string(out, ",RESOLUTION=");
    spn_buffer_number(out, video->info.width);
    spn_buffer_string(out, "x");
    spn_buffer_number(out, video->info.height);
}

static void video_range(const struct rendition *video, struct spn_buffer *out)
{
    spn_buffer_string(out, video->info.colour.transfer == 16   ? ",VIDEO-RANGE=PQ"
                           : video->info.colour.transfer == 18 ? ",VIDEO-RANGE=HLG"
                                                               : ",VIDEO-RANGE=SDR");
}

/* With three decimals, as Apple's authoring specification asks: 23.976. */
static void frame_rate(struct spn_rate rate, struct spn_buffer *out)
{
    uint64_t thousandths = ((uint64_t)rate.num * 2000 + rate.den) / (2 * (uint64_t)rate.den);

    spn_buffer_string(out, ",FRAME-RATE=");
    spn_buffer_number(out, thousandths / 1000);
    spn_buffer_u8(out, '.');
    for (uint64_t unit = 100; unit; unit /= 10)
        spn_buffer_u8(out, (uint8_t)('0' + thousandths / unit % 10));
}

static void variant(const struct spn_publication *publication, const struct rendition *video,
                    uint32_t group, struct spn_buffer *out)
{
    uint64_t peak, average;

    others_rates(publication, group, &peak, &average);
    spn_buffer_string(out, "#EXT-X-STREAM-INF:BANDWIDTH=");
    spn_buffer_number(out, video->peak + peak);
    spn_buffer_string(out, ",AVERAGE-BANDWIDTH=");
    spn_buffer_number(out, video->average + average);
    codecs(publication, video, group, out);
    resolution(video, out);
    frame_rate(video->info.rate, out);
    video_range(video, out);
    if (publication->audio_count) {
        spn_buffer_string(out, ",AUDIO=\"audio-");
        spn_buffer_number(out, group);
        spn_buffer_string(out, "\"");
    }
    if (publication->text_count)
        spn_buffer_string(out, ",SUBTITLES=\"text\"");
    spn_buffer_string(out, ",CLOSED-CAPTIONS=NONE\n");
    spn_buffer_string(out, video->id);
    spn_buffer_string(out, "/media.m3u8\n");
}

static void iframe_variant(const struct rendition *video, struct spn_buffer *out)
{
    spn_buffer_string(out, "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=");
    spn_buffer_number(out, video->iframe_peak);
    spn_buffer_string(out, ",AVERAGE-BANDWIDTH=");
    spn_buffer_number(out, video->iframe_average);
    spn_buffer_string(out, ",CODECS=\"");
    spn_buffer_string(out, video->info.codecs);
    spn_buffer_string(out, "\"");
    resolution(video, out);
    video_range(video, out);
    spn_buffer_string(out, ",URI=\"");
    spn_buffer_string(out, video->id);
    spn_buffer_string(out, "/iframe.m3u8\"\n");
}

void spn_hls_multivariant(const struct spn_publication *publication, struct spn_buffer *out)
{
    uint32_t groups = audio_groups(publication), group = 0;

    spn_buffer_string(out, HLS_HEAD "#EXT-X-INDEPENDENT-SEGMENTS\n");
    for (uint32_t i = 0; i < groups; i++)
        audio_group(publication, i, out);
    subtitles(publication, out);
    do
        for (uint32_t i = 0; i < publication->video_count; i++)
            variant(publication, &publication->renditions[i], group, out);
    while (++group < groups);
    for (uint32_t i = 0; i < publication->video_count; i++)
        iframe_variant(&publication->renditions[i], out);
    if (publication->sheet_count) {
        spn_buffer_string(out, "#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=");
        spn_buffer_number(out, publication->sheet_rate);
        spn_buffer_string(out, ",RESOLUTION=");
        spn_buffer_number(out, publication->tile_width);
        spn_buffer_string(out, "x");
        spn_buffer_number(out, publication->tile_height);
        spn_buffer_string(out, ",CODECS=\"jpeg\",URI=\"images.m3u8\"\n");
    }
}

/* ---- media ---- */

/* "#EXTINF:", 13 digits, six decimals, ",\n", "i", 10 digits, ".m4s\n" */
#define ENTRY_MAX 64

static void head(uint32_t target_duration_s, const char *rest, struct spn_buffer *out)
{
    spn_buffer_string(out, HLS_HEAD "#EXT-X-TARGETDURATION:");
    spn_buffer_number(out, target_duration_s);
    spn_buffer_string(out, "\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-PLAYLIST-TYPE:VOD\n");
    spn_buffer_string(out, rest);
}

static char *entry(char *at, uint64_t us, const char *before, uint32_t number, const char *after)
{
    at = SPELL(at, "#EXTINF:");
    at = spell_microseconds(at, us);
    at = SPELL(at, ",\n");
    if (*before)
        *at++ = *before;
    at = spell_number(at, number);
    return spell_bytes(at, after, 5);
}

void spn_hls_media(const struct spn_publication *publication, const struct rendition *rendition,
                   struct spn_buffer *out)
{
    int text = rendition->info.media == SPN_TEXT;
    const struct rendition *lead = text ? publication_lead(publication) : rendition;
    uint64_t us = 0;
    char *base, *at;

    head(publication->target_duration_s, text ? "" : "#EXT-X-MAP:URI=\"init.mp4\"\n", out);
    base = at = (char *)spn_buffer_reserve(out, (size_t)lead->segment_count * ENTRY_MAX);
    if (!base)
        return;
    for (uint32_t i = 0; i < lead->segment_count; i++) {
        uint64_t end =
            spell_us(fragment_start(lead, segment_first(lead, i + 1)), lead->info.timescale);

        at = entry(at, end - us, "", i + 1, text ? ".vtt\n" : ".m4s\n");
        us = end;
    }
    out->size += (size_t)(at - base);
    spn_buffer_string(out, "#EXT-X-ENDLIST\n");
}

void spn_hls_iframes(const struct rendition *rendition, struct spn_buffer *out)
{
    uint32_t longest = 0, timescale = rendition->info.timescale;
    uint64_t us = 0, target;
    char *base, *at;

    for (uint32_t i = 0; i < rendition->fragment_count; i++) {
        struct fragment fragment = fragment_at(rendition, i);

        if (fragment.duration > longest)
            longest = fragment.duration;
    }
    target = (2 * (uint64_t)longest + timescale) / (2 * (uint64_t)timescale);
    head(target ? (uint32_t)target : 1, "#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI=\"init.mp4\"\n", out);
    base = at = (char *)spn_buffer_reserve(out, (size_t)rendition->fragment_count * ENTRY_MAX);
    if (!base)
        return;
    for (uint32_t i = 0; i < rendition->fragment_count; i++) {
        uint64_t end = spell_us(fragment_start(rendition, i + 1), timescale);

        at = entry(at, end - us, "i", i + 1, ".m4s\n");
        us = end;
    }
    out->size += (size_t)(at - base);
    spn_buffer_string(out, "#EXT-X-ENDLIST\n");
}

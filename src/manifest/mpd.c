/* mpd.c - ISO/IEC 23009-1 media presentation descriptions: static, one Period, SegmentTimeline. */
#include <string.h>

#include "manifests.h"
#include "spell.h"

static void escaped(struct spn_buffer *out, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        switch (bytes[i]) {
        case '&':
            spn_buffer_string(out, "&amp;");
            break;
        case '<':
            spn_buffer_string(out, "&lt;");
            break;
        case '>':
            spn_buffer_string(out, "&gt;");
            break;
        case '"':
            spn_buffer_string(out, "&quot;");
            break;
        default:
            spn_buffer_u8(out, (uint8_t)bytes[i]);
        }
}

static void number_attribute(struct spn_buffer *out, const char *name, uint64_t value)
{
    spn_buffer_u8(out, ' ');
    spn_buffer_string(out, name);
    spn_buffer_string(out, "=\"");
    spn_buffer_number(out, value);
    spn_buffer_u8(out, '"');
}

static void string_attribute(struct spn_buffer *out, const char *name, const char *value)
{
    spn_buffer_u8(out, ' ');
    spn_buffer_string(out, name);
    spn_buffer_string(out, "=\"");
    escaped(out, value, strlen(value));
    spn_buffer_u8(out, '"');
}

static void duration_attribute(struct spn_buffer *out, const char *name, uint64_t us)
{
    char text[32];

    spn_buffer_u8(out, ' ');
    spn_buffer_string(out, name);
    spn_buffer_string(out, "=\"PT");
    spn_buffer_append(out, text, (size_t)(spell_microseconds(text, us) - text));
    spn_buffer_string(out, "S\"");
}

static void property(struct spn_buffer *out, const char *element, const char *scheme,
                     uint64_t value)
{
    spn_buffer_string(out, "<");
    spn_buffer_string(out, element);
    string_attribute(out, "schemeIdUri", scheme);
    number_attribute(out, "value", value);
    spn_buffer_string(out, "/>\n");
}

static void role(struct spn_buffer *out, const char *value)
{
    spn_buffer_string(out, "<Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"");
    spn_buffer_string(out, value);
    spn_buffer_string(out, "\"/>\n");
}

static void roles(struct spn_buffer *out, unsigned set)
{
    static const struct {
        unsigned role;
        const char *value;
    } names[] = {
        { SPN_ROLE_MAIN, "main" },
        { SPN_ROLE_DUB, "dub" },
        { SPN_ROLE_COMMENTARY, "commentary" },
        { SPN_ROLE_DESCRIPTION, "description" },
        { SPN_ROLE_SUBTITLE, "subtitle" },
        { SPN_ROLE_CAPTION, "caption" },
        { SPN_ROLE_FORCED, "forced-subtitle" },
    };

    if (set & SPN_ROLE_DESCRIPTION) /* TV-Anytime's word for the same, which older players read */
        spn_buffer_string(out,
                          "<Accessibility schemeIdUri=\"urn:tva:metadata:cs:AudioPurposeCS:2007\" "
                          "value=\"1\"/>\n");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (set & names[i].role)
            role(out, names[i].value);
}

static void label(struct spn_buffer *out, const struct rendition *rendition)
{
    if (rendition->label_size == 0)
        return;
    spn_buffer_string(out, "<Label>");
    escaped(out, rendition->label, rendition->label_size);
    spn_buffer_string(out, "</Label>\n");
}

/* <S t d r/>: runs of segments of one duration. */
static void timeline(struct spn_buffer *out, const struct rendition *rendition)
{
    uint64_t start = 0, run_ticks = 0;
    uint32_t run = 0;
    /* "<S d=" and 13 digits, " r=" and 6 digits, " t=", quotes and the end */
    char *base = (char *)spn_buffer_reserve(out, (size_t)rendition->segment_count * 48 + 64);
    char *at = base;

    if (!base)
        return;
    at = SPELL(at, "<SegmentTimeline>\n");
    for (uint32_t i = 0; i < rendition->segment_count; i++) {
        uint64_t end = fragment_start(rendition, segment_first(rendition, i + 1));
        uint64_t next = 0;

        run_ticks = end - start;
        run++;
        if (i + 1 < rendition->segment_count)
            next = fragment_start(rendition, segment_first(rendition, i + 2)) - end;
        start = end;
        if (next == run_ticks)
            continue;
        at = i + 1 == run ? SPELL(at, "<S t=\"0\" d=\"") : SPELL(at, "<S d=\"");
        at = spell_number(at, run_ticks);
        if (run > 1) {
            at = SPELL(at, "\" r=\"");
            at = spell_number(at, run - 1);
        }
        at = SPELL(at, "\"/>\n");
        run = 0;
    }
    at = SPELL(at, "</SegmentTimeline>\n");
    out->size += (size_t)(at - base);
}

static void segment_template(struct spn_buffer *out, const struct rendition *rendition)
{
    spn_buffer_string(out, "<SegmentTemplate");
    number_attribute(out, "timescale", rendition->info.timescale);
    spn_buffer_string(out, " startNumber=\"1\" initialization=\"$RepresentationID$/init.mp4\" "
                           "media=\"$RepresentationID$/$Number$.m4s\">\n");
    timeline(out, rendition);
    spn_buffer_string(out, "</SegmentTemplate>\n");
}

/* Colour by ISO/IEC 23091-2; a player must know what HDR is, and may pass over the rest. */
static void colour(struct spn_buffer *out, const struct rendition *video)
{
    const struct spn_colour *said = &video->info.colour;
    const char *element =
        said->transfer == 16 || said->transfer == 18 ? "EssentialProperty" : "SupplementalProperty";

    if (said->primaries)
        property(out, element, "urn:mpeg:mpegB:cicp:ColourPrimaries", said->primaries);
    if (said->transfer)
        property(out, element, "urn:mpeg:mpegB:cicp:TransferCharacteristics", said->transfer);
    if (said->matrix)
        property(out, element, "urn:mpeg:mpegB:cicp:MatrixCoefficients", said->matrix);
    if (said->full_range)
        property(out, element, "urn:mpeg:mpegB:cicp:VideoFullRangeFlag", 1);
}

/* One player can go on from one to the other without a new decoder. */
static int switchable(const struct rendition *a, const struct rendition *b)
{
    return a->info.codec == b->info.codec && a->info.colour.primaries == b->info.colour.primaries &&
           a->info.colour.transfer == b->info.colour.transfer &&
           a->info.colour.matrix == b->info.colour.matrix &&
           a->info.colour.full_range == b->info.colour.full_range &&
           spn_rate_equal(a->info.rate, b->info.rate);
}

static void video_representation(struct spn_buffer *out, const struct rendition *video)
{
    spn_buffer_string(out, "<Representation");
    string_attribute(out, "id", video->id);
    number_attribute(out, "bandwidth", video->bandwidth);
    string_attribute(out, "codecs", video->info.codecs);
    number_attribute(out, "width", video->info.width);
    number_attribute(out, "height", video->info.height);
    spn_buffer_string(out, "/>\n");
}

static void video_set(const struct spn_publication *publication, uint32_t first, uint32_t *id,
                      struct spn_buffer *out)
{
    const struct rendition *video = publication->renditions, *one = &video[first];
    uint32_t width = 0, height = 0;

    for (uint32_t i = first; i < publication->video_count; i++)
        if (switchable(one, &video[i])) {
            width = video[i].info.width > width ? video[i].info.width : width;
            height = video[i].info.height > height ? video[i].info.height : height;
        }
    spn_buffer_string(out, "<AdaptationSet");
    number_attribute(out, "id", (*id)++);
    spn_buffer_string(out, " contentType=\"video\" mimeType=\"video/mp4\"");
    number_attribute(out, "maxWidth", width);
    number_attribute(out, "maxHeight", height);
    spn_buffer_string(out, " frameRate=\"");
    spn_buffer_number(out, one->info.rate.num);
    if (one->info.rate.den != 1) {
        spn_buffer_string(out, "/");
        spn_buffer_number(out, one->info.rate.den);
    }
    spn_buffer_string(out, "\" sar=\"1:1\" segmentAlignment=\"true\" startWithSAP=\"1\">\n");
    colour(out, one);
    role(out, "main");
    segment_template(out, one);
    for (uint32_t i = first; i < publication->video_count; i++)
        if (switchable(one, &video[i]))
            video_representation(out, &video[i]);
    spn_buffer_string(out, "</AdaptationSet>\n");
}

/* The ChannelConfiguration of ISO/IEC 23091-3 that AAC's channels are. */
static uint32_t channel_configuration(uint32_t channels)
{
    return channels == 7 ? 11 : channels == 8 ? 12 : channels;
}

static void audio_set(struct spn_buffer *out, const struct rendition *audio, uint32_t *id)
{
    spn_buffer_string(out, "<AdaptationSet");
    number_attribute(out, "id", (*id)++);
    spn_buffer_string(out, " contentType=\"audio\" mimeType=\"audio/mp4\"");
    string_attribute(out, "lang", audio->info.language);
    spn_buffer_string(out, " segmentAlignment=\"true\" startWithSAP=\"1\">\n");
    label(out, audio);
    roles(out, audio->roles);
    segment_template(out, audio);
    spn_buffer_string(out, "<Representation");
    string_attribute(out, "id", audio->id);
    number_attribute(out, "bandwidth", audio->bandwidth);
    string_attribute(out, "codecs", audio->info.codecs);
    number_attribute(out, "audioSamplingRate", audio->info.sample_rate);
    spn_buffer_string(out, ">\n");
    property(out, "AudioChannelConfiguration", "urn:mpeg:mpegB:cicp:ChannelConfiguration",
             channel_configuration(audio->info.channels));
    spn_buffer_string(out, "</Representation>\n</AdaptationSet>\n");
}

static void text_set(struct spn_buffer *out, const struct rendition *text, uint32_t *id)
{
    spn_buffer_string(out, "<AdaptationSet");
    number_attribute(out, "id", (*id)++);
    spn_buffer_string(out, " contentType=\"text\" mimeType=\"text/vtt\"");
    string_attribute(out, "lang", text->info.language);
    spn_buffer_string(out, ">\n");
    label(out, text);
    roles(out, text->roles);
    spn_buffer_string(out, "<Representation");
    string_attribute(out, "id", text->id);
    number_attribute(out, "bandwidth", text->bandwidth);
    spn_buffer_string(out, ">\n<BaseURL>");
    spn_buffer_string(out, text->id);
    spn_buffer_string(out, "/all.vtt</BaseURL>\n</Representation>\n</AdaptationSet>\n");
}

static void sheet_set(const struct spn_publication *publication, uint32_t *id,
                      struct spn_buffer *out)
{
    spn_buffer_string(out, "<AdaptationSet");
    number_attribute(out, "id", (*id)++);
    spn_buffer_string(out, " contentType=\"image\" mimeType=\"image/jpeg\">\n"
                           "<SegmentTemplate timescale=\"1000\"");
    number_attribute(out, "duration",
                     (uint64_t)publication->columns * publication->rows * publication->tile_ms);
    spn_buffer_string(out, " startNumber=\"1\" media=\"sheet/$Number$.jpg\"/>\n"
                           "<Representation id=\"sheet\"");
    number_attribute(out, "bandwidth", publication->sheet_rate);
    number_attribute(out, "width", (uint64_t)publication->tile_width * publication->columns);
    number_attribute(out, "height", (uint64_t)publication->tile_height * publication->rows);
    spn_buffer_string(out, ">\n<EssentialProperty "
                           "schemeIdUri=\"http://dashif.org/guidelines/thumbnail_tile\" value=\"");
    spn_buffer_number(out, publication->columns);
    spn_buffer_string(out, "x");
    spn_buffer_number(out, publication->rows);
    spn_buffer_string(out, "\"/>\n</Representation>\n</AdaptationSet>\n");
}

void spn_dash_mpd(const struct spn_publication *publication, struct spn_buffer *out)
{
    const struct rendition *all = publication->renditions, *lead = publication_lead(publication);
    uint32_t id = 1;

    spn_buffer_string(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                           "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" "
                           "profiles=\"urn:mpeg:dash:profile:isoff-live:2011,"
                           "urn:mpeg:dash:profile:cmaf:2019\"");
    duration_attribute(out, "mediaPresentationDuration",
                       spell_us(rendition_ticks(lead), lead->info.timescale));
    duration_attribute(out, "minBufferTime", (uint64_t)publication->min_buffer_ms * 1000);
    spn_buffer_string(out, ">\n<Period id=\"1\" start=\"PT0S\">\n");
    for (uint32_t i = 0; i < publication->video_count; i++) {
        uint32_t before = 0;

        while (before < i && !switchable(&all[before], &all[i]))
            before++;
        if (before == i)
            video_set(publication, i, &id, out);
    }
    for (uint32_t i = publication->video_count; i < publication->rendition_count; i++)
        if (all[i].info.media == SPN_AUDIO)
            audio_set(out, &all[i], &id);
        else
            text_set(out, &all[i], &id);
    if (publication->sheet_count)
        sheet_set(publication, &id, out);
    spn_buffer_string(out, "</Period>\n</MPD>\n");
}

/* otio_write.c - a composition as an OpenTimelineIO timeline. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cut_list.h"

static json_t *time_json(int64_t value, struct spn_rate rate)
{
    double per_second = (double)rate.num / rate.den;

    return json_pack("{s:s, s:f, s:f}", "OTIO_SCHEMA", "RationalTime.1", "rate", per_second,
                     "value", (double)value);
}

static json_t *range_json(int64_t start, int64_t duration, struct spn_rate rate)
{
    return json_pack("{s:s, s:o, s:o}", "OTIO_SCHEMA", "TimeRange.1", "start_time",
                     time_json(start, rate), "duration", time_json(duration, rate));
}

/* A name in any bytes: what is no text in it becomes blanks. */
static json_t *text_json(const char *text)
{
    char plain[CUT_TEXT_MAX];
    size_t at = 0, n;
    int good;

    for (; (n = cut_letter(text, &good)) > 0 && at + n < sizeof(plain); text += n) {
        memcpy(plain + at, good ? text : " ", good ? n : 1);
        at += good ? n : 1;
    }
    return json_stringn(plain, at);
}

/* At frame of the media, whose clip it hangs on. */
static json_t *marker_json(const struct cut_marker *marker, int64_t frame, struct spn_rate rate)
{
    return json_pack("{s:s, s:o, s:s, s:o, s:{s:{s:b}}}", "OTIO_SCHEMA", "Marker.2", "name",
                     text_json(marker->name), "color", marker->color[0] ? marker->color : "GREEN",
                     "marked_range", range_json(frame, 1, rate), "metadata", "sampan", "chapter",
                     marker->is_chapter);
}

static json_t *markers_json(const struct spn_composition *composition,
                            const struct cut_names *names, size_t i, int64_t source, size_t *next)
{
    json_t *list = json_array();

    for (;
         *next < names->marker_count && names->markers[*next].at.frame < composition->start[i + 1];
         (*next)++) {
        const struct cut_marker *marker = &names->markers[*next];

        (void)json_array_append_new(
            list, marker_json(marker, source + marker->at.frame - composition->start[i],
                              composition->rate));
    }
    return list;
}

static json_t *clip_json(const struct spn_composition *composition, const struct cut_names *names,
                         size_t i, size_t *next)
{
    const struct spn_clip *clip = &composition->clips[i];
    const struct spn_clip_asset *asset = &composition->assets[clip->asset];
    const char *name = names->asset_names[clip->asset];
    int64_t start = names->asset_starts[clip->asset];
    char hash[SPN_HASH_HEX + 1];

    spn_hash_hex(&asset->name, hash);
    return json_pack(
        "{s:s, s:o, s:o, s:{s:{s:s, s:o, s:o, s:o, s:{}}}, s:s, s:[], s:o, s:b, s:{s:{s:s}}}",
        "OTIO_SCHEMA", "Clip.2", "name", text_json(name), "source_range",
        range_json(start + clip->in, clip->out - clip->in, composition->rate), "media_references",
        "DEFAULT_MEDIA", "OTIO_SCHEMA", "ExternalReference.1", "target_url", text_json(name),
        "available_range", range_json(start, asset->frames, composition->rate), "name",
        text_json(name), "metadata", "active_media_reference_key", "DEFAULT_MEDIA", "effects",
        "markers", markers_json(composition, names, i, start + clip->in, next), "enabled", 1,
        "metadata", "sampan", "asset", hash);
}

int otio_write(const struct spn_composition *composition, const struct cut_names *names,
               struct spn_buffer *out, struct spn_error *err)
{
    json_t *clips = json_array(), *top;
    size_t next = 0;
    char *text;

    for (size_t i = 0; i < composition->count; i++)
        (void)json_array_append_new(clips, clip_json(composition, names, i, &next));
    top =
        json_pack("{s:s, s:o, s:o, s:{}, s:{s:s, s:s, s:[{s:s, s:s, s:s, s:o, s:{}}], s:{}}}",
                  "OTIO_SCHEMA", "Timeline.1", "name", text_json(names->title), "global_start_time",
                  time_json(0, composition->rate), "metadata", "tracks", "OTIO_SCHEMA", "Stack.1",
                  "name", "tracks", "children", "OTIO_SCHEMA", "Track.1", "name", "V1", "kind",
                  "Video", "children", clips, "metadata", "metadata");
    text = top ? json_dumps(top, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) : NULL;
    if (text)
        spn_buffer_string(out, text);
    free(text);
    json_decref(top);
    return !text || spn_buffer_failed(out)
               ? spn_error_set(err, SPN_ENOMEM, "no memory for the list")
               : SPN_OK;
}

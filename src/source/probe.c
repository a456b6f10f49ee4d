#include "probe.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/pixdesc.h>

#include "source_internal.h"

/* A string of the file: people's words in an unknown encoding; what is not UTF-8 is left out. */
static void put_text(json_t *object, const char *key, const char *text)
{
    json_t *value = text && *text ? json_string(text) : NULL;

    if (value)
        json_object_set_new(object, key, value);
}

static void put_int(json_t *object, const char *key, int64_t value)
{
    json_object_set_new(object, key, json_integer(value));
}

static void put_pair(json_t *object, const char *key, int64_t a, int64_t b)
{
    json_object_set_new(object, key, json_pack("[I,I]", (json_int_t)a, (json_int_t)b));
}

static void put_flag(json_t *object, const char *key, int value)
{
    if (value)
        json_object_set_new(object, key, json_true());
}

/* A rational of the mastering display in units of 1 / scale, as the H.274 SEI has it. */
static int64_t scaled(AVRational q, int64_t scale)
{
    return q.den > 0 ? av_rescale(q.num, scale, q.den) : 0;
}

static void put_hdr(json_t *object, const AVStream *stream)
{
    size_t size = 0;
    const AVMasteringDisplayMetadata *mastering = (const void *)av_stream_get_side_data(
        stream, AV_PKT_DATA_MASTERING_DISPLAY_METADATA, &size);
    const AVContentLightMetadata *light;
    json_t *json;
    int i;

    if (mastering && size >= sizeof *mastering && mastering->has_primaries &&
        mastering->has_luminance) {
        json = json_object();
        static const char *const names[] = { "red", "green", "blue" };

        for (i = 0; i < 3; i++)
            put_pair(json, names[i], scaled(mastering->display_primaries[i][0], 50000),
                     scaled(mastering->display_primaries[i][1], 50000));
        put_pair(json, "white", scaled(mastering->white_point[0], 50000),
                 scaled(mastering->white_point[1], 50000));
        put_int(json, "min_luminance", scaled(mastering->min_luminance, 10000));
        put_int(json, "max_luminance", scaled(mastering->max_luminance, 10000));
        json_object_set_new(object, "mastering_display", json);
    }
    light = (const void *)av_stream_get_side_data(stream, AV_PKT_DATA_CONTENT_LIGHT_LEVEL, &size);
    if (light && size >= sizeof *light) {
        put_int(object, "max_cll", light->MaxCLL);
        put_int(object, "max_fall", light->MaxFALL);
    }
}

static const char *order_name(enum AVFieldOrder order)
{
    switch (order) {
    case AV_FIELD_PROGRESSIVE:
        return "progressive";
    case AV_FIELD_TT:
    case AV_FIELD_TB:
        return "top_first";
    case AV_FIELD_BB:
    case AV_FIELD_BT:
        return "bottom_first";
    default:
        return NULL;
    }
}

static void put_picture(json_t *object, const struct stream *stream, const AVStream *av)
{
    const AVCodecParameters *par = stream->codecpar;

    put_int(object, "width", stream->width);
    put_int(object, "height", stream->height);
    if (stream->sar.num != stream->sar.den)
        put_pair(object, "sar", stream->sar.num, stream->sar.den);
    if (stream->rotation)
        put_int(object, "rotation", stream->rotation);
    put_flag(object, "mirrored", stream->mirrored);
    if (stream->declared.num)
        put_pair(object, "rate", stream->declared.num, stream->declared.den);
    put_text(object, "pixel_format", av_get_pix_fmt_name((enum AVPixelFormat)par->format));
    put_text(object, "field_order", order_name(par->field_order));
    if (par->color_range != AVCOL_RANGE_UNSPECIFIED)
        put_text(object, "color_range", av_color_range_name(par->color_range));
    if (par->color_primaries != AVCOL_PRI_UNSPECIFIED)
        put_text(object, "color_primaries", av_color_primaries_name(par->color_primaries));
    if (par->color_trc != AVCOL_TRC_UNSPECIFIED)
        put_text(object, "color_transfer", av_color_transfer_name(par->color_trc));
    if (par->color_space != AVCOL_SPC_UNSPECIFIED)
        put_text(object, "color_matrix", av_color_space_name(par->color_space));
    put_flag(object, "hdr", stream->hdr);
    if (stream->dovi_profile >= 0)
        put_int(object, "dolby_vision_profile", stream->dovi_profile);
    put_flag(object, "cover", stream->attached);
    put_hdr(object, av);
}

static void put_sound(json_t *object, const struct stream *stream)
{
    const AVCodecParameters *par = stream->codecpar;
    char layout[128];

    put_int(object, "sample_rate", stream->sample_rate);
    put_int(object, "channels", stream->channels);
    if (par->ch_layout.order != AV_CHANNEL_ORDER_UNSPEC &&
        av_channel_layout_describe(&par->ch_layout, layout, sizeof layout) > 0)
        put_text(object, "layout", layout);
}

static json_t *stream_json(const struct stream *stream, const AVStream *av)
{
    const AVCodecParameters *par = stream->codecpar;
    json_t *object = json_object();

    put_int(object, "index", stream->index);
    put_text(object, "kind", stream_kind_name(stream->kind));
    put_text(object, "codec",
             par->codec_id == AV_CODEC_ID_NONE ? "unknown" : avcodec_get_name(par->codec_id));
    put_text(object, "profile", avcodec_profile_name(par->codec_id, par->profile));
    put_pair(object, "time_base", stream->time_base.num, stream->time_base.den);
    if (par->codec_type == AVMEDIA_TYPE_VIDEO)
        put_picture(object, stream, av);
    if (par->codec_type == AVMEDIA_TYPE_AUDIO)
        put_sound(object, stream);
    if (par->bit_rate > 0)
        put_int(object, "bit_rate", par->bit_rate);
    if (stream->kind != STREAM_OTHER && stream->kind != STREAM_VIDEO)
        put_text(object, "language", stream->language);
    put_text(object, "title", stream->title);
    put_flag(object, "default", stream->is_default);
    put_flag(object, "forced", stream->forced);
    put_flag(object, "hearing_impaired", stream->hearing_impaired);
    put_flag(object, "visual_impaired", stream->visual_impaired);
    put_flag(object, "commentary", stream->commentary);
    put_flag(object, "encrypted", stream->encrypted);
    put_flag(object, "no_decoder", !stream->decodable);
    return object;
}

int probe_make(const struct source *source, json_t **out, struct spn_error *err)
{
    const AVFormatContext *format = source->format;
    const AVDictionaryEntry *title = av_dict_get(format->metadata, "title", NULL, 0);
    json_t *probe = json_object(), *streams = json_array();
    struct stream stream;
    unsigned i;

    put_text(probe, "container", source->demuxer->name);
    put_int(probe, "bytes", (int64_t)source->io.size);
    if (format->duration > 0)
        put_int(probe, "duration_ms", format->duration / 1000);
    if (title)
        put_text(probe, "title", title->value);
    for (i = 0; i < format->nb_streams; i++) {
        stream_read(source, (int)i, &stream, NULL);
        json_array_append_new(streams, stream_json(&stream, format->streams[i]));
    }
    if (!probe || !streams || json_array_size(streams) != format->nb_streams) {
        json_decref(streams);
        json_decref(probe);
        *out = NULL;
        return spn_error_set(err, SPN_ENOMEM, "out of memory while reading about %s", source->name);
    }
    json_object_set_new(probe, "streams", streams);
    *out = probe;
    return SPN_OK;
}

static void note(json_t *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(json_t *notes, const char *format, ...)
{
    va_list args;

    if (!notes)
        return;
    va_start(args, format);
    json_array_append_new(notes, json_vsprintf(format, args));
    va_end(args);
}

/* Better pictures first: what decodes, then what the file calls its default, then the larger one.
 */
static int better(const struct stream *a, const struct stream *b)
{
    int64_t area_a = (int64_t)a->width * a->height, area_b = (int64_t)b->width * b->height;

    if (a->decodable != b->decodable)
        return a->decodable;
    if (!area_a != !area_b)
        return area_a != 0;
    if (a->is_default != b->is_default)
        return a->is_default;
    return area_a > area_b;
}

static int no_picture(const struct source *source, int sounds, int covers, struct spn_error *err)
{
    if (sounds)
        return spn_error_set(err, SPN_EUNSUPPORTED, "%s has no picture: only sound%s is in it",
                             source->name, covers ? " with a cover" : "");
    if (covers)
        return spn_error_set(err, SPN_EUNSUPPORTED, "%s has no film in it: only a still picture",
                             source->name);
    if (!source->format->nb_streams)
        return spn_error_set(err, SPN_EFORMAT,
                             "%s has no streams in it: it is damaged or incomplete", source->name);
    return spn_error_set(err, SPN_EUNSUPPORTED, "%s has neither picture nor sound in it",
                         source->name);
}

static int judge_picture(const struct source *source, const struct stream *stream,
                         struct spn_error *err)
{
    const char *name = source->name;
    char fourcc[AV_FOURCC_MAX_STRING_SIZE];

    if (stream->encrypted)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "the picture of %s is encrypted: bring it without DRM", name);
    if (stream->codecpar->codec_id == AV_CODEC_ID_NONE)
        return spn_error_set(
            err, SPN_EUNSUPPORTED, "the picture of %s is in a codec that is not known%s%s", name,
            stream->codecpar->codec_tag ? ", " : "",
            stream->codecpar->codec_tag ? av_fourcc_make_string(fourcc, stream->codecpar->codec_tag)
                                        : "");
    if (!stream->decodable)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "the picture of %s is %s, which cannot be decoded here", name,
                             avcodec_get_name(stream->codecpar->codec_id));
    if (stream->dovi_profile >= 0 && !stream->dovi_compatible)
        return spn_error_set(
            err, SPN_EUNSUPPORTED,
            "the picture of %s is Dolby Vision profile %d, whose colours cannot be "
            "shown without Dolby's own decoder: bring HDR10, HLG or SDR",
            name, stream->dovi_profile);
    if (stream->width <= 0 || stream->height <= 0)
        return spn_error_set(err, SPN_EFORMAT,
                             "the picture of %s has no size: it is damaged or incomplete", name);
    if (stream->width < PROBE_SIDE_MIN || stream->height < PROBE_SIDE_MIN)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "the picture of %s is %d x %d: no side of a picture can be less than "
                             "%d pixels",
                             name, stream->width, stream->height, PROBE_SIDE_MIN);
    if (stream->width > PROBE_SIDE_MAX || stream->height > PROBE_SIDE_MAX)
        return spn_error_set(err, SPN_ELIMIT,
                             "the picture of %s is %d x %d, more than %d x %d pixels", name,
                             stream->width, stream->height, PROBE_SIDE_MAX, PROBE_SIDE_MAX);
    return SPN_OK;
}

static void note_stream(json_t *notes, const struct stream *stream, int video)
{
    const char *codec = avcodec_get_name(stream->codecpar->codec_id);

    if (stream->kind == STREAM_VIDEO && stream->index != video)
        note(notes, "stream %d (%s, %d x %d) is a second picture and was not taken", stream->index,
             codec, stream->width, stream->height);
    else if (stream->kind == STREAM_BITMAP)
        note(notes,
             "stream %d (%s, %s) is subtitles as pictures, which become no text and were not "
             "taken",
             stream->index, codec, stream->language);
    else if (stream->kind == STREAM_AUDIO && stream->encrypted)
        note(notes, "stream %d (%s) is encrypted sound and was not taken", stream->index, codec);
    else if ((stream->kind == STREAM_AUDIO || stream->kind == STREAM_TEXT) && !stream->decodable)
        note(notes, "stream %d (%s) cannot be decoded here and was not taken", stream->index,
             codec);
    else if (stream->index == video && stream->dovi_profile >= 0)
        note(notes, "Dolby Vision profile %d was not used: its base layer was",
             stream->dovi_profile);
}

int probe_judge(const struct source *source, int *video, json_t *notes, struct spn_error *err)
{
    struct stream stream, best = { .index = -1 };
    int sounds = 0, covers = 0, ret;
    unsigned i;

    for (i = 0; i < source->format->nb_streams; i++) {
        stream_read(source, (int)i, &stream, NULL);
        sounds += stream.kind == STREAM_AUDIO;
        covers += stream.attached;
        if (stream.kind == STREAM_VIDEO && (best.index < 0 || better(&stream, &best)))
            best = stream;
    }
    if (best.index < 0)
        return no_picture(source, sounds, covers, err);
    if ((ret = judge_picture(source, &best, err)) < 0)
        return ret;
    *video = best.index;
    for (i = 0; i < source->format->nb_streams; i++) {
        stream_read(source, (int)i, &stream, NULL);
        note_stream(notes, &stream, *video);
    }
    return SPN_OK;
}

/* plan.c - what is to be made of a source. */
#include "plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../source/stream.h"
#include "member.h"
#include "recipe.h"
#include "sampan/file.h"
#include "text_file.h"
#include "video_encoder.h"

static const char *const video_libraries[][7] = {
    [SPN_H264] = { "libavcodec", "libavfilter", "libavformat", "libswscale", "x264", NULL },
    [SPN_HEVC] = { "libavcodec", "libavfilter", "libavformat", "libswscale", "x265", NULL },
    [SPN_AV1] = { "libavcodec", "libavfilter", "libavformat", "libswscale", "svt-av1", NULL },
};
static const char *const audio_libraries[] = { "libavcodec", "libavformat", "libswresample", NULL };
static const char *const text_libraries[] = { "libavcodec", "libavformat", NULL };
static const char *const tile_libraries[] = { "libavcodec", "libavfilter", "libavformat",
                                              "libswscale", NULL };

static int out_of_memory(struct spn_error *err)
{
    return spn_error_set(err, SPN_ENOMEM, "no memory for a plan");
}

/* Give entry, which has everything its bytes depend on, its name, and put it into list. */
static int entry_add(const struct plan_request *request, const char *media, json_t *settings,
                     const char *const *libraries, char letter, json_t *list, json_t **entry,
                     struct spn_error *err)
{
    char name[SPN_HASH_HEX + 1], id[16];
    int ret;

    *entry = NULL;
    if (!settings)
        return out_of_memory(err);
    ret = recipe_name(media, request->source_hash, request->conform_json, settings, libraries, name,
                      err);
    if (ret == SPN_OK) {
        (void)snprintf(id, sizeof(id), "%c%zu", letter, json_array_size(list));
        if (json_object_set_new(settings, "id", json_string(id)) < 0 ||
            json_object_set_new(settings, "name", json_string(name)) < 0 ||
            json_array_append(list, settings) < 0)
            ret = out_of_memory(err);
        else
            *entry = json_array_get(list, json_array_size(list) - 1);
    }
    json_decref(settings);
    return ret;
}

static json_t *video_settings(const struct rung *rung, struct spn_rate rate, uint32_t gop)
{
    char options[ENCODER_OPTIONS_MAX];
    json_t *settings = rung_write(rung);

    video_encoder_options(rung, rate, gop, options);
    if (settings &&
        (json_object_set_new(settings, "gop", json_integer(gop)) < 0 ||
         json_object_set_new(settings, "chunk_gops", json_integer(SPN_CHUNK_GOPS)) < 0 ||
         json_object_set_new(settings, "options", json_string(options)) < 0)) {
        json_decref(settings);
        return NULL;
    }
    return settings;
}

static int video_plan(const struct plan_request *request, const struct ladder *ladder, json_t *list,
                      struct spn_error *err)
{
    uint32_t gop = spn_rate_gop(request->conform->rate);
    json_t *entry;
    int ret = SPN_OK;

    for (size_t i = 0; i < ladder->count && ret == SPN_OK; i++)
        ret = entry_add(request, "video",
                        video_settings(&ladder->rungs[i], request->conform->rate, gop),
                        video_libraries[ladder->rungs[i].codec], 'v', list, &entry, err);
    return ret;
}

static json_t *audio_settings(int stream, const char *language, int channels)
{
    return json_pack("{s:i,s:s,s:s,s:i,s:i,s:i}", "stream", stream, "language", language, "codec",
                     "aac", "channels", channels, "sample_rate", AUDIO_SAMPLE_RATE, "bitrate",
                     channels == 2 ? 128000 : 384000);
}

/* The language that a person gave for audio track number (from 1), else the file's. */
static const char *audio_language(const struct plan_request *request, size_t number,
                                  const struct stream *stream, char out[STREAM_LANGUAGE_MAX])
{
    char key[24];
    const char *given;

    (void)snprintf(key, sizeof(key), "%zu", number);
    given = json_string_value(
        json_object_get(json_object_get(request->options, "audio_languages"), key));
    if (!given)
        return stream->language;
    stream_language(given, out);
    return out;
}

static int audio_add(const struct plan_request *request, const struct stream *stream, size_t number,
                     int channels, int is_default, json_t *list, struct spn_error *err)
{
    char language[STREAM_LANGUAGE_MAX];
    json_t *entry;
    int ret;

    ret = entry_add(
        request, "audio",
        audio_settings(stream->index, audio_language(request, number, stream, language), channels),
        audio_libraries, 'a', list, &entry, err);
    if (ret == SPN_OK &&
        (json_object_set_new(entry, "title", json_string(stream->title)) < 0 ||
         json_object_set_new(entry, "default", json_boolean(is_default)) < 0 ||
         json_object_set_new(entry, "commentary", json_boolean(stream->commentary)) < 0 ||
         json_object_set_new(entry, "described", json_boolean(stream->visual_impaired)) < 0))
        ret = out_of_memory(err);
    return ret;
}

/* Every track in stereo, and once more in 5.1 where it has as many channels. */
static int audio_plan(const struct plan_request *request, json_t *list, json_t *changes,
                      struct spn_error *err)
{
    unsigned streams = source_format(request->source)->nb_streams;
    struct stream stream;
    size_t number = 0;
    int first_default = -1, first = -1, ret;

    for (unsigned i = 0; i < streams; i++) {
        if ((ret = stream_read(request->source, (int)i, &stream, err)) < 0)
            return ret;
        if (stream.kind != STREAM_AUDIO || !stream.decodable)
            continue;
        if (first < 0)
            first = (int)i;
        if (first_default < 0 && stream.is_default)
            first_default = (int)i;
    }
    for (unsigned i = 0; i < streams; i++) {
        if ((ret = stream_read(request->source, (int)i, &stream, err)) < 0)
            return ret;
        if (stream.kind != STREAM_AUDIO)
            continue;
        number++;
        if (!stream.decodable)
            continue; /* probe_judge() has said so */
        if ((ret = audio_add(request, &stream, number, 2,
                             (int)i == (first_default < 0 ? first : first_default), list, err)) < 0)
            return ret;
        if (stream.channels >= 6 &&
            (ret = audio_add(request, &stream, number, 6, 0, list, err)) < 0)
            return ret;
    }
    if (first < 0)
        (void)json_array_append_new(changes, json_string("the source has no sound"));
    return SPN_OK;
}

static int languages_check(const struct plan_request *request, struct spn_error *err)
{
    unsigned streams = source_format(request->source)->nb_streams;
    size_t tracks = 0;
    struct stream stream;
    const char *key;
    json_t *value;
    int ret;

    for (unsigned i = 0; i < streams; i++) {
        if ((ret = stream_read(request->source, (int)i, &stream, err)) < 0)
            return ret;
        tracks += stream.kind == STREAM_AUDIO;
    }
    json_object_foreach(json_object_get(request->options, "audio_languages"), key, value)
    {
        char *end;
        unsigned long number = strtoul(key, &end, 10);
        char tag[STREAM_LANGUAGE_MAX] = "und";

        if (*end || number < 1 || number > tracks)
            return spn_error_set(err, SPN_ERANGE,
                                 "a language was given for audio track %.20s; %s has %zu of them, "
                                 "counted from 1",
                                 key, source_name(request->source), tracks);
        if (json_is_string(value))
            stream_language(json_string_value(value), tag);
        if (strcmp(tag, "und") == 0)
            return spn_error_set(err, SPN_EINVAL,
                                 "the language of audio track %lu is no BCP 47 tag such as zh-Hans",
                                 number);
    }
    return SPN_OK;
}

/* The hash of a subtitle file stands for it; text_version is that of the converter. */
static json_t *text_settings(int stream, const char *file, const char *language)
{
    json_t *settings = json_pack("{s:s,s:s}", "codec", "webvtt", "language", language);

    if (settings && (stream >= 0 ? json_object_set_new(settings, "stream", json_integer(stream))
                                 : json_object_set_new(settings, "hash", json_string(file))) < 0) {
        json_decref(settings);
        return NULL;
    }
    return settings;
}

static int text_details(json_t *entry, const char *title, const struct stream *stream,
                        struct spn_error *err)
{
    if (json_object_set_new(entry, "title", json_string(title)) < 0 ||
        json_object_set_new(entry, "forced", json_boolean(stream && stream->forced)) < 0 ||
        json_object_set_new(entry, "default", json_boolean(stream && stream->is_default)) < 0 ||
        json_object_set_new(entry, "hearing_impaired",
                            json_boolean(stream && stream->hearing_impaired)) < 0)
        return out_of_memory(err);
    return SPN_OK;
}

static int text_plan(const struct plan_request *request, json_t *list, struct spn_error *err)
{
    unsigned streams = source_format(request->source)->nb_streams;
    struct stream stream;
    json_t *file, *entry;
    size_t index;
    int ret;

    for (unsigned i = 0; i < streams; i++) {
        if ((ret = stream_read(request->source, (int)i, &stream, err)) < 0)
            return ret;
        if (stream.kind == STREAM_TEXT && stream.decodable &&
            ((ret = entry_add(request, "text", text_settings((int)i, NULL, stream.language),
                              text_libraries, 't', list, &entry, err)) < 0 ||
             (ret = text_details(entry, stream.title, &stream, err)) < 0))
            return ret;
    }
    json_array_foreach((json_t *)request->subtitles, index, file)
    {
        char hex[SPN_HASH_HEX + 1], language[STREAM_LANGUAGE_MAX];
        const char *tag, *name;
        struct spn_hash hash;
        int64_t fd;

        if ((ret = member_int(file, "a subtitle of the request", "fd", 0, 1 << 20, &fd, err)) < 0 ||
            (ret = member_text(file, "a subtitle of the request", "language", &tag, err)) < 0 ||
            (ret = member_text(file, "a subtitle of the request", "name", &name, err)) < 0 ||
            (ret = text_file_check((int)fd, name, err)) < 0 ||
            (ret = spn_file_hash((int)fd, &hash, NULL, err)) < 0)
            return ret;
        spn_hash_hex(&hash, hex);
        stream_language(tag, language);
        if ((ret = entry_add(request, "text", text_settings(-1, hex, language), text_libraries, 't',
                             list, &entry, err)) < 0 ||
            (ret = text_details(entry, "", NULL, err)) < 0)
            return ret;
        if (json_object_set_new(entry, "file", json_integer((json_int_t)index)) < 0)
            return out_of_memory(err);
    }
    return SPN_OK;
}

static int storyboard_plan(const struct plan_request *request, const struct rung *top, json_t **out,
                           struct spn_error *err)
{
    struct spn_rate rate = request->conform->rate;
    struct picture picture = { .width = top->width, .height = top->height, .rate = rate };
    json_t *box = json_pack("{s:i,s:[{s:s,s:i,s:i}]}", "version", 1, "rungs", "codec", "h264",
                            "width", top->height > top->width ? TILE_BOX_HEIGHT : TILE_BOX_WIDTH,
                            "height", top->height > top->width ? TILE_BOX_WIDTH : TILE_BOX_HEIGHT);
    json_t *list = json_array(), *settings, *entry;
    struct ladder ladder;
    int64_t interval = 0;
    int ret;

    ret = box && list ? ladder_read(box, &picture, &ladder, err) : out_of_memory(err);
    if (ret == SPN_OK)
        ret = spn_rescale(TILE_SECONDS, rate.num, rate.den, SPN_NEAREST, &interval);
    if (ret == SPN_OK) {
        settings = json_pack("{s:I,s:i,s:i,s:i,s:i}", "interval_frames",
                             (json_int_t)(interval < 1 ? 1 : interval), "width",
                             (int)ladder.rungs[0].width, "height", (int)ladder.rungs[0].height,
                             "columns", SHEET_COLUMNS, "rows", SHEET_ROWS);
        ret = entry_add(request, "storyboard", settings, tile_libraries, 's', list, &entry, err);
        if (ret == SPN_OK) {
            (void)json_object_del(entry, "id");
            *out = json_incref(entry);
        }
    }
    json_decref(box);
    json_decref(list);
    return ret;
}

/*
 * What a chunk takes at most, measured and rounded up: a frame of a rung stands about 80 times in
 * x264's look-ahead, references and planes of half pixels (x265 twice, SVT-AV1 four times as
 * often); a frame of the source about 40 times in decoder, filters and queues.
 */
static int64_t chunk_memory_mb(const struct ladder *ladder, const struct stream *video)
{
    uint64_t bytes = (uint64_t)video->width * (uint64_t)video->height * 3 * 40;

    for (size_t i = 0; i < ladder->count; i++) {
        const struct rung *rung = &ladder->rungs[i];
        unsigned copies = rung->codec == SPN_H264 ? 80 : rung->codec == SPN_HEVC ? 160 : 320;

        bytes += (uint64_t)rung->width * rung->height * 3 / 2 * copies;
    }
    return (int64_t)(200 + (bytes >> 20));
}

static int picture_ladder(const struct plan_request *request, const struct stream *video,
                          struct ladder *ladder, json_t *changes, struct spn_error *err)
{
    const json_t *wanted = json_object_get(request->options, "ladder");
    struct picture picture = {
        .width = (uint32_t)video->width,
        .height = (uint32_t)video->height,
        .sar_num = (uint32_t)(video->sar.num > 0 ? video->sar.num : 1),
        .sar_den = (uint32_t)(video->sar.den > 0 ? video->sar.den : 1),
        .turned = video->rotation,
        .rate = request->conform->rate,
    };
    uint32_t width, height;
    char text[160];

    picture_displayed(&picture, &width, &height);
    if (picture.sar_num != picture.sar_den) {
        (void)snprintf(
            text, sizeof(text),
            "pixels of %" PRIu32 ":%" PRIu32 " were made square: %dx%d became %" PRIu32 "x%" PRIu32,
            picture.sar_num, picture.sar_den, video->width, video->height,
            picture.turned % 180 ? height : width, picture.turned % 180 ? width : height);
        (void)json_array_append_new(changes, json_string(text));
    }
    if (video->rotation || video->mirrored) {
        (void)snprintf(text, sizeof(text), "the picture was %s%sturned by %d degrees",
                       video->mirrored ? "mirrored" : "", video->mirrored ? " and " : "",
                       video->rotation);
        (void)json_array_append_new(changes, json_string(text));
    }
    if (video->hdr)
        (void)json_array_append_new(
            changes, json_string("HDR was tone-mapped to BT.709, 1000 nits being the brightest"));
    if (wanted && !json_is_null(wanted))
        return ladder_read(wanted, &picture, ladder, err);
    ladder_default(&picture, ladder);
    return SPN_OK;
}

int plan_make(const struct plan_request *request, json_t *changes, json_t **out,
              struct spn_error *err)
{
    struct spn_rate rate = request->conform->rate;
    int64_t chunk_frames = (int64_t)spn_rate_gop(rate) * SPN_CHUNK_GOPS;
    json_t *video = json_array(), *audio = json_array(), *text = json_array();
    json_t *versions = recipe_versions(), *storyboard = NULL;
    struct ladder ladder;
    struct stream picture;
    int ret;

    *out = NULL;
    if ((ret = stream_read(request->source, request->conform->stream, &picture, err)) < 0 ||
        (ret = languages_check(request, err)) < 0 ||
        (ret = picture_ladder(request, &picture, &ladder, changes, err)) < 0 ||
        (ret = video_plan(request, &ladder, video, err)) < 0 ||
        (ret = audio_plan(request, audio, changes, err)) < 0 ||
        (ret = text_plan(request, text, err)) < 0 ||
        (ret = storyboard_plan(request, &ladder.rungs[0], &storyboard, err)) < 0)
        goto done;
    *out =
        json_pack("{s:i,s:I,s:[i,i],s:i,s:I,s:I,s:O,s:O,s:O,s:O,s:O,s:I}", "version", 1, "frames",
                  (json_int_t)request->conform->frames, "rate", (int)rate.num, (int)rate.den, "gop",
                  (int)spn_rate_gop(rate), "chunk_frames", (json_int_t)chunk_frames, "chunks",
                  (json_int_t)((request->conform->frames + chunk_frames - 1) / chunk_frames),
                  "encoder", versions, "video", video, "audio", audio, "text", text, "storyboard",
                  storyboard, "chunk_memory_mb", (json_int_t)chunk_memory_mb(&ladder, &picture));
    if (!*out)
        ret = out_of_memory(err);
done:
    json_decref(video);
    json_decref(audio);
    json_decref(text);
    json_decref(versions);
    json_decref(storyboard);
    return ret;
}

static int name_check(const char *media, const char *source_hash, const json_t *conform,
                      json_t *settings, const char *const *libraries, const json_t *entry,
                      struct spn_error *err)
{
    const char *name = json_string_value(json_object_get(entry, "name"));
    char ours[SPN_HASH_HEX + 1];
    int ret;

    ret = settings ? recipe_name(media, source_hash, conform, settings, libraries, ours, err)
                   : out_of_memory(err);
    json_decref(settings);
    if (ret == SPN_OK && (!name || strcmp(name, ours) != 0))
        ret = spn_error_set(err, SPN_EMISMATCH,
                            "a %s rendition of the plan is named %.64s, but its recipe gives %s",
                            media, name ? name : "nothing", ours);
    return ret;
}

static int video_read(const json_t *json, const char *source_hash, const json_t *conform,
                      struct plan *out, struct spn_error *err)
{
    json_t *list, *entry;
    size_t index;
    int ret;

    if ((ret = member_array(json, "the plan", "video", LADDER_RUNGS_MAX, &list, err)) < 0)
        return ret;
    json_array_foreach(list, index, entry)
    {
        struct rung *rung = &out->ladder.rungs[index];

        if ((ret = rung_read(entry, "a video rendition of the plan", rung, err)) < 0 ||
            (ret = member_text(entry, "a video rendition of the plan", "id", &out->video_ids[index],
                               err)) < 0 ||
            (ret = name_check("video", source_hash, conform,
                              video_settings(rung, out->rate, out->gop),
                              video_libraries[rung->codec], entry, err)) < 0)
            return ret;
        out->ladder.count = index + 1;
    }
    if (!out->ladder.count)
        return spn_error_set(err, SPN_EINVAL, "the plan has no video rendition");
    return SPN_OK;
}

static int audio_read(const json_t *json, const char *source_hash, const json_t *conform,
                      struct plan *out, struct spn_error *err)
{
    json_t *list, *entry;
    size_t index;
    int ret;

    if ((ret = member_array(json, "the plan", "audio", PLAN_AUDIO_MAX, &list, err)) < 0)
        return ret;
    json_array_foreach(list, index, entry)
    {
        struct plan_audio *audio = &out->audio[index];
        int64_t stream, channels;

        if ((ret = member_int(entry, "an audio rendition of the plan", "stream", 0,
                              SOURCE_STREAMS_MAX - 1, &stream, err)) < 0 ||
            (ret = member_int(entry, "an audio rendition of the plan", "channels", 2, 6, &channels,
                              err)) < 0 ||
            (ret = member_int(entry, "an audio rendition of the plan", "bitrate", 32000, 1000000,
                              &audio->bitrate, err)) < 0 ||
            (ret = member_text(entry, "an audio rendition of the plan", "language",
                               &audio->language, err)) < 0)
            return ret;
        audio->stream = (int)stream;
        audio->channels = (int)channels;
        if ((ret = name_check("audio", source_hash, conform,
                              audio_settings(audio->stream, audio->language, audio->channels),
                              audio_libraries, entry, err)) < 0)
            return ret;
        out->audio_count = index + 1;
    }
    return SPN_OK;
}

int plan_storyboard_read(const json_t *json, struct storyboard *out, struct spn_error *err)
{
    const char *holder = "the storyboard of the plan";
    int64_t width, height, columns, rows;
    json_t *object;
    int ret;

    if ((ret = member_object(json, "the plan", "storyboard", &object, err)) < 0 ||
        (ret = member_int(object, holder, "interval_frames", 1, 1 << 16, &out->interval_frames,
                          err)) < 0 ||
        (ret = member_int(object, holder, "width", 2, 640, &width, err)) < 0 ||
        (ret = member_int(object, holder, "height", 2, 640, &height, err)) < 0 ||
        (ret = member_int(object, holder, "columns", 1, 20, &columns, err)) < 0 ||
        (ret = member_int(object, holder, "rows", 1, 20, &rows, err)) < 0)
        return ret;
    out->width = (uint32_t)width & ~1u;
    out->height = (uint32_t)height & ~1u;
    out->columns = (uint32_t)columns;
    out->rows = (uint32_t)rows;
    return SPN_OK;
}

int plan_read(const json_t *json, const char *source_hash, const json_t *conform, struct plan *out,
              struct spn_error *err)
{
    json_t *versions;
    int64_t gop;
    int ret;

    memset(out, 0, sizeof(*out));
    if ((ret = member_object(json, "the plan", "encoder", &versions, err)) < 0 ||
        (ret = recipe_versions_check(versions, err)) < 0 ||
        (ret = member_rate(json, "the plan", "rate", &out->rate, err)) < 0 ||
        (ret = member_int(json, "the plan", "gop", 1, 2 * SPN_RATE_MAX, &gop, err)) < 0 ||
        (ret = member_int(json, "the plan", "frames", 1, INT32_MAX, &out->frames, err)) < 0)
        return ret;
    out->gop = spn_rate_gop(out->rate);
    out->chunk_frames = (int64_t)out->gop * SPN_CHUNK_GOPS;
    out->chunks = (out->frames + out->chunk_frames - 1) / out->chunk_frames;
    if (gop != out->gop)
        return spn_error_set(err, SPN_EMISMATCH,
                             "the plan has GOPs of %" PRId64
                             " frames; at its rate they have %" PRIu32,
                             gop, out->gop);
    if ((ret = video_read(json, source_hash, conform, out, err)) < 0 ||
        (ret = audio_read(json, source_hash, conform, out, err)) < 0)
        return ret;
    return plan_storyboard_read(json, &out->storyboard, err);
}

/*
 * op_encoders.c - what this build encodes with: each encoder is opened as a rendition opens it, and
 * a frame goes through those of pictures.
 */
#include "media.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>

#include "audio_encoder.h"
#include "ladder.h"
#include "recipe.h"
#include "video_encoder.h"

#define SIDE 128 /* pixels; SVT-AV1 takes none smaller than 64 */

static const struct picture picture = { SIDE, SIDE, 1, 1, 0, { 25, 1 } };

/* One grey frame through it. SVT-AV1 1.4 hangs where it is closed without having seen one. */
static int frame_encoded(struct video_encoder *encoder, struct spn_error *err)
{
    AVFrame *frame = av_frame_alloc();
    struct encoded encoded;
    int ret = SPN_OK, count = 0;

    if (frame) {
        frame->width = frame->height = SIDE;
        frame->format = AV_PIX_FMT_YUV420P;
    }
    if (!frame || av_frame_get_buffer(frame, 0) < 0) {
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for a frame");
    } else {
        for (int plane = 0; plane < 3; plane++)
            memset(frame->data[plane], 128,
                   (size_t)frame->linesize[plane] * (plane ? SIDE / 2 : SIDE));
        ret = video_encoder_push(encoder, frame, FRAME_KEY, 0, err);
    }
    for (int ended = 0; ret >= 0;) {
        while ((ret = video_encoder_pull(encoder, &encoded, err)) > 0)
            count++;
        if (ended++ || ret < 0)
            break;
        ret = video_encoder_push(encoder, NULL, FRAME_ANY, 0, err);
    }
    av_frame_free(&frame);
    if (ret >= 0 && count != 1)
        ret = spn_error_set(err, SPN_EIO, "one frame gave %d", count);
    return ret < 0 ? ret : SPN_OK;
}

/* codec is the ladder's word. */
static int video_works(const char *codec, struct spn_error *err)
{
    json_t *json =
        json_pack("{s:i,s:[{s:s,s:i}]}", "version", 1, "rungs", "codec", codec, "height", SIDE);
    struct video_encoder *encoder = NULL;
    struct ladder ladder;
    int ret = ladder_read(json, &picture, &ladder, err);

    if (ret == SPN_OK)
        ret = video_encoder_create(&ladder.rungs[0], picture.rate, spn_rate_gop(picture.rate),
                                   &encoder, err);
    if (ret == SPN_OK)
        ret = frame_encoded(encoder, err);
    video_encoder_destroy(encoder);
    json_decref(json);
    return ret;
}

static int audio_works(const char *codec, struct spn_error *err)
{
    static const AVChannelLayout stereo = AV_CHANNEL_LAYOUT_STEREO;
    struct audio_setup setup = { .sample_rate = 48000,
                                 .format = AV_SAMPLE_FMT_FLTP,
                                 .layout = &stereo,
                                 .channels = 2,
                                 .bitrate = 128000,
                                 .language = "und",
                                 .packets = 1 };
    struct audio_encoder *encoder = NULL;
    int ret = audio_encoder_create(&setup, &encoder, err);

    (void)codec;
    audio_encoder_destroy(encoder);
    return ret;
}

static int jpeg_there(const char *codec, struct spn_error *err)
{
    return avcodec_find_encoder(AV_CODEC_ID_MJPEG)
               ? SPN_OK
               : spn_error_set(err, SPN_EUNSUPPORTED, "this FFmpeg was built without %s", codec);
}

static int filters_there(const char *what, struct spn_error *err)
{
    static const char *const names[] = { "bwdif", "colorspace", "crop",      "format", "hflip",
                                         "scale", "tonemap",    "transpose", "vflip",  "zscale" };

    (void)what;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!avfilter_get_by_name(names[i]))
            return spn_error_set(err, SPN_EUNSUPPORTED,
                                 "this FFmpeg was built without the filter %s", names[i]);
    return SPN_OK;
}

static const struct {
    const char *name, *library; /* library: a member of recipe_versions() */
    int (*works)(const char *name, struct spn_error *err);
} encoders[] = {
    { "h264", "x264", video_works },      { "hevc", "x265", video_works },
    { "av1", "svt-av1", video_works },    { "aac", "libavcodec", audio_works },
    { "jpeg", "libavcodec", jpeg_there }, { "filters", "libavfilter", filters_there },
};

int op_encoders(const struct media *media, json_t **result, struct spn_error *err)
{
    json_t *versions = recipe_versions(), *list = json_array();

    (void)media;
    for (size_t i = 0; i < sizeof(encoders) / sizeof(encoders[0]); i++) {
        struct spn_error why = { 0 };
        int ret = encoders[i].works(encoders[i].name, &why);

        (void)json_array_append_new(
            list, json_pack("{s:s,s:s,s:O?,s:b,s:s}", "name", encoders[i].name, "library",
                            encoders[i].library, "version",
                            json_object_get(versions, encoders[i].library), "works", ret == SPN_OK,
                            "reason", ret == SPN_OK ? "" : why.text));
    }
    json_decref(versions);
    *result = json_pack("{s:o}", "encoders", list);
    return *result ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "no memory for the list of encoders");
}

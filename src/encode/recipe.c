/* recipe.c - versions of what works on the bytes, and the name of a rendition. */
#include "recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
#include <x265.h> /* before SVT-AV1's, which defines DEFAULT */
#include <svt-av1/EbSvtAv1Enc.h>

/*
 * libx264 says its version nowhere but in what it encodes: "x264 - core 164 r3095 baee400 -
 * H.264/…". The text stands in the first access unit; one black picture is encoded to read it.
 */
static void x264_version(char out[48])
{
    static const char mark[] = "x264 - ";
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;
    AVFrame *frame = av_frame_alloc();
    AVPacket *packet = av_packet_alloc();

    (void)snprintf(out, 48, "none");
    if (!context || !frame || !packet)
        goto done;
    frame->width = frame->height = context->width = context->height = 16;
    frame->format = context->pix_fmt = AV_PIX_FMT_YUV420P;
    context->time_base = (AVRational){ 1, 25 };
    context->thread_count = 1;
    if (avcodec_open2(context, codec, NULL) < 0 || av_frame_get_buffer(frame, 0) < 0)
        goto done;
    for (int plane = 0; plane < 3; plane++)
        memset(frame->data[plane], 128, (size_t)frame->linesize[plane] * (plane ? 8 : 16));
    frame->pts = 0;
    if (avcodec_send_frame(context, frame) < 0 || avcodec_send_frame(context, NULL) < 0 ||
        avcodec_receive_packet(context, packet) < 0)
        goto done;
    const char *text = memmem(packet->data, (size_t)packet->size, mark, sizeof(mark) - 1);
    if (text && (size_t)((const char *)packet->data + packet->size - text) > 64) {
        (void)snprintf(out, 48, "%.40s", text + sizeof(mark) - 1);
        char *end = strstr(out, " - ");
        if (end)
            *end = '\0';
    }
done:
    av_packet_free(&packet);
    av_frame_free(&frame);
    avcodec_free_context(&context);
}

static void library_add(json_t *versions, const char *name, unsigned version)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%u.%u.%u", AV_VERSION_MAJOR(version),
                   AV_VERSION_MINOR(version), AV_VERSION_MICRO(version));
    (void)json_object_set_new(versions, name, json_string(text));
}

json_t *recipe_versions(void)
{
    json_t *versions = json_object();
    char text[48];

    if (!versions)
        return NULL;
    (void)snprintf(text, sizeof(text), "%d", RECIPE_VERSION);
    (void)json_object_set_new(versions, "sampan", json_string(text));
    library_add(versions, "libavcodec", avcodec_version());
    library_add(versions, "libavfilter", avfilter_version());
    library_add(versions, "libavformat", avformat_version());
    library_add(versions, "libswresample", swresample_version());
    library_add(versions, "libswscale", swscale_version());
    x264_version(text);
    (void)json_object_set_new(versions, "x264", json_string(text));
    (void)json_object_set_new(versions, "x265", json_string(x265_version_str));
    (void)json_object_set_new(versions, "svt-av1", json_string(svt_av1_get_version()));
    return versions;
}

int recipe_versions_check(const json_t *versions, struct spn_error *err)
{
    json_t *ours = recipe_versions();
    const char *name;
    json_t *version;
    int ret = ours ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "no memory for versions");

    json_object_foreach(ours, name, version)
    {
        const char *wanted = json_string_value(json_object_get(versions, name));

        if (!wanted || strcmp(wanted, json_string_value(version)) != 0) {
            ret =
                spn_error_set(err, SPN_EMISMATCH,
                              "this was planned with %s %.60s, and here is %s; examine the source "
                              "again",
                              name, wanted ? wanted : "(none)", json_string_value(version));
            break;
        }
    }
    json_decref(ours);
    return ret;
}

int recipe_name(const char *media, const char *source, const json_t *conform,
                const json_t *settings, const char *const *libraries, char out[SPN_HASH_HEX + 1],
                struct spn_error *err)
{
    json_t *all = recipe_versions(), *used = json_object();
    json_t *recipe;
    struct spn_hash hash;
    char *text;

    for (; all && used && *libraries; libraries++)
        (void)json_object_set(used, *libraries, json_object_get(all, *libraries));
    recipe =
        json_pack("{s:i,s:s,s:s,s:O,s:O,s:o}", "recipe", RECIPE_VERSION, "media", media, "source",
                  source, "conform", conform, "settings", settings, "libraries", used);
    text = recipe ? json_dumps(recipe, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII) : NULL;
    json_decref(recipe);
    json_decref(all);
    if (!text)
        return spn_error_set(err, SPN_ENOMEM, "no memory for a recipe");
    spn_hash_of(text, strlen(text), &hash);
    spn_hash_hex(&hash, out);
    free(text);
    return SPN_OK;
}

/* scaler.c - libswscale with its settings pinned. */
#include "scaler.h"

#include <stdlib.h>

#include <libavutil/opt.h>
#include <libswscale/swscale.h>

struct scaler {
    int width, height;
    enum scaler_range range;
    struct SwsContext *context; /* for in_width, in_height */
    int in_width, in_height;
    AVFrame *out;
};

int scaler_create(int width, int height, enum scaler_range range, struct scaler **out,
                  struct spn_error *err)
{
    struct scaler *scaler = calloc(1, sizeof(*scaler));

    *out = scaler;
    if (!scaler || !(scaler->out = av_frame_alloc())) {
        scaler_destroy(scaler);
        *out = NULL;
        return spn_error_set(err, SPN_ENOMEM, "no memory for a scaler");
    }
    scaler->width = width;
    scaler->height = height;
    scaler->range = range;
    return SPN_OK;
}

void scaler_destroy(struct scaler *scaler)
{
    if (!scaler)
        return;
    sws_freeContext(scaler->context);
    av_frame_free(&scaler->out);
    free(scaler);
}

static int context_make(struct scaler *scaler, const AVFrame *in, struct spn_error *err)
{
    int jpeg = scaler->range == SCALER_JPEG;
    struct SwsContext *context = sws_alloc_context();

    sws_freeContext(scaler->context);
    scaler->context = context;
    if (!context)
        return spn_error_set(err, SPN_ENOMEM, "no memory for a scaler");
    if (av_opt_set(context, "sws_flags", SCALER_FLAGS, 0) < 0 ||
        av_opt_set_int(context, "srcw", in->width, 0) < 0 ||
        av_opt_set_int(context, "srch", in->height, 0) < 0 ||
        av_opt_set_int(context, "src_format", AV_PIX_FMT_YUV420P, 0) < 0 ||
        av_opt_set_int(context, "dstw", scaler->width, 0) < 0 ||
        av_opt_set_int(context, "dsth", scaler->height, 0) < 0 ||
        av_opt_set_int(context, "dst_format", AV_PIX_FMT_YUV420P, 0) < 0 ||
        av_opt_set_int(context, "src_range", 0, 0) < 0 ||
        av_opt_set_int(context, "dst_range", jpeg, 0) < 0 ||
        av_opt_set_int(context, "threads", 1, 0) < 0)
        return spn_error_set(err, SPN_EUNSUPPORTED, "this libswscale lacks an option");
    (void)sws_setColorspaceDetails(context, sws_getCoefficients(SWS_CS_ITU709), 0,
                                   sws_getCoefficients(jpeg ? SWS_CS_ITU601 : SWS_CS_ITU709), jpeg,
                                   0, 1 << 16, 1 << 16);
    if (sws_init_context(context, NULL, NULL) < 0)
        return spn_error_set(err, SPN_EUNSUPPORTED, "cannot scale from %dx%d to %dx%d", in->width,
                             in->height, scaler->width, scaler->height);
    scaler->in_width = in->width;
    scaler->in_height = in->height;
    return SPN_OK;
}

int scaler_run(struct scaler *scaler, const AVFrame *in, const AVFrame **out, struct spn_error *err)
{
    int ret;

    if (scaler->range == SCALER_VIDEO && in->width == scaler->width &&
        in->height == scaler->height) {
        *out = in;
        return SPN_OK;
    }
    if ((!scaler->context || in->width != scaler->in_width || in->height != scaler->in_height) &&
        (ret = context_make(scaler, in, err)) < 0)
        return ret;
    av_frame_unref(scaler->out); /* an encoder may still hold its picture: take another */
    scaler->out->format = scaler->range == SCALER_JPEG ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
    scaler->out->width = scaler->width;
    scaler->out->height = scaler->height;
    if (av_frame_get_buffer(scaler->out, 0) < 0)
        return spn_error_set(err, SPN_ENOMEM, "no memory for a picture");
    if (sws_scale(scaler->context, (const uint8_t *const *)in->data, in->linesize, 0, in->height,
                  scaler->out->data, scaler->out->linesize) < 0)
        return spn_error_set(err, SPN_EIO, "cannot scale a picture");
    scaler->out->pts = in->pts;
    *out = scaler->out;
    return SPN_OK;
}

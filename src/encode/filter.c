/* filter.c - the libavfilter graph before all rungs, made anew where the source's format changes.
 */
#include "filter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/pixdesc.h>

#include "sampan/buffer.h"
#include "scaler.h"

struct filter {
    struct filter_setup setup;
    AVFilterGraph *graph;
    AVFilterContext *source, *sink; /* of graph */
    AVFrame *shape;                 /* a frame without pictures: what graph was made for */
    AVFrame *waiting;               /* of another shape: to be pushed when graph is empty */
    AVFrame *out;
    int draining, ended;
};

/* A source's colour with every part named. */
struct colour {
    int rgb;
    enum AVColorSpace matrix;
    enum AVColorPrimaries primaries;
    enum AVColorTransferCharacteristic transfer;
    int full;
};

int filter_history(const struct filter_setup *setup)
{
    return setup->interlaced || setup->fields ? 2 : 0;
}

int filter_create(const struct filter_setup *setup, struct filter **out, struct spn_error *err)
{
    struct filter *filter = calloc(1, sizeof(*filter));

    *out = filter;
    if (!filter || !(filter->shape = av_frame_alloc()) || !(filter->out = av_frame_alloc())) {
        filter_destroy(filter);
        *out = NULL;
        return spn_error_set(err, SPN_ENOMEM, "no memory for a filter");
    }
    filter->setup = *setup;
    return SPN_OK;
}

void filter_destroy(struct filter *filter)
{
    if (!filter)
        return;
    avfilter_graph_free(&filter->graph);
    av_frame_free(&filter->shape);
    av_frame_free(&filter->waiting);
    av_frame_free(&filter->out);
    free(filter);
}

static int is_hdr(enum AVColorTransferCharacteristic transfer)
{
    return transfer == AVCOL_TRC_SMPTE2084 || transfer == AVCOL_TRC_ARIB_STD_B67;
}

/* What a file does not say is what its kind of picture usually is. */
static struct colour colour_of(const struct filter_setup *setup, const AVFrame *frame)
{
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);
    struct colour colour = { 0, frame->colorspace, frame->color_primaries, frame->color_trc, 0 };
    int small = setup->height <= 576;

    colour.rgb = !!(format->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL));
    colour.full = colour.rgb || frame->color_range == AVCOL_RANGE_JPEG ||
                  strncmp(format->name, "yuvj", 4) == 0;
    if (colour.matrix == AVCOL_SPC_UNSPECIFIED || colour.matrix == AVCOL_SPC_RESERVED ||
        colour.matrix == AVCOL_SPC_RGB)
        colour.matrix = is_hdr(colour.transfer) ? AVCOL_SPC_BT2020_NCL
                        : !small                ? AVCOL_SPC_BT709
                        : setup->fifty          ? AVCOL_SPC_BT470BG
                                                : AVCOL_SPC_SMPTE170M;
    if (colour.primaries == AVCOL_PRI_UNSPECIFIED || colour.primaries == AVCOL_PRI_RESERVED ||
        colour.primaries == AVCOL_PRI_RESERVED0)
        colour.primaries =
            colour.matrix == AVCOL_SPC_BT2020_NCL ? AVCOL_PRI_BT2020 : AVCOL_PRI_BT709;
    return colour;
}

/* The names that colorspace has; zscale's primaries are the same words. */
static const char *matrix_name(enum AVColorSpace matrix)
{
    switch (matrix) {
    case AVCOL_SPC_BT470BG:
        return "bt470bg";
    case AVCOL_SPC_SMPTE170M:
        return "smpte170m";
    case AVCOL_SPC_FCC:
        return "fcc";
    case AVCOL_SPC_SMPTE240M:
        return "smpte240m";
    case AVCOL_SPC_YCGCO:
        return "ycgco";
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
        return "bt2020nc";
    default:
        return "bt709";
    }
}

static const char *primaries_name(enum AVColorPrimaries primaries)
{
    switch (primaries) {
    case AVCOL_PRI_BT470M:
        return "bt470m";
    case AVCOL_PRI_BT470BG:
        return "bt470bg";
    case AVCOL_PRI_SMPTE170M:
        return "smpte170m";
    case AVCOL_PRI_SMPTE240M:
        return "smpte240m";
    case AVCOL_PRI_FILM:
        return "film";
    case AVCOL_PRI_BT2020:
        return "bt2020";
    case AVCOL_PRI_SMPTE431:
        return "smpte431";
    case AVCOL_PRI_SMPTE432:
        return "smpte432";
    default:
        return "bt709";
    }
}

/*
 * 1000 nits is taken as the brightest there is: what a file says of itself stands in side data that
 * a chunk may not see, and chunks must not differ.
 */
static void hdr_append(const struct filter_setup *setup, const AVFrame *frame,
                       const struct colour *colour, struct spn_buffer *text)
{
    spn_buffer_format(text, "zscale=tin=%s:min=%s:pin=%s:rin=%s:t=linear:npl=100:filter=bicubic",
                      colour->transfer == AVCOL_TRC_SMPTE2084 ? "smpte2084" : "arib-std-b67",
                      colour->matrix == AVCOL_SPC_BT709 ? "bt709" : "bt2020nc",
                      primaries_name(colour->primaries), colour->full ? "full" : "limited");
    if (setup->top_width < frame->width && setup->top_height < frame->height)
        spn_buffer_format(text, ":w=%d:h=%d", setup->top_width, setup->top_height);
    spn_buffer_string(text,
                      ",format=gbrpf32le,zscale=p=bt709,tonemap=tonemap=hable:desat=0:peak=10,"
                      "zscale=t=bt709:m=bt709:r=limited:d=none,format=yuv420p,");
}

static void colour_append(const AVFrame *frame, const struct colour *colour,
                          struct spn_buffer *text)
{
    if (colour->rgb) {
        spn_buffer_string(text, "scale=flags=" SCALER_FLAGS ":out_color_matrix=bt709:"
                                "out_range=limited,format=yuv420p,");
    } else if (colour->matrix != AVCOL_SPC_BT709 || colour->primaries != AVCOL_PRI_BT709 ||
               colour->full) {
        /* Transfer is left alone: all SDR curves are shown alike. */
        const char *matrix = matrix_name(colour->matrix);

        spn_buffer_format(text,
                          "format=yuv420p|yuv422p|yuv444p|yuv420p10|yuv422p10|yuv444p10|yuv420p12|"
                          "yuv422p12|yuv444p12|yuvj420p|yuvj422p|yuvj444p,colorspace=ispace=%s:"
                          "iprimaries=%s:itrc=bt709:irange=%s:space=bt709:primaries=bt709:"
                          "trc=bt709:range=tv:format=yuv420p,",
                          matrix, primaries_name(colour->primaries), colour->full ? "pc" : "tv");
    } else if (frame->format != AV_PIX_FMT_YUV420P) {
        spn_buffer_string(text, "scale=flags=" SCALER_FLAGS ":in_color_matrix=bt709:"
                                "out_color_matrix=bt709:in_range=limited:out_range=limited,"
                                "format=yuv420p,");
    }
}

static void turn_append(const struct filter_setup *setup, struct spn_buffer *text)
{
    if (setup->mirrored)
        spn_buffer_string(text, "hflip,");
    if (setup->turned == 90)
        spn_buffer_string(text, "transpose=dir=clock,");
    else if (setup->turned == 270)
        spn_buffer_string(text, "transpose=dir=cclock,");
    else if (setup->turned == 180)
        spn_buffer_string(text, "hflip,vflip,");
}

static void chain_write(const struct filter_setup *setup, const AVFrame *frame,
                        struct spn_buffer *text)
{
    struct colour colour = colour_of(setup, frame);

    if (frame->width % 2 || frame->height % 2)
        spn_buffer_format(text, "crop=w=%d:h=%d:x=0:y=0:exact=1,", frame->width & ~1,
                          frame->height & ~1);
    if (setup->fields)
        spn_buffer_string(text, "bwdif=mode=send_field:parity=auto:deint=all,");
    else if (setup->interlaced)
        spn_buffer_string(text, "bwdif=mode=send_frame:parity=auto:deint=interlaced,");
    if (is_hdr(colour.transfer))
        hdr_append(setup, frame, &colour, text);
    else
        colour_append(frame, &colour, text);
    turn_append(setup, text);
    spn_buffer_string(text, "format=yuv420p");
}

/* The source's end of the graph and the sink, joined by the chain. */
static int graph_make(struct filter *filter, const AVFrame *frame, struct spn_error *err)
{
    AVFilterInOut *inputs = NULL, *outputs = NULL;
    struct spn_buffer text = { 0 };
    char arguments[160], reason[AV_ERROR_MAX_STRING_SIZE];
    int ret = AVERROR(ENOMEM);

    avfilter_graph_free(&filter->graph);
    chain_write(&filter->setup, frame, &text);
    filter->graph = avfilter_graph_alloc();
    inputs = avfilter_inout_alloc();
    outputs = avfilter_inout_alloc();
    if (!filter->graph || !inputs || !outputs || !spn_buffer_text(&text))
        goto done;
    filter->graph->nb_threads = 1;
    if (!(filter->graph->scale_sws_opts = av_strdup("flags=" SCALER_FLAGS)))
        goto done;
    (void)snprintf(arguments, sizeof(arguments),
                   "video_size=%dx%d:pix_fmt=%d:time_base=1/1:pixel_aspect=1/1:frame_rate=1/1",
                   frame->width, frame->height, frame->format);
    if ((ret = avfilter_graph_create_filter(&filter->source, avfilter_get_by_name("buffer"), "in",
                                            arguments, NULL, filter->graph)) < 0 ||
        (ret = avfilter_graph_create_filter(&filter->sink, avfilter_get_by_name("buffersink"),
                                            "out", NULL, NULL, filter->graph)) < 0)
        goto done;
    ret = AVERROR(ENOMEM);
    outputs->name = av_strdup("in");
    outputs->filter_ctx = filter->source;
    inputs->name = av_strdup("out");
    inputs->filter_ctx = filter->sink;
    if (!outputs->name || !inputs->name)
        goto done;
    if ((ret = avfilter_graph_parse_ptr(filter->graph, (const char *)text.data, &inputs, &outputs,
                                        NULL)) < 0 ||
        (ret = avfilter_graph_config(filter->graph, NULL)) < 0)
        goto done;
    av_frame_unref(filter->shape);
    filter->shape->format = frame->format;
    filter->shape->width = frame->width;
    filter->shape->height = frame->height;
    ret = av_frame_copy_props(filter->shape, frame);
done:
    avfilter_inout_free(&inputs);
    avfilter_inout_free(&outputs);
    if (ret < 0)
        ret = spn_error_set(err, ret == AVERROR(ENOMEM) ? SPN_ENOMEM : SPN_EUNSUPPORTED,
                            "a picture of %dx%d in %s cannot be filtered (%.200s): %s",
                            frame->width, frame->height, av_get_pix_fmt_name(frame->format),
                            text.data ? (const char *)text.data : "",
                            av_make_error_string(reason, sizeof(reason), ret));
    spn_buffer_finish(&text);
    return ret < 0 ? ret : SPN_OK;
}

static int shape_equal(const AVFrame *a, const AVFrame *b)
{
    return a->format == b->format && a->width == b->width && a->height == b->height &&
           a->colorspace == b->colorspace && a->color_primaries == b->color_primaries &&
           a->color_trc == b->color_trc && a->color_range == b->color_range;
}

static int graph_push(struct filter *filter, AVFrame *frame, struct spn_error *err)
{
    int ret = av_buffersrc_add_frame_flags(filter->source, frame, AV_BUFFERSRC_FLAG_KEEP_REF);
    char reason[AV_ERROR_MAX_STRING_SIZE];

    if (ret < 0)
        return spn_error_set(err, ret == AVERROR(ENOMEM) ? SPN_ENOMEM : SPN_EIO,
                             "frame %" PRId64 " cannot be filtered: %s", frame ? frame->pts : -1,
                             av_make_error_string(reason, sizeof(reason), ret));
    return SPN_OK;
}

int filter_push(struct filter *filter, const AVFrame *frame, struct spn_error *err)
{
    int ret;

    if (!frame) {
        filter->ended = 1;
        return filter->graph ? graph_push(filter, NULL, err) : SPN_OK;
    }
    if (filter->graph && !shape_equal(filter->shape, frame)) {
        if (!(filter->waiting = av_frame_clone(frame)))
            return spn_error_set(err, SPN_ENOMEM, "no memory for a frame");
        filter->draining = 1;
        return graph_push(filter, NULL, err);
    }
    if (!filter->graph && (ret = graph_make(filter, frame, err)) < 0)
        return ret;
    return graph_push(filter, (AVFrame *)frame, err); /* its reference is kept */
}

/* The graph is empty: go on with the frame of another shape that was waiting. */
static int graph_renew(struct filter *filter, struct spn_error *err)
{
    int ret;

    filter->draining = 0;
    if ((ret = graph_make(filter, filter->waiting, err)) == SPN_OK)
        ret = graph_push(filter, filter->waiting, err);
    av_frame_free(&filter->waiting);
    return ret;
}

int filter_pull(struct filter *filter, const AVFrame **out, struct spn_error *err)
{
    int ret;

    if (!filter->graph)
        return 0;
    for (;;) {
        av_frame_unref(filter->out);
        ret = av_buffersink_get_frame(filter->sink, filter->out);
        if (ret != AVERROR_EOF || !filter->draining)
            break;
        if ((ret = graph_renew(filter, err)) < 0)
            return ret;
    }
    if (ret == AVERROR(EAGAIN) || ret == AVERROR_EOF)
        return 0;
    if (ret < 0)
        return spn_error_set(err, ret == AVERROR(ENOMEM) ? SPN_ENOMEM : SPN_EIO,
                             "the picture's filters failed");
    filter->out->pts = av_rescale_q(filter->out->pts, av_buffersink_get_time_base(filter->sink),
                                    (AVRational){ 1, 1 });
    *out = filter->out;
    return 1;
}

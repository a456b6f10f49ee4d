#include "decoder.h"

#include <stdlib.h>

#include "flow.h"

struct decoder {
    const struct source *source;
    const struct index *index;
    const struct conform *conform;
    struct flow *flow;
    int64_t next, end; /* frames of the asset */
    int64_t from, to;  /* the range itself */
    int64_t shown;     /* the source frame of the frame before, -1: there is none */
    AVFrame *current;  /* the source frame that is shown, of rank at; at -1: none */
    int64_t at;
    AVFrame *ahead; /* decoded and not shown yet; ahead_at -1: none */
    int64_t ahead_at;
    int ended; /* the flow has no more */
    uint32_t deeper;
    int seek;
    int64_t decoded_before; /* by flows that were given up */
    int64_t missing;
};

/* Begin, or begin again further back, so that frames from rank on are right. */
static int start(struct decoder *decoder, int64_t rank, struct spn_error *err)
{
    if (decoder->flow)
        decoder->decoded_before += flow_decoded(decoder->flow);
    flow_close(decoder->flow);
    av_frame_unref(decoder->current);
    av_frame_unref(decoder->ahead);
    decoder->flow = NULL;
    decoder->at = decoder->ahead_at = -1;
    decoder->ended = 0;
    return flow_open(decoder->source, decoder->index, rank, decoder->deeper, decoder->seek,
                     &decoder->flow, err);
}

int decoder_create(const struct source *source, const struct index *index,
                   const struct conform *conform, struct decoder_range range, struct decoder **out,
                   struct spn_error *err)
{
    struct decoder *decoder = NULL;
    int ret;

    *out = NULL;
    if ((ret = conform_check(conform, index, err)) < 0)
        return ret;
    if (range.from < 0 || range.from >= range.to || range.to > conform->frames ||
        range.before < 0 || range.after < 0 ||
        (conform->fields && (range.from % 2 || range.to % 2)))
        return spn_error_set(err, SPN_ERANGE, "frames %lld to %lld of %s are outside its %lld",
                             (long long)range.from, (long long)range.to, source_name(source),
                             (long long)conform->frames);
    decoder = calloc(1, sizeof *decoder);
    if (!decoder || !(decoder->current = av_frame_alloc()) ||
        !(decoder->ahead = av_frame_alloc())) {
        decoder_destroy(decoder);
        return spn_error_set(err, SPN_ENOMEM, "out of memory while decoding %s",
                             source_name(source));
    }
    decoder->source = source;
    decoder->index = index;
    decoder->conform = conform;
    decoder->from = range.from;
    decoder->to = range.to;
    decoder->next = range.from > range.before ? range.from - range.before : 0;
    decoder->end =
        conform->frames - range.to > range.after ? range.to + range.after : conform->frames;
    if (conform->fields) {
        decoder->next -= decoder->next % 2;
        decoder->end += decoder->end % 2;
    }
    decoder->shown = -1;
    if (decoder->next > 0)
        decoder->shown = conform_picture(conform, index, decoder->next - (conform->fields ? 2 : 1));
    decoder->seek = 1;
    ret = start(decoder, conform_picture(conform, index, decoder->next), err);
    if (ret < 0) {
        decoder_destroy(decoder);
        return ret;
    }
    *out = decoder;
    return SPN_OK;
}

void decoder_destroy(struct decoder *decoder)
{
    if (!decoder)
        return;
    flow_close(decoder->flow);
    av_frame_free(&decoder->current);
    av_frame_free(&decoder->ahead);
    free(decoder);
}

/* Move on until current is source frame rank, or the last good one before it. SPN_EAGAIN: not from
 * here. */
static int advance(struct decoder *decoder, int64_t rank, struct spn_error *err)
{
    int ret;

    while (decoder->at < rank) {
        if (decoder->ahead_at < 0) {
            if (decoder->ended)
                return SPN_OK;
            ret = flow_next(decoder->flow, decoder->ahead, &decoder->ahead_at, err);
            if (ret < 0)
                return ret;
            if (!ret) {
                decoder->ahead_at = -1;
                decoder->ended = 1;
                return SPN_OK;
            }
            if (flow_suspect(decoder->flow))
                return SPN_EAGAIN;
        }
        if (decoder->ahead_at > rank)
            return SPN_OK;
        av_frame_unref(decoder->current);
        if (decoder->ahead_at == rank || decoder->ahead_at >= flow_trusted(decoder->flow)) {
            av_frame_move_ref(decoder->current, decoder->ahead);
            decoder->at = decoder->ahead_at;
        } else {
            av_frame_unref(decoder->ahead);
        }
        decoder->ahead_at = -1;
    }
    return SPN_OK;
}

/* The picture for source frame rank is in current when this succeeds. */
static int show(struct decoder *decoder, int64_t rank, struct spn_error *err)
{
    int ret;

    for (;;) {
        ret = advance(decoder, rank, err);
        if (ret == SPN_EMISMATCH && decoder->seek && !flow_from_start(decoder->flow)) {
            /* entered in the middle, the demuxer cuts packets otherwise: read from the start */
            decoder->seek = 0;
            if ((ret = start(decoder, rank, err)) < 0)
                return ret;
            continue;
        }
        if (ret != SPN_EAGAIN && (ret < 0 || decoder->at >= 0))
            return ret;
        if (flow_at_start(decoder->flow))
            break;
        /* a damaged beginning, or a damaged frame with nothing good before it: go further back */
        decoder->deeper = decoder->deeper * 2 + 1;
        if ((ret = start(decoder, rank, err)) < 0)
            return ret;
    }
    if (decoder->ahead_at < 0)
        return spn_error_set(err, SPN_EFORMAT, "no frame of %s can be decoded up to frame %lld",
                             source_name(decoder->source), (long long)rank);
    av_frame_move_ref(decoder->current, decoder->ahead);
    decoder->at = decoder->ahead_at;
    decoder->ahead_at = -1;
    return SPN_OK;
}

int decoder_pull(struct decoder *decoder, struct decoder_frame *out, struct spn_error *err)
{
    const struct conform *conform = decoder->conform;
    int64_t rank;
    int ret;

    if (decoder->next >= decoder->end)
        return 0;
    rank = conform_picture(conform, decoder->index, decoder->next);
    if ((ret = show(decoder, rank, err)) < 0)
        return ret;
    decoder->current->pts = decoder->next;
    decoder->current->time_base = (AVRational){ (int)conform->rate.den, (int)conform->rate.num };
    out->frame = decoder->current;
    out->number = decoder->next;
    out->missing = decoder->at != rank;
    out->repeat = out->missing || rank == decoder->shown;
    if (decoder->next >= decoder->from && decoder->next < decoder->to)
        decoder->missing += out->missing;
    decoder->shown = rank;
    decoder->next += conform->fields ? 2 : 1;
    return 1;
}

struct decoder_counts decoder_counts(const struct decoder *decoder)
{
    struct decoder_counts counts = {
        .decoded = decoder->decoded_before + (decoder->flow ? flow_decoded(decoder->flow) : 0),
        .missing = decoder->missing,
        .from_start =
            decoder->flow && flow_from_start(decoder->flow) && !flow_at_start(decoder->flow),
    };

    return counts;
}

#include "chunk_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>

#include "decoder.h"

#include "sampan/id.h"

static const int64_t sizes[] = { 7, 24, 48, 960 };

/* At most this many chunks of a size are decoded: they are spread over the file. */
#define CHUNKS 10

/* A frame's name: its samples, size, format and what a filter looks at. */
static void hash_frame(const AVFrame *frame, uint64_t *out)
{
    struct spn_hasher hasher;
    struct spn_hash hash;
    int facts[] = { frame->width, frame->height, frame->format, frame->interlaced_frame,
                    frame->top_field_first };
    int linesizes[4], plane, y;

    spn_hasher_init(&hasher);
    spn_hasher_update(&hasher, facts, sizeof facts);
    av_image_fill_linesizes(linesizes, (enum AVPixelFormat)frame->format, frame->width);
    for (plane = 0; plane < 4 && frame->data[plane] && linesizes[plane]; plane++) {
        const AVPixFmtDescriptor *format = av_pix_fmt_desc_get((enum AVPixelFormat)frame->format);
        int shift = plane == 1 || plane == 2 ? format->log2_chroma_h : 0;
        int rows = -((-frame->height) >> shift);

        if ((format->flags & AV_PIX_FMT_FLAG_PAL) && plane == 1)
            break;
        for (y = 0; y < rows; y++)
            spn_hasher_update(&hasher, frame->data[plane] + (ptrdiff_t)y * frame->linesize[plane],
                              (size_t)linesizes[plane]);
    }
    spn_hasher_finish(&hasher, &hash);
    memcpy(out, hash.bytes, sizeof *out);
}

/* Decode a range; hashes[n] is compared where it is there already, else set. 1 when all are equal.
 */
static int run(const struct opened *opened, struct decoder_range range, uint64_t *hashes, int set,
               int *from_start, struct spn_error *err)
{
    struct decoder *decoder = NULL;
    struct decoder_frame frame;
    int64_t number = range.from - range.before, end = range.to + range.after;
    uint64_t hash;
    int ret;

    if (number < 0)
        number = 0;
    if (opened->conform.fields)
        number -= number % 2;
    if (end > opened->conform.frames)
        end = opened->conform.frames;
    ret = decoder_create(opened->source, opened->index, &opened->conform, range, &decoder, err);
    while (ret == SPN_OK && (ret = decoder_pull(decoder, &frame, err)) > 0) {
        ret = SPN_OK;
        if (frame.number != number) {
            ret = spn_error_set(err, SPN_EMISMATCH, "frame %lld came where %lld should",
                                (long long)frame.number, (long long)number);
            break;
        }
        hash_frame(frame.frame, &hash);
        if (set)
            hashes[number] = hash;
        else if (hashes[number] != hash) {
            ret =
                spn_error_set(err, SPN_EMISMATCH,
                              "frame %lld differs in the chunk [%lld, %lld), repeat %d missing %d",
                              (long long)number, (long long)range.from, (long long)range.to,
                              frame.repeat, frame.missing);
            break;
        }
        number += opened->conform.fields ? 2 : 1;
    }
    if (ret == SPN_OK && number < end)
        ret = spn_error_set(err, SPN_EMISMATCH, "the range ended at frame %lld", (long long)number);
    if (decoder)
        *from_start += decoder_counts(decoder).from_start && range.from > 0;
    decoder_destroy(decoder);
    return ret;
}

int chunk_check(const struct opened *opened, char *what, size_t what_size, struct spn_error *err)
{
    int64_t frames = opened->conform.frames, from, step, count;
    uint64_t *hashes = calloc((size_t)frames, sizeof *hashes);
    struct decoder_range range = { 0, frames, 0, 0 };
    int ret, from_start = 0, done = 0;
    size_t i;

    if (!hashes)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    ret = run(opened, range, hashes, 1, &from_start, err);
    for (i = 0; i < sizeof sizes / sizeof *sizes && ret == SPN_OK; i++) {
        int64_t size = sizes[i] + (opened->conform.fields ? sizes[i] % 2 : 0);

        count = (frames + size - 1) / size;
        step = count > CHUNKS ? count / CHUNKS : 1;
        for (from = 0; from < frames && ret == SPN_OK; from += size * step) {
            range.from = from;
            range.to = from + size < frames ? from + size : frames;
            range.before = i == 1 ? 4 : 0;
            range.after = i == 1 ? 2 : 0;
            ret = run(opened, range, hashes, 0, &from_start, err);
            done++;
        }
    }
    snprintf(what, what_size, "%lld frames, %d chunks, %d not entered", (long long)frames, done,
             from_start);
    free(hashes);
    return ret;
}

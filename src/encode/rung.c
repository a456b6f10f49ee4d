/*
 * rung.c - one rung of a chunk or of a bridge.
 *
 * Access units come in decoding order. Because every GOP is closed, those of GOP g are the g-th lot
 * of `gop` of them: decode times are the frame grid itself, and a composition offset is how far a
 * frame's place on the screen is from its place in the stream. Offsets may be negative; the first
 * frame of a GOP is the earliest shown, so the least presentation time of a fragment is its decode
 * time.
 *
 * A chunk is one sequence to the encoder, and so is a bridge, whose fragments have lengths of their
 * own. What follows a bridge in its asset is pushed after it, for the encoder to see what its last
 * pictures are for; of that nothing is kept. SVT-AV1 1.4 begins a GOP where it likes and cannot be
 * told to close one: there each fragment is a sequence, and ends where it ends.
 */
#include "rung.h"

#include <inttypes.h>
#include <stdlib.h>

#include "piece.h"
#include "sampan/composition.h"
#include "scaler.h"
#include "video_encoder.h"

#define BRIDGE_IDR_ID 2  /* chunks have 0 and 1 */
#define RUN           16 /* frames */
#define AHEAD         10 /* frames; 30 cost three times as much and are as good */

struct unit {
    size_t offset, size; /* in bytes of the GOP */
    int64_t number;      /* of the frame it shows, in the chunk */
    int key;
};

struct rung_maker {
    struct rung rung;
    struct rung_chunk chunk;
    struct scaler *scaler;
    struct video_encoder *encoder;
    struct piece piece;      /* from the first GOP on */
    int fd;                  /* of it */
    struct spn_buffer bytes; /* of the GOP being gathered, as samples */
    struct unit *units;      /* gop of them */
    struct spn_sample *samples;
    uint32_t count;         /* units gathered */
    int64_t taken, written; /* frames */
    int64_t begun;          /* frames before the encoder's sequence */
    int64_t next;           /* frame that the next GOP begins with, of those that are taken */
    uint32_t begins;        /* its fragment, from 0 */
    uint32_t fragment;      /* the one being gathered, from 0 */
    int64_t end;            /* frames before its end */
    struct spn_hash compat; /* of the first fragment: all others must have it too */
    int64_t over, burst;    /* bits beyond maxrate: of the run of fragments at hand, and the most */
};

/* Frames before the end of a fragment. */
static int64_t fragment_end(const struct rung_chunk *chunk, uint32_t fragment)
{
    int64_t first, length;

    if (!chunk->fragments)
        return (int64_t)(fragment + 1) * chunk->gop;
    if (fragment >= chunk->fragments)
        return chunk->frames;
    spn_bridge_fragment(chunk->frames, chunk->fragments, fragment, &first, &length);
    return first + length;
}

int rung_create(const struct rung *rung, struct rung_chunk chunk, int fd, struct rung_maker **out,
                struct spn_error *err)
{
    struct rung_maker *maker = calloc(1, sizeof(*maker));
    int ret = SPN_OK;

    *out = NULL;
    if (!maker || !(maker->units = calloc(chunk.gop, sizeof(*maker->units))) ||
        !(maker->samples = calloc(chunk.gop, sizeof(*maker->samples))))
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for a rung");
    if (ret < 0 ||
        (ret = scaler_create((int)rung->width, (int)rung->height, SCALER_VIDEO, &maker->scaler,
                             err)) < 0 ||
        (ret = video_encoder_create(rung, chunk.rate, chunk.gop, &maker->encoder, err)) < 0) {
        rung_destroy(maker);
        return ret;
    }
    maker->rung = *rung;
    maker->chunk = chunk;
    maker->fd = fd;
    maker->end = fragment_end(&maker->chunk, 0);
    *out = maker;
    return SPN_OK;
}

void rung_destroy(struct rung_maker *maker)
{
    if (!maker)
        return;
    scaler_destroy(maker->scaler);
    video_encoder_destroy(maker->encoder);
    piece_finish(&maker->piece);
    spn_buffer_finish(&maker->bytes);
    free(maker->units);
    free(maker->samples);
    free(maker);
}

static int contract_broken(const struct rung_maker *maker, const char *what, struct spn_error *err)
{
    return spn_error_set(err, SPN_EIO,
                         "%s at %" PRIu32 "x%" PRIu32 " did not keep the encode contract: %s near "
                         "frame %" PRId64,
                         rung_codec_name(maker->rung.codec), maker->rung.width, maker->rung.height,
                         what, maker->chunk.first + maker->written);
}

/*
 * Encoders number the IDR pictures of a sequence 0, 1, 0, 1 … and two of the same number must not
 * follow each other (H.264 7.4.3), as they would where a bridge is one picture. Those of bridges
 * have a number that no chunk has.
 */
static int key_number(struct rung_maker *maker, struct unit *unit, struct spn_error *err)
{
    struct spn_buffer changed = { 0 };
    int ret = spn_idr_renumber(video_encoder_info(maker->encoder), maker->bytes.data + unit->offset,
                               unit->size, BRIDGE_IDR_ID, &changed, err);

    if (ret == SPN_OK) {
        maker->bytes.size = unit->offset;
        spn_buffer_append(&maker->bytes, changed.data, changed.size);
        unit->size = changed.size;
    }
    spn_buffer_finish(&changed);
    return ret;
}

/* A fragment of so many bytes and frames: < 2^40 bits, and frames < 2^10, maxrate and den < 2^31.
 */
static void burst_count(struct rung_maker *maker, uint64_t bytes, uint32_t frames)
{
    int64_t room = 0;

    (void)spn_rescale(maker->rung.maxrate, (int64_t)frames * maker->chunk.rate.den,
                      maker->chunk.rate.num, SPN_FLOOR, &room);
    maker->over = (maker->over > 0 ? maker->over : 0) + (int64_t)bytes * 8 - room;
    maker->burst = maker->over > maker->burst ? maker->over : maker->burst;
}

/* Everything that is written must configure a decoder the same, and as the track does. */
static int compat_check(struct rung_maker *maker, struct spn_error *err)
{
    const struct spn_hash *want = maker->written ? &maker->compat : maker->chunk.compat;
    struct spn_hash compat;
    char ours[SPN_HASH_HEX + 1];
    int ret;

    if ((ret = spn_compat_id(video_encoder_info(maker->encoder), &compat, err)) < 0)
        return ret;
    spn_hash_hex(&compat, ours);
    if (want && !spn_hash_equal(want, &compat))
        return spn_error_set(err, SPN_EMISMATCH,
                             "%s at %" PRIu32 "x%" PRIu32 " would not be decoded like the track "
                             "that it is for: its compat_id is %s",
                             rung_codec_name(maker->rung.codec), maker->rung.width,
                             maker->rung.height, ours);
    maker->compat = compat;
    return SPN_OK;
}

static int gop_write(struct rung_maker *maker, struct spn_error *err)
{
    int64_t first = maker->written, frames = maker->chunk.first + first;
    int32_t ticks = (int32_t)maker->chunk.rate.den;
    uint64_t before;
    int ret;

    if (spn_buffer_failed(&maker->bytes))
        return spn_error_set(err, SPN_ENOMEM, "no memory for a GOP");
    for (uint32_t i = 0; i < maker->count; i++) {
        const struct unit *unit = &maker->units[i];

        if (unit->number < first || unit->number >= first + maker->count)
            return contract_broken(maker, "a GOP shows a frame of another", err);
        if (unit->key != (i == 0))
            return contract_broken(maker, "a key picture is not where a GOP begins", err);
        maker->samples[i] = (struct spn_sample){
            .data = maker->bytes.data + unit->offset,
            .size = (uint32_t)unit->size,
            .offset = (int32_t)(unit->number - first - i) * ticks,
            .sync = unit->key,
        };
    }
    if ((ret = compat_check(maker, err)) < 0 ||
        (!maker->written &&
         (ret = piece_init(&maker->piece, maker->fd, video_encoder_info(maker->encoder), err)) < 0))
        return ret;
    before = maker->piece.bytes;
    maker->piece.info = video_encoder_info(maker->encoder); /* a bridge has several */
    ret = piece_append(&maker->piece, maker->chunk.sequence + maker->fragment,
                       (uint64_t)frames * maker->chunk.rate.den, maker->samples, maker->count, err);
    burst_count(maker, maker->piece.bytes - before, maker->count);
    maker->written += maker->count;
    maker->end = fragment_end(&maker->chunk, ++maker->fragment);
    maker->count = 0;
    maker->bytes.size = 0;
    return ret;
}

static int units_gather(struct rung_maker *maker, struct spn_error *err)
{
    struct encoded encoded;
    int ret = SPN_OK;

    while (maker->written < maker->chunk.frames &&
           (ret = video_encoder_pull(maker->encoder, &encoded, err)) > 0) {
        struct unit *unit = &maker->units[maker->count];

        unit->offset = maker->bytes.size;
        unit->number = maker->begun + encoded.number;
        unit->key = encoded.key;
        if ((ret = spn_sample_convert(maker->rung.codec, encoded.data, encoded.size, &maker->bytes,
                                      err)) < 0)
            return ret;
        unit->size = maker->bytes.size - unit->offset;
        if (unit->key && maker->chunk.fragments && maker->rung.codec == SPN_H264 &&
            (ret = key_number(maker, unit, err)) < 0)
            return ret;
        if (unit->size > SPN_FRAGMENT_SIZE_MAX)
            return contract_broken(maker, "a picture is too large", err);
        if (maker->written + ++maker->count == maker->end && (ret = gop_write(maker, err)) < 0)
            return ret;
    }
    return ret;
}

/* Every fragment is a sequence of its own. */
static int several(const struct rung_maker *maker)
{
    return maker->chunk.fragments && maker->rung.codec == SPN_AV1;
}

/* The sequence of a bridge's fragment ends, and the next begins with another encoder. */
static int sequence_next(struct rung_maker *maker, struct spn_error *err)
{
    int ret;

    if ((ret = video_encoder_push(maker->encoder, NULL, FRAME_ANY, 0, err)) < 0 ||
        (ret = units_gather(maker, err)) < 0)
        return ret;
    if (maker->written != maker->taken)
        return contract_broken(maker, "frames were lost", err);
    if (maker->taken == maker->chunk.frames)
        return SPN_OK;
    video_encoder_destroy(maker->encoder);
    maker->begun = maker->taken;
    return video_encoder_create(&maker->rung, maker->chunk.rate, maker->chunk.gop, &maker->encoder,
                                err);
}

/* Of the frame that is taken. */
static enum frame_kind kind_of(struct rung_maker *maker)
{
    if (maker->taken == maker->next && maker->taken < maker->chunk.frames) {
        maker->next = fragment_end(&maker->chunk, maker->begins++);
        return FRAME_KEY;
    }
    return maker->chunk.fragments && !several(maker) && maker->taken + 1 == maker->chunk.frames
               ? FRAME_CLOSE
               : FRAME_ANY;
}

/*
 * In its asset a picture is finer the longer what follows looks like it. Where a cut follows soon
 * the encoder sees no reason for that, and is told: by a step for each time that what is left of
 * the run would have to be doubled to be RUN frames.
 */
static int finer_of(const struct rung_maker *maker)
{
    const struct rung_chunk *chunk = &maker->chunk;
    int finer = 0;

    for (size_t i = 0; i < chunk->cut_count; i++) {
        int64_t left = chunk->cuts[i] - maker->taken;

        if (left <= 0)
            continue;
        for (; left < RUN; left *= 2)
            finer++;
        break;
    }
    return finer;
}

/* All frames were taken, and so were those that follow them. */
static int rung_end(struct rung_maker *maker, struct spn_error *err)
{
    int ret;

    if (!several(maker) && maker->written < maker->chunk.frames &&
        ((ret = video_encoder_push(maker->encoder, NULL, FRAME_ANY, 0, err)) < 0 ||
         (ret = units_gather(maker, err)) < 0))
        return ret;
    if (maker->count && (ret = gop_write(maker, err)) < 0)
        return ret;
    if (maker->taken < maker->chunk.frames || maker->written != maker->chunk.frames)
        return contract_broken(maker, "frames were lost", err);
    return SPN_OK;
}

static int rung_take(void *opaque, const AVFrame *frame, struct spn_error *err)
{
    struct rung_maker *maker = opaque;
    const struct rung_chunk *chunk = &maker->chunk;
    const AVFrame *scaled = NULL;
    int ret;

    if (!frame)
        return rung_end(maker, err);
    if (maker->taken >= chunk->frames && (several(maker) || maker->written == chunk->frames))
        return SPN_OK;
    if ((ret = scaler_run(maker->scaler, frame, &scaled, err)) < 0 ||
        (ret = video_encoder_push(maker->encoder, scaled, kind_of(maker), finer_of(maker), err)) <
            0 ||
        (ret = units_gather(maker, err)) < 0)
        return ret;
    maker->taken++;
    return several(maker) && maker->taken == maker->next ? sequence_next(maker, err) : SPN_OK;
}

int64_t rung_ahead(const struct rung_maker *maker)
{
    const struct rung_chunk *chunk = &maker->chunk;
    int64_t first, last, most;

    if (!chunk->fragments || several(maker))
        return 0;
    spn_bridge_fragment(chunk->frames, chunk->fragments, chunk->fragments - 1, &first, &last);
    most = chunk->gop - last;
    return most < AHEAD ? most : AHEAD;
}

struct lane_work rung_work(struct rung_maker *maker)
{
    return (struct lane_work){ rung_take, maker };
}

struct rung_result rung_result(const struct rung_maker *maker)
{
    struct rung_result result = { .bytes = maker->piece.bytes,
                                  .fragments = maker->piece.fragments,
                                  .burst = maker->burst };

    piece_hash(&maker->piece, &result.hash);
    return result;
}

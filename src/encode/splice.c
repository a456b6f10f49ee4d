/* splice.c - a stretch of sound bridge. */
#include "splice.h"

#include <stdlib.h>
#include <string.h>

#include "aac_window.h"
#include "plan.h"

/* A stretch of slots that are encoded, with a few more on each side that may be. */
struct run {
    const struct splice_setup *setup;
    const struct spn_sound_span *span;
    int64_t begin, end; /* slots that must be */
    int64_t from, to;   /* slots that are */
    int64_t warmup;     /* packets before from that are encoded too */
    struct spn_buffer bytes;
    size_t *offsets; /* of packet from - warmup + i in bytes; one more than packets */
    size_t count;
};

static size_t clip_of(const struct splice_setup *setup, int64_t slot)
{
    size_t low = 0, high = setup->composition->count - 1;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (setup->clips[middle].end > slot)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* 1: the asset's packet for slot, if the slot were clip's; 0: it has none. */
static int packet_of(const struct splice_setup *setup, size_t clip, int64_t slot,
                     struct spn_sample *out, struct spn_error *err)
{
    int64_t ticks = (slot + setup->clips[clip].shift) * SPN_AAC_FRAME;
    const struct spn_fragment *all, *fragment;
    struct mapped *mapped;
    size_t count;
    int ret;

    if ((ret = setup->track(setup->opaque, clip, &mapped, err)) < 0)
        return ret;
    all = spn_track_all(mapped->track, &count);
    if (ticks < 0 || ticks >= spn_track_duration(mapped->track))
        return 0;
    fragment = spn_track_fragments(mapped->track, ticks, ticks + 1, &count);
    if (count == 0)
        return 0;
    ret = mapped_sample(mapped, (size_t)(fragment - all),
                        (size_t)((ticks - fragment->start) / SPN_AAC_FRAME), out, err);
    return ret < 0 ? ret : 1;
}

static int copied(const struct splice_setup *setup, int64_t slot)
{
    size_t clip = clip_of(setup, slot);
    int64_t from, to;

    spn_sound_copied(setup->composition, AUDIO_SAMPLE_RATE, setup->clips, clip, &from, &to);
    return slot >= from && slot < to;
}

static AVFrame *frame_make(int channels)
{
    AVFrame *frame = av_frame_alloc();

    if (!frame)
        return NULL;
    frame->format = AV_SAMPLE_FMT_FLTP;
    frame->sample_rate = AUDIO_SAMPLE_RATE;
    frame->nb_samples = SPN_AAC_FRAME;
    av_channel_layout_default(&frame->ch_layout, channels);
    if (av_frame_get_buffer(frame, 0) < 0)
        av_frame_free(&frame);
    return frame;
}

static int packets_take(struct run *run, struct audio_encoder *encoder, struct spn_error *err)
{
    struct audio_packet packet;
    int ret;

    while ((ret = audio_encoder_pull(encoder, &packet, err)) > 0) {
        run->offsets[run->count++] = run->bytes.size;
        spn_buffer_append(&run->bytes, packet.data, packet.size);
    }
    return ret;
}

static int run_encode(struct run *run, struct spn_error *err)
{
    struct audio_setup setup = run->setup->encoder;
    struct audio_encoder *encoder = NULL;
    AVFrame *frame = frame_make(setup.channels);
    int ret;

    mix_forget(run->setup->mix);
    setup.packets = run->to - run->from + run->warmup;
    run->offsets = calloc((size_t)setup.packets + 1, sizeof(*run->offsets));
    if (!frame || !run->offsets)
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for sound");
    else
        ret = audio_encoder_create(&setup, &encoder, err);
    /* the last packet's window reaches into the slot after it */
    for (int64_t slot = run->from - run->warmup; ret >= 0 && slot <= run->to; slot++) {
        float *planes[MIX_CHANNELS];

        for (int c = 0; c < setup.channels; c++)
            planes[c] = (float *)frame->extended_data[c];
        if ((ret = mix_slot(run->setup->mix, slot, planes, err)) < 0 ||
            (ret = audio_encoder_push(encoder, frame, err)) < 0)
            break;
        ret = packets_take(run, encoder, err);
    }
    if (ret >= 0 && (ret = audio_encoder_push(encoder, NULL, err)) == SPN_OK)
        ret = packets_take(run, encoder, err);
    if (ret >= 0 && spn_buffer_failed(&run->bytes))
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for sound");
    if (ret >= 0 && run->count != (size_t)setup.packets)
        ret = spn_error_set(err, SPN_EIO, "the AAC encoder gave %zu packets of %lld", run->count,
                            (long long)setup.packets);
    if (ret >= 0)
        run->offsets[run->count] = run->bytes.size;
    audio_encoder_destroy(encoder);
    av_frame_free(&frame);
    return ret;
}

static const uint8_t *run_packet(const struct run *run, int64_t slot, size_t *size)
{
    size_t i = (size_t)(slot - run->from + run->warmup);

    *size = run->offsets[i + 1] - run->offsets[i];
    return run->bytes.data + run->offsets[i];
}

static int run_window(const struct run *run, int64_t slot, struct aac_window *out)
{
    size_t size;
    const uint8_t *data = run_packet(run, slot, &size);

    return aac_window_read(data, size, out);
}

/* May slot be the first that is encoded? 1 or 0. */
static int left_fits(const struct run *run, size_t clip, int64_t slot, struct spn_error *err)
{
    struct aac_window before, next, warm;
    struct spn_sample sample;
    int ret = packet_of(run->setup, clip, slot - 1, &sample, err);

    if (ret <= 0)
        return ret;
    return aac_window_read(sample.data, sample.size, &before) == SPN_OK &&
           run_window(run, slot, &next) == SPN_OK && run_window(run, slot - 1, &warm) == SPN_OK &&
           aac_window_fits(before, next, warm.shape);
}

/* May slot be the first after it that is copied? */
static int right_fits(const struct run *run, size_t clip, int64_t slot, struct spn_error *err)
{
    struct aac_window before, next, old;
    struct spn_sample sample;
    int ret = packet_of(run->setup, clip, slot, &sample, err);

    if (ret <= 0)
        return ret;
    if (aac_window_read(sample.data, sample.size, &next) < 0 ||
        run_window(run, slot - 1, &before) < 0)
        return 0;
    if ((ret = packet_of(run->setup, clip, slot - 1, &sample, err)) < 0)
        return ret;
    if (ret == 0 || aac_window_read(sample.data, sample.size, &old) < 0)
        old.shape = before.shape; /* it is the track's first: nothing was before it */
    return aac_window_fits(before, next, old.shape);
}

/*
 * The place nearest to where the seam should be at which windows fit: there, one out, one in, then
 * outwards. out is -1 at the left and 1 at the right.
 */
static int seam_find(const struct run *run, int64_t nominal, int out, int64_t *seam,
                     struct splice_counts *counts, struct spn_error *err)
{
    static const int moves[] = { 0, 1, -1, 2, 3, 4 };
    size_t clip = clip_of(run->setup, out < 0 ? nominal - 1 : nominal);
    int ret;

    *seam = nominal;
    for (size_t i = 0; i < sizeof(moves) / sizeof(*moves); i++) {
        int64_t slot = nominal + out * moves[i];

        if (slot < run->from || slot > run->to ||
            (moves[i] < 0 && (run->end - run->begin < SPN_SOUND_BRIDGE ||
                              clip_of(run->setup, out < 0 ? slot - 1 : slot) != clip)))
            continue;
        ret = out < 0 ? left_fits(run, clip, slot, err) : right_fits(run, clip, slot, err);
        if (ret < 0)
            return ret;
        if (ret > 0) {
            counts->moved += moves[i] != 0;
            *seam = slot;
            return SPN_OK;
        }
    }
    counts->unmatched++;
    return SPN_OK;
}

/* Encode the run, and put those of its packets into the slots that belong there. */
static int run_make(struct run *run, struct splice *out, struct spn_error *err)
{
    int64_t left = run->begin, right = run->end;
    int64_t slots = spn_sound_slots(run->setup->composition, AUDIO_SAMPLE_RATE);
    size_t base = out->bytes.size;
    int ret;

    if ((ret = run_encode(run, err)) < 0 ||
        (run->begin > 0 && (ret = seam_find(run, run->begin, -1, &left, &out->counts, err)) < 0) ||
        (run->end < slots && (ret = seam_find(run, run->end, 1, &right, &out->counts, err)) < 0))
        return ret;
    spn_buffer_append(&out->bytes, run->bytes.data, run->bytes.size);
    for (int64_t slot = left; slot < right; slot++) {
        size_t size, offset = (size_t)(run_packet(run, slot, &size) - run->bytes.data);

        out->slots[slot - run->span->first] =
            (struct splice_slot){ .offset = base + offset, .size = size, .encoded = 1 };
    }
    return SPN_OK;
}

static int slot_copy(const struct splice_setup *setup, int64_t slot, struct splice_slot *out,
                     struct spn_error *err)
{
    struct spn_sample sample;
    int ret = packet_of(setup, clip_of(setup, slot), slot, &sample, err);

    if (ret == 0)
        return spn_error_set(err, SPN_ERANGE, "the asset has no packet for slot %lld",
                             (long long)slot);
    if (ret < 0)
        return ret;
    *out = (struct splice_slot){ .data = sample.data, .size = sample.size };
    return SPN_OK;
}

/* Slots that are copied from slot on, in the direction of step, inside the span; SPLICE_MOVE most.
 */
static int64_t copied_beside(const struct splice_setup *setup, const struct spn_sound_span *span,
                             int64_t slot, int step, int64_t most)
{
    int64_t count = 0;

    while (count < most && slot >= span->first && slot < span->first + span->slots &&
           copied(setup, slot)) {
        count++;
        slot += step;
    }
    return count;
}

int splice_make(const struct splice_setup *setup, const struct spn_sound_span *span,
                struct splice *out, struct spn_error *err)
{
    int64_t end = span->first + span->slots, slot;
    int ret = SPN_OK;

    memset(out, 0, sizeof(*out));
    out->slots = calloc((size_t)span->slots, sizeof(*out->slots));
    if (!out->slots)
        return spn_error_set(err, SPN_ENOMEM, "no memory for a bridge of sound");
    for (slot = span->first; slot < end && ret == SPN_OK; slot++) {
        struct run run = { .setup = setup, .span = span, .begin = slot, .end = slot };

        if (copied(setup, slot))
            continue;
        while (run.end < end && !copied(setup, run.end))
            run.end++;
        /* two runs never reach for the same slot */
        run.from = run.begin - copied_beside(setup, span, run.begin - 1, -1, 2 * SPLICE_MOVE) / 2;
        run.to = run.end + copied_beside(setup, span, run.end, 1, 2 * SPLICE_MOVE) / 2;
        run.warmup = SPN_SOUND_WARMUP;
        ret = run_make(&run, out, err);
        spn_buffer_finish(&run.bytes);
        free(run.offsets);
        slot = run.end - 1;
    }
    if (ret == SPN_OK && spn_buffer_failed(&out->bytes))
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for a bridge of sound");
    for (slot = 0; slot < span->slots && ret == SPN_OK; slot++) {
        struct splice_slot *one = &out->slots[slot];

        if (one->encoded)
            one->data = out->bytes.data + one->offset;
        else
            ret = slot_copy(setup, span->first + slot, one, err);
        out->counts.encoded += one->encoded;
        out->counts.copied += !one->encoded;
    }
    return ret;
}

void splice_finish(struct splice *splice)
{
    free(splice->slots);
    spn_buffer_finish(&splice->bytes);
    memset(splice, 0, sizeof(*splice));
}

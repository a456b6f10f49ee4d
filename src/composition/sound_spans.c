/*
 * sound_spans.c - sound follows the picture on one grid of packets.
 *
 * Slot p of the timeline holds samples [1024 p, 1024 (p + 1)). A clip begins at the slot nearest
 * its first frame. Its packets are those of its asset shifted by a whole number of packets, chosen
 * against exact time for each clip alone, so that what is left over stays below half a packet and
 * never adds up.
 */
#include "sampan/composition.h"

#include <stdlib.h>

int64_t spn_sound_slots(const struct spn_composition *composition, uint32_t sample_rate)
{
    return spn_audio_frame_at(composition->start[composition->count], composition->rate,
                              sample_rate);
}

int spn_sound_clips(const struct spn_composition *composition, uint32_t sample_rate,
                    struct spn_sound_clip **out, struct spn_error *err)
{
    struct spn_sound_clip *clips = calloc(composition->count, sizeof(*clips));

    *out = NULL;
    if (!clips)
        return spn_error_set(err, SPN_ENOMEM, "no memory for the sound of %zu clips",
                             composition->count);
    for (size_t i = 0; i < composition->count; i++) {
        const struct spn_clip_asset *asset = &composition->assets[composition->clips[i].asset];
        int64_t unit = asset->encode & SPN_ENCODE_SOUND ? 1 : SPN_AAC_FRAME, units = 0;
        /* the asset is this many frames ahead of the timeline, and so this many packets */
        int64_t ahead = composition->clips[i].in - composition->start[i];
        struct spn_sound_clip *clip = &clips[i];

        clip->first = spn_audio_frame_at(composition->start[i], composition->rate, sample_rate);
        clip->end = spn_audio_frame_at(composition->start[i + 1], composition->rate, sample_rate);
        clip->shift = spn_audio_frame_at(ahead, composition->rate, sample_rate);
        (void)spn_rescale(ahead, (int64_t)composition->rate.den * sample_rate,
                          unit * composition->rate.num, SPN_NEAREST, &units);
        clip->samples = units * unit;
        clip->error_num = (int64_t)((__int128)ahead * composition->rate.den * sample_rate -
                                    (__int128)clip->samples * composition->rate.num);
        clip->error_den = composition->rate.num;
    }
    *out = clips;
    return SPN_OK;
}

void spn_sound_copied(const struct spn_composition *composition, uint32_t sample_rate,
                      const struct spn_sound_clip *clips, size_t i, int64_t *from, int64_t *to)
{
    const struct spn_sound_clip *clip = &clips[i];
    int64_t packets = spn_audio_frame_at(composition->assets[composition->clips[i].asset].frames,
                                         composition->rate, sample_rate);

    *from = clip->first + (i > 0 ? SPN_SOUND_BRIDGE / 2 : 0);
    *to = clip->end - (i + 1 < composition->count ? SPN_SOUND_BRIDGE / 2 : 0);
    if (*from + clip->shift < 0)
        *from = -clip->shift;
    if (*to + clip->shift > packets)
        *to = packets - clip->shift;
    if (*from > clip->end)
        *from = clip->end;
    if (*to < *from || composition->assets[composition->clips[i].asset].encode & SPN_ENCODE_SOUND)
        *to = *from;
}

/* The asset's fragment that packet lies in, or that begins there. */
static int64_t fragment_at_or_after(const struct spn_composition *composition, uint32_t sample_rate,
                                    int64_t packet)
{
    int64_t gop = composition->gop, guess = 0;

    /* borders are monotonic: begin one below the exact place and step */
    (void)spn_rescale(packet, (int64_t)SPN_AAC_FRAME * composition->rate.num,
                      (int64_t)composition->rate.den * sample_rate * gop, SPN_FLOOR, &guess);
    guess = guess > 0 ? guess - 1 : 0;
    while (spn_audio_frame_at(guess * gop, composition->rate, sample_rate) < packet)
        guess++;
    return guess;
}

/* First packet of a fragment; of the one after the last, the end of the track. */
static int64_t fragment_packet(const struct spn_composition *composition, uint32_t sample_rate,
                               int64_t frames, int64_t fragment)
{
    int64_t at = fragment * composition->gop;

    return spn_audio_frame_at(at < frames ? at : frames, composition->rate, sample_rate);
}

struct sound_list {
    struct spn_sound_span *spans;
    size_t count;
    int64_t at;   /* slot up to which spans are closed */
    int64_t most; /* packets in a fragment of bridge */
    size_t clip;  /* the clip that slot at lies in */
};

static void sound_bridge_to(struct sound_list *list, int64_t slot)
{
    struct spn_sound_span span = { .kind = SPN_BRIDGE, .first = list->at, .clip = list->clip };

    if (slot <= list->at)
        return;
    span.slots = slot - list->at;
    span.fragments = (span.slots + list->most - 1) / list->most;
    list->spans[list->count++] = span;
    list->at = slot;
}

int spn_sound_spans(const struct spn_composition *composition, uint32_t sample_rate,
                    const struct spn_sound_clip *clips, struct spn_sound_span **out, size_t *count,
                    struct spn_error *err)
{
    struct sound_list list = { 0 };

    *out = NULL;
    *count = 0;
    list.most = spn_audio_frame_at(composition->gop, composition->rate, sample_rate) + 1;
    list.spans = calloc(2 * composition->count + 1, sizeof(*list.spans));
    if (!list.spans)
        return spn_error_set(err, SPN_ENOMEM, "no memory for the sound of %zu clips",
                             composition->count);
    for (size_t i = 0; i < composition->count; i++) {
        int64_t frames = composition->assets[composition->clips[i].asset].frames;
        int64_t fragments = (frames + composition->gop - 1) / composition->gop;
        int64_t from, to, first, end;

        spn_sound_copied(composition, sample_rate, clips, i, &from, &to);
        first = fragment_at_or_after(composition, sample_rate, from + clips[i].shift);
        end = first;
        while (end < fragments &&
               fragment_packet(composition, sample_rate, frames, end + 1) <= to + clips[i].shift)
            end++;
        if (end > first) {
            struct spn_sound_span span = {
                .kind = SPN_REFERENCE, .clip = i, .fragment = first, .fragments = end - first
            };

            span.first = fragment_packet(composition, sample_rate, frames, first) - clips[i].shift;
            span.slots = fragment_packet(composition, sample_rate, frames, end) - clips[i].shift -
                         span.first;
            sound_bridge_to(&list, span.first);
            list.spans[list.count++] = span;
            list.at = span.first + span.slots;
            list.clip = i;
        }
        if (list.at >= clips[i].end && i + 1 < composition->count)
            list.clip = i + 1;
    }
    sound_bridge_to(&list, spn_sound_slots(composition, sample_rate));
    *out = list.spans;
    *count = list.count;
    return SPN_OK;
}

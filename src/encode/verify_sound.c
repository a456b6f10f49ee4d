/* verify_sound.c - the sound of a cut against that of its assets. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mix.h"
#include "protocol.h"
#include "said.h"
#include "sampan/composed.h"
#include "splice.h"
#include "verify.h"

#define BEAT_MS 500
#define AGAIN   "build the cut again"

#define PART      4096 /* samples that are looked for: 85 ms */
#define PART_MIN  2048 /* in less there is nothing to find a place by */
#define LAG       2304 /* samples either way: two packets and a quarter */
#define HALF_SLOT 512  /* samples: what a join may be off by */
#define AROUND    4    /* packets either side of a join in which its noise is measured */
#define QUIET     1e-8 /* mean square: -80 dBFS; below it there is no sound to speak of */
#define LIKE      0.9  /* of the likeness that the asset's own encode has: it is in its place */
#define ALIKE     0.7  /* of it, and nowhere more alike: its sound, if a noisy one (0 dB) */
#define CLICK     2.0  /* times the greatest step of the error in the asset's own encode … */
#define CLICK_MIN 0.05 /* … and this much of full scale */

struct listen {
    struct heard *heard;
    struct mapped *film;
    struct faults *faults;
    struct mix *mix;
    int channels;
    float *planes[4][MIX_CHANNELS]; /* of ROOM samples: film, source, own, and one to spare */
    float *block;                   /* what they point into */
    int64_t copied, encoded;        /* packets */
    double sum, own_sum;            /* dB over the joins that could be measured */
    int64_t measured;
    json_t *joins;
    struct beat beat;
};

#define ROOM                                                                                       \
    (2 * AROUND * SPN_AAC_FRAME > PART + 2 * LAG ? 2 * AROUND * SPN_AAC_FRAME : PART + 2 * LAG)

static int64_t clip_sample(const struct spn_composition *composition, size_t i)
{
    int64_t sample = 0;

    (void)spn_rescale(composition->start[i], (int64_t)composition->rate.den * AUDIO_SAMPLE_RATE,
                      composition->rate.num, SPN_NEAREST, &sample);
    return sample;
}

static int64_t sample_frame(const struct spn_composition *composition, int64_t sample)
{
    int64_t frame = 0;

    (void)spn_rescale(sample, composition->rate.num,
                      (int64_t)composition->rate.den * AUDIO_SAMPLE_RATE, SPN_FLOOR, &frame);
    return frame;
}

/* ---- packets ---- */

static int packet_of(struct mapped *track, int64_t packet, struct spn_sample *out)
{
    const struct spn_fragment *all, *fragment;
    int64_t ticks = packet * SPN_AAC_FRAME;
    size_t count;

    all = spn_track_all(track->track, &count);
    if (packet < 0)
        return SPN_ERANGE;
    fragment = spn_track_fragments(track->track, ticks, ticks + 1, &count);
    if (count == 0)
        return SPN_ERANGE;
    return mapped_sample(track, (size_t)(fragment - all),
                         (size_t)((ticks - fragment->start) / SPN_AAC_FRAME), out, NULL);
}

static int packet_is(struct mapped *track, int64_t packet, const struct spn_sample *shown)
{
    struct spn_sample own;

    return packet_of(track, packet, &own) == SPN_OK && own.size == shown->size &&
           memcmp(own.data, shown->data, own.size) == 0;
}

/* Is it a packet that is near? In slots, positive: later ones of the asset; 0: no. */
static int packet_near(struct mapped *track, int64_t packet, const struct spn_sample *shown)
{
    for (int k = 1; k <= AROUND; k++) {
        if (packet_is(track, packet + k, shown))
            return k;
        if (packet_is(track, packet - k, shown))
            return -k;
    }
    return 0;
}

/* Packets of a clip that are not near its joins are the asset's, each in its slot. */
static int packets_look(struct listen *listen, size_t i, struct spn_error *err)
{
    const struct spn_composition *composition = listen->heard->composition;
    const struct spn_sound_clip *clip = &listen->heard->clips[i];
    struct mapped *track;
    int64_t from, to, wrong = 0, first = 0;
    int ret, near = 0;

    if ((ret = heard_track(listen->heard, i, &track, err)) < 0)
        return ret;
    spn_sound_copied(composition, AUDIO_SAMPLE_RATE, listen->heard->clips, i, &from, &to);
    /* seams may have been moved to where windows fit */
    from += i > 0 ? SPLICE_MOVE : 0;
    to -= i + 1 < composition->count ? SPLICE_MOVE : 0;
    for (int64_t slot = clip->first; slot < clip->end; slot++) {
        struct spn_sample shown = { 0 }; /* where the film has no such packet it is like none */
        int same = packet_of(listen->film, slot, &shown) == SPN_OK &&
                   packet_is(track, slot + clip->shift, &shown);

        listen->copied += same;
        listen->encoded += !same;
        if (same || slot < from || slot >= to)
            continue;
        if (wrong++ == 0) {
            first = slot;
            near = shown.size ? packet_near(track, slot + clip->shift, &shown) : 0;
        }
    }
    if (wrong == 0)
        return SPN_OK;
    first = sample_frame(composition, first * SPN_AAC_FRAME);
    if (near)
        fault_add(listen->faults, "sound.slot", first,
                  "%" PRId64
                  " packets of sound that are taken from the asset are %d slot%s too %s; " AGAIN,
                  wrong, abs(near), abs(near) == 1 ? "" : "s", near > 0 ? "early" : "late");
    else
        fault_add(listen->faults, "sound.equal", first,
                  "%" PRId64 " packets of sound that are taken from the asset as they are are not "
                  "those of its track; " AGAIN,
                  wrong);
    return SPN_OK;
}

/* ---- samples ---- */

/* count samples of what pcm gives into planes; it is destroyed. */
static int samples_take(struct pcm *pcm, float *const planes[], int count, struct spn_error *err)
{
    int ret = pcm_read(pcm, planes, count, err);

    pcm_destroy(pcm);
    return ret;
}

static int film_take(struct listen *listen, int64_t from, float *const planes[], int count,
                     struct spn_error *err)
{
    struct pcm *pcm;
    int ret = pcm_create_track(listen->film, listen->channels, from, &pcm, err);

    return ret < 0 ? ret : samples_take(pcm, planes, count, err);
}

/* What the asset's own track has at a sample of the timeline, in clip i. */
static int own_take(struct listen *listen, size_t i, int64_t from, float *const planes[], int count,
                    struct spn_error *err)
{
    struct mapped *track;
    struct pcm *pcm;
    int ret;

    if ((ret = heard_track(listen->heard, i, &track, err)) < 0 ||
        (ret = pcm_create_track(track, listen->channels, from + listen->heard->clips[i].samples,
                                &pcm, err)) < 0)
        return ret;
    return samples_take(pcm, planes, count, err);
}

static double power(const float *samples, int count)
{
    double sum = 0;

    for (int n = 0; n < count; n++)
        sum += (double)samples[n] * (double)samples[n];
    return sum / count;
}

/* Normalised correlation of count samples. */
static double likeness(const float *a, const float *b, int count)
{
    double ab = 0, aa = 1e-12, bb = 1e-12;

    for (int n = 0; n < count; n++) {
        ab += (double)a[n] * (double)b[n];
        aa += (double)a[n] * (double)a[n];
        bb += (double)b[n] * (double)b[n];
    }
    return ab / sqrt(aa * bb);
}

static int loudest(float *const planes[], int channels, int count)
{
    int best = 0;

    for (int c = 1; c < channels; c++)
        if (power(planes[c], count) > power(planes[best], count))
            best = c;
    return best;
}

/* How many samples late count samples are that should be at `wanted`[LAG]. */
static int lag_find(const float *shown, const float *wanted, int count, double *like)
{
    int best = 0;

    *like = -1;
    for (int lag = -LAG; lag <= LAG; lag++) {
        double value = likeness(shown, wanted + LAG - lag, count);

        if (value > *like) {
            *like = value;
            best = lag;
        }
    }
    return best;
}

/* Is the sound of clip i, from sample at of the timeline on, in its place? */
static int place_look(struct listen *listen, size_t i, int64_t at, int count, struct spn_error *err)
{
    const struct spn_composition *composition = listen->heard->composition;
    const struct spn_sound_clip *clip = &listen->heard->clips[i];
    double late = (double)clip->error_num / (double)clip->error_den, like, own, best;
    float **film = listen->planes[0], **source = listen->planes[1], **track = listen->planes[2];
    struct pcm *pcm;
    int ret, channel, lag;

    if ((ret = film_take(listen, at, film, count, err)) < 0 ||
        (ret = own_take(listen, i, at, track, count, err)) < 0 ||
        (ret = heard_samples(listen->heard, i, at + clip->samples - LAG, &pcm, err)) < 0 ||
        (ret = samples_take(pcm, source, count + 2 * LAG, err)) < 0)
        return ret;
    channel = loudest(source, listen->channels, count + 2 * LAG);
    if (power(source[channel] + LAG, count) < QUIET)
        return SPN_OK;
    like = likeness(film[channel], source[channel] + LAG, count);
    own = likeness(track[channel], source[channel] + LAG, count);
    if (like >= LIKE * own)
        return SPN_OK;
    lag = lag_find(film[channel], source[channel], count, &best);
    if (lag == 0 && like >= ALIKE * own) /* how noisy it may be around a join, join_look() says */
        return SPN_OK;
    if (best > like && best >= LIKE * own)
        fault_add(
            listen->faults, "sound.place", sample_frame(composition, at),
            "the sound is %.0f samples %s against the picture, and at most %d is allowed; " AGAIN,
            fabs(late + lag), late + lag > 0 ? "late" : "early", HALF_SLOT);
    else
        fault_add(listen->faults, "sound.like", sample_frame(composition, at),
                  "what is heard is not the sound of the clip (alike to %.2f, and the asset's own "
                  "encode to %.2f); " AGAIN,
                  like, own);
    return SPN_OK;
}

/* Head and tail of a clip: between them packets are the asset's, one after the other. */
static int places_look(struct listen *listen, size_t i, struct spn_error *err)
{
    const struct spn_composition *composition = listen->heard->composition;
    int64_t from = clip_sample(composition, i) + MIX_FADE / 2;
    int64_t to = clip_sample(composition, i + 1) - MIX_FADE / 2;
    int64_t end = spn_sound_slots(composition, AUDIO_SAMPLE_RATE) * SPN_AAC_FRAME;
    int count, ret;

    if (i == 0) /* the very first packet has none before it to be added to */
        from = SPN_AAC_FRAME;
    to = to < end ? to : end;
    if (to - from < PART_MIN)
        return SPN_OK;
    count = to - from < PART ? (int)(to - from) : PART;
    if ((ret = place_look(listen, i, from, count, err)) < 0)
        return ret;
    return to - from < 2 * PART ? SPN_OK : place_look(listen, i, to - count, count, err);
}

/* ---- joins ---- */

struct noise {
    double signal, noise, step; /* sums of squares; the greatest step of the error */
};

static void noise_add(struct noise *noise, const float *wanted, const float *shown, int from,
                      int to)
{
    double before = 0;

    for (int n = from; n < to; n++) {
        double error = (double)shown[n] - (double)wanted[n];

        noise->signal += (double)wanted[n] * (double)wanted[n];
        noise->noise += error * error;
        if (n > from && fabs(error - before) > noise->step)
            noise->step = fabs(error - before);
        before = error;
    }
}

static double noise_decibels(const struct noise *noise, double samples)
{
    return 10 * log10((noise->signal + QUIET * samples) / (noise->noise + QUIET * samples));
}

/* The samples that an editor would have made of the sources in slots [first, first + count). */
static int ideal_take(struct listen *listen, int64_t first, int count, float *const planes[],
                      struct spn_error *err)
{
    int ret = SPN_OK;

    mix_forget(listen->mix);
    for (int k = 0; k < count && ret >= 0; k++) {
        float *slot[MIX_CHANNELS];

        for (int c = 0; c < listen->channels; c++)
            slot[c] = planes[c] + (ptrdiff_t)k * SPN_AAC_FRAME;
        ret = mix_slot(listen->mix, first + k, slot, err);
    }
    return ret;
}

static void join_tell(struct listen *listen, size_t i, double ours, double theirs)
{
    const struct spn_sound_clip *clip = &listen->heard->clips[i];
    const struct spn_composition *composition = listen->heard->composition;

    (void)json_array_append_new(
        listen->joins,
        json_pack("{s:I,s:I,s:I,s:I,s:I}", "join", (json_int_t)i, "frame",
                  (json_int_t)composition->start[i], "late_samples",
                  (json_int_t)lround((double)clip->error_num / (double)clip->error_den), "noise",
                  (json_int_t)lround(ours * 100), "track_noise", (json_int_t)lround(theirs * 100)));
}

/*
 * Is clip i encoded whole from its own track, its source being gone? Then that track is all that
 * there is to compare with, and it has no loss against itself, where one encode more has some.
 */
static int again_encoded(const struct listen *listen, size_t i)
{
    size_t asset = listen->heard->composition->clips[i].asset;

    return heard_encoded(listen->heard, asset) && !listen->heard->assets[asset].has_source;
}

/*
 * Noise around the join before clip i: what is sent, and what the assets' own encodes would have
 * there. Slots of other clips, where these are short, are left out.
 */
static int join_look(struct listen *listen, size_t i, struct spn_error *err)
{
    const struct spn_composition *composition = listen->heard->composition;
    const struct spn_sound_clip *clips = listen->heard->clips;
    int64_t join = clip_sample(composition, i), middle = clips[i].first;
    int64_t first = middle - AROUND > clips[i - 1].first ? middle - AROUND : clips[i - 1].first;
    int64_t end = middle + AROUND < clips[i].end ? middle + AROUND : clips[i].end;
    int64_t begin = first * SPN_AAC_FRAME;
    struct noise ours = { 0 }, theirs = { 0 };
    double a, b, samples;
    int count = (int)(end - first), seam = (int)(join - begin), ret;
    int total = count * SPN_AAC_FRAME;

    if (first >= middle || end <= middle || seam < MIX_FADE || seam + MIX_FADE > total)
        return SPN_OK; /* clips shorter than a packet are heard in their neighbours' joins */
    if ((ret = ideal_take(listen, first, count, listen->planes[1], err)) < 0 ||
        (ret = film_take(listen, begin, listen->planes[0], total, err)) < 0 ||
        (ret = own_take(listen, i - 1, begin, listen->planes[2], total, err)) < 0 ||
        (ret = own_take(listen, i, begin, listen->planes[3], total, err)) < 0)
        return ret;
    samples = (double)total * listen->channels;
    for (int c = 0; c < listen->channels; c++) {
        noise_add(&ours, listen->planes[1][c], listen->planes[0][c], 0, total);
        noise_add(&theirs, listen->planes[1][c], listen->planes[2][c], 0, seam - MIX_FADE / 2);
        noise_add(&theirs, listen->planes[1][c], listen->planes[3][c], seam + MIX_FADE / 2, total);
    }
    a = noise_decibels(&ours, samples);
    b = noise_decibels(&theirs, samples);
    join_tell(listen, i, a, b);
    if (again_encoded(listen, i - 1) || again_encoded(listen, i))
        return SPN_OK;
    listen->sum += a;
    listen->own_sum += b;
    listen->measured++;
    if (ours.step > CLICK * theirs.step + CLICK_MIN)
        fault_add(listen->faults, "sound.click", composition->start[i],
                  "the sound jumps by %.2f of full scale where the asset's own encode is off by "
                  "%.2f, which is heard as a click; " AGAIN,
                  ours.step, theirs.step);
    return SPN_OK;
}

/* ---- the whole ---- */

/* All of it, from the start: whatever a decoder has to say about it. */
static int decode_look(struct listen *listen, struct spn_error *err)
{
    const struct spn_composition *composition = listen->heard->composition;
    int64_t slots = spn_track_duration(listen->film->track) / SPN_AAC_FRAME;
    struct spn_error why = { 0 };
    struct said said;
    struct pcm *pcm;
    int ret;

    if ((ret = pcm_create_track(listen->film, listen->channels, 0, &pcm, err)) < 0)
        return ret;
    for (int64_t slot = 0; slot < slots; slot++) {
        int64_t frame = sample_frame(composition, slot * SPN_AAC_FRAME);

        said_begin(&said);
        ret = pcm_read(pcm, listen->planes[0], SPN_AAC_FRAME, &why);
        said_end();
        if (said.count > 0)
            fault_add(listen->faults, "sound.decode", frame,
                      "the decoder is not content (%s); " AGAIN, said.text);
        else if (ret < 0)
            fault_add(listen->faults, "sound.decode", frame, "the sound cannot be decoded; " AGAIN);
        if (ret < 0 || said.count > 0)
            break; /* what follows follows from it */
        if (beat_due(&listen->beat, BEAT_MS))
            answer_progress(frame, composition->start[composition->count], "frames");
    }
    pcm_destroy(pcm);
    return ret == SPN_ENOMEM ? spn_error_set(err, ret, "%s", why.text) : SPN_OK;
}

static int listen_open(struct listen *listen, struct spn_error *err)
{
    size_t room = ROOM;

    listen->channels = (int)spn_track_info(listen->film->track)->channels;
    listen->heard->channels = listen->channels;
    listen->joins = json_array();
    listen->block = calloc(4 * MIX_CHANNELS * room, sizeof(float));
    if (!listen->block || !listen->joins)
        return spn_error_set(err, SPN_ENOMEM, "no memory for sound");
    for (size_t k = 0; k < 4; k++)
        for (size_t c = 0; c < MIX_CHANNELS; c++)
            listen->planes[k][c] = listen->block + (k * MIX_CHANNELS + c) * room;
    return mix_create(listen->heard->composition, listen->heard->clips, listen->channels,
                      heard_samples, listen->heard, &listen->mix, err);
}

static void listen_close(struct listen *listen)
{
    mix_destroy(listen->mix);
    free(listen->block);
    json_decref(listen->joins);
}

static int listen_all(struct listen *listen, struct spn_error *err)
{
    const struct spn_composition *composition = listen->heard->composition;
    size_t before = listen->faults->count;
    int ret;

    if ((ret = decode_look(listen, err)) < 0 || listen->faults->count > before)
        return ret;
    for (size_t i = 0; i < composition->count; i++) {
        if ((ret = packets_look(listen, i, err)) < 0 || (ret = places_look(listen, i, err)) < 0 ||
            (i > 0 && (ret = join_look(listen, i, err)) < 0))
            return ret;
        if (beat_due(&listen->beat, BEAT_MS))
            answer_progress(composition->start[i], composition->start[composition->count],
                            "frames");
    }
    if (listen->measured > 0 &&
        listen->sum < listen->own_sum - VERIFY_SOUND_LESS * (double)listen->measured)
        fault_add(listen->faults, "sound.noise", composition->start[1],
                  "around joins the sound has %.1f dB over its noise, and the assets' own encodes "
                  "%.1f; " AGAIN,
                  listen->sum / (double)listen->measured,
                  listen->own_sum / (double)listen->measured);
    return SPN_OK;
}

int verify_sound(struct heard *heard, struct mapped *film, struct faults *faults, json_t **out,
                 struct spn_error *err)
{
    struct listen listen = { .heard = heard, .film = film, .faults = faults };
    double count;
    int ret;

    if ((ret = listen_open(&listen, err)) >= 0 && (ret = listen_all(&listen, err)) >= 0) {
        count = listen.measured ? (double)listen.measured : 1;
        *out = json_pack("{s:I,s:I,s:I,s:I,s:O}", "copied", (json_int_t)listen.copied, "encoded",
                         (json_int_t)listen.encoded, "noise",
                         (json_int_t)lround(listen.sum / count * 100), "track_noise",
                         (json_int_t)lround(listen.own_sum / count * 100), "joins", listen.joins);
        if (!*out)
            ret = spn_error_set(err, SPN_ENOMEM, "no memory for a report");
    }
    listen_close(&listen);
    return ret < 0 ? ret : SPN_OK;
}

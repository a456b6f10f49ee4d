/*
 * test_sound_bridge.c - the sound of a composition follows its picture, and no join is heard.
 *
 * usage: test_sound_bridge SAMPAN-MEDIA. Sound carries a code (tests/fixtures/code.h).
 */
#include <math.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aac_window.h"
#include "asset.h"
#include "audio_encoder.h"
#include "code.h"
#include "cut_assets.h"
#include "cut_run.h"
#include "group.h"
#include "mix.h"
#include "pcm.h"
#include "piece.h"
#include "process.h"
#include "sampan/track.h"

#define RATE 48000

/* Samples of a file as ffmpeg decodes it. */
struct samples {
    float *at; /* channel beside channel */
    size_t channels, count;
};

static void samples_read(const char *path, size_t channels, struct samples *out)
{
    char count[8];
    const char *argv[] = { "ffmpeg", "-nostdin", "-v",  "error", "-i", path,    "-map", "0:a:0",
                           "-ac",    count,      "-ar", "48000", "-f", "f32le", "-",    NULL };
    uint8_t *bytes;
    size_t size;

    (void)snprintf(count, sizeof(count), "%zu", channels);
    assert_int_equal(process_output(argv, 512u << 20, &bytes, &size), 0);
    out->at = (float *)(void *)bytes;
    out->channels = channels;
    out->count = size / sizeof(float) / channels;
}

/* Left channel, 0 outside. */
static double sample_at(const struct samples *samples, int64_t n)
{
    return n < 0 || n >= (int64_t)samples->count
               ? 0
               : (double)samples->at[(size_t)n * samples->channels];
}

static void rule_broken(void *opaque, const char *rule, const char *text)
{
    int *broken = opaque;

    if (strcmp(rule, "sampan.sidx.present") == 0)
        return;
    ++*broken;
    print_error("%s: %s\n", rule, text);
}

static struct row {
    const char *name, *file;
    unsigned num, den, channels;
    const char *encoder[10];
    int clips;
    int from_renditions;
    unsigned whole, surround; /* assets, as bits: encoded whole; of six channels */
} rows[] = {
    /* clang-format off */
    { "PCM at 24000/1001, a hundred joins", "a.mkv", 24000, 1001, 2, { "-c:a", "pcm_s16le" }, 101, 0, 0, 0 },
    { "PCM at 25", "b.mov", 25, 1, 2, { "-c:a", "pcm_s16le" }, 25, 0, 0, 0 },
    { "FLAC at 30000/1001", "c.mkv", 30000, 1001, 1, { "-c:a", "flac" }, 25, 0, 0, 0 },
    { "PCM at 60000/1001", "d.mkv", 60000, 1001, 2, { "-c:a", "pcm_s16le" }, 25, 0, 0, 0 },
    { "AAC of 44.1 kHz at 25", "e.mp4", 25, 1, 2, { "-c:a", "aac", "-ar", "44100", "-b:a", "256k" }, 12, 0, 0, 0 },
    { "clicks", "f.mkv", 25, 1, 2, { "-c:a", "pcm_s16le", "-af", "apulsator=mode=square:hz=4.3:offset_r=0" }, 60, 0, 0, 0 },
    { "sources are gone", "a.mkv", 24000, 1001, 2, { "-c:a", "pcm_s16le" }, 25, 1, 0, 0 },
    { "all of it encoded anew at 24000/1001, a hundred joins", "a.mkv", 24000, 1001, 2, { "-c:a", "pcm_s16le" }, 101, 0, 3, 0 },
    { "all of it encoded anew at 60000/1001", "d.mkv", 60000, 1001, 2, { "-c:a", "pcm_s16le" }, 25, 0, 3, 0 },
    { "all of it encoded anew from 44.1 kHz", "e.mp4", 25, 1, 2, { "-c:a", "aac", "-ar", "44100", "-b:a", "256k" }, 12, 0, 3, 0 },
    { "all of it encoded anew, sources are gone", "a.mkv", 24000, 1001, 2, { "-c:a", "pcm_s16le" }, 25, 1, 3, 0 },
    { "one asset is converted", "a.mkv", 24000, 1001, 2, { "-c:a", "pcm_s16le" }, 25, 0, 2, 0 },
    { "one asset is converted from 5.1", "g.mkv", 24000, 1001, 2, { "-c:a", "pcm_s16le" }, 25, 0, 2, 2 },
    { "one asset is converted from 5.1, sources are gone", "g.mkv", 24000, 1001, 2, { "-c:a", "pcm_s16le" }, 25, 1, 2, 2 },
    /* clang-format on */
};

struct made {
    struct cut_assets assets;
    struct samples source[CUT_ASSETS];
    int64_t frames;
};

/* A film that cut_assets_init() then takes as it is. */
static void surround_make(const struct row *row, const struct film *film, unsigned source,
                          unsigned frames)
{
    struct film one = *film;
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%u-%u-%u-%u-%s", dir, source, row->num,
                   film->picture.width, frames, row->file);
    one.path = path;
    one.picture.source = (uint8_t)source;
    one.frames = frames;
    one.channels = 6;
    if (access(path, F_OK) < 0)
        assert_int_equal(film_make(&one), 0);
}

static void made_init(struct made *made, const struct row *row)
{
    const char *encoder[16] = { "-c:v", "libx264", "-preset", "ultrafast" };
    struct film film = {
        .picture = { 64, 36, row->num, row->den, 0, 0, 0, 0 },
        .audio = { "zh" },
        .audio_count = 1,
        .channels = row->channels,
        .encoder = encoder,
    };
    unsigned frames[CUT_ASSETS];

    for (size_t i = 0; row->encoder[i]; i++)
        encoder[4 + i] = row->encoder[i];
    made->frames = (int64_t)12 * row->num / row->den;
    frames[0] = frames[1] = (unsigned)made->frames;
    for (unsigned i = 0; i < CUT_ASSETS; i++)
        if (row->surround >> i & 1)
            surround_make(row, &film, i + 1, frames[i]);
    cut_assets_init(&made->assets, row->file, &film, frames, NULL);
    for (unsigned i = 0; i < CUT_ASSETS; i++)
        samples_read(made->assets.films[i], 2, &made->source[i]);
}

static void made_finish(struct made *made)
{
    cut_assets_finish(&made->assets);
    for (unsigned i = 0; i < CUT_ASSETS; i++)
        free(made->source[i].at);
}

/* Clips of two thirds of a second to a second and a half, and some of one, two and three frames. */
static void clips_make(const struct row *row, int64_t frames, struct spn_clip *clips)
{
    const int64_t second = row->num / row->den;
    uint32_t random = 12345;

    for (int i = 0; i < row->clips; i++) {
        int64_t length, in;

        random = random * 1664525u + 1013904223u;
        length = second * 2 / 3 + (int64_t)(random >> 8) % (second * 5 / 6);
        if (i % 9 == 4)
            length = 1 + (i / 9) % 3;
        random = random * 1664525u + 1013904223u;
        in = (int64_t)(random >> 8) % (frames - length);
        if (i == 3)
            in = 0; /* the first frame of an asset */
        if (i == 6)
            in = frames - length; /* the last */
        clips[i] = (struct spn_clip){ (uint32_t)i % CUT_ASSETS, in, in + length };
    }
}

static int64_t frame_sample(struct spn_rate rate, int64_t frame)
{
    int64_t sample = 0;

    assert_int_equal(spn_rescale(frame, (int64_t)rate.den * RATE, rate.num, SPN_NEAREST, &sample),
                     SPN_OK);
    return sample;
}

/*
 * The sound of every clip that is long enough is where the arithmetic says, at its head and at its
 * tail: late by its own error, which is half a packet at most and does not grow. What is encoded
 * whole is late by nothing: half a sample is lost where a frame's instant is rounded in the asset,
 * and half where it is rounded on the timeline.
 */
static void places_check(const struct cut_run *run, const struct spn_sound_clip *clips,
                         const struct samples *shown)
{
    const struct spn_composition *composition = run->composition;
    int16_t part[RATE / 2];
    double first = 0, last = 0;
    size_t heard = 0;

    for (size_t i = 0; i < composition->count; i++) {
        const struct spn_clip *clip = &composition->clips[i];
        int64_t begin = frame_sample(composition->rate, composition->start[i]);
        int64_t end = frame_sample(composition->rate, composition->start[i + 1]);
        int64_t asset = frame_sample(composition->rate, clip->in);
        int64_t most = end - begin - 2 * MIX_FADE;
        double error = (double)clips[i].error_num / (double)clips[i].error_den;
        struct code_place place;
        int exact;

        exact = !!(composition->assets[clip->asset].encode & SPN_ENCODE_SOUND);
        assert_true(fabs(error) <= (exact ? 0.5 : 512));
        (i < composition->count / 2) ? (first += error) : (last += error);
        if (most < RATE / 4)
            continue;
        most = most < RATE / 2 ? most : RATE / 2;
        for (int tail = 0; tail < 2; tail++) {
            int64_t at = tail ? end - MIX_FADE - most : begin + MIX_FADE;

            for (int64_t n = 0; n < most; n++)
                part[n] = (int16_t)lrint(sample_at(shown, at + n) * 32767);
            if (code_listen(part, (size_t)most, clip->asset + 1, "zh", asset + at - begin, 1024,
                            &place) < 0)
                fail_msg("clip %zu is not heard at %s", i, tail ? "its tail" : "its head");
            /* encoded whole: where its picture is, the sample before or the one after */
            if (exact ? llabs(place.offset) > 1 : fabs((double)place.offset - error) > 2)
                fail_msg("clip %zu is %lld samples late, and should be %.1f", i,
                         (long long)place.offset, error);
        }
        heard++;
    }
    print_message(
        "%zu clips heard; mean error %.1f samples in the first half, %.1f in the second\n", heard,
        first * 2 / (double)composition->count, last * 2 / (double)composition->count);
    assert_true(heard > composition->count / 2);
}

/* No packet's window is cut off by its neighbour's. */
static void windows_check(const char *path)
{
    struct aac_window before = { 0 }, window;
    size_t fragments, counts[4] = { 0 }, broken = 0;
    struct spn_error err = { 0 };
    struct mapped mapped;
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    assert_int_equal(mapped_open(fileno(file), path, &mapped, &err), SPN_OK);
    const struct spn_fragment *all = spn_track_all(mapped.track, &fragments);
    for (size_t i = 0; i < fragments; i++)
        for (size_t k = 0; k < all[i].samples; k++) {
            struct spn_sample sample;

            assert_int_equal(mapped_sample(&mapped, i, k, &sample, &err), SPN_OK);
            assert_int_equal(aac_window_read(sample.data, sample.size, &window), SPN_OK);
            broken += i + k > 0 && !aac_window_fits(before, window, before.shape);
            counts[window.sequence]++;
            before = window;
        }
    print_message("windows: %zu long, %zu start, %zu short, %zu stop\n", counts[0], counts[1],
                  counts[2], counts[3]);
    assert_int_equal(broken, 0);
    mapped_close(&mapped);
    (void)fclose(file);
}

/* What an editor would have made of the sources' samples, on the grid. */
static void ideal_make(const struct cut_run *run, const struct spn_sound_clip *clips,
                       const struct made *made, struct samples *out)
{
    const struct spn_composition *composition = run->composition;
    size_t clip = 0;

    out->channels = 1;
    out->count = (size_t)spn_sound_slots(composition, RATE) * SPN_AAC_FRAME;
    assert_non_null(out->at = calloc(out->count, sizeof(float)));
    for (int64_t s = 0; s < (int64_t)out->count; s++) {
        double sum = 0;
        size_t nearest;

        while (clip + 1 < composition->count &&
               s >= frame_sample(composition->rate, composition->start[clip + 1]))
            clip++;
        nearest = clip > 0 ? clip - 1 : 0;
        for (size_t i = nearest; i < composition->count && i <= clip + 1; i++) {
            double in = 1, away = 1;

            if (i > 0)
                in = ((double)(s - frame_sample(composition->rate, composition->start[i])) + 0.5) /
                         MIX_FADE +
                     0.5;
            if (i + 1 < composition->count)
                away = 0.5 -
                       ((double)(s - frame_sample(composition->rate, composition->start[i + 1])) +
                        0.5) /
                           MIX_FADE;
            in = in < 0 ? 0 : in > 1 ? 1 : in;
            away = away < 0 ? 0 : away > 1 ? 1 : away;
            sum += in * away *
                   sample_at(&made->source[composition->clips[i].asset], s + clips[i].samples);
        }
        out->at[s] = (float)sum;
    }
}

/* The same samples encoded as a whole, in stereo as the renditions are. */
static void whole_encode(const struct samples *ideal, const char *path)
{
    AVChannelLayout layout = AV_CHANNEL_LAYOUT_STEREO;
    struct audio_setup setup = { .sample_rate = RATE,
                                 .format = AV_SAMPLE_FMT_FLTP,
                                 .layout = &layout,
                                 .channels = 2,
                                 .bitrate = 128000,
                                 .language = "zh",
                                 .packets = (int64_t)(ideal->count / SPN_AAC_FRAME) };
    struct audio_encoder *encoder;
    struct audio_packet packet;
    struct spn_error err = { 0 };
    struct piece piece;
    AVFrame *frame = av_frame_alloc();
    FILE *file = fopen(path, "w+");
    uint32_t number = 1;
    int64_t slots = setup.packets;

    assert_non_null(file);
    assert_int_equal(audio_encoder_create(&setup, &encoder, &err), SPN_OK);
    assert_int_equal(piece_init(&piece, fileno(file), audio_encoder_info(encoder), &err), SPN_OK);
    frame->format = AV_SAMPLE_FMT_FLTP;
    frame->sample_rate = RATE;
    frame->nb_samples = SPN_AAC_FRAME;
    frame->ch_layout = layout;
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    for (int64_t slot = 0; slot <= slots; slot++) {
        for (int c = 0; slot < slots && c < 2; c++)
            memcpy(frame->extended_data[c], ideal->at + slot * SPN_AAC_FRAME,
                   SPN_AAC_FRAME * sizeof(float));
        assert_int_equal(audio_encoder_push(encoder, slot < slots ? frame : NULL, &err), SPN_OK);
        while (audio_encoder_pull(encoder, &packet, &err) > 0) {
            struct spn_sample sample = { .data = packet.data,
                                         .size = (uint32_t)packet.size,
                                         .sync = 1 };

            assert_int_equal(piece_append(&piece, number, (uint64_t)(number - 1) * SPN_AAC_FRAME,
                                          &sample, 1, &err),
                             SPN_OK);
            number++;
        }
    }
    piece_finish(&piece);
    audio_encoder_destroy(encoder);
    av_frame_free(&frame);
    (void)fclose(file);
}

static double snr(const struct samples *ideal, const struct samples *shown, int64_t from,
                  int64_t to)
{
    double signal = 1e-9, noise = 1e-12;

    for (int64_t n = from < 0 ? 0 : from; n < to && n < (int64_t)ideal->count; n++) {
        double want = sample_at(ideal, n), difference = want - sample_at(shown, n);

        signal += want * want;
        noise += difference * difference;
    }
    return 10 * log10(signal / noise);
}

/* Around each join the loss is that of a whole encode, or less. */
static void joins_check(const struct cut_run *run, const struct samples *ideal,
                        const struct samples *shown, const struct samples *whole, double less)
{
    const struct spn_composition *composition = run->composition;
    double sum = 0, whole_sum = 0, least = 99, worst = 99, whole_least = 99;

    for (size_t i = 1; i < composition->count; i++) {
        int64_t at = frame_sample(composition->rate, composition->start[i]);
        double ours = snr(ideal, shown, at - 4 * SPN_AAC_FRAME, at + 4 * SPN_AAC_FRAME);
        double theirs = snr(ideal, whole, at - 4 * SPN_AAC_FRAME, at + 4 * SPN_AAC_FRAME);

        sum += ours;
        whole_sum += theirs;
        least = ours < least ? ours : least;
        whole_least = theirs < whole_least ? theirs : whole_least;
        worst = ours - theirs < worst ? ours - theirs : worst;
    }
    print_message("joins: %.1f dB, least %.1f; whole encode %.1f, least %.1f; worst difference "
                  "%.1f\n",
                  sum / (double)(composition->count - 1), least,
                  whole_sum / (double)(composition->count - 1), whole_least, worst);
    assert_true(sum >= whole_sum - less * (double)(composition->count - 1));
    assert_true(least >= whole_least - less);
}

static void follows(void **state)
{
    const struct row *row = *state;
    struct samples shown, whole, ideal;
    struct spn_sound_clip *sound;
    struct spn_error err = { 0 };
    struct spn_clip clips[128];
    struct cut_run run;
    struct made made;
    char path[128], other[160];
    json_t *verified;
    char *seams;
    int broken = 0;

    made_init(&made, row);
    clips_make(row, made.frames, clips);
    cut_run_init(&run, program, made.assets.list, CUT_ASSETS, clips, (size_t)row->clips);
    run.from_renditions = row->from_renditions;
    for (size_t i = 0; i < CUT_ASSETS; i++)
        if (row->whole >> i & 1)
            cut_run_encode(&run, i, SPN_ENCODE_SOUND);
    assert_int_equal(run.composition->count, row->clips);
    if (cut_run_sound(&run, 0, "film.mp4", path, &err) < 0)
        fail_msg("%s", err.text);
    seams = json_dumps(json_object_get(run.answer, "seams"), 0);
    print_message("%s: %lld packets encoded, %lld copied, seams %s\n", row->name,
                  (long long)json_integer_value(json_object_get(run.answer, "encoded")),
                  (long long)json_integer_value(json_object_get(run.answer, "copied")), seams);
    free(seams);
    assert_true(spn_track_check(path, rule_broken, &broken, &err) >= 0);
    assert_int_equal(broken, 0);
    decodes_silently(path);
    windows_check(path);
    assert_int_equal(spn_sound_clips(run.composition, RATE, &sound, &err), SPN_OK);
    samples_read(path, 2, &shown);
    assert_int_equal(shown.count, spn_sound_slots(run.composition, RATE) * SPN_AAC_FRAME);
    places_check(&run, sound, &shown);
    if (row->whole) {
        char again[128], command[300];

        assert_int_equal(cut_run_sound(&run, 0, "again.mp4", again, &err), SPN_OK);
        (void)snprintf(command, sizeof(command), "cmp -s %s %s", path, again);
        assert_int_equal(system(command), 0);
        verified = cut_run_verify(&run, 'a', path);
        assert_non_null(verified);
        cut_run_faultless(verified);
    }
    if (row->whole == (1u << CUT_ASSETS) - 1) {
        assert_int_equal(json_integer_value(json_object_get(run.answer, "copied")), 0);
        assert_int_equal(json_integer_value(json_object_get(run.answer, "encoded")),
                         spn_sound_slots(run.composition, RATE));
    }
    if (row->surround) { /* six channels are as loud as they are: there is no ideal */
        free(shown.at);
        free(sound);
        cut_run_finish(&run);
        made_finish(&made);
        return;
    }
    ideal_make(&run, sound, &made, &ideal);
    (void)snprintf(other, sizeof(other), "%s/whole.mp4", run.dir);
    whole_encode(&ideal, other);
    samples_read(other, 2, &whole);
    /* what was lossy already is encoded once more */
    joins_check(&run, &ideal, &shown, &whole, row->from_renditions ? 2 : 1);
    free(ideal.at);
    free(shown.at);
    free(whole.at);
    free(sound);
    cut_run_finish(&run);
    made_finish(&made);
}

int main(int argc, char **argv)
{
    static struct rows tests;

    av_log_set_level(AV_LOG_ERROR);
    rows_add_table(&tests, rows, follows);
    return group_run("sound bridge", &tests, argc, argv, NULL, NULL);
}

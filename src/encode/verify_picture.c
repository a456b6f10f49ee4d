/* verify_picture.c - the pictures of a cut against those of its assets. */
#include "verify.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "letterbox.h"
#include "member.h"
#include "pictures.h"
#include "protocol.h"
#include "said.h"
#include "sampan/composed.h"
#include "scaler.h"
#include "track_decoder.h"

#define BEAT_MS 500
#define AGAIN   "build the cut again"

/* An asset that is looked at; one is open at a time. */
struct seen {
    size_t asset;
    int opened;
    struct mapped track; /* of the rendition that is verified */
    struct album album;  /* its source, or its best rendition */
    int fit;             /* it is encoded whole, and its pictures get bars */
};

/* Of one stretch of bridge, or of all. */
struct quality {
    double sum, least, track_sum, track_least; /* dB */
    int64_t frames, worst;                     /* worst: of the timeline */
};

struct look {
    const json_t *assets; /* borrowed from the request */
    const struct spn_composition *composition;
    const struct spn_track_info *info;
    struct mapped *film;
    struct faults *faults;
    struct track_decoder *decoder; /* of film */
    int64_t next, lost;            /* frame that it gives next; none is shown before `lost` */
    struct said said;
    struct seen seen;
    struct scaler *scaler, *own_scaler;
    AVFrame *fitted;    /* what was shown last with bars and needed no scaling */
    uint8_t *window[3]; /* luma of the source's frames n - 1, n, n + 1 */
    struct quality all;
    struct quality held[2]; /* to the asset's own encode: those made near their cap last */
    const json_t *tight;    /* stretches that were made near their cap, by number; or NULL */
    int64_t stretch;        /* number of the one that is looked at */
    int64_t referenced, from_rendition, converted; /* frames */
    json_t *stretches;
    struct beat beat;
};

/* ---- what is shown ---- */

static int64_t fragment_end(const struct look *look, int64_t frame)
{
    const struct spn_fragment *fragment;
    int64_t ticks = frame * look->info->sample_ticks;
    size_t count;

    fragment = spn_track_fragments(look->film->track, ticks, ticks + 1, &count);
    return count ? (fragment->start + fragment->duration) / look->info->sample_ticks : frame + 1;
}

/* 1: the film's frame n, borrowed; 0: it does not show one, which was told. */
static int film_pull(struct look *look, int64_t n, const AVFrame **out, struct spn_error *err)
{
    int64_t frames = spn_track_duration(look->film->track) / look->info->sample_ticks;
    struct spn_error why = { 0 };
    int ret = SPN_OK;

    if (n < look->lost)
        return 0;
    if (!look->decoder || look->next != n) {
        track_decoder_destroy(look->decoder);
        look->decoder = NULL;
        if ((ret = track_decoder_create(look->film, n, frames, &look->decoder, err)) < 0)
            return ret;
        look->next = n;
    }
    said_begin(&look->said);
    ret = track_decoder_pull(look->decoder, out, &why);
    said_end();
    look->next++;
    if (look->said.count > 0)
        fault_add(look->faults, "picture.decode", n, "the decoder is not content (%s); " AGAIN,
                  look->said.text);
    if (ret > 0)
        return 1;
    if (ret == SPN_ENOMEM)
        return spn_error_set(err, ret, "%s", why.text);
    if (look->said.count == 0)
        fault_add(look->faults, "picture.decode", n, "the picture cannot be decoded; " AGAIN);
    track_decoder_destroy(look->decoder);
    look->decoder = NULL;
    look->lost = fragment_end(look, n);
    return 0;
}

/* ---- what should be shown ---- */

static void seen_close(struct seen *seen)
{
    mapped_close(&seen->track);
    album_close(&seen->album);
    memset(seen, 0, sizeof(*seen));
}

static int seen_open(struct look *look, size_t asset, struct spn_error *err)
{
    const json_t *json = json_array_get(look->assets, asset);
    const char *holder = "an asset of the request", *name;
    struct seen *seen = &look->seen;
    json_t *track, *picture;
    int64_t fd;
    int ret;

    if (seen->opened && seen->asset == asset)
        return SPN_OK;
    seen_close(seen);
    seen->opened = 1;
    seen->asset = asset;
    if ((ret = member_object(json, holder, "track", &track, err)) < 0 ||
        (ret = member_int(track, holder, "fd", 0, 1 << 20, &fd, err)) < 0 ||
        (ret = member_text(track, holder, "name", &name, err)) < 0 ||
        (ret = mapped_open((int)fd, name, &seen->track, err)) < 0 ||
        (ret = member_object(json, holder, "picture", &picture, err)) < 0)
        return ret;
    seen->fit = json_is_true(json_object_get(picture, "fit"));
    return album_open(&seen->album, picture, err);
}

static int planes_equal(const AVFrame *a, const AVFrame *b)
{
    if (a->width != b->width || a->height != b->height)
        return 0;
    for (int plane = 0; plane < 3; plane++) {
        int width = plane ? (a->width + 1) / 2 : a->width;
        int height = plane ? (a->height + 1) / 2 : a->height;

        for (int y = 0; y < height; y++)
            if (memcmp(a->data[plane] + (ptrdiff_t)y * a->linesize[plane],
                       b->data[plane] + (ptrdiff_t)y * b->linesize[plane], (size_t)width) != 0)
                return 0;
    }
    return 1;
}

static void told(struct look *look, int64_t frame)
{
    const struct spn_composition *composition = look->composition;

    if (beat_due(&look->beat, BEAT_MS))
        answer_progress(frame, composition->start[composition->count], "frames");
}

/* Frames of whole GOPs: the same bits as in the asset's own track. */
static int reference_look(struct look *look, const struct spn_span *span, struct spn_error *err)
{
    const struct spn_clip *clip = &look->composition->clips[span->clip];
    int64_t first = span->gop * look->composition->gop, different = -1, count = 0;
    struct track_decoder *own = NULL;
    int ret;

    if ((ret = seen_open(look, clip->asset, err)) < 0 ||
        (ret = track_decoder_create(&look->seen.track, first, first + span->frames, &own, err)) < 0)
        return ret;
    for (int64_t i = 0; i < span->frames; i++) {
        const AVFrame *shown, *wanted;
        int there;

        if ((there = film_pull(look, span->start + i, &shown, err)) < 0 ||
            (ret = track_decoder_pull(own, &wanted, err)) < 0) {
            ret = there < 0 ? there : ret;
            break;
        }
        if (there && !planes_equal(shown, wanted)) {
            different = count++ ? different : i;
        }
        look->referenced++;
        told(look, span->start + i);
    }
    if (count > 0)
        fault_add(look->faults, "picture.equal", span->start + different,
                  "%" PRId64 " of %" PRId64 " pictures that are taken from the asset as they are "
                  "are not those of its track; " AGAIN,
                  count, span->frames);
    track_decoder_destroy(own);
    return ret < 0 ? ret : SPN_OK;
}

/* ---- bridges ---- */

static double error_of(const struct look *look, const AVFrame *frame, const uint8_t *luma)
{
    const size_t width = look->info->width, height = look->info->height;
    uint64_t sum = 0;

    for (size_t y = 0; y < height; y++) {
        const uint8_t *a = frame->data[0] + (ptrdiff_t)y * frame->linesize[0];
        const uint8_t *b = luma + y * width;
        uint32_t line = 0; /* at most 16384 pixels of 65025 */

        for (size_t x = 0; x < width; x++) {
            int d = a[x] - b[x];

            line += (uint32_t)(d * d);
        }
        sum += line;
    }
    return (double)sum / (double)(width * height);
}

static double decibels(double error)
{
    double value = error > 0 ? 10 * log10(255.0 * 255.0 / error) : VERIFY_CAP;

    return value < VERIFY_CAP ? value : VERIFY_CAP;
}

/*
 * frame of the asset, whose pictures are of shape from, as the rendition has it. *out is borrowed
 * from scaler, or is frame.
 */
static int frame_fit(struct look *look, struct scaler *scaler, const AVFrame *frame,
                     struct shape from, const AVFrame **out, struct spn_error *err)
{
    struct shape to = { look->info->width, look->info->height };
    AVFrame *fitted = NULL;
    int ret = look->seen.fit ? letterbox(frame, from, to, &fitted, err) : SPN_OK;

    if (ret >= 0)
        ret = scaler_run(scaler, fitted ? fitted : frame, out, err);
    if (ret >= 0 && *out == fitted && fitted) { /* nothing was to be scaled: it is kept till next */
        av_frame_free(&look->fitted);
        look->fitted = fitted;
    } else {
        av_frame_free(&fitted);
    }
    return ret;
}

static struct shape track_shape(const struct mapped *mapped)
{
    return (struct shape){ spn_track_info(mapped->track)->width,
                           spn_track_info(mapped->track)->height };
}

/* A run of frames of one asset in a stretch of bridge, shown at `shown` on. */
struct run {
    size_t asset;
    int64_t from, to, shown;
    struct pictures *pictures; /* from one before on, to one after */
    struct track_decoder *own;
    int64_t frames;                /* of the asset */
    double error[3], own_error[3]; /* against the frame before, its own, the one after */
    int loose;              /* there is no encode of it that the bridge is to be as good as */
    int64_t other, instead; /* a frame of it that looks more like a neighbour; -1: none */
};

/* The source's frame n into the last place of the window. */
static int window_push(struct look *look, struct run *run, struct spn_error *err)
{
    const struct album *album = &look->seen.album;
    uint8_t *oldest = look->window[0];
    const AVFrame *frame, *scaled;
    struct shape from = { 0 };
    int ret;

    look->window[0] = look->window[1];
    look->window[1] = look->window[2];
    look->window[2] = oldest;
    if ((ret = pictures_pull(run->pictures, &frame, err)) <= 0)
        return ret;
    if (look->seen.fit && album->mapped.track)
        from = track_shape(&album->mapped);
    else if (look->seen.fit)
        from = (struct shape){ album->asset.plan.ladder.rungs[0].width,
                               album->asset.plan.ladder.rungs[0].height };
    if ((ret = frame_fit(look, look->scaler, frame, from, &scaled, err)) < 0)
        return ret;
    for (uint32_t y = 0; y < look->info->height; y++)
        memcpy(oldest + (size_t)y * look->info->width,
               scaled->data[0] + (ptrdiff_t)y * scaled->linesize[0], look->info->width);
    return 1;
}

static void quality_add(struct quality *quality, int64_t frame, double bridge, double track)
{
    if (quality->frames == 0 || bridge < quality->least) {
        quality->least = bridge;
        quality->worst = frame;
    }
    if (quality->frames == 0 || track < quality->track_least)
        quality->track_least = track;
    quality->frames++;
    quality->sum += bridge;
    quality->track_sum += track;
}

/* Frame n of the run; one that was not shown counts for nothing, it was told. */
static int frame_look(struct look *look, struct run *run, int64_t n, struct quality *quality,
                      struct spn_error *err)
{
    const AVFrame *shown, *own;
    double error[3], own_error[3];
    int there, ret;

    if ((there = film_pull(look, run->shown + n - run->from, &shown, err)) < 0)
        return there;
    if ((ret = track_decoder_pull(run->own, &own, err)) < 0 ||
        (look->seen.fit && (ret = frame_fit(look, look->own_scaler, own,
                                            track_shape(&look->seen.track), &own, err)) < 0))
        return ret;
    if (!there)
        return SPN_OK;
    if (shown->width != (int)look->info->width || shown->height != (int)look->info->height) {
        fault_add(look->faults, "picture.size", run->shown + n - run->from,
                  "the picture is %d x %d and not %" PRIu32 " x %" PRIu32 "; " AGAIN, shown->width,
                  shown->height, look->info->width, look->info->height);
        return SPN_OK;
    }
    for (int i = 0; i < 3; i++) {
        /* beyond the ends of the asset there is nothing to be taken for it */
        int outside = n + i - 1 < 0 || n + i - 1 >= run->frames;

        error[i] = error_of(look, shown, look->window[outside ? 1 : i]);
        own_error[i] = error_of(look, own, look->window[outside ? 1 : i]);
        run->error[i] += error[i];
        run->own_error[i] += own_error[i];
    }
    quality_add(quality, run->shown + n - run->from, decibels(error[1]), decibels(own_error[1]));
    quality_add(&look->all, run->shown + n - run->from, decibels(error[1]), decibels(own_error[1]));
    for (int i = 0; i < 3; i += 2)
        if (run->other < 0 && error[1] > VERIFY_SEEN && own_error[1] <= own_error[i] &&
            error[i] * VERIFY_MATCH_FRAME < error[1]) {
            run->other = n;
            run->instead = n + i - 1;
        }
    return SPN_OK;
}

/* All of it, else one frame of it. */
static void run_judge(struct look *look, const struct run *run)
{
    double frames = (double)(run->to - run->from);

    for (int i = 0; i < 3; i += 2) {
        if (run->error[1] <= VERIFY_SEEN * frames || run->own_error[1] > run->own_error[i] ||
            run->error[i] * VERIFY_MATCH >= run->error[1])
            continue;
        fault_add(look->faults, "bridge.frame", run->shown,
                  "the bridge is off by one: it shows frames %" PRId64 " to %" PRId64
                  " of its asset where the list has %" PRId64 " to %" PRId64 "; " AGAIN,
                  run->from + i - 1, run->to + i - 2, run->from, run->to - 1);
        return;
    }
    if (run->other >= 0)
        fault_add(look->faults, "bridge.frame", run->shown + run->other - run->from,
                  "the bridge shows frame %" PRId64 " of its asset where the list has %" PRId64
                  "; " AGAIN,
                  run->instead, run->other);
}

static int run_look(struct look *look, struct run *run, struct quality *quality,
                    struct spn_error *err)
{
    int64_t before = run->from > 0 ? run->from - 1 : 0;
    int64_t after;
    int ret;

    if ((ret = seen_open(look, run->asset, err)) < 0)
        return ret;
    run->frames = look->composition->assets[run->asset].frames;
    after = run->to < run->frames ? run->to + 1 : run->to;
    look->from_rendition += look->seen.album.mapped.track ? run->to - run->from : 0;
    look->converted += look->seen.fit ? run->to - run->from : 0;
    run->loose = look->seen.fit || look->seen.album.mapped.track;
    if ((ret = track_decoder_create(&look->seen.track, run->from, run->to, &run->own, err)) == 0 &&
        (ret = pictures_create(&look->seen.album, before, after, &run->pictures, err)) == 0) {
        for (int64_t n = before; n <= run->from && ret >= 0; n++)
            ret = window_push(look, run, err);
        for (int64_t n = run->from; n < run->to && ret >= 0; n++) {
            if ((ret = window_push(look, run, err)) >= 0 &&
                (ret = frame_look(look, run, n, quality, err)) >= 0)
                told(look, run->shown + n - run->from);
        }
    }
    if (ret >= 0)
        run_judge(look, run);
    pictures_destroy(run->pictures);
    track_decoder_destroy(run->own);
    return ret < 0 ? ret : SPN_OK;
}

static json_int_t hundredths(double value)
{
    return (json_int_t)lround(value * 100);
}

static json_t *quality_json(const struct quality *quality)
{
    double frames = quality->frames ? (double)quality->frames : 1;

    return json_pack("{s:I,s:I,s:I,s:I,s:I}", "frames", (json_int_t)quality->frames, "mean",
                     hundredths(quality->sum / frames), "least", hundredths(quality->least),
                     "track_mean", hundredths(quality->track_sum / frames), "track_least",
                     hundredths(quality->track_least));
}

/* What bridges are held to: dB below the asset's own encode. */
struct bound {
    double mean, least, stretch; /* stretch: the worst picture of one alone */
    const char *why;
};

static struct bound bound_of(const struct look *look, int tight)
{
    if (tight)
        return (struct bound){ VERIFY_TIGHT_MEAN, VERIFY_TIGHT_LEAST, VERIFY_TIGHT_LEAST,
                               ", though they were made near the cap" };
    return (struct bound){ VERIFY_MEAN,
                           look->info->codec == SPN_H264 ? VERIFY_LEAST : VERIFY_STRETCH,
                           VERIFY_STRETCH, "" };
}

static void quality_join(struct quality *sum, const struct quality *part)
{
    if (!sum->frames || part->least < sum->least) {
        sum->least = part->least;
        sum->worst = part->worst;
    }
    if (!sum->frames || part->track_least < sum->track_least)
        sum->track_least = part->track_least;
    sum->frames += part->frames;
    sum->sum += part->sum;
    sum->track_sum += part->track_sum;
}

static int is_tight(const struct look *look)
{
    const json_t *number;
    size_t i;

    json_array_foreach(look->tight, i, number)
    {
        if (json_integer_value(number) == look->stretch)
            return 1;
    }
    return 0;
}

static void stretch_judge(struct look *look, const struct spn_span *span,
                          const struct quality *quality, int loose)
{
    const int tight = is_tight(look);
    const struct bound bound = bound_of(look, tight);
    json_t *one = quality_json(quality);

    (void)json_object_set_new(
        one, "join", json_integer((json_int_t)spn_composed_join(look->composition, span->start)));
    (void)json_object_set_new(one, "frame", json_integer((json_int_t)span->start));
    (void)json_object_set_new(one, "tight", json_boolean(tight));
    (void)json_array_append_new(look->stretches, one);
    if (quality->frames == 0)
        return;
    if (!loose)
        quality_join(&look->held[tight], quality);
    if (loose && quality->least < VERIFY_FLOOR)
        fault_add(look->faults, "bridge.quality", quality->worst,
                  "the worst picture of the bridge has %.1f dB against what it was made from, and "
                  "less than %.0f is broken; " AGAIN,
                  quality->least, VERIFY_FLOOR);
    else if (!loose && quality->least < VERIFY_FINE &&
             quality->least < quality->track_least - bound.stretch)
        fault_add(look->faults, "bridge.quality", quality->worst,
                  "the worst picture of the bridge has %.1f dB, and that of the asset's own encode "
                  "of these frames %.1f%s; " AGAIN,
                  quality->least, quality->track_least, bound.why);
}

static int bridge_look(struct look *look, const struct spn_span *span, struct spn_error *err)
{
    const struct spn_composition *composition = look->composition;
    int64_t end = span->start + span->frames;
    struct quality quality = { 0 };
    int ret, loose = 0;

    for (int64_t at = span->start; at < end;) {
        struct spn_place place;
        struct run run = { .shown = at, .other = -1 };
        const struct spn_clip *clip;

        if ((ret = spn_composition_locate(composition, at, &place, err)) < 0)
            return ret;
        clip = &composition->clips[place.clip];
        run.asset = clip->asset;
        run.from = place.frame;
        run.to = clip->out - place.frame < end - at ? clip->out : place.frame + end - at;
        if ((ret = run_look(look, &run, &quality, err)) < 0)
            return ret;
        loose |= run.loose;
        at += run.to - run.from;
    }
    stretch_judge(look, span, &quality, loose);
    look->stretch++;
    return SPN_OK;
}

/* ---- the whole ---- */

static int look_open(struct look *look, const json_t *request, struct spn_error *err)
{
    size_t pixels = (size_t)look->info->width * look->info->height;
    json_t *assets;
    int ret;

    look->stretches = json_array();
    for (int i = 0; i < 3; i++)
        if (!(look->window[i] = calloc(pixels, 1)))
            return spn_error_set(err, SPN_ENOMEM, "no memory for a picture");
    look->tight = json_object_get(json_object_get(request, "rendition"), "tight");
    if ((ret = member_array(request, "the request", "assets", SPN_CLIPS_MAX, &assets, err)) < 0)
        return ret;
    look->assets = assets;
    if ((ret = scaler_create((int)look->info->width, (int)look->info->height, SCALER_VIDEO,
                             &look->own_scaler, err)) < 0)
        return ret;
    return scaler_create((int)look->info->width, (int)look->info->height, SCALER_VIDEO,
                         &look->scaler, err);
}

static void look_close(struct look *look)
{
    track_decoder_destroy(look->decoder);
    seen_close(&look->seen);
    scaler_destroy(look->scaler);
    scaler_destroy(look->own_scaler);
    av_frame_free(&look->fitted);
    for (int i = 0; i < 3; i++)
        free(look->window[i]);
    json_decref(look->stretches);
}

static void all_judge(struct look *look)
{
    for (int tight = 0; tight < 2; tight++) {
        const struct quality *held = &look->held[tight];
        const struct bound bound = bound_of(look, tight);
        double frames = (double)held->frames;

        if (held->frames > 0 && held->sum < held->track_sum - bound.mean * frames)
            fault_add(look->faults, "bridge.quality", held->worst,
                      "the pictures of all bridges have %.2f dB on average, and the assets' own "
                      "encodes of them %.2f%s; " AGAIN,
                      held->sum / frames, held->track_sum / frames, bound.why);
        if (held->frames > 0 && held->least < VERIFY_FINE &&
            held->least < held->track_least - bound.least)
            fault_add(look->faults, "bridge.quality", held->worst,
                      "the worst picture of all bridges has %.1f dB, and that of the assets' own "
                      "encodes of them %.1f%s; " AGAIN,
                      held->least, held->track_least, bound.why);
    }
}

int verify_picture(const json_t *request, const struct spn_composition *composition,
                   struct mapped *film, struct faults *faults, json_t **out, struct spn_error *err)
{
    struct look look = { .composition = composition,
                         .info = spn_track_info(film->track),
                         .film = film,
                         .faults = faults };
    struct spn_span *spans = NULL;
    size_t count = 0;
    int ret;

    if ((ret = look_open(&look, request, err)) >= 0)
        ret = spn_picture_spans(composition, &spans, &count, err);
    for (size_t i = 0; i < count && ret >= 0; i++)
        ret = spans[i].kind == SPN_REFERENCE ? reference_look(&look, &spans[i], err)
                                             : bridge_look(&look, &spans[i], err);
    if (ret >= 0) {
        all_judge(&look);
        *out = json_pack("{s:I,s:I,s:I,s:o,s:O}", "referenced", (json_int_t)look.referenced,
                         "from_rendition", (json_int_t)look.from_rendition, "converted",
                         (json_int_t)look.converted, "bridges", quality_json(&look.all),
                         "stretches", look.stretches);
        if (!*out)
            ret = spn_error_set(err, SPN_ENOMEM, "no memory for a report");
    }
    free(spans);
    look_close(&look);
    return ret < 0 ? ret : SPN_OK;
}

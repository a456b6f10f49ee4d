/* composed.c - one rendition of a composition as viewers are sent it. */
#include "sampan/composed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sampan/timecode.h"

#define AGAIN "build the cut again"

struct making {
    const struct spn_composition *composition;
    const struct spn_composed_files *files;
    struct spn_composed *out;
    spn_composed_report *report;
    void *opaque;
    struct spn_hash compat; /* of the first clip's track */
    int64_t frame_ticks;    /* of a frame; 0 in sound */
    uint8_t *judged;        /* files whose decoder was looked at: one fault each */
    size_t room;
    int faults;
    struct spn_error first; /* fault */
};

static void fault(struct making *making, const char *check, int64_t frame, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void fault(struct making *making, const char *check, int64_t frame, const char *format, ...)
{
    struct spn_error told;
    va_list args;

    va_start(args, format);
    (void)spn_error_setv(&told, SPN_EMISMATCH, format, args);
    va_end(args);
    if (making->faults++ == 0)
        making->first = told;
    if (making->report)
        making->report(making->opaque, check, frame, told.text);
}

static int64_t ticks_of(const struct making *making, int64_t units)
{
    return units * (making->frame_ticks ? making->frame_ticks : SPN_AAC_FRAME);
}

/* The frame of the timeline that is shown at ticks. */
static int64_t frame_at(const struct making *making, int64_t ticks)
{
    const struct spn_track_info *info = spn_track_info(making->out->first);
    struct spn_rate rate = making->composition->rate;
    int64_t frame = 0;

    if (making->frame_ticks)
        return ticks / making->frame_ticks;
    (void)spn_rescale(ticks, rate.num, (int64_t)rate.den * info->sample_rate, SPN_FLOOR, &frame);
    return frame;
}

static const struct spn_track *file_track(const struct spn_composed_files *files,
                                          size_t asset_count, size_t file)
{
    return file < asset_count ? files->tracks[file] : files->bridges[file - asset_count];
}

/* Is it there, and does a decoder of the rendition go on with it? */
static int file_good(struct making *making, size_t file, int64_t frame)
{
    size_t assets = making->composition->asset_count;
    const struct spn_track *track = file_track(making->files, assets, file);
    const char *what = file < assets ? "the track of its asset" : "its bridge";
    struct spn_hash compat;

    if (!making->judged[file])
        making->judged[file] = 1;
    else
        return making->judged[file] == 1;
    if (!track) {
        fault(making, file < assets ? "track.there" : "bridge.there", frame, "%s is not there; %s",
              what, AGAIN);
        making->judged[file] = 2;
    } else if (spn_compat_id(spn_track_info(track), &compat, NULL) < 0 ||
               !spn_hash_equal(&compat, &making->compat)) {
        fault(making, file < assets ? "track.decoder" : "bridge.decoder", frame,
              "%s is for another decoder configuration than the rest (other parameter sets, size, "
              "rate or sound), so what is shown after it would be broken; %s",
              what, AGAIN);
        making->judged[file] = 2;
    }
    return making->judged[file] == 1;
}

static int piece_add(struct making *making, size_t file, size_t fragment, int64_t duration,
                     struct spn_error *err)
{
    struct spn_composed *out = making->out;

    if (out->count == making->room) {
        size_t room = making->room ? 2 * making->room : 256;
        struct spn_composed_piece *pieces = realloc(out->pieces, room * sizeof(*pieces));

        if (!pieces)
            return spn_error_set(err, SPN_ENOMEM, "no memory for the fragments of a cut");
        out->pieces = pieces;
        making->room = room;
    }
    out->pieces[out->count++] = (struct spn_composed_piece){ .file = file,
                                                             .fragment = (uint32_t)fragment,
                                                             .start = out->duration };
    out->duration += duration;
    return SPN_OK;
}

/* count fragments of the asset's track from first on, units (frames or packets) together. */
static int reference_add(struct making *making, size_t asset, int64_t first, int64_t count,
                         int64_t units, struct spn_error *err)
{
    const struct spn_track *track = making->files->tracks[asset];
    int64_t end = making->out->duration + ticks_of(making, units), frame;
    const struct spn_fragment *all;
    size_t there;
    int ret;

    frame = frame_at(making, making->out->duration);
    if (!file_good(making, asset, frame)) {
        making->out->duration = end;
        return SPN_OK;
    }
    all = spn_track_all(track, &there);
    if (first < 0 || (size_t)(first + count) > there) {
        fault(making, "track.length", frame,
              "the track of its asset has %zu fragments, and number %" PRId64 " is wanted; %s",
              there, first + count, AGAIN);
        making->out->duration = end;
        return SPN_OK;
    }
    for (int64_t i = first; i < first + count; i++)
        if ((ret = piece_add(making, asset, (size_t)i, all[i].duration, err)) < 0)
            return ret;
    if (making->out->duration != end)
        fault(making, "track.length", frame,
              "fragments %" PRId64 " to %" PRId64 " of the track of its asset end at tick %" PRId64
              " and not at %" PRId64 "; %s",
              first + 1, first + count, making->out->duration, end, AGAIN);
    making->out->duration = end;
    return SPN_OK;
}

/* A stretch of bridge, units long, in count fragments of the file from *next on. */
static int bridge_add(struct making *making, size_t bridge, size_t *next, int64_t units,
                      uint32_t count, struct spn_error *err)
{
    size_t file = making->composition->asset_count + bridge, there;
    int64_t end = making->out->duration + ticks_of(making, units), frame;
    const struct spn_fragment *all;
    int ret;

    frame = frame_at(making, making->out->duration);
    if (bridge >= making->files->bridge_count) {
        fault(making, "bridge.there", frame, "its bridge is not there; %s", AGAIN);
        making->out->duration = end;
        return SPN_OK;
    }
    if (!file_good(making, file, frame)) {
        making->out->duration = end;
        return SPN_OK;
    }
    all = spn_track_all(making->files->bridges[bridge], &there);
    for (uint32_t i = 0; i < count; i++, ++*next) {
        int64_t first, length;

        spn_bridge_fragment(units, count, i, &first, &length);
        if (*next >= there || all[*next].duration != ticks_of(making, length) ||
            all[*next].samples != length) {
            fault(making, "bridge.length", frame + first,
                  "fragment %zu of its bridge is not the %" PRId64 " %s that the cut needs; %s",
                  *next + 1, length, making->frame_ticks ? "frames" : "packets", AGAIN);
            making->out->duration = end;
            *next += count - i;
            return SPN_OK;
        }
        if ((ret = piece_add(making, file, *next, all[*next].duration, err)) < 0)
            return ret;
    }
    making->out->duration = end;
    return SPN_OK;
}

/* Nothing is in a bridge that is not sent. */
static void bridge_end(struct making *making, size_t bridge, size_t next)
{
    int64_t end = frame_at(making, making->out->duration);
    size_t there;

    if (bridge >= making->files->bridge_count || !making->files->bridges[bridge] ||
        making->judged[making->composition->asset_count + bridge] == 2)
        return;
    (void)spn_track_all(making->files->bridges[bridge], &there);
    if (there > next)
        fault(making, "bridge.length",
              end > 0 ? end - 1 : 0, /* sound may be of less than a frame */
              "its bridge has %zu fragments, and the cut needs %zu; %s", there, next, AGAIN);
}

static int picture_make(struct making *making, struct spn_error *err)
{
    const struct spn_composition *composition = making->composition;
    struct spn_span *spans;
    size_t count, stretch = 0;
    int ret = spn_picture_spans(composition, &spans, &count, err);

    for (size_t i = 0; i < count && ret >= 0; i++) {
        const struct spn_span *span = &spans[i];
        size_t next = 0;

        if (span->kind == SPN_REFERENCE) {
            ret = reference_add(making, composition->clips[span->clip].asset, span->gop, span->gops,
                                span->frames, err);
            continue;
        }
        ret = bridge_add(making, stretch, &next, span->frames, span->fragments, err);
        bridge_end(making, stretch++, next);
    }
    free(spans);
    return ret;
}

static int sound_make(struct making *making, uint32_t sample_rate, struct spn_error *err)
{
    const struct spn_composition *composition = making->composition;
    struct spn_sound_clip *clips = NULL;
    struct spn_sound_span *spans = NULL;
    size_t count = 0, next = 0;
    int ret;

    if ((ret = spn_sound_clips(composition, sample_rate, &clips, err)) >= 0)
        ret = spn_sound_spans(composition, sample_rate, clips, &spans, &count, err);
    for (size_t i = 0; i < count && ret >= 0; i++) {
        const struct spn_sound_span *span = &spans[i];

        ret = span->kind == SPN_REFERENCE
                  ? reference_add(making, composition->clips[span->clip].asset, span->fragment,
                                  span->fragments, span->slots, err)
                  : bridge_add(making, 0, &next, span->slots, (uint32_t)span->fragments, err);
    }
    if (ret >= 0)
        bridge_end(making, 0, next);
    free(clips);
    free(spans);
    return ret;
}

/* Every frame of the list, and sound as long as that to half a packet. */
static void whole_check(struct making *making)
{
    const struct spn_composition *composition = making->composition;
    const struct spn_track_info *info = spn_track_info(making->out->first);
    int64_t frames = composition->start[composition->count];
    int64_t units = making->frame_ticks ? frames : spn_sound_slots(composition, info->sample_rate);

    if (making->out->duration != ticks_of(making, units))
        fault(making, "timeline.length", frames - 1,
              "it all lasts %" PRId64 " ticks, and the list %" PRId64 "; %s", making->out->duration,
              ticks_of(making, units), AGAIN);
}

/*
 * The track of the first clip that is referenced, which header and decoder are of; where all is
 * encoded, as of exact sound, the first bridge.
 */
static const struct spn_track *first_find(const struct spn_composition *composition,
                                          const struct spn_composed_files *files)
{
    for (size_t i = 0; i < composition->count; i++)
        if (!composition->assets[composition->clips[i].asset].encode)
            return files->tracks[composition->clips[i].asset];
    return files->bridge_count ? files->bridges[0] : NULL;
}

int spn_composed_make(const struct spn_composition *composition,
                      const struct spn_composed_files *files, spn_composed_report *report,
                      void *opaque, struct spn_composed *out, struct spn_error *err)
{
    struct making making = {
        .composition = composition, .files = files, .out = out, .report = report, .opaque = opaque
    };
    const struct spn_track_info *info;
    int ret;

    memset(out, 0, sizeof(*out));
    out->asset_count = composition->asset_count;
    out->first = first_find(composition, files);
    if (!out->first) {
        if (report)
            report(opaque, "track.there", 0, "the track of its asset is not there; " AGAIN);
        return spn_error_set(err, SPN_EMISMATCH, "the track of its asset is not there; " AGAIN);
    }
    info = spn_track_info(out->first);
    if ((ret = spn_compat_id(info, &making.compat, err)) < 0)
        return ret;
    making.frame_ticks = info->media == SPN_VIDEO ? info->sample_ticks : 0;
    if (info->media == SPN_VIDEO && !spn_rate_equal(info->rate, composition->rate)) {
        fault(&making, "track.rate", 0,
              "its track has %" PRIu32 "/%" PRIu32 " frames a second, and the cut %" PRIu32
              "/%" PRIu32 "; clips of another rate have to be converted first",
              info->rate.num, info->rate.den, composition->rate.num, composition->rate.den);
    } else {
        making.judged = calloc(composition->asset_count + files->bridge_count + 1, 1);
        ret = !making.judged
                  ? spn_error_set(err, SPN_ENOMEM, "no memory for the fragments of a cut")
              : making.frame_ticks ? picture_make(&making, err)
                                   : sound_make(&making, info->sample_rate, err);
        if (ret >= 0)
            whole_check(&making);
        free(making.judged);
    }
    if (ret >= 0 && making.faults == 0)
        return SPN_OK;
    spn_composed_free(out);
    return ret < 0 ? ret : spn_error_set(err, SPN_EMISMATCH, "%s", making.first.text);
}

void spn_composed_free(struct spn_composed *composed)
{
    free(composed->pieces);
    composed->pieces = NULL;
    composed->count = 0;
}

const struct spn_fragment *spn_composed_fragment(const struct spn_composed_files *files,
                                                 const struct spn_composed *composed,
                                                 const struct spn_composed_piece *piece,
                                                 const struct spn_track **track)
{
    size_t count;

    *track = file_track(files, composed->asset_count, piece->file);
    return &spn_track_all(*track, &count)[piece->fragment];
}

int spn_composed_write(const struct spn_composed_files *files, const struct spn_composed *composed,
                       spn_track_write *write, void *opaque, struct spn_error *err)
{
    const struct spn_track_info *info = spn_track_info(composed->first);
    uint8_t prefix[SPN_PREFIX_SIZE];
    const uint8_t *header;
    size_t size;
    int ret;

    header = spn_track_header(composed->first, &size);
    if ((ret = write(opaque, header, 0, 0, size, err)) < 0)
        return ret;
    for (size_t i = 0; i < composed->count; i++) {
        const struct spn_composed_piece *piece = &composed->pieces[i];
        const struct spn_fragment *fragment;
        const struct spn_track *track;

        fragment = spn_composed_fragment(files, composed, piece, &track);
        spn_prefix_write(info, fragment->moof_size, (uint32_t)(i + 1), (uint64_t)piece->start,
                         prefix);
        if ((ret = write(opaque, prefix, 0, 0, SPN_PREFIX_SIZE, err)) < 0 ||
            (ret = write(opaque, NULL, piece->file, fragment->offset + SPN_PREFIX_SIZE,
                         fragment->size - SPN_PREFIX_SIZE, err)) < 0)
            return ret;
    }
    return SPN_OK;
}

size_t spn_composed_join(const struct spn_composition *composition, int64_t frame)
{
    size_t clip = 0;

    if (composition->count < 2)
        return 0;
    while (clip + 1 < composition->count && composition->start[clip + 1] <= frame)
        clip++;
    if (clip == 0)
        return 1;
    if (clip + 1 == composition->count)
        return clip;
    return frame - composition->start[clip] <= composition->start[clip + 1] - frame ? clip
                                                                                    : clip + 1;
}

void spn_composed_place(const struct spn_composition *composition, int64_t frame, int drop,
                        char out[SPN_COMPOSED_PLACE_MAX])
{
    size_t join = spn_composed_join(composition, frame);
    struct spn_timecode_rate counting;
    char at[SPN_TIMECODE_MAX];

    if (frame >= 0 && spn_timecode_rate(composition->rate, drop, &counting, NULL) >= 0)
        spn_timecode_format(frame, counting, at);
    else
        (void)snprintf(at, sizeof(at), "frame %" PRId64, frame);
    if (join > 0)
        (void)snprintf(out, SPN_COMPOSED_PLACE_MAX, "join %zu at %s", join, at);
    else
        (void)snprintf(out, SPN_COMPOSED_PLACE_MAX, "%s", at);
}

void spn_composed_sentence(const struct spn_composition *composition, const char *rendition,
                           int64_t frame, int drop, const char *text, struct spn_error *out)
{
    char place[SPN_COMPOSED_PLACE_MAX];

    spn_composed_place(composition, frame, drop, place);
    (void)spn_error_set(out, SPN_EMISMATCH, "%s, %s: %s", rendition, place, text);
}

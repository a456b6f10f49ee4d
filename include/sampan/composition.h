/*
 * sampan/composition.h - clips of many assets on one timeline, and what must be made at the joins.
 *
 * A composition is an ordered list of clips, each a half-open range [in, out) of frames of one
 * asset, all at one edit rate. Whole GOPs of the clips are referenced where they lie in the assets'
 * track files; what is left at the ends of clips is a stretch of bridge: frames that are encoded
 * anew. Sound follows the picture on one grid of AAC packets, the same for every language.
 *
 * Everything here is a pure function of its arguments: no files, no clock, any thread.
 */
#ifndef SAMPAN_COMPOSITION_H
#define SAMPAN_COMPOSITION_H

#include <stddef.h>
#include <stdint.h>

#include "sampan/error.h"
#include "sampan/id.h"
#include "sampan/time.h"

#define SPN_CLIPS_MAX 100000 /* events of a list; a film of 5,000 is large */
#define SPN_FRAMES_MAX                                                                             \
    ((int64_t)60 * 86400) /* frames of an asset or a composition: a day at 60                      \
                           */

struct spn_clip {
    uint32_t asset;  /* index into the composition's assets */
    int64_t in, out; /* frames of the asset, 0 <= in < out <= its frames */
};

/*
 * What the timeline needs to know of an asset. Where its picture or its sound is decoded otherwise
 * than the composition's (another compat_id), nothing of it may be referenced: it is encoded whole,
 * all of it is bridge. That is of one rendition and no part of the edit: whoever puts a rendition
 * together sets it in a copy.
 */
#define SPN_ENCODE_PICTURE 1u
#define SPN_ENCODE_SOUND   2u
struct spn_clip_asset {
    struct spn_hash name;
    struct spn_rate rate;
    int64_t frames;
    unsigned encode; /* of the above */
};

/*
 * A composition, made by spn_composition_make(). Never changes; any number of threads may read it.
 * start[i] is the frame of the timeline that clip i begins at, start[count] the length of it all.
 */
struct spn_composition {
    struct spn_rate rate;
    uint32_t gop; /* G of the rate */
    const struct spn_clip_asset *assets;
    const struct spn_clip *clips;
    const int64_t *start;
    size_t asset_count, count;
};

/*
 * Check the list and put it on a timeline. Clips that continue each other (the same asset, out ==
 * next in) are joined to one: the same cut is the same edit however it was written. Every fault is
 * told to report (which may be NULL) with the clip's index in the list; the first is in *err.
 * SPN_EMISMATCH: an asset of another rate. SPN_ERANGE: a range outside of its asset, or empty.
 * SPN_ELIMIT: too many clips or frames. SPN_EINVAL: no clips. *out is copied from the arguments,
 * goes to spn_composition_free().
 */
typedef void spn_clip_report(void *opaque, size_t clip, int code, const char *text);
int spn_composition_make(struct spn_rate rate, const struct spn_clip_asset *assets,
                         size_t asset_count, const struct spn_clip *clips, size_t count,
                         spn_clip_report *report, void *opaque, struct spn_composition **out,
                         struct spn_error *err);
void spn_composition_free(struct spn_composition *composition); /* NULL is allowed */

/* SHA-256 over the edit rate and, in order, (asset name, in, out): DESIGN "Names". */
void spn_edit_name(const struct spn_composition *composition, struct spn_hash *out);

struct spn_place {
    size_t clip;
    int64_t frame; /* of the clip's asset */
};

/* Where a frame of the timeline comes from. SPN_ERANGE: before 0 or at the end and after. */
int spn_composition_locate(const struct spn_composition *composition, int64_t frame,
                           struct spn_place *out, struct spn_error *err);

/* ---- picture ---- */

enum spn_span_kind { SPN_REFERENCE = 1, SPN_BRIDGE = 2 };

#define SPN_BRIDGE_FRAGMENTS 20 /* of picture, in a span of bridge at most: as much as a chunk */

/*
 * A part of the timeline. A reference is gops whole GOPs of one asset from gop on (the last GOP of
 * an asset may be short). A bridge is frames to encode: those of the timeline in [start, start +
 * frames), which spn_composition_locate() finds, in `fragments` fragments of lengths that differ by
 * one frame at most (spn_bridge_fragment). What is longer than SPN_BRIDGE_FRAGMENTS GOPs, as where
 * a clip is encoded whole, is several spans, again as even as can be: each can be encoded alone.
 */
struct spn_span {
    enum spn_span_kind kind;
    int64_t start, frames; /* of the timeline */
    size_t clip;           /* the clip it lies in, of a bridge: the first */
    int64_t gop, gops;     /* of the asset, for a reference */
    uint32_t fragments;    /* of the track */
};

/*
 * All spans in order; they cover the timeline without gap. *out is allocated, *count its length;
 * free() it. SPN_ENOMEM.
 */
int spn_picture_spans(const struct spn_composition *composition, struct spn_span **out,
                      size_t *count, struct spn_error *err);

/* Fragment index of a bridge of frames frames in fragments parts: first frame in the bridge,
 * length. */
void spn_bridge_fragment(int64_t frames, uint32_t fragments, uint32_t index, int64_t *first,
                         int64_t *length);

/* ---- sound ---- */

/*
 * The sound of a clip is its asset's packets, shifted by whole packets: slot p of the timeline
 * takes packet p + shift of the asset. shift is chosen for each clip alone against exact time, so
 * the error is at most half a packet and does not add up. A clip that is encoded whole lies where
 * its picture is, to the nearest sample; where all assets are, the sound of it all is exact.
 */
struct spn_sound_clip {
    int64_t first;     /* first slot that belongs to the clip, of the timeline */
    int64_t end;       /* one after its last; first of the next clip */
    int64_t shift;     /* packets */
    int64_t samples;   /* what is encoded anew is shifted by: shift packets, or exactly */
    int64_t error_num; /* the sound is this / error_den samples late (negative: early) against */
    int64_t error_den; /* the picture; |error| <= 512 samples, encoded whole 1/2 */
};

/* Slots of the whole timeline: the packet nearest its end. */
int64_t spn_sound_slots(const struct spn_composition *composition, uint32_t sample_rate);

/* One for each clip, allocated, free() it. A clip shorter than a packet may have no slot (first ==
 * end). */
int spn_sound_clips(const struct spn_composition *composition, uint32_t sample_rate,
                    struct spn_sound_clip **out, struct spn_error *err);
/*
 * What a fragment of a composition's sound is made of. A reference is fragments whole fragments of
 * the asset's track from fragment on. A bridge is slots that are put together anew: copies of
 * packets, and around each join SPN_SOUND_BRIDGE slots that are encoded from PCM on the timeline's
 * grid.
 */
#define SPN_SOUND_BRIDGE 6 /* packets encoded at a join: three before its slot, three after */
#define SPN_SOUND_WARMUP 3 /* packets encoded before them and thrown away */

struct spn_sound_span {
    enum spn_span_kind kind;
    int64_t first, slots;        /* of the timeline */
    size_t clip;                 /* of a bridge: the clip that first lies in */
    int64_t fragment, fragments; /* of the asset, for a reference; of the span for a bridge */
};

/*
 * All spans of sound in order; an asset's track has spn_audio_frame_at(its frames) packets. *out is
 * allocated; free() it. clips are those of spn_sound_clips() for the same sample rate.
 */
int spn_sound_spans(const struct spn_composition *composition, uint32_t sample_rate,
                    const struct spn_sound_clip *clips, struct spn_sound_span **out, size_t *count,
                    struct spn_error *err);

/* Slots [from, to) of clip i whose packets may be copied; the others of the clip are encoded. */
void spn_sound_copied(const struct spn_composition *composition, uint32_t sample_rate,
                      const struct spn_sound_clip *clips, size_t i, int64_t *from, int64_t *to);

/* ---- text ---- */

/* What a cut did to a cue. */
enum spn_cue_damage { SPN_CUE_WHOLE = 0, SPN_CUE_HEAD_CUT = 1, SPN_CUE_TAIL_CUT = 2 };

struct spn_cut_cue {
    size_t clip;              /* the clip it is shown in; after joining across a seam, the first */
    size_t cue;               /* index into the cues of that clip's asset */
    int64_t start_ms, end_ms; /* of the timeline, rounded to the nearest from exact time */
    unsigned damage;          /* of enum spn_cue_damage */
};

struct spn_source_cue {
    int64_t start_ms, end_ms; /* of the asset */
    const char *settings, *text;
};

/*
 * Cues of one language through the cut. cues[a] are the cues of asset a in order of start,
 * counts[a] how many. A cue is shown in every clip it overlaps, cut to it, at its exact new time;
 * parts that meet across a seam with the same text and settings are one again. *out is allocated;
 * free() it.
 */
int spn_text_cut(const struct spn_composition *composition,
                 const struct spn_source_cue *const cues[], const size_t counts[],
                 struct spn_cut_cue **out, size_t *count, struct spn_error *err);

#endif

/*
 * sound.h - one audio stream of a source, from frame 0 of the picture to its end.
 *
 * Samples are counted at the source's rate from the instant of frame 0: what lies before is cut,
 * what is missing (a late start, a hole, damage) is silence, what overlaps is cut. A timestamp is
 * believed when it is more than SOUND_TOLERANCE_MS away from the count. Exactly sound_samples()
 * samples come out.
 */
#ifndef SAMPAN_SOURCE_SOUND_H
#define SAMPAN_SOURCE_SOUND_H

#include <libavutil/frame.h>

#include "conform.h"

#define SOUND_TOLERANCE_MS 10

struct sound;

struct sound_format {
    int sample_rate; /* as decoded (HE-AAC is twice what some containers say) */
    enum AVSampleFormat format;
    AVChannelLayout layout; /* of the first frame; later ones are brought to it */
};

/* stream is an audio stream of the index. SPN_EFORMAT: nothing of it can be decoded. */
int sound_create(const struct source *source, const struct index *index,
                 const struct conform *conform, int stream, struct sound **out,
                 struct spn_error *err);
void sound_destroy(struct sound *sound); /* NULL is allowed */

/*
 * Before the first pull: begin with sample from. The file is entered in the middle where
 * packets say how many samples they hold, SOUND_ENTER packets early, so that overlapping windows
 * and bit reservoirs are filled; elsewhere it is decoded from its start. 1: it was entered, 0: it
 * is decoded from the start. Samples are those of a decode of the whole, to the bit, but for what a
 * codec invents (noise substitution of AAC, dither of AC-3) and behind damage.
 */
#define SOUND_ENTER 16
int sound_enter(struct sound *sound, int64_t from, struct spn_error *err);

const struct sound_format *sound_format(const struct sound *sound); /* borrowed */
int64_t sound_samples(const struct sound *sound); /* in all: the picture's duration, rounded up */

/*
 * The next frame, borrowed until the next pull: 1, or 0 at the end. Its pts is its first sample;
 * frames follow each other without a gap.
 */
int sound_pull(struct sound *sound, const AVFrame **frame, struct spn_error *err);

struct sound_counts {
    int64_t cut_before;    /* samples before frame 0 that were cut */
    int64_t silence_start; /* samples of silence before the first sound */
    int64_t silence_middle, silence_end;
    int64_t overlap; /* samples cut because two packets overlap */
    int64_t holes;   /* how many */
    int64_t damaged; /* packets that could not be decoded */
};
struct sound_counts sound_counts(const struct sound *sound);

#endif

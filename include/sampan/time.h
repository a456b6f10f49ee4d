/*
 * sampan/time.h - exact time: frames at a rational rate, ticks of a timescale.
 *
 * There are no floating-point seconds on Sampan's path. Ranges are half-open, [in, out). All
 * functions are pure; those that multiply use 128 bits inside and return SPN_ERANGE where the
 * result does not fit.
 */
#ifndef SAMPAN_TIME_H
#define SAMPAN_TIME_H

#include <stdint.h>

struct spn_error;

/* Frames per second, num / den, both positive and in lowest terms: 24000/1001, 25/1. */
struct spn_rate {
    uint32_t num;
    uint32_t den;
};

#define SPN_RATE_MAX 60 /* frames per second; what is faster is conformed */

enum spn_rounding { SPN_FLOOR, SPN_NEAREST, SPN_CEIL }; /* NEAREST: halves go up */

/* value * num / den rounded as asked; num >= 0, den > 0. SPN_ERANGE: does not fit into *out. */
int spn_rescale(int64_t value, int64_t num, int64_t den, enum spn_rounding rounding, int64_t *out);

/* Lowest terms; 0/0 for a rate with a zero in it. */
struct spn_rate spn_rate_reduce(uint64_t num, uint64_t den);
int spn_rate_equal(struct spn_rate a, struct spn_rate b);

/*
 * The rate that a rounded one means: num / den within 1 in 2000 of 24000/1001, 24, 25, 30000/1001,
 * 30, 48000/1001, 48, 50, 60000/1001 or 60, or a whole number up to SPN_RATE_MAX. 0/0: none.
 */
struct spn_rate spn_rate_snap(uint32_t num, uint32_t den);

/* "25", "24000/1001", or a decimal that snaps: "23.976". At most SPN_RATE_MAX. SPN_EINVAL. */
int spn_rate_parse(const char *text, struct spn_rate *out, struct spn_error *err);

/* G, frames in a GOP: twice the rate, rounded up (48 at 24000/1001, 50 at 25, 60 at 30000/1001). */
uint32_t spn_rate_gop(struct spn_rate rate);

/* A chunk is this many GOPs; the last of an asset takes what is left. */
#define SPN_CHUNK_GOPS 20

/* The timescale in which one frame is rate.den ticks: rate.num. */
static inline uint32_t spn_rate_timescale(struct spn_rate rate)
{
    return rate.num;
}

/* The AAC frame (1024 samples at sample_rate) that begins nearest to the start of a video frame. */
int64_t spn_audio_frame_at(int64_t frame, struct spn_rate rate, uint32_t sample_rate);

#define SPN_AAC_FRAME 1024 /* samples in one AAC-LC packet */

#endif

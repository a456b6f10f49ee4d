/*
 * resampler.h - sound of any kind to planar floats at 48 kHz, stereo or 5.1: what AAC is made of.
 */
#ifndef ENCODE_RESAMPLER_H
#define ENCODE_RESAMPLER_H

#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>

#include "sampan/error.h"

#define RESAMPLER_TAPS 32 /* of the filter, at the lower of the two rates */

/* format is an enum AVSampleFormat; *out goes to swr_free(). SPN_EUNSUPPORTED, SPN_ENOMEM. */
int resampler_create(int sample_rate, int format, const AVChannelLayout *layout, int channels,
                     SwrContext **out, struct spn_error *err);

#endif

/* resampler.c - libswresample with its settings pinned. */
#include "resampler.h"

#include <libavutil/opt.h>

#include "plan.h"

/*
 * Downmixing is libswresample's: centre and surrounds at -3 dB, LFE left out, normalised so that
 * nothing clips. Between equal layouts samples pass as they are.
 */
int resampler_create(int sample_rate, int format, const AVChannelLayout *layout, int channels,
                     SwrContext **out, struct spn_error *err)
{
    AVChannelLayout from = { 0 }, to;
    int ret;

    *out = NULL;
    av_channel_layout_default(&to, channels);
    /* "6 channels" without names are taken to be 5.1 and so on. */
    if (layout->order == AV_CHANNEL_ORDER_UNSPEC)
        av_channel_layout_default(&from, layout->nb_channels);
    else if (av_channel_layout_copy(&from, layout) < 0)
        return spn_error_set(err, SPN_ENOMEM, "no memory for a resampler");
    ret = swr_alloc_set_opts2(out, &to, AV_SAMPLE_FMT_FLTP, AUDIO_SAMPLE_RATE, &from,
                              (enum AVSampleFormat)format, sample_rate, 0, NULL);
    if (ret >= 0)
        ret = av_opt_set_int(*out, "dither_method", SWR_DITHER_NONE, 0);
    if (ret >= 0)
        ret = av_opt_set_int(*out, "filter_size", RESAMPLER_TAPS, 0);
    if (ret >= 0)
        ret = swr_init(*out);
    if (ret < 0) {
        char name[64] = "";

        (void)av_channel_layout_describe(&from, name, sizeof(name));
        (void)spn_error_set(err, SPN_EUNSUPPORTED,
                            "sound of %d Hz in %s cannot be made into %d channels", sample_rate,
                            name, channels);
        swr_free(out);
        ret = SPN_EUNSUPPORTED;
    }
    av_channel_layout_uninit(&from);
    return ret < 0 ? ret : SPN_OK;
}

/* pictures.c - the pictures of a range of one asset. */
#include "pictures.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../source/decoder.h"
#include "filter.h"
#include "member.h"
#include "track_decoder.h"

int album_open(struct album *album, const json_t *json, struct spn_error *err)
{
    const json_t *track = json_object_get(json, "track");
    const char *holder = "\"track\" of an asset", *name;
    int64_t fd;
    int ret;

    album->opened = 1;
    if (!track)
        return asset_open(&album->asset, json, err);
    if ((ret = member_int(track, holder, "fd", 0, 1 << 20, &fd, err)) < 0 ||
        (ret = member_text(track, holder, "name", &name, err)) < 0)
        return ret;
    return mapped_open((int)fd, name, &album->mapped, err);
}

void album_close(struct album *album)
{
    asset_close(&album->asset);
    mapped_close(&album->mapped);
    memset(album, 0, sizeof(*album));
}

int64_t album_frames(const struct album *album)
{
    const struct spn_track *track = album->mapped.track;

    return track ? spn_track_duration(track) / spn_track_info(track)->sample_ticks
                 : album->asset.conform.frames;
}

struct pictures {
    int64_t next, to; /* frames */
    struct track_decoder *track;
    struct decoder *decoder;
    struct filter *filter;
    int ended; /* the filter was told so */
};

static int source_begin(struct pictures *pictures, const struct asset *asset, struct spn_error *err)
{
    const struct conform *conform = &asset->conform;
    int step = conform->fields ? 2 : 1;
    struct filter_setup setup = { 0 };
    struct decoder_range range;
    int ret;

    if ((ret = asset_filter(asset, &setup, err)) < 0 ||
        (ret = filter_create(&setup, &pictures->filter, err)) < 0)
        return ret;
    range = (struct decoder_range){
        .from = pictures->next / step * step,
        .to = (pictures->to + step - 1) / step * step,
        .before = filter_history(&setup) * step,
        .after = filter_history(&setup) * step,
    };
    return decoder_create(asset->source, asset->index, conform, range, &pictures->decoder, err);
}

int pictures_create(struct album *album, int64_t from, int64_t to, struct pictures **out,
                    struct spn_error *err)
{
    struct pictures *pictures = calloc(1, sizeof(*pictures));
    int ret;

    *out = NULL;
    if (!pictures)
        return spn_error_set(err, SPN_ENOMEM, "no memory for pictures");
    pictures->next = from;
    pictures->to = to;
    if (album->mapped.track)
        ret = track_decoder_create(&album->mapped, from, to, &pictures->track, err);
    else if (from < 0 || from >= to || to > album->asset.conform.frames)
        ret = spn_error_set(
            err, SPN_ERANGE, "frames %" PRId64 " to %" PRId64 " of %s are outside of its %" PRId64,
            from, to, source_name(album->asset.source), album->asset.conform.frames);
    else
        ret = source_begin(pictures, &album->asset, err);
    if (ret < 0) {
        pictures_destroy(pictures);
        return ret;
    }
    *out = pictures;
    return SPN_OK;
}

void pictures_destroy(struct pictures *pictures)
{
    if (!pictures)
        return;
    track_decoder_destroy(pictures->track);
    decoder_destroy(pictures->decoder);
    filter_destroy(pictures->filter);
    free(pictures);
}

static int filtered_pull(struct pictures *pictures, const AVFrame **out, struct spn_error *err)
{
    struct decoder_frame decoded;
    int ret;

    for (;;) {
        if ((ret = filter_pull(pictures->filter, out, err)) < 0)
            return ret;
        if (ret > 0 && (*out)->pts < pictures->next)
            continue;
        if (ret > 0 && (*out)->pts == pictures->next)
            return 1;
        if (ret > 0 || pictures->ended)
            return spn_error_set(err, SPN_EIO, "frame %" PRId64 " did not come", pictures->next);
        if ((ret = decoder_pull(pictures->decoder, &decoded, err)) < 0)
            return ret;
        pictures->ended = ret == 0;
        if ((ret = filter_push(pictures->filter, ret > 0 ? decoded.frame : NULL, err)) < 0)
            return ret;
    }
}

int pictures_pull(struct pictures *pictures, const AVFrame **out, struct spn_error *err)
{
    int ret;

    if (pictures->next == pictures->to)
        return 0;
    ret = pictures->track ? track_decoder_pull(pictures->track, out, err)
                          : filtered_pull(pictures, out, err);
    pictures->next += ret > 0;
    return ret;
}

int64_t pictures_decoded(const struct pictures *pictures)
{
    return pictures->decoder ? decoder_counts(pictures->decoder).decoded : 0;
}

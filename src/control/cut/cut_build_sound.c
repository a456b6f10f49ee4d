/* cut_build_sound.c - what a cut's sound needs that is not there yet. */
#include <stdlib.h>

#include "cut_building.h"
#include "cut_join.h"
#include "cut_stretch.h"
#include "json.h"
#include "work/plan.h"

#define SOUND_MEMORY_MB 200

static int sound_needed(const struct spn_composition *seen, uint32_t sample_rate,
                        int64_t *fragments, int64_t *slots, struct spn_error *err)
{
    struct spn_sound_clip *clips = NULL;
    struct spn_sound_span *spans = NULL;
    size_t count = 0;
    int ret;

    *fragments = *slots = 0;
    if ((ret = spn_sound_clips(seen, sample_rate, &clips, err)) >= 0)
        ret = spn_sound_spans(seen, sample_rate, clips, &spans, &count, err);
    for (size_t i = 0; i < count && ret >= 0; i++)
        if (spans[i].kind == SPN_BRIDGE) {
            *fragments += spans[i].fragments;
            *slots += spans[i].slots;
        }
    free(clips);
    free(spans);
    return ret;
}

static json_t *sound_assets(const struct build *build, const struct match_rendition *rendition)
{
    json_t *assets = json_array();

    for (size_t i = 0; i < build->match->asset_count; i++) {
        const struct match_track *track = &rendition->tracks[i];

        json_t *asset = json_pack("{sssIsssI}", "asset", build->cut->assets[i].hash, "frames",
                                  (json_int_t)build->cut->assets[i].frames, "track", track->name,
                                  "audio", (json_int_t)track->place);

        if (track->encode)
            (void)json_object_set_new(asset, "encode", json_true());
        (void)json_array_append_new(assets, asset);
    }
    return assets;
}

static json_t *sound_clips(const struct build *build)
{
    json_t *clips = json_array();

    for (size_t i = 0; i < build->cut->composition->count; i++) {
        const struct spn_clip *clip = &build->cut->composition->clips[i];

        (void)json_array_append_new(clips,
                                    json_pack("{sIsIsI}", "asset", (json_int_t)clip->asset, "in",
                                              (json_int_t)clip->in, "out", (json_int_t)clip->out));
    }
    return clips;
}

static int sound_encodes(const struct build *build, const struct match_rendition *rendition)
{
    for (size_t i = 0; i < build->match->asset_count; i++)
        if (rendition->tracks[i].encode)
            return 1;
    return 0;
}

/* All of it for a moment, in the encoder's packets, where clips are encoded whole between others.
 */
static int64_t sound_memory_mb(const struct match_rendition *rendition, int64_t slots)
{
    json_int_t bitrate = json_integer_value(json_object_get(rendition->planned, "bitrate"));

    return SOUND_MEMORY_MB + slots * SPN_AAC_FRAME / 48000 * bitrate / 8 * 2 * 2 / 1000000;
}

int build_sound(struct build *build, int64_t place, const struct match_rendition *rendition,
                struct spn_error *err)
{
    const struct spn_composition *composition = build->cut->composition;
    uint32_t sample_rate = planned_sample_rate(rendition->planned);
    json_t *planned = build_planned(build, rendition, build->match->like);
    char name[SPN_HASH_HEX + 1], *facts = NULL;
    int encodes = sound_encodes(build, rendition);
    struct spn_composition seen;
    int64_t fragments = 0, slots = 0;
    json_t *spec, *output;
    int ret;

    if ((ret = cut_seen(composition, rendition, &seen, err)) >= 0)
        ret = sound_needed(&seen, sample_rate, &fragments, &slots, err);
    cut_seen_finish(&seen);
    if (ret < 0 || fragments == 0)
        return ret;
    spec = json_pack("{s{sosIsIsIsI}soso}", "sound", "rate", build_rate(composition->rate), "gop",
                     (json_int_t)composition->gop, "sample_rate", (json_int_t)sample_rate, "slots",
                     (json_int_t)slots, "fragments", (json_int_t)fragments, "assets",
                     sound_assets(build, rendition), "clips", sound_clips(build));
    output = json_object();
    json_put_text(output, "compat_id", rendition->compat);
    (void)json_object_set(output, "audio", planned ? planned : json_null());
    if (encodes) /* what it is made into does not follow from the tracks */
        (void)json_object_set(spec, "output", output);
    build_name(build, "sampan sound bridge 1", spec, name);
    json_put_text(output, "id", rendition->id);
    json_put_text(output, "name", name);
    (void)json_object_set_new(spec, "output", output);
    json_put_text(spec, "cut", build->cut->id);
    if ((ret = build_known(build, name, &facts, err)) >= 0)
        ret = build_row(build, "sound_bridge", place, rendition->id, name, facts, err);
    if (ret >= 0 && !facts)
        ret = build_job(build, "sound_bridge", place,
                        encodes && !build->choice->exact ? sound_memory_mb(rendition, slots)
                                                         : SOUND_MEMORY_MB,
                        spec, err);
    free(facts);
    json_decref(spec);
    return ret;
}

int build_sound_errors(const struct build *build, const struct match_rendition *rendition,
                       json_t *one, struct spn_error *err)
{
    uint32_t sample_rate = planned_sample_rate(rendition->planned);
    struct spn_sound_clip *clips = NULL;
    json_t *errors = json_array();
    struct spn_composition seen;
    int ret;

    if ((ret = cut_seen(build->cut->composition, rendition, &seen, err)) >= 0)
        ret = spn_sound_clips(&seen, sample_rate, &clips, err);
    for (size_t i = 0; i < seen.count && ret >= 0; i++)
        (void)json_array_append_new(errors, json_pack("[II]", (json_int_t)clips[i].error_num,
                                                      (json_int_t)clips[i].error_den));
    (void)json_object_set_new(one, "errors", errors);
    free(clips);
    cut_seen_finish(&seen);
    return ret;
}

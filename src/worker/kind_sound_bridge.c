/* kind_sound_bridge.c - all stretches of bridge of one audio rendition of a cut, in one file. */
#include <stdlib.h>
#include <string.h>

#include "bridge_file.h"
#include "cut_assets.h"
#include "sampan/composition.h"

/* What the spec says of the composition, and how long each fragment is to be. */
struct score {
    struct spn_clip_asset *assets;
    struct spn_clip *clips;
    size_t asset_count, clip_count;
    struct spn_composition *composition;
    int64_t *lengths; /* packets */
    size_t fragments;
};

static void score_finish(struct score *score)
{
    spn_composition_free(score->composition);
    free(score->assets);
    free(score->clips);
    free(score->lengths);
}

static int rate_read(const json_t *sound, struct spn_rate *out, struct spn_error *err)
{
    const json_t *rate = json_object_get(sound, "rate");
    json_int_t num = json_integer_value(json_array_get(rate, 0));
    json_int_t den = json_integer_value(json_array_get(rate, 1));

    if (num < 1 || den < 1 || num > INT32_MAX || den > INT32_MAX)
        return spn_error_set(err, SPN_EFORMAT, "the job's rate is none");
    *out = (struct spn_rate){ (uint32_t)num, (uint32_t)den };
    return SPN_OK;
}

static int clips_read(struct score *score, const json_t *spec, struct spn_rate rate,
                      struct spn_error *err)
{
    const json_t *assets = json_object_get(spec, "assets"), *clips = json_object_get(spec, "clips");
    const json_t *one;
    size_t i;
    int ret;

    if (json_array_size(clips) > SPN_CLIPS_MAX || json_array_size(assets) > SPN_CLIPS_MAX)
        return spn_error_set(err, SPN_ELIMIT, "the job has more than %d clips", SPN_CLIPS_MAX);
    score->assets = calloc(json_array_size(assets) + 1, sizeof(*score->assets));
    score->clips = calloc(json_array_size(clips) + 1, sizeof(*score->clips));
    if (!score->assets || !score->clips)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    json_array_foreach(assets, i, one)
    {
        struct spn_clip_asset *asset = &score->assets[score->asset_count++];
        const char *hash;

        asset->rate = rate;
        asset->encode = json_is_true(json_object_get(one, "encode")) ? SPN_ENCODE_SOUND : 0;
        if ((ret = job_hash(one, "asset", &hash, err)) < 0 ||
            (ret = spn_hash_parse(hash, strlen(hash), &asset->name)) < 0 ||
            (ret = job_number(one, "frames", 1, SPN_FRAMES_MAX, &asset->frames, err)) < 0)
            return ret;
    }
    json_array_foreach(clips, i, one)
    {
        struct spn_clip *clip = &score->clips[score->clip_count++];
        int64_t asset;

        if ((ret = job_number(one, "asset", 0, (int64_t)score->asset_count - 1, &asset, err)) < 0 ||
            (ret = job_number(one, "in", 0, SPN_FRAMES_MAX, &clip->in, err)) < 0 ||
            (ret = job_number(one, "out", 1, SPN_FRAMES_MAX, &clip->out, err)) < 0)
            return ret;
        clip->asset = (uint32_t)asset;
    }
    return SPN_OK;
}

static int lengths_make(struct score *score, uint32_t sample_rate, struct spn_error *err)
{
    struct spn_sound_clip *clips = NULL;
    struct spn_sound_span *spans = NULL;
    size_t count = 0, all = 0;
    int64_t first;
    int ret;

    if ((ret = spn_sound_clips(score->composition, sample_rate, &clips, err)) < 0 ||
        (ret = spn_sound_spans(score->composition, sample_rate, clips, &spans, &count, err)) < 0)
        goto done;
    for (size_t i = 0; i < count; i++)
        all += spans[i].kind == SPN_BRIDGE ? (size_t)spans[i].fragments : 0;
    score->lengths = calloc(all + 1, sizeof(*score->lengths));
    if (!score->lengths) {
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
        goto done;
    }
    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; spans[i].kind == SPN_BRIDGE && k < spans[i].fragments; k++)
            spn_bridge_fragment(spans[i].slots, (uint32_t)spans[i].fragments, k, &first,
                                &score->lengths[score->fragments++]);
done:
    free(clips);
    free(spans);
    return ret;
}

static int score_read(const json_t *spec, struct score *score, struct spn_error *err)
{
    struct spn_rate rate;
    int64_t sample_rate;
    json_t *sound;
    int ret;

    if ((ret = job_object(spec, "sound", &sound, err)) < 0 ||
        (ret = rate_read(sound, &rate, err)) < 0 ||
        (ret = job_number(sound, "sample_rate", 1, 1000000, &sample_rate, err)) < 0 ||
        (ret = clips_read(score, spec, rate, err)) < 0 ||
        (ret = spn_composition_make(rate, score->assets, score->asset_count, score->clips,
                                    score->clip_count, NULL, NULL, &score->composition, err)) < 0)
        return ret;
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what score has is freed by score_finish */
    return lengths_make(score, (uint32_t)sample_rate, err);
}

static int sound_request(struct worker *worker, struct job *job, struct bridge_file *file,
                         const struct cut_assets *assets, struct media_call *call,
                         struct spn_error *err)
{
    static const char *const copied[] = { "sound", "clips" };
    json_t *spec, *output;
    int ret;

    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
        if (json_object_set(call->request, copied[i], json_object_get(job->spec, copied[i])) < 0)
            return spn_error_set(err, SPN_EFORMAT, "the job has no %s", copied[i]);
    if ((ret = job_object(job->spec, "output", &spec, err)) < 0 ||
        (ret = bridge_file_init(worker, spec, file, err)) < 0)
        return ret;
    output = json_pack("{sOsO}", "compat_id", json_object_get(spec, "compat_id"), "audio",
                       json_object_get(spec, "audio"));
    if (json_object_set_new(call->request, "output", output) < 0)
        return spn_error_set(err, SPN_EFORMAT, "the output of the job is not whole");
    if ((ret = request_output(call, output, "fd", file->file, err)) < 0)
        return ret;
    return cut_assets_request(assets, job, call, err);
}

int kind_sound_bridge(struct worker *worker, struct job *job, json_t **result,
                      struct spn_error *err)
{
    static const char *const words[] = { "packets", "copied", "encoded", "seams", "from", NULL };
    struct bridge_file file = { .file = NULL };
    struct cut_assets assets = { .list = NULL };
    struct score score = { .assets = NULL };
    struct media_call call = { 0 };
    json_t *bridges = NULL;
    int ret;

    if ((ret = score_read(job->spec, &score, err)) < 0 ||
        (ret = cut_assets_open_sound(worker, job, &assets, err)) < 0 ||
        (ret = request_begin(job, "sound_bridge", "the sound of a cut", &call, err)) < 0 ||
        (ret = sound_request(worker, job, &file, &assets, &call, err)) < 0 ||
        (ret = media_call_run(worker, job, &call, result, err)) < 0)
        goto done;
    (void)json_object_set_new(*result, "from", json_string(assets.gone ? "rendition" : "source"));
    if ((ret = bridge_file_check(&file, score.lengths, score.fragments, *result, words, err)) < 0)
        goto done;
    ret = bridge_files_commit(worker, &file, 1, score.lengths, score.fragments, &bridges, err);
    if (json_object_set_new(*result, "bridges", bridges) < 0 && ret == SPN_OK)
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
done:
    media_call_finish(&call);
    bridge_file_finish(&file);
    cut_assets_close(&assets);
    score_finish(&score);
    return ret;
}

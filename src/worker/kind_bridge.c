/* kind_bridge.c - one stretch of bridge of a cut, every rung of it that is missing. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bridge_file.h"
#include "cut_assets.h"
#include "sampan/composition.h"

struct stretch {
    struct cut_assets assets;
    struct bridge_file files[RENDITIONS_MAX];
    size_t file_count;
    int64_t frames;
    int64_t *lengths; /* of its fragments */
    size_t fragments;
};

static int lengths_read(struct stretch *stretch, const json_t *spec, struct spn_error *err)
{
    json_t *bridge;
    int64_t fragments, first;
    int ret;

    if ((ret = job_object(spec, "bridge", &bridge, err)) < 0 ||
        (ret = job_number(bridge, "frames", 1, SPN_FRAMES_MAX, &stretch->frames, err)) < 0 ||
        (ret = job_number(bridge, "fragments", 1, stretch->frames, &fragments, err)) < 0)
        return ret;
    stretch->fragments = (size_t)fragments;
    stretch->lengths = calloc(stretch->fragments, sizeof(*stretch->lengths));
    if (!stretch->lengths)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    for (uint32_t i = 0; i < stretch->fragments; i++)
        spn_bridge_fragment(stretch->frames, (uint32_t)fragments, i, &first, &stretch->lengths[i]);
    return SPN_OK;
}

static int output_request(struct worker *worker, struct stretch *stretch, const json_t *spec,
                          json_t *outputs, struct media_call *call, struct spn_error *err)
{
    struct bridge_file *file = &stretch->files[stretch->file_count];
    json_t *output;
    int ret;

    if ((ret = bridge_file_init(worker, spec, file, err)) < 0)
        return ret;
    stretch->file_count++;
    output = json_pack("{sssOsO}", "id", file->id, "compat_id", json_object_get(spec, "compat_id"),
                       "rung", json_object_get(spec, "rung"));
    if (json_array_append_new(outputs, output) < 0)
        return spn_error_set(err, SPN_EFORMAT, "an output of the job is not whole");
    return request_output(call, output, "fd", file->file, err);
}

static int stretch_request(struct worker *worker, struct job *job, struct stretch *stretch,
                           struct media_call *call, struct spn_error *err)
{
    static const char *const copied[] = { "bridge", "parts" };
    const json_t *list = json_object_get(job->spec, "outputs"), *spec;
    json_t *outputs = json_array();
    size_t i;
    int ret;

    if (json_object_set_new(call->request, "outputs", outputs) < 0)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    for (i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
        if (json_object_set(call->request, copied[i], json_object_get(job->spec, copied[i])) < 0)
            return spn_error_set(err, SPN_EFORMAT, "the job has no %s", copied[i]);
    if (json_array_size(list) < 1 || json_array_size(list) > RENDITIONS_MAX)
        return spn_error_set(err, SPN_EFORMAT, "the job has %zu outputs, not 1 to %d",
                             json_array_size(list), RENDITIONS_MAX);
    json_array_foreach(list, i, spec)
    {
        if ((ret = output_request(worker, stretch, spec, outputs, call, err)) < 0)
            return ret;
    }
    return cut_assets_request(&stretch->assets, job, call, err);
}

/* What sampan-media says of the file of rendition id; NULL: nothing. */
static json_t *told_of(const json_t *result, const char *id)
{
    json_t *piece;
    size_t i;

    json_array_foreach(json_object_get(result, "pieces"), i, piece)
    {
        const char *name = json_string_value(json_object_get(piece, "id"));

        if (name && !strcmp(name, id))
            return piece;
    }
    return NULL;
}

static int stretch_keep(struct worker *worker, struct stretch *stretch, json_t *result,
                        struct spn_error *err)
{
    static const char *const words[] = { "crf", "from", "tight", NULL };
    json_t *bridges;
    int ret;

    for (size_t i = 0; i < stretch->file_count; i++) {
        json_t *told = told_of(result, stretch->files[i].id);

        (void)json_object_set_new(told, "from",
                                  json_string(stretch->assets.gone ? "rendition" : "source"));
        if ((ret = bridge_file_check(&stretch->files[i], stretch->lengths, stretch->fragments, told,
                                     words, err)) < 0)
            return ret;
    }
    ret = bridge_files_commit(worker, stretch->files, stretch->file_count, stretch->lengths,
                              stretch->fragments, &bridges, err);
    if (json_object_set_new(result, "bridges", bridges) < 0 && ret == SPN_OK)
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
    return ret;
}

int kind_bridge(struct worker *worker, struct job *job, json_t **result, struct spn_error *err)
{
    struct stretch *stretch = calloc(1, sizeof(*stretch));
    struct media_call call = { 0 };
    char what[64];
    int64_t number;
    int ret;

    if (!stretch)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if ((ret = job_number(job->spec, "stretch", 0, SPN_CLIPS_MAX, &number, err)) < 0)
        goto done;
    (void)snprintf(what, sizeof(what), "bridge %" PRId64 " of a cut", number);
    if ((ret = lengths_read(stretch, job->spec, err)) < 0 ||
        (ret = cut_assets_open_picture(worker, job, &stretch->assets, err)) < 0 ||
        (ret = request_begin(job, "bridge", what, &call, err)) < 0 ||
        (ret = stretch_request(worker, job, stretch, &call, err)) < 0 ||
        (ret = media_call_run(worker, job, &call, result, err)) < 0)
        goto done;
    ret = stretch_keep(worker, stretch, *result, err);
done:
    media_call_finish(&call);
    for (size_t i = 0; i < sizeof(stretch->files) / sizeof(stretch->files[0]); i++)
        bridge_file_finish(&stretch->files[i]);
    cut_assets_close(&stretch->assets);
    free(stretch->lengths);
    free(stretch);
    return ret;
}

/* kind_chunk.c - one decode, every video rendition: pieces, and tiles of the storyboard. */
#include "kinds.h"

#include <stdlib.h>

struct chunk_files {
    struct spn_file *files[RENDITIONS_MAX + 1]; /* the last are the tiles */
    char paths[RENDITIONS_MAX + 1][SPN_PATH_MAX];
    size_t count;
};

static int chunk_outputs(struct worker *worker, struct job *job, int64_t chunk,
                         struct chunk_files *out, struct media_call *call, struct spn_error *err)
{
    json_t *plan, *video, *rendition, *outputs = json_array(), *output;
    const char *asset, *id;
    size_t i;
    int ret;

    if (!outputs || json_object_set_new(call->request, "outputs", outputs) < 0)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if ((ret = job_hash(job->spec, "asset", &asset, err)) < 0 ||
        (ret = job_object(job->spec, "plan", &plan, err)) < 0)
        return ret;
    video = json_object_get(plan, "video");
    if (json_array_size(video) < 1 || json_array_size(video) > RENDITIONS_MAX)
        return spn_error_set(err, SPN_EFORMAT, "the plan has %zu video renditions, not 1 to %d",
                             json_array_size(video), RENDITIONS_MAX);
    json_array_foreach(video, i, rendition)
    {
        if ((ret = rendition_id(rendition, &id, err)) < 0 ||
            (ret = piece_path(worker, asset, id, chunk, out->paths[i], err)) < 0 ||
            (ret = spn_file_create(worker->tmp, 0600, &out->files[i], err)) < 0)
            return ret;
        out->count++;
        output = json_pack("{ss}", "id", id);
        if (json_array_append_new(outputs, output) < 0)
            return spn_error_set(err, SPN_ENOMEM, "out of memory");
        if ((ret = request_output(call, output, "fd", out->files[i], err)) < 0)
            return ret;
    }
    if ((ret = piece_path(worker, asset, "tiles", chunk, out->paths[i], err)) < 0 ||
        (ret = spn_file_create(worker->tmp, 0600, &out->files[i], err)) < 0)
        return ret;
    out->count++;
    return request_output(call, call->request, "tiles_fd", out->files[i], err);
}

int kind_chunk(struct worker *worker, struct job *job, json_t **result, struct spn_error *err)
{
    struct chunk_files *files = calloc(1, sizeof(*files));
    struct source_files source = { .source_fd = -1, .index_fd = -1 };
    const char *paths[RENDITIONS_MAX + 1];
    struct media_call call = { 0 };
    char what[256];
    int64_t chunk;
    int ret;

    if (!files)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if ((ret = job_number(job->spec, "chunk", 0, 100000, &chunk, err)) < 0 ||
        (ret = source_files_open(worker, job, job->spec, &source, err)) < 0)
        goto done;
    (void)snprintf(what, sizeof(what), "chunk %lld of %s", (long long)chunk, source.name);
    if ((ret = request_begin(job, "chunk", what, &call, err)) < 0 ||
        (ret = source_files_request(&source, job->spec, &call, call.request, err)) < 0 ||
        (ret = chunk_outputs(worker, job, chunk, files, &call, err)) < 0 ||
        (ret = media_call_run(worker, job, &call, result, err)) < 0)
        goto done;
    for (size_t i = 0; i < files->count; i++)
        paths[i] = files->paths[i];
    ret = spn_file_commit_all(files->files, paths, files->count, err);
done:
    media_call_finish(&call);
    for (size_t i = 0; i < sizeof(files->files) / sizeof(files->files[0]); i++)
        spn_file_destroy(files->files[i]);
    source_files_close(&source);
    free(files);
    return ret;
}

/* kind_text.c - subtitles to WebVTT. */
#include "kinds.h"

#include <unistd.h>

/* The source, or the file of subtitles that lies beside it. */
static int text_input(struct worker *worker, struct job *job, struct source_files *source,
                      int *beside_fd, struct media_call *call, struct spn_error *err)
{
    json_t *beside = json_object_get(job->spec, "subtitle");
    json_t *described;
    int ret;

    if (!json_is_object(beside)) {
        ret = source_files_open(worker, job, job->spec, source, err);
        return ret < 0 ? ret : source_files_request(source, job->spec, call, call->request, err);
    }
    if ((ret = beside_open(beside, beside_fd, err)) < 0)
        return ret;
    described = json_pack("{sisO}", "fd", media_call_fd(call, *beside_fd), "name",
                          json_object_get(beside, "name"));
    if (json_object_set_new(call->request, "subtitle", described) < 0)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    return SPN_OK;
}

int kind_text(struct worker *worker, struct job *job, json_t **result, struct spn_error *err)
{
    struct source_files source = { .source_fd = -1, .index_fd = -1 };
    struct media_call call = { 0 };
    struct spn_file *file = NULL;
    char path[SPN_PATH_MAX], hex[SPN_HASH_HEX + 1];
    struct spn_hash hash;
    const char *name;
    json_t *rendition;
    uint64_t size;
    int ret, beside_fd = -1;

    if ((ret = rendition_of(job, "text", "text", &rendition, &name, err)) < 0 ||
        (ret = track_place(worker, name, ".vtt", path, err)) < 0 ||
        (ret = spn_file_create(worker->tmp, 0644, &file, err)) < 0 ||
        (ret = request_begin(job, "text", "subtitles", &call, err)) < 0 ||
        (ret = text_input(worker, job, &source, &beside_fd, &call, err)) < 0 ||
        (ret = request_output(&call, call.request, "output_fd", file, err)) < 0 ||
        (ret = media_call_run(worker, job, &call, result, err)) < 0 ||
        (ret = spn_file_hash(spn_file_fd(file), &hash, &size, err)) < 0 ||
        (ret = spn_file_commit(file, path, err)) < 0)
        goto done;
    spn_hash_hex(&hash, hex);
    if (json_object_set_new(
            *result, "text",
            json_pack("{sssIss}", "name", name, "bytes", (json_int_t)size, "sha256", hex)) < 0)
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
done:
    media_call_finish(&call);
    spn_file_destroy(file);
    source_files_close(&source);
    if (beside_fd >= 0)
        close(beside_fd);
    return ret;
}

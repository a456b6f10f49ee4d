/* kind_examine.c - a file that was handed over: kept, and examined. */
#include "kinds.h"

#include <string.h>
#include <unistd.h>

struct beside {
    int fds[256];
    size_t count;
};

static int subtitles_request(const json_t *list, struct beside *beside, struct media_call *call,
                             struct spn_error *err)
{
    json_t *out = json_array();
    const json_t *item;
    size_t i;
    int ret, fd;

    if (!out || json_object_set_new(call->request, "subtitles", out) < 0)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    json_array_foreach(list, i, item)
    {
        if (i == sizeof(beside->fds) / sizeof(beside->fds[0]))
            return spn_error_set(err, SPN_ELIMIT, "more than %zu files of subtitles", i);
        if ((ret = beside_open(item, &fd, err)) < 0)
            return ret;
        beside->fds[beside->count++] = fd;
        if (json_array_append_new(out, json_pack("{sisOsO*}", "fd", media_call_fd(call, fd), "name",
                                                 json_object_get(item, "name"), "language",
                                                 json_object_get(item, "language"))) < 0)
            return spn_error_set(err, SPN_ENOMEM, "out of memory");
    }
    return SPN_OK;
}

static int examine_request(struct job *job, const struct keep *keep, const char *name,
                           const struct spn_file *index, struct beside *beside,
                           struct media_call *call, struct spn_error *err)
{
    json_t *options = json_object_get(job->spec, "options");
    json_t *source;
    int ret;

    if ((ret = request_begin(job, "examine", name, call, err)) < 0)
        return ret;
    source = json_pack("{sisssssI}", "fd", media_call_fd(call, keep->fd), "name", name, "hash",
                       keep->hex, "size", (json_int_t)keep->size);
    if (json_object_set_new(call->request, "source", source) < 0 ||
        (options && json_object_set(call->request, "options", options) < 0))
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if ((ret = request_output(call, call->request, "index_fd", index, err)) < 0)
        return ret;
    return subtitles_request(json_object_get(job->spec, "subtitles"), beside, call, err);
}

int kind_examine(struct worker *worker, struct job *job, json_t **result, struct spn_error *err)
{
    const char *path, *kept, *name;
    struct keep keep = { .fd = -1 };
    struct spn_file *index = NULL;
    struct media_call call = { 0 };
    struct beside beside = { .count = 0 };
    json_t *source;
    int ret;

    if ((ret = job_text(job->spec, "path", &path, err)) < 0 ||
        (ret = job_text(job->spec, "keep", &kept, err)) < 0 ||
        (ret = job_text(job->spec, "name", &name, err)) < 0 ||
        (ret = keep_source(worker, job, path, name, !strcmp(kept, "link"), &keep, err)) < 0 ||
        (ret = spn_file_create(worker->tmp, 0600, &index, err)) < 0 ||
        (ret = examine_request(job, &keep, name, index, &beside, &call, err)) < 0 ||
        (ret = media_call_run(worker, job, &call, result, err)) < 0 ||
        (ret = keep_commit(worker, &keep, index, err)) < 0)
        goto done;
    source = json_pack("{sssIss}", "hash", keep.hex, "size", (json_int_t)keep.size, "kept", kept);
    if (json_object_set_new(*result, "source", source) < 0)
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
done:
    media_call_finish(&call);
    for (size_t i = 0; i < beside.count; i++)
        close(beside.fds[i]);
    spn_file_destroy(index);
    keep_finish(&keep);
    return ret;
}

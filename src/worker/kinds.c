/* kinds.c - which kinds of jobs there are, and what they share. */
#include "kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEDIA_MEMORY_MB 3072 /* what sampan-media allows itself unless told otherwise */

static const struct kind {
    const char *name;
    kind_run *run;
} kinds[] = {
#define KIND_ROW(name) { #name, kind_##name },
    WORKER_KINDS(KIND_ROW)
#undef KIND_ROW
};

json_t *kind_names(void)
{
    json_t *out = json_array();

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        (void)json_array_append_new(out, json_string(kinds[i].name));
    return out;
}

int kind_of_job_run(struct worker *worker, struct job *job, json_t **result, struct spn_error *err)
{
    *result = NULL;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (!strcmp(kinds[i].name, job->kind))
            return kinds[i].run(worker, job, result, err);
    return spn_error_set(err, SPN_EUNSUPPORTED,
                         "this worker does not know jobs of kind %s: install the same version as "
                         "that of sampan-control",
                         job->kind);
}

int request_memory(struct media_call *call, int64_t planned_mb, int64_t more_bytes,
                   struct spn_error *err)
{
    /* The figure is what is usual; what an unusual source may take is bounded by its double. */
    int64_t usual_mb = 2 * planned_mb > MEDIA_MEMORY_MB ? 2 * planned_mb : MEDIA_MEMORY_MB;
    json_int_t all_mb = (json_int_t)(usual_mb + (more_bytes >> 20));

    if (all_mb == MEDIA_MEMORY_MB)
        return SPN_OK;
    if (json_object_set_new(call->request, "limits", json_pack("{sI}", "memory_mb", all_mb)) < 0)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    return SPN_OK;
}

int request_begin(struct job *job, const char *operation, const char *what, struct media_call *call,
                  struct spn_error *err)
{
    static const char *const copied[] = { "conform", "plan", "chunk", "audio", "text" };

    memset(call, 0, sizeof(*call));
    call->operation = operation;
    call->what = what;
    call->request = json_pack("{si}", "version", 1);
    for (size_t i = 0; call->request && i < sizeof(copied) / sizeof(copied[0]); i++) {
        json_t *value = json_object_get(job->spec, copied[i]);

        if (value && json_object_set(call->request, copied[i], value) < 0)
            break;
    }
    return call->request ? request_memory(call, job->memory_mb, 0, err)
                         : spn_error_set(err, SPN_ENOMEM, "out of memory");
}

int request_output(struct media_call *call, json_t *object, const char *name,
                   const struct spn_file *file, struct spn_error *err)
{
    int number = media_call_fd(call, spn_file_fd(file));

    if (number < 0 || json_object_set_new(object, name, json_integer(number)) < 0)
        return spn_error_set(err, SPN_ENOMEM, "the request to sampan-media cannot be made");
    return SPN_OK;
}

/* A text file beside the source: at most this, since it is read whole. */
int beside_open(const json_t *object, int *fd, struct spn_error *err)
{
    const char *path, *name;
    struct stat about;
    int ret;

    if ((ret = job_text(object, "path", &path, err)) < 0 ||
        (ret = job_text(object, "name", &name, err)) < 0)
        return ret;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0 && errno == EACCES)
        return spn_error_set(err, SPN_EACCES,
                             "the subtitles %.100s cannot be read by the user that Sampan runs as: "
                             "give it read access to %.200s and to the directories above it",
                             name, path);
    if (*fd < 0)
        return spn_error_errno(err, errno, "cannot open the subtitles %.300s", path);
    if (fstat(*fd, &about) == 0 && S_ISREG(about.st_mode))
        return SPN_OK;
    (void)close(*fd);
    *fd = -1;
    return spn_error_set(err, SPN_EINVAL, "the subtitles %.200s are not a file%s", name,
                         S_ISDIR(about.st_mode) ? ", but a directory" : "");
}

int rendition_id(const json_t *rendition, const char **out, struct spn_error *err)
{
    int ret = job_text(rendition, "id", out, err);

    if (ret == SPN_OK && (!strchr("vat", (*out)[0]) || strlen(*out) > 4 || strlen(*out) < 2 ||
                          strspn(*out + 1, "0123456789") != strlen(*out + 1)))
        return spn_error_set(err, SPN_EFORMAT, "a rendition of the plan is called %.40s", *out);
    return ret;
}

int piece_path(const struct worker *worker, const char *asset, const char *rendition, int64_t chunk,
               char out[SPN_PATH_MAX], struct spn_error *err)
{
    int length = snprintf(out, SPN_PATH_MAX, "%s/tmp/asset/%s/%s.%lld", worker->settings.data,
                          asset, rendition, (long long)chunk);

    if (length < 0 || length >= SPN_PATH_MAX)
        return spn_error_set(err, SPN_ELIMIT, "the data directory's path is too long");
    return SPN_OK;
}

int rendition_of(const struct job *job, const char *media, const char *index_name, json_t **out,
                 const char **name, struct spn_error *err)
{
    json_t *plan, *list;
    int64_t index;
    int ret;

    if ((ret = job_object(job->spec, "plan", &plan, err)) < 0)
        return ret;
    list = json_object_get(plan, media);
    if ((ret = job_number(job->spec, index_name, 0, (int64_t)json_array_size(list) - 1, &index,
                          err)) < 0)
        return ret;
    *out = json_array_get(list, (size_t)index);
    return job_hash(*out, "name", name, err);
}

int track_place(const struct worker *worker, const char *name, const char *suffix,
                char out[SPN_PATH_MAX], struct spn_error *err)
{
    return spn_file_place(out, SPN_PATH_MAX, worker->settings.data, "track", name, suffix, err);
}

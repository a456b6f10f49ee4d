/* The kinds of jobs that sampan-media does most of: examine, chunk, text, storyboard. */
#include "kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEDIA_MEMORY_MB 3072 /* what sampan-media allows itself unless told otherwise */
#define RENDITIONS_MAX  64

static const struct kind {
    const char *name;
    kind_run *run;
} kinds[] = {
    { "examine", kind_examine }, { "chunk", kind_chunk },       { "audio", kind_audio },
    { "text", kind_text },       { "assemble", kind_assemble }, { "storyboard", kind_storyboard },
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

int request_begin(struct job *job, const char *operation, const char *what, struct media_call *call,
                  struct spn_error *err)
{
    static const char *const copied[] = { "conform", "plan", "chunk", "audio", "text" };
    int64_t memory_mb = 2 * job->memory_mb;

    memset(call, 0, sizeof(*call));
    call->operation = operation;
    call->what = what;
    call->request = json_pack("{si}", "version", 1);
    for (size_t i = 0; call->request && i < sizeof(copied) / sizeof(copied[0]); i++) {
        json_t *value = json_object_get(job->spec, copied[i]);

        if (value && json_object_set(call->request, copied[i], value) < 0)
            break;
    }
    /* The plan's figure is what is usual; what an unusual source may take is bounded by its double.
     */
    if (call->request && memory_mb > MEDIA_MEMORY_MB)
        (void)json_object_set_new(call->request, "limits",
                                  json_pack("{sI}", "memory_mb", (json_int_t)memory_mb));
    return call->request ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "out of memory");
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
static int beside_open(const json_t *object, int *fd, struct spn_error *err)
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

/* ---- examine ---- */

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

/* ---- chunk ---- */

int piece_path(const struct worker *worker, const char *asset, const char *rendition, int64_t chunk,
               char out[SPN_PATH_MAX], struct spn_error *err)
{
    int length = snprintf(out, SPN_PATH_MAX, "%s/tmp/asset/%s/%s.%lld", worker->settings.data,
                          asset, rendition, (long long)chunk);

    if (length < 0 || length >= SPN_PATH_MAX)
        return spn_error_set(err, SPN_ELIMIT, "the data directory's path is too long");
    return SPN_OK;
}

int rendition_id(const json_t *rendition, const char **out, struct spn_error *err)
{
    int ret = job_text(rendition, "id", out, err);

    if (ret == SPN_OK && (!strchr("vat", (*out)[0]) || strlen(*out) > 4 || strlen(*out) < 2 ||
                          strspn(*out + 1, "0123456789") != strlen(*out + 1)))
        return spn_error_set(err, SPN_EFORMAT, "a rendition of the plan is called %.40s", *out);
    return ret;
}

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
        (ret = source_files_open(worker, job, &source, err)) < 0)
        goto done;
    (void)snprintf(what, sizeof(what), "chunk %lld of %s", (long long)chunk, source.name);
    if ((ret = request_begin(job, "chunk", what, &call, err)) < 0 ||
        (ret = source_files_request(&source, job, &call, err)) < 0 ||
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

/* ---- text and storyboard ---- */

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

/* The source, or the file of subtitles that lies beside it. */
static int text_input(struct worker *worker, struct job *job, struct source_files *source,
                      int *beside_fd, struct media_call *call, struct spn_error *err)
{
    json_t *beside = json_object_get(job->spec, "subtitle");
    json_t *described;
    int ret;

    if (!json_is_object(beside)) {
        ret = source_files_open(worker, job, source, err);
        return ret < 0 ? ret : source_files_request(source, job, call, err);
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

/* The tiles of every chunk that has some: one descriptor a chunk. */
struct tiles {
    int *fds, *numbers; /* by chunk; -1: not opened */
    size_t count;
};

static int tiles_request(struct worker *worker, struct job *job, struct tiles *tiles,
                         struct media_call *call, struct spn_error *err)
{
    json_t *list = json_object_get(job->spec, "tiles"), *out = json_array(), *tile;
    const char *asset;
    size_t i;
    int ret;

    if (!out || json_object_set_new(call->request, "tiles", out) < 0)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if ((ret = job_hash(job->spec, "asset", &asset, err)) < 0)
        return ret;
    tiles->fds = malloc(MEDIA_FDS_MAX * sizeof(int));
    tiles->numbers = malloc(MEDIA_FDS_MAX * sizeof(int));
    if (!tiles->fds || !tiles->numbers)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    for (; tiles->count < MEDIA_FDS_MAX; tiles->count++)
        tiles->fds[tiles->count] = tiles->numbers[tiles->count] = -1;
    json_array_foreach(list, i, tile)
    {
        char path[SPN_PATH_MAX];
        int64_t chunk;

        if ((ret = job_number(tile, "chunk", 0, MEDIA_FDS_MAX - 1, &chunk, err)) < 0)
            return ret;
        if (tiles->fds[chunk] < 0) {
            if ((ret = piece_path(worker, asset, "tiles", chunk, path, err)) < 0)
                return ret;
            tiles->fds[chunk] = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
            if (tiles->fds[chunk] < 0)
                return spn_error_errno(err, errno, "cannot open the tiles %s", path);
            tiles->numbers[chunk] = media_call_fd(call, tiles->fds[chunk]);
        }
        if (tiles->numbers[chunk] < 0 ||
            json_array_append_new(
                out, json_pack("{sOsisOsO}", "index", json_object_get(tile, "index"), "fd",
                               tiles->numbers[chunk], "offset", json_object_get(tile, "offset"),
                               "size", json_object_get(tile, "size"))) < 0)
            return spn_error_set(err, SPN_EFORMAT, "tile %zu of the job is not whole", i);
    }
    return SPN_OK;
}

int kind_storyboard(struct worker *worker, struct job *job, json_t **result, struct spn_error *err)
{
    struct spn_file *files[2] = { NULL, NULL };
    char tiles_path[SPN_PATH_MAX], sheets_path[SPN_PATH_MAX];
    const char *paths[2] = { tiles_path, sheets_path }, *name;
    struct tiles tiles = { 0 };
    struct media_call call = { 0 };
    json_t *plan, *storyboard, *made;
    int ret;

    if ((ret = job_object(job->spec, "plan", &plan, err)) < 0 ||
        (ret = job_object(plan, "storyboard", &storyboard, err)) < 0 ||
        (ret = job_hash(storyboard, "name", &name, err)) < 0 ||
        (ret = track_place(worker, name, ".tiles", tiles_path, err)) < 0 ||
        (ret = track_place(worker, name, ".sheets", sheets_path, err)) < 0 ||
        (ret = spn_file_create(worker->tmp, 0644, &files[0], err)) < 0 ||
        (ret = spn_file_create(worker->tmp, 0644, &files[1], err)) < 0 ||
        (ret = request_begin(job, "storyboard", "the storyboard", &call, err)) < 0 ||
        (ret = tiles_request(worker, job, &tiles, &call, err)) < 0 ||
        (ret = request_output(&call, call.request, "tiles_fd", files[0], err)) < 0 ||
        (ret = request_output(&call, call.request, "sheets_fd", files[1], err)) < 0 ||
        (ret = media_call_run(worker, job, &call, result, err)) < 0 ||
        (ret = spn_file_commit_all(files, paths, 2, err)) < 0)
        goto done;
    made = json_pack("{sssOsO}", "name", name, "tiles", json_object_get(*result, "tiles"), "sheets",
                     json_object_get(*result, "sheets"));
    if (!made || json_object_set_new(*result, "storyboard", made) < 0)
        ret = spn_error_set(err, SPN_EFORMAT, "sampan-media gave a storyboard without its sheets");
done:
    media_call_finish(&call);
    for (size_t i = 0; i < tiles.count; i++)
        if (tiles.fds[i] >= 0)
            close(tiles.fds[i]);
    free(tiles.fds);
    free(tiles.numbers);
    spn_file_destroy(files[0]);
    spn_file_destroy(files[1]);
    return ret;
}

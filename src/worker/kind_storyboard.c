/* kind_storyboard.c - the tiles of all chunks to sheets. */
#include "kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

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

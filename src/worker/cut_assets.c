#include "cut_assets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "sampan/composition.h"
#include "sampan/track.h"

static int assets_create(const struct job *job, struct cut_assets *out, struct spn_error *err)
{
    const json_t *list = json_object_get(job->spec, "assets");

    memset(out, 0, sizeof(*out));
    if (json_array_size(list) < 1 || json_array_size(list) > SPN_CLIPS_MAX)
        return spn_error_set(err, SPN_EFORMAT, "the job has %zu assets, not 1 to %d",
                             json_array_size(list), SPN_CLIPS_MAX);
    out->list = calloc(json_array_size(list), sizeof(*out->list));
    if (!out->list)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    for (; out->count < json_array_size(list); out->count++) {
        struct cut_asset *asset = &out->list[out->count];

        asset->source.source_fd = asset->source.index_fd = asset->track_fd = -1;
    }
    return SPN_OK;
}

void cut_assets_close(struct cut_assets *assets)
{
    for (size_t i = 0; i < assets->count; i++) {
        source_files_close(&assets->list[i].source);
        if (assets->list[i].track_fd >= 0)
            close(assets->list[i].track_fd);
    }
    free(assets->list);
    memset(assets, 0, sizeof(*assets));
}

static int64_t bytes_of(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* SPN_OK also where it is gone. */
static int source_try(struct worker *worker, struct job *job, const json_t *spec,
                      struct cut_assets *assets, struct cut_asset *asset, struct spn_error *err)
{
    int ret = source_files_open(worker, job, spec, &asset->source, err);

    if (ret == SPN_OK) {
        asset->has_source = 1;
        assets->mapped_bytes += bytes_of(asset->source.index_fd);
    }
    if (ret != SPN_ENOENT || asset->source.source_fd >= 0)
        return ret;
    assets->gone++;
    log_info("the source is gone, its rendition is used", LOG_TEXT("source", asset->source.name));
    return SPN_OK;
}

static int track_open(struct worker *worker, struct cut_assets *assets, struct cut_asset *asset,
                      const char *name, struct spn_error *err)
{
    char path[SPN_PATH_MAX];
    int ret;

    if ((ret = track_place(worker, name, "", path, err)) < 0)
        return ret;
    asset->track_name = name;
    asset->track_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (asset->track_fd < 0)
        return spn_error_errno(err, errno, "cannot open the track %s", path);
    assets->mapped_bytes += bytes_of(asset->track_fd);
    return SPN_OK;
}

/* ---- the best rendition of an asset ---- */

struct best {
    const char *name; /* borrowed from the spec; NULL: none was there */
    uint64_t pixels, bytes;
};

static int best_try(struct worker *worker, const char *name, struct best *best,
                    struct spn_error *err)
{
    const struct spn_fragment *last;
    struct spn_track *track;
    uint64_t pixels, bytes;
    char path[SPN_PATH_MAX];
    size_t count;
    int ret;

    if ((ret = track_place(worker, name, "", path, err)) < 0)
        return ret;
    ret = spn_track_open(path, &track, err);
    if (ret == SPN_ENOENT) /* of a plan that is being made, or that is not any more */
        return SPN_OK;
    if (ret < 0)
        return ret;
    pixels = (uint64_t)spn_track_info(track)->width * spn_track_info(track)->height;
    last = spn_track_all(track, &count);
    bytes = count ? last[count - 1].offset + last[count - 1].size : 0;
    if (!best->name || pixels > best->pixels || (pixels == best->pixels && bytes > best->bytes))
        *best = (struct best){ name, pixels, bytes };
    spn_track_close(track);
    return SPN_OK;
}

/* Of its tracks in the cut, and of those that its plan has and the cut does not. */
static int best_find(struct worker *worker, const json_t *spec, struct best *best,
                     struct spn_error *err)
{
    json_t *tracks = json_object_get(spec, "tracks"), *value;
    const char *id, *name;
    size_t i;
    int ret;

    json_object_foreach(tracks, id, value)
    {
        if ((ret = job_hash(tracks, id, &name, err)) < 0 ||
            (ret = best_try(worker, name, best, err)) < 0)
            return ret;
    }
    json_array_foreach(json_object_get(json_object_get(spec, "plan"), "video"), i, value)
    {
        if ((ret = job_hash(value, "name", &name, err)) < 0 ||
            (ret = best_try(worker, name, best, err)) < 0)
            return ret;
    }
    return SPN_OK;
}

int cut_assets_open_picture(struct worker *worker, struct job *job, struct cut_assets *out,
                            struct spn_error *err)
{
    const json_t *spec;
    size_t i;
    int ret;

    if ((ret = assets_create(job, out, err)) < 0)
        return ret;
    json_array_foreach(json_object_get(job->spec, "assets"), i, spec)
    {
        struct best best = { .name = NULL };
        struct cut_asset *asset = &out->list[i];

        if ((ret = source_try(worker, job, spec, out, asset, err)) < 0)
            return ret;
        if (asset->has_source)
            continue;
        if ((ret = best_find(worker, spec, &best, err)) < 0)
            return ret;
        if (!best.name)
            return spn_error_set(err, SPN_ENOENT,
                                 "%.200s is gone and so are the tracks that were made of it: put "
                                 "the file back or ingest it again",
                                 asset->source.name);
        if ((ret = track_open(worker, out, asset, best.name, err)) < 0)
            return ret;
    }
    return SPN_OK;
}

int cut_assets_open_sound(struct worker *worker, struct job *job, struct cut_assets *out,
                          struct spn_error *err)
{
    const json_t *spec;
    const char *name;
    size_t i;
    int ret;

    if ((ret = assets_create(job, out, err)) < 0)
        return ret;
    json_array_foreach(json_object_get(job->spec, "assets"), i, spec)
    {
        if ((ret = job_hash(spec, "track", &name, err)) < 0 ||
            (ret = track_open(worker, out, &out->list[i], name, err)) < 0 ||
            (ret = source_try(worker, job, spec, out, &out->list[i], err)) < 0)
            return ret;
    }
    return SPN_OK;
}

/* ---- as the request has them ---- */

/* Where a track stands in a plan that may have changed since the cut was built; -1: not there. */
static json_int_t audio_place(const json_t *plan, const char *track)
{
    const json_t *audio;
    size_t i;

    json_array_foreach(json_object_get(plan, "audio"), i, audio)
    {
        const char *name = json_string_value(json_object_get(audio, "name"));

        if (name && !strcmp(name, track))
            return (json_int_t)i;
    }
    return -1;
}

static int source_request(const struct cut_asset *asset, const json_t *spec,
                          struct media_call *call, json_t *object, struct spn_error *err)
{
    static const char *const copied[] = { "conform", "plan" };
    json_int_t place =
        asset->track_name ? audio_place(json_object_get(spec, "plan"), asset->track_name) : -1;

    if (asset->track_name && place < 0)
        return SPN_OK; /* which of the source's sounds it is, is not known any more */
    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
        if (json_object_set(object, copied[i], json_object_get(spec, copied[i])) < 0)
            return spn_error_set(err, SPN_EFORMAT, "an asset of the job has no %s", copied[i]);
    if (place >= 0 && json_object_set_new(object, "audio", json_integer(place)) < 0)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    return source_files_request(&asset->source, spec, call, object, err);
}

static int asset_request(const struct cut_asset *asset, const json_t *spec, struct media_call *call,
                         json_t *object, struct spn_error *err)
{
    static const char *const copied[] = { "frames", "fit", "encode" };
    int number;

    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
        json_t *value = json_object_get(spec, copied[i]);

        if (value && json_object_set(object, copied[i], value) < 0)
            return spn_error_set(err, SPN_ENOMEM, "out of memory");
    }
    if (asset->track_fd >= 0) {
        number = media_call_fd(call, asset->track_fd);
        if (number < 0 ||
            json_object_set_new(object, "track",
                                json_pack("{siss}", "fd", number, "name", asset->track_name)) < 0)
            return spn_error_set(err, SPN_ELIMIT, "the cut has too many assets for one job");
    }
    return asset->has_source ? source_request(asset, spec, call, object, err) : SPN_OK;
}

int cut_assets_request(const struct cut_assets *assets, const struct job *job,
                       struct media_call *call, struct spn_error *err)
{
    json_t *list = json_array();
    int64_t planned_mb = job->memory_mb, one_mb;
    const json_t *spec;
    size_t i;
    int ret;

    if (json_object_set_new(call->request, "assets", list) < 0)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    json_array_foreach(json_object_get(job->spec, "assets"), i, spec)
    {
        json_t *object = json_object();

        if (json_array_append_new(list, object) < 0)
            return spn_error_set(err, SPN_ENOMEM, "out of memory");
        if ((ret = asset_request(&assets->list[i], spec, call, object, err)) < 0)
            return ret;
        one_mb =
            json_integer_value(json_object_get(json_object_get(spec, "plan"), "chunk_memory_mb"));
        planned_mb = one_mb > planned_mb ? one_mb : planned_mb;
    }
    return request_memory(call, planned_mb, assets->mapped_bytes, err);
}

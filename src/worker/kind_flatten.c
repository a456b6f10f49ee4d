/* kind_flatten.c - a cut as one ordinary MP4: docs/formats/jobs.md "flatten". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sampan/flat.h"
#include "sent.h"

/* A file that samples come from. Names are borrowed from the spec. */
struct part_file {
    const char *folder, *name;
    size_t track;
};

struct flatten {
    struct worker *worker;
    struct job *job;
    struct spn_flat *flat;
    struct part_file *files;
    size_t file_count, file_room;
    struct spn_rate rate; /* of the cut */
    /* the file that each track is copied from at the moment */
    struct {
        size_t file;
        int fd;
    } open[SPN_FLAT_TRACKS_MAX];
    struct spn_file *out;
    uint64_t copied;
};

/* ---- the tables ---- */

static int files_add(struct flatten *flatten, const struct sent *sent, size_t track,
                     struct spn_error *err)
{
    if (flatten->file_count + sent->count > flatten->file_room) {
        size_t room = 2 * (flatten->file_count + sent->count);
        struct part_file *files = realloc(flatten->files, room * sizeof(*files));

        if (!files)
            return spn_error_set(err, SPN_ENOMEM, "out of memory");
        flatten->files = files;
        flatten->file_room = room;
    }
    for (size_t i = 0; i < sent->count; i++)
        flatten->files[flatten->file_count++] =
            (struct part_file){ i < sent->composition->asset_count ? "track" : "bridge",
                                sent->list[i].name, track };
    return SPN_OK;
}

static int fragments_add(struct flatten *flatten, const struct sent *sent, size_t track,
                         struct spn_error *err)
{
    size_t base = flatten->file_count;
    int ret = files_add(flatten, sent, track, err);

    for (size_t i = 0; i < sent->composed.count && ret >= 0; i++) {
        const struct spn_composed_piece *piece = &sent->composed.pieces[i];
        const struct spn_track *from;

        (void)spn_composed_fragment(&sent->files, &sent->composed, piece, &from);
        if ((ret = spn_flat_add(flatten->flat, track, base + piece->file, from, piece->fragment,
                                err)) >= 0)
            ret = job_wanted(flatten->worker, flatten->job, err);
    }
    return ret;
}

static int track_tell(const json_t *told, const struct spn_track *like, struct spn_flat_track *out,
                      struct spn_error *err)
{
    int64_t group;
    int ret;

    if ((ret = job_text(told, "language", &out->language, err)) < 0 ||
        (ret = job_text(told, "name", &out->name, err)) < 0 ||
        (ret = job_number(told, "group", 0, UINT16_MAX, &group, err)) < 0)
        return ret;
    out->like = like;
    out->role = json_string_value(json_object_get(told, "role"));
    out->alternate_group = (uint16_t)group;
    out->enabled = json_is_true(json_object_get(told, "enabled"));
    return SPN_OK;
}

/* One rendition as viewers are sent it; its files are open only meanwhile. */
static int track_add(struct flatten *flatten, const json_t *told, struct spn_error *err)
{
    json_t *seen = json_pack("{sOsOsO}", "assets", json_object_get(told, "assets"), "clips",
                             json_object_get(flatten->job->spec, "clips"), "flatten",
                             json_object_get(flatten->job->spec, "flatten"));
    struct spn_composition *composition = NULL;
    struct spn_flat_track track;
    struct sent sent = { 0 };
    int ret, drop;

    if (!seen)
        return spn_error_set(err, SPN_EFORMAT, "the job has no assets, clips or rate");
    if ((ret = sent_composition(seen, "flatten", &composition, &drop, err)) >= 0 &&
        (ret = sent_open(flatten->worker, flatten->job, told, composition, drop, 0, &sent, err)) >=
            0 &&
        (ret = track_tell(told, sent.composed.first, &track, err)) >= 0 &&
        (ret = spn_flat_track_add(flatten->flat, &track, err)) >= 0) {
        flatten->rate = composition->rate;
        ret = fragments_add(flatten, &sent, (size_t)ret, err);
    }
    sent_close(&sent);
    spn_composition_free(composition);
    json_decref(seen);
    return ret;
}

static int chapters_add(struct flatten *flatten, struct spn_error *err)
{
    const json_t *list = json_object_get(flatten->job->spec, "chapters"), *chapter;
    const char *title;
    int64_t frame;
    size_t i;
    int ret;

    json_array_foreach(list, i, chapter)
    {
        if ((ret = job_number(chapter, "frame", 0, SPN_FRAMES_MAX, &frame, err)) < 0 ||
            (ret = job_text(chapter, "title", &title, err)) < 0 ||
            (ret = spn_flat_chapter_add(flatten->flat, flatten->rate, frame, title, err)) < 0)
            return ret;
    }
    return SPN_OK;
}

/* ---- the bytes ---- */

static int file_use(struct flatten *flatten, size_t number, int *fd, struct spn_error *err)
{
    const struct part_file *file = &flatten->files[number];
    int *open_fd = &flatten->open[file->track].fd, ret;
    char path[SPN_PATH_MAX];

    if (*open_fd < 0 || flatten->open[file->track].file != number) {
        if (*open_fd >= 0)
            (void)close(*open_fd);
        if ((ret = sent_file_open(flatten->worker, file->folder, file->name, path, open_fd, err)) <
            0)
            return ret;
        flatten->open[file->track].file = number;
    }
    *fd = *open_fd;
    return SPN_OK;
}

static int part_copy(void *opaque, const uint8_t *bytes, size_t piece, uint64_t offset,
                     uint64_t size, struct spn_error *err)
{
    struct flatten *flatten = opaque;
    int ret, fd;

    if (bytes)
        return spn_file_write(flatten->out, bytes, (size_t)size, err);
    if ((ret = job_wanted(flatten->worker, flatten->job, err)) < 0 ||
        (ret = file_use(flatten, piece, &fd, err)) < 0 ||
        (ret = spn_file_copy(flatten->out, fd, offset, size, err)) < 0)
        return ret;
    flatten->copied += size;
    job_progress(flatten->job, (int64_t)flatten->copied, (int64_t)spn_flat_bytes(flatten->flat),
                 "bytes");
    return SPN_OK;
}

/* Before the first byte, so that a disk is not filled in vain. */
static int room_check(const struct flatten *flatten, struct spn_error *err)
{
    uint64_t wanted = spn_flat_bytes(flatten->flat), there;
    struct statvfs fs;

    if (statvfs(flatten->worker->tmp, &fs) < 0)
        return spn_error_errno(err, errno, "cannot look at the disk of %s", flatten->worker->tmp);
    there = (uint64_t)fs.f_bavail * fs.f_frsize;
    return wanted < there ? SPN_OK
                          : spn_error_set(err, SPN_ENOSPC,
                                          "the MP4 has more than %llu bytes, and %llu are free on "
                                          "the disk of the data directory",
                                          (unsigned long long)wanted, (unsigned long long)there);
}

static int flat_commit(struct flatten *flatten, const char *name, json_t **result,
                       struct spn_error *err)
{
    char path[SPN_PATH_MAX], sha256[SPN_HASH_HEX + 1];
    struct spn_hash hash;
    uint64_t bytes;
    int ret;

    if ((ret = spn_file_place(path, sizeof(path), flatten->worker->settings.data, "flat", name,
                              ".mp4", err)) < 0 ||
        (ret = room_check(flatten, err)) < 0 ||
        (ret = spn_file_create(flatten->worker->tmp, 0644, &flatten->out, err)) < 0 ||
        (ret = spn_flat_write(flatten->flat, part_copy, flatten, err)) < 0 ||
        (ret = spn_file_hash(spn_file_fd(flatten->out), &hash, &bytes, err)) < 0 ||
        (ret = job_wanted(flatten->worker, flatten->job, err)) < 0 ||
        (ret = spn_file_commit(flatten->out, path, err)) < 0)
        return ret;
    spn_hash_hex(&hash, sha256);
    *result = json_pack("{s{sssIss}}", "flat", "name", name, "bytes", (json_int_t)bytes, "sha256",
                        sha256);
    return *result ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "out of memory");
}

int kind_flatten(struct worker *worker, struct job *job, json_t **result, struct spn_error *err)
{
    struct flatten flatten = { .worker = worker, .job = job };
    const json_t *tracks = json_object_get(job->spec, "tracks"), *told;
    const char *name;
    size_t i;
    int ret;

    for (i = 0; i < SPN_FLAT_TRACKS_MAX; i++)
        flatten.open[i].fd = -1;
    if ((ret = job_hash(job->spec, "name", &name, err)) >= 0)
        ret = spn_flat_create(&flatten.flat, err);
    json_array_foreach(tracks, i, told)
    {
        if (ret >= 0)
            ret = track_add(&flatten, told, err);
    }
    if (ret >= 0)
        ret = chapters_add(&flatten, err);
    if (ret >= 0)
        ret = flat_commit(&flatten, name, result, err);
    for (i = 0; i < SPN_FLAT_TRACKS_MAX; i++)
        if (flatten.open[i].fd >= 0)
            (void)close(flatten.open[i].fd);
    spn_file_destroy(flatten.out);
    spn_flat_free(flatten.flat);
    free(flatten.files);
    return ret < 0 ? ret : SPN_OK;
}

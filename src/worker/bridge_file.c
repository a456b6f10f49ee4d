#include "bridge_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "sampan/track.h"

int bridge_file_init(struct worker *worker, const json_t *output, struct bridge_file *out,
                     struct spn_error *err)
{
    const char *compat;
    int ret;

    memset(out, 0, sizeof(*out));
    if ((ret = rendition_id(output, &out->id, err)) < 0 ||
        (ret = job_hash(output, "name", &out->name, err)) < 0 ||
        (ret = job_hash(output, "compat_id", &compat, err)) < 0 ||
        (ret = spn_hash_parse(compat, strlen(compat), &out->compat)) < 0 ||
        (ret = spn_file_place(out->path, sizeof(out->path), worker->settings.data, "bridge",
                              out->name, "", err)) < 0)
        return ret;
    return spn_file_create(worker->tmp, 0644, &out->file, err);
}

void bridge_file_finish(struct bridge_file *file)
{
    spn_file_destroy(file->file);
    json_decref(file->described);
    memset(file, 0, sizeof(*file));
}

static int lengths_check(const struct spn_track *track, const char *id, const int64_t *lengths,
                         size_t count, struct spn_error *err)
{
    const struct spn_fragment *fragments;
    size_t there;

    fragments = spn_track_all(track, &there);
    if (there != count)
        return spn_error_set(err, SPN_EMISMATCH,
                             "the bridge of rendition %s has %zu fragments, not the %zu that were "
                             "asked for",
                             id, there, count);
    for (size_t i = 0; i < count; i++)
        if (fragments[i].samples != lengths[i])
            return spn_error_set(err, SPN_EMISMATCH,
                                 "fragment %zu of the bridge of rendition %s has %u %s, not the "
                                 "%lld that were asked for",
                                 i + 1, id, fragments[i].samples,
                                 spn_track_info(track)->media == SPN_VIDEO ? "frames" : "packets",
                                 (long long)lengths[i]);
    return SPN_OK;
}

/* The bridge at path, whoever made it. */
static int path_check(const struct bridge_file *file, const char *path, const int64_t *lengths,
                      size_t count, struct spn_error *err)
{
    /* Bridges are shorter than a GOP and have no index of their own. */
    static const char *const waived[] = { "sampan.sidx.present", "sampan.gop.whole",
                                          "sampan.audio.even", NULL };
    struct spn_track *track = NULL;
    struct spn_hash compat;
    char hex[SPN_HASH_HEX + 1];
    int ret;

    if ((ret = track_verify(path, "bridge", waived, err)) < 0 ||
        (ret = spn_track_open(path, &track, err)) < 0)
        return ret;
    if ((ret = spn_compat_id(spn_track_info(track), &compat, err)) < 0)
        goto done;
    spn_hash_hex(&compat, hex);
    ret = spn_hash_equal(&compat, &file->compat)
              ? lengths_check(track, file->id, lengths, count, err)
              : spn_error_set(err, SPN_EMISMATCH,
                              "the bridge of rendition %s is for another decoder configuration "
                              "(compat_id %s) than its track",
                              file->id, hex);
done:
    spn_track_close(track);
    return ret;
}

/* What the catalogue keeps of the bridge that fd has. */
static json_t *describe(const struct bridge_file *file, int fd, size_t fragments,
                        struct spn_error *err)
{
    char sha256[SPN_HASH_HEX + 1], compat[SPN_HASH_HEX + 1];
    struct spn_hash hash;
    uint64_t bytes;
    json_t *out;

    if (spn_file_hash(fd, &hash, &bytes, err) < 0)
        return NULL;
    spn_hash_hex(&hash, sha256);
    spn_hash_hex(&file->compat, compat);
    out =
        json_pack("{sssssIsssssI}", "id", file->id, "name", file->name, "bytes", (json_int_t)bytes,
                  "sha256", sha256, "compat_id", compat, "fragments", (json_int_t)fragments);
    if (!out)
        spn_error_set(err, SPN_ENOMEM, "out of memory");
    return out;
}

int bridge_file_check(struct bridge_file *file, const int64_t *lengths, size_t count,
                      const json_t *told, const char *const *words, struct spn_error *err)
{
    static const char *const same[] = { "bytes", "sha256" };
    int ret = path_check(file, spn_file_path(file->file), lengths, count, err);

    if (ret < 0)
        return ret;
    if (!(file->described = describe(file, spn_file_fd(file->file), count, err)))
        return err->code;
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        if (!json_equal(json_object_get(told, same[i]), json_object_get(file->described, same[i])))
            return spn_error_set(err, SPN_EIO,
                                 "the bridge of rendition %s on the disk is not what sampan-media "
                                 "says it wrote: %s differs",
                                 file->id, same[i]);
    for (; *words; words++) {
        json_t *value = json_object_get(told, *words);

        if (value && json_object_set(file->described, *words, value) < 0)
            return spn_error_set(err, SPN_ENOMEM, "out of memory");
    }
    return SPN_OK;
}

/*
 * Where a good bridge has the name already, its bytes take the place of ours: they differ where a
 * source is gone since, or the machine is of another kind.
 */
static int older_take(struct worker *worker, struct bridge_file *file, const int64_t *lengths,
                      size_t count, struct spn_error *err)
{
    struct spn_file *copy = NULL;
    struct spn_error why = { 0 };
    json_t *described;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), ret;
    struct stat st;

    if (fd < 0)
        return errno == ENOENT ? SPN_OK : spn_error_errno(err, errno, "cannot open %s", file->path);
    ret = path_check(file, file->path, lengths, count, &why);
    if (ret < 0) {
        log_warn("a bridge was not what its name says and is made again",
                 LOG_TEXT("why", why.text));
        ret = SPN_OK;
        goto done;
    }
    if (!(described = describe(file, fd, count, err))) {
        ret = err->code;
        goto done;
    }
    if (json_equal(json_object_get(described, "sha256"),
                   json_object_get(file->described, "sha256"))) {
        json_decref(described);
        goto done;
    }
    json_decref(file->described);
    file->described = described;
    if (fstat(fd, &st) < 0) {
        ret = spn_error_errno(err, errno, "cannot read %s", file->path);
        goto done;
    }
    if ((ret = spn_file_create(worker->tmp, 0644, &copy, err)) < 0 ||
        (ret = spn_file_copy(copy, fd, 0, (uint64_t)st.st_size, err)) < 0) {
        spn_file_destroy(copy);
        goto done;
    }
    spn_file_destroy(file->file);
    file->file = copy;
done:
    close(fd);
    return ret;
}

int bridge_files_commit(struct worker *worker, struct bridge_file *files, size_t file_count,
                        const int64_t *lengths, size_t count, json_t **list, struct spn_error *err)
{
    struct spn_file *made[RENDITIONS_MAX];
    const char *paths[RENDITIONS_MAX];
    int ret;

    *list = json_array();
    for (size_t i = 0; i < file_count; i++) {
        if ((ret = older_take(worker, &files[i], lengths, count, err)) < 0)
            return ret;
        made[i] = files[i].file;
        paths[i] = files[i].path;
        if (json_array_append(*list, files[i].described) < 0)
            return spn_error_set(err, SPN_ENOMEM, "out of memory");
    }
    return spn_file_commit_all(made, paths, file_count, err);
}

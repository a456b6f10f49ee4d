/* outcome_files.c - a commit counts only when the files it speaks of are there. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "json.h"
#include "outcome.h"
#include "store/blob.h"

static int file_there(const char *path, int64_t bytes, struct spn_error *err)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return spn_error_set(err, SPN_ECONFLICT, "%s is not there (%s); the job is done again",
                             path, strerror(errno));
    if (bytes >= 0 && st.st_size != bytes)
        return spn_error_set(err, SPN_ECONFLICT,
                             "%s has %lld bytes and should have %lld; the job is done again", path,
                             (long long)st.st_size, (long long)bytes);
    return SPN_OK;
}

static int blob_there(const struct instance *instance, enum blob_kind kind, const json_t *facts,
                      const char *size_name, struct spn_error *err)
{
    char path[SPN_PATH_MAX];
    const char *name;
    int64_t bytes = -1;
    int ret;

    if ((ret = member_hash(facts, "name", &name, err)) < 0 ||
        (size_name && (ret = member_number(facts, size_name, 0, INT64_MAX, -1, &bytes, err)) < 0) ||
        (ret = blob_path(instance, kind, name, path, err)) < 0)
        return ret;
    return file_there(path, bytes, err);
}

int examine_files(const struct instance *instance, const struct kind_job *job, const json_t *result,
                  struct spn_error *err)
{
    char path[SPN_PATH_MAX];
    const char *hash, *kept;
    json_t *source;
    int64_t size;
    int ret;

    (void)job;
    if ((ret = member_object(result, "source", 1, &source, err)) < 0 ||
        (ret = member_hash(source, "hash", &hash, err)) < 0 ||
        (ret = member_number(source, "size", 0, INT64_MAX, -1, &size, err)) < 0 ||
        (ret = member_text(source, "kept", 0, 16, "copy", &kept, err)) < 0 ||
        (ret = blob_path(instance, BLOB_SOURCE_INDEX, hash, path, err)) < 0 ||
        (ret = file_there(path, -1, err)) < 0 || strcmp(kept, "link") == 0 ||
        (ret = blob_path(instance, BLOB_SOURCE, hash, path, err)) < 0)
        return ret;
    return file_there(path, size, err);
}

int chunk_files(const struct instance *instance, const struct kind_job *job, const json_t *result,
                struct spn_error *err)
{
    char path[SPN_PATH_MAX];
    const json_t *piece;
    json_t *pieces;
    size_t i;
    int ret;

    if ((ret = member_array(result, "pieces", 1, 64, &pieces, err)) < 0)
        return ret;
    json_array_foreach(pieces, i, piece)
    {
        const char *id;
        int64_t bytes;

        if ((ret = member_text(piece, "id", 2, 8, NULL, &id, err)) < 0 ||
            (ret = member_number(piece, "bytes", 0, INT64_MAX, -1, &bytes, err)) < 0)
            return ret;
        if (strchr(id, '/'))
            return spn_error_set(err, SPN_EINVAL, "\"%s\" is no rendition", id);
        if ((ret = piece_path(instance, job->asset, id, job->place, path, err)) < 0 ||
            (ret = file_there(path, bytes, err)) < 0)
            return ret;
    }
    if ((ret = piece_path(instance, job->asset, "tiles", job->place, path, err)) < 0)
        return ret;
    return file_there(path, -1, err);
}

/* The file that the member called part of result tells of. */
static int made_there(const struct instance *instance, const json_t *result, const char *part,
                      enum blob_kind kind, const char *size_name, struct spn_error *err)
{
    json_t *facts;
    int ret = member_object(result, part, 1, &facts, err);

    return ret < 0 ? ret : blob_there(instance, kind, facts, size_name, err);
}

int text_files(const struct instance *instance, const struct kind_job *job, const json_t *result,
               struct spn_error *err)
{
    (void)job;
    return made_there(instance, result, "text", BLOB_TEXT, "bytes", err);
}

int board_files(const struct instance *instance, const struct kind_job *job, const json_t *result,
                struct spn_error *err)
{
    (void)job;
    return made_there(instance, result, "storyboard", BLOB_SHEETS, NULL, err);
}

int track_files(const struct instance *instance, const struct kind_job *job, const json_t *result,
                struct spn_error *err)
{
    (void)job;
    return made_there(instance, result, "track", BLOB_TRACK, "bytes", err);
}

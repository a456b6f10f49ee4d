/* Jobs that end with a track file: pieces put together, checked, measured, and given their name. */
#include "kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"
#include "sampan/track.h"

struct pieces {
    struct spn_piece *list; /* descriptors and names owned */
    size_t count;
    struct spn_file *file; /* what they become */
};

static int piece_write(void *opaque, const uint8_t *bytes, size_t piece, uint64_t offset,
                       uint64_t size, struct spn_error *err)
{
    struct pieces *pieces = opaque;

    return bytes ? spn_file_write(pieces->file, bytes, (size_t)size, err)
                 : spn_file_copy(pieces->file, pieces->list[piece].fd, offset, size, err);
}

static int piece_add(struct pieces *pieces, int fd, const char *name, struct spn_error *err)
{
    struct spn_piece *piece = &pieces->list[pieces->count];

    piece->fd = fd;
    piece->name = strdup(name);
    pieces->count++;
    return piece->name ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "out of memory");
}

static void pieces_finish(struct pieces *pieces)
{
    for (size_t i = 0; i < pieces->count; i++) {
        free((char *)(uintptr_t)pieces->list[i].name);
        if (pieces->list[i].fd >= 0)
            close(pieces->list[i].fd);
    }
    free(pieces->list);
    spn_file_destroy(pieces->file);
    memset(pieces, 0, sizeof(*pieces));
}

/* The first broken rule is what the sentence says. */
struct broken {
    const char *const *waived;
    int count;
    char rule[64], text[256];
};

static void broken_report(void *opaque, const char *rule, const char *text)
{
    struct broken *broken = opaque;

    for (const char *const *waived = broken->waived; *waived; waived++)
        if (!strcmp(*waived, rule))
            return;
    if (broken->count++)
        return;
    (void)snprintf(broken->rule, sizeof(broken->rule), "%s", rule);
    (void)snprintf(broken->text, sizeof(broken->text), "%s", text);
}

int track_verify(const char *path, const char *what, const char *const *waived,
                 struct spn_error *err)
{
    struct broken broken = { .waived = waived };
    int ret = spn_track_check(path, broken_report, &broken, err);

    if (ret < 0 || !broken.count)
        return ret < 0 ? ret : SPN_OK;
    return spn_error_set(err, SPN_EFORMAT, "the %s that was made breaks rule %s (of %d broken): %s",
                         what, broken.rule, broken.count, broken.text);
}

/* What the catalogue keeps of a track file. */
static json_t *track_describe(const struct spn_track *track, const char *name, uint64_t bytes,
                              const struct spn_hash *hash, const struct bandwidth *bandwidth,
                              struct spn_error *err)
{
    char sha256[SPN_HASH_HEX + 1], compat[SPN_HASH_HEX + 1];
    struct spn_hash compat_id;
    json_t *out;
    size_t fragments;

    if (spn_compat_id(spn_track_info(track), &compat_id, err) < 0)
        return NULL;
    (void)spn_track_all(track, &fragments);
    spn_hash_hex(hash, sha256);
    spn_hash_hex(&compat_id, compat);
    out =
        json_pack("{sssIsssssIsIsIsI}", "name", name, "bytes", (json_int_t)bytes, "sha256", sha256,
                  "compat_id", compat, "fragments", (json_int_t)fragments, "duration_ticks",
                  (json_int_t)spn_track_duration(track), "peak_bandwidth",
                  (json_int_t)bandwidth->peak, "average_bandwidth", (json_int_t)bandwidth->average);
    if (!out)
        spn_error_set(err, SPN_ENOMEM, "out of memory");
    return out;
}

/*
 * Put the pieces together, hold the file to every rule of the contract and to the rung's cap (0: it
 * has none), and commit it. *described is a new reference.
 */
static int track_make(struct worker *worker, struct pieces *pieces, const char *name, int64_t cap,
                      json_t **described, struct spn_error *err)
{
    static const char *const none[] = { NULL };
    struct spn_track *track = NULL;
    struct bandwidth bandwidth;
    struct spn_hash hash;
    char path[SPN_PATH_MAX];
    uint64_t bytes;
    int ret;

    *described = NULL;
    if ((ret = track_place(worker, name, "", path, err)) < 0 ||
        (ret = spn_file_create(worker->tmp, 0644, &pieces->file, err)) < 0 ||
        (ret = spn_track_assemble(pieces->list, pieces->count, piece_write, pieces, err)) < 0 ||
        (ret = track_verify(spn_file_path(pieces->file), "track file", none, err)) < 0 ||
        (ret = spn_track_open(spn_file_path(pieces->file), &track, err)) < 0 ||
        (ret = bandwidth_measure(track, &bandwidth, err)) < 0)
        goto done;
    if (cap > 0 && bandwidth.sustained && bandwidth.peak > cap + cap / 4) {
        ret = spn_error_set(err, SPN_ERANGE,
                            "the peak of rendition %s is %lld b/s, more than 1.25 times its cap of "
                            "%lld: raise maxrate of this rung in the ladder, or its crf",
                            name, (long long)bandwidth.peak, (long long)cap);
        goto done;
    }
    if ((ret = spn_file_hash(spn_file_fd(pieces->file), &hash, &bytes, err)) < 0)
        goto done;
    *described = track_describe(track, name, bytes, &hash, &bandwidth, err);
    ret = *described ? spn_file_commit(pieces->file, path, err) : SPN_ENOMEM;
done:
    spn_track_close(track);
    if (ret < 0) {
        json_decref(*described);
        *described = NULL;
    }
    return ret;
}

/* ---- assemble ---- */

static int pieces_open(struct worker *worker, struct job *job, const json_t *rendition,
                       struct pieces *pieces, struct spn_error *err)
{
    const char *asset, *id;
    int64_t chunks;
    int ret;

    if ((ret = job_hash(job->spec, "asset", &asset, err)) < 0 ||
        (ret = rendition_id(rendition, &id, err)) < 0 ||
        (ret = job_number(json_object_get(job->spec, "plan"), "chunks", 1, 100000, &chunks, err)) <
            0)
        return ret;
    pieces->list = calloc((size_t)chunks, sizeof(*pieces->list));
    if (!pieces->list)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    for (int64_t i = 0; i < chunks; i++) {
        char path[SPN_PATH_MAX], name[64];
        int fd;

        if ((ret = piece_path(worker, asset, id, i, path, err)) < 0)
            return ret;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            return spn_error_errno(err, errno, "cannot open chunk %lld of rendition %s, %s",
                                   (long long)i, id, path);
        (void)snprintf(name, sizeof(name), "chunk %lld of rendition %s", (long long)i, id);
        if ((ret = piece_add(pieces, fd, name, err)) < 0)
            return ret;
    }
    return SPN_OK;
}

int kind_assemble(struct worker *worker, struct job *job, json_t **result, struct spn_error *err)
{
    struct pieces pieces = { 0 };
    json_t *rendition, *described = NULL;
    const char *name;
    int ret;

    if ((ret = rendition_of(job, "video", "video", &rendition, &name, err)) < 0 ||
        (ret = pieces_open(worker, job, rendition, &pieces, err)) < 0 ||
        (ret = track_make(worker, &pieces, name,
                          json_integer_value(json_object_get(rendition, "maxrate")), &described,
                          err)) < 0)
        goto done;
    *result = json_pack("{so}", "track", described);
    if (!*result)
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
done:
    pieces_finish(&pieces);
    return ret;
}

/* ---- audio ---- */

int kind_audio(struct worker *worker, struct job *job, json_t **result, struct spn_error *err)
{
    struct source_files source = { .source_fd = -1, .index_fd = -1 };
    struct media_call call = { 0 };
    struct pieces pieces = { 0 };
    struct spn_file *file = NULL;
    json_t *rendition, *described = NULL;
    const char *name;
    char what[256];
    int ret, fd;

    if ((ret = rendition_of(job, "audio", "audio", &rendition, &name, err)) < 0 ||
        (ret = source_files_open(worker, job, job->spec, &source, err)) < 0)
        goto done;
    (void)snprintf(what, sizeof(what), "the sound of %s", source.name);
    if ((ret = spn_file_create(worker->tmp, 0600, &file, err)) < 0 ||
        (ret = request_begin(job, "audio", what, &call, err)) < 0 ||
        (ret = source_files_request(&source, job->spec, &call, call.request, err)) < 0 ||
        (ret = request_output(&call, call.request, "output_fd", file, err)) < 0 ||
        (ret = media_call_run(worker, job, &call, result, err)) < 0)
        goto done;
    pieces.list = calloc(1, sizeof(*pieces.list));
    fd = fcntl(spn_file_fd(file), F_DUPFD_CLOEXEC, 3);
    if (!pieces.list || fd < 0) {
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
        goto done;
    }
    if ((ret = piece_add(&pieces, fd, what, err)) < 0 ||
        (ret = track_make(worker, &pieces, name, 0, &described, err)) < 0)
        goto done;
    if (json_object_set_new(*result, "track", described) < 0)
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
done:
    media_call_finish(&call);
    pieces_finish(&pieces);
    spn_file_destroy(file);
    source_files_close(&source);
    return ret;
}

/* asset_run.c - for tests: make an asset of a file with sampan-media. */
#include "asset_run.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sampan/file.h"
#include "sampan/id.h"
#include "sampan/track.h"

void asset_run_path(const struct asset_run *run, const char *name, int64_t k, char path[128])
{
    if (k < 0)
        (void)snprintf(path, 128, "%s/%s", run->dir, name);
    else
        (void)snprintf(path, 128, "%s/%s.%" PRId64, run->dir, name, k);
}

/* A descriptor that a child inherits. */
static int file_open(const char *path, int flags)
{
    int fd = open(path, flags, 0600);

    if (fd < 0) {
        perror(path);
        abort();
    }
    return fd;
}

static json_t *source_json(const struct asset_run *run, int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        abort();
    return json_pack("{s:i,s:s,s:s,s:I}", "fd", fd, "name", strrchr(run->source, '/') + 1, "hash",
                     run->hash, "size", (json_int_t)st.st_size);
}

int asset_run_init(struct asset_run *run, const char *program, const char *source,
                   const json_t *options, struct media_run *answer)
{
    return asset_run_init_with(run, program, source, NULL, options, answer);
}

int asset_run_init_with(struct asset_run *run, const char *program, const char *source,
                        const char *subtitle, const json_t *options, struct media_run *answer)
{
    struct spn_hash hash;
    char path[128];
    json_t *request;
    int fd, index, beside = -1;

    memset(run, 0, sizeof(*run));
    run->program = program;
    run->source = source;
    run->subtitle = subtitle;
    (void)snprintf(run->dir, sizeof(run->dir), "/tmp/sampan-asset-XXXXXX");
    if (!mkdtemp(run->dir))
        abort();
    fd = file_open(source, O_RDONLY);
    if (spn_file_hash(fd, &hash, NULL, NULL) < 0)
        abort();
    spn_hash_hex(&hash, run->hash);
    asset_run_path(run, "index", -1, path);
    index = file_open(path, O_RDWR | O_CREAT);
    request = json_pack("{s:i,s:o,s:i,s:O?}", "version", 1, "source", source_json(run, fd),
                        "index_fd", index, "options", options);
    if (subtitle) {
        beside = file_open(subtitle, O_RDONLY);
        (void)json_object_set_new(request, "subtitles",
                                  json_pack("[{s:i,s:s,s:s}]", "fd", beside, "name",
                                            strrchr(subtitle, '/') + 1, "language", "zh-Hans"));
    }
    media_run(program, "examine", request, answer);
    if (beside >= 0)
        (void)close(beside);
    json_decref(request);
    (void)close(fd);
    (void)close(index);
    run->examined = json_incref(answer->answer);
    return answer->exited;
}

void run_dir_remove(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        (void)closedir(dir);
    (void)rmdir(path);
}

void asset_run_finish(struct asset_run *run)
{
    run_dir_remove(run->dir);
    json_decref(run->examined);
}

json_t *asset_run_plan(const struct asset_run *run, const char *key)
{
    return json_object_get(json_object_get(run->examined, "plan"), key);
}

int64_t asset_run_chunks(const struct asset_run *run)
{
    return json_integer_value(asset_run_plan(run, "chunks"));
}

#define FDS_MAX 32

static int job_run(const struct asset_run *run, const char *operation, json_t *more, int *fds,
                   size_t count, struct media_run *answer)
{
    char path[128];
    json_t *request;

    asset_run_path(run, "index", -1, path);
    fds[count++] = file_open(run->source, O_RDONLY);
    fds[count++] = file_open(path, O_RDONLY);
    request =
        json_pack("{s:i,s:o,s:i,s:O,s:O}", "version", 1, "source", source_json(run, fds[count - 2]),
                  "index_fd", fds[count - 1], "conform", json_object_get(run->examined, "conform"),
                  "plan", json_object_get(run->examined, "plan"));
    (void)json_object_update(request, more);
    json_decref(more);
    media_run(run->program, operation, request, answer);
    json_decref(request);
    while (count > 0)
        (void)close(fds[--count]);
    return answer->exited;
}

int asset_run_chunk(const struct asset_run *run, int64_t k, struct media_run *answer)
{
    json_t *outputs = json_array(), *rendition;
    int fds[FDS_MAX], tiles;
    size_t index, count = 0;
    char path[128];

    json_array_foreach(asset_run_plan(run, "video"), index, rendition)
    {
        const char *id = json_string_value(json_object_get(rendition, "id"));

        asset_run_path(run, id, k, path);
        fds[count] = file_open(path, O_RDWR | O_CREAT | O_TRUNC);
        (void)json_array_append_new(outputs, json_pack("{s:s,s:i}", "id", id, "fd", fds[count]));
        count++;
    }
    asset_run_path(run, "tiles", k, path);
    tiles = fds[count++] = file_open(path, O_RDWR | O_CREAT | O_TRUNC);
    return job_run(
        run, "chunk",
        json_pack("{s:I,s:o,s:i}", "chunk", (json_int_t)k, "outputs", outputs, "tiles_fd", tiles),
        fds, count, answer);
}

int asset_run_audio(const struct asset_run *run, int64_t n, struct media_run *answer)
{
    int fds[FDS_MAX];
    char path[128], name[24];

    (void)snprintf(name, sizeof(name), "a%" PRId64, n);
    asset_run_path(run, name, 0, path);
    fds[0] = file_open(path, O_RDWR | O_CREAT | O_TRUNC);
    return job_run(run, "audio",
                   json_pack("{s:I,s:i}", "audio", (json_int_t)n, "output_fd", fds[0]), fds, 1,
                   answer);
}

int asset_run_text(const struct asset_run *run, int64_t n, struct media_run *answer)
{
    json_t *more = json_pack("{s:I}", "text", (json_int_t)n);
    int fds[FDS_MAX];
    size_t count = 0;
    char path[128], name[24];

    (void)snprintf(name, sizeof(name), "t%" PRId64, n);
    asset_run_path(run, name, 0, path);
    fds[count++] = file_open(path, O_RDWR | O_CREAT | O_TRUNC);
    (void)json_object_set_new(more, "output_fd", json_integer(fds[0]));
    if (run->subtitle) {
        fds[count++] = file_open(run->subtitle, O_RDONLY);
        (void)json_object_set_new(
            more, "subtitle",
            json_pack("{s:i,s:s}", "fd", fds[1], "name", strrchr(run->subtitle, '/') + 1));
    }
    return job_run(run, "text", more, fds, count, answer);
}

struct assembly {
    FILE *out;
    const struct spn_piece *pieces;
};

static int assembly_write(void *opaque, const uint8_t *bytes, size_t piece, uint64_t offset,
                          uint64_t size, struct spn_error *err)
{
    struct assembly *assembly = opaque;
    char block[65536];

    (void)err;
    if (bytes)
        return fwrite(bytes, 1, size, assembly->out) == size ? SPN_OK : SPN_EIO;
    while (size > 0) {
        size_t part = size < sizeof(block) ? size : sizeof(block);

        if (pread(assembly->pieces[piece].fd, block, part, (off_t)offset) != (ssize_t)part ||
            fwrite(block, 1, part, assembly->out) != part)
            return SPN_EIO;
        offset += part;
        size -= part;
    }
    return SPN_OK;
}

int asset_run_assemble(const struct asset_run *run, const char *id, int64_t count, char path[128])
{
    struct spn_piece pieces[16];
    struct assembly assembly = { .pieces = pieces };
    struct spn_error err = { 0 };
    char names[16][128];
    int ret;

    for (int64_t k = 0; k < count; k++) {
        asset_run_path(run, id, k, names[k]);
        pieces[k] = (struct spn_piece){ file_open(names[k], O_RDONLY), names[k] };
    }
    (void)snprintf(path, 128, "%s/%s.mp4", run->dir, id);
    assembly.out = fopen(path, "w");
    if (!assembly.out)
        abort();
    ret = spn_track_assemble(pieces, (size_t)count, assembly_write, &assembly, &err);
    if (ret < 0)
        (void)fprintf(stderr, "%s\n", err.text);
    (void)fclose(assembly.out);
    while (count > 0)
        (void)close(pieces[--count].fd);
    return ret;
}

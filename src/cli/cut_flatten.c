/* sampan cut flatten: a cut as one ordinary MP4, made and fetched. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cut_verbs.h"
#include "output.h"
#include "sampan/file.h"

#define LOOK_MS    300
#define PATIENCE   60000 /* ms, for an API that is restarted meanwhile */
#define PATH_ROOM  256
#define SHORT_HASH 12 /* digits of the SHA-256 in the name of what is not whole yet */

/* "?language=zh-Hans", or nothing. */
static int language_query(const struct typed *typed, char out[PATH_ROOM], struct spn_error *err)
{
    const char *language = typed_value(typed, "language");
    char escaped[PATH_ROOM / 2];
    int ret;

    out[0] = '\0';
    if (!language)
        return SPN_OK;
    if ((ret = client_escape(language, escaped, sizeof(escaped), err)) >= 0)
        (void)snprintf(out, PATH_ROOM, "?language=%s", escaped);
    return ret;
}

static int there(const char *path, struct spn_error *err)
{
    return spn_error_set(err, SPN_EEXIST, "%.400s is there already; --force replaces it", path);
}

/* ---- made ---- */

static int flat_ask(struct typed *typed, struct client *client, json_t **flat,
                    struct spn_error *err)
{
    const char *rung = typed_value(typed, "rung");
    char query[PATH_ROOM];
    json_t *body = json_object();
    int ret;

    if (rung && json_object_set_new(body, "rung", json_string(rung)) < 0)
        ret = spn_error_set(err, SPN_EINVAL, "--rung is not UTF-8");
    else if ((ret = language_query(typed, query, err)) >= 0)
        ret = client_post(client, body, flat, err, "/api/v1/cuts/%s/flatten%s", typed->operands[1],
                          query);
    json_decref(body);
    return ret;
}

/* Look until it is there. *flat is replaced by what was seen last. */
static int made_wait(struct typed *typed, struct client *client, json_t **flat,
                     struct spn_error *err)
{
    char path[2 * PATH_ROOM], query[PATH_ROOM];
    struct client_call call = { .method = "GET", .path = path, .patience_ms = PATIENCE };
    struct bar bar;
    int ret = language_query(typed, query, err);

    (void)snprintf(path, sizeof(path), "/api/v1/cuts/%.60s/flat/%.10s%s", typed->operands[1],
                   text_of(*flat, "rung"), query);
    bar_begin(&bar);
    while (ret >= 0 && !strcmp(text_of(*flat, "state"), "making")) {
        const json_t *progress = json_object_get(*flat, "progress");
        const json_t *left = json_object_get(progress, "seconds_left");
        int paused = json_is_true(json_object_get(progress, "paused"));

        bar.per_second = json_number_value(json_object_get(progress, "per_second"));
        bar.seconds_left = json_is_integer(left) ? json_integer_value(left) : -1;
        if (!typed->json)
            bar_show(&bar, text_of(*flat, "file_name"),
                     paused ? "paused, the disk is full" : "making", number_of(progress, "done"),
                     number_of(progress, "total"), "bytes");
        usleep(LOOK_MS * 1000);
        json_decref(*flat);
        *flat = NULL;
        ret = client_do(client, &call, flat, err);
    }
    bar_end(&bar);
    if (ret < 0)
        return ret;
    if (!strcmp(text_of(*flat, "state"), "ready"))
        return SPN_OK;
    return spn_error_set(err, SPN_EIO, "%s",
                         json_is_object(json_object_get(*flat, "error"))
                             ? text_of(json_object_get(*flat, "error"), "text")
                             : "the file is gone again; ask for it once more");
}

/* ---- fetched ---- */

/* Where it goes: -o FILE, -o DIRECTORY, or the title's name here. */
static int output_path(const struct typed *typed, const json_t *flat, char out[SPN_PATH_MAX],
                       struct spn_error *err)
{
    const char *output = typed_value(typed, "o"), *name = text_of(flat, "file_name");
    struct stat st;
    int is_folder = output && stat(output, &st) == 0 && S_ISDIR(st.st_mode), length;

    if (!output || is_folder)
        length =
            snprintf(out, SPN_PATH_MAX, "%s%s%s", output ? output : "", output ? "/" : "", name);
    else
        length = snprintf(out, SPN_PATH_MAX, "%s", output);
    if (length < 0 || length >= SPN_PATH_MAX - SHORT_HASH - 8)
        return spn_error_set(err, SPN_ELIMIT, "the path %.100s… is too long", out);
    return typed_has(typed, "force") || lstat(out, &st) < 0 ? SPN_OK : there(out, err);
}

struct fetch {
    struct bar bar;
    const char *label;
    int quiet;
};

static void fetched(void *opaque, int64_t done, int64_t total)
{
    struct fetch *fetch = opaque;

    if (!fetch->quiet)
        bar_show(&fetch->bar, fetch->label, "fetching", done, total, "bytes");
}

/* What there is of it goes on; what is longer than it can be is begun anew. */
static int part_open(const char *part, int64_t total, struct spn_file **file, struct spn_error *err)
{
    int ret = spn_file_resume(part, file, err);

    if (ret >= 0 && spn_file_size(*file) > (uint64_t)total) {
        spn_file_destroy(*file);
        *file = NULL;
        if ((ret = spn_file_remove(part, err)) < 0)
            return ret;
        ret = SPN_ENOENT;
    }
    if (ret == SPN_ENOENT && (ret = spn_file_begin(part, 0644, err)) >= 0)
        ret = spn_file_resume(part, file, err);
    return ret == SPN_EAGAIN ? spn_error_set(err, SPN_ECONFLICT,
                                             "%.400s is being fetched by another sampan", part)
                             : ret;
}

static int hash_check(struct spn_file *file, const char *part, const char *wanted,
                      struct spn_error *err)
{
    char hex[SPN_HASH_HEX + 1];
    struct spn_hash hash;
    int ret;

    if ((ret = spn_file_sync(file, err)) < 0 ||
        (ret = spn_file_hash(spn_file_fd(file), &hash, NULL, err)) < 0)
        return ret;
    spn_hash_hex(&hash, hex);
    if (strcmp(hex, wanted) == 0)
        return SPN_OK;
    (void)spn_file_remove(part, NULL);
    return spn_error_set(err, SPN_EMISMATCH,
                         "the bytes that came are not those that were made (SHA-256 %s, not %s): "
                         "fetch it again; if that does not help, a disk has changed them",
                         hex, wanted);
}

/* A hard link never replaces anything; where a file system has none, a look has to do. */
static int part_place(struct spn_file *file, const char *part, const char *path, int force,
                      struct spn_error *err)
{
    struct stat st;

    if (force)
        return spn_file_commit(file, path, err);
    if (link(part, path) == 0)
        return spn_file_remove(part, err);
    if (errno == EEXIST || lstat(path, &st) == 0)
        return there(path, err);
    return spn_file_commit(file, path, err);
}

static int flat_fetch(struct typed *typed, struct client *client, const json_t *flat,
                      const char *path, struct spn_error *err)
{
    struct fetch fetch = { .label = path, .quiet = typed->json };
    struct sink sink = { .total = number_of(flat, "bytes"),
                         .etag = text_of(flat, "sha256"),
                         .each = fetched,
                         .opaque = &fetch };
    char part[SPN_PATH_MAX];
    int ret;

    (void)snprintf(part, sizeof(part), "%.*s.%.*s.part", SPN_PATH_MAX - SHORT_HASH - 8, path,
                   SHORT_HASH, sink.etag);
    if ((ret = part_open(part, sink.total, &sink.file, err)) < 0)
        return ret;
    sink.done = (int64_t)spn_file_size(sink.file);
    bar_begin(&fetch.bar);
    ret = client_file(client, text_of(flat, "file"), &sink, PATIENCE, err);
    bar_end(&fetch.bar);
    if (ret >= 0 && (ret = hash_check(sink.file, part, sink.etag, err)) >= 0)
        ret = part_place(sink.file, part, path, typed_has(typed, "force"), err);
    spn_file_destroy(sink.file);
    return ret;
}

int cut_flatten(struct typed *typed, struct client *client, struct spn_error *err)
{
    int fetches = typed_has(typed, "wait") || typed_value(typed, "o"), ret;
    char path[SPN_PATH_MAX];
    json_t *flat = NULL;

    if (fetches && typed_value(typed, "o") && !strcmp(typed_value(typed, "o"), "-"))
        return spn_error_set(err, SPN_EINVAL,
                             "it goes into a file, so that a fetch that is cut off can go on and "
                             "be checked: -o FILE");
    if ((ret = flat_ask(typed, client, &flat, err)) < 0)
        return ret;
    if (fetches && (ret = output_path(typed, flat, path, err)) >= 0) {
        if (!typed->json && !strcmp(text_of(flat, "state"), "making"))
            (void)fprintf(stderr, "it will have about %" PRId64 " bytes\n",
                          number_of(flat, "estimate"));
        if ((ret = made_wait(typed, client, &flat, err)) >= 0)
            ret = flat_fetch(typed, client, flat, path, err);
    }
    if (ret >= 0 && typed->json) {
        if (fetches)
            (void)json_object_set_new(flat, "output", json_string(path));
        output_json(json_incref(flat));
    } else if (ret >= 0 && fetches) {
        printf("%s: %" PRId64 " bytes, SHA-256 %s\n", path, number_of(flat, "bytes"),
               text_of(flat, "sha256"));
    } else if (ret >= 0 && !strcmp(text_of(flat, "state"), "ready")) {
        printf("%s is there as %s, %" PRId64 " bytes; --wait fetches it\n", typed->operands[1],
               text_of(flat, "rung"), number_of(flat, "bytes"));
    } else if (ret >= 0) {
        printf("%s is being made into one file of %s, of about %" PRId64
               " bytes; --wait waits and fetches it\n",
               typed->operands[1], text_of(flat, "rung"), number_of(flat, "estimate"));
    }
    json_decref(flat);
    return ret;
}

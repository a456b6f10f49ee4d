/* gc.c - remove what nothing refers to, and is old enough. */
#include "gc.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "json.h"
#include "log.h"
#include "named.h"
#include "pieces.h"

#define LISTED_MAX 1000 /* paths in the report */

struct gc {
    struct instance *instance;
    const struct gc_options *options;
    struct db *db;
    struct named named;
    int64_t files, bytes, kept;
    json_t *removed;
};

/* One thing that may go: what must have no row, asked before and again under the lock. */
struct candidate {
    struct gc *gc;
    const char *path;
    const char *name; /* a hash or an id */
    const char *sql;  /* counts the rows that name it */
    int is_folder, gone;
};

static int candidate_named(struct db *db, const struct candidate *candidate, struct spn_error *err)
{
    int64_t count = 0;
    int ret = db_count(db, candidate->sql, DB_ARGS(db_text(candidate->name)), 0, &count, err);

    return ret < 0 ? ret : count > 0;
}

static int candidate_remove(struct db *db, void *opaque, struct spn_error *err)
{
    struct candidate *candidate = opaque;
    struct gc *gc = candidate->gc;
    int ret;

    candidate->gone = 0;
    if ((ret = db_hold(db, DB_LOCK_FILES, 1, err)) < 0 ||
        (ret = candidate_named(db, candidate, err)) != 0)
        return ret < 0 ? ret : SPN_OK;
    /* Written again since it was looked at? */
    if (file_age_ms(gc->instance, candidate->path, NULL) < gc->instance->gc_grace_ms)
        return SPN_OK;
    ret = candidate->is_folder ? folder_remove(candidate->path, err)
                               : spn_file_remove(candidate->path, err);
    candidate->gone = ret >= 0;
    return ret;
}

static int candidate_try(struct candidate *candidate, struct spn_error *err)
{
    struct gc *gc = candidate->gc;
    int64_t bytes = 0;
    int ret;

    if (file_age_ms(gc->instance, candidate->path, &bytes) < gc->instance->gc_grace_ms) {
        gc->kept++;
        return SPN_OK;
    }
    if ((ret = candidate_named(gc->db, candidate, err)) < 0)
        return ret;
    if (ret > 0) {
        gc->kept++;
        return SPN_OK;
    }
    if (gc->options->between &&
        (ret = gc->options->between(gc->options->opaque, candidate->path)) < 0)
        return spn_error_set(err, ret, "stopped before %s", candidate->path);
    if (gc->options->dry_run)
        candidate->gone = 1;
    else if ((ret = db_transact(gc->db, candidate_remove, candidate, err)) < 0)
        return ret;
    if (!candidate->gone) {
        gc->kept++;
        return SPN_OK;
    }
    gc->files++;
    gc->bytes += candidate->is_folder ? 0 : bytes;
    if (json_array_size(gc->removed) < LISTED_MAX)
        (void)json_array_append_new(
            gc->removed, json_string(candidate->path + strlen(gc->instance->data_dir) + 1));
    return SPN_OK;
}

/* source/, track/, bridge/, flat/: "HASH" or "HASH.suffix". */
static int gc_named_file(void *opaque, const char *path, const char *name, struct spn_error *err)
{
    struct gc *gc = opaque;
    size_t length = strcspn(name, ".");
    char hex[SPN_HASH_HEX + 1];
    struct spn_hash hash;
    struct candidate candidate = { .gc = gc, .path = path, .name = hex };

    if (spn_hash_parse(name, length, &hash) < 0)
        return SPN_OK; /* not ours */
    memcpy(hex, name, length);
    hex[length] = '\0';
    if (named_has(&gc->named, &hash)) {
        gc->kept++;
        return SPN_OK;
    }
    candidate.sql = "SELECT (SELECT count(*) FROM rendition WHERE name = $1) +"
                    " (SELECT count(*) FROM asset WHERE board = $1) +"
                    " (SELECT count(*) FROM asset WHERE source = $1) +"
                    " (SELECT count(*) FROM cut_file WHERE name = $1) +"
                    " (SELECT count(*) FROM flat WHERE name = $1)";
    return candidate_try(&candidate, err);
}

/* The file of a publication that was withdrawn long ago; its tombstone stays. */
static int gc_publication(void *opaque, const char *path, const char *name, struct spn_error *err)
{
    struct gc *gc = opaque;
    struct candidate candidate = { .gc = gc, .path = path, .name = name };
    char gone[SPN_PATH_MAX + 8];

    if (spn_id_check("publication", name, strlen(name)) < 0)
        return SPN_OK;
    (void)snprintf(gone, sizeof(gone), "%s.gone", path);
    if (file_age_ms(gc->instance, gone, NULL) < gc->instance->gc_grace_ms) {
        gc->kept++;
        return SPN_OK;
    }
    candidate.sql = "SELECT count(*) FROM publication WHERE id = $1 AND state <> 'gone'";
    return candidate_try(&candidate, err);
}

/* One level of tmp: uploads without a row, pieces without an asset, files that nobody finished. */
static int gc_tmp(struct gc *gc, const char *folder, const char *sql, int folders,
                  struct spn_error *err)
{
    char root[SPN_PATH_MAX];
    struct dirent *entry;
    int ret;
    DIR *dir;

    if ((ret = instance_path(gc->instance, root, sizeof(root), folder, err)) < 0)
        return ret;
    if (!(dir = opendir(root)))
        return spn_error_errno(err, errno, "cannot read %s", root);
    while (ret >= 0 && (entry = readdir(dir))) {
        char path[SPN_PATH_MAX];
        struct candidate candidate = {
            .gc = gc, .path = path, .name = entry->d_name, .sql = sql, .is_folder = folders
        };
        struct stat st;

        if (entry->d_name[0] == '.' && (!entry->d_name[1] || entry->d_name[1] == '.'))
            continue;
        (void)snprintf(path, sizeof(path), "%.3800s/%.255s", root, entry->d_name);
        if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) != !folders)
            continue;
        ret = candidate_try(&candidate, err);
    }
    (void)closedir(dir);
    return ret < 0 ? ret : SPN_OK;
}

/* Rows first, so that their files are seen to be unnamed. */
static int gc_rows(struct gc *gc, struct spn_error *err)
{
    static const char *const statements[] = {
        "DELETE FROM source WHERE created_ms < $1"
        " AND NOT EXISTS (SELECT 1 FROM asset WHERE asset.source = source.hash)",
        /* what nobody asked for in that time, and what is not being made */
        "DELETE FROM flat WHERE asked_ms < $1 AND (facts IS NOT NULL OR error_code IS NOT NULL)",
    };
    int64_t before_ms = instance_now_ms(gc->instance) - gc->instance->gc_grace_ms;
    int ret = SPN_OK;

    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && ret >= 0; i++)
        if (!gc->options->dry_run)
            ret = db_run(gc->db, statements[i], DB_ARGS(db_number(before_ms)), NULL, err);
    return ret;
}

static int gc_steps(struct gc *gc, struct spn_error *err)
{
    int ret;

    if ((ret = gc_rows(gc, err)) < 0 || (ret = named_read(gc->instance, &gc->named, err)) < 0 ||
        (ret = folder_walk(gc->instance, "track", gc_named_file, gc, err)) < 0 ||
        (ret = folder_walk(gc->instance, "bridge", gc_named_file, gc, err)) < 0 ||
        (ret = folder_walk(gc->instance, "flat", gc_named_file, gc, err)) < 0 ||
        (ret = folder_walk(gc->instance, "source", gc_named_file, gc, err)) < 0 ||
        (ret = folder_walk(gc->instance, "publication", gc_publication, gc, err)) < 0 ||
        (ret = gc_tmp(gc, "tmp/upload", "SELECT count(*) FROM upload WHERE id = $1", 0, err)) < 0 ||
        (ret = gc_tmp(gc, "tmp/asset",
                      "SELECT count(*) FROM asset WHERE hash = $1 AND state <> 'ready'", 1, err)) <
            0)
        return ret;
    /* What somebody is writing is young. */
    return gc_tmp(gc, "tmp", "SELECT count(*) FROM upload WHERE id = $1", 0, err);
}

int gc_run(struct instance *instance, const struct gc_options *options, json_t **out,
           struct spn_error *err)
{
    struct gc gc = { .instance = instance, .options = options, .removed = json_array() };
    int ret;

    *out = NULL;
    if ((ret = store_db(instance->store, &gc.db, err)) >= 0)
        ret = gc_steps(&gc, err);
    named_finish(&gc.named);
    if (ret < 0) {
        json_decref(gc.removed);
        return ret;
    }
    log_info("what nothing refers to was collected", LOG_NUMBER("files", gc.files),
             LOG_NUMBER("bytes", gc.bytes), LOG_NUMBER("kept", gc.kept));
    *out = json_object();
    (void)json_object_set_new(*out, "dry_run", json_boolean(options->dry_run));
    json_put_number(*out, "files", gc.files);
    json_put_number(*out, "bytes", gc.bytes);
    json_put_number(*out, "kept", gc.kept);
    (void)json_object_set_new(*out, "removed", gc.removed);
    return SPN_OK;
}

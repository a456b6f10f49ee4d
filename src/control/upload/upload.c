/* upload.c - uploads: rows, files, and one writer at a time. */
#include "upload.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int upload_path(const struct instance *instance, const char *id, char *out, struct spn_error *err)
{
    int length = snprintf(out, SPN_PATH_MAX, "%s/tmp/upload/%s", instance->data_dir, id);

    return length < 0 || length >= SPN_PATH_MAX
               ? spn_error_set(err, SPN_ELIMIT, "the path of the upload %s is too long", id)
               : SPN_OK;
}

/* "filename d29ybGQ=,type …": the value of filename or name, decoded; what may not be in a name is
 * _. */
static void metadata_name(const char *metadata, char out[UPLOAD_NAME_MAX])
{
    static const char *const keys[] = { "filename ", "name " };
    size_t length = 0;

    for (size_t k = 0; k < 2 && length == 0; k++) {
        const char *at = metadata;

        while (at && *at) {
            at += strspn(at, " ,");
            if (strncmp(at, keys[k], strlen(keys[k])) == 0) {
                at += strlen(keys[k]);
                if (sodium_base642bin((unsigned char *)out, UPLOAD_NAME_MAX - 1, at,
                                      strcspn(at, ", "), NULL, &length, NULL,
                                      sodium_base64_VARIANT_ORIGINAL) != 0)
                    length = 0;
                break;
            }
            at = strchr(at, ',');
        }
    }
    out[length] = '\0';
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)out[i] < 0x20 || out[i] == '/' || out[i] == 0x7F)
            out[i] = '_';
    if (length == 0)
        memcpy(out, "upload", sizeof("upload"));
}

int upload_create(const struct instance *instance, struct db *db, int64_t length,
                  const char *metadata, char *id, struct spn_error *err)
{
    int64_t now_ms = instance_now_ms(instance);
    char path[SPN_PATH_MAX], name[UPLOAD_NAME_MAX];
    int ret;

    if (strlen(metadata) >= UPLOAD_METADATA_MAX)
        return spn_error_set(err, SPN_ELIMIT, "Upload-Metadata has more than %d bytes",
                             UPLOAD_METADATA_MAX - 1);
    if (length > instance_room(instance))
        return spn_error_set(err, SPN_ENOSPC,
                             "there is no room for %lld bytes on the disk of the data directory",
                             (long long)length);
    metadata_name(metadata, name);
    instance_id(instance, "upload", now_ms, 0, id);
    if ((ret = upload_path(instance, id, path, err)) < 0 ||
        (ret = spn_file_begin(path, 0640, err)) < 0)
        return ret;
    return db_run(db,
                  "INSERT INTO upload (id, state, name, metadata, length, created_ms, expires_ms,"
                  " kept) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
                  DB_ARGS(db_text(id), db_text(length == 0 ? "complete" : "open"), db_text(name),
                          db_text(metadata), db_number(length), db_number(now_ms),
                          db_number(now_ms + instance->upload_keep_ms)),
                  NULL, err);
}

static void text_copy(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text ? text : "");
}

int upload_show(const struct instance *instance, struct db *db, const char *id, struct upload *out,
                struct spn_error *err)
{
    char path[SPN_PATH_MAX];
    struct rows *rows = NULL;
    int64_t kept = INT64_MAX; /* an upload of before this was kept has what its file has */
    struct stat st;
    int ret;

    memset(out, 0, sizeof(*out));
    if ((ret = db_query(db,
                        "SELECT id, state, name, metadata, length, expires_ms, kept FROM upload"
                        " WHERE id = $1",
                        DB_ARGS(db_text(id)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        text_copy(out->id, sizeof(out->id), rows_text(rows, 0));
        text_copy(out->state, sizeof(out->state), rows_text(rows, 1));
        text_copy(out->name, sizeof(out->name), rows_text(rows, 2));
        text_copy(out->metadata, sizeof(out->metadata), rows_text(rows, 3));
        out->length = rows_number(rows, 4);
        out->expires_ms = rows_number(rows, 5);
        if (!rows_null(rows, 6))
            kept = rows_number(rows, 6);
    }
    rows_close(rows);
    if (ret == 0 || (ret > 0 && strcmp(out->state, "taken") != 0 &&
                     out->expires_ms <= instance_now_ms(instance)))
        return spn_error_set(err, SPN_ENOENT, "there is no upload %s, or it has expired", id);
    if (ret < 0 || (ret = upload_path(instance, id, path, err)) < 0)
        return ret;
    if (stat(path, &st) < 0) {
        if (strcmp(out->state, "taken") == 0) {
            out->offset = out->length;
            return SPN_OK;
        }
        return spn_error_set(err, SPN_ENOENT, "the upload %s is no longer there; begin it again",
                             id);
    }
    out->offset = kept < st.st_size ? kept : st.st_size;
    return SPN_OK;
}

int upload_delete(const struct instance *instance, struct db *db, const char *id,
                  struct spn_error *err)
{
    char path[SPN_PATH_MAX];
    struct upload upload;
    int64_t changed = 0;
    int ret;

    if ((ret = upload_show(instance, db, id, &upload, err)) < 0 ||
        (ret = upload_path(instance, id, path, err)) < 0 ||
        (ret = db_run(db, "DELETE FROM upload WHERE id = $1 AND state <> 'taken'",
                      DB_ARGS(db_text(id)), &changed, err)) < 0)
        return ret;
    if (!changed)
        return spn_error_set(err, SPN_ECONFLICT, "an ingest has the upload %s; cancel that", id);
    return spn_file_remove(path, err);
}

int upload_take(const struct instance *instance, struct db *db, const char *id, const char *ingest,
                char *path, char *name, struct spn_error *err)
{
    struct upload upload;
    int64_t changed = 0;
    int ret;

    if ((ret = upload_show(instance, db, id, &upload, err)) < 0 ||
        (ret = upload_path(instance, id, path, err)) < 0)
        return ret;
    if (strcmp(upload.state, "taken") == 0)
        return spn_error_set(err, SPN_ECONFLICT, "another ingest has the upload %s", id);
    if (upload.offset != upload.length)
        return spn_error_set(err, SPN_ECONFLICT,
                             "the upload %s has %lld of %lld bytes; finish it first", id,
                             (long long)upload.offset, (long long)upload.length);
    memcpy(name, upload.name, sizeof(upload.name));
    if ((ret = db_run(db,
                      "UPDATE upload SET state = 'taken', ingest = $2 WHERE id = $1"
                      " AND state <> 'taken'",
                      DB_ARGS(db_text(id), db_text(ingest)), &changed, err)) < 0)
        return ret;
    return changed ? SPN_OK
                   : spn_error_set(err, SPN_ECONFLICT, "another ingest has the upload %s", id);
}

int upload_expire(const struct instance *instance, struct db *db, struct spn_error *err)
{
    for (;;) {
        char id[SPN_ID_MAX] = "", path[SPN_PATH_MAX];
        struct rows *rows = NULL;
        int ret;

        if ((ret = db_query(db,
                            "SELECT id FROM upload WHERE (state <> 'taken' AND expires_ms <= $1)"
                            " OR (state = 'taken' AND ingest NOT IN (SELECT id FROM ingest"
                            "  WHERE state IN ('examining', 'encoding', 'failed'))) LIMIT 1",
                            DB_ARGS(db_number(instance_now_ms(instance))), &rows, err)) < 0)
            return ret;
        if ((ret = rows_next(rows, err)) > 0)
            text_copy(id, sizeof(id), rows_text(rows, 0));
        rows_close(rows);
        if (ret <= 0)
            return ret;
        /* The file first: a row without a file is found again, a file without a row is for gc. */
        if ((ret = upload_path(instance, id, path, err)) < 0 ||
            (ret = spn_file_remove(path, err)) < 0 ||
            (ret = db_run(db, "DELETE FROM upload WHERE id = $1", DB_ARGS(db_text(id)), NULL,
                          err)) < 0)
            return ret;
    }
}

struct upload_writer {
    char id[SPN_ID_MAX];
    int64_t offset, length;
    int64_t kept, step; /* what the catalogue says is there, and how often it is told */
    struct spn_file *file;
};

/* Where it ends is asked once nobody else can write any more. */
static int writer_begin(const struct instance *instance, struct db *db, const char *id,
                        int64_t offset, struct upload_writer *writer, struct spn_error *err)
{
    struct upload upload;
    int ret = upload_show(instance, db, id, &upload, err);

    if (ret < 0)
        return ret;
    if (strcmp(upload.state, "taken") == 0)
        return spn_error_set(err, SPN_ECONFLICT, "an ingest has the upload %s already", id);
    if (upload.offset != offset)
        return spn_error_set(err, SPN_ECONFLICT,
                             "the upload %s has %lld bytes, and Upload-Offset says %lld", id,
                             (long long)upload.offset, (long long)offset);
    memcpy(writer->id, upload.id, sizeof(writer->id));
    writer->offset = writer->kept = offset;
    writer->length = upload.length;
    writer->step = instance->upload_sync;
    return spn_file_truncate(writer->file, (uint64_t)offset, err);
}

int upload_open(const struct instance *instance, struct db *db, const char *id, int64_t offset,
                struct upload_writer **out, struct spn_error *err)
{
    char path[SPN_PATH_MAX];
    struct upload_writer *writer;
    struct upload upload;
    int ret;

    *out = NULL;
    if ((ret = upload_show(instance, db, id, &upload, err)) < 0 ||
        (ret = upload_path(instance, id, path, err)) < 0)
        return ret;
    if (strcmp(upload.state, "taken") == 0)
        return spn_error_set(err, SPN_ECONFLICT, "an ingest has the upload %s already", id);
    if (!(writer = calloc(1, sizeof(*writer))))
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    ret = spn_file_resume(path, &writer->file, err);
    if (ret == SPN_EAGAIN)
        ret = spn_error_set(err, SPN_EAGAIN, "another request is writing to the upload %s", id);
    else if (ret >= 0)
        ret = writer_begin(instance, db, id, offset, writer, err);
    if (ret < 0) {
        spn_file_destroy(writer->file);
        free(writer);
        return ret;
    }
    *out = writer;
    return SPN_OK;
}

/* Sync what came, and only then say so. */
static int writer_keep(struct upload_writer *writer, struct db *db, struct spn_error *err)
{
    int ret;

    if (writer->offset == writer->kept)
        return SPN_OK;
    if ((ret = spn_file_sync(writer->file, err)) >= 0)
        ret = db_run(db,
                     "UPDATE upload SET kept = $2, state = CASE WHEN length = $2 THEN 'complete'"
                     " ELSE state END WHERE id = $1 AND state <> 'taken'",
                     DB_ARGS(db_text(writer->id), db_number(writer->offset)), NULL, err);
    if (ret >= 0)
        writer->kept = writer->offset;
    return ret;
}

int upload_write(struct upload_writer *writer, struct db *db, const void *bytes, size_t size,
                 struct spn_error *err)
{
    int ret;

    if ((int64_t)size > writer->length - writer->offset)
        return spn_error_set(err, SPN_ELIMIT, "the upload %s is longer than the %lld bytes it said",
                             writer->id, (long long)writer->length);
    if ((ret = spn_file_write(writer->file, bytes, size, err)) < 0)
        return ret;
    writer->offset += (int64_t)size;
    return writer->offset - writer->kept < writer->step ? SPN_OK : writer_keep(writer, db, err);
}

int upload_close(struct upload_writer *writer, struct db *db, int64_t *offset,
                 struct spn_error *err)
{
    int ret = db ? writer_keep(writer, db, err) : SPN_OK;

    spn_file_destroy(writer->file);
    if (offset)
        *offset = writer->kept;
    free(writer);
    return ret;
}

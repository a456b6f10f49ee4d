/* api_upload.c - /uploads: tus 1.0.0 with creation, termination and expiration */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api.h"
#include "log.h"
#include "upload/upload.h"

#define TUS_VERSION    "1.0.0"
#define TUS_EXTENSIONS "creation,termination,expiration"

static int tus_begin(struct request *request, struct spn_error *err)
{
    const char *version = request_header(request, "Tus-Resumable");

    request_answer_header(request, "Tus-Resumable", TUS_VERSION);
    if (version && strcmp(version, TUS_VERSION) == 0)
        return SPN_OK;
    request_answer_header(request, "Tus-Version", TUS_VERSION);
    return request_refuse(request, 412, SPN_EUNSUPPORTED, err,
                          "uploads speak tus: send the header Tus-Resumable: " TUS_VERSION);
}

/* A number in a header, or -1. */
static int64_t header_number(const struct request *request, const char *name)
{
    const char *text = request_header(request, name);

    if (!text || !*text || strlen(text) > 18 || strspn(text, "0123456789") != strlen(text))
        return -1;
    return strtoll(text, NULL, 10);
}

static void expires_header(struct request *request, int64_t expires_ms)
{
    time_t seconds = (time_t)(expires_ms / 1000);
    char text[64];
    struct tm tm;

    (void)gmtime_r(&seconds, &tm);
    (void)strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    request_answer_header(request, "Upload-Expires", "%s", text);
}

int api_upload_options(struct request *request, struct spn_error *err)
{
    (void)err;
    request_answer_header(request, "Tus-Resumable", TUS_VERSION);
    request_answer_header(request, "Tus-Version", TUS_VERSION);
    request_answer_header(request, "Tus-Extension", TUS_EXTENSIONS);
    request_answer_header(request, "Tus-Max-Size", "%lld", (long long)UPLOAD_LENGTH_MAX);
    return request_empty(request, 204);
}

int api_upload_create(struct request *request, struct spn_error *err)
{
    const char *metadata = request_header(request, "Upload-Metadata");
    int64_t length = header_number(request, "Upload-Length");
    char id[SPN_ID_MAX];
    int ret;

    if ((ret = tus_begin(request, err)) < 0)
        return ret;
    if (length < 0)
        return spn_error_set(err, SPN_EINVAL, "Upload-Length must say how many bytes the file has");
    if (length > UPLOAD_LENGTH_MAX)
        return spn_error_set(err, SPN_ELIMIT, "the file has %lld bytes, %lld are the most",
                             (long long)length, (long long)UPLOAD_LENGTH_MAX);
    if ((ret = upload_create(request->instance, request->db, length, metadata ? metadata : "", id,
                             err)) < 0)
        return ret;
    request_answer_header(request, "Location", "/api/v1/uploads/%s", id);
    expires_header(request, instance_now_ms(request->instance) + request->instance->upload_keep_ms);
    return request_empty(request, 201);
}

int api_upload_head(struct request *request, struct spn_error *err)
{
    struct upload upload;
    int ret;

    if ((ret = tus_begin(request, err)) < 0 ||
        (ret = upload_show(request->instance, request->db, request->params[0], &upload, err)) < 0)
        return ret;
    request_answer_header(request, "Upload-Offset", "%lld", (long long)upload.offset);
    request_answer_header(request, "Upload-Length", "%lld", (long long)upload.length);
    if (upload.metadata[0] && strlen(upload.metadata) < 256)
        request_answer_header(request, "Upload-Metadata", "%s", upload.metadata);
    expires_header(request, upload.expires_ms);
    return request_empty(request, 200);
}

int api_upload_delete(struct request *request, struct spn_error *err)
{
    int ret;

    if ((ret = tus_begin(request, err)) < 0 ||
        (ret = upload_delete(request->instance, request->db, request->params[0], err)) < 0)
        return ret;
    return request_empty(request, 204);
}

/* ---- PATCH: the body goes to the file as it comes ---- */

static int patch_begin(struct request *request, struct spn_error *err)
{
    const char *type = request_header(request, "Content-Type");
    int64_t offset = header_number(request, "Upload-Offset");
    struct upload_writer *writer;
    int ret;

    if ((ret = tus_begin(request, err)) < 0)
        return ret;
    if (!type || strcmp(type, "application/offset+octet-stream") != 0)
        return request_refuse(request, 415, SPN_EUNSUPPORTED, err,
                              "the Content-Type of a part is application/offset+octet-stream");
    if (offset < 0)
        return spn_error_set(err, SPN_EINVAL, "Upload-Offset must say where the part begins");
    ret = upload_open(request->instance, request->db, request->params[0], offset, &writer, err);
    if (ret == SPN_EAGAIN)
        request->status = 423;
    request->stream_state = writer;
    return ret;
}

static int patch_bytes(struct request *request, const void *bytes, size_t size,
                       struct spn_error *err)
{
    struct db *db;
    int ret = store_db(request->instance->store, &db, err);

    return ret < 0 ? ret : upload_write(request->stream_state, db, bytes, size, err);
}

/* The client is gone: what came is kept. */
static void patch_end(struct request *request)
{
    struct spn_error err = { 0 };
    struct db *db = NULL;

    (void)store_db(request->instance->store, &db, &err);
    if (upload_close(request->stream_state, db, NULL, &err) < 0)
        log_warn("what came last of an upload is not kept", LOG_TEXT("error", err.text));
    request->stream_state = NULL;
}

const struct body_stream api_upload_body = { patch_begin, patch_bytes, patch_end };

int api_upload_patch(struct request *request, struct spn_error *err)
{
    int64_t offset = 0;
    int ret = upload_close(request->stream_state, request->db, &offset, err);

    request->stream_state = NULL;
    if (ret < 0)
        return ret;
    request_answer_header(request, "Tus-Resumable", TUS_VERSION);
    request_answer_header(request, "Upload-Offset", "%lld", (long long)offset);
    return request_empty(request, 204);
}

/* api_flat.c - /cuts/{cut}/flatten and /cuts/{cut}/flat: a cut as one ordinary MP4 */
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "cut/cut_flat.h"
#include "file_answer.h"
#include "json.h"
#include "store/blob.h"

static int flat_answer(struct request *request, int64_t place, struct spn_error *err)
{
    json_t *flat;
    int ret = cut_flat_show(request->instance, request->db, request->params[0], place,
                            request_query(request, "language"), &flat, err);
    int making;

    if (ret < 0)
        return ret;
    making = strcmp(json_string_value(json_object_get(flat, "state")), "making") == 0;
    return request_answer(request, making && !strcmp(request->method, "POST") ? 202 : 200, flat);
}

int api_cut_flatten(struct request *request, struct spn_error *err)
{
    static const char *const known[] = { "rung", NULL };
    const char *rung;
    int64_t place;
    int ret;

    if ((ret = members_only(request->json, known, err)) < 0 ||
        (ret = member_text(request->json, "rung", 1, 7, "", &rung, err)) < 0 ||
        (ret = cut_flatten(request->instance, request->db, request->params[0], *rung ? rung : NULL,
                           &place, err)) < 0)
        return ret;
    return flat_answer(request, place, err);
}

int api_flat_show(struct request *request, struct spn_error *err)
{
    int64_t place;
    int ret = cut_flat_place(request->params[1], &place, err);

    return ret < 0 ? ret : flat_answer(request, place, err);
}

int api_flat_file(struct request *request, struct spn_error *err)
{
    char path[SPN_PATH_MAX], etag[SPN_HASH_HEX + 1];
    struct flat_file flat;
    struct file_answer file = { path, NULL, etag, "video/mp4", flat.file_name };
    int64_t place;
    int ret;

    if ((ret = cut_flat_place(request->params[1], &place, err)) < 0 ||
        (ret = cut_flat_find(request->instance, request->db, request->params[0], place,
                             request_query(request, "language"), &flat, err)) < 0 ||
        (ret = blob_path(request->instance, BLOB_FLAT, flat.name, path, err)) < 0)
        return ret;
    (void)snprintf(etag, sizeof(etag), "%s", flat.sha256);
    file.below = path + strlen(request->instance->data_dir) + 1;
    return file_answer(request, &file, err);
}

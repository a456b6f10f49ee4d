/* api_ingest.c - /ingests */
#include <string.h>

#include "api.h"
#include "catalogue/ingest.h"

int api_ingest_create(struct request *request, struct spn_error *err)
{
    char id[SPN_ID_MAX];
    json_t *ingest;
    int ret;

    if ((ret = ingest_create(request->instance, request->db, request->json,
                             request->who.role == ROLE_OWNER, id, err)) < 0 ||
        (ret = ingest_show(request->instance, request->db, id, &ingest, err)) < 0)
        return ret;
    request_answer_header(request, "Location", "/api/v1/ingests/%s", id);
    return request_answer(request, 202, ingest);
}

int api_ingest_list(struct request *request, struct spn_error *err)
{
    json_t *items = json_array();
    char key[SPN_ID_MAX];
    int limit, ret;

    if ((ret = request_cursor(request, &limit, key, sizeof(key), err)) < 0 ||
        (ret = ingest_list(request->instance, request->db, request_query(request, "state"),
                           key[0] ? key : "~", limit + 1, items, err)) < 0) {
        json_decref(items);
        return ret;
    }
    return request_page(request, items, limit, item_id_key);
}

int api_ingest_show(struct request *request, struct spn_error *err)
{
    json_t *ingest;
    int ret = ingest_show(request->instance, request->db, request->params[0], &ingest, err);

    return ret < 0 ? ret : request_answer(request, 200, ingest);
}

int api_ingest_retry(struct request *request, struct spn_error *err)
{
    int ret = ingest_retry(request->instance, request->db, request->params[0], err);

    return ret < 0 ? ret : api_ingest_show(request, err);
}

int api_ingest_cancel(struct request *request, struct spn_error *err)
{
    int ret = ingest_cancel(request->instance, request->db, request->params[0], err);

    return ret < 0 ? ret : request_empty(request, 204);
}

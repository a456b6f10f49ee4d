/* api_title.c - /titles */
#include "api.h"
#include "catalogue/title.h"

static int title_answer(struct request *request, const char *id, unsigned status,
                        struct spn_error *err)
{
    int64_t version = 0;
    json_t *title;
    int ret = title_show(request->db, id, &title, &version, err);

    if (ret < 0)
        return ret;
    request_etag(request, version);
    return request_answer(request, status, title);
}

int api_title_create(struct request *request, struct spn_error *err)
{
    char id[SPN_ID_MAX];
    int ret = title_ask(request->instance, request->db, request->json, id, err);

    if (ret < 0)
        return ret;
    request_answer_header(request, "Location", "/api/v1/titles/%s", id);
    return title_answer(request, id, 201, err);
}

int api_title_list(struct request *request, struct spn_error *err)
{
    json_t *items = json_array();
    char key[SPN_ID_MAX];
    int limit, ret;

    if ((ret = request_cursor(request, &limit, key, sizeof(key), err)) < 0 ||
        (ret = title_list(request->db, request_query(request, "parent"), key[0] ? key : "~",
                          limit + 1, items, err)) < 0) {
        json_decref(items);
        return ret;
    }
    return request_page(request, items, limit, item_id_key);
}

int api_title_show(struct request *request, struct spn_error *err)
{
    int64_t version = 0;
    json_t *title;
    int ret = title_show(request->db, request->params[0], &title, &version, err);

    if (ret < 0)
        return ret;
    if (request_known(request, version)) {
        json_decref(title);
        return request_empty(request, 304);
    }
    return request_answer(request, 200, title);
}

/* Inside the transaction, so that the version that was compared is the one that is changed. */
static int title_compare(struct request *request, struct spn_error *err)
{
    int64_t version = 0;
    json_t *title;
    int ret;

    if ((ret = db_run(request->db, "UPDATE title SET version = version WHERE id = $1",
                      DB_ARGS(db_text(request->params[0])), NULL, err)) < 0 ||
        (ret = title_show(request->db, request->params[0], &title, &version, err)) < 0)
        return ret;
    json_decref(title);
    return request_match(request, version, err);
}

int api_title_change(struct request *request, struct spn_error *err)
{
    int ret;

    if ((ret = title_compare(request, err)) < 0 ||
        (ret = title_change(request->instance, request->db, request->params[0], request->json,
                            err)) < 0)
        return ret;
    return title_answer(request, request->params[0], 200, err);
}

int api_title_delete(struct request *request, struct spn_error *err)
{
    int ret;

    if (request_header(request, "If-Match") && (ret = title_compare(request, err)) < 0)
        return ret;
    ret = title_delete(request->db, request->params[0], err);
    return ret < 0 ? ret : request_empty(request, 204);
}

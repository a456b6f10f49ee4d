/* api_asset.c - /assets, /publications and /watch */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "catalogue/asset.h"
#include "catalogue/watch.h"
#include "json.h"
#include "publish/publish.h"

/* Assets are in order of time, then of hash: the key has both. */
static void asset_key(const json_t *item, char *out, size_t size)
{
    (void)snprintf(out, size, "%lld.%s",
                   (long long)json_integer_value(json_object_get(item, "created_ms")),
                   json_string_value(json_object_get(item, "hash")));
}

int api_asset_list(struct request *request, struct spn_error *err)
{
    json_t *items = json_array(), *item;
    char key[96], *hash = NULL;
    int64_t before_ms = INT64_MAX;
    int limit, ret;
    size_t i;

    if ((ret = request_cursor(request, &limit, key, sizeof(key), err)) < 0)
        goto fail;
    if (key[0])
        before_ms = strtoll(key, &hash, 10);
    if (hash && *hash++ != '.') {
        ret = spn_error_set(err, SPN_EINVAL, "the cursor is not one that this list gave");
        goto fail;
    }
    if ((ret = asset_list(request->db, before_ms, hash ? hash : "~", limit + 1, items, err)) < 0)
        goto fail;
    (void)request_page(request, items, limit, asset_key);
    json_array_foreach(items, i, item)
    {
        (void)json_object_del(item, "created_ms");
    }
    return SPN_OK;

fail:
    json_decref(items);
    return ret;
}

int api_asset_show(struct request *request, struct spn_error *err)
{
    json_t *asset;
    int ret = asset_show(request->db, request->params[0], &asset, err);

    return ret < 0 ? ret : request_answer(request, 200, asset);
}

int api_asset_delete(struct request *request, struct spn_error *err)
{
    int ret = asset_delete(request->db, request->params[0], err);

    return ret < 0 ? ret : request_empty(request, 204);
}

int api_publication_create(struct request *request, struct spn_error *err)
{
    static const char *const known[] = { "asset", "cut", "title", NULL };
    const char *asset = NULL, *cut, *title;
    char id[SPN_ID_MAX];
    json_t *publication;
    int ret;

    if ((ret = members_only(request->json, known, err)) < 0 ||
        (ret = member_text(request->json, "cut", 0, SPN_ID_MAX, NULL, &cut, err)) < 0)
        return ret;
    if (cut && json_object_get(request->json, "asset"))
        return spn_error_set(err, SPN_EINVAL, "a publication shows an asset or a cut, not both");
    if ((!cut && (ret = member_hash(request->json, "asset", &asset, err)) < 0) ||
        (ret = member_text(request->json, "title", 0, SPN_ID_MAX, NULL, &title, err)) < 0 ||
        (ret = publish_begin(request->instance, request->db, asset, cut, title, id, err)) < 0 ||
        (ret = publication_show(request->db, id, &publication, err)) < 0)
        return ret;
    /* The answer is given when the file is there; until then it is only kept. */
    json_put_text(publication, "state", "live");
    request_answer_header(request, "Location", "/api/v1/publications/%s", id);
    (void)snprintf(request->subject, sizeof(request->subject), "%s", id);
    return request_answer(request, 201, publication);
}

int api_publication_made(struct request *request, struct spn_error *err)
{
    return publish_finish(request->instance, request->subject, err);
}

int api_publication_list(struct request *request, struct spn_error *err)
{
    json_t *items = json_array();
    char key[SPN_ID_MAX];
    int limit, ret;

    if ((ret = request_cursor(request, &limit, key, sizeof(key), err)) < 0 ||
        (ret = publication_list(request->db, request_query(request, "asset"), key[0] ? key : "~",
                                limit + 1, items, err)) < 0) {
        json_decref(items);
        return ret;
    }
    return request_page(request, items, limit, item_id_key);
}

int api_publication_show(struct request *request, struct spn_error *err)
{
    json_t *publication;
    int ret = publication_show(request->db, request->params[0], &publication, err);

    return ret < 0 ? ret : request_answer(request, 200, publication);
}

int api_publication_withdraw(struct request *request, struct spn_error *err)
{
    int ret = publish_withdraw(request->instance, request->params[0], err);

    return ret < 0 ? ret : request_empty(request, 204);
}

int api_watch(struct request *request, struct spn_error *err)
{
    json_t *list;
    int ret = watch_show(request->instance, request->db, &list, err);

    return ret < 0 ? ret : request_answer(request, 200, list);
}

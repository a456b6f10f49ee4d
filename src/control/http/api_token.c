/* api_token.c - /tokens */
#include <sodium.h>

#include "api.h"
#include "json.h"

int api_token_create(struct request *request, struct spn_error *err)
{
    static const char *const known[] = { "name", "role", "expires_s", NULL };
    char id[SPN_ID_MAX], text[TOKEN_TEXT_MAX];
    const char *name, *role;
    int64_t expires_s, now_ms = instance_now_ms(request->instance);
    json_t *token;
    int ret;

    if ((ret = members_only(request->json, known, err)) < 0 ||
        (ret = member_text(request->json, "name", 1, 200, NULL, &name, err)) < 0 ||
        (ret = member_text(request->json, "role", 1, 16, NULL, &role, err)) < 0 ||
        (ret = member_number(request->json, "expires_s", 0, 100LL * 366 * 86400, 0, &expires_s,
                             err)) < 0)
        return ret;
    if (!role_of(role))
        return spn_error_set(err, SPN_EINVAL,
                             "\"role\" is viewer, editor, owner or worker, not \"%s\"", role);
    if ((ret = token_create(request->instance, request->db, name, role_of(role),
                            expires_s ? now_ms + expires_s * 1000 : 0, id, text, err)) < 0)
        return ret;
    token = json_object();
    json_put_text(token, "id", id);
    json_put_text(token, "name", name);
    json_put_text(token, "role", role);
    json_put_text(token, "token", text);
    json_put_time(token, "created", now_ms);
    json_put_time(token, "expires", expires_s ? now_ms + expires_s * 1000 : 0);
    sodium_memzero(text, sizeof(text));
    return request_answer(request, 201, token);
}

int api_token_list(struct request *request, struct spn_error *err)
{
    json_t *items = json_array();
    char key[SPN_ID_MAX];
    int limit, ret;

    if ((ret = request_cursor(request, &limit, key, sizeof(key), err)) < 0 ||
        (ret = token_list(request->db, key[0] ? key : "~", limit + 1, items, err)) < 0) {
        json_decref(items);
        return ret;
    }
    return request_page(request, items, limit, item_id_key);
}

int api_token_delete(struct request *request, struct spn_error *err)
{
    int ret = token_delete(request->db, request->params[0], err);

    return ret < 0 ? ret : request_empty(request, 204);
}

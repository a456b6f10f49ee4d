/* sampan publish and sampan unpublish. */
#include "command.h"

#include <string.h>

#include "output.h"

const struct option publish_options[] = {
    { "title", "TITLE", "The title_… that it shows; else the asset's own name is used." },
    { NULL, NULL, NULL },
};

int cmd_publish(struct typed *typed, struct spn_error *err)
{
    static const char *const urls[] = { "hls", "dash" };
    const char *title = typed_value(typed, "title"), *asset = typed->operands[0];
    char base[SETTING_TEXT_MAX + 32], key[SPN_ID_MAX];
    struct client_call call = {
        .method = "POST", .path = "/api/v1/publications", .key = key, .patience_ms = 10000
    };
    int is_cut = spn_id_check("cut", asset, strlen(asset)) == SPN_OK;
    json_t *body = json_pack("{ss}", is_cut ? "cut" : "asset", asset), *made = NULL;
    struct client *client = NULL;
    struct spn_hash hash;
    int ret;

    session_key(key);
    if (!is_cut && spn_hash_parse(asset, strlen(asset), &hash) < 0) {
        ret = spn_error_set(
            err, SPN_EINVAL,
            "%.100s is not an asset or a cut: an asset's name is 64 letters and digits, as `sampan "
            "ls assets` shows it, a cut's is like cut_…",
            asset);
        goto done;
    }
    if (!body || (title && json_object_set_new(body, "title", json_string(title)) < 0)) {
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
        goto done;
    }
    call.body = body;
    if ((ret = session_open(typed, &client, err)) < 0 ||
        (ret = session_url(typed, base, err)) < 0 ||
        (ret = client_do(client, &call, &made, err)) < 0)
        goto done;
    (void)json_object_set(made, "publication", json_object_get(made, "id"));
    for (size_t i = 0; i < 2; i++) {
        const char *path = json_string_value(json_object_get(made, urls[i]));

        if (path && path[0] == '/')
            (void)json_object_set_new(made, urls[i], json_sprintf("%s%s", base, path));
    }
    if (typed->json) {
        output_json(json_incref(made));
    } else {
        printf("publication  %s\n", json_string_value(json_object_get(made, "id")));
        for (size_t i = 0; i < 2; i++)
            printf("%-12s %s\n", urls[i], json_string_value(json_object_get(made, urls[i])));
    }
    ret = SPN_OK;
done:
    client_close(client);
    json_decref(body);
    json_decref(made);
    return ret;
}

/* DELETE of each operand; kind NULL: by how it is called. */
static int remove_all(struct typed *typed, const char *kind, struct spn_error *err)
{
    json_t *done = json_array();
    struct client *client = NULL;
    int ret = session_open(typed, &client, err);

    for (size_t i = 0; i < typed->operand_count && ret >= 0; i++) {
        const char *name = typed->operands[i], *of = NULL;

        if ((ret = session_kind(name, &of, err)) < 0)
            break;
        if (kind && strcmp(of, kind))
            ret = spn_error_set(err, SPN_EINVAL, "%s is no publication", name);
        else if (!kind && !strcmp(of, "publications"))
            ret =
                spn_error_set(err, SPN_EINVAL, "%s is a publication: use `sampan unpublish`", name);
        else if (!kind && (!strcmp(of, "jobs") || !strcmp(of, "tokens")))
            ret = spn_error_set(err, SPN_EINVAL, "%s is nothing that `sampan rm` removes", name);
        else if ((ret = client_delete(client, NULL, err, "/api/v1/%s/%s", of, name)) >= 0)
            (void)json_array_append_new(done, json_string(name));
    }
    if (ret >= 0 && typed->json)
        output_json(json_pack("{sO}", "removed", done));
    json_decref(done);
    client_close(client);
    return ret < 0 ? ret : SPN_OK;
}

int cmd_unpublish(struct typed *typed, struct spn_error *err)
{
    return remove_all(typed, "publications", err);
}

int cmd_rm(struct typed *typed, struct spn_error *err)
{
    return remove_all(typed, NULL, err);
}

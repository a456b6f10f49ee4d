/* sampan ls, show, jobs, retry and watch: what there is and what happens to it. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "progress.h"

static const struct listing {
    const char *kind;
    struct column columns[10]; /* ended by one without a head */
} listings[] = {
    { "titles",
      { { "TITLE", "id" }, { "KIND", "kind" }, { "NAME", "names" }, { "CREATED", "created" } } },
    { "assets",
      { { "ASSET", "hash" }, { "STATE", "state" }, { "FRAMES", "frames" }, { "NAME", "name" } } },
    { "cuts",
      { { "CUT", "id" },
        { "STATE", "state" },
        { "CLIPS", "clip_count" },
        { "FRAMES", "frames" },
        { "NAME", "name" } } },
    { "publications",
      { { "PUBLICATION", "id" },
        { "STATE", "state" },
        { "NAME", "name" },
        { "CREATED", "created" } } },
    { "ingests",
      { { "INGEST", "id" },
        { "STATE", "state" },
        { "DONE", "progress.done" },
        { "OF", "progress.total" },
        { "NAME", "name" },
        { "ERROR", "error.text" } } },
    { "jobs",
      { { "JOB", "id" },
        { "KIND", "kind" },
        { "PLACE", "place" },
        { "STATE", "state" },
        { "DONE", "progress.done" },
        { "OF", "progress.total" },
        { "WORKER", "worker" },
        { "ERROR", "error.text" } } },
    { "tokens",
      { { "TOKEN", "id" }, { "ROLE", "role" }, { "NAME", "name" }, { "EXPIRES", "expires" } } },
};

/* Every page of a list, as one array. query is "" or begins with '&'. */
static int list_all(struct client *client, const char *kind, const char *query, json_t *out,
                    struct spn_error *err)
{
    char cursor[512] = "";
    int ret;

    do {
        json_t *page = NULL;
        const char *next;

        if ((ret = client_get(client, &page, err, "/api/v1/%s?limit=100%s%s%s", kind, query,
                              cursor[0] ? "&cursor=" : "", cursor)) < 0)
            return ret;
        (void)json_array_extend(out, json_object_get(page, "items"));
        next = json_string_value(json_object_get(page, "next"));
        cursor[0] = '\0';
        if (next && next[0])
            ret = client_escape(next, cursor, sizeof(cursor), err);
        json_decref(page);
    } while (ret >= 0 && cursor[0]);
    return ret < 0 ? ret : SPN_OK;
}

/* What is over is not listed unless it was asked for. */
static void list_open(json_t *items)
{
    for (size_t i = json_array_size(items); i-- > 0;) {
        const char *state = json_string_value(json_object_get(json_array_get(items, i), "state"));

        if (state && (!strcmp(state, "done") || !strcmp(state, "canceled")))
            (void)json_array_remove(items, i);
    }
}

static int list_show(struct typed *typed, struct client *client, const char *kind,
                     const char *query, struct spn_error *err)
{
    const struct listing *listing = listings;
    json_t *items = json_array();
    int ret;

    while (strcmp(listing->kind, kind))
        listing++;
    ret = list_all(client, kind, query, items, err);
    if (!strcmp(kind, "jobs") && !query[0])
        list_open(items);
    if (ret == SPN_OK && typed->json)
        output_json(json_pack("{sO}", "items", items));
    else if (ret == SPN_OK)
        output_table(listing->columns, items);
    json_decref(items);
    return ret;
}

int cmd_ls(struct typed *typed, struct spn_error *err)
{
    const char *kind = typed->operand_count ? typed->operands[0] : "titles";
    struct client *client = NULL;
    int ret;

    if (strcmp(kind, "titles") && strcmp(kind, "assets") && strcmp(kind, "cuts") &&
        strcmp(kind, "publications") && strcmp(kind, "ingests")) {
        typed->wrong = 1;
        return spn_error_set(
            err, SPN_EINVAL,
            "there is no list of %.60s; there are titles, assets, cuts, publications and "
            "ingests",
            kind);
    }
    if ((ret = session_open(typed, &client, err)) == SPN_OK)
        ret = list_show(typed, client, kind, "", err);
    client_close(client);
    return ret;
}

const struct option jobs_options[] = {
    { "state", "STATE", "Only those that are ready, running, paused, failed, done or waiting." },
    { NULL, NULL, NULL },
};

int cmd_jobs(struct typed *typed, struct spn_error *err)
{
    const char *state = typed_value(typed, "state");
    char query[128] = "", escaped[100];
    struct client *client = NULL;
    int ret;

    if (state) {
        if ((ret = client_escape(state, escaped, sizeof(escaped), err)) < 0)
            return ret;
        (void)snprintf(query, sizeof(query), "&state=%s", escaped);
    }
    if ((ret = session_open(typed, &client, err)) == SPN_OK)
        ret = list_show(typed, client, "jobs", query, err);
    client_close(client);
    return ret;
}

int cmd_show(struct typed *typed, struct spn_error *err)
{
    struct client *client = NULL;
    json_t *answer = NULL;
    const char *kind;
    int ret;

    if ((ret = session_kind(typed->operands[0], &kind, err)) < 0 ||
        (ret = session_open(typed, &client, err)) < 0)
        return ret;
    ret = client_get(client, &answer, err, "/api/v1/%s/%s", kind, typed->operands[0]);
    if (ret >= 0 && typed->json)
        output_json(json_incref(answer));
    else if (ret >= 0)
        output_text(answer);
    json_decref(answer);
    client_close(client);
    return ret < 0 ? ret : SPN_OK;
}

int cmd_retry(struct typed *typed, struct spn_error *err)
{
    struct client *client = NULL;
    const char *kind;
    int ret = session_open(typed, &client, err);

    for (size_t i = 0; i < typed->operand_count && ret >= 0; i++) {
        if ((ret = session_kind(typed->operands[i], &kind, err)) < 0)
            break;
        if (strcmp(kind, "jobs") && strcmp(kind, "ingests"))
            ret = spn_error_set(err, SPN_EINVAL, "%s is neither an ingest nor a job",
                                typed->operands[i]);
        else
            ret = client_post(client, NULL, NULL, err, "/api/v1/%s/%s/retry", kind,
                              typed->operands[i]);
    }
    if (ret >= 0 && typed->json)
        output_json(json_pack("{sb}", "ok", 1));
    client_close(client);
    return ret < 0 ? ret : SPN_OK;
}

/* ---- watch ---- */

static int watch_one(struct typed *typed, struct client *client, const char *id, json_t *out,
                     struct spn_error *err)
{
    json_t *ingest = NULL;
    int ret = progress_wait(client, id, UNTIL_READY, typed->json, &ingest, err);

    if (ingest)
        (void)json_array_append_new(out, ingest);
    return ret;
}

int cmd_watch(struct typed *typed, struct spn_error *err)
{
    struct client *client = NULL;
    json_t *open = json_array(), *done = json_array(), *item;
    struct spn_error why = { 0 };
    int ret = session_open(typed, &client, err), bad = SPN_OK;
    size_t i;

    for (i = 0; i < typed->operand_count; i++)
        (void)json_array_append_new(open, json_pack("{ss}", "id", typed->operands[i]));
    if (ret == SPN_OK && !typed->operand_count &&
        (ret = list_all(client, "ingests", "&state=examining", open, err)) == SPN_OK)
        ret = list_all(client, "ingests", "&state=encoding", open, err);
    json_array_foreach(open, i, item)
    {
        int one;

        if (ret < 0)
            break;
        one = watch_one(typed, client, json_string_value(json_object_get(item, "id")), done, &why);
        if (one < 0) {
            fprintf(stderr, "sampan watch: %s\n", why.text);
            bad = bad < 0 ? bad : one;
        }
    }
    if (ret >= 0 && typed->json)
        output_json(json_pack("{sO}", "ingests", done));
    json_decref(open);
    json_decref(done);
    client_close(client);
    if (ret < 0)
        return ret;
    err->text[0] = '\0'; /* each was said already */
    return bad;
}

/* ---- tokens and gc ---- */

const struct option token_options[] = {
    { "role", "ROLE", "What a new one may do: viewer, editor, owner or worker." },
    { "days", "N", "How long a new one is good; else for ever." },
    { NULL, NULL, NULL },
};

static int token_create(struct typed *typed, struct client *client, struct spn_error *err)
{
    const char *role = typed_value(typed, "role"), *days = typed_value(typed, "days");
    json_t *body, *answer = NULL;
    int ret;

    if (!role)
        return spn_error_set(err, SPN_EINVAL,
                             "say what it may do: --role viewer, editor, owner or worker");
    body = json_pack("{ssss}", "name", typed->operands[1], "role", role);
    if (days && (strspn(days, "0123456789") != strlen(days) || !*days || strlen(days) > 5))
        ret = spn_error_set(err, SPN_EINVAL, "--days is a number, not %.40s", days);
    else {
        if (days)
            (void)json_object_set_new(body, "expires_s",
                                      json_integer(86400 * strtol(days, NULL, 10)));
        ret = client_post(client, body, &answer, err, "/api/v1/tokens");
    }
    if (ret >= 0 && typed->json)
        output_json(json_incref(answer));
    else if (ret >= 0)
        printf("%s\n", json_string_value(json_object_get(answer, "token")));
    json_decref(body);
    json_decref(answer);
    return ret;
}

int cmd_token(struct typed *typed, struct spn_error *err)
{
    const char *verb = typed->operands[0];
    size_t operands = !strcmp(verb, "ls") ? 1 : 2;
    struct client *client = NULL;
    int ret;

    if ((strcmp(verb, "ls") && strcmp(verb, "create") && strcmp(verb, "rm")) ||
        typed->operand_count != operands) {
        typed->wrong = 1;
        return spn_error_set(err, SPN_EINVAL,
                             "it is `sampan token ls`, `sampan token create NAME --role ROLE` or "
                             "`sampan token rm TOKEN`");
    }
    if ((ret = session_open(typed, &client, err)) < 0)
        return ret;
    if (!strcmp(verb, "ls"))
        ret = list_show(typed, client, "tokens", "", err);
    else if (!strcmp(verb, "create"))
        ret = token_create(typed, client, err);
    else if (spn_id_check("token", typed->operands[1], strlen(typed->operands[1])) < 0)
        ret = spn_error_set(err, SPN_EINVAL,
                            "%.100s is not the name of a token: `sampan token ls` shows them",
                            typed->operands[1]);
    else
        ret = client_delete(client, NULL, err, "/api/v1/tokens/%s", typed->operands[1]);
    client_close(client);
    return ret < 0 ? ret : SPN_OK;
}

const struct option gc_options[] = {
    { "dry-run", NULL, "Only say what would be removed." },
    { NULL, NULL, NULL },
};

int cmd_gc(struct typed *typed, struct spn_error *err)
{
    json_t *body = json_pack("{sb}", "dry_run", typed_has(typed, "dry-run")), *answer = NULL;
    struct client_call call = {
        .method = "POST", .path = "/api/v1/gc", .body = body, .timeout_ms = 3600000
    };
    struct client *client = NULL;
    int ret;

    if ((ret = session_open(typed, &client, err)) < 0 ||
        (ret = client_do(client, &call, &answer, err)) < 0)
        goto done;
    if (typed->json)
        output_json(json_incref(answer));
    else
        output_text(answer);
    ret = SPN_OK;
done:
    client_close(client);
    json_decref(body);
    json_decref(answer);
    return ret;
}

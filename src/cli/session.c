/* What commands share: what was typed, and the way to the API. */
#include "command.h"

#include <string.h>
#include <unistd.h>

#define AGENT "sampan"

const char *typed_value(const struct typed *typed, const char *name)
{
    for (size_t i = typed->option_count; i-- > 0;)
        if (!strcmp(typed->options[i].option->name, name))
            return typed->options[i].value ? typed->options[i].value : "";
    return NULL;
}

int typed_has(const struct typed *typed, const char *name)
{
    return typed_value(typed, name) != NULL;
}

int session_open(const struct typed *typed, struct client **out, struct spn_error *err)
{
    char base[SPN_PATH_MAX + 8], token[CLIENT_TOKEN_MAX];
    struct settings settings = typed->settings;
    int ret;

    *out = NULL;
    if ((ret = client_address(&settings, base, err)) < 0 ||
        (ret = client_token(&settings, 0, token, err)) < 0)
        return ret;
    return client_open(base, token, AGENT, out, err);
}

static int port_given(const struct settings *settings)
{
    const struct setting *row = settings_find("port", 4);

    return settings->origin[row - settings_table] == SETTING_FLAG;
}

int session_url(const struct typed *typed, char out[SETTING_TEXT_MAX + 32], struct spn_error *err)
{
    const struct settings *settings = &typed->settings;
    char path[SPN_PATH_MAX + 16];
    struct spn_buffer text = { 0 };
    const char *url = NULL;
    json_t *running = NULL;
    int ret = SPN_OK;
    int64_t port;

    settings_url(settings, out);
    (void)snprintf(path, sizeof(path), "%s/run/up.json", settings->data);
    if (settings->url[0] || spn_file_get(path, 4096, &text, NULL) < 0)
        goto done;
    running = json_loadb((const char *)text.data, text.size, 0, NULL);
    url = json_string_value(json_object_get(running, "url"));
    port = json_integer_value(json_object_get(running, "port"));
    if (url && port_given(settings) && port && port != settings->port)
        ret =
            spn_error_set(err, SPN_EAGAIN,
                          "the Sampan that runs from %s has port %lld, not %lld: leave --port out "
                          "or name another directory with --data",
                          settings->data, (long long)port, (long long)settings->port);
    else if (url)
        (void)snprintf(out, SETTING_TEXT_MAX + 32, "%s", url);
done:
    json_decref(running);
    spn_buffer_finish(&text);
    return ret;
}

void session_key(char out[SPN_ID_MAX])
{
    spn_id_make("call", out);
}

int session_kind(const char *name, const char **out, struct spn_error *err)
{
    static const struct {
        const char *prefix, *kind;
    } kinds[] = {
        { "title", "titles" },   { "publication", "publications" },
        { "ingest", "ingests" }, { "job", "jobs" },
        { "token", "tokens" },   { "cut", "cuts" },
    };
    struct spn_hash hash;

    if (spn_hash_parse(name, strlen(name), &hash) == SPN_OK) {
        *out = "assets";
        return SPN_OK;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (spn_id_check(kinds[i].prefix, name, strlen(name)) == SPN_OK) {
            *out = kinds[i].kind;
            return SPN_OK;
        }
    }
    return spn_error_set(err, SPN_EINVAL,
                         "%.100s is not the name of anything: an asset's is 64 letters and digits, "
                         "others are like title_…, cut_…, publication_…, ingest_…, job_…",
                         name);
}

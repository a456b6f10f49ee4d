/* sampan ingest: one ingest for each file. */
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "progress.h"

#define LADDER_MAX (1u << 20) /* bytes of a ladder: 64 rungs of 16 KiB */

const struct option ingest_options[] = {
    { "title", "[LANG=]TEXT",
      "What it is called: a title_… that exists, or a name for a new one, once for each "
      "language." },
    { "subtitles", "LANG=FILE",
      "Subtitles beside the file: SRT, ASS, WebVTT or TTML. May be repeated." },
    { "audio-language", "N=LANG", "The language of audio track N, from 1. May be repeated." },
    { "ladder", "FILE", "The renditions to make, as JSON; else they follow from the source." },
    { "fields", NULL, "Make one frame of each field of an interlaced source: 25i becomes 50p." },
    { "rate", "R",
      "Frames a second of the asset, 25 or 24000/1001: frames are repeated or left out, openly, "
      "where the source has another rate." },
    { "link", NULL, "Refer to the file where it lies; it must not be changed." },
    { "publish", NULL, "Publish it as soon as it is ready." },
    { "wait", NULL, "Wait until it is ready." },
    { NULL, NULL, NULL },
};

static int absolute(const char *path, char out[SPN_PATH_MAX], struct spn_error *err)
{
    char here[SPN_PATH_MAX];
    int length;

    if (path[0] == '/')
        length = snprintf(out, SPN_PATH_MAX, "%s", path);
    else if (!getcwd(here, sizeof(here)))
        return spn_error_errno(err, errno, "cannot tell the current directory");
    else
        length = snprintf(out, SPN_PATH_MAX, "%s/%s", here, path);
    if (length >= SPN_PATH_MAX)
        return spn_error_set(err, SPN_ELIMIT, "the path %.100s… is too long", path);
    if (access(out, F_OK) < 0 && errno == ENOENT)
        return spn_error_set(err, SPN_ENOENT, "there is no file %s", path);
    return SPN_OK;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

/* "zh-Hans=FILE" */
static int subtitles_add(const char *value, json_t *list, struct spn_error *err)
{
    const char *equals = strchr(value, '=');
    char path[SPN_PATH_MAX], *language;
    int ret;

    if (!equals || equals == value || !equals[1])
        return spn_error_set(err, SPN_EINVAL,
                             "--subtitles is LANG=FILE, like zh-Hans=ep01.srt, not %.100s", value);
    if ((ret = absolute(equals + 1, path, err)) < 0)
        return ret;
    language = strndup(value, (size_t)(equals - value));
    if (!language ||
        json_array_append_new(list, json_pack("{ssssss}", "path", path, "name", base_name(path),
                                              "language", language)) < 0)
        ret = spn_error_set(err, SPN_EINVAL, "the name of %.100s is not UTF-8", value);
    free(language);
    return ret;
}

/* "2=en" */
static int audio_language_add(const char *value, json_t *languages, struct spn_error *err)
{
    const char *equals = strchr(value, '=');
    char number[8];

    if (!equals || equals == value || !equals[1] || equals - value > 4 ||
        strspn(value, "0123456789") != (size_t)(equals - value))
        return spn_error_set(err, SPN_EINVAL, "--audio-language is N=LANG, like 2=en, not %.100s",
                             value);
    (void)snprintf(number, sizeof(number), "%.*s", (int)(equals - value), value);
    if (json_object_set_new(languages, number, json_string(equals + 1)) < 0)
        return spn_error_set(err, SPN_EINVAL, "--audio-language %.100s is not UTF-8", value);
    return SPN_OK;
}

/*
 * The end of a language tag that "zh-Hans=起雾" begins with, NULL where it is a name alone: a
 * language of two or three small letters, a script, a region. A name that looks so is und=NAME.
 */
static const char *language_end(const char *value)
{
    static const char small[] = "abcdefghijklmnopqrstuvwxyz";
    static const char large[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t length = strspn(value, small);

    if (length < 2 || length > 3)
        return NULL;
    value += length;
    if (*value == '-' && value[1] && strchr(large, value[1]) && strspn(value + 2, small) == 3)
        value += 5;
    if (*value == '-' && strspn(value + 1, large) == 2)
        value += 3;
    else if (*value == '-' && strspn(value + 1, "0123456789") == 3)
        value += 4;
    return *value == '=' ? value : NULL;
}

/* One plain name or title_… is "title"; names in languages are "names". */
int ingest_titles(const struct typed *typed, json_t *request, struct spn_error *err)
{
    const char *plain = NULL;
    json_t *names = json_object();
    int ret = SPN_OK;

    for (size_t i = 0; i < typed->option_count && ret == SPN_OK; i++) {
        const char *value = typed->options[i].value, *end;
        char language[16];

        if (strcmp(typed->options[i].option->name, "title") != 0)
            continue;
        end = language_end(value);
        (void)snprintf(language, sizeof(language), "%.*s", end ? (int)(end - value) : 3,
                       end ? value : "und");
        if (json_object_get(names, language))
            ret = spn_error_set(err, SPN_EINVAL, "--title is given twice in %s", language);
        else if (json_object_set_new(names, language, json_string(end ? end + 1 : value)) < 0)
            ret = spn_error_set(err, SPN_EINVAL, "the title is not UTF-8");
        else if (!end)
            plain = value;
    }
    if (ret == SPN_OK && plain && json_object_size(names) == 1)
        (void)json_object_set_new(request, "title", json_string(plain));
    else if (ret == SPN_OK && json_object_size(names) > 0)
        (void)json_object_set(request, "names", names);
    json_decref(names);
    return ret;
}

static int ladder_read(const char *path, json_t **out, struct spn_error *err)
{
    struct spn_buffer text = { 0 };
    json_error_t why;
    int ret = spn_file_get(path, LADDER_MAX, &text, err);

    *out = NULL;
    if (ret == SPN_OK) {
        *out = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &why);
        if (!*out)
            ret = spn_error_set(err, SPN_EFORMAT, "the ladder %s is not JSON: line %d, %s", path,
                                why.line, why.text);
    }
    spn_buffer_finish(&text);
    return ret;
}

/* What all files of one command are asked for alike. */
static int request_make(const struct typed *typed, json_t **out, struct spn_error *err)
{
    const char *ladder = typed_value(typed, "ladder"), *rate = typed_value(typed, "rate");
    json_t *subtitles = json_array(), *languages = json_object(), *options = json_object();
    json_t *rungs;
    int ret = SPN_OK;

    *out = json_pack("{sosososbss}", "subtitles", subtitles, "audio_languages", languages,
                     "options", options, "publish", typed_has(typed, "publish"), "keep",
                     typed_has(typed, "link") ? "link" : "copy");
    if (!*out ||
        json_object_set_new(options, "fields", json_boolean(typed_has(typed, "fields"))) < 0 ||
        (rate && json_object_set_new(options, "rate", json_string(rate)) < 0))
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    ret = ingest_titles(typed, *out, err);
    for (size_t i = 0; i < typed->option_count && ret == SPN_OK; i++) {
        const struct typed_option *option = &typed->options[i];

        if (!strcmp(option->option->name, "subtitles"))
            ret = subtitles_add(option->value, subtitles, err);
        else if (!strcmp(option->option->name, "audio-language"))
            ret = audio_language_add(option->value, languages, err);
    }
    if (ret == SPN_OK && ladder && (ret = ladder_read(ladder, &rungs, err)) == SPN_OK)
        (void)json_object_set_new(options, "ladder", rungs);
    return ret;
}

static void url_put(json_t *out, const char *name, const char *base, const json_t *publication)
{
    const char *path = json_string_value(json_object_get(publication, name));

    if (path)
        (void)json_object_set_new(
            out, name, path[0] == '/' ? json_sprintf("%s%s", base, path) : json_string(path));
}

/* What came of it, as --json has it. */
static json_t *answer_make(const char *file, const json_t *ingest, const char *base)
{
    const json_t *publication = json_object_get(ingest, "publication");
    json_t *out =
        json_pack("{sssO?sO?sO?}", "file", file, "ingest", json_object_get(ingest, "id"), "asset",
                  json_object_get(ingest, "asset"), "state", json_object_get(ingest, "state"));

    if (out && json_is_object(publication)) {
        (void)json_object_set(out, "publication", json_object_get(publication, "id"));
        url_put(out, "hls", base, publication);
        url_put(out, "dash", base, publication);
    }
    return out;
}

static void answer_text(const json_t *answer)
{
    static const char *const members[] = { "asset", "publication", "hls", "dash" };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const char *value = json_string_value(json_object_get(answer, members[i]));

        if (value)
            printf("%-12s %s\n", members[i], value);
    }
}

static int ingest_file(struct typed *typed, struct client *client, const char *file,
                       const json_t *request, const char *base, json_t **answer,
                       struct spn_error *err)
{
    char path[SPN_PATH_MAX], key[SPN_ID_MAX];
    struct client_call call = {
        .method = "POST", .path = "/api/v1/ingests", .key = key, .patience_ms = 10000
    };
    json_t *body = json_deep_copy(request), *made = NULL, *ingest = NULL;
    const char *id;
    int ret;

    *answer = NULL;
    session_key(key);
    if ((ret = absolute(file, path, err)) < 0)
        goto done;
    if (!body || json_object_set_new(body, "path", json_string(path)) < 0 ||
        json_object_set_new(body, "name", json_string(base_name(path))) < 0) {
        ret = spn_error_set(err, SPN_EINVAL, "the name %s is not UTF-8: rename the file", file);
        goto done;
    }
    call.body = body;
    if ((ret = client_do(client, &call, &made, err)) < 0)
        goto done;
    id = json_string_value(json_object_get(made, "id"));
    if (!id) {
        ret = spn_error_set(err, SPN_EFORMAT, "the API answered an ingest without an id");
        goto done;
    }
    ret = progress_wait(client, id, typed_has(typed, "wait") ? UNTIL_READY : UNTIL_EXAMINED,
                        typed->json, &ingest, err);
    if (ingest)
        *answer = answer_make(file, ingest, base);
done:
    json_decref(body);
    json_decref(made);
    json_decref(ingest);
    return ret;
}

/* The first refusal does not keep the other files out; it is what the command fails with. */
int cmd_ingest(struct typed *typed, struct spn_error *err)
{
    char base[SETTING_TEXT_MAX + 32];
    struct client *client = NULL;
    json_t *request = NULL, *answers = json_array(), *answer;
    size_t bad = 0;
    int ret;

    if ((ret = request_make(typed, &request, err)) < 0)
        typed->wrong = ret == SPN_EINVAL;
    if (ret < 0 || (ret = session_open(typed, &client, err)) < 0 ||
        (ret = session_url(typed, base, err)) < 0)
        goto done;
    for (size_t i = 0; i < typed->operand_count; i++) {
        const char *file = typed->operands[i];
        struct spn_error why = { 0 };
        int one = ingest_file(typed, client, file, request, base, &answer, &why);

        if (one < 0) {
            if (!answer) {
                char plain[SPN_PATH_MAX];

                (void)snprintf(plain, sizeof(plain), "%s", file);
                spn_error_plain(plain); /* it may not be UTF-8, and that is what is wrong */
                answer = json_pack("{ss}", "file", plain);
            }
            (void)json_object_set_new(
                answer, "error", json_pack("{ssss}", "code", spn_code_name(one), "text", why.text));
            if (typed->operand_count > 1 || !bad)
                fprintf(stderr, "sampan ingest: %s\n", why.text);
            ret = bad++ ? ret : one;
        } else if (!typed->json) {
            if (typed->operand_count > 1)
                printf("%s\n", file);
            answer_text(answer);
        }
        (void)json_array_append_new(answers, answer);
        if (one == SPN_EAGAIN)
            break;
    }
    if (typed->json && typed->operand_count == 1)
        output_json(json_incref(json_array_get(answers, 0)));
    else if (typed->json)
        output_json(json_pack("{sO}", "ingests", answers));
    if (ret < 0)
        err->text[0] = '\0'; /* each was said already */
done:
    client_close(client);
    json_decref(request);
    json_decref(answers);
    return ret;
}

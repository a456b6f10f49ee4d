/* sampan cut: a film of clips of many assets. */
#include "command.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cut_verbs.h"
#include "output.h"
#include "sampan/time.h"

#define LIST_MAX       (64u << 20) /* bytes of a list, as the API has it */
#define CHECK_WAIT_MS  300000
#define BUILD_LOOK_MS  300
#define BUILD_PATIENCE 60000 /* ms, for an API that is restarted meanwhile */
#define PATH_ROOM      256

const struct option cut_options[] = {
    { "rate", "RATE", "import: frames a second, where the list does not say: 25, 24000/1001." },
    { "reel", "NAME=ASSET", "import: which asset the list means by NAME. May be repeated." },
    { "start", "TIMECODE", "import: of the first frame of assets whose own is not known." },
    { "name", "TEXT", "import: what the cut is called; else as the list calls itself." },
    { "title", "TITLE", "import: the title_… that it is a cut of." },
    { "author", "TEXT", "import: who made it." },
    { "note", "TEXT", "import: what there is to say about it." },
    { "parent", "CUT", "import: the cut that it was made from." },
    { "convert", NULL,
      "check, build: encode clips whole that are decoded otherwise than the rest." },
    { "like", "ASSET",
      "check, build: the hash of the asset whose renditions the cut has; the first clip's." },
    { "audio", "grid | exact",
      "check, build: exact: encode all sound anew, on the sample; grid: only around the joins." },
    { "wait", NULL, "build: wait until it is ready; flatten: until it is there, and fetch it." },
    { "o", "FILE", "flatten: fetch it into this file or directory; the title's name in this one." },
    { "rung", "RUNG", "flatten: of this rung of picture (v1); the one with the most pixels." },
    { "language", "LANGUAGE", "flatten: whose name of the title the file has." },
    { "force", NULL, "flatten: replace a file that is there." },
    { "format", "FORMAT", "export: otio, edl or cpl." },
    { NULL, NULL, NULL },
};

/* ---- import ---- */

static int reels_take(const struct typed *typed, json_t *reels, struct spn_error *err)
{
    for (size_t i = 0; i < typed->option_count; i++) {
        const char *value = typed->options[i].value, *equals;
        char *name;
        int bad;

        if (strcmp(typed->options[i].option->name, "reel"))
            continue;
        equals = strrchr(value, '=');
        if (!equals || equals == value || !equals[1])
            return spn_error_set(err, SPN_EINVAL,
                                 "--reel is NAME=ASSET, like A001=ep01.mkv, not %.100s", value);
        name = strndup(value, (size_t)(equals - value));
        bad = !name || json_object_set_new(reels, name, json_string(equals + 1)) < 0;
        free(name);
        if (bad)
            return spn_error_set(err, SPN_EINVAL, "--reel %.100s is not UTF-8", value);
    }
    return SPN_OK;
}

/* As text where it is UTF-8, else as it is: the API says which line is not. */
static int list_put(json_t *body, const struct spn_buffer *list, struct spn_error *err)
{
    json_t *text = NULL;
    size_t size;
    char *base64;

    if (!memchr(list->data, '\0', list->size))
        text = json_stringn((const char *)list->data, list->size);
    if (text)
        return json_object_set_new(body, "list", text) < 0
                   ? spn_error_set(err, SPN_ENOMEM, "out of memory")
                   : SPN_OK;
    size = sodium_base64_encoded_len(list->size, sodium_base64_VARIANT_ORIGINAL);
    base64 = malloc(size);
    if (base64)
        (void)sodium_bin2base64(base64, size, list->data, list->size,
                                sodium_base64_VARIANT_ORIGINAL);
    text = base64 ? json_string(base64) : NULL;
    free(base64);
    return !text || json_object_set_new(body, "list_base64", text) < 0
               ? spn_error_set(err, SPN_ENOMEM, "out of memory")
               : SPN_OK;
}

static int body_make(const struct typed *typed, const char *path, json_t *body,
                     struct spn_error *err)
{
    static const char *const words[] = { "rate",   "start", "name",  "title",
                                         "author", "note",  "parent" };
    const char *slash = strrchr(path, '/');
    struct spn_buffer list = { 0 };
    json_t *reels = json_object();
    int ret;

    (void)json_object_set_new(body, "reels", reels);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char *value = typed_value(typed, words[i]);

        if (value && json_object_set_new(body, words[i], json_string(value)) < 0)
            return spn_error_set(err, SPN_EINVAL, "--%s is not UTF-8", words[i]);
    }
    if (json_object_set_new(body, "file", json_string(slash && slash[1] ? slash + 1 : path)) < 0)
        return spn_error_set(err, SPN_EINVAL, "the name %s is not UTF-8: rename the file", path);
    if ((ret = reels_take(typed, reels, err)) < 0 ||
        (ret = spn_file_get(path, LIST_MAX, &list, err)) < 0) {
        spn_buffer_finish(&list);
        return ret;
    }
    if (list.size == 0)
        ret = spn_error_set(err, SPN_EFORMAT, "%s is empty", path);
    else
        ret = list_put(body, &list, err);
    spn_buffer_finish(&list);
    return ret;
}

static void remarks_show(const char *path, const json_t *remarks)
{
    const json_t *remark;
    size_t i;

    json_array_foreach(remarks, i, remark)
    {
        const char *note = strcmp(text_of(remark, "kind"), "note") ? "" : "note: ";

        if (number_of(remark, "line"))
            fprintf(stderr, "%s:%" PRId64 ": %s%s\n", path, number_of(remark, "line"), note,
                    text_of(remark, "text"));
        else
            fprintf(stderr, "%s: %s%s\n", path, note, text_of(remark, "text"));
    }
}

static void import_refused(struct typed *typed, struct client *client, int code,
                           struct spn_error *err)
{
    json_t *problem = client_problem(client);
    json_t *remarks = json_object_get(problem, "remarks");

    if (remarks) {
        remarks_show(typed->operands[1], remarks);
        fprintf(stderr, "sampan cut: %s\n", err->text);
    }
    if (remarks && typed->json)
        output_json(json_pack("{s{sssssO}}", "error", "code", spn_code_name(code), "text",
                              err->text, "remarks", remarks));
    if (remarks)
        err->text[0] = '\0'; /* it was said */
    json_decref(problem);
}

static int cut_import(struct typed *typed, struct client *client, struct spn_error *err)
{
    char key[SPN_ID_MAX];
    json_t *body = json_object(), *made = NULL;
    struct client_call call = { .method = "POST",
                                .path = "/api/v1/cuts",
                                .body = body,
                                .key = key,
                                .timeout_ms = CHECK_WAIT_MS,
                                .patience_ms = 10000 };
    int ret;

    session_key(key);
    if ((ret = body_make(typed, typed->operands[1], body, err)) < 0)
        goto done;
    if ((ret = client_do(client, &call, &made, err)) < 0) {
        import_refused(typed, client, ret, err);
        goto done;
    }
    if (typed->json) {
        output_json(json_incref(made));
    } else {
        remarks_show(typed->operands[1], json_object_get(made, "remarks"));
        printf("cut     %s\nedit    %s\nname    %s\nclips   %" PRId64 "\nframes  %" PRId64 "\n",
               text_of(made, "id"), text_of(made, "edit"), text_of(made, "name"),
               number_of(made, "clip_count"), number_of(made, "frames"));
    }
done:
    json_decref(body);
    json_decref(made);
    return ret;
}

/* ---- show, export, diff ---- */

static void heading(const char *text, const json_t *rows, const struct column *columns)
{
    if (json_array_size(rows) == 0)
        return;
    printf("\n%s\n", text);
    output_table(columns, rows);
}

static const struct column clip_columns[] = {
    { "TIMECODE", "timecode" }, { "FRAME", "frame" }, { "SOURCE", "name" },
    { "FROM", "in_timecode" },  { "IN", "in" },       { "TO", "out_timecode" },
    { "OUT", "out" },           { NULL, NULL },
};

static const struct column marker_columns[] = {
    { "TIMECODE", "timecode" }, { "FRAME", "frame" },     { "COLOR", "color" },
    { "NAME", "name" },         { "CHAPTER", "chapter" }, { NULL, NULL },
};

static const struct column chapter_columns[] = {
    { "TIMECODE", "timecode" }, { "FRAME", "frame" }, { "END", "end" },
    { "TITLE", "title" },       { NULL, NULL },
};

/* How far sound is from picture at each join. */
static void joins_show(const json_t *sound)
{
    static const struct column columns[] = { { "TIMECODE", "timecode" },
                                             { "FRAME", "frame" },
                                             { "MICROSECONDS LATE", "error_us" },
                                             { NULL, NULL } };
    const json_t *one;
    char head[120];
    size_t i;

    json_array_foreach(sound, i, one)
    {
        if (*text_of(one, "id"))
            (void)snprintf(head, sizeof(head), "sound %s (%s) at each join", text_of(one, "id"),
                           text_of(one, "language"));
        else
            (void)snprintf(head, sizeof(head), "sound at each join, once it is built");
        heading(head, json_object_get(one, "joins"), columns);
    }
}

static void verification_show(const json_t *verification)
{
    const json_t *rendition, *fault;
    size_t i, k;

    json_array_foreach(json_object_get(verification, "renditions"), i, rendition)
        json_array_foreach(json_object_get(rendition, "faults"), k, fault)
            printf("  %s\n", text_of(fault, "text"));
}

static int cut_show(struct typed *typed, struct client *client, struct spn_error *err)
{
    json_t *cut = NULL, *clips, *markers, *chapters, *sound, *verification;
    int ret = client_get(client, &cut, err, "/api/v1/cuts/%s", typed->operands[1]);

    if (ret < 0)
        return ret;
    if (typed->json) {
        output_json(cut);
        return SPN_OK;
    }
    clips = json_incref(json_object_get(cut, "clips"));
    markers = json_incref(json_object_get(cut, "markers"));
    chapters = json_incref(json_object_get(cut, "chapters"));
    sound = json_incref(json_object_get(cut, "sound"));
    (void)json_object_del(cut, "clips");
    (void)json_object_del(cut, "markers");
    (void)json_object_del(cut, "chapters");
    (void)json_object_del(cut, "bridges");
    (void)json_object_del(cut, "sound");
    verification = json_incref(json_object_get(cut, "verification"));
    (void)json_object_set_new(cut, "verification", json_string(text_of(verification, "state")));
    output_text(cut);
    verification_show(verification);
    json_decref(verification);
    heading("clips", clips, clip_columns);
    heading("markers", markers, marker_columns);
    heading("chapters, as viewers see them", chapters, chapter_columns);
    json_decref(markers);
    json_decref(chapters);
    joins_show(sound);
    json_decref(clips);
    json_decref(sound);
    json_decref(cut);
    return SPN_OK;
}

static int cut_export(struct typed *typed, struct client *client, struct spn_error *err)
{
    const char *format = typed_value(typed, "format");
    struct spn_buffer text = { 0 };
    char path[PATH_ROOM], escaped[64];
    int ret;

    if (!format)
        return spn_error_set(err, SPN_EINVAL, "say how: --format otio, edl or cpl");
    if ((ret = client_escape(format, escaped, sizeof(escaped), err)) < 0)
        return ret;
    (void)snprintf(path, sizeof(path), "/api/v1/cuts/%.60s/export?format=%s", typed->operands[1],
                   escaped);
    if ((ret = client_text(client, path, &text, err)) >= 0)
        (void)fwrite(text.data, 1, text.size, stdout);
    spn_buffer_finish(&text);
    return ret;
}

static int cut_diff(struct typed *typed, struct client *client, struct spn_error *err)
{
    json_t *diff = NULL;
    int ret = client_get(client, &diff, err, "/api/v1/cuts/%s/diff/%s", typed->operands[1],
                         typed->operands[2]);

    if (ret < 0)
        return ret;
    if (typed->json) {
        output_json(diff);
        return SPN_OK;
    }
    printf("%" PRId64 " frames stayed, %" PRId64 " left, %" PRId64 " came\n",
           number_of(diff, "kept_frames"), number_of(diff, "left_frames"),
           number_of(diff, "came_frames"));
    heading("left", json_object_get(diff, "left"), clip_columns);
    heading("came", json_object_get(diff, "came"), clip_columns);
    json_decref(diff);
    return SPN_OK;
}

/* ---- check ---- */

/* What is said of how to build it; a new reference. */
static int choice_make(const struct typed *typed, json_t **out, struct spn_error *err)
{
    static const char *const words[] = { "like", "audio" };

    *out = json_object();
    if (typed_has(typed, "convert"))
        (void)json_object_set_new(*out, "convert", json_true());
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char *value = typed_value(typed, words[i]);

        if (value && json_object_set_new(*out, words[i], json_string(value)) < 0)
            return spn_error_set(err, SPN_EINVAL, "--%s is not UTF-8", words[i]);
    }
    return SPN_OK;
}

static void sound_show(const json_t *sound)
{
    const json_t *one;
    size_t i;

    json_array_foreach(sound, i, one)
        printf("sound %s (%s): at most %" PRId64 ".%03" PRId64 " ms from the picture, %" PRId64
               " packets put together anew, %" PRId64 " bytes\n",
               text_of(one, "id"), text_of(one, "language"),
               number_of(one, "worst_error_us") / 1000, number_of(one, "worst_error_us") % 1000,
               number_of(one, "bridged_packets"), number_of(one, "bytes"));
}

static void check_show(const json_t *report)
{
    static const struct column cues[] = { { "START MS", "start_ms" },
                                          { "END MS", "end_ms" },
                                          { "SOURCE", "name" },
                                          { "HEAD CUT", "head_cut" },
                                          { "TAIL CUT", "tail_cut" },
                                          { "TEXT", "text" },
                                          { NULL, NULL } };
    static const struct column dropped[] = {
        { "MEDIA", "media" }, { "LANGUAGE", "language" }, { "WHY", "reason" }, { NULL, NULL }
    };
    static const struct column convert[] = {
        { "TIMECODE", "timecode" }, { "SOURCE", "name" },  { "FRAMES", "frames" },
        { "BYTES", "bytes" },       { "MS", "encode_ms" }, { NULL, NULL },
    };
    static const struct column unlike[] = { { "SOURCE", "name" },
                                            { "FRAMES TO CONVERT", "frames" },
                                            { NULL, NULL } };
    static const struct column restricted[] = {
        { "TIMECODE", "timecode" }, { "SOURCE", "name" },   { "IN", "in" },
        { "OUT", "out" },           { "REASON", "reason" }, { NULL, NULL }
    };
    const json_t *rung, *text;
    int64_t share = 0; /* hundredths of a percent */
    char head[160];
    size_t i;

    (void)spn_rescale(number_of(report, "bridged_frames"), 10000, number_of(report, "frames"),
                      SPN_NEAREST, &share);
    printf("%" PRId64 " of %" PRId64 " frames would be encoded (%" PRId64 ".%02" PRId64
           " %%; the least possible is %" PRId64 "), in %" PRId64 " bridges; about %" PRId64
           " bytes would be stored\n",
           number_of(report, "bridged_frames"), number_of(report, "frames"), share / 100,
           share % 100, number_of(report, "least_frames"), number_of(report, "bridges"),
           number_of(report, "bytes"));
    json_array_foreach(json_object_get(report, "renditions"), i, rung) printf(
        "picture %s: about %" PRId64 " bytes\n", text_of(rung, "id"), number_of(rung, "bytes"));
    sound_show(json_object_get(report, "sound"));
    json_array_foreach(json_object_get(report, "text"), i, text)
    {
        (void)snprintf(head, sizeof(head), "text %s (%s): %" PRId64 " cues, %" PRId64 " damaged",
                       text_of(text, "id"), text_of(text, "language"), number_of(text, "cues"),
                       number_of(text, "damaged"));
        puts(head);
        heading("damaged cues", json_object_get(text, "damaged_cues"), cues);
    }
    heading("what drops out, since not all clips have it alike", json_object_get(report, "dropped"),
            dropped);
    printf("renditions are those of asset %.64s\n", text_of(report, "like"));
    heading("what cannot be joined with it as it is", json_object_get(report, "incompatible"),
            unlike);
    heading("what `sampan cut build --convert` encodes whole", json_object_get(report, "convert"),
            convert);
    heading("what must not be used", json_object_get(report, "restricted"), restricted);
}

static int cut_check(struct typed *typed, struct client *client, struct spn_error *err)
{
    char path[PATH_ROOM];
    struct client_call call = { .method = "POST", .path = path, .timeout_ms = CHECK_WAIT_MS };
    json_t *report = NULL, *choice;
    int ret;

    (void)snprintf(path, sizeof(path), "/api/v1/cuts/%.60s/check", typed->operands[1]);
    if ((ret = choice_make(typed, &choice, err)) >= 0) {
        call.body = choice;
        ret = client_do(client, &call, &report, err);
    }
    json_decref(choice);
    if (ret < 0)
        return ret;
    if (typed->json)
        output_json(json_incref(report));
    else
        check_show(report);
    json_decref(report);
    return SPN_OK;
}

/* ---- build ---- */

/* Look until it is ready or failed. *cut is replaced by what was seen last. */
static int build_wait(struct typed *typed, struct client *client, json_t **cut,
                      struct spn_error *err)
{
    char path[PATH_ROOM];
    struct client_call call = { .method = "GET", .path = path, .patience_ms = BUILD_PATIENCE };
    struct bar bar;
    int ret = SPN_OK;

    (void)snprintf(path, sizeof(path), "/api/v1/cuts/%.60s", typed->operands[1]);
    bar_begin(&bar);
    for (;;) {
        const json_t *progress = json_object_get(*cut, "progress");
        const char *state = text_of(*cut, "state");

        if (!typed->json)
            bar_show(&bar, text_of(*cut, "name"), state, number_of(progress, "done"),
                     number_of(progress, "total"), "bridges");
        if (strcmp(state, "building"))
            break;
        usleep(BUILD_LOOK_MS * 1000);
        json_decref(*cut);
        if ((ret = client_do(client, &call, cut, err)) < 0)
            break;
    }
    bar_end(&bar);
    return ret < 0 ? ret : SPN_OK;
}

static int cut_build(struct typed *typed, struct client *client, struct spn_error *err)
{
    json_t *cut = NULL, *choice;
    int ret = choice_make(typed, &choice, err);

    if (ret >= 0)
        ret = client_post(client, choice, &cut, err, "/api/v1/cuts/%s/build", typed->operands[1]);
    json_decref(choice);

    if (ret >= 0 && typed_has(typed, "wait"))
        ret = build_wait(typed, client, &cut, err);
    if (ret >= 0 && !strcmp(text_of(cut, "state"), "failed"))
        ret = spn_error_set(err, SPN_EIO, "%s", text_of(json_object_get(cut, "error"), "text"));
    if (ret >= 0 && typed->json)
        output_json(json_incref(cut));
    else if (ret >= 0)
        printf("%s is %s\n", text_of(cut, "id"), text_of(cut, "state"));
    json_decref(cut);
    return ret;
}

/* ---- the verbs ---- */

static int cut_remove(struct typed *typed, struct client *client, struct spn_error *err)
{
    int ret = client_delete(client, NULL, err, "/api/v1/cuts/%s", typed->operands[1]);

    if (ret >= 0 && typed->json)
        output_json(json_pack("{s[s]}", "removed", typed->operands[1]));
    return ret;
}

static const struct {
    const char *name;
    size_t operands; /* the verb counted */
    int (*run)(struct typed *typed, struct client *client, struct spn_error *err);
} verbs[] = {
    { "import", 2, cut_import }, { "check", 2, cut_check },     { "build", 2, cut_build },
    { "show", 2, cut_show },     { "export", 2, cut_export },   { "diff", 3, cut_diff },
    { "verify", 2, cut_verify }, { "flatten", 2, cut_flatten }, { "rm", 2, cut_remove },
};

int cmd_cut(struct typed *typed, struct spn_error *err)
{
    size_t v = 0, count = sizeof(verbs) / sizeof(verbs[0]);
    struct client *client = NULL;
    int ret;

    while (v < count && strcmp(verbs[v].name, typed->operands[0]))
        v++;
    if (v == count || typed->operand_count != verbs[v].operands)
        return spn_error_set(err, SPN_EINVAL,
                             "it is `sampan cut import FILE`, `check`, `build`, `show`, `export`, "
                             "`verify`, `flatten` or `rm` with a CUT, or `diff CUT CUT`");
    for (size_t i = 1; v > 0 && i < typed->operand_count; i++)
        if (spn_id_check("cut", typed->operands[i], strlen(typed->operands[i])) < 0)
            return spn_error_set(err, SPN_EINVAL,
                                 "%.100s is not the name of a cut: `sampan ls cuts` shows them",
                                 typed->operands[i]);
    if ((ret = session_open(typed, &client, err)) == SPN_OK)
        ret = verbs[v].run(typed, client, err);
    client_close(client);
    return ret < 0 ? ret : SPN_OK;
}

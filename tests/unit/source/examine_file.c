/*
 * examine_file - what Sampan makes of a file: probe, conform record and changes, for developers.
 *
 * usage: examine_file [--fields] [--brief] FILE...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opened.h"
#include "probe.h"

static void print(const char *what, json_t *json)
{
    printf("%s ", what);
    json_dumpf(json, stdout, JSON_SORT_KEYS | JSON_COMPACT);
    putchar('\n');
}

static void lines(const char *what, const json_t *array)
{
    size_t i;

    for (i = 0; i < json_array_size(array); i++)
        printf("%s: %s\n", what, json_string_value(json_array_get(array, i)));
}

static int examine(const char *path, const struct conform_options *options, int brief)
{
    struct spn_error err = { 0 };
    struct opened opened;
    json_t *json = NULL;
    int ret = opened_init(&opened, path, options, &err);

    printf("== %s\n", path);
    if (opened.source && !brief && probe_make(opened.source, &json, NULL) == SPN_OK) {
        print("probe", json);
        json_decref(json);
    }
    lines("note", opened.notes);
    if (ret < 0) {
        printf("%s: %s\n", spn_code_name(ret), err.text);
    } else {
        json = conform_json(&opened.conform);
        print("conform", json);
        json_decref(json);
        lines("change", opened.changes);
    }
    opened_finish(&opened);
    return ret < 0;
}

int main(int argc, char **argv)
{
    struct conform_options options = { 0 };
    int brief = 0, bad = 0, i;

    if (!getenv("SAMPAN_FFMPEG_LOG"))
        av_log_set_level(AV_LOG_QUIET);
    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--fields"))
            options.fields = 1;
        else if (!strcmp(argv[i], "--brief"))
            brief = 1;
        else
            bad |= examine(argv[i], &options, brief);
    }
    return bad;
}

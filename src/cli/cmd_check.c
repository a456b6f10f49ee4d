/* sampan check: track files held to the rules of the contract. */
#include "command.h"
#include "output.h"

#include <string.h>

#include "sampan/track.h"

struct found {
    const char *file;
    int json;
    json_t *rules;
};

static void found_report(void *opaque, const char *rule, const char *text)
{
    struct found *found = opaque;

    if (found->json)
        (void)json_array_append_new(found->rules, json_pack("{ssss}", "rule", rule, "text", text));
    else
        printf("%s: %s: %s\n", found->file, rule, text);
}

/* The count of broken rules, or a code where the file could not be read. */
static int check_one(const char *file, int json, json_t *out, struct spn_error *err)
{
    struct found found = { .file = file, .json = json, .rules = json_array() };
    char hex[SPN_HASH_HEX + 1] = "";
    struct spn_track *track = NULL;
    struct spn_hash compat;
    size_t fragments = 0;
    int ret = spn_track_check(file, found_report, &found, err);

    if (ret == 0 && spn_track_open(file, &track, NULL) == SPN_OK) {
        (void)spn_track_all(track, &fragments);
        if (spn_compat_id(spn_track_info(track), &compat, NULL) == SPN_OK)
            spn_hash_hex(&compat, hex);
        if (!json)
            printf("%s: keeps every rule: %s, %zu fragments, compat_id %.16s\n", file,
                   spn_track_info(track)->codecs, fragments, hex);
    }
    if (json)
        (void)json_array_append_new(
            out, json_pack("{sssbsosssIss}", "file", file, "ok", ret == 0, "broken", found.rules,
                           "codecs", track ? spn_track_info(track)->codecs : "", "fragments",
                           (json_int_t)fragments, "compat_id", hex));
    else
        json_decref(found.rules);
    spn_track_close(track);
    return ret;
}

int cmd_check(struct typed *typed, struct spn_error *err)
{
    json_t *files = json_array();
    int broken = 0, ret = SPN_OK;

    for (size_t i = 0; i < typed->operand_count && ret >= 0; i++) {
        ret = check_one(typed->operands[i], typed->json, files, err);
        broken += ret > 0;
    }
    if (ret >= 0 && typed->json)
        output_json(json_pack("{sO}", "files", files));
    json_decref(files);
    if (ret < 0)
        return ret;
    return broken ? spn_error_set(err, SPN_EFORMAT, "%d of %zu files break a rule", broken,
                                  typed->operand_count)
                  : SPN_OK;
}

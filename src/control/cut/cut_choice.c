/* cut_choice.c - how a cut is to be built. */
#include "cut_choice.h"

#include <stdio.h>
#include <string.h>

#include "json.h"

int cut_choice_read(const json_t *body, struct cut_choice *out, struct spn_error *err)
{
    static const char *const names[] = { "convert", "audio", "like", NULL };
    const char *audio, *like;
    int ret;

    memset(out, 0, sizeof(*out));
    if (!body || json_is_null(body))
        return SPN_OK;
    if ((ret = members_only(body, names, err)) < 0 ||
        (ret = member_flag(body, "convert", 0, &out->convert, err)) < 0 ||
        (ret = member_text(body, "audio", 1, 16, "grid", &audio, err)) < 0 ||
        (ret = member_text(body, "like", 0, SPN_HASH_HEX, "", &like, err)) < 0)
        return ret;
    out->exact = strcmp(audio, "exact") == 0;
    if (!out->exact && strcmp(audio, "grid") != 0)
        return spn_error_set(err, SPN_EINVAL,
                             "\"audio\" is grid (packets as they are, at most half of one from the "
                             "picture) or exact (all encoded anew), not \"%.20s\"",
                             audio);
    if (*like && (ret = member_hash(body, "like", &like, err)) < 0)
        return ret;
    (void)snprintf(out->like, sizeof(out->like), "%s", like);
    return SPN_OK;
}

json_t *cut_choice_json(const struct cut_choice *choice)
{
    json_t *out = json_object();

    (void)json_object_set_new(out, "convert", json_boolean(choice->convert));
    json_put_text(out, "audio", choice->exact ? "exact" : "grid");
    json_put_text(out, "like", choice->like[0] ? choice->like : NULL);
    return out;
}

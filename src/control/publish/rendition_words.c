/* rendition_words.c - names and roles. */
#include "rendition_words.h"

#include <stdio.h>
#include <string.h>

#include "language.h"

/* The roles a plan may name, as DASH spells them. */
static unsigned role_bits(const json_t *planned)
{
    static const struct {
        const char *name;
        unsigned role;
    } names[] = {
        { "main", SPN_ROLE_MAIN },
        { "dub", SPN_ROLE_DUB },
        { "commentary", SPN_ROLE_COMMENTARY },
        { "description", SPN_ROLE_DESCRIPTION },
        { "subtitle", SPN_ROLE_SUBTITLE },
        { "caption", SPN_ROLE_CAPTION },
        { "forced", SPN_ROLE_FORCED },
    };
    const json_t *role;
    unsigned bits = 0;
    size_t i;

    json_array_foreach(json_object_get(planned, "roles"), i, role)
    {
        for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
            if (json_is_string(role) && strcmp(json_string_value(role), names[k].name) == 0)
                bits |= names[k].role;
    }
    return bits;
}

/* "English", "English 5.1", or the title that the source's track has. */
static void name_make(const struct spn_plan_rendition *renditions, size_t index,
                      const json_t *planned, const char *language, char out[RENDITION_NAME_MAX])
{
    const char *title = json_string_value(json_object_get(planned, "title"));
    json_int_t channels = json_integer_value(json_object_get(planned, "channels"));
    const char *more = channels == 6 ? " 5.1" : channels == 8 ? " 7.1" : "";
    size_t same = 0;

    (void)snprintf(out, RENDITION_NAME_MAX, "%.400s%s",
                   title && *title ? title : language_name(language), more);
    for (size_t i = 0; i < index; i++) /* a menu with two equal lines helps nobody */
        if (renditions[i].info.media == renditions[index].info.media &&
            strncmp(renditions[i].name, out, strlen(out)) == 0)
            same++;
    if (same > 0)
        (void)snprintf(out + strlen(out), RENDITION_NAME_MAX - strlen(out), " (%zu)", same + 1);
}

void rendition_words(struct spn_plan_rendition *renditions, size_t index, int media,
                     const json_t *planned, char text[RENDITION_NAME_MAX])
{
    const char *language = json_string_value(json_object_get(planned, "language"));
    struct spn_plan_rendition *rendition = &renditions[index];

    language = language && *language && media != 0 ? language : "und";
    name_make(renditions, index, planned, language, text);
    rendition->name = text;
    rendition->is_default = json_is_true(json_object_get(planned, "default"));
    rendition->roles = role_bits(planned);
    if (media == 2) {
        if (json_is_true(json_object_get(planned, "forced")))
            rendition->roles |= SPN_ROLE_FORCED;
        if (!(rendition->roles & (SPN_ROLE_CAPTION | SPN_ROLE_FORCED)))
            rendition->roles |= SPN_ROLE_SUBTITLE;
    } else if (!rendition->roles) {
        rendition->roles = media == 0 || rendition->is_default ? SPN_ROLE_MAIN : SPN_ROLE_DUB;
    }
}

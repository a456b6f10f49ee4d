/*
 * recipe.h - what the bytes of a rendition depend on, and the name that follows from it.
 *
 * A recipe is the source's hash, the conform record, the settings, and the versions of the
 * libraries that work on it, as canonical JSON (sorted members, no spaces, ASCII); the name of the
 * rendition is its SHA-256. RECIPE_VERSION changes when this program makes other bytes of the same
 * settings.
 */
#ifndef ENCODE_RECIPE_H
#define ENCODE_RECIPE_H

#include <jansson.h>

#include "sampan/error.h"
#include "sampan/id.h"

#define RECIPE_VERSION 1

/* {"sampan":"1","libavcodec":"59.37.100","x264":"core 164 r3095 baee400",…}, a new reference or
 * NULL. */
json_t *recipe_versions(void);
/* SPN_EMISMATCH: made for other versions than this program runs with; the sentence names the first.
 */
int recipe_versions_check(const json_t *versions, struct spn_error *err);

/*
 * media is "video", "audio", "text" or "storyboard"; libraries a NULL-terminated list of the
 * members of recipe_versions() that count. settings is borrowed.
 */
int recipe_name(const char *media, const char *source, const json_t *conform,
                const json_t *settings, const char *const *libraries, char out[SPN_HASH_HEX + 1],
                struct spn_error *err);

#endif

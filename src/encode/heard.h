/*
 * heard.h - the sound of a composition's assets, as a request gives it: of each its track, and its
 * source where that is still there. An asset is opened when it is heard. One thread at a time.
 */
#ifndef ENCODE_HEARD_H
#define ENCODE_HEARD_H

#include <jansson.h>

#include "asset.h"
#include "mapped.h"
#include "pcm.h"
#include "sampan/composition.h"

struct heard_asset {
    const json_t *json; /* borrowed from the request */
    int opened, has_source;
    struct asset asset;
    struct plan_audio audio; /* of its plan */
    struct mapped track;
};

struct heard {
    struct spn_composition *composition;
    struct spn_sound_clip *clips;
    struct spn_sound_span *spans;
    size_t span_count;
    struct heard_asset *assets;
    size_t count;
    struct spn_hash compat; /* what every track must have that packets are copied from */
    int channels;           /* of the rendition: set before what is encoded whole is heard, or 0 */
};

/*
 * Of {KEY:{"rate"}, "clips":[…], "assets":[{"frames","track","audio" and, or not, source, index_fd,
 * conform, plan}]}; compat_hex is the rendition's compat_id. To heard_close(), also on failure.
 */
int heard_open(struct heard *heard, const json_t *request, const char *key, const char *compat_hex,
               struct spn_error *err);
void heard_close(struct heard *heard);

/* The asset of clip i, open. SPN_EMISMATCH: it is not what the rendition needs. */
int heard_clip(struct heard *heard, size_t clip, struct heard_asset **out, struct spn_error *err);

/* Is all the sound of an asset encoded anew, so that its track may be decoded otherwise? */
int heard_encoded(const struct heard *heard, size_t asset);

/* For splice.h and mix.h; opaque is the struct heard. */
int heard_track(void *opaque, size_t clip, struct mapped **out, struct spn_error *err);
int heard_samples(void *opaque, size_t clip, int64_t from, struct pcm **out, struct spn_error *err);

#endif

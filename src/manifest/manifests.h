/*
 * manifests.h - the texts that say what there is: HLS, DASH, storyboard.
 */
#ifndef SAMPAN_MANIFEST_MANIFESTS_H
#define SAMPAN_MANIFEST_MANIFESTS_H

#include "publication_index.h"
#include "sampan/buffer.h"

/* Each appends to out; spn_buffer_failed() says whether memory sufficed. */
void spn_hls_multivariant(const struct spn_publication *publication, struct spn_buffer *out);
void spn_hls_media(const struct spn_publication *publication, const struct rendition *rendition,
                   struct spn_buffer *out);
void spn_hls_iframes(const struct rendition *rendition, struct spn_buffer *out);
void spn_hls_images(const struct spn_publication *publication, struct spn_buffer *out);
void spn_dash_mpd(const struct spn_publication *publication, struct spn_buffer *out);
void spn_storyboard_vtt(const struct spn_publication *publication, struct spn_buffer *out);

#endif

/*
 * manifests.h - the texts that say what there is: HLS, DASH, storyboard.
 */
#ifndef SAMPAN_MANIFEST_MANIFESTS_H
#define SAMPAN_MANIFEST_MANIFESTS_H

#include "publication_index.h"
#include "sampan/buffer.h"

/* Each appends to out; spn_buffer_failed() says whether memory sufficed. */
void hls_multivariant(const struct spn_publication *publication, struct spn_buffer *out);
void hls_media(const struct spn_publication *publication, const struct rendition *rendition,
               struct spn_buffer *out);
void hls_iframes(const struct rendition *rendition, struct spn_buffer *out);
void hls_images(const struct spn_publication *publication, struct spn_buffer *out);
void dash_mpd(const struct spn_publication *publication, struct spn_buffer *out);
void storyboard_vtt(const struct spn_publication *publication, struct spn_buffer *out);

#endif

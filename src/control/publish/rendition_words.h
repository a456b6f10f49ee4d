/* rendition_words.h - what a viewer is told of a rendition, from what the plan says of it. */
#ifndef CONTROL_RENDITION_WORDS_H
#define CONTROL_RENDITION_WORDS_H

#include <jansson.h>

#include "sampan/publication.h"

#define RENDITION_NAME_MAX 512 /* bytes, its NUL included */

/*
 * Set name (kept in text), roles and is_default of renditions[index], which has its info; those
 * before it are complete. media: 0 video, 1 audio, 2 text.
 */
void rendition_words(struct spn_plan_rendition *renditions, size_t index, int media,
                     const json_t *planned, char text[RENDITION_NAME_MAX]);

#endif

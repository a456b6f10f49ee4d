/*
 * media.h - what an operation of sampan-media is given, and the operations there are.
 */
#ifndef ENCODE_MEDIA_H
#define ENCODE_MEDIA_H

#include <jansson.h>

#include "confine.h"
#include "sampan/error.h"

struct media {
    const json_t *request;
    struct walls walls; /* they stand */
};

/* *result belongs to the caller; on failure it is NULL. */
typedef int media_operation(const struct media *media, json_t **result, struct spn_error *err);

media_operation op_examine, op_chunk, op_audio, op_text, op_storyboard;
/* Of a composition: what is encoded anew at its joins. */
media_operation op_bridge, op_sound_bridge;
/* … and whether it is what its list says. */
media_operation op_verify;
/* For `sampan doctor`: the list of walls, of encoders. For the tests: try to get through one of
 * them. */
media_operation op_walls, op_encoders, op_confine_probe;

#endif

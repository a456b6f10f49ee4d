/*
 * cut_convert.h - what it would take to encode the clips of a cut that are decoded otherwise than
 * the rest.
 */
#ifndef CONTROL_CUT_CONVERT_H
#define CONTROL_CUT_CONVERT_H

#include "cut.h"
#include "cut_choice.h"

/*
 * A new reference to [{clip, asset, name, frame, frames, renditions, bytes, encode_ms}], one for
 * each clip that has to be encoded in one rendition or more: bytes as if it were an average part of
 * the renditions that it becomes, encode_ms by how long the chunks of its asset took, null where
 * nobody knows. Nothing is changed.
 */
int cut_convert_price(struct db *db, const struct cut *cut, const struct cut_choice *choice,
                      json_t **out, struct spn_error *err);

#endif

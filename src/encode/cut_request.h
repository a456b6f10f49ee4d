/*
 * cut_request.h - a whole composition, as a request tells it: "clips" (asset, in, out) of "assets",
 * each with its "frames", and "encode": true where its sound is encoded whole.
 */
#ifndef ENCODE_CUT_REQUEST_H
#define ENCODE_CUT_REQUEST_H

#include <jansson.h>

#include "sampan/composition.h"
#include "sampan/error.h"

/*
 * key is the request's object that has the "rate". Clips must be as spn_composition_make() leaves
 * them: SPN_EINVAL where two continue each other. *out goes to spn_composition_free().
 */
int cut_request_read(const json_t *request, const char *key, struct spn_composition **out,
                     struct spn_error *err);

#endif

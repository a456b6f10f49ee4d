/*
 * cut_text_verify.h - the cues of a built cut in one language, against a recomputation that goes
 * from each clip to its asset's cues, in another way than the cut was made.
 */
#ifndef CONTROL_CUT_TEXT_VERIFY_H
#define CONTROL_CUT_TEXT_VERIFY_H

#include <jansson.h>

#include "cut_match.h"

/*
 * rendition is a text of the built cut. *out is {"fault_count","faults","measured":{"cues"}} as
 * of the job `verify`. Checks: text.there, text.time, text.missing.
 */
int cut_text_verify(const struct instance *instance, const struct cut *cut,
                    const struct match_rendition *rendition, json_t **out, struct spn_error *err);

#endif

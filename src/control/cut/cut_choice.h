/*
 * cut_choice.h - how a cut is to be built: what the editor chose, that is no part of the edit.
 */
#ifndef CONTROL_CUT_CHOICE_H
#define CONTROL_CUT_CHOICE_H

#include <jansson.h>

#include "sampan/error.h"
#include "sampan/id.h"

struct cut_choice {
    int convert; /* clips that are decoded otherwise than the rest are encoded whole */
    int exact;   /* all sound is encoded anew, on the sample, instead of around the joins */
    char like[SPN_HASH_HEX + 1]; /* the asset whose renditions the cut has; "": the first clip's */
};

/* Of {"convert":bool,"audio":"grid"|"exact","like":HASH}; NULL and what is not said: the usual. */
int cut_choice_read(const json_t *body, struct cut_choice *out, struct spn_error *err);
/* The same as JSON, a new reference. */
json_t *cut_choice_json(const struct cut_choice *choice);

#endif

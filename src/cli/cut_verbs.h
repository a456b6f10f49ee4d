/*
 * cut_verbs.h - verbs of `sampan cut` that have a file of their own.
 */
#ifndef CLI_CUT_VERBS_H
#define CLI_CUT_VERBS_H

#include "command.h"

typedef int cut_verb(struct typed *typed, struct client *client, struct spn_error *err);

cut_verb cut_verify, cut_flatten;

#endif

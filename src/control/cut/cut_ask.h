/* cut_ask.h - a request for a new cut: checked, resolved, kept; or everything that is wrong. */
#ifndef CONTROL_CUT_ASK_H
#define CONTROL_CUT_ASK_H

#include "cut.h"

#define CUT_REELS_MAX 100000 /* names said to be assets */

/*
 * Make a cut of request: {list or list_base64 (with file) or clips, rate, reels, start, name,
 * title, author, note, parent}. *remarks is a new reference to what there is to say, line by line,
 * also where it fails for the list's sake with SPN_EFORMAT; NULL where there is nothing. id has
 * SPN_ID_MAX bytes. Inside a transaction.
 */
int cut_ask(const struct instance *instance, struct db *db, const json_t *request, char *id,
            json_t **remarks, struct spn_error *err);

#endif

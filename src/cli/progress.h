/*
 * progress.h - an ingest on its way, as the API shows it.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <jansson.h>

#include "client.h"

enum progress_until { UNTIL_EXAMINED, UNTIL_READY };

/*
 * Listen to the ingest's events until it is so far, and draw a bar meanwhile (not with quiet);
 * where the stream breaks it is looked at, and listened to again. *ingest is a new reference to
 * what was seen last. An ingest that was refused, failed or canceled is an error with its sentence:
 * SPN_EFORMAT and the like, as the API names it.
 */
int progress_wait(struct client *client, const char *id, enum progress_until until, int quiet,
                  json_t **ingest, struct spn_error *err);

#endif

/* watch.h - what viewers may see without a token: what can be watched, and what is being made. */
#ifndef CONTROL_WATCH_H
#define CONTROL_WATCH_H

#include <jansson.h>

#include "instance.h"

#define WATCH_MAX 200 /* publications of a page: the newest */

/* A new reference. Only open, live publications, oldest first; no path. */
int watch_show(const struct instance *instance, struct db *db, json_t **out, struct spn_error *err);

#endif

/*
 * keeper.h - one thread for what nobody waits for: publications to be made, originals of moved
 * files and pieces of finished assets to be removed, what has expired.
 */
#ifndef CONTROL_KEEPER_H
#define CONTROL_KEEPER_H

#include "instance.h"

struct keeper;

int keeper_start(struct instance *instance, struct keeper **out, struct spn_error *err);
void keeper_wake(struct keeper *keeper); /* there may be something to do; NULL is allowed */
void keeper_stop(struct keeper *keeper); /* NULL is allowed */

/* One round of it, as the thread does; for tests. */
int keeper_round(struct instance *instance, struct spn_error *err);

#endif

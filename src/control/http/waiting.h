/*
 * waiting.h - requests that wait hold no thread: suspended, and resumed when something happened or
 * their time is up. A thread looks once a second for what only time makes happen.
 */
#ifndef CONTROL_WAITING_H
#define CONTROL_WAITING_H

#include <microhttpd.h>
#include <stdint.h>

#include "sampan/error.h"

struct waiting;

int waiting_create(struct waiting **out, struct spn_error *err);
/* Resume everyone and let nobody wait any more; before the daemons are stopped. */
void waiting_end(struct waiting *waiting);
void waiting_destroy(struct waiting *waiting); /* NULL is allowed; after the daemons are stopped */

/* Grows with every waiting_wake(): to be read before looking at what one would wait for. */
uint64_t waiting_count(struct waiting *waiting);
/*
 * Suspend connection until something happens after count was read, or for a second at most. 0: it
 * happened already, or the server is stopping, and nothing is suspended.
 */
int waiting_suspend(struct waiting *waiting, struct MHD_Connection *connection, uint64_t count);
void waiting_wake(struct waiting *waiting);
int waiting_ended(struct waiting *waiting);

#endif

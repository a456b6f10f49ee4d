/* answered.h - Idempotency-Key: the same request twice is done once and answered twice. */
#ifndef CONTROL_ANSWERED_H
#define CONTROL_ANSWERED_H

#include "request.h"

#define ANSWERED_KEY_MAX 128
#define ANSWERED_KEEP_MS (24LL * 3600 * 1000)

/*
 * Inside the request's transaction, before its handler: 1: it was answered before, and the answer
 * is in the request again; 0: it is new. SPN_EUNSUPPORTED: the key came with another request
 * before.
 */
int answered_begin(struct request *request, struct spn_error *err);
/* After the handler, in the same transaction. */
int answered_keep(struct request *request, struct spn_error *err);
/* What came of it after the transaction was an error: as if it had not been asked. */
void answered_forget(struct request *request);
/* Remove those that are too old to be asked again. */
int answered_expire(const struct instance *instance, struct db *db, struct spn_error *err);

#endif

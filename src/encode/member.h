/*
 * member.h - one member of a JSON object, of the right kind and inside its limits, or one sentence.
 *
 * Every function names the member and what holds it ("the request", "rung 2 of the ladder").
 * SPN_EINVAL: it is missing or of another kind; SPN_ERANGE: outside its limits.
 */
#ifndef ENCODE_MEMBER_H
#define ENCODE_MEMBER_H

#include <stdint.h>
#include <jansson.h>

#include "sampan/error.h"
#include "sampan/time.h"

int member_int(const json_t *object, const char *holder, const char *key, int64_t min, int64_t max,
               int64_t *out, struct spn_error *err);
/* The same, but *out stays what it is where the member is missing or null. */
int member_int_or(const json_t *object, const char *holder, const char *key, int64_t min,
                  int64_t max, int64_t *out, struct spn_error *err);
/* Borrowed from object. */
int member_text(const json_t *object, const char *holder, const char *key, const char **out,
                struct spn_error *err);
int member_object(const json_t *object, const char *holder, const char *key, json_t **out,
                  struct spn_error *err);
int member_array(const json_t *object, const char *holder, const char *key, size_t max,
                 json_t **out, struct spn_error *err);
/* [num, den], in lowest terms, at most SPN_RATE_MAX. */
int member_rate(const json_t *object, const char *holder, const char *key, struct spn_rate *out,
                struct spn_error *err);

#endif

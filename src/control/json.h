/* json.h - small help with jansson: what is asked for, of the right type, or a sentence. */
#ifndef CONTROL_JSON_H
#define CONTROL_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "sampan/error.h"
#include "sampan/id.h"

/* Members of object. Missing or null gives fallback; another type is SPN_EINVAL with the name. */
int member_text(const json_t *object, const char *name, size_t least, size_t most,
                const char *fallback, const char **out, struct spn_error *err);
int member_number(const json_t *object, const char *name, int64_t least, int64_t most,
                  int64_t fallback, int64_t *out, struct spn_error *err);
int member_flag(const json_t *object, const char *name, int fallback, int *out,
                struct spn_error *err);
/* 64 hex digits, which must be there: they become parts of paths. */
int member_hash(const json_t *object, const char *name, const char **out, struct spn_error *err);
/* An object or array; NULL (and SPN_OK) when missing and not required. */
int member_object(const json_t *object, const char *name, int required, json_t **out,
                  struct spn_error *err);
int member_array(const json_t *object, const char *name, int required, size_t most, json_t **out,
                 struct spn_error *err);
/* No member but these; names ends with NULL. */
int members_only(const json_t *object, const char *const names[], struct spn_error *err);

/* text as JSON, or a null. For what we wrote into the database ourselves. */
json_t *json_of(const char *text);
/* Compact, sorted; NULL when memory ran out; to be freed. */
char *json_text(const json_t *json);
/* Put a string, or a null for NULL. */
void json_put_text(json_t *object, const char *name, const char *text);
void json_put_number(json_t *object, const char *name, int64_t number);
/* "2026-11-23T06:05:16.123Z", or null for 0. */
void json_put_time(json_t *object, const char *name, int64_t ms);
/* "error": {"code","text"}, or null where code is NULL. */
void json_put_error(json_t *object, const char *code, const char *text);

#endif

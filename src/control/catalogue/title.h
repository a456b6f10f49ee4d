/* title.h - a work: movie, or series with seasons and episodes; its names in each language. */
#ifndef CONTROL_TITLE_H
#define CONTROL_TITLE_H

#include <jansson.h>

#include "instance.h"

#define TITLE_NAME_MAX 1000 /* bytes */
#define TITLE_NAMES    64   /* languages */
#define LANGUAGE_MAX   35   /* characters of a BCP 47 tag */

/* Is tag a well-formed language tag? SPN_EINVAL says how one looks. */
int language_check(const char *tag, struct spn_error *err);

/* names: object language -> name, at least one. SPN_EINVAL says what is wrong with them. */
int title_names_check(const json_t *names, struct spn_error *err);

/*
 * place < 0: none. asked_ms is when it was asked for: titles are listed in that order. id has
 * SPN_ID_MAX bytes.
 */
int title_create(const struct instance *instance, struct db *db, const char *kind,
                 const char *parent, int64_t place, const json_t *names, int64_t asked_ms, char *id,
                 struct spn_error *err);
/* version (may be NULL) is what an ETag says. */
int title_show(struct db *db, const char *id, json_t **out, int64_t *version,
               struct spn_error *err);
int title_list(struct db *db, const char *parent, const char *cursor, int limit, json_t *out,
               struct spn_error *err);
/* Members of change replace those of the title; names are merged, a null takes one away. */
int title_change(const struct instance *instance, struct db *db, const char *id,
                 const json_t *change, struct spn_error *err);
/* SPN_ECONFLICT: something is below it, or a live publication shows it. */
int title_delete(struct db *db, const char *id, struct spn_error *err);
/* The title goes if nothing refers to it and nobody has changed it since it was made. */
int title_abandon(struct db *db, const char *id, struct spn_error *err);

/* {kind, parent, place, names} of a request. */
int title_ask(const struct instance *instance, struct db *db, const json_t *request, char *id,
              struct spn_error *err);

#endif

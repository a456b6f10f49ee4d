/*
 * token.h - who may do what: opaque tokens, of which the database keeps a hash alone.
 *
 * A token is "spn_" and 43 characters, 256 random bits. A viewer may look, an editor may change
 * what is in the catalogue, an owner may do everything, a worker may work on jobs and nothing else.
 */
#ifndef CONTROL_TOKEN_H
#define CONTROL_TOKEN_H

#include <jansson.h>

#include "instance.h"

enum role { ROLE_VIEWER = 1u, ROLE_EDITOR = 2u, ROLE_OWNER = 4u, ROLE_WORKER = 8u };

#define MAY_VIEW (ROLE_VIEWER | ROLE_EDITOR | ROLE_OWNER)
#define MAY_EDIT (ROLE_EDITOR | ROLE_OWNER)
#define MAY_OWN  ((unsigned)ROLE_OWNER)
#define MAY_WORK ((unsigned)ROLE_WORKER)

#define TOKEN_TEXT_MAX 64 /* its NUL included */

struct principal {
    char token[SPN_ID_MAX]; /* id; "" for nobody */
    unsigned role;          /* of enum role; 0 for nobody */
};

const char *role_name(unsigned role);
unsigned role_of(const char *name); /* 0: no such role */

/* A new token. text has TOKEN_TEXT_MAX bytes and is seen this once. expires_ms 0: never. */
int token_create(const struct instance *instance, struct db *db, const char *name, unsigned role,
                 int64_t expires_ms, char *id, char *text, struct spn_error *err);
/* Whose token is text? SPN_EACCES: nobody's. */
int token_check(const struct instance *instance, struct db *db, const char *text,
                struct principal *out, struct spn_error *err);
int token_list(struct db *db, const char *cursor, int limit, json_t *out, struct spn_error *err);
int token_delete(struct db *db, const char *id, struct spn_error *err);

/*
 * The owner's token in DATA/token and the workers' in DATA/worker-token, 0600, made when they are
 * missing or no longer known to the database.
 */
int token_files(const struct instance *instance, struct spn_error *err);

#endif

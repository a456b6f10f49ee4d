/* answered.c - answers kept by their Idempotency-Key. */
#include "answered.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

static const char *answered_key(const struct request *request)
{
    return request->route->flags & ROUTE_IDEMPOTENT ? request_header(request, "Idempotency-Key")
                                                    : NULL;
}

static void request_hash(const struct request *request, char hex[SPN_HASH_HEX + 1])
{
    struct spn_hasher hasher;
    struct spn_hash hash;

    spn_hasher_init(&hasher);
    spn_hasher_update(&hasher, request->method, strlen(request->method) + 1);
    spn_hasher_update(&hasher, request->path, strlen(request->path) + 1);
    spn_hasher_update(&hasher, request->body.data, request->body.size);
    spn_hasher_finish(&hasher, &hash);
    spn_hash_hex(&hash, hex);
}

int answered_begin(struct request *request, struct spn_error *err)
{
    const char *key = answered_key(request);
    char hex[SPN_HASH_HEX + 1];
    struct rows *rows = NULL;
    int64_t made = 0;
    int ret;

    if (!key)
        return 0;
    if (!*key || strlen(key) > ANSWERED_KEY_MAX)
        return spn_error_set(err, SPN_EINVAL, "Idempotency-Key has from 1 to %d characters",
                             ANSWERED_KEY_MAX);
    request_hash(request, hex);
    /* Whoever comes second waits here for the first one's transaction. */
    if ((ret = db_run(request->db,
                      "INSERT INTO answered (token, key, request, status, body, created_ms)"
                      " VALUES ($1, $2, $3, 0, '', $4) ON CONFLICT DO NOTHING",
                      DB_ARGS(db_text(request->who.token), db_text(key), db_text(hex),
                              db_number(instance_now_ms(request->instance))),
                      &made, err)) < 0 ||
        made)
        return ret;
    if ((ret = db_query(request->db,
                        "SELECT request, status, body, location, etag FROM answered"
                        " WHERE token = $1 AND key = $2",
                        DB_ARGS(db_text(request->who.token), db_text(key)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        if (strcmp(rows_text(rows, 0), hex) != 0) {
            ret = spn_error_set(err, SPN_EUNSUPPORTED,
                                "this Idempotency-Key came with another request before; make a new "
                                "one for each");
        } else {
            (void)request_answer(request, (unsigned)rows_number(rows, 1),
                                 json_of(rows_text(rows, 2)));
            if (rows_text(rows, 3))
                request_answer_header(request, "Location", "%s", rows_text(rows, 3));
            if (rows_text(rows, 4))
                request_answer_header(request, "ETag", "%s", rows_text(rows, 4));
            request_answer_header(request, "Idempotency-Replayed", "true");
        }
    }
    rows_close(rows);
    return ret;
}

static const char *header_given(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

int answered_keep(struct request *request, struct spn_error *err)
{
    const char *key = answered_key(request);
    char *body;
    int ret;

    if (!key)
        return SPN_OK;
    if (!(body = request->answer ? json_text(request->answer) : strdup("null")))
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    ret = db_run(request->db,
                 "UPDATE answered SET status = $3, body = $4, location = $5, etag = $6"
                 " WHERE token = $1 AND key = $2",
                 DB_ARGS(db_text(request->who.token), db_text(key), db_number(request->status),
                         db_text(body), db_text(header_given(request, "Location")),
                         db_text(header_given(request, "ETag"))),
                 NULL, err);
    free(body);
    return ret;
}

void answered_forget(struct request *request)
{
    const char *key = answered_key(request);

    if (key)
        (void)db_run(request->db, "DELETE FROM answered WHERE token = $1 AND key = $2",
                     DB_ARGS(db_text(request->who.token), db_text(key)), NULL, NULL);
}

int answered_expire(const struct instance *instance, struct db *db, struct spn_error *err)
{
    return db_run(db, "DELETE FROM answered WHERE created_ms < $1",
                  DB_ARGS(db_number(instance_now_ms(instance) - ANSWERED_KEEP_MS)), NULL, err);
}

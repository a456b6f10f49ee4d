/* token.c - opaque tokens and their hashes. */
#include "token.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "listing.h"

#define TOKEN_PREFIX "spn_"
#define TOKEN_BYTES  32

static const struct {
    unsigned role;
    const char *name;
} roles[] = {
    { ROLE_VIEWER, "viewer" },
    { ROLE_EDITOR, "editor" },
    { ROLE_OWNER, "owner" },
    { ROLE_WORKER, "worker" },
};

const char *role_name(unsigned role)
{
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (roles[i].role == role)
            return roles[i].name;
    return "nobody";
}

unsigned role_of(const char *name)
{
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (strcmp(roles[i].name, name) == 0)
            return roles[i].role;
    return 0;
}

static void token_hash(const char *text, char hex[SPN_HASH_HEX + 1])
{
    struct spn_hash hash;

    spn_hash_of(text, strlen(text), &hash);
    spn_hash_hex(&hash, hex);
}

int token_create(const struct instance *instance, struct db *db, const char *name, unsigned role,
                 int64_t expires_ms, char *id, char *text, struct spn_error *err)
{
    uint8_t secret[TOKEN_BYTES];
    char hex[SPN_HASH_HEX + 1];
    int64_t now_ms = instance_now_ms(instance);

    instance_random(instance, secret, sizeof(secret));
    (void)snprintf(text, TOKEN_TEXT_MAX, "%s", TOKEN_PREFIX);
    (void)sodium_bin2base64(text + strlen(TOKEN_PREFIX), TOKEN_TEXT_MAX - strlen(TOKEN_PREFIX),
                            secret, sizeof(secret), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(secret, sizeof(secret));
    token_hash(text, hex);
    instance_id(instance, "token", now_ms, 0, id);
    return db_run(db,
                  "INSERT INTO token (id, hash, role, name, created_ms, expires_ms)"
                  " VALUES ($1, $2, $3, $4, $5, $6)",
                  DB_ARGS(db_text(id), db_text(hex), db_text(role_name(role)), db_text(name),
                          db_number(now_ms),
                          expires_ms > 0 ? db_number(expires_ms) : db_text(NULL)),
                  NULL, err);
}

int token_check(const struct instance *instance, struct db *db, const char *text,
                struct principal *out, struct spn_error *err)
{
    struct rows *rows = NULL;
    char hex[SPN_HASH_HEX + 1];
    int ret;

    memset(out, 0, sizeof(*out));
    token_hash(text, hex);
    if ((ret = db_query(db,
                        "SELECT id, role FROM token WHERE hash = $1"
                        " AND (expires_ms IS NULL OR expires_ms > $2)",
                        DB_ARGS(db_text(hex), db_number(instance_now_ms(instance))), &rows, err)) <
        0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        (void)strncpy(out->token, rows_text(rows, 0), sizeof(out->token) - 1);
        out->role = role_of(rows_text(rows, 1));
        ret = SPN_OK;
    } else if (ret == 0) {
        ret = spn_error_set(err, SPN_EACCES,
                            "the token is not known here or has expired; the owner's token is in "
                            "the file \"token\" of the data directory");
    }
    rows_close(rows);
    return ret;
}

static json_t *token_json(const struct rows *rows)
{
    json_t *token = json_object();

    json_put_text(token, "id", rows_text(rows, 0));
    json_put_text(token, "name", rows_text(rows, 1));
    json_put_text(token, "role", rows_text(rows, 2));
    json_put_time(token, "created", rows_number(rows, 3));
    json_put_time(token, "expires", rows_number(rows, 4));
    return token;
}

int token_list(struct db *db, const char *cursor, int limit, json_t *out, struct spn_error *err)
{
    static const struct listing listing = {
        "SELECT id, name, role, created_ms, expires_ms FROM token", "id", "token", token_json
    };

    return listing_page(db, &listing, "role", NULL, cursor, limit, out, err);
}

int token_delete(struct db *db, const char *id, struct spn_error *err)
{
    int64_t changed = 0;
    int ret = db_run(db, "DELETE FROM token WHERE id = $1", DB_ARGS(db_text(id)), &changed, err);

    if (ret < 0)
        return ret;
    return changed ? SPN_OK : spn_error_set(err, SPN_ENOENT, "there is no token %s", id);
}

static int token_file(const struct instance *instance, struct db *db, const char *file,
                      unsigned role, struct spn_error *err)
{
    char path[SPN_PATH_MAX], tmp[SPN_PATH_MAX], id[SPN_ID_MAX];
    char text[TOKEN_TEXT_MAX], line[TOKEN_TEXT_MAX + 1];
    struct spn_buffer old = { 0 };
    struct principal who;
    const char *known;
    int ret;

    if ((ret = instance_path(instance, path, sizeof(path), file, err)) < 0 ||
        (ret = instance_path(instance, tmp, sizeof(tmp), "tmp", err)) < 0)
        return ret;
    ret = spn_file_get(path, 4096, &old, err);
    if (ret >= 0 && (known = spn_buffer_text(&old))) {
        old.data[strcspn(known, "\r\n")] = '\0';
        ret = token_check(instance, db, known, &who, err);
        if (ret >= 0 && who.role == role) {
            spn_buffer_finish(&old);
            return SPN_OK;
        }
    }
    spn_buffer_finish(&old);
    if (ret < 0 && ret != SPN_ENOENT && ret != SPN_EACCES)
        return ret;
    if ((ret = token_create(instance, db, file, role, 0, id, text, err)) < 0)
        return ret;
    (void)snprintf(line, sizeof(line), "%s\n", text);
    ret = spn_file_put(tmp, path, 0600, line, strlen(line), err);
    sodium_memzero(text, sizeof(text));
    sodium_memzero(line, sizeof(line));
    return ret;
}

int token_files(const struct instance *instance, struct spn_error *err)
{
    struct db *db;
    int ret;

    if ((ret = store_db(instance->store, &db, err)) < 0 ||
        (ret = token_file(instance, db, "token", ROLE_OWNER, err)) < 0)
        return ret;
    return token_file(instance, db, "worker-token", ROLE_WORKER, err);
}

/*
 * sampan/id.h - names: SHA-256 of what does not change, time-ordered ids for what people make.
 */
#ifndef SAMPAN_ID_H
#define SAMPAN_ID_H

#include <stddef.h>
#include <stdint.h>

#include "sampan/error.h"

#define SPN_HASH_SIZE 32
#define SPN_HASH_HEX  64 /* characters; a string of it has one more for the NUL */

struct spn_hash {
    uint8_t bytes[SPN_HASH_SIZE]; /* SHA-256 */
};

void spn_hash_of(const void *bytes, size_t size, struct spn_hash *out);
void spn_hash_hex(const struct spn_hash *hash, char out[SPN_HASH_HEX + 1]);
/* Lower-case hex only. SPN_EFORMAT: anything else, or another length. */
int spn_hash_parse(const char *hex, size_t length, struct spn_hash *out);
int spn_hash_equal(const struct spn_hash *a, const struct spn_hash *b);

/* Hashing in parts. The state may be copied. */
struct spn_hasher {
    uint64_t opaque[16];
};

void spn_hasher_init(struct spn_hasher *hasher);
void spn_hasher_update(struct spn_hasher *hasher, const void *bytes, size_t size);
void spn_hasher_finish(struct spn_hasher *hasher, struct spn_hash *out);

/*
 * An id is KIND_ and 26 characters of Crockford's base 32 in lower case (digits and letters without
 * i, l, o, u): 48 bits of Unix milliseconds, then 80 random bits. Ids of one kind sort by time.
 */
#define SPN_ID_CODE 26
#define SPN_ID_MAX  48 /* kind, underscore, code and NUL fit */

/* random80 is 10 bytes; clock and random come in so that tests can hold them. */
void spn_id_format(const char *kind, int64_t unix_ms, const uint8_t random80[10],
                   char out[SPN_ID_MAX]);
/* The same with the machine's clock and libsodium's random bytes. */
void spn_id_make(const char *kind, char out[SPN_ID_MAX]);
/* SPN_OK when id is well formed and of this kind, else SPN_EFORMAT. */
int spn_id_check(const char *kind, const char *id, size_t length);

#endif

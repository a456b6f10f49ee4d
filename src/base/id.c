/* id.c - hashes and time-ordered ids. */
#include "sampan/id.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

_Static_assert(sizeof(struct spn_hasher) >= sizeof(crypto_hash_sha256_state),
               "struct spn_hasher holds libsodium's state");

void spn_hash_of(const void *bytes, size_t size, struct spn_hash *out)
{
    (void)crypto_hash_sha256(out->bytes, bytes, size);
}

void spn_hash_hex(const struct spn_hash *hash, char out[SPN_HASH_HEX + 1])
{
    (void)sodium_bin2hex(out, SPN_HASH_HEX + 1, hash->bytes, sizeof(hash->bytes));
}

int spn_hash_parse(const char *hex, size_t length, struct spn_hash *out)
{
    if (length != SPN_HASH_HEX)
        return SPN_EFORMAT;
    for (size_t i = 0; i < length; i++) {
        char c = hex[i];
        uint8_t digit;

        if (c >= '0' && c <= '9')
            digit = (uint8_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint8_t)(c - 'a' + 10);
        else
            return SPN_EFORMAT;
        if (i % 2 == 0)
            out->bytes[i / 2] = (uint8_t)(digit << 4);
        else
            out->bytes[i / 2] = (uint8_t)(out->bytes[i / 2] | digit);
    }
    return SPN_OK;
}

int spn_hash_equal(const struct spn_hash *a, const struct spn_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

void spn_hasher_init(struct spn_hasher *hasher)
{
    (void)crypto_hash_sha256_init((crypto_hash_sha256_state *)(void *)hasher->opaque);
}

void spn_hasher_update(struct spn_hasher *hasher, const void *bytes, size_t size)
{
    (void)crypto_hash_sha256_update((crypto_hash_sha256_state *)(void *)hasher->opaque, bytes,
                                    size);
}

void spn_hasher_finish(struct spn_hasher *hasher, struct spn_hash *out)
{
    (void)crypto_hash_sha256_final((crypto_hash_sha256_state *)(void *)hasher->opaque, out->bytes);
}

static const char alphabet[33] = "0123456789abcdefghjkmnpqrstvwxyz";

void spn_id_format(const char *kind, int64_t unix_ms, const uint8_t random80[10],
                   char out[SPN_ID_MAX])
{
    char code[SPN_ID_CODE + 1];
    uint64_t time = (uint64_t)unix_ms & 0xFFFFFFFFFFFFu;

    for (int i = 9; i >= 0; i--) {
        code[i] = alphabet[time & 31];
        time >>= 5;
    }
    for (int group = 0; group < 2; group++) { /* 40 bits are eight characters */
        uint64_t bits = 0;

        for (int i = 0; i < 5; i++)
            bits = bits << 8 | random80[group * 5 + i];
        for (int i = 7; i >= 0; i--) {
            code[10 + group * 8 + i] = alphabet[bits & 31];
            bits >>= 5;
        }
    }
    code[SPN_ID_CODE] = '\0';
    (void)snprintf(out, SPN_ID_MAX, "%s_%s", kind, code);
}

void spn_id_make(const char *kind, char out[SPN_ID_MAX])
{
    struct timespec now;
    uint8_t random80[10];

    (void)clock_gettime(CLOCK_REALTIME, &now);
    randombytes_buf(random80, sizeof(random80));
    spn_id_format(kind, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, random80, out);
}

int spn_id_check(const char *kind, const char *id, size_t length)
{
    size_t prefix = strlen(kind);

    if (length != prefix + 1 + SPN_ID_CODE || length >= SPN_ID_MAX ||
        memcmp(id, kind, prefix) != 0 || id[prefix] != '_')
        return SPN_EFORMAT;
    for (size_t i = prefix + 1; i < length; i++)
        if (id[i] == '\0' || !strchr(alphabet, id[i]))
            return SPN_EFORMAT;
    return SPN_OK;
}

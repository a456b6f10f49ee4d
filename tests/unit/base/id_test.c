/* id_test.c - hashes, ids, and the sentence of an error. */
#include "rows.h"

#include <errno.h>
#include <stdio.h>

#include "sampan/error.h"
#include "sampan/id.h"

#define ABC_HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void known_hash(void **state)
{
    char hex[SPN_HASH_HEX + 1];
    struct spn_hasher hasher;
    struct spn_hash whole, parts, parsed;

    (void)state;
    spn_hash_of("abc", 3, &whole); /* FIPS 180-4, example B.1 */
    spn_hash_hex(&whole, hex);
    assert_string_equal(hex, ABC_HEX);
    spn_hasher_init(&hasher);
    spn_hasher_update(&hasher, "a", 1);
    spn_hasher_update(&hasher, "bc", 2);
    spn_hasher_finish(&hasher, &parts);
    assert_true(spn_hash_equal(&whole, &parts));
    assert_int_equal(spn_hash_parse(hex, SPN_HASH_HEX, &parsed), SPN_OK);
    assert_true(spn_hash_equal(&whole, &parsed));
    parsed.bytes[31] ^= 1;
    assert_false(spn_hash_equal(&whole, &parsed));
}

static const struct hash_row {
    const char *name, *hex;
    int want;
} hashes[] = {
    { "64 lower-case digits are a hash", ABC_HEX, SPN_OK },
    { "upper-case digits are no hash",
      "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", SPN_EFORMAT },
    { "63 digits are no hash", "a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      SPN_EFORMAT },
    { "65 digits are no hash", ABC_HEX "0", SPN_EFORMAT },
    { "a g is no digit", "ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      SPN_EFORMAT },
    { "nothing is no hash", "", SPN_EFORMAT },
};

static void hash_parse(void **state)
{
    const struct hash_row *row = *state;
    struct spn_hash hash;

    assert_int_equal(spn_hash_parse(row->hex, strlen(row->hex), &hash), row->want);
}

static const struct id_row {
    const char *name, *kind, *id;
    int want;
} ids[] = {
    { "an id of its kind is one", "title", "title_01hq3v2zj00123456789abcdef", SPN_OK },
    { "an id of another kind is none", "title", "asset_01hq3v2zj00123456789abcdef", SPN_EFORMAT },
    { "an id without its underscore is none", "title", "title-01hq3v2zj00123456789abcdef",
      SPN_EFORMAT },
    { "an id with an l in it is none", "title", "title_01hq3v2zj00123456789abcdel", SPN_EFORMAT },
    { "an id in upper case is none", "title", "title_01HQ3V2ZJ00123456789ABCDEF", SPN_EFORMAT },
    { "an id cut short is none", "title", "title_01hq3v2zj00123456789abcde", SPN_EFORMAT },
    { "an id with more behind it is none", "title", "title_01hq3v2zj00123456789abcdefg",
      SPN_EFORMAT },
};

static void id_check(void **state)
{
    const struct id_row *row = *state;

    assert_int_equal(spn_id_check(row->kind, row->id, strlen(row->id)), row->want);
}

static void id_sorts(void **state)
{
    static const uint8_t low[10] = { 0 };
    uint8_t high[10];
    char earlier[SPN_ID_MAX], later[SPN_ID_MAX];

    (void)state;
    memset(high, 0xFF, sizeof(high));
    for (int shift = 0; shift < 47; shift++) {
        int64_t ms = (int64_t)1 << shift;

        spn_id_format("job", ms - 1, high, earlier);
        spn_id_format("job", ms, low, later);
        assert_int_equal(spn_id_check("job", earlier, strlen(earlier)), SPN_OK);
        assert_true(strcmp(earlier, later) < 0);
    }
}

static void id_known(void **state)
{
    static const uint8_t random80[10] = {
        0x00, 0x44, 0x32, 0x14, 0xC7, 0x42, 0x54, 0xB6, 0x35, 0xCF
    };
    char id[SPN_ID_MAX];

    (void)state;
    spn_id_format("job", 1, random80, id); /* five bits a letter: 0 1 2 … 15 */
    assert_string_equal(id, "job_00000000010123456789abcdef");
}

static void id_differs(void **state)
{
    char a[SPN_ID_MAX], b[SPN_ID_MAX];

    (void)state;
    spn_id_make("job", a);
    spn_id_make("job", b);
    assert_int_equal(spn_id_check("job", a, strlen(a)), SPN_OK);
    assert_string_not_equal(a, b);
}

static void error_cut(void **state)
{
    struct spn_error err;
    char text[SPN_ERROR_TEXT_MAX + 64];
    size_t length;

    (void)state;
    for (size_t start = 0; start < 4; start++) {
        size_t at = start;

        memset(text, 'x', start);
        while (at + 4 < sizeof(text)) {
            memcpy(text + at, "\xF0\x9F\x9B\xB6", 4); /* U+1F6F6, a canoe */
            at += 4;
        }
        text[at] = '\0';
        assert_int_equal(spn_error_set(&err, SPN_EINVAL, "%s", text), SPN_EINVAL);
        length = strlen(err.text);
        assert_int_equal((length - start) % 4, 0);
        assert_true(length > SPN_ERROR_TEXT_MAX - 8);
    }
}

static void error_null(void **state)
{
    (void)state;
    assert_int_equal(spn_error_set(NULL, SPN_EIO, "never kept"), SPN_EIO);
    assert_int_equal(spn_error_errno(NULL, ENOSPC, "never kept"), SPN_ENOSPC);
}

static const struct errno_row {
    const char *name;
    int errnum, code;
    const char *word;
} errnos[] = {
    { "ENOSPC is a full disk", ENOSPC, SPN_ENOSPC, "disk_full" },
    { "EDQUOT is a full disk", EDQUOT, SPN_ENOSPC, "disk_full" },
    { "ENOENT is no such thing", ENOENT, SPN_ENOENT, "not_found" },
    { "EACCES is not allowed", EACCES, SPN_EACCES, "forbidden" },
    { "EROFS is not allowed", EROFS, SPN_EACCES, "forbidden" },
    { "EEXIST is there already", EEXIST, SPN_EEXIST, "exists" },
    { "ENOMEM is memory", ENOMEM, SPN_ENOMEM, "no_memory" },
    { "EIO is the disk's failure", EIO, SPN_EIO, "io" },
    { "EFBIG is a limit", EFBIG, SPN_ELIMIT, "too_large" },
};

static void error_errno(void **state)
{
    const struct errno_row *row = *state;
    struct spn_error err;
    char want[256];

    assert_int_equal(spn_error_errno(&err, row->errnum, "cannot write %s", "a"), row->code);
    (void)snprintf(want, sizeof(want), "cannot write a: %s", strerror(row->errnum));
    assert_string_equal(err.text, want);
    assert_string_equal(spn_code_name(err.code), row->word);
}

int main(void)
{
    static struct rows rows;

    rows_add(&rows, "the hash of abc is the standard's, whole and in parts", known_hash, NULL);
    rows_add_table(&rows, hashes, hash_parse);
    rows_add_table(&rows, ids, id_check);
    rows_add(&rows, "ids sort by time whatever their random part", id_sorts, NULL);
    rows_add(&rows, "an id is its time, then its random bits", id_known, NULL);
    rows_add(&rows, "two ids differ", id_differs, NULL);
    rows_add(&rows, "a sentence too long is cut between characters", error_cut, NULL);
    rows_add(&rows, "an error nobody asked for is only its code", error_null, NULL);
    rows_add_table(&rows, errnos, error_errno);
    return rows_run(&rows, "id");
}

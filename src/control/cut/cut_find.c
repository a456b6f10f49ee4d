/* cut_find.c - a sorted table of names. */
#include "cut_find.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cut_list.h"
#include "json.h"

struct entry {
    char *key; /* owned */
    uint32_t asset;
};

struct cut_find {
    char (*hashes)[SPN_HASH_HEX + 1]; /* in order */
    size_t asset_count, asset_capacity;
    struct entry *entries; /* by key, then asset */
    size_t count, capacity;
};

void cut_find_close(struct cut_find *find)
{
    if (!find)
        return;
    for (size_t i = 0; i < find->count; i++)
        free(find->entries[i].key);
    free(find->entries);
    free(find->hashes);
    free(find);
}

static void lower(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text + 'a' - 'A');
}

static int entry_add(struct cut_find *find, const char *text, size_t length, uint32_t asset)
{
    if (length == 0)
        return SPN_OK;
    if (find->count == find->capacity) {
        size_t capacity = find->capacity ? 2 * find->capacity : 256;
        struct entry *entries = realloc(find->entries, capacity * sizeof(*entries));

        if (!entries)
            return SPN_ENOMEM;
        find->entries = entries;
        find->capacity = capacity;
    }
    find->entries[find->count].asset = asset;
    find->entries[find->count].key = strndup(text, length);
    if (!find->entries[find->count].key)
        return SPN_ENOMEM;
    lower(find->entries[find->count++].key);
    return SPN_OK;
}

static int asset_add(struct cut_find *find, const char *hash, const char *name)
{
    uint32_t asset = (uint32_t)find->asset_count;
    const char *dot = strrchr(name, '.');
    struct spn_hash bytes;
    char uuid[37];

    if (find->asset_count == find->asset_capacity) {
        size_t capacity = find->asset_capacity ? 2 * find->asset_capacity : 64;
        char(*hashes)[SPN_HASH_HEX + 1] = realloc(find->hashes, capacity * sizeof(*hashes));

        if (!hashes)
            return SPN_ENOMEM;
        find->hashes = hashes;
        find->asset_capacity = capacity;
    }
    if (spn_hash_parse(hash, strlen(hash), &bytes) < 0)
        return SPN_OK;
    memcpy(find->hashes[find->asset_count++], hash, SPN_HASH_HEX + 1);
    cut_asset_uuid(&bytes, uuid);
    if (entry_add(find, hash, SPN_HASH_HEX, asset) < 0 || entry_add(find, uuid, 36, asset) < 0 ||
        entry_add(find, name, strlen(name), asset) < 0)
        return SPN_ENOMEM;
    return dot ? entry_add(find, name, (size_t)(dot - name), asset) : SPN_OK;
}

static int hash_order(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int assets_read(struct cut_find *find, struct db *db, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret = db_query(db, "SELECT hash, name FROM asset ORDER BY hash", DB_NONE, &rows, err);

    if (ret < 0)
        return ret;
    while ((ret = rows_next(rows, err)) > 0)
        if (asset_add(find, rows_text(rows, 0), rows_text(rows, 1)) < 0) {
            ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
            break;
        }
    rows_close(rows);
    return ret;
}

static int titles_read(struct cut_find *find, struct db *db, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret = db_query(db,
                       "SELECT x.asset, t.id, t.names FROM"
                       " (SELECT asset, title FROM ingest UNION SELECT asset, title FROM"
                       " publication) x JOIN title t ON t.id = x.title WHERE x.asset IS NOT NULL",
                       DB_NONE, &rows, err);

    if (ret < 0)
        return ret;
    while ((ret = rows_next(rows, err)) > 0) {
        char(*found)[SPN_HASH_HEX + 1] =
            find->asset_count ? bsearch(rows_text(rows, 0), find->hashes, find->asset_count,
                                        sizeof(*find->hashes), hash_order)
                              : NULL;
        json_t *names = json_of(rows_text(rows, 2)), *name;
        const char *language;
        int bad = 0;

        if (found) {
            uint32_t asset = (uint32_t)(found - find->hashes);

            bad = entry_add(find, rows_text(rows, 1), strlen(rows_text(rows, 1)), asset) < 0;
            json_object_foreach(names, language, name)
            {
                bad = bad ||
                      entry_add(find, json_string_value(name), json_string_length(name), asset) < 0;
            }
        }
        json_decref(names);
        if (bad) {
            ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
            break;
        }
    }
    rows_close(rows);
    return ret;
}

static int entry_order(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->key, y->key);

    return order ? order : x->asset < y->asset ? -1 : x->asset > y->asset;
}

int cut_find_open(struct db *db, struct cut_find **out, struct spn_error *err)
{
    struct cut_find *find = calloc(1, sizeof(*find));
    int ret;

    *out = NULL;
    if (!find)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if ((ret = assets_read(find, db, err)) < 0 || (ret = titles_read(find, db, err)) < 0) {
        cut_find_close(find);
        return ret;
    }
    if (find->count > 1)
        qsort(find->entries, find->count, sizeof(*find->entries), entry_order);
    *out = find;
    return SPN_OK;
}

size_t cut_find_asset(const struct cut_find *find, const char *text, uint32_t *asset)
{
    size_t low = 0, high = find->count, found = 0;
    char key[CUT_TEXT_MAX];
    uint32_t last = 0;

    if (strncmp(text, "urn:uuid:", 9) == 0)
        text += 9;
    if (!*text || strlen(text) >= sizeof(key))
        return 0;
    memcpy(key, text, strlen(text) + 1);
    lower(key);
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(find->entries[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < find->count && strcmp(find->entries[low].key, key) == 0; low++) {
        if (found == 0)
            *asset = find->entries[low].asset;
        else if (find->entries[low].asset == last)
            continue; /* one asset by two names that are alike */
        last = find->entries[low].asset;
        found++;
    }
    return found;
}

const char *cut_find_hash(const struct cut_find *find, uint32_t asset)
{
    return find->hashes[asset];
}

size_t cut_find_count(const struct cut_find *find)
{
    return find->asset_count;
}

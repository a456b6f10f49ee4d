/* cut_flat_name.c - a file name from a title. */
#include "cut_flat_name.h"

#include <stdio.h>
#include <string.h>

#include "json.h"

/* The name in that language; else in another of the same primary one (zh-Hant for zh-Hans). */
static const char *name_in(const json_t *names, const char *language)
{
    const char *exact = language ? json_string_value(json_object_get(names, language)) : NULL;
    const char *first = NULL, *like = NULL, *tag;
    size_t primary = language ? strcspn(language, "-") : 0;
    json_t *name;

    json_object_foreach((json_t *)(uintptr_t)names, tag, name)
    {
        if (!first)
            first = json_string_value(name);
        if (!like && primary > 0 && strncmp(tag, language, primary) == 0 &&
            (tag[primary] == '-' || !tag[primary]))
            like = json_string_value(name);
    }
    return exact ? exact : like ? like : first;
}

/* Bytes of the character at text, which is UTF-8. */
static size_t letter(const char *text)
{
    size_t size = 1;

    while (((unsigned char)text[size] & 0xC0) == 0x80)
        size++;
    return size;
}

static void file_name(const char *name, size_t most, char *out)
{
    size_t size = 0, one;

    name += strspn(name, " ."); /* hidden files, and ".." */
    for (; *name; name += one) {
        one = letter(name);
        if (size + one > most)
            break;
        if ((unsigned char)*name < 0x20 || *name == 0x7F)
            continue;
        if (strchr("/\\:*?\"<>|", *name))
            out[size++] = '_';
        else
            for (size_t i = 0; i < one; i++)
                out[size++] = name[i];
    }
    while (size > 0 && strchr(" .", out[size - 1]))
        size--;
    if (size == 0)
        out[size++] = '_';
    memcpy(out + size, ".mp4", 5);
}

int cut_flat_name(struct db *db, const char *cut, const char *language, size_t most, char *out,
                  struct spn_error *err)
{
    struct rows *rows = NULL;
    json_t *names;
    const char *name;
    int ret;

    if ((ret = db_query(db,
                        "SELECT c.name, t.names FROM cut c LEFT JOIN title t ON t.id = c.title"
                        " WHERE c.id = $1",
                        DB_ARGS(db_text(cut)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        names = rows_text(rows, 1) ? json_of(rows_text(rows, 1)) : NULL;
        name = name_in(names, language);
        file_name(name ? name : rows_text(rows, 0), most, out);
        json_decref(names);
    } else if (ret == 0) {
        ret = spn_error_set(err, SPN_ENOENT, "there is no cut %s", cut);
    }
    rows_close(rows);
    return ret < 0 ? ret : SPN_OK;
}

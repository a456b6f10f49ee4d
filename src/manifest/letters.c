/* letters.c - what strings a publication may carry. */
#include "letters.h"

#include <string.h>

/* Bytes of the UTF-8 character at p, *value its code point; 0 when it is none. */
static size_t character(const uint8_t *p, size_t left, uint32_t *value)
{
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t size = p[0] < 0x80    ? 1
                  : p[0] >= 0xF8 ? 0
                  : p[0] >= 0xF0 ? 4
                  : p[0] >= 0xE0 ? 3
                  : p[0] >= 0xC0 ? 2
                                 : 0;

    if (size == 0 || size > left)
        return 0;
    if (size == 1) {
        *value = p[0];
        return 1;
    }
    *value = p[0] & (0xFFu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        *value = *value << 6 | (p[i] & 0x3Fu);
    }
    if (*value < least[size] || *value > 0x10FFFF || (*value >= 0xD800 && *value <= 0xDFFF))
        return 0;
    return size;
}

int spn_letters_text(const uint8_t *bytes, size_t size, int newlines)
{
    size_t at = 0;

    while (at < size) {
        uint32_t value;
        size_t step;

        if (bytes[at] >= 0x20 && bytes[at] < 0x7F) {
            at++;
            continue;
        }
        step = character(bytes + at, size - at, &value);
        if (step == 0)
            return 0;
        if (value < 0x20 || (value >= 0x7F && value < 0xA0))
            if (!newlines || (value != '\n' && value != '\t'))
                return 0;
        at += step;
    }
    return 1;
}

static int only(const char *string, size_t most, const char *extra)
{
    size_t length = strlen(string);

    if (length > most)
        return 0;
    for (size_t i = 0; i < length; i++) {
        char c = string[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
            !strchr(extra, c))
            return 0;
    }
    return 1;
}

int spn_letters_language(const char *string)
{
    return string[0] && only(string, 35, "-");
}

int spn_letters_codecs(const char *string)
{
    return only(string, 63, ".");
}

int spn_letters_rendition(const char *string, size_t length)
{
    if (length < 2 || length > 4 || string[0] < 'a' || string[0] > 'z')
        return 0;
    for (size_t i = 1; i < length; i++)
        if (string[i] < '0' || string[i] > '9')
            return 0;
    return length == 2 || string[1] != '0';
}

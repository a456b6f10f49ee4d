/* text_markup.c - the text of one cue, built from runs of characters in a style. */
#include "text_markup.h"

#include <libxml/HTMLparser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name; /* the class of WebVTT, and CSS's word */
    uint32_t rgb;
} colours[] = {
    [COLOUR_NONE] = { "white", 0xFFFFFF },    [COLOUR_LIME] = { "lime", 0x00FF00 },
    [COLOUR_CYAN] = { "cyan", 0x00FFFF },     [COLOUR_RED] = { "red", 0xFF0000 },
    [COLOUR_YELLOW] = { "yellow", 0xFFFF00 }, [COLOUR_MAGENTA] = { "magenta", 0xFF00FF },
    [COLOUR_BLUE] = { "blue", 0x0000FF },     [COLOUR_BLACK] = { "black", 0x000000 },
};

enum { COLOURS = sizeof(colours) / sizeof(colours[0]) };

enum colour colour_of(uint32_t rgb)
{
    for (int i = 0; i < COLOURS; i++)
        if (colours[i].rgb == (rgb & 0xFFFFFF))
            return (enum colour)i;
    return COLOUR_NONE;
}

enum colour colour_legible(enum colour colour)
{
    return colour == COLOUR_BLACK ? COLOUR_NONE : colour;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

enum colour colour_named(const char *name, size_t size)
{
    char word[32];
    unsigned r, g, b;
    int end = 0;

    if (size == 0 || size >= sizeof(word))
        return COLOUR_NONE;
    memcpy(word, name, size);
    word[size] = '\0';
    if (size >= 7 && (word[0] == '#')) {
        uint32_t rgb = 0;

        for (size_t i = 1; i < 7; i++) {
            if (hex(word[i]) < 0)
                return COLOUR_NONE;
            rgb = rgb << 4 | (uint32_t)hex(word[i]);
        }
        return colour_of(rgb);
    }
    if (sscanf(word, "rgb(%3u,%3u,%3u)%n", &r, &g, &b, &end) == 3 && end && r < 256 && g < 256 &&
        b < 256)
        return colour_of(r << 16 | g << 8 | b);
    if (strcasecmp(word, "aqua") == 0)
        return COLOUR_CYAN;
    if (strcasecmp(word, "fuchsia") == 0)
        return COLOUR_MAGENTA;
    for (int i = 0; i < COLOURS; i++)
        if (strcasecmp(word, colours[i].name) == 0)
            return (enum colour)i;
    return COLOUR_NONE;
}

/*
 * Tags from the outside in: voice, ruby, its reading, colour, bold, italic, underline. What differs
 * at one level closes all that is inside of it.
 */
enum { LEVELS = 7 };

static uint32_t level(const struct style *style, int at)
{
    switch (at) {
    case 0:
        return style->voice;
    case 1:
        return style->ruby;
    case 2:
        return style->ruby ? style->reading : 0;
    case 3:
        return style->colour;
    case 4:
        return style->bold;
    case 5:
        return style->italic;
    default:
        return style->underline;
    }
}

static void tag_close(struct markup *markup, int at)
{
    static const char *const names[LEVELS] = { "</v>", "</ruby>", "</rt>", "</c>",
                                               "</b>", "</i>",    "</u>" };

    spn_buffer_string(&markup->out, names[at]);
}

static void tag_open(struct markup *markup, int at, uint32_t value)
{
    static const char *const names[LEVELS] = {
        "<v ", "<ruby>", "<rt>", "<c.", "<b>", "<i>", "<u>"
    };

    spn_buffer_string(&markup->out, names[at]);
    if (at == 0)
        spn_buffer_string(&markup->out, markup->voice);
    if (at == 3)
        spn_buffer_string(&markup->out, colours[value].name);
    if (at == 0 || at == 3)
        spn_buffer_string(&markup->out, ">");
}

static void restyle(struct markup *markup, const struct style *style)
{
    int same = 0;

    while (same < LEVELS && level(&markup->open, same) == level(style, same))
        same++;
    for (int at = LEVELS - 1; at >= same; at--)
        if (level(&markup->open, at))
            tag_close(markup, at);
    /* what waited stands outside of the tags that begin after it */
    if (markup->broken)
        spn_buffer_u8(&markup->out, '\n');
    else if (markup->spaces)
        spn_buffer_u8(&markup->out, ' ');
    markup->broken = markup->spaces = 0;
    for (int at = same; at < LEVELS; at++)
        if (level(style, at))
            tag_open(markup, at, level(style, at));
    markup->open = *style;
}

void markup_break(struct markup *markup)
{
    markup->spaces = 0;
    if (markup->out.size)
        markup->broken = 1;
}

void markup_character(struct markup *markup, const struct style *style, uint32_t c)
{
    uint8_t bytes[4];
    size_t size = 0;

    if (c == '\n' || c == 0x2028 || c == 0x2029 || c == 0x85) {
        markup_break(markup);
        return;
    }
    if (c == ' ' || c == '\t') {
        markup->spaces = markup->out.size && !markup->broken;
        return;
    }
    if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ||
        c == 0xFEFF)
        return;
    restyle(markup, style);
    if (c == '&' || c == '<' || c == '>') {
        spn_buffer_string(&markup->out, c == '&' ? "&amp;" : c == '<' ? "&lt;" : "&gt;");
        return;
    }
    if (c < 0x80) {
        bytes[size++] = (uint8_t)c;
    } else if (c < 0x800) {
        bytes[size++] = (uint8_t)(0xC0 | c >> 6);
    } else if (c < 0x10000) {
        bytes[size++] = (uint8_t)(0xE0 | c >> 12);
        bytes[size++] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    } else {
        bytes[size++] = (uint8_t)(0xF0 | c >> 18);
        bytes[size++] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
        bytes[size++] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    }
    if (c >= 0x80)
        bytes[size++] = (uint8_t)(0x80 | (c & 0x3F));
    spn_buffer_append(&markup->out, bytes, size);
}

void markup_text(struct markup *markup, const struct style *style, const char *text, size_t size)
{
    const uint8_t *p = (const uint8_t *)text;

    for (size_t i = 0; i < size;) {
        size_t step = p[i] < 0xC0 ? 1 : p[i] < 0xE0 ? 2 : p[i] < 0xF0 ? 3 : 4;
        uint32_t c = step == 1 ? p[i] : p[i] & (0xFFu >> (step + 1));

        if (step > size - i)
            break;
        for (size_t k = 1; k < step; k++)
            c = c << 6 | (p[i + k] & 0x3Fu);
        if (p[i] < 0x80 || p[i] >= 0xC0) /* a stray continuation byte is no character */
            markup_character(markup, style, c);
        i += step;
    }
}

const char *markup_end(struct markup *markup)
{
    static const struct style none;

    markup->broken = markup->spaces = 0;
    if (markup->out.size == 0)
        return NULL;
    restyle(markup, &none);
    return spn_buffer_text(&markup->out);
}

void markup_finish(struct markup *markup)
{
    spn_buffer_finish(&markup->out);
    memset(markup, 0, sizeof(*markup));
}

/* The character that HTML 4 calls by this name, and the few names in capitals of HTML 5; 0 for
 * none. */
static uint32_t entity_named(const char *name, size_t size)
{
    static const struct {
        const char *name;
        uint32_t character;
    } more[] = { { "apos", '\'' }, { "AMP", '&' },   { "LT", '<' },  { "GT", '>' },
                 { "QUOT", '"' },  { "COPY", 0xA9 }, { "REG", 0xAE } };
    const htmlEntityDesc *found;
    char word[16];

    if (size == 0 || size >= sizeof(word))
        return 0;
    memcpy(word, name, size);
    word[size] = '\0';
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
        if (strcmp(more[i].name, word) == 0)
            return more[i].character;
    found = htmlEntityLookup((const xmlChar *)word);
    return found ? found->value : 0;
}

/* "&#20320;", "&#x4f60;" */
static size_t entity_numbered(const char *text, size_t size, uint32_t *character)
{
    int base = size > 2 && (text[2] == 'x' || text[2] == 'X') ? 16 : 10;
    size_t from = base == 16 ? 3 : 2, at = from;
    uint64_t value = 0;

    for (; at < size && at < 12 && hex(text[at]) >= 0 && hex(text[at]) < base; at++)
        value = value * (uint64_t)base + (uint64_t)hex(text[at]);
    if (at >= size || text[at] != ';' || at == from || value == 0 || value > 0x10FFFF)
        return 0;
    *character = (uint32_t)value;
    return at + 1;
}

size_t entity_read(const char *text, size_t size, int loose, uint32_t *character)
{
    size_t end = 1;

    if (size < 3 || text[0] != '&')
        return 0;
    if (text[1] == '#')
        return entity_numbered(text, size, character);
    while (end < size && end < 17 &&
           ((text[end] >= 'a' && text[end] <= 'z') || (text[end] >= 'A' && text[end] <= 'Z') ||
            (text[end] >= '0' && text[end] <= '9')))
        end++;
    if (end < size && text[end] == ';' && (*character = entity_named(text + 1, end - 1)))
        return end + 1;
    /* of the old ones the semicolon may be missing, and more letters may follow */
    for (; loose && end > 2; end--) {
        uint32_t c = entity_named(text + 1, end - 1);

        if (c && c < 0x100 && !(end == 5 && memcmp(text + 1, "apos", 4) == 0)) {
            *character = c;
            return end;
        }
    }
    return 0;
}

const char *settings_of_keypad(unsigned keypad)
{
    static const char *const settings[10] = {
        "",
        "align:left",
        "",
        "align:right",
        "line:50% align:left",
        "line:50%",
        "line:50% align:right",
        "line:0 align:left",
        "line:0",
        "line:0 align:right",
    };

    return settings[keypad <= 9 ? keypad : 0];
}

int lines_next(struct lines *lines, const char **line, size_t *size)
{
    const char *at = lines->at;

    if (at == lines->end)
        return 0;
    while (at < lines->end && *at != '\n' && *at != '\r')
        at++;
    *line = lines->at;
    *size = (size_t)(at - lines->at);
    lines->number++;
    if (at < lines->end && *at == '\r')
        at++;
    if (at < lines->end && *at == '\n' && (at == *line + *size || at[-1] == '\r'))
        at++;
    lines->at = at;
    return 1;
}

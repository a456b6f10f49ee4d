/*
 * text_srt.c - SubRip.
 *
 * A line with an arrow between two times begins a cue; a number alone above it, after an empty
 * line, is its number; everything up to the next such line is text, empty lines in it too.
 */
#include <string.h>
#include <strings.h>

#include "text_markup.h"

/* Digits at *at; -1 where there are none, or more than nine. */
static int64_t number(const char **at, const char *end, size_t *digits)
{
    int64_t value = 0;

    for (*digits = 0; *at < end && **at >= '0' && **at <= '9'; (*at)++, (*digits)++)
        value = *digits < 9 ? value * 10 + (**at - '0') : -1;
    return *digits == 0 || *digits > 9 ? -1 : value;
}

/* "01:02:03,004", "1:02:03.4", "02:03,004": milliseconds, -1 where it is none. */
static int64_t time_read(const char **at, const char *end)
{
    int64_t parts[3] = { 0, 0, 0 }, fraction = 0, total;
    size_t digits, count = 0;

    while (count < 3) {
        parts[count] = number(at, end, &digits);
        if (parts[count++] < 0)
            return -1;
        if (*at == end || **at != ':' || count == 3)
            break;
        (*at)++;
    }
    if (count < 2 || parts[count - 1] > 59 || (count == 3 && parts[1] > 59))
        return -1;
    if (*at < end && (**at == ',' || **at == '.')) {
        (*at)++;
        fraction = number(at, end, &digits);
        if (fraction < 0 || digits > 6)
            return -1;
        for (; digits < 3; digits++)
            fraction *= 10;
        for (; digits > 3; digits--)
            fraction /= 10;
    }
    total = count == 3 ? (parts[0] * 60 + parts[1]) * 60 + parts[2] : parts[0] * 60 + parts[1];
    return total > 1000000 ? -1 : total * 1000 + fraction;
}

static void spaces(const char **at, const char *end)
{
    while (*at < end && (**at == ' ' || **at == '\t'))
        (*at)++;
}

/* 1: a cue's times; 0: another line; -1: an arrow and no times. */
static int timing(const char *line, size_t size, int64_t *start, int64_t *end_ms)
{
    const char *end = line + size;

    if (!memmem(line, size, "-->", 3))
        return 0;
    spaces(&line, end);
    *start = time_read(&line, end);
    spaces(&line, end);
    if (*start < 0 || end - line < 3 || memcmp(line, "-->", 3) != 0)
        return -1;
    line += 3;
    spaces(&line, end);
    *end_ms = time_read(&line, end);
    if (*end_ms < 0 || (line < end && *line != ' ' && *line != '\t'))
        return -1;
    return 1; /* what follows are coordinates that no player reads */
}

static int numbered(const char *line, size_t size)
{
    const char *at = line;
    size_t digits;

    spaces(&at, line + size);
    if (number(&at, line + size, &digits) < 0)
        return 0;
    spaces(&at, line + size);
    return at == line + size;
}

static int blank(const char *line, size_t size)
{
    const char *at = line;

    spaces(&at, line + size);
    return at == line + size;
}

/* ---- tags ---- */

struct tag {
    const char *name;
    size_t name_size;
    const char *rest; /* attributes */
    size_t rest_size, whole;
    int closing;
};

/* A tag at text, which begins with '<'; 0 when there is none. */
static int tag_read(const char *text, size_t size, struct tag *out)
{
    const char *end = memchr(text, '>', size), *at = text + 1;

    if (!end || end - text > 256)
        return 0;
    out->whole = (size_t)(end + 1 - text);
    out->closing = *at == '/';
    at += out->closing;
    out->name = at;
    while (at < end && ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z')))
        at++;
    out->name_size = (size_t)(at - out->name);
    out->rest = at;
    out->rest_size = (size_t)(end - at);
    return out->name_size > 0 && (at == end || *at == ' ' || *at == '.' || *at == '/');
}

static int named(const struct tag *tag, const char *name)
{
    return strlen(name) == tag->name_size && strncasecmp(tag->name, name, tag->name_size) == 0;
}

static enum colour font_colour(const struct tag *tag)
{
    const char *at = tag->rest, *end = tag->rest + tag->rest_size, *word;

    for (; end - at > 6; at++)
        if (strncasecmp(at, "color=", 6) == 0)
            break;
    if (end - at <= 6)
        return COLOUR_NONE;
    at += 6;
    at += *at == '"' || *at == '\'';
    for (word = at; at < end && *at != '"' && *at != '\'' && *at != ' '; at++)
        ;
    return colour_legible(colour_named(word, (size_t)(at - word)));
}

/* What a tag does; 0 when it is none of ours and stays as it is written. */
static int tag_apply(const struct tag *tag, struct style *style, struct markup *markup)
{
    unsigned on = !tag->closing;

    if (named(tag, "b") || named(tag, "strong"))
        style->bold = on & 1;
    else if (named(tag, "i") || named(tag, "em"))
        style->italic = on & 1;
    else if (named(tag, "u"))
        style->underline = on & 1;
    else if (named(tag, "font"))
        style->colour = on ? font_colour(tag) : COLOUR_NONE;
    else if (named(tag, "br"))
        markup_break(markup);
    else
        return named(tag, "s") || named(tag, "span") || named(tag, "c") || named(tag, "p");
    return 1;
}

void srt_markup(struct markup *markup, const char *text, size_t size, unsigned *keypad)
{
    struct style style = { 0 }, base = { 0 };
    int drawing = 0, placed = 0;

    for (size_t i = 0; i < size;) {
        uint32_t character;
        size_t step;
        struct tag tag;

        if (text[i] == '<' && tag_read(text + i, size - i, &tag) &&
            tag_apply(&tag, &style, markup)) {
            i += tag.whole;
        } else if (text[i] == '{' && i + 1 < size && text[i + 1] == '\\' &&
                   memchr(text + i, '}', size - i)) {
            const char *end = memchr(text + i, '}', size - i);

            ass_override(&style, &base, text + i + 1, (size_t)(end - text) - i - 1, keypad,
                         &drawing, &placed);
            i = (size_t)(end - text) + 1;
        } else if (text[i] == '\\' && i + 1 < size && (text[i + 1] == 'N' || text[i + 1] == 'h')) {
            if (text[i + 1] == 'N')
                markup_break(markup);
            else
                markup_character(markup, &style, 0xA0);
            i += 2;
        } else if (text[i] == '&' && (step = entity_read(text + i, size - i, 0, &character)) > 0) {
            markup_character(markup, &style, character);
            i += step;
        } else {
            const char *rest = text + i + 1;

            while (rest < text + size && !strchr("<{\\&", *rest))
                rest++;
            markup_text(markup, &style, text + i, (size_t)(rest - text) - i);
            i = (size_t)(rest - text);
        }
    }
}

static int cue_put(struct cues *out, int64_t start, int64_t end, const char *text, const char *stop,
                   struct spn_error *err)
{
    struct markup markup = { 0 };
    unsigned keypad = 2;
    int ret;

    srt_markup(&markup, text, (size_t)(stop - text), &keypad);
    ret = cues_add(out, start, end, settings_of_keypad(keypad), &markup, err);
    markup_finish(&markup);
    return ret;
}

int srt_read(const struct text_source *source, struct cues *out, struct spn_error *err)
{
    struct lines lines = { source->text, source->text + source->size, 0 };
    const char *line, *text = NULL, *stop = NULL; /* the open cue's text, as far as it goes */
    int64_t start = 0, end = 0, next_start, next_end;
    int open = 0, empty = 1, fresh = 1, ret; /* fresh: a cue's times may follow */
    size_t size;

    while (lines_next(&lines, &line, &size)) {
        int is = timing(line, size, &next_start, &next_end);

        if (is < 0 && fresh)
            return spn_error_set(err, SPN_EFORMAT,
                                 "line %zu of %s has an arrow, but not the times of a cue",
                                 lines.number, source->name);
        if (is > 0) {
            if (open && (ret = cue_put(out, start, end, text, stop ? stop : line, err)) < 0)
                return ret;
            open = 1;
            start = next_start;
            end = next_end;
            text = lines.at;
            stop = NULL;
            empty = fresh = 0;
            continue;
        }
        if (!open && !blank(line, size) && !numbered(line, size))
            return spn_error_set(err, SPN_EFORMAT,
                                 "line %zu of %s is neither a cue's number nor its times",
                                 lines.number, source->name);
        /* a number after an empty line belongs to the next cue, if its times follow */
        stop = open && empty && numbered(line, size) ? line : NULL;
        empty = blank(line, size);
        fresh = empty || (fresh && numbered(line, size));
    }
    if (open)
        return cue_put(out, start, end, text, source->text + source->size, err);
    return spn_error_set(err, SPN_EFORMAT, "%s has no cue in it", source->name);
}

/*
 * text_vtt.c - WebVTT as W3C's parser reads it: what cannot be understood is left out, and noted.
 */
#include <stdio.h>
#include <string.h>

#include "text_markup.h"

static int is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* ---- times ---- */

static int digits(const char **at, const char *end, size_t least, size_t most, int64_t *value)
{
    size_t count = 0;

    for (*value = 0; *at < end && **at >= '0' && **at <= '9'; (*at)++, count++)
        if (count < 10)
            *value = *value * 10 + (**at - '0');
    return count >= least && count <= most;
}

/* "00:01.000" or "000:00:01.000": milliseconds, -1 where it is none. */
static int64_t time_read(const char **at, const char *end)
{
    const char *begin = *at;
    int64_t one, two, three = 0, ms;
    int hours;

    if (!digits(at, end, 2, 9, &one) || *at == end || *(*at)++ != ':')
        return -1;
    hours = *at - begin != 3;
    if (!digits(at, end, 2, 2, &two) || *at == end)
        return -1;
    if (hours || **at == ':') {
        if (*(*at)++ != ':' || !digits(at, end, 2, 2, &three) || *at == end)
            return -1;
        hours = 1;
    }
    if (*(*at)++ != '.' || !digits(at, end, 3, 3, &ms))
        return -1;
    if (!hours) {
        three = two;
        two = one;
        one = 0;
    }
    if (two > 59 || three > 59 || one > 999999)
        return -1;
    return ((one * 60 + two) * 60 + three) * 1000 + ms;
}

/* ---- settings ---- */

/* A percentage from 0 to 100, whole or with a fraction. */
static int percentage(const char *at, const char *end)
{
    int64_t whole, fraction = 0;

    if (!digits(&at, end, 1, 3, &whole))
        return 0;
    if (at < end && *at == '.') {
        at++;
        if (!digits(&at, end, 1, 9, &fraction))
            return 0;
    }
    return end - at == 1 && *at == '%' && (whole < 100 || (whole == 100 && fraction == 0));
}

static int one_of(const char *at, const char *end, const char *const words[])
{
    for (; *words; words++)
        if (strlen(*words) == (size_t)(end - at) && memcmp(*words, at, (size_t)(end - at)) == 0)
            return 1;
    return 0;
}

/* Is value, [at, end), one that setting of this name may have? */
static int setting_valid(const char *name, size_t name_size, const char *at, const char *end)
{
    static const char *const vertical[] = { "rl", "lr", NULL };
    static const char *const line_align[] = { "start", "center", "end", NULL };
    static const char *const position_align[] = { "line-left", "center", "line-right", NULL };
    static const char *const align[] = { "start", "center", "end", "left", "right", NULL };
    const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma ? comma : end;
    int64_t number;

    if (name_size == 8 && memcmp(name, "vertical", 8) == 0)
        return one_of(at, end, vertical);
    if (name_size == 5 && memcmp(name, "align", 5) == 0)
        return one_of(at, end, align);
    if (name_size == 4 && memcmp(name, "size", 4) == 0)
        return percentage(at, end);
    if (name_size == 8 && memcmp(name, "position", 8) == 0)
        return percentage(at, stop) && (!comma || one_of(comma + 1, end, position_align));
    if (name_size != 4 || memcmp(name, "line", 4) != 0 ||
        (comma && !one_of(comma + 1, end, line_align)))
        return 0;
    if (percentage(at, stop))
        return 1;
    at += at < stop && *at == '-';
    return digits(&at, stop, 1, 4, &number) && at == stop;
}

/* Those settings that are sound, the last one of each name, as the canonical form has them. */
static void settings_read(const char *at, const char *end, char out[256])
{
    static const char *const names[] = {
        "vertical:", "line:", "position:", "size:", "align:", NULL
    };
    struct {
        const char *at;
        size_t size;
    } found[5] = { { NULL, 0 } };
    size_t used = 0;

    while (at < end) {
        const char *word, *colon;
        int which = 0;

        while (at < end && is_space(*at))
            at++;
        for (word = at; at < end && !is_space(*at); at++)
            ;
        colon = memchr(word, ':', (size_t)(at - word));
        if (!colon || !setting_valid(word, (size_t)(colon - word), colon + 1, at))
            continue;
        while (strncmp(names[which], word, strlen(names[which])) != 0)
            which++;
        found[which].at = word;
        found[which].size = (size_t)(at - word);
    }
    for (int i = 0; i < 5; i++) {
        if (used + found[i].size + 2 > 256 || found[i].size == 0)
            continue;
        if (used)
            out[used++] = ' ';
        memcpy(out + used, found[i].at, found[i].size);
        used += found[i].size;
    }
    out[used] = '\0';
}

/* ---- text ---- */

static int tag_is(const char *name, size_t size, const char *word)
{
    return strlen(word) == size && memcmp(name, word, size) == 0;
}

/* The first class that is one of the eight colours. */
static enum colour class_colour(const char *at, const char *end)
{
    while (at < end && *at == '.') {
        const char *word = ++at;
        enum colour colour;

        while (at < end && *at != '.' && !is_space(*at) && *at != '\n')
            at++;
        colour = *word == '#' || *word == 'r' || at - word > 8 || at == word ||
                         (at - word > 2 && word[1] == '(')
                     ? (at - word == 3 && memcmp(word, "red", 3) == 0 ? COLOUR_RED : COLOUR_NONE)
                     : colour_named(word, (size_t)(at - word));
        if (colour != COLOUR_NONE)
            return colour;
    }
    return COLOUR_NONE;
}

/* A name that can stand in a tag: without ends of lines, of the tag, and of itself. */
static void voice_keep(struct markup *markup, const char *at, const char *end)
{
    size_t used = 0;

    while (at < end && (is_space(*at) || *at == '\n'))
        at++;
    for (; at < end && used < sizeof(markup->voice) - 1; at++)
        if (at + 1 < end && (unsigned char)*at == 0xC2 && (unsigned char)at[1] < 0xA0)
            at++; /* a control character of two bytes */
        else if (*at != '<' && *at != '>' && *at != '&' && *at != 0x7F &&
                 (unsigned char)*at >= 0x20)
            markup->voice[used++] = *at;
    /* not in the middle of a character, nor with a space at its end */
    while (used && ((unsigned char)markup->voice[used - 1] & 0xC0) == 0x80 && at < end)
        used--;
    if (used && (unsigned char)markup->voice[used - 1] >= 0xC0)
        used--;
    /* "--" before the tag's end would make an arrow */
    while (used && (is_space(markup->voice[used - 1]) || markup->voice[used - 1] == '-'))
        used--;
    markup->voice[used] = '\0';
}

struct nesting {
    struct style stack[16]; /* what was before each open tag */
    const char *name[16];
    size_t name_size[16], depth;
    uint32_t rubies, voices;
};

static void tag_apply(struct markup *markup, struct nesting *nesting, struct style *style,
                      const char *at, const char *end)
{
    const char *name;
    size_t size;

    if (at < end && *at == '/') {
        name = at + 1;
        size = (size_t)(end - name);
        /* only the innermost tag can be closed; an end of ruby ends its reading too */
        if (nesting->depth >= 2 && tag_is(name, size, "ruby") &&
            tag_is(nesting->name[nesting->depth - 1], nesting->name_size[nesting->depth - 1], "rt"))
            nesting->depth--;
        if (nesting->depth && tag_is(name, size, "") == 0 &&
            nesting->name_size[nesting->depth - 1] == size &&
            memcmp(nesting->name[nesting->depth - 1], name, size) == 0)
            *style = nesting->stack[--nesting->depth];
        return;
    }
    for (name = at; at < end && *at != '.' && !is_space(*at) && *at != '\n'; at++)
        ;
    size = (size_t)(at - name);
    if (nesting->depth == 16 || size == 0 || (*name >= '0' && *name <= '9'))
        return; /* a time in the text, or nothing */
    if (!tag_is(name, size, "b") && !tag_is(name, size, "i") && !tag_is(name, size, "u") &&
        !tag_is(name, size, "c") && !tag_is(name, size, "v") && !tag_is(name, size, "lang") &&
        !tag_is(name, size, "ruby") && !(tag_is(name, size, "rt") && style->ruby))
        return;
    nesting->stack[nesting->depth] = *style;
    nesting->name[nesting->depth] = name;
    nesting->name_size[nesting->depth++] = size;
    if (tag_is(name, size, "b"))
        style->bold = 1;
    else if (tag_is(name, size, "i"))
        style->italic = 1;
    else if (tag_is(name, size, "u"))
        style->underline = 1;
    else if (tag_is(name, size, "ruby"))
        style->ruby = ++nesting->rubies;
    else if (tag_is(name, size, "rt"))
        style->reading = 1;
    else if (tag_is(name, size, "c") && class_colour(at, end) != COLOUR_NONE)
        style->colour = class_colour(at, end);
    else if (tag_is(name, size, "v")) {
        while (at < end && *at == '.')
            for (at++; at < end && *at != '.' && !is_space(*at); at++)
                ;
        voice_keep(markup, at, end);
        style->voice = markup->voice[0] ? ++nesting->voices : 0;
    }
}

static void vtt_markup(struct markup *markup, const char *text, size_t size)
{
    struct style style = { 0 };
    struct nesting nesting = { .depth = 0 };

    for (size_t i = 0; i < size;) {
        uint32_t character;
        size_t step;

        if (text[i] == '<') {
            const char *end = memchr(text + i, '>', size - i);

            /* a tag that does not end goes on to the end of the text */
            tag_apply(markup, &nesting, &style, text + i + 1, end ? end : text + size);
            i = end ? (size_t)(end - text) + 1 : size;
        } else if (text[i] == '&' && (step = entity_read(text + i, size - i, 1, &character)) > 0) {
            markup_character(markup, &style, character);
            i += step;
        } else if (text[i] == '\0') {
            markup_character(markup, &style, 0xFFFD);
            i++;
        } else {
            size_t from = i++;

            while (i < size && text[i] != '<' && text[i] != '&' && text[i] != '\0')
                i++;
            markup_text(markup, &style, text + from, i - from);
        }
    }
}

int cues_add_vtt(struct cues *cues, int64_t start_ms, int64_t end_ms, const char *settings,
                 const char *text, size_t size, struct spn_error *err)
{
    struct markup markup = { 0 };
    char sound[256] = "";
    int ret;

    if (settings)
        settings_read(settings, settings + strlen(settings), sound);
    vtt_markup(&markup, text, size);
    ret = cues_add(cues, start_ms, end_ms, sound, &markup, err);
    markup_finish(&markup);
    return ret;
}

/* ---- the file ---- */

static int block_is(const char *line, size_t size, const char *word)
{
    size_t length = strlen(word);

    return size >= length && memcmp(line, word, length) == 0 &&
           (size == length || is_space(line[length]));
}

/* One line of times and settings; 0 when it is none. */
static int timing(const char *line, size_t size, int64_t *start, int64_t *end_ms,
                  char settings[256])
{
    const char *end = line + size;

    while (line < end && is_space(*line))
        line++;
    *start = time_read(&line, end);
    while (line < end && is_space(*line))
        line++;
    if (*start < 0 || end - line < 3 || memcmp(line, "-->", 3) != 0)
        return 0;
    for (line += 3; line < end && is_space(*line); line++)
        ;
    *end_ms = time_read(&line, end);
    if (*end_ms < 0)
        return 0;
    settings_read(line, end, settings);
    return 1;
}

int vtt_read(const struct text_source *source, struct cues *out, struct spn_error *err)
{
    struct lines lines = { source->text, source->text + source->size, 0 };
    size_t size = 0, wrong = 0, wrong_line = 0, regions = 0, styles = 0, before = out->count;
    int64_t start, end;
    char settings[256];
    const char *line;
    int more, ret, fresh = 0;

    if (!lines_next(&lines, &line, &size) || !block_is(line, size, "WEBVTT"))
        return spn_error_set(err, SPN_EFORMAT, "%s does not begin with WEBVTT", source->name);
    more = lines_next(&lines, &line, &size);
    while (more) {
        const char *text, *stop;

        /* an arrow begins a cue wherever it stands; else it is an identifier, a comment, a style */
        if (!memmem(line, size, "-->", 3)) {
            styles += (size_t)(fresh && block_is(line, size, "STYLE"));
            regions += (size_t)(fresh && block_is(line, size, "REGION"));
            fresh = size == 0;
            more = lines_next(&lines, &line, &size);
            continue;
        }
        fresh = 0;
        ret = timing(line, size, &start, &end, settings);
        if (!ret) {
            wrong++;
            wrong_line = wrong_line ? wrong_line : lines.number;
        }
        text = stop = lines.at;
        more = lines_next(&lines, &line, &size);
        while (more && size && !memmem(line, size, "-->", 3)) {
            stop = line + size;
            more = lines_next(&lines, &line, &size);
        }
        if (ret &&
            (ret = cues_add_vtt(out, start, end, settings, text, (size_t)(stop - text), err)) < 0)
            return ret;
    }
    if (wrong && out->count == before)
        return spn_error_set(err, SPN_EFORMAT,
                             "line %zu of %s is not the times of a WebVTT cue, 00:00:00.000 --> "
                             "00:00:00.000, and no cue in it is",
                             wrong_line, source->name);
    if (wrong)
        text_note(source->notes,
                  "left out for times that are none, the first in line %zu: %zu cues", wrong_line,
                  wrong);
    if (styles)
        text_note(source->notes, "left out: %zu style sheets", styles);
    if (regions)
        text_note(source->notes, "left out: %zu regions", regions);
    return SPN_OK;
}

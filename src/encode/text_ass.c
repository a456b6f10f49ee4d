/*
 * text_ass.c - SubStation Alpha, SSA (v4) and ASS (v4+).
 *
 * Of a style its bold, italic, underline, colour and place are kept; of overrides the same.
 * Drawings are left out. A place by coordinates has no counterpart in WebVTT and is counted.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text_markup.h"

#define ASS_FIELDS_MAX 32
#define ASS_STYLES_MAX 1000

struct ass_style {
    char name[64];
    struct style style;
    unsigned keypad;
};

struct field {
    const char *at;
    size_t size;
};

static struct field trimmed(const char *at, const char *end)
{
    struct field field;

    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    while (at < end && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    field.at = at;
    field.size = (size_t)(end - at);
    return field;
}

/* At most most fields between commas, the last with all that is left. */
static size_t fields_read(const char *at, size_t size, struct field *out, size_t most)
{
    const char *end = at + size;
    size_t count = 0;

    while (count < most) {
        const char *comma = count + 1 < most ? memchr(at, ',', (size_t)(end - at)) : NULL;

        out[count++] = trimmed(at, comma ? comma : end);
        if (!comma)
            break;
        at = comma + 1;
    }
    return count;
}

static int field_is(struct field field, const char *word)
{
    return field.size == strlen(word) && strncasecmp(field.at, word, field.size) == 0;
}

static long field_number(struct field field)
{
    long value = 0, sign = 1;
    size_t i = 0;

    if (i < field.size && field.at[i] == '-') {
        sign = -1;
        i++;
    }
    for (; i < field.size && field.at[i] >= '0' && field.at[i] <= '9' && value < 100000000; i++)
        value = value * 10 + (field.at[i] - '0');
    return sign * value;
}

/* &HAABBGGRR, &HBBGGRR& or a decimal number of the same. */
static enum colour ass_colour(const char *at, size_t size)
{
    uint32_t value = 0;
    size_t i = 0;

    if (size >= 2 && at[0] == '&' && (at[1] == 'H' || at[1] == 'h')) {
        for (i = 2; i < size; i++) {
            char c = at[i];

            if (c >= '0' && c <= '9')
                value = value << 4 | (uint32_t)(c - '0');
            else if ((c | 32) >= 'a' && (c | 32) <= 'f')
                value = value << 4 | (uint32_t)((c | 32) - 'a' + 10);
            else
                break;
        }
    } else {
        for (; i < size && at[i] >= '0' && at[i] <= '9'; i++)
            value = value * 10 + (uint32_t)(at[i] - '0');
        if (i == 0)
            return COLOUR_NONE;
    }
    return colour_legible(
        colour_of((value & 0xFF) << 16 | (value & 0xFF00) | (value >> 16 & 0xFF)));
}

/* SSA counts 1-3 below, 5-7 above, 9-11 in the middle. */
static unsigned keypad_of_ssa(long alignment)
{
    unsigned across = (unsigned)alignment & 3;

    if (alignment < 1 || alignment > 11 || across == 0)
        return 2;
    return across + (alignment & 4 ? 6 : alignment & 8 ? 3 : 0);
}

/* ---- overrides ---- */

static int starts(const char **at, const char *end, const char *word)
{
    size_t size = strlen(word);

    if ((size_t)(end - *at) < size || memcmp(*at, word, size) != 0)
        return 0;
    *at += size;
    return 1;
}

void ass_override(struct style *style, const struct style *base, const char *text, size_t size,
                  unsigned *keypad, int *drawing, int *placed)
{
    const char *end = text + size;

    while ((text = memchr(text, '\\', (size_t)(end - text)))) {
        const char *at = ++text, *stop = memchr(at, '\\', (size_t)(end - at));
        struct field value;

        stop = stop ? stop : end;
        if (starts(&at, stop, "pos(") || starts(&at, stop, "move(")) {
            *placed = 1;
        } else if (starts(&at, stop, "an")) {
            value = trimmed(at, stop);
            if (value.size && *value.at >= '1' && *value.at <= '9')
                *keypad = (unsigned)(*value.at - '0');
        } else if (starts(&at, stop, "alpha") || starts(&at, stop, "be") ||
                   starts(&at, stop, "bord") || starts(&at, stop, "blur") ||
                   starts(&at, stop, "pbo") || starts(&at, stop, "clip") ||
                   starts(&at, stop, "iclip")) {
            continue;
        } else if (starts(&at, stop, "1c") || starts(&at, stop, "c")) {
            value = trimmed(at, stop);
            style->colour = value.size ? ass_colour(value.at, value.size) : base->colour;
        } else if (starts(&at, stop, "b")) {
            value = trimmed(at, stop);
            style->bold =
                value.size ? field_number(value) == 1 || field_number(value) >= 600 : base->bold;
        } else if (starts(&at, stop, "i")) {
            value = trimmed(at, stop);
            style->italic = value.size ? field_number(value) == 1 : base->italic;
        } else if (starts(&at, stop, "u")) {
            value = trimmed(at, stop);
            style->underline = value.size ? field_number(value) == 1 : base->underline;
        } else if (starts(&at, stop, "p")) {
            *drawing = field_number(trimmed(at, stop)) > 0;
        } else if (starts(&at, stop, "a")) {
            *keypad = keypad_of_ssa(field_number(trimmed(at, stop)));
        } else if (starts(&at, stop, "r")) {
            *style = *base;
        }
    }
}

/* ---- styles ---- */

static struct ass_style *styles_of(const struct cues *cues, size_t *count)
{
    *count = cues->styles.size / sizeof(struct ass_style);
    return (struct ass_style *)(void *)cues->styles.data;
}

static const struct ass_style *style_find(const struct cues *cues, struct field name)
{
    static const struct ass_style plain = { .name = "", .keypad = 2 };
    size_t count;
    const struct ass_style *styles = styles_of(cues, &count);

    if (name.size && *name.at == '*') { /* "*Default", as old programs write it */
        name.at++;
        name.size--;
    }
    while (count--)
        if (strlen(styles[count].name) == name.size &&
            strncasecmp(styles[count].name, name.at, name.size) == 0)
            return &styles[count];
    return &plain;
}

struct format {
    size_t count;
    struct field field[ASS_FIELDS_MAX];
};

/* Which field has this name; the count where none has. */
static size_t field_of(const struct format *format, const char *name)
{
    size_t i = 0;

    while (i < format->count && !field_is(format->field[i], name))
        i++;
    return i;
}

static void style_add(struct cues *cues, const struct format *format, int ssa, const char *line,
                      size_t size)
{
    struct field fields[ASS_FIELDS_MAX];
    struct ass_style style = { .keypad = 2 };
    size_t count = fields_read(line, size, fields, ASS_FIELDS_MAX), have;

    (void)styles_of(cues, &have);
    for (size_t i = 0; i < count && i < format->count; i++) {
        struct field name = format->field[i];

        if (field_is(name, "Name")) {
            size_t length = fields[i].size < 63 ? fields[i].size : 63;

            memcpy(style.name, fields[i].at, length);
        } else if (field_is(name, "PrimaryColour")) {
            style.style.colour = ass_colour(fields[i].at, fields[i].size);
        } else if (field_is(name, "Bold")) {
            style.style.bold = field_number(fields[i]) != 0;
        } else if (field_is(name, "Italic")) {
            style.style.italic = field_number(fields[i]) != 0;
        } else if (field_is(name, "Underline")) {
            style.style.underline = field_number(fields[i]) != 0;
        } else if (field_is(name, "Alignment")) {
            long alignment = field_number(fields[i]);

            style.keypad = ssa                                ? keypad_of_ssa(alignment)
                           : alignment >= 1 && alignment <= 9 ? (unsigned)alignment
                                                              : 2;
        }
    }
    if (have < ASS_STYLES_MAX)
        spn_buffer_append(&cues->styles, &style, sizeof(style));
}

/* ---- text ---- */

static int event_add(struct cues *cues, int64_t start, int64_t end, const struct ass_style *style,
                     const char *text, size_t size, struct spn_error *err)
{
    struct markup markup = { 0 };
    struct style current = style->style;
    unsigned keypad = style->keypad;
    int drawing = 0, placed = 0, drawn = 0, ret;

    for (size_t i = 0; i < size;) {
        const char *close = text[i] == '{' ? memchr(text + i, '}', size - i) : NULL;

        if (close) {
            ass_override(&current, &style->style, text + i + 1, (size_t)(close - text) - i - 1,
                         &keypad, &drawing, &placed);
            i = (size_t)(close - text) + 1;
        } else if (text[i] == '\\' && i + 1 < size && strchr("Nnh", text[i + 1]) && text[i + 1]) {
            if (!drawing && text[i + 1] != 'h')
                markup_break(&markup);
            else if (!drawing)
                markup_character(&markup, &current, 0xA0);
            i += 2;
        } else {
            size_t from = i++;

            while (i < size && text[i] != '{' && text[i] != '\\')
                i++;
            if (drawing)
                drawn = 1;
            else
                markup_text(&markup, &current, text + from, i - from);
        }
    }
    cues->drawn += (size_t)drawn;
    if (drawn && markup.out.size == 0) {
        markup_finish(&markup);
        return SPN_OK;
    }
    cues->placed += (size_t)placed;
    ret = cues_add(cues, start, end, settings_of_keypad(keypad), &markup, err);
    markup_finish(&markup);
    return ret;
}

/* "0:00:01.50", with any number of digits of hours and of the fraction; -1 where it is none. */
static int64_t time_read(struct field field)
{
    int64_t parts[3] = { 0, 0, 0 }, fraction = 0, unit = 100;
    size_t i = 0;

    for (int part = 0; part < 3; part++) {
        size_t from = i;

        for (; i < field.size && field.at[i] >= '0' && field.at[i] <= '9'; i++)
            if (parts[part] < 100000)
                parts[part] = parts[part] * 10 + (field.at[i] - '0');
        if (i == from || (part < 2 && (i == field.size || field.at[i++] != ':')))
            return -1;
    }
    if (i < field.size && (field.at[i] == '.' || field.at[i] == ',' || field.at[i] == ':'))
        for (i++; i < field.size && field.at[i] >= '0' && field.at[i] <= '9'; i++) {
            fraction += unit * (field.at[i] - '0');
            unit /= 10;
        }
    if (i != field.size || parts[1] > 59 || parts[2] > 59)
        return -1;
    return ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + fraction;
}

int cues_add_ass(struct cues *cues, int64_t start_ms, int64_t end_ms, const char *line, size_t size,
                 unsigned fields_before_text, struct spn_error *err)
{
    struct field fields[ASS_FIELDS_MAX];
    size_t want = fields_before_text < ASS_FIELDS_MAX ? fields_before_text + 1 : ASS_FIELDS_MAX;
    size_t count = fields_read(line, size, fields, want);
    /* "ReadOrder,Layer,Style,Name,MarginL,MarginR,MarginV,Effect,Text": the style is six before the
     * text */
    struct field style = count == want && want > 6 ? fields[want - 7] : (struct field){ "", 0 };

    if (count < want)
        return spn_error_set(err, SPN_EFORMAT, "a subtitle in the file has %zu fields, not %zu",
                             count, want);
    return event_add(cues, start_ms, end_ms, style_find(cues, style), fields[count - 1].at,
                     fields[count - 1].size, err);
}

/* ---- the file ---- */

enum part { PART_OTHER, PART_STYLES, PART_EVENTS };

struct reader {
    const struct text_source *source;
    struct cues *out;
    struct format styles, events;
    enum part part;
    int ssa, any; /* is it version 4; was there a section we know */
    struct spn_error *err;
};

static void section(struct reader *reader, struct field line)
{
    static const char styles[] = "[V4+ Styles]", old[] = "[V4 Styles]", events[] = "[Events]";

    reader->part = PART_OTHER;
    if (line.size >= sizeof(styles) - 1 && strncasecmp(line.at, styles, sizeof(styles) - 1) == 0) {
        reader->part = PART_STYLES;
        reader->ssa = 0;
    } else if (line.size >= sizeof(old) - 1 && strncasecmp(line.at, old, sizeof(old) - 1) == 0) {
        reader->part = PART_STYLES;
        reader->ssa = 1;
    } else if (line.size >= sizeof(events) - 1 &&
               strncasecmp(line.at, events, sizeof(events) - 1) == 0) {
        reader->part = PART_EVENTS;
    }
    reader->any |= reader->part != PART_OTHER;
}

static int dialogue(struct reader *reader, const char *line, size_t size, size_t number)
{
    struct field fields[ASS_FIELDS_MAX];
    const struct format *format = &reader->events;
    size_t text = field_of(format, "Text"), start = field_of(format, "Start"),
           end = field_of(format, "End"), style = field_of(format, "Style");
    size_t count = fields_read(line, size, fields, format->count);
    int64_t from, to;

    if (text + 1 != format->count || start >= text || end >= text)
        return spn_error_set(
            reader->err, SPN_EFORMAT,
            "line %zu of %s is a cue before a Format line that names Start, End and, "
            "last, Text",
            number, reader->source->name);
    if (count < format->count)
        return spn_error_set(reader->err, SPN_EFORMAT, "line %zu of %s has %zu fields, not %zu",
                             number, reader->source->name, count, format->count);
    from = time_read(fields[start]);
    to = time_read(fields[end]);
    if (from < 0 || to < 0)
        return spn_error_set(reader->err, SPN_EFORMAT, "line %zu of %s has a time that is none",
                             number, reader->source->name);
    return event_add(
        reader->out, from, to,
        style_find(reader->out, style < text ? fields[style] : (struct field){ "", 0 }),
        fields[text].at, fields[text].size, reader->err);
}

static int line_read(struct reader *reader, const char *line, size_t size, size_t number)
{
    struct field all = trimmed(line, line + size);
    const char *colon = memchr(all.at, ':', all.size);
    struct field key = { all.at, colon ? (size_t)(colon - all.at) : 0 };
    size_t rest = colon ? all.size - key.size - 1 : 0;

    if (all.size && *all.at == '[') {
        section(reader, all);
        return SPN_OK;
    }
    if (!colon || reader->part == PART_OTHER)
        return SPN_OK;
    if (field_is(key, "Format")) {
        struct format *format = reader->part == PART_STYLES ? &reader->styles : &reader->events;

        format->count = fields_read(colon + 1, rest, format->field, ASS_FIELDS_MAX);
    } else if (reader->part == PART_STYLES && field_is(key, "Style")) {
        style_add(reader->out, &reader->styles, reader->ssa, colon + 1, rest);
    } else if (reader->part == PART_EVENTS && field_is(key, "Dialogue")) {
        return dialogue(reader, colon + 1, rest, number);
    }
    return SPN_OK;
}

static int all_read(struct reader *reader)
{
    struct lines lines = { reader->source->text, reader->source->text + reader->source->size, 0 };
    const char *line;
    size_t size;
    int ret;

    while (lines_next(&lines, &line, &size))
        if ((ret = line_read(reader, line, size, lines.number)) < 0)
            return ret;
    if (spn_buffer_failed(&reader->out->styles))
        return spn_error_set(reader->err, SPN_ENOMEM, "out of memory for the styles of %s",
                             reader->source->name);
    return SPN_OK;
}

int ass_read(const struct text_source *source, struct cues *out, struct spn_error *err)
{
    struct reader reader = { .source = source, .out = out, .err = err };
    int ret = all_read(&reader);

    if (ret == SPN_OK && !reader.any)
        return spn_error_set(err, SPN_EFORMAT, "%s has no [Events]", source->name);
    return ret;
}

int cues_add_ass_header(struct cues *cues, const char *header, size_t size, struct spn_error *err)
{
    struct text_source source = { header, size, "the header of a subtitle track", NULL };
    struct reader reader = { .source = &source, .out = cues, .err = err };

    return all_read(&reader);
}

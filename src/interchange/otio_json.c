/* otio_json.c - the JSON of OpenTimelineIO, its schemas and its time. */
#include "otio_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LINE_KEY "\x01line" /* which no file can have: a control character is escaped there */

/* ---- text ---- */

/* Outside of strings, NaN, Infinity and Inf become a string of nothing, of the same length. */
static void nonfinite_blank(char *text, size_t size)
{
    static const char *const words[] = { "-Infinity", "Infinity", "-Inf", "Inf", "NaN", "nan" };
    int in_string = 0;

    for (size_t i = 0; i < size; i++) {
        if (in_string) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                in_string = 0;
            continue;
        }
        if (text[i] == '"') {
            in_string = 1;
            continue;
        }
        for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
            size_t n = strlen(words[w]);

            if (size - i >= n && memcmp(text + i, words[w], n) == 0) {
                memset(text + i, ' ', n);
                text[i] = text[i + 1] = '"';
                i += n - 1;
                break;
            }
        }
    }
}

/* ---- lines ---- */

struct places {
    const char *text;
    size_t size, at, line;
};

/* Go to the next brace that opens an object. */
static void brace_find(struct places *places)
{
    int in_string = 0;

    for (; places->at < places->size; places->at++) {
        char c = places->text[places->at];

        places->line += c == '\n';
        if (in_string) {
            if (c == '\\')
                places->at++;
            else if (c == '"')
                in_string = 0;
        } else if (c == '"') {
            in_string = 1;
        } else if (c == '{') {
            places->at++;
            return;
        }
    }
}

/* Objects are met here in the order of their braces: jansson keeps members as they came. */
static void lines_keep(json_t *value, struct places *places)
{
    const char *key;
    json_t *member;
    size_t i, line;
    void *next;

    json_array_foreach(value, i, member) lines_keep(member, places);
    if (!json_is_object(value))
        return;
    brace_find(places);
    line = places->line;
    json_object_foreach_safe(value, next, key, member) lines_keep(member, places);
    (void)json_object_set_new(value, LINE_KEY, json_integer((json_int_t)line));
}

size_t otio_line(const json_t *value)
{
    return (size_t)json_integer_value(json_object_get(value, LINE_KEY));
}

int otio_parse(const char *text, size_t size, json_t **out, struct spn_error *err)
{
    struct places places = { .size = size, .line = 1 };
    json_error_t where;
    char *copy = malloc(size + 1);

    *out = NULL;
    if (!copy)
        return spn_error_set(err, SPN_ENOMEM, "no memory for the list");
    memcpy(copy, text, size);
    nonfinite_blank(copy, size);
    *out = json_loadb(copy, size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL,
                      &where);
    if (*out) {
        places.text = copy;
        lines_keep(*out, &places);
    }
    free(copy);
    return *out ? SPN_OK
                : spn_error_set(err, SPN_EFORMAT, "line %d: this is not JSON: %s", where.line,
                                where.text);
}

/* ---- schemas ---- */

int otio_is(const json_t *value, const char *schema)
{
    const char *own = json_string_value(json_object_get(value, "OTIO_SCHEMA"));
    size_t n = strlen(schema);

    return own && strncmp(own, schema, n) == 0 && own[n] == '.';
}

const char *otio_schema(const json_t *value)
{
    const char *own = json_string_value(json_object_get(value, "OTIO_SCHEMA"));

    return own ? own : "thing without a schema";
}

const char *otio_name(const json_t *value)
{
    const char *name = json_string_value(json_object_get(value, "name"));

    return name ? name : "";
}

/* ---- time ---- */

int otio_time(const json_t *value, int64_t *frames, struct spn_rate *rate)
{
    const json_t *count = json_object_get(value, "value");
    double at = json_number_value(count);

    if (!otio_is(value, "RationalTime") || !json_is_number(count) ||
        !(fabs(at) < (double)CUT_FRAME_MAX))
        return 0;
    *rate = cut_rate_snap(json_number_value(json_object_get(value, "rate")));
    if (rate->num == 0 || fabs(at - nearbyint(at)) > 0.01)
        return 0;
    *frames = (int64_t)nearbyint(at);
    return 1;
}

int otio_rate_change(int64_t *frames, struct spn_rate from, struct spn_rate to)
{
    __int128 num = (__int128)*frames * to.num * from.den;
    __int128 den = (__int128)to.den * from.num, whole = num / den;

    if (num % den != 0 || whole > CUT_FRAME_MAX || whole < -CUT_FRAME_MAX)
        return 0;
    *frames = (int64_t)whole;
    return 1;
}

enum otio_found otio_range(const json_t *value, struct otio_range *out)
{
    struct spn_rate start, duration;
    int seconds;

    if (!value || json_is_null(value))
        return OTIO_ABSENT;
    if (!otio_is(value, "TimeRange") ||
        !otio_time(json_object_get(value, "start_time"), &out->start, &start) ||
        !otio_time(json_object_get(value, "duration"), &out->duration, &duration) ||
        out->duration < 0)
        return OTIO_WRONG;
    /* nothing is nothing at every rate, and many write 0 at a rate of 1 */
    seconds = start.num == 1 && start.den == 1;
    out->rate = (out->duration != 0 || seconds) && (out->start == 0 || seconds) ? duration : start;
    if (spn_rate_equal(start, duration))
        return OTIO_FOUND;
    return otio_rate_change(&out->start, start, out->rate) &&
                   otio_rate_change(&out->duration, duration, out->rate)
               ? OTIO_FOUND
               : OTIO_WRONG;
}

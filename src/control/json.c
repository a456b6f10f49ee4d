/* json.c - members of an object, checked. */
#include "json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_null(value) ? NULL : value;
}

int member_text(const json_t *object, const char *name, size_t least, size_t most,
                const char *fallback, const char **out, struct spn_error *err)
{
    const json_t *value = member(object, name);

    *out = fallback;
    if (!value)
        return least > 0 && !fallback ? spn_error_set(err, SPN_EINVAL, "\"%s\" is missing", name)
                                      : SPN_OK;
    if (!json_is_string(value))
        return spn_error_set(err, SPN_EINVAL, "\"%s\" must be a string", name);
    if (json_string_length(value) < least)
        return spn_error_set(err, SPN_EINVAL, "\"%s\" is empty", name);
    if (json_string_length(value) > most)
        return spn_error_set(err, SPN_ELIMIT, "\"%s\" has %zu bytes, %zu are the most", name,
                             json_string_length(value), most);
    *out = json_string_value(value);
    return SPN_OK;
}

int member_number(const json_t *object, const char *name, int64_t least, int64_t most,
                  int64_t fallback, int64_t *out, struct spn_error *err)
{
    const json_t *value = member(object, name);

    *out = fallback;
    if (!value)
        return fallback < least ? spn_error_set(err, SPN_EINVAL, "\"%s\" is missing", name)
                                : SPN_OK;
    if (!json_is_integer(value))
        return spn_error_set(err, SPN_EINVAL, "\"%s\" must be a whole number", name);
    if (json_integer_value(value) < least || json_integer_value(value) > most)
        return spn_error_set(err, SPN_EINVAL, "\"%s\" is %lld and must be from %lld to %lld", name,
                             (long long)json_integer_value(value), (long long)least,
                             (long long)most);
    *out = json_integer_value(value);
    return SPN_OK;
}

int member_flag(const json_t *object, const char *name, int fallback, int *out,
                struct spn_error *err)
{
    const json_t *value = member(object, name);

    *out = fallback;
    if (!value)
        return SPN_OK;
    if (!json_is_boolean(value))
        return spn_error_set(err, SPN_EINVAL, "\"%s\" must be true or false", name);
    *out = json_is_true(value);
    return SPN_OK;
}

int member_hash(const json_t *object, const char *name, const char **out, struct spn_error *err)
{
    const json_t *value = member(object, name);
    struct spn_hash hash;

    *out = NULL;
    if (!json_is_string(value) ||
        spn_hash_parse(json_string_value(value), json_string_length(value), &hash) < 0)
        return spn_error_set(err, SPN_EINVAL, "\"%s\" must be 64 lower-case hex digits", name);
    *out = json_string_value(value);
    return SPN_OK;
}

int member_object(const json_t *object, const char *name, int required, json_t **out,
                  struct spn_error *err)
{
    *out = json_object_get(object, name);
    if (json_is_null(*out))
        *out = NULL;
    if (!*out && !required)
        return SPN_OK;
    if (!json_is_object(*out))
        return spn_error_set(err, SPN_EINVAL, "\"%s\" must be an object", name);
    return SPN_OK;
}

int member_array(const json_t *object, const char *name, int required, size_t most, json_t **out,
                 struct spn_error *err)
{
    *out = json_object_get(object, name);
    if (json_is_null(*out))
        *out = NULL;
    if (!*out && !required)
        return SPN_OK;
    if (!json_is_array(*out))
        return spn_error_set(err, SPN_EINVAL, "\"%s\" must be an array", name);
    if (json_array_size(*out) > most)
        return spn_error_set(err, SPN_ELIMIT, "\"%s\" has %zu entries, %zu are the most", name,
                             json_array_size(*out), most);
    return SPN_OK;
}

int members_only(const json_t *object, const char *const names[], struct spn_error *err)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        size_t i = 0;

        while (names[i] && strcmp(names[i], key) != 0)
            i++;
        if (!names[i])
            return spn_error_set(err, SPN_EINVAL, "\"%.64s\" is not a member that is known here",
                                 key);
    }
    return SPN_OK;
}

json_t *json_of(const char *text)
{
    json_t *json = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

    return json ? json : json_null();
}

char *json_text(const json_t *json)
{
    return json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
}

void json_put_text(json_t *object, const char *name, const char *text)
{
    (void)json_object_set_new(object, name, text ? json_string(text) : json_null());
}

void json_put_number(json_t *object, const char *name, int64_t number)
{
    (void)json_object_set_new(object, name, json_integer(number));
}

void json_put_time(json_t *object, const char *name, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[96];

    if (ms <= 0) {
        (void)json_object_set_new(object, name, json_null());
        return;
    }
    (void)gmtime_r(&seconds, &tm);
    (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
                   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(ms % 1000));
    (void)json_object_set_new(object, name, json_string(text));
}

void json_put_error(json_t *object, const char *code, const char *text)
{
    json_t *error = code ? json_object() : json_null();

    if (code) {
        json_put_text(error, "code", code);
        json_put_text(error, "text", text);
    }
    (void)json_object_set_new(object, "error", error);
}

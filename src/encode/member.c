/* member.c - one member of a JSON object, checked. */
#include "member.h"

#include <inttypes.h>

int member_int(const json_t *object, const char *holder, const char *key, int64_t min, int64_t max,
               int64_t *out, struct spn_error *err)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_integer(value))
        return spn_error_set(err, SPN_EINVAL, "%s has no whole number \"%s\"", holder, key);
    if (json_integer_value(value) < min || json_integer_value(value) > max)
        return spn_error_set(err, SPN_ERANGE,
                             "\"%s\" of %s is %" PRId64 "; it may be from %" PRId64 " to %" PRId64,
                             key, holder, (int64_t)json_integer_value(value), min, max);
    *out = json_integer_value(value);
    return SPN_OK;
}

int member_int_or(const json_t *object, const char *holder, const char *key, int64_t min,
                  int64_t max, int64_t *out, struct spn_error *err)
{
    const json_t *value = json_object_get(object, key);

    if (!value || json_is_null(value))
        return SPN_OK;
    return member_int(object, holder, key, min, max, out, err);
}

int member_text(const json_t *object, const char *holder, const char *key, const char **out,
                struct spn_error *err)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_string(value))
        return spn_error_set(err, SPN_EINVAL, "%s has no text \"%s\"", holder, key);
    *out = json_string_value(value);
    return SPN_OK;
}

int member_object(const json_t *object, const char *holder, const char *key, json_t **out,
                  struct spn_error *err)
{
    json_t *value = json_object_get(object, key);

    if (!json_is_object(value))
        return spn_error_set(err, SPN_EINVAL, "%s has no object \"%s\"", holder, key);
    *out = value;
    return SPN_OK;
}

int member_array(const json_t *object, const char *holder, const char *key, size_t max,
                 json_t **out, struct spn_error *err)
{
    json_t *value = json_object_get(object, key);

    if (!json_is_array(value))
        return spn_error_set(err, SPN_EINVAL, "%s has no list \"%s\"", holder, key);
    if (json_array_size(value) > max)
        return spn_error_set(err, SPN_ELIMIT, "\"%s\" of %s has %zu entries; %zu are the most", key,
                             holder, json_array_size(value), max);
    *out = value;
    return SPN_OK;
}

int member_rate(const json_t *object, const char *holder, const char *key, struct spn_rate *out,
                struct spn_error *err)
{
    const json_t *value = json_object_get(object, key);
    const json_t *num = json_array_get(value, 0), *den = json_array_get(value, 1);
    json_int_t n = json_integer_value(num), d = json_integer_value(den);

    if (json_array_size(value) != 2 || !json_is_integer(num) || !json_is_integer(den) || n <= 0 ||
        d <= 0 || n > UINT32_MAX || d > UINT32_MAX)
        return spn_error_set(err, SPN_EINVAL, "%s has no rate \"%s\" as [num, den]", holder, key);
    *out = spn_rate_reduce((uint64_t)n, (uint64_t)d);
    if ((uint64_t)out->num > (uint64_t)SPN_RATE_MAX * out->den)
        return spn_error_set(err, SPN_ERANGE, "\"%s\" of %s is above %d frames a second", key,
                             holder, SPN_RATE_MAX);
    return SPN_OK;
}

/* route.c - from a path to its row of the table. */
#include <string.h>

#include "request.h"

/* Does path follow pattern? Each {…} takes one part, not empty, of harmless characters. */
static int pattern_match(const char *pattern, const char *path,
                         char params[ROUTE_PARAMS][ROUTE_PARAM_MAX])
{
    size_t count = 0;

    while (*pattern) {
        if (*pattern == '{') {
            size_t length = strspn(path, "abcdefghijklmnopqrstuvwxyz0123456789_");

            if (length == 0 || length >= ROUTE_PARAM_MAX || count >= ROUTE_PARAMS)
                return 0;
            memcpy(params[count], path, length);
            params[count++][length] = '\0';
            path += length;
            pattern = strchr(pattern, '}') + 1;
        } else if (*pattern++ != *path++) {
            return 0;
        }
    }
    return *path == '\0';
}

const struct route *route_find(const char *method, const char *path,
                               char params[ROUTE_PARAMS][ROUTE_PARAM_MAX], char allow[64])
{
    size_t length = 0;

    allow[0] = '\0';
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &routes[i];

        if (!pattern_match(route->pattern, path, params))
            continue;
        if (strcmp(route->method, method) == 0)
            return route;
        if (length + strlen(route->method) + 3 < 64)
            length += (size_t)snprintf(allow + length, 64 - length, "%s%s", length ? ", " : "",
                                       route->method);
    }
    return NULL;
}

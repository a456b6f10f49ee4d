#include "preload.h"

#ifndef __SANITIZE_ADDRESS__

void preload_sanitizers(void)
{
}

#else

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 8192

static void list_add(char list[LIST_MAX], const char *path)
{
    size_t length = strlen(list);

    if (!strstr(list, path))
        (void)snprintf(list + length, LIST_MAX - length, "%s%s", length ? ":" : "", path);
}

/* The libraries of this process whose names hold word. */
static void list_mapped(char list[LIST_MAX], const char *word)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[4096];

    while (maps && fgets(line, sizeof(line), maps)) {
        char *path = strchr(line, '/');

        line[strcspn(line, "\n")] = '\0';
        if (path && strstr(path, word))
            list_add(list, path);
    }
    if (maps)
        (void)fclose(maps);
}

/* AddressSanitizer's must be the first of all. */
void preload_sanitizers(void)
{
    const char *before = getenv("LD_PRELOAD");
    char list[LIST_MAX] = "";

    list_mapped(list, "/libasan.so");
    list_mapped(list, "/libubsan.so");
    if (list[0] && before && before[0])
        list_add(list, before);
    if (list[0])
        (void)setenv("LD_PRELOAD", list, 1);
}

#endif

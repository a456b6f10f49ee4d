/* request.c - a path, taken apart and spelled again: what is accepted is the one spelling of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sampan/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
    [SPN_MULTIVARIANT] = "main.m3u8",
    [SPN_MPD] = "main.mpd",
    [SPN_MEDIA_PLAYLIST] = "media.m3u8",
    [SPN_IFRAME_PLAYLIST] = "iframe.m3u8",
    [SPN_INIT] = "init.mp4",
    [SPN_SEGMENT] = "%u.m4s",
    [SPN_IFRAME_SEGMENT] = "i%u.m4s",
    [SPN_TEXT_SEGMENT] = "%u.vtt",
    [SPN_TEXT_WHOLE] = "all.vtt",
    [SPN_IMAGE_PLAYLIST] = "images.m3u8",
    [SPN_SHEET] = "sheet/%u.jpg",
    [SPN_STORYBOARD] = "storyboard.vtt",
    [SPN_CHAPTERS] = "chapters.vtt",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spn_request request;
    char *path = malloc(size ? size : 1); /* exactly as long: a byte too far is a fault */
    char again[256], name[64];
    const char *number;

    if (!path)
        return 0;
    if (size)
        memcpy(path, data, size);
    if (spn_request_parse(path, size, &request, NULL) == SPN_OK) {
        number = strstr(names[request.resource], "%u");
        if (number)
            (void)snprintf(name, sizeof(name), "%.*s%u%s", (int)(number - names[request.resource]),
                           names[request.resource], request.number, number + 2);
        else
            (void)snprintf(name, sizeof(name), "%s", names[request.resource]);
        (void)snprintf(again, sizeof(again), "/v/%s/%s%s%s", request.publication, request.rendition,
                       request.rendition[0] ? "/" : "", name);
        if (strlen(again) != size || memcmp(again, path, size) != 0)
            abort();
    }
    free(path);
    return 0;
}

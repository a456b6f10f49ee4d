/* request.c - a path taken apart. */
#include <string.h>

#include "letters.h"
#include "sampan/answer.h"

struct scanner {
    const char *at, *end;
};

static int starts(struct scanner *scanner, const char *string)
{
    size_t size = strlen(string);

    if ((size_t)(scanner->end - scanner->at) < size || memcmp(scanner->at, string, size) != 0)
        return 0;
    scanner->at += size;
    return 1;
}

/* Is string all that is left? */
static int is(const struct scanner *scanner, const char *string)
{
    size_t size = strlen(string);

    return (size_t)(scanner->end - scanner->at) == size && memcmp(scanner->at, string, size) == 0;
}

/* A number from 1 in its shortest spelling, and then suffix and nothing else. */
static int numbered(struct scanner scanner, const char *suffix, uint32_t *number)
{
    uint64_t value = 0;

    if (scanner.at == scanner.end || *scanner.at < '1' || *scanner.at > '9')
        return 0;
    while (scanner.at < scanner.end && *scanner.at >= '0' && *scanner.at <= '9') {
        value = value * 10 + (uint64_t)(*scanner.at++ - '0');
        if (value > UINT32_MAX)
            return 0;
    }
    if (!is(&scanner, suffix))
        return 0;
    *number = (uint32_t)value;
    return 1;
}

/* What stands below a rendition. */
static int rendition_resource(struct scanner scanner, struct spn_request *out)
{
    if (is(&scanner, "media.m3u8"))
        out->resource = SPN_MEDIA_PLAYLIST;
    else if (is(&scanner, "iframe.m3u8"))
        out->resource = SPN_IFRAME_PLAYLIST;
    else if (is(&scanner, "init.mp4"))
        out->resource = SPN_INIT;
    else if (is(&scanner, "all.vtt"))
        out->resource = SPN_TEXT_WHOLE;
    else if (numbered(scanner, ".m4s", &out->number))
        out->resource = SPN_SEGMENT;
    else if (numbered(scanner, ".vtt", &out->number))
        out->resource = SPN_TEXT_SEGMENT;
    else if (starts(&scanner, "i") && numbered(scanner, ".m4s", &out->number))
        out->resource = SPN_IFRAME_SEGMENT;
    else
        return 0;
    return 1;
}

static int resource(struct scanner scanner, struct spn_request *out)
{
    const char *slash;

    if (is(&scanner, "main.m3u8"))
        out->resource = SPN_MULTIVARIANT;
    else if (is(&scanner, "main.mpd"))
        out->resource = SPN_MPD;
    else if (is(&scanner, "images.m3u8"))
        out->resource = SPN_IMAGE_PLAYLIST;
    else if (is(&scanner, "storyboard.vtt"))
        out->resource = SPN_STORYBOARD;
    else if (is(&scanner, "chapters.vtt"))
        out->resource = SPN_CHAPTERS;
    else if (starts(&scanner, "sheet/")) {
        out->resource = SPN_SHEET;
        return numbered(scanner, ".jpg", &out->number);
    } else {
        slash = memchr(scanner.at, '/', (size_t)(scanner.end - scanner.at));
        if (!slash || !spn_letters_rendition(scanner.at, (size_t)(slash - scanner.at)))
            return 0;
        memcpy(out->rendition, scanner.at, (size_t)(slash - scanner.at));
        scanner.at = slash + 1;
        return rendition_resource(scanner, out);
    }
    return 1;
}

int spn_request_parse(const char *path, size_t length, struct spn_request *out,
                      struct spn_error *err)
{
    struct scanner scanner = { path, path + length };
    const char *slash = NULL;

    memset(out, 0, sizeof(*out));
    if (starts(&scanner, "/v/"))
        slash = memchr(scanner.at, '/', (size_t)(scanner.end - scanner.at));
    if (slash && spn_id_check("publication", scanner.at, (size_t)(slash - scanner.at)) == SPN_OK) {
        memcpy(out->publication, scanner.at, (size_t)(slash - scanner.at));
        scanner.at = slash + 1;
        if (resource(scanner, out))
            return SPN_OK;
    }
    return spn_error_set(err, SPN_ENOENT, "there is nothing of that name to play");
}

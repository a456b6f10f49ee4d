/* print.c - the manifests of invented publications, written to a directory for other people's
 * checks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "invent.h"
#include "sampan/answer.h"

static const struct {
    const char *name;
    struct invent wish;
} all[] = {
    { "film",
      { .rate = { 24000, 1001 },
        .frames = 129470,
        .videos = 4,
        .stereo = 2,
        .surround = 1,
        .texts = 3,
        .cues = 900,
        .sheets = 1,
        .inexact = 7,
        .seed = 1 } },
    { "picture", { .rate = { 25, 1 }, .frames = 1, .videos = 1, .seed = 2 } },
    { "surround",
      { .rate = { 50, 1 },
        .frames = 12345,
        .segment_gops = 1,
        .videos = 2,
        .surround = 2,
        .texts = 1,
        .cues = 1,
        .seed = 3 } },
    { "short",
      { .rate = { 60000, 1001 },
        .frames = 200,
        .videos = 1,
        .stereo = 1,
        .sheets = 1,
        .seed = 4 } },
};

static const char *const resources[] = {
    "main.m3u8",      "main.mpd",      "images.m3u8",   "v0/media.m3u8",
    "v0/iframe.m3u8", "a0/media.m3u8", "t0/media.m3u8",
};

static int print(const struct spn_publication *publication, const char *folder, const char *name,
                 const char *resource)
{
    struct spn_request request;
    struct spn_answer answer = { 0 };
    char path[512];
    FILE *out;
    int ret = 1;

    (void)snprintf(path, sizeof(path), "/v/" INVENT_ID "/%s", resource);
    if (spn_request_parse(path, strlen(path), &request, NULL) < 0)
        return 0;
    if (spn_answer_make(publication, &request, &answer, NULL) == SPN_OK) {
        (void)snprintf(path, sizeof(path), "%s/%s-%s", folder, name, resource);
        for (char *at = path + strlen(folder) + 1; (at = strchr(at, '/'));)
            *at = '-';
        out = fopen(path, "wb");
        ret = out && fwrite(answer.parts[0].bytes, 1, answer.size, out) == answer.size;
        if (out && fclose(out) != 0)
            ret = 0;
    }
    spn_answer_finish(&answer);
    return ret;
}

int main(int argc, char **argv)
{
    static struct invented invented;

    for (size_t i = 0; argc == 2 && i < sizeof(all) / sizeof(all[0]); i++) {
        struct spn_publication *publication;
        struct spn_buffer file = { 0 };
        struct spn_error err;

        invent(&all[i].wish, &invented);
        if (spn_publication_make(&invented.plan, &file, &err) < 0 ||
            spn_publication_open_memory(file.data, file.size, &publication, &err) < 0) {
            (void)fprintf(stderr, "%s: %s\n", all[i].name, err.text);
            return 1;
        }
        for (size_t k = 0; k < sizeof(resources) / sizeof(resources[0]); k++)
            if (!print(publication, argv[1], all[i].name, resources[k]))
                return 1;
        spn_publication_close(publication);
        spn_buffer_finish(&file);
        invented_finish(&invented);
    }
    return argc == 2 ? 0 : 2;
}

/*
 * write_tracks.c - small real track files for tests of what has no encoder.
 *
 *     write_tracks DIR                     v0 and a0: 24 frames at 5 a second, their sound
 *     write_tracks FILE v|w|a COUNT…       a bridge with fragments of so many frames or packets;
 *                                          w: a picture twice as wide as v
 *     write_tracks compat v|w|a            prints its compat_id
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "made.h"
#include "sampan/file.h"

static int made_put(struct made *made, const char *dir, const char *path)
{
    struct spn_error err = { 0 };
    int ret;

    ret = spn_file_put(dir, path, 0644, made->file.data, made->file.size, &err);
    made_finish(made);
    if (ret < 0)
        (void)fprintf(stderr, "write_tracks: %s\n", err.text);
    return ret;
}

static int track_write(const char *dir, const char *name, enum spn_codec codec)
{
    static const unsigned packets[] = { 94, 94, 37 }; /* of 10, 10 and 4 frames at 5 a second */
    struct made made;
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    made_init(&made, codec);
    if (codec == SPN_AAC) {
        made.fragments = 3;
        memcpy(made.counts, packets, sizeof(packets));
    }
    made_file(&made);
    return made_put(&made, dir, path);
}

static void which_init(struct made *made, const char *which)
{
    made_init(made, which[0] == 'a' ? SPN_AAC : SPN_H264);
    if (which[0] == 'w')
        made->info.width *= 2;
}

static int compat_print(const char *which)
{
    char hex[SPN_HASH_HEX + 1];
    struct spn_hash compat;
    struct made made;
    int ret;

    which_init(&made, which);
    ret = spn_compat_id(&made.info, &compat, NULL);
    made_finish(&made);
    if (ret < 0)
        return ret;
    spn_hash_hex(&compat, hex);
    return puts(hex);
}

static int bridge_write(const char *path, const char *which, int count, char *counts[])
{
    const char *slash = strrchr(path, '/');
    char dir[4096];
    struct made made;

    if (!slash || count < 1 || count > MADE_FRAGMENTS_MAX)
        return -1;
    (void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
    which_init(&made, which);
    made.fragments = (unsigned)count;
    for (int i = 0; i < count; i++)
        made.counts[i] = (unsigned)strtoul(counts[i], NULL, 10);
    if (spn_header_write(&made.info, &made.file, NULL) < 0)
        return -1;
    made_fragments(&made, 0, made.fragments, &made.file);
    return made_put(&made, dir, path);
}

int main(int argc, char *argv[])
{
    if (argc == 2)
        return track_write(argv[1], "v0", SPN_H264) < 0 || track_write(argv[1], "a0", SPN_AAC) < 0;
    if (argc == 3 && strcmp(argv[1], "compat") == 0)
        return compat_print(argv[2]) < 0;
    if (argc < 4)
        return 2;
    return bridge_write(argv[1], argv[2], argc - 3, argv + 3) < 0;
}

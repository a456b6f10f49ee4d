/*
 * replay.c - runs a fuzz target over files, and over what is cut off and flipped in them: the
 * corpora as an ordinary test, with any compiler.
 *
 * replay DIRECTORY: every file in it is one input, then each of its first 64 lengths, each eighth
 * of its length, and 256 copies with one byte changed. Prints TAP, a line a file.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (4u << 20) /* bytes: a corpus is small */

/* Exactly size bytes, so that a read past them is seen. */
static void run(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy)
        abort();
    memcpy(copy, bytes, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static int replay(const char *path)
{
    uint8_t *bytes = malloc(INPUT_MAX);
    FILE *file = fopen(path, "rb");
    uint32_t seed = 1;
    size_t size;

    if (!file || !bytes) {
        free(bytes);
        return -1;
    }
    size = fread(bytes, 1, INPUT_MAX, file);
    (void)fclose(file);
    run(bytes, size);
    for (size_t cut = 0; cut < 64 && cut < size; cut++)
        run(bytes, cut);
    for (size_t cut = 1; cut < 8; cut++)
        run(bytes, size * cut / 8);
    for (int i = 0; i < 256 && size; i++) {
        size_t at;
        uint8_t was;

        seed = seed * 1664525 + 1013904223;
        at = (seed >> 8) % size;
        was = bytes[at];
        bytes[at] = (uint8_t)(was ^ (1u << (seed >> 29)));
        run(bytes, size);
        bytes[at] = was;
    }
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    struct dirent **names;
    int count = argc == 2 ? scandir(argv[1], &names, NULL, alphasort) : -1, done = 0, bad = 0;

    if (count < 0) {
        (void)fprintf(stderr, "usage: replay DIRECTORY\n");
        return 2;
    }
    for (int i = 0; i < count; i++) {
        char path[4096];
        int ret;

        if (names[i]->d_name[0] != '.') {
            (void)snprintf(path, sizeof(path), "%s/%s", argv[1], names[i]->d_name);
            ret = replay(path);
            bad += ret < 0;
            (void)printf("%sok %d - %s\n", ret < 0 ? "not " : "", ++done, names[i]->d_name);
        }
        free(names[i]);
    }
    free(names);
    (void)printf("1..%d\n", done);
    return bad || done == 0;
}

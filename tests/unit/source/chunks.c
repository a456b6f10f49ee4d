/*
 * chunks - does every chunk, decoded alone, give the frames of a decode of the whole?
 *
 * usage: chunks [--fields] FILE...; or, with SAMPAN_MATERIAL, every file below its folder media.
 * One line of TAP each; a file that is refused is skipped with its reason.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/log.h>

#include "chunk_check.h"
#include "opened.h"

#define FILES_MAX 4096

static char *found[FILES_MAX];
static int found_count;

static int add_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)ftw;
    if (type == FTW_F && found_count < FILES_MAX)
        found[found_count++] = strdup(path);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void find_files(void)
{
    const char *material = getenv("SAMPAN_MATERIAL");
    char folder[4096];

    if (!material)
        return;
    snprintf(folder, sizeof folder, "%s/media", material);
    nftw(folder, add_file, 16, 0);
    qsort(found, (size_t)found_count, sizeof *found, by_name);
}

static int check_file(int n, const char *path, const struct conform_options *options)
{
    struct spn_error err = { 0 };
    struct opened opened;
    char what[128] = "";
    int ret = opened_init(&opened, path, options, &err), failed = 0;

    if (ret < 0) {
        printf("ok %d - %s # SKIP %s\n", n, path, err.text);
    } else if (chunk_check(&opened, what, sizeof what, &err) < 0) {
        printf("not ok %d - %s: %s (%s)\n", n, path, err.text, what);
        failed = 1;
    } else {
        printf("ok %d - %s (%s)\n", n, path, what);
    }
    fflush(stdout);
    opened_finish(&opened);
    return failed;
}

int main(int argc, char **argv)
{
    struct conform_options options = { 0 };
    int failed = 0, i;

    if (!getenv("SAMPAN_FFMPEG_LOG"))
        av_log_set_level(AV_LOG_QUIET);
    if (argc > 1 && !strcmp(argv[1], "--fields")) {
        options.fields = 1;
        argv++;
        argc--;
    }
    for (i = 1; i < argc && found_count < FILES_MAX; i++)
        found[found_count++] = strdup(argv[i]);
    if (!found_count)
        find_files();
    printf("1..%d%s\n", found_count, found_count ? "" : " # SKIP SAMPAN_MATERIAL names no folder");
    for (i = 0; i < found_count; i++) {
        failed |= check_file(i + 1, found[i], &options);
        free(found[i]);
    }
    return failed;
}

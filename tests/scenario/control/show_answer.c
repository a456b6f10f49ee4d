/* show_answer.c - DATA_DIR PATH: the bytes that delivery would answer "/v/…" with, on standard
 * output. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sampan/answer.h"
#include "sampan/file.h"

static int range_print(const struct spn_publication *publication, const char *dir,
                       const struct spn_part *part)
{
    struct spn_plan_file file;
    char path[SPN_PATH_MAX];
    uint8_t *bytes = malloc(part->size);
    int fd = -1, ok;

    ok = bytes && spn_publication_file(publication, part->file, &file) == SPN_OK &&
         spn_plan_file_path(&file, dir, path, sizeof(path), NULL) == SPN_OK &&
         (fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0 &&
         pread(fd, bytes, part->size, (off_t)part->offset) == (ssize_t)part->size &&
         fwrite(bytes, 1, part->size, stdout) == part->size;
    if (fd >= 0)
        (void)close(fd);
    free(bytes);
    return ok ? SPN_OK : SPN_EIO;
}

int main(int argc, char *argv[])
{
    struct spn_publication *publication = NULL;
    struct spn_answer answer = { 0 };
    struct spn_error err = { 0 };
    struct spn_request request;
    char path[SPN_PATH_MAX];
    int ret;

    if (argc != 3)
        return 2;
    if ((ret = spn_request_parse(argv[2], strlen(argv[2]), &request, &err)) < 0 ||
        (ret = spn_file_place(path, sizeof(path), argv[1], "publication", request.publication, "",
                              &err)) < 0 ||
        (ret = spn_publication_open(path, &publication, &err)) < 0 ||
        (ret = spn_answer_make(publication, &request, &answer, &err)) < 0)
        (void)fprintf(stderr, "show_answer: %s\n", err.text);
    for (size_t i = 0; ret >= 0 && i < answer.part_count; i++) {
        const struct spn_part *part = &answer.parts[i];

        if (!part->bytes)
            ret = range_print(publication, argv[1], part);
        else if (fwrite(part->bytes, 1, part->size, stdout) != part->size)
            ret = SPN_EIO;
    }
    spn_answer_finish(&answer);
    spn_publication_close(publication);
    return ret < 0;
}

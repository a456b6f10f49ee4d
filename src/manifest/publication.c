/* publication.c - a publication file, mapped and checked. */
#include "sampan/publication.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "publication_index.h"

static int map(const char *path, struct spn_publication *out, struct spn_error *err)
{
    struct stat st;
    void *at;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int ret = SPN_OK;

    if (fd < 0)
        return spn_error_errno(err, errno, "cannot open publication %s", path);
    if (fstat(fd, &st) < 0) {
        ret = spn_error_errno(err, errno, "cannot read publication %s", path);
        goto done;
    }
    if (!S_ISREG(st.st_mode) || st.st_size <= 0) {
        ret =
            spn_error_set(err, SPN_EFORMAT, "not a publication file: %s is empty or no file", path);
        goto done;
    }
    if (st.st_size > (off_t)SPN_PUBLICATION_MAX) {
        ret = spn_error_set(err, SPN_ELIMIT, "publication %s is larger than %u bytes", path,
                            SPN_PUBLICATION_MAX);
        goto done;
    }
    at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        ret = spn_error_errno(err, errno, "cannot map publication %s", path);
        goto done;
    }
    out->map = at;
    out->bytes = at;
    out->size = (size_t)st.st_size;

done:
    (void)close(fd);
    return ret;
}

int spn_publication_open(const char *path, struct spn_publication **out, struct spn_error *err)
{
    struct spn_publication *publication;
    char gone[SPN_PATH_MAX];
    struct spn_error why;
    int ret;

    *out = NULL;
    if ((size_t)snprintf(gone, sizeof(gone), "%s.gone", path) >= sizeof(gone))
        return spn_error_set(err, SPN_ELIMIT, "the path of a publication is longer than %d bytes",
                             SPN_PATH_MAX);
    if (access(gone, F_OK) == 0)
        return spn_error_set(err, SPN_EGONE, "publication %s was withdrawn", path);
    publication = calloc(1, sizeof(*publication));
    if (!publication)
        return spn_error_set(err, SPN_ENOMEM, "out of memory for publication %s", path);
    if ((ret = map(path, publication, err)) < 0)
        goto failed;
    ret = spn_publication_check(publication->bytes, publication->size, publication, &why);
    if (ret < 0) {
        (void)spn_error_set(err, ret, "%s: %s", path, why.text);
        goto failed;
    }
    *out = publication;
    return SPN_OK;

failed:
    spn_publication_close(publication);
    return ret;
}

int spn_publication_open_memory(const void *bytes, size_t size, struct spn_publication **out,
                                struct spn_error *err)
{
    struct spn_publication *publication = calloc(1, sizeof(*publication));
    int ret;

    *out = NULL;
    if (!publication)
        return spn_error_set(err, SPN_ENOMEM, "out of memory for a publication");
    ret = spn_publication_check(bytes, size, publication, err);
    if (ret < 0) {
        spn_publication_close(publication);
        return ret;
    }
    *out = publication;
    return SPN_OK;
}

void spn_publication_close(struct spn_publication *publication)
{
    if (!publication)
        return;
    if (publication->map)
        (void)munmap(publication->map, publication->size);
    free(publication->renditions);
    free(publication);
}

const char *spn_publication_id(const struct spn_publication *publication)
{
    return publication->id;
}

uint32_t spn_publication_flags(const struct spn_publication *publication)
{
    return publication->flags;
}

int spn_publication_has_chapters(const struct spn_publication *publication)
{
    return publication->chapters_size > 0;
}

const struct spn_hash *spn_publication_hash(const struct spn_publication *publication)
{
    return &publication->hash;
}

int spn_publication_file(const struct spn_publication *publication, size_t index,
                         struct spn_plan_file *out)
{
    const uint8_t *p;

    if (index >= publication->file_count)
        return SPN_ERANGE;
    p = publication->files + index * FILE_RECORD;
    memcpy(out->name.bytes, p + FILE_HASH, sizeof(out->name.bytes));
    out->size = spn_le64(p + FILE_BYTES);
    out->folder = (enum spn_folder)spn_le32(p + FILE_FOLDER);
    return SPN_OK;
}

size_t spn_publication_file_count(const struct spn_publication *publication)
{
    return publication->file_count;
}

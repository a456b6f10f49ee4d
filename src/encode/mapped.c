/* mapped.c - a track file of ours, read through a map of its descriptor. */
#include "mapped.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

int mapped_open(int fd, const char *name, struct mapped *out, struct spn_error *err)
{
    struct stat st;
    void *at;

    memset(out, 0, sizeof(*out));
    if (fstat(fd, &st) < 0)
        return spn_error_errno(err, errno, "cannot read %s", name);
    if (!S_ISREG(st.st_mode) || st.st_size < 1)
        return spn_error_set(err, SPN_EFORMAT, "%s is no track file", name);
    at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return spn_error_errno(err, errno, "cannot read %s", name);
    out->bytes = at;
    out->size = (size_t)st.st_size;
    out->fragment = SIZE_MAX;
    if (!(out->places = calloc(SPN_SAMPLES_MAX, sizeof(*out->places))))
        return spn_error_set(err, SPN_ENOMEM, "no memory for %s", name);
    return spn_track_open_memory(out->bytes, out->size, name, &out->track, err);
}

void mapped_close(struct mapped *mapped)
{
    spn_track_close(mapped->track);
    free(mapped->places);
    if (mapped->bytes)
        (void)munmap((void *)(uintptr_t)mapped->bytes, mapped->size);
    memset(mapped, 0, sizeof(*mapped));
}

int mapped_sample(struct mapped *mapped, size_t fragment, size_t index, struct spn_sample *out,
                  struct spn_error *err)
{
    const struct spn_sample_place *place;
    size_t count;
    int ret;

    (void)spn_track_all(mapped->track, &count);
    if (fragment >= count)
        return spn_error_set(err, SPN_ERANGE, "a track of %zu fragments has no fragment %zu", count,
                             fragment);
    if (fragment != mapped->fragment) {
        ret = spn_track_samples(mapped->track, fragment, mapped->places, SPN_SAMPLES_MAX, err);
        if (ret < 0)
            return ret;
        mapped->fragment = fragment;
        mapped->count = (size_t)ret;
    }
    if (index >= mapped->count)
        return spn_error_set(err, SPN_ERANGE, "fragment %zu has %zu samples, and not sample %zu",
                             fragment, mapped->count, index);
    place = &mapped->places[index];
    *out = (struct spn_sample){ .data = mapped->bytes + place->offset,
                                .size = place->size,
                                .offset = place->composition,
                                .sync = place->sync };
    return SPN_OK;
}

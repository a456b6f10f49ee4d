/* named.c - what publications name, read from the publications. */
#include "named.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sampan/publication.h"

static int name_order(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct spn_hash));
}

static int named_add(struct named *named, const struct spn_hash *name, struct spn_error *err)
{
    if (named->count == named->capacity) {
        size_t capacity = named->capacity ? named->capacity * 2 : 1024;
        struct spn_hash *names = realloc(named->names, capacity * sizeof(*names));

        if (!names)
            return spn_error_set(err, SPN_ENOMEM, "out of memory");
        named->names = names;
        named->capacity = capacity;
    }
    named->names[named->count++] = *name;
    return SPN_OK;
}

int64_t file_age_ms(const struct instance *instance, const char *path, int64_t *bytes)
{
    struct stat st;
    int64_t age_ms;

    if (lstat(path, &st) < 0)
        return -1;
    if (bytes)
        *bytes = st.st_size;
    /* ctime: a rename or a link makes a file young again, whatever its contents' age. */
    age_ms = instance_now_ms(instance) -
             ((int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000);
    return age_ms < 0 ? 0 : age_ms;
}

int folder_walk(const struct instance *instance, const char *folder, folder_each *each,
                void *opaque, struct spn_error *err)
{
    char root[SPN_PATH_MAX];
    struct dirent *outer, *inner;
    int ret;
    DIR *fans;

    if ((ret = instance_path(instance, root, sizeof(root), folder, err)) < 0)
        return ret;
    if (!(fans = opendir(root)))
        return spn_error_errno(err, errno, "cannot read %s", root);
    while (ret >= 0 && (outer = readdir(fans))) {
        char fan[SPN_PATH_MAX];
        DIR *files;

        if (outer->d_name[0] == '.' || strlen(outer->d_name) != 2)
            continue;
        (void)snprintf(fan, sizeof(fan), "%.3800s/%.2s", root, outer->d_name);
        if (!(files = opendir(fan)))
            continue;
        while (ret >= 0 && (inner = readdir(files))) {
            char path[SPN_PATH_MAX];

            if (inner->d_name[0] == '.')
                continue;
            (void)snprintf(path, sizeof(path), "%.3803s/%.255s", fan, inner->d_name);
            ret = each(opaque, path, inner->d_name, err);
        }
        (void)closedir(files);
    }
    (void)closedir(fans);
    return ret < 0 ? ret : SPN_OK;
}

struct reading {
    const struct instance *instance;
    struct named *named;
};

static int publication_names(struct named *named, const struct spn_publication *publication,
                             struct spn_error *err)
{
    int ret = SPN_OK;

    for (size_t i = 0; i < spn_publication_file_count(publication) && ret >= 0; i++) {
        struct spn_plan_file file;

        if ((ret = spn_publication_file(publication, i, &file)) >= 0)
            ret = named_add(named, &file.name, err);
    }
    return ret;
}

static int publication_read(void *opaque, const char *path, const char *name, struct spn_error *err)
{
    const struct reading *reading = opaque;
    struct spn_publication *publication = NULL;
    struct spn_buffer bytes = { 0 };
    char gone[SPN_PATH_MAX + 8];
    struct spn_error why = { 0 };
    int64_t age_ms;
    int ret;

    if (spn_id_check("publication", name, strlen(name)) < 0)
        return SPN_OK; /* a tombstone */
    (void)snprintf(gone, sizeof(gone), "%s.gone", path);
    age_ms = file_age_ms(reading->instance, gone, NULL);
    if (age_ms >= reading->instance->gc_grace_ms)
        return SPN_OK;
    /* Its tombstone hides it from spn_publication_open(). */
    if ((ret = spn_file_get(path, SPN_PUBLICATION_MAX, &bytes, &why)) >= 0)
        ret = spn_publication_open_memory(bytes.data, bytes.size, &publication, &why);
    if (ret >= 0)
        ret = publication_names(reading->named, publication, &why);
    else if (ret != SPN_ENOENT)
        (void)spn_error_set(err, ret,
                            "nothing was collected, because what the publication %.64s names "
                            "cannot be known: %.300s; withdraw or restore it",
                            name, why.text);
    if (ret == SPN_ENOENT)
        ret = SPN_OK;
    spn_publication_close(publication);
    spn_buffer_finish(&bytes);
    return ret;
}

int named_read(const struct instance *instance, struct named *named, struct spn_error *err)
{
    struct reading reading = { instance, named };
    int ret = folder_walk(instance, "publication", publication_read, &reading, err);

    if (ret >= 0 && named->count > 1)
        qsort(named->names, named->count, sizeof(named->names[0]), name_order);
    return ret;
}

int named_has(const struct named *named, const struct spn_hash *name)
{
    return named->count > 0 &&
           bsearch(name, named->names, named->count, sizeof(named->names[0]), name_order) != NULL;
}

void named_finish(struct named *named)
{
    free(named->names);
    memset(named, 0, sizeof(*named));
}

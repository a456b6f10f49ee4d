#include "source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "source_internal.h"

static int file_check(int fd, const char *name, uint64_t *size, struct spn_error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return spn_error_errno(err, errno, "cannot read %s", name);
    if (S_ISDIR(st.st_mode))
        return spn_error_set(err, SPN_EINVAL, "%s is a directory: name the files in it", name);
    if (!S_ISREG(st.st_mode))
        return spn_error_set(err, SPN_EINVAL, "%s is not a regular file", name);
    if (!*size)
        *size = (uint64_t)st.st_size;
    if (*size > (uint64_t)st.st_size)
        return spn_error_set(err, SPN_EMISMATCH,
                             "%s is shorter (%lld bytes) than it was when it came in (%llu)", name,
                             (long long)st.st_size, (unsigned long long)*size);
    if (!*size)
        return spn_error_set(err, SPN_EFORMAT, "%s is empty", name);
    return SPN_OK;
}

int source_open(int fd, const char *name, uint64_t size, struct source **out, struct spn_error *err)
{
    struct source *source = NULL;
    int ret;

    *out = NULL;
    if ((ret = file_check(fd, name, &size, err)) < 0)
        return ret;
    source = calloc(1, sizeof *source);
    if (!source || !(source->name = strdup(name))) {
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory while opening %s", name);
        goto failed;
    }
    source->io.fd = fd;
    source->io.size = size;
    if ((ret = demuxer_recognise(&source->io, name, &source->demuxer, err)) < 0 ||
        (ret = demuxer_open(&source->io, name, source->demuxer, &source->format, err)) < 0)
        goto failed;
    if (source->format->nb_streams > SOURCE_STREAMS_MAX) {
        ret =
            spn_error_set(err, SPN_ELIMIT, "%s has more than %d streams", name, SOURCE_STREAMS_MAX);
        goto failed;
    }
    *out = source;
    return SPN_OK;

failed:
    source_close(source);
    return ret;
}

void source_close(struct source *source)
{
    if (!source)
        return;
    demuxer_close(&source->format);
    free(source->name);
    free(source);
}

const char *source_name(const struct source *source)
{
    return source->name;
}

uint64_t source_size(const struct source *source)
{
    return source->io.size;
}

const AVFormatContext *source_format(const struct source *source)
{
    return source->format;
}

const char *source_reason(int averror, char *buffer, size_t size)
{
    if (av_strerror(averror, buffer, size) < 0 && size)
        snprintf(buffer, size, "error %d", averror);
    return buffer;
}

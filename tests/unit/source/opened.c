#include "opened.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe.h"

int opened_init(struct opened *opened, const char *path, const struct conform_options *options,
                struct spn_error *err)
{
    const char *slash = strrchr(path, '/');
    int ret;

    memset(opened, 0, sizeof *opened);
    opened->index_fd = -1;
    opened->notes = json_array();
    opened->changes = json_array();
    opened->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (opened->fd < 0)
        return spn_error_errno(err, errno, "cannot open %s", path);
    opened->index_fd = memfd_create("index", MFD_CLOEXEC);
    if (opened->index_fd < 0)
        return spn_error_errno(err, errno, "cannot make a file in memory");
    if ((ret = source_open(opened->fd, slash ? slash + 1 : path, 0, &opened->source, err)) < 0 ||
        (ret = probe_judge(opened->source, &opened->video, opened->notes, err)) < 0 ||
        (ret = index_build(opened->source, opened->video, opened->index_fd, NULL, NULL, err)) < 0 ||
        (ret = index_open(opened->index_fd, &opened->index, err)) < 0)
        return ret;
    return conform_make(opened->source, opened->index, options, &opened->conform, opened->changes,
                        err);
}

void opened_finish(struct opened *opened)
{
    index_close(opened->index);
    source_close(opened->source);
    json_decref(opened->notes);
    json_decref(opened->changes);
    if (opened->fd >= 0)
        close(opened->fd);
    if (opened->index_fd >= 0)
        close(opened->index_fd);
}

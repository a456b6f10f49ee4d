/* input.c - bytes of a file or of memory. */
#include "input.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int spn_input_of_fd(int fd, const char *name, struct spn_input *out, struct spn_error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return spn_error_errno(err, errno, "cannot stat %s", name);
    if (!S_ISREG(st.st_mode))
        return spn_error_set(err, SPN_EFORMAT, "%s is not a file", name);
    *out = (struct spn_input){ fd, NULL, (uint64_t)st.st_size, name };
    return SPN_OK;
}

struct spn_input spn_input_of_memory(const void *bytes, size_t size, const char *name)
{
    return (struct spn_input){ -1, bytes, size, name };
}

int spn_input_read(const struct spn_input *input, uint64_t offset, size_t size, void *out,
                   struct spn_error *err)
{
    uint8_t *p = out;

    if (offset > input->size || size > input->size - offset)
        return spn_error_set(
            err, SPN_EFORMAT, "%s ends at byte %llu, in the middle of what begins at byte %llu",
            input->name, (unsigned long long)input->size, (unsigned long long)offset);
    if (input->fd < 0) {
        memcpy(p, input->memory + offset, size);
        return SPN_OK;
    }
    while (size) {
        ssize_t n = pread(input->fd, p, size, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return spn_error_errno(err, n < 0 ? errno : EIO, "cannot read %s at byte %llu",
                                   input->name, (unsigned long long)offset);
        p += n;
        offset += (uint64_t)n;
        size -= (size_t)n;
    }
    return SPN_OK;
}

/* text_file.c - a file of subtitles that lies beside a source. */
#include "text_file.h"

#include <errno.h>
#include <unistd.h>

#include "text.h"

int text_file_read(int fd, const char *name, struct spn_buffer *out, struct spn_error *err)
{
    for (;;) {
        uint8_t *room = spn_buffer_reserve(out, 1 << 16);
        ssize_t got;

        if (!room)
            return spn_error_set(err, SPN_ENOMEM, "no memory to read %.200s", name);
        got = pread(fd, room, 1 << 16, (off_t)out->size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return spn_error_errno(err, errno, "cannot read %.200s", name);
        if (got == 0)
            return SPN_OK;
        out->size += (size_t)got;
        if (out->size > TEXT_BYTES_MAX)
            return spn_error_set(err, SPN_ELIMIT,
                                 "%.200s is larger than %u bytes, more than any "
                                 "film has of subtitles",
                                 name, TEXT_BYTES_MAX);
    }
}

int text_file_check(int fd, const char *name, struct spn_error *err)
{
    struct spn_buffer bytes = { 0 };
    struct cues cues = { 0 };
    struct text_notes notes = { 0 };
    int ret = text_file_read(fd, name, &bytes, err);

    if (ret == SPN_OK)
        ret = text_read(bytes.data, bytes.size, name, &cues, &notes, err);
    cues_finish(&cues);
    spn_buffer_finish(&bytes);
    return ret;
}

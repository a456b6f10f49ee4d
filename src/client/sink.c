/* sink.c - a download that goes on. */
#include "sink.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void sink_restart(struct sink *sink)
{
    sink->begun = 0;
    sink->skip = 0;
}

/* "bytes FROM-TO/SIZE" */
static int range_begins(const char *content_range, int64_t *from)
{
    char *end;

    if (!content_range || strncmp(content_range, "bytes ", 6) != 0)
        return 0;
    *from = strtoll(content_range + 6, &end, 10);
    return end > content_range + 6 && *end == '-' && *from >= 0;
}

static int answer_begin(struct sink *sink, long status, const char *content_range, const char *etag,
                        struct spn_error *err)
{
    size_t length = strlen(sink->etag);
    int64_t from = 0;

    if (etag && (*etag != '"' || strncmp(etag + 1, sink->etag, length) != 0 ||
                 strcmp(etag + 1 + length, "\"") != 0))
        return spn_error_set(err, SPN_EMISMATCH,
                             "the file is another one by now; begin the download again");
    if (status == 206 && (!range_begins(content_range, &from) || from > sink->done))
        return spn_error_set(err, SPN_EMISMATCH,
                             "bytes from %" PRId64 " on were asked for, and others came",
                             sink->done);
    sink->skip = sink->done - from;
    sink->begun = 1;
    return SPN_OK;
}

int sink_feed(struct sink *sink, long status, const char *content_range, const char *etag,
              const void *bytes, size_t size, struct spn_error *err)
{
    const uint8_t *p = bytes;
    int ret;

    if (!sink->begun && (ret = answer_begin(sink, status, content_range, etag, err)) < 0)
        return ret;
    if (sink->skip >= (int64_t)size) {
        sink->skip -= (int64_t)size;
        return SPN_OK;
    }
    p += sink->skip;
    size -= (size_t)sink->skip;
    sink->skip = 0;
    if ((int64_t)size > sink->total - sink->done)
        return spn_error_set(err, SPN_EMISMATCH, "more bytes came than the file has, %" PRId64 "",
                             sink->total);
    if ((ret = spn_file_write(sink->file, p, size, err)) < 0)
        return ret;
    sink->done += (int64_t)size;
    if (sink->each)
        sink->each(sink->opaque, sink->done, sink->total);
    return SPN_OK;
}

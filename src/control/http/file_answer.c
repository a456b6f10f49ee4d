/* file_answer.c - ranges, validators and a name; the bytes by sendfile, ours or nginx's. */
#include "file_answer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- ranges ---- */

/* Digits at *text, which goes on after them. 0: none, or more than a file has bytes. */
static int digits(const char **text, uint64_t *out)
{
    size_t count = strspn(*text, "0123456789");

    if (count == 0 || count > 18)
        return 0;
    *out = strtoull(*text, NULL, 10);
    *text += count;
    return 1;
}

int range_read(const char *header, uint64_t size, uint64_t *from, uint64_t *to)
{
    uint64_t first = 0, last = 0;
    int has_first, has_last;

    if (!header || strncasecmp(header, "bytes=", 6) != 0)
        return 0;
    header += 6;
    header += strspn(header, " \t");
    has_first = digits(&header, &first);
    if (*header++ != '-')
        return 0;
    has_last = digits(&header, &last);
    header += strspn(header, " \t");
    if (*header || (!has_first && !has_last) || (has_first && has_last && last < first))
        return 0; /* several, or what is no range: as if it were not there */
    if (!has_first) {
        if (last == 0)
            return -1;
        first = last < size ? size - last : 0;
        has_last = 0;
    }
    if (first >= size)
        return -1;
    *from = first;
    *to = has_last && last < size ? last + 1 : size;
    return 1;
}

/* ---- the name ---- */

void disposition_write(const char *name, struct spn_buffer *out)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`|~";

    /* for who knows no other: quoted-string, a letter that is not ASCII as one "_" */
    spn_buffer_string(out, "attachment; filename=\"");
    for (const char *c = name; *c; c++) {
        unsigned char byte = (unsigned char)*c;

        if ((byte & 0xC0) != 0x80)
            spn_buffer_u8(out, byte < 0x20 || byte > 0x7E || strchr("\"\\%", byte) ? '_' : byte);
    }
    spn_buffer_string(out, "\"; filename*=UTF-8''");
    for (const char *c = name; *c; c++) {
        if (strchr(plain, *c))
            spn_buffer_u8(out, (uint8_t)*c);
        else
            spn_buffer_format(out, "%%%02X", (unsigned)(unsigned char)*c);
    }
}

/* ---- the answer ---- */

static int headers_add(struct MHD_Response *response, const struct file_answer *file,
                       struct spn_error *err)
{
    struct spn_buffer disposition = { 0 };
    const char *text;
    char etag[80];

    (void)snprintf(etag, sizeof(etag), "\"%.70s\"", file->etag);
    disposition_write(file->name, &disposition);
    if (!(text = spn_buffer_text(&disposition)))
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    (void)MHD_add_response_header(response, "Content-Type", file->type);
    (void)MHD_add_response_header(response, "Content-Disposition", text);
    (void)MHD_add_response_header(response, "ETag", etag);
    (void)MHD_add_response_header(response, "Accept-Ranges", "bytes");
    spn_buffer_finish(&disposition);
    return SPN_OK;
}

/* nginx sends it, from a location of its own that nobody else reaches. */
static int proxy_answer(struct request *request, const char *files, const struct file_answer *file,
                        struct spn_error *err)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
    char where[SPN_PATH_MAX];

    if (!response)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    (void)snprintf(where, sizeof(where), "%.64s%.200s", files, file->below);
    (void)MHD_add_response_header(response, "X-Accel-Redirect", where);
    request->response = response;
    request->status = 200;
    return headers_add(response, file, err);
}

static int open_file(const struct file_answer *file, int *fd, uint64_t *size, struct spn_error *err)
{
    struct stat st;

    *fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0)
        return spn_error_errno(err, errno, "cannot open %s", file->path);
    if (fstat(*fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        (void)close(*fd);
        return spn_error_set(err, SPN_EIO, "cannot read %s", file->path);
    }
    *size = (uint64_t)st.st_size;
    return SPN_OK;
}

/* If-Range: the range is of what is there only where that is what the client has a part of. */
static const char *range_wanted(const struct request *request, const struct file_answer *file)
{
    const char *condition = request_header(request, "If-Range");
    char etag[80];

    (void)snprintf(etag, sizeof(etag), "\"%.70s\"", file->etag);
    return condition && strcmp(condition, etag) != 0 ? NULL : request_header(request, "Range");
}

static int bytes_answer(struct request *request, const struct file_answer *file,
                        struct spn_error *err)
{
    uint64_t size = 0, from = 0, to;
    int fd, ret, part;

    if ((ret = open_file(file, &fd, &size, err)) < 0)
        return ret;
    to = size;
    part = range_read(range_wanted(request, file), size, &from, &to);
    if (part < 0) {
        (void)close(fd);
        request_answer_header(request, "Content-Range", "bytes */%" PRIu64, size);
        return request_refuse(request, 416, SPN_ERANGE, err,
                              "the file has %" PRIu64 " bytes, and the range begins after them",
                              size);
    }
    request->response = MHD_create_response_from_fd_at_offset64(to - from, fd, from);
    if (!request->response) {
        (void)close(fd);
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    }
    request->status = part ? 206 : 200;
    if (part)
        request_answer_header(request, "Content-Range", "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
                              from, to - 1, size);
    return headers_add(request->response, file, err);
}

int file_answer(struct request *request, const struct file_answer *file, struct spn_error *err)
{
    const char *match = request_header(request, "If-Match"), *files;
    const char *known = request_header(request, "If-None-Match");

    if (match && !request_etag_listed(match, file->etag, 1))
        return request_refuse(request, 412, SPN_ECONFLICT, err,
                              "the file is another one by now; begin again without If-Match");
    if (!match && known && request_etag_listed(known, file->etag, 0)) {
        request_answer_header(request, "ETag", "\"%s\"", file->etag);
        return request_empty(request, 304);
    }
    /* nginx knows the ETag too late for If-Match, and answers 412 to any */
    files = match ? NULL : request_header(request, "X-Sampan-Files");
    return files ? proxy_answer(request, files, file, err) : bytes_answer(request, file, err);
}

/* error.c - one sentence and a code. */
#include "sampan/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#undef spn_error_set /* the analyzer's */
#undef spn_error_errno

/* Cut the text before a UTF-8 sequence that did not fit whole. */
static void text_trim(char *text, size_t size)
{
    size_t end = strnlen(text, size - 1);
    size_t lead = end;

    text[end] = '\0';
    while (lead > 0 && ((unsigned char)text[lead - 1] & 0xC0) == 0x80)
        lead--;
    if (lead > 0) {
        unsigned char c = (unsigned char)text[lead - 1];
        size_t need = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;

        if (need > 1 && end - (lead - 1) < need)
            text[lead - 1] = '\0';
    }
}

/* Bytes of the UTF-8 character at p, 0 where there is none: overlong, a surrogate, cut or a
 * control. */
static size_t character(const unsigned char *p)
{
    size_t need = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : p[0] >= 0xC2 ? 2 : 1;

    if (p[0] < 0x20 || p[0] == 0x7F || (p[0] >= 0x80 && p[0] < 0xC2) || p[0] > 0xF4 ||
        (p[0] == 0xC2 && p[1] < 0xA0) || (p[0] == 0xE0 && p[1] < 0xA0) ||
        (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF0 && p[1] < 0x90) ||
        (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    for (size_t i = 1; i < need; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return need;
}

void spn_error_plain(char *text)
{
    unsigned char *p = (unsigned char *)text;

    while (*p) {
        size_t bytes = character(p);

        if (bytes == 0)
            *p = *p < 0x20 || *p == 0x7F ? ' ' : '?';
        p += bytes ? bytes : 1;
    }
}

int spn_error_setv(struct spn_error *err, int code, const char *format, va_list args)
{
    if (err) {
        err->code = code;
        (void)vsnprintf(err->text, sizeof(err->text), format, args);
        text_trim(err->text, sizeof(err->text));
        spn_error_plain(err->text);
    }
    return code;
}

int spn_error_set(struct spn_error *err, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)spn_error_setv(err, code, format, args);
    va_end(args);
    return code;
}

int spn_error_from_errno(int errnum)
{
    switch (errnum) {
    case ENOENT:
    case ENOTDIR:
        return SPN_ENOENT;
    case EACCES:
    case EPERM:
    case EROFS:
        return SPN_EACCES;
    case ENOSPC:
    case EDQUOT:
        return SPN_ENOSPC;
    case EEXIST:
        return SPN_EEXIST;
    case ENOMEM:
        return SPN_ENOMEM;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
    case EISDIR:
        return SPN_EINVAL;
    case EFBIG:
        return SPN_ELIMIT;
    case EAGAIN:
    case EINTR:
        return SPN_EAGAIN;
    default:
        return SPN_EIO;
    }
}

int spn_error_errno(struct spn_error *err, int errnum, const char *format, ...)
{
    int code = spn_error_from_errno(errnum);
    va_list args;

    va_start(args, format);
    (void)spn_error_setv(err, code, format, args);
    va_end(args);
    if (err) {
        size_t used = strlen(err->text);

        (void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(errnum));
        text_trim(err->text, sizeof(err->text));
    }
    return code;
}

const char *spn_code_name(int code)
{
    switch (code) {
    case SPN_EINVAL:
        return "invalid";
    case SPN_ENOENT:
        return "not_found";
    case SPN_EFORMAT:
        return "bad_format";
    case SPN_ELIMIT:
        return "too_large";
    case SPN_ERANGE:
        return "out_of_range";
    case SPN_EIO:
        return "io";
    case SPN_ENOMEM:
        return "no_memory";
    case SPN_ENOSPC:
        return "disk_full";
    case SPN_EEXIST:
        return "exists";
    case SPN_EACCES:
        return "forbidden";
    case SPN_EGONE:
        return "gone";
    case SPN_EMISMATCH:
        return "mismatch";
    case SPN_EUNSUPPORTED:
        return "unsupported";
    case SPN_ECONFLICT:
        return "conflict";
    case SPN_EAGAIN:
        return "try_again";
    case SPN_ECANCELED:
        return "canceled";
    default:
        return code < 0 ? "unknown" : "ok";
    }
}

/*
 * sampan/error.h - how a function says what went wrong.
 *
 * A function that can fail returns 0 or a positive value on success and one of the negative codes
 * below on failure. The sentence for people is put into the caller's struct spn_error: one sentence
 * that says what is wrong, where, and what to do. err may be NULL everywhere: then only the code is
 * returned. Nothing here keeps state between calls; any thread may call anything.
 */
#ifndef SAMPAN_ERROR_H
#define SAMPAN_ERROR_H

#include <stdarg.h>

enum spn_code {
    SPN_OK = 0,
    SPN_EINVAL = -1,        /* an argument or a request that makes no sense */
    SPN_ENOENT = -2,        /* no such thing */
    SPN_EFORMAT = -3,       /* bytes that are not what they claim to be */
    SPN_ELIMIT = -4,        /* larger than a named limit */
    SPN_ERANGE = -5,        /* outside of what there is */
    SPN_EIO = -6,           /* the operating system failed to read or write */
    SPN_ENOMEM = -7,        /* out of memory */
    SPN_ENOSPC = -8,        /* the disk is full; the same work may succeed later */
    SPN_EEXIST = -9,        /* there is one already */
    SPN_EACCES = -10,       /* not allowed */
    SPN_EGONE = -11,        /* was there once and was withdrawn */
    SPN_EMISMATCH = -12,    /* two things that must be equal are not */
    SPN_EUNSUPPORTED = -13, /* understood, but not something this version does */
    SPN_ECONFLICT = -14,    /* somebody else changed it first, or holds it */
    SPN_EAGAIN = -15,       /* not now; try again */
    SPN_ECANCELED = -16,    /* stopped on request */
};

#define SPN_ERROR_TEXT_MAX 512

struct spn_error {
    int code;                      /* enum spn_code */
    char text[SPN_ERROR_TEXT_MAX]; /* one line of UTF-8, cut at a character where it is too long */
};

/* Fill *err (if not NULL) and return code, so that a failing line can be `return spn_error_set(…)`.
 */
int spn_error_set(struct spn_error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int spn_error_setv(struct spn_error *err, int code, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/*
 * Make text, in place, what may stand in a line, a terminal and JSON: control characters become
 * blanks, what is not UTF-8 question marks. Names are strangers'; every sentence went through this.
 */
void spn_error_plain(char *text);

/* The code that errno value stands for: ENOSPC and EDQUOT are SPN_ENOSPC, ENOENT SPN_ENOENT, … */
int spn_error_from_errno(int errnum);

/* `WHAT: strerror(errnum)` with the code of errnum, e.g. spn_error_errno(err, errno, "cannot open
 * %s", p). */
int spn_error_errno(struct spn_error *err, int errnum, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A stable lower-case word for a code ("not_found", "bad_format", …), used in JSON and logs. */
const char *spn_code_name(int code);

#ifdef __clang_analyzer__ /* reads one file at a time, and is told here what the two return */
#define spn_error_set(err, code, ...)     (spn_error_set(err, code, __VA_ARGS__), (code))
#define spn_error_errno(err, errnum, ...) (spn_error_errno(err, errnum, __VA_ARGS__), SPN_EIO)
#endif

#endif

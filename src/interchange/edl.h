/* edl.h - reading a CMX3600 list: where it is, and what its comments mean. */
#ifndef INTERCHANGE_EDL_H
#define INTERCHANGE_EDL_H

#include "cut_list.h"

#define EDL_NUMBER_MAX 16 /* bytes of an event's number, NUL included; as in struct cut_event */

struct edl {
    struct cut_list *list;
    struct cut_report *report;
    const char *text; /* all of it */
    size_t size, line;
    struct cut_event *event; /* the last one read, which comments speak of; NULL: it was passed over
                              */
    enum { EDL_NOTHING, EDL_PICTURE, EDL_SOUND, EDL_REFUSED } last; /* what it was */
    int by_transition; /* it is a transition of no frames: its clip is the one that comes */
    int known;         /* a line was understood */
    int drop_said;     /* the last FCM: 1 drop, -1 non-drop, 0 not said */
    int drop_between;  /* it came between events, and may so speak of the sources that follow */
    /* events of picture that are written otherwise than FCM says */
    size_t drop_wrong, drop_line;
    int drop_first; /* what FCM said of the first of them */
    int not_utf8;
    size_t sound; /* events of sound that were passed over */
    size_t grades, grade_line;
    /* an event of no length that opens a transition: told only if none follows */
    size_t opener_line;
    char opener_number[EDL_NUMBER_MAX];
    char refused_number[EDL_NUMBER_MAX]; /* of the last transition that was refused */
};

/* Does text begin with word, in any case? *after is where it goes on. */
int edl_begins(const char *text, size_t size, const char *word, size_t *after);
/* A name without the colon and blanks before it; a fault where it is not UTF-8. */
void edl_name(struct edl *edl, char out[CUT_TEXT_MAX], const char *text, size_t size);
/* A comment, its asterisk included. */
void edl_comment(struct edl *edl, const char *text, size_t size);
/* Could these bytes, which are not UTF-8, be GB18030? */
int edl_is_gb18030(const char *text, size_t size);

#endif

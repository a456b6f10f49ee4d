/*
 * cut_resolve.h - from what a list says to a composition: names to assets, the rate, the ranges.
 *
 * Every fault is told, with its line; nothing is guessed. The database is only read.
 */
#ifndef CONTROL_CUT_RESOLVE_H
#define CONTROL_CUT_RESOLVE_H

#include "cut.h"

struct cut_ask {
    const void *list; /* a list file; NULL: clips is an array of {asset, in, out} */
    size_t size;
    const char *file; /* what it is called, for sentences */
    const json_t *clips;
    struct spn_rate rate; /* 0/0: the list's, or the assets' */
    const json_t *reels;  /* object: what a list calls it -> what asset it is; may be NULL */
    const char *start;    /* timecode of first frames, where nobody else knows; may be NULL */
};

struct cut_resolved {
    struct spn_composition *composition;
    struct cut_asset *assets;   /* the composition's, in its order */
    char title[CUT_TEXT_MAX];   /* what the list calls itself, or "" */
    const char *format;         /* static */
    int drop;                   /* it was written in drop-frame timecode */
    struct cut_marker *markers; /* the list's, in order of time */
    size_t marker_count;
};

/*
 * *out goes to cut_resolved_finish(). Where report has faults there is no composition in it. A
 * negative code only where nothing could be made of the list at all, or the database failed.
 */
int cut_resolve(struct db *db, const struct cut_ask *ask, struct cut_resolved *out,
                struct cut_report *report, struct spn_error *err);
void cut_resolved_finish(struct cut_resolved *resolved);

#endif

/*
 * cut_list.h - what an editor's list says, before it is known which assets it means.
 *
 * A list is read in two steps. cut_list_read() takes the file apart; what it names (reels, clip
 * names, files, ids) is then matched to assets by the caller, which so learns the rate if the list
 * says none (CMX3600 never does). cut_list_count() then turns timecodes into frames at that rate
 * and checks the record side. Both tell every fault with its line, not only the first; nothing is
 * guessed silently.
 *
 * Not for two threads at a time.
 */
#ifndef INTERCHANGE_CUT_LIST_H
#define INTERCHANGE_CUT_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "sampan/buffer.h"
#include "sampan/composition.h"
#include "sampan/error.h"
#include "sampan/timecode.h"

#define CUT_LIST_SIZE_MAX (64u << 20)   /* bytes of a file: 100,000 events of some lines each */
#define CUT_EVENTS_MAX    SPN_CLIPS_MAX /* what a composition may have */
#define CUT_MARKERS_MAX   10000         /* one every second of a film, and more */
#define CUT_FRAME_MAX     ((int64_t)1 << 40) /* 580 years at 60; 100,000 of them are a sum */
#define CUT_TEXT_MAX      512                /* bytes of a name, NUL included */
#define CUT_REMARKS_MAX   1000               /* of faults and notes; more are counted */
#define CUT_NOTES_MAX     200                /* of them notes: they leave room for faults */
#define CUT_DEPTH_MAX     32                 /* compounds in compounds */

/* A point in time: a frame number, or a timecode that becomes one when the rate is known. */
struct cut_time {
    int64_t frame;     /* -1: not known (yet) */
    char timecode[16]; /* "" for none */
};

struct cut_event {
    size_t line;     /* of the file, from 1; of JSON and XML, where it begins; 0: not known */
    char number[16]; /* as the list numbers it; "" for none */
    char reel[CUT_TEXT_MAX]; /* tape, reel or file's id; "" for none, as are the next three */
    char name[CUT_TEXT_MAX]; /* of the clip */
    char file[CUT_TEXT_MAX]; /* last part of the path or URL of the media */
    char asset[65];          /* Sampan's own name of the asset, 64 hex digits */
    struct cut_time in, out; /* of the media, [in, out) */
    struct cut_time start;   /* of the media's first frame on the same count; frame -1: not known */
    struct cut_time record_in,
        record_out;       /* of the programme; frame -1: it follows the one before */
    struct spn_rate rate; /* that in, out and start are counted at; 0/0: the list's */
    int hole; /* it was refused: it fills its place of the record, and cut_list_count() takes it out
               */
    uint32_t mark;     /* for the caller */
    double speed;      /* frames of the media a second, where the list says it; 0: it does not */
    size_t speed_line; /* where it says so */
};

/*
 * A word at an instant of the programme: an editor's remark, or a chapter that viewers see. Before
 * cut_list_count() its timecode counts as the record side does; after it, frame counts from the
 * programme's first, and markers outside of the programme are gone.
 */
struct cut_marker {
    size_t line; /* of the file; 0: not known */
    struct cut_time at;
    int is_chapter;
    char color[12]; /* a word in capitals, "" for none */
    char name[CUT_TEXT_MAX];
};

struct cut_list {
    const char *format; /* "cmx3600", "otio", "cpl", "fcpxml": static */
    char title[CUT_TEXT_MAX];
    struct spn_rate rate; /* 0/0 where the list does not say */
    struct cut_event *events;
    size_t count, capacity;
    struct cut_marker *markers; /* after cut_list_count() in order of time */
    size_t marker_count, marker_capacity;
    int full, marks_full; /* it was told that there are too many */
    size_t marks_unused;  /* markers of parts of the media that are not used */
};

/* Faults refuse the list; notes say what was passed over. */
struct cut_remark {
    size_t line; /* 0: of the whole list */
    int is_fault;
    char text[SPN_ERROR_TEXT_MAX];
};

struct cut_report {
    struct cut_remark *remarks;
    size_t count, capacity;
    size_t faults, notes; /* how many there were, those that are not kept included */
    int failed;           /* memory ran out */
};

void cut_report_finish(struct cut_report *report);
void cut_report_sort(struct cut_report *report); /* by line; what is of the whole list comes last */
void cut_fault(struct cut_report *report, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void cut_note(struct cut_report *report, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Read a list; its format is found by its content, name is for sentences and its ending a hint.
 * *out goes to cut_list_free(), also where report has faults (it then holds what could be read). A
 * negative code where nothing could be made of it at all: SPN_EFORMAT, SPN_ELIMIT, SPN_ENOMEM.
 */
int cut_list_read(const void *bytes, size_t size, const char *name, struct cut_list **out,
                  struct cut_report *report, struct spn_error *err);
void cut_list_free(struct cut_list *list); /* NULL is allowed */

/*
 * At rate, fill in every frame number, and check that source and record are of one length, that the
 * record side has neither gap nor overlap, that in and out of an event count alike (drop frame or
 * not), and that no event is empty. Events that a list has in
 * another order than that of their record times are put into it, with a note. A list that says
 * another rate is a fault; 0/0 takes the list's own.
 */
void cut_list_count(struct cut_list *list, struct spn_rate rate, struct cut_report *report);

/* Is its timecode written as drop frame is: with ';' or '.' before the frames? 0 without one. */
int cut_time_drops(const struct cut_time *time);

/* Used by the readers. NULL: too many (a fault is told once), or no memory. */
struct cut_event *cut_list_add(struct cut_list *list, size_t line, struct cut_report *report);
struct cut_marker *cut_list_mark(struct cut_list *list, size_t line, struct cut_report *report);
void cut_color(struct cut_marker *marker, const char *text, size_t length);
/* Copy at most CUT_TEXT_MAX - 1 bytes of UTF-8, control characters as blanks; 0 where it is not
 * valid. */
int cut_text(char out[CUT_TEXT_MAX], const char *text, size_t length);
/* What follows the last slash or backslash of a path or URL, %XX decoded. */
void cut_file(char out[CUT_TEXT_MAX], const char *path);
/*
 * For writers, of names in any bytes: how many bytes the next letter of text has, 0 at its end.
 * *good is 0 where they are no UTF-8, or a control character.
 */
size_t cut_letter(const char *text, int *good);
/* The rate that a decimal means: 23.976 and 23.98 are 24000/1001. 0/0: none within 1 in 2000. */
struct spn_rate cut_rate_snap(double rate);

/* The formats: each adds to list and report, and is refused as cut_list_read says. */
int edl_read(const char *text, size_t size, struct cut_list *list, struct cut_report *report,
             struct spn_error *err);
int otio_read(const char *text, size_t size, struct cut_list *list, struct cut_report *report,
              struct spn_error *err);
int cpl_read(const char *text, size_t size, struct cut_list *list, struct cut_report *report,
             struct spn_error *err);
int fcpxml_read(const char *text, size_t size, struct cut_list *list, struct cut_report *report,
                struct spn_error *err);

/* A composition as a list: what the writers need besides it. */
struct cut_names {
    const char *title;
    const char *const *asset_names; /* one an asset: what an editor calls it */
    const int64_t *asset_starts;    /* frame number of each asset's first frame, of its timecode */
    const int *asset_drops;         /* does each asset's timecode drop frames? */
    int drop;                       /* does that of the programme? */
    const struct cut_marker *markers; /* in order of time; may be NULL */
    size_t marker_count;
};

/* SPN_EUNSUPPORTED: the format cannot say it (no timecode at 12.5 frames a second). */
int edl_write(const struct spn_composition *composition, const struct cut_names *names,
              struct spn_buffer *out, struct spn_error *err);
int otio_write(const struct spn_composition *composition, const struct cut_names *names,
               struct spn_buffer *out, struct spn_error *err);
/* The scope of the labels "Marker" and "Chapter" that cpl_write gives. */
#define CPL_MARKER_SCOPE "urn:uuid:2f0c7a3e-93b8-8f7c-a51d-6b1f5d0e4c21"
/* What cpl_write calls an asset ("urn:uuid:" before it), so that it is found again. */
void cut_asset_uuid(const struct spn_hash *asset, char out[37]);
int cpl_write(const struct spn_composition *composition, const struct cut_names *names,
              struct spn_buffer *out, struct spn_error *err);

#endif

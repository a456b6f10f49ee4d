/*
 * sent.h - one rendition of a cut, as viewers are sent it: the files it is made of, open, and what
 * is sent of them.
 */
#ifndef WORKER_SENT_H
#define WORKER_SENT_H

#include "kinds.h"
#include "sampan/composed.h"

/*
 * The composition that a spec's "clips" and "assets" (each with its "frames") are, at the "rate" of
 * its object called key; *drop: its timecodes are of drop frame. To spn_composition_free().
 */
int sent_composition(const json_t *spec, const char *key, struct spn_composition **out, int *drop,
                     struct spn_error *err);

/* A file of it; track is NULL and fd -1 where it is not there or is no track. */
struct sent_file {
    int fd;
    const char *name; /* borrowed from the spec */
    struct spn_track *track;
};

/*
 * Open a file of "track" or "bridge" in the data directory; path is where it lies. SPN_ENOENT: it
 * is not there, *fd is -1.
 */
int sent_file_open(const struct worker *worker, const char *folder, const char *name,
                   char path[SPN_PATH_MAX], int *fd, struct spn_error *err);

/* Zero-initialised; sent_close() always. */
struct sent {
    const char *id; /* "v0", borrowed from the spec */
    const struct spn_composition *composition;
    int drop;
    struct sent_file *list; /* a track for each asset, then the bridges */
    const struct spn_track **tracks, **bridges;
    size_t count; /* of list */
    struct spn_composed_files files;
    struct spn_composed composed;
    json_t *faults; /* owned: {"check","rendition","join","frame","text"} each */
    int64_t bytes;  /* of the tracks of assets */
};

/*
 * Open the files of rendition {"id","tracks":[{"name","sha256"},…],"bridges":[…]} and hold them to
 * the composition, which must outlive it. With hashed, their bytes are held to their hashes too.
 * SPN_EMISMATCH: something is not as it has to be, and faults says what; everything else keeps it
 * from being looked at.
 */
int sent_open(struct worker *worker, struct job *job, const json_t *rendition,
              const struct spn_composition *composition, int drop, int hashed, struct sent *out,
              struct spn_error *err);
void sent_close(struct sent *sent);

/* Append what is sent of it to file. */
int sent_write(struct worker *worker, struct job *job, const struct sent *sent,
               struct spn_file *file, struct spn_error *err);

#endif

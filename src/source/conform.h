/*
 * conform.h - what fixes the frame numbers of an asset for ever.
 *
 * An asset has frames 0 … frames - 1 at a constant rate. The record says which frame of the source
 * each of them shows; together with the packet index it is all that is needed to decode a chunk
 * alone.
 */
#ifndef SAMPAN_SOURCE_CONFORM_H
#define SAMPAN_SOURCE_CONFORM_H

#include <jansson.h>

#include "packet_index.h"
#include "stream.h"

#include "sampan/id.h"
#include "sampan/time.h"

#define CONFORM_HOURS_MAX 24 /* length of an asset */

enum conform_how {
    CONFORM_CONSTANT = 0, /* frame n is source frame n */
    CONFORM_HOLES,        /* a constant rate, but frames are missing: the one before is repeated */
    CONFORM_VARIABLE,     /* times of their own: repeated or dropped to the nearest usual rate */
    CONFORM_FAST,         /* constant or not, above SPN_RATE_MAX: dropped to 60 */
    CONFORM_ASKED,        /* repeated or dropped to another rate than its own, as was asked for */
};

enum conform_scan { CONFORM_PROGRESSIVE = 0, CONFORM_TOP_FIRST, CONFORM_BOTTOM_FIRST };

struct conform {
    int stream; /* of the picture */
    enum conform_how how;
    enum index_how index;       /* how the source's frames were counted */
    enum conform_scan scan;     /* not progressive: at least some frames are interlaced */
    int fields;                 /* 1: every field becomes a frame: rate and frames are doubled */
    struct spn_rate rate;       /* of the asset */
    int64_t frames;             /* of the asset */
    int64_t time_num, time_den; /* seconds in a tick of the source, time_num / time_den */
    int64_t start;              /* ticks: the source time that is time 0 of the asset */
    int64_t pictures;           /* source frames: those of the index */
    int64_t repeated, dropped;  /* asset frames shown again, source frames never shown */
    int64_t left_out;           /* packets before frame 0 that cannot be decoded */
};

struct conform_options {
    int fields;           /* one frame per field of interlaced sources; not with rate */
    struct spn_rate rate; /* of the asset, whatever that of the source is; 0/0: the source's */
};

/*
 * Decide. Sentences about everything that was changed and why are appended to changes, an array.
 * SPN_ELIMIT: longer than CONFORM_HOURS_MAX. SPN_EUNSUPPORTED.
 */
int conform_make(const struct source *source, const struct index *index,
                 const struct conform_options *options, struct conform *out, json_t *changes,
                 struct spn_error *err);

/* The record as JSON (a new reference) and back; reading checks every member. SPN_EFORMAT. */
json_t *conform_json(const struct conform *conform);
int conform_read(const json_t *json, struct conform *out, struct spn_error *err);

/* The asset's name: SHA-256 over the source's hash and the record in canonical JSON. */
int conform_asset(const struct conform *conform, const struct spn_hash *source,
                  struct spn_hash *out, struct spn_error *err);

/*
 * The source frame (of the index) that asset frame n shows, and whether it is the same as that of
 * frame n - 1 (never so for the two fields of one frame). 0 <= n < frames.
 */
int64_t conform_picture(const struct conform *conform, const struct index *index, int64_t n);

/* Is this index the one that the record was made with? SPN_EMISMATCH. */
int conform_check(const struct conform *conform, const struct index *index, struct spn_error *err);

#endif

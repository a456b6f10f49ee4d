/*
 * scan.h - a whole track file, once through from its begin: what open, assemble and check share.
 */
#ifndef TRACK_SCAN_H
#define TRACK_SCAN_H

#include "input.h"
#include "moof.h"
#include "rules.h"
#include "sampan/track.h"

struct spn_track {
    struct spn_input input;
    int owns_fd;
    char *name;                 /* owned; input.name */
    struct spn_track_info info; /* points into header */
    struct spn_buffer header;   /* ftyp and moov */
    struct spn_fragment *fragments;
    size_t count, capacity;
    uint32_t first_sequence;
    int has_sidx;
};

/*
 * Read everything but sample data into track, whose input is set and whose other members are zero.
 * With samples, those are read and judged too.
 */
int spn_track_scan(struct spn_track *track, struct spn_judge *judge, int samples,
                   struct spn_error *err);
/* The same for a descriptor that stays the caller's. */
int spn_track_open_fd(int fd, const char *name, struct spn_judge *judge, int samples,
                      struct spn_track **out, struct spn_error *err);

/* The samples of a fragment: are they what the sample entry says? scratch is kept between calls. */
int spn_samples_judge(const struct spn_track *track, const struct spn_moof *moof,
                      const struct spn_sample_place *places, struct spn_judge *judge,
                      struct spn_buffer *scratch, struct spn_error *err);

/* Does the sidx (its bytes after the head, what follows it at byte after) describe the fragments?
 */
int spn_sidx_judge(const struct spn_track *track, const uint8_t *body, size_t size, uint64_t after,
                   struct spn_judge *judge);
/* Append the sidx of count fragments, all of which follow it at once. */
int spn_sidx_write(const struct spn_track_info *info, const struct spn_fragment *fragments,
                   size_t count, struct spn_buffer *out, struct spn_error *err);

#define SPN_SIDX_REFERENCES_MAX 65535u /* 16 bits: of more fragments, several make a reference */

#endif

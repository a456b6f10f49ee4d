/*
 * sampan/composed.h - one rendition of a composition as viewers are sent it: fragments of its
 * assets' tracks and of its bridges, in order, on one timeline.
 *
 * Each fragment stays where it lies; what is said anew are the SPN_PREFIX_SIZE bytes before its
 * trun, by spn_prefix_write(). Reads no file itself: tracks are open.
 */
#ifndef SAMPAN_COMPOSED_H
#define SAMPAN_COMPOSED_H

#include <stddef.h>
#include <stdint.h>

#include "sampan/composition.h"
#include "sampan/error.h"
#include "sampan/track.h"

/*
 * The files of the rendition, NULL where one is not there. Of picture, bridges are one a stretch,
 * in the order of spn_picture_spans(); of sound all stretches lie in one file. Borrowed.
 */
struct spn_composed_files {
    const struct spn_track *const *tracks; /* one for each asset of the composition */
    const struct spn_track *const *bridges;
    size_t bridge_count;
};

struct spn_composed_piece {
    size_t file;       /* below asset_count: that asset's track; else bridge file - asset_count */
    uint32_t fragment; /* of it */
    int64_t start;     /* ticks of the timeline */
};

struct spn_composed {
    const struct spn_track *first; /* header and info are its: see spn_composed_make() */
    struct spn_composed_piece *pieces;
    size_t count, asset_count;
    int64_t duration; /* ticks */
};

/*
 * Something that is not as it has to be, at a frame of the timeline. check is a stable name
 * ("bridge.there", "bridge.decoder", "bridge.length", "track.there", "track.decoder",
 * "track.length", "track.rate", "timeline.length"); text is what is wrong and what to do, without
 * its place.
 */
typedef void spn_composed_report(void *opaque, const char *check, int64_t frame, const char *text);

/*
 * Hold the files to the composition and list what is sent. Header and decoder are those of the
 * first clip that is not encoded whole (its asset's `encode` is 0), or of the first bridge. Every
 * fault goes to report (which may be NULL), the first into *err: SPN_EMISMATCH, and *out is empty.
 * Also SPN_ENOMEM. *out goes to spn_composed_free() always.
 */
int spn_composed_make(const struct spn_composition *composition,
                      const struct spn_composed_files *files, spn_composed_report *report,
                      void *opaque, struct spn_composed *out, struct spn_error *err);
void spn_composed_free(struct spn_composed *composed);

/* The track that piece lies in, and its fragment there. */
const struct spn_fragment *spn_composed_fragment(const struct spn_composed_files *files,
                                                 const struct spn_composed *composed,
                                                 const struct spn_composed_piece *piece,
                                                 const struct spn_track **track);

/*
 * All of it, as a file that a player would put together: write is called with bytes, or with bytes
 * NULL for a range of file `piece` (as in struct spn_composed_piece), as spn_track_assemble() does.
 */
int spn_composed_write(const struct spn_composed_files *files, const struct spn_composed *composed,
                       spn_track_write *write, void *opaque, struct spn_error *err);

#define SPN_COMPOSED_PLACE_MAX 96

/*
 * Where a frame of the timeline is, for a sentence: "join 3 at 00:00:12:05", the join being the one
 * that is nearest, counted from 1 (between the first and the second clip).
 */
void spn_composed_place(const struct spn_composition *composition, int64_t frame, int drop,
                        char out[SPN_COMPOSED_PLACE_MAX]);

/* Into *out, SPN_EMISMATCH: "v0, join 3 at 00:00:12:05: TEXT". */
void spn_composed_sentence(const struct spn_composition *composition, const char *rendition,
                           int64_t frame, int drop, const char *text, struct spn_error *out);

/* The join that is nearest to a frame, from 1; 0 where there is none. */
size_t spn_composed_join(const struct spn_composition *composition, int64_t frame);

#endif

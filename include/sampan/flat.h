/*
 * sampan/flat.h - one ordinary MP4: the samples of many fragments in one progressive file.
 *
 * ISO/IEC 14496-12: ftyp (4.3), moov (8.2.1) and then one mdat (8.1.1), no fragments and no index
 * but the sample tables (8.5 to 8.7). Samples are the bytes that the fragments have, in their
 * order; sample entry, media header and data reference are taken over to the byte from the track's
 * own header. Equal fragments give equal bytes: there are no times of creation in it.
 *
 * Time: a track file has no edit list, since what is cut together of many must be on one timeline
 * with nothing to skip; composition offsets are signed, so that the first picture is shown at 0.
 * Here too: ctts version 1 (8.6.1.3) has these offsets as they are, cslg (8.6.1.4) says their
 * bounds, and picture has no edit list, so a player that reads none is right as well. Of sound the
 * priming packets are not there, packet n holds the samples from 1024 n on, and an edit list
 * (8.6.6) of one entry from media time 0 says so, for players that else suppose some to be skipped.
 * It ends with the picture: what sound lasts longer, half a packet at most in a composition, is not
 * to be heard, and no byte of it is lost.
 *
 * Chapters are the list in udta that players know as Nero's (chpl): no standard has one. It is of
 * 100 ns, has a title of 255 bytes at most, and no ends.
 *
 * sdtp is not written: a track file says of a sample no more than stss does. Nor is btrt.
 */
#ifndef SAMPAN_FLAT_H
#define SAMPAN_FLAT_H

#include <stddef.h>
#include <stdint.h>

#include "sampan/error.h"
#include "sampan/track.h"

/* Of a track: 60 hours of AAC at 48 kHz are 10 million. */
#define SPN_FLAT_SAMPLES_MAX  (16u << 20)
#define SPN_FLAT_TRACKS_MAX   64         /* as many renditions as a cut has at most */
#define SPN_FLAT_MOOV_MAX     (1u << 30) /* bytes: four tracks of that many samples are 0.3 GiB */
#define SPN_FLAT_NAME_MAX     512        /* bytes of a track's name, its NUL counted */
#define SPN_FLAT_CHAPTERS_MAX 255        /* their count is a byte of the file */

struct spn_flat; /* one thread at a time */

/* A track of the file: of picture or sound, not of text. Everything is borrowed for the call. */
struct spn_flat_track {
    const struct spn_track *like; /* whose header is taken over */
    const char *language;         /* BCP 47; mdhd has it in three letters, elng in full */
    const char *name;             /* what a menu shows (hdlr); "": none */
    const char *role;             /* of urn:mpeg:dash:role:2011 (kind, 8.10.4); NULL: not said */
    uint16_t alternate_group;     /* tracks of one that is not 0: one of them is played */
    int enabled;                  /* the one that is, where nobody chooses */
};

/* An empty file; *out goes to spn_flat_free(). SPN_ENOMEM. */
int spn_flat_create(struct spn_flat **out, struct spn_error *err);
void spn_flat_free(struct spn_flat *flat); /* NULL is allowed */

/*
 * Append a track; its number, from 0, is returned. Sound is cut to the length of the first track of
 * picture, where there is one. SPN_ELIMIT: more than SPN_FLAT_TRACKS_MAX. SPN_EINVAL: a language
 * that is none. SPN_ENOMEM.
 */
int spn_flat_track_add(struct spn_flat *flat, const struct spn_flat_track *track,
                       struct spn_error *err);

/*
 * Append fragment `fragment` of `from`, which is file number `file` for spn_flat_write(), to a
 * track; its moof is read. A fragment becomes a chunk. SPN_EMISMATCH: its samples are of other
 * length than the track's. SPN_ELIMIT: more than SPN_FLAT_SAMPLES_MAX. SPN_EFORMAT: samples do not
 * follow each other in it. Memory: 4 bytes a sample, more where offsets do not repeat, and 40 a
 * chunk.
 */
int spn_flat_add(struct spn_flat *flat, size_t track, size_t file, const struct spn_track *from,
                 size_t fragment, struct spn_error *err);

/*
 * Append a chapter that begins at a frame of that rate; they come in order. Of a title that is too
 * long the end is left out. SPN_ELIMIT: more than SPN_FLAT_CHAPTERS_MAX. SPN_ERANGE: later than a
 * time can be.
 */
int spn_flat_chapter_add(struct spn_flat *flat, struct spn_rate rate, int64_t frame,
                         const char *title, struct spn_error *err);

/* Bytes of sample data so far; the whole file has those of moov more, about 5 a sample. */
uint64_t spn_flat_bytes(const struct spn_flat *flat);

/*
 * All of it: write is called with bytes, or with bytes NULL for a range of file number `piece`, as
 * spn_track_assemble() does. Chunks of all tracks lie in order of time. What is more than 4 GiB has
 * 64-bit offsets (co64) and a large mdat. SPN_EINVAL: a track has no samples. SPN_ELIMIT: moov
 * would be larger than SPN_FLAT_MOOV_MAX. Also what write returns.
 */
int spn_flat_write(struct spn_flat *flat, spn_track_write *write, void *opaque,
                   struct spn_error *err);

#endif

/*
 * header.h - ftyp and moov of a track file, between the files that write and read them.
 */
#ifndef TRACK_HEADER_H
#define TRACK_HEADER_H

#include "rules.h"
#include "sampan/track.h"

#define SPN_TRACK_ID    1
#define SPN_MDCV_SIZE   24
#define SPN_CLLI_SIZE   4
#define SPN_FLAGS_SYNC  0x02000000u /* depends on no other, a sync sample */
#define SPN_FLAGS_DELTA 0x01010000u /* depends on others, not a sync sample */

/* Is it something that a header can be written of? */
int spn_info_check(const struct spn_track_info *info, struct spn_error *err);
/* The flags of a sample of which nothing else is said: those of trex and tfhd. */
uint32_t spn_sample_flags(const struct spn_track_info *info);
/* What the trun of a fragment of this track says, and nothing else. */
uint32_t spn_trun_flags(const struct spn_track_info *info);

/* Parts of it that an ordinary MP4 has as well: the unity matrix, */
void spn_matrix_write(struct spn_buffer *out);
/* the end of mdhd: a language in three letters, */
void spn_language_write(const char *tag, struct spn_buffer *out);
/* elng, which "und" has none of, */
void spn_language_extended_write(const char *tag, struct spn_buffer *out);
/* and hdlr. */
void spn_handler_write(enum spn_media media, const char *name, struct spn_buffer *out);

/*
 * Read ftyp and moov, which bytes holds and no more; what info points to lies in bytes.
 * SPN_EFORMAT: it cannot be told what the track is, or a rule is broken that judge refuses for.
 */
int spn_header_read(const uint8_t *bytes, size_t size, struct spn_track_info *info,
                    struct spn_judge *judge, struct spn_error *err);

#endif

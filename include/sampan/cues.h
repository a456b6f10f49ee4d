/*
 * sampan/cues.h - the text of one language: cues, and the one form of WebVTT in which they are
 * kept.
 *
 * The canonical form is what a publication stores: "WEBVTT", an empty line, and for each cue, in
 * order of start and then of end,
 *
 *     00:00:01.000 --> 00:00:02.500 line:0
 *     text of one or more lines
 *
 * and an empty line. Hours have two digits, there are no identifiers, comments, styles or regions,
 * and lines end with LF. So equal cues are equal bytes.
 */
#ifndef SAMPAN_CUES_H
#define SAMPAN_CUES_H

#include <stddef.h>

#include "sampan/buffer.h"
#include "sampan/error.h"
#include "sampan/publication.h"

#define SPN_CUES_BYTES_MAX (32u << 20) /* of a WebVTT file: 100,000 cues of 300 bytes */

struct spn_cues {
    struct spn_plan_cue *cues; /* for struct spn_plan_rendition; what they point to is owned too */
    size_t count;
    char *memory;
};

/*
 * Read the canonical form, and nothing else; name is for the sentence. SPN_EFORMAT: err->text says
 * which line is not what it should be. SPN_ELIMIT: larger than SPN_CUES_BYTES_MAX or more cues than
 * SPN_CUES_MAX. SPN_ENOMEM. *out goes to spn_cues_finish(); on failure there is nothing in it.
 */
int spn_cues_read(const void *bytes, size_t size, const char *name, struct spn_cues *out,
                  struct spn_error *err);
void spn_cues_finish(struct spn_cues *cues);

/*
 * Append the canonical form of cues, which are in order. SPN_EINVAL: err->text says which cue
 * cannot be written (out of order, ends before it begins, an empty line or an arrow in its text,
 * not UTF-8).
 */
int spn_cues_write(const struct spn_plan_cue *cues, size_t count, struct spn_buffer *out,
                   struct spn_error *err);

#endif

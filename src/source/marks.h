/*
 * marks.h - what a file says of its own time beside its frames: the timecode that its first frame
 * has, and its chapters. Nothing of it changes a frame, so it names no asset; it is kept in the
 * probe.
 */
#ifndef SAMPAN_SOURCE_MARKS_H
#define SAMPAN_SOURCE_MARKS_H

#include <jansson.h>

#include "conform.h"
#include "source.h"

#define MARKS_CHAPTERS_MAX 1000 /* more are left out */
#define MARKS_TITLE_MAX    500  /* bytes of a chapter's title */

/*
 * Add to probe, where the file says so:
 *   "timecode"       of the source's first frame, as the file has it: "01:00:00;00"
 *   "timecode_rate"  [num, den] that it counts at
 *   "chapters"       [{frame, end, title}], [frame, end) of the asset, in order and apart
 * SPN_ENOMEM.
 */
int marks_put(const struct source *source, const struct conform *conform, json_t *probe,
              struct spn_error *err);

#endif

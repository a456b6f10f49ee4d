/* cut_marks.h - the markers of a cut as JSON: in requests, in its row, and as people are shown
 * them. */
#ifndef CONTROL_CUT_MARKS_H
#define CONTROL_CUT_MARKS_H

#include "cut.h"

/*
 * [{frame, name, color, chapter}], frame < frames; name, color and chapter may be missing. *out is
 * in order of time, allocated; free() it. SPN_EINVAL: err->text says which is not one.
 */
int cut_marks_take(const json_t *list, int64_t frames, struct cut_marker **out, size_t *count,
                   struct spn_error *err);
/* A new reference to the same. */
json_t *cut_marks_json(const struct cut_marker *markers, size_t count);

#endif

/*
 * cue_text.h - cues as WebVTT writes them, and which segments they touch.
 */
#ifndef SAMPAN_MANIFEST_CUE_TEXT_H
#define SAMPAN_MANIFEST_CUE_TEXT_H

#include "sampan/publication.h"

/* "00:00:01.000 --> 00:00:02.500 line:0\ntext\n\n". Hours have two digits at least. */
void spn_cue_text_write(const struct spn_plan_cue *cue, struct spn_buffer *out);
/* Bytes of the same. */
size_t spn_cue_text_size(const struct spn_plan_cue *cue);
/* "00:00:01.000", 12 characters for less than 100 hours; returns where it ends. */
char *spn_cue_text_time(char *at, uint64_t ms);

/* Is cue something that can stand in a WebVTT file between others? A sentence in err when not. */
int spn_cue_text_check(const struct spn_plan_cue *cue, size_t index, const char *rendition,
                       struct spn_error *err);

/* Cue indices, segment after segment, as count + 1 borders in first say. */
struct touches {
    uint32_t *first; /* owned, as is cues */
    uint32_t *cues;
    uint32_t count;
};

/* borders: count + 1 starts of segments, in ticks. SPN_ELIMIT: more than CUE_TOUCHES_MAX. */
int spn_touches_make(const struct spn_plan_cue *cues, size_t cue_count, const uint64_t *borders,
                     uint32_t segment_count, uint32_t timescale, struct touches *out);
void spn_touches_finish(struct touches *touches);

#endif

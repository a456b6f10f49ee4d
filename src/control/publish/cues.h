/* cues.h - the cues of a WebVTT file, as a publication keeps them. */
#ifndef CONTROL_CUES_H
#define CONTROL_CUES_H

#include "sampan/buffer.h"
#include "sampan/publication.h"

#define CUES_FILE_MAX (64u << 20) /* bytes: 100,000 cues of 600 */

struct cues {
    struct spn_plan_cue *cues; /* their strings point into text */
    size_t count;
    struct spn_buffer text;
};

/* Read the WebVTT file at path. cues_finish() always. SPN_EFORMAT names the line. */
int cues_read(struct cues *cues, const char *path, struct spn_error *err);
void cues_finish(struct cues *cues);

#endif

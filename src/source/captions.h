/*
 * captions.h - the cues of one text stream inside a source.
 */
#ifndef SAMPAN_SOURCE_CAPTIONS_H
#define SAMPAN_SOURCE_CAPTIONS_H

#include "conform.h"

#define CAPTION_TEXT_MAX   (64 * 1024) /* bytes of one cue; a longer one is left out */
#define CAPTION_DEFAULT_MS 5000        /* how long a cue is shown that does not say it */

struct captions;

struct caption {
    int64_t start_ms,
        end_ms;      /* from frame 0 of the picture, cut to [0, the picture's end); start < end */
    const char *ass; /* the fields of an ASS event line without times, as libavcodec has them:
                        ReadOrder,Layer,Style,Name,MarginL,MarginR,MarginV,Effect,Text */
};

/* stream is a text stream of the index. */
int captions_create(const struct source *source, const struct index *index,
                    const struct conform *conform, int stream, struct captions **out,
                    struct spn_error *err);
void captions_destroy(struct captions *captions); /* NULL is allowed */

const char *captions_header(
    const struct captions *captions); /* ASS script header with the styles */

/* The next cue in file order, borrowed until the next pull: 1, or 0 at the end. */
int captions_pull(struct captions *captions, struct caption *out, struct spn_error *err);

#endif

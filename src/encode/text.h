/*
 * text.h - subtitles that somebody delivered, as cues.
 *
 * SubRip, SubStation (SSA, ASS), WebVTT and TTML (IMSC) come in, in UTF-8, UTF-16, GB18030, Big5
 * and whatever else is found to be certain; the canonical WebVTT of sampan/cues.h goes out. Styling
 * is what WebVTT has: b, i, u, the eight colours, ruby, voices, and where a cue stands. What a file
 * has beyond that is told in notes; what cannot be read is refused with the line it is on. Nothing
 * here opens a file.
 */
#ifndef SAMPAN_ENCODE_TEXT_H
#define SAMPAN_ENCODE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "sampan/buffer.h"
#include "sampan/error.h"

#define TEXT_BYTES_MAX    (16u << 20) /* a delivered file: a long film has 0.2 MB of text */
#define TEXT_CUE_MAX      (16u << 10) /* bytes of one cue's text */
#define TEXT_NOTES_MAX    8
#define TEXT_NOTE_BYTES   200
#define TEXT_ELEMENTS_MAX 500000 /* of an XML file */

/* What was changed or left out, for people; sentences without a full stop. */
struct text_notes {
    char note[TEXT_NOTES_MAX][TEXT_NOTE_BYTES];
    size_t count;
};

struct cue {
    int64_t start_ms, end_ms;
    size_t settings, text; /* where they begin in the memory of the cues; each ends with a NUL */
    size_t order;          /* of arrival */
};

/* Zero-initialised is empty and valid. cues_finish() frees. */
struct cues {
    struct cue *list;
    size_t count, capacity;
    struct spn_buffer memory;
    struct spn_buffer styles;                         /* of SubStation, from its header */
    size_t empty, backwards, repeated, placed, drawn; /* counted for the notes */
};

void cues_finish(struct cues *cues);

/*
 * Read a whole file; name is for the sentence, and its ending a hint. Cues are added to *out.
 * SPN_EFORMAT: "line 12 of NAME …". SPN_EUNSUPPORTED: a kind of subtitles that is not text, or not
 * one of these. SPN_ELIMIT: above a limit. SPN_ENOMEM.
 */
int text_read(const void *bytes, size_t size, const char *name, struct cues *out,
              struct text_notes *notes, struct spn_error *err);

/*
 * For text inside a film. The header of an ASS track ("[Script Info] … Format: …"), once; then of
 * each packet the fields from Layer (or ReadOrder) on: "0,0,Default,,0,0,0,,text" as FFmpeg's
 * decoders give them, with fields_before_text commas before the text (8 for AVSubtitleRect.ass).
 * Text without a time that makes sense, or without text, is counted and left out.
 */
int cues_add_ass_header(struct cues *cues, const char *header, size_t size, struct spn_error *err);
int cues_add_ass(struct cues *cues, int64_t start_ms, int64_t end_ms, const char *line, size_t size,
                 unsigned fields_before_text, struct spn_error *err);
/* Text without any markup. */
int cues_add_plain(struct cues *cues, int64_t start_ms, int64_t end_ms, const char *text,
                   size_t size, struct spn_error *err);
/* WebVTT cue text with its settings (may be NULL), as a webvtt packet and its side data have them.
 */
int cues_add_vtt(struct cues *cues, int64_t start_ms, int64_t end_ms, const char *settings,
                 const char *text, size_t size, struct spn_error *err);

/*
 * Put cues in order, leave out those that say the same at the same time, and append the canonical
 * WebVTT. notes (may be NULL) gets what was counted.
 */
int cues_write_vtt(struct cues *cues, struct text_notes *notes, struct spn_buffer *out,
                   struct spn_error *err);

void text_note(struct text_notes *notes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif

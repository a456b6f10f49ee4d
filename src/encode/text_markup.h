/*
 * text_markup.h - the text of one cue, built from runs of characters in a style.
 */
#ifndef SAMPAN_ENCODE_TEXT_MARKUP_H
#define SAMPAN_ENCODE_TEXT_MARKUP_H

#include "text.h"

enum colour {
    COLOUR_NONE,
    COLOUR_LIME,
    COLOUR_CYAN,
    COLOUR_RED,
    COLOUR_YELLOW,
    COLOUR_MAGENTA,
    COLOUR_BLUE,
    COLOUR_BLACK
};

struct style {
    unsigned bold : 1, italic : 1, underline : 1;
    unsigned reading : 1; /* the text over a ruby base */
    uint32_t ruby;        /* which ruby container this is in, from 1; 0 in none */
    uint32_t voice;       /* which voice speaks, from 1; 0 nobody said */
    enum colour colour;
};

/* Zero-initialised is empty. Tags are written when characters follow, so none is empty or left
 * open. */
struct markup {
    struct spn_buffer out;
    struct style open;  /* what tags stand open in out */
    int broken, spaces; /* a line's end and spaces that wait for characters */
    char voice[128];    /* the name that goes with style.voice, UTF-8 */
};

/* The colour that 0xRRGGBB is in WebVTT; white is none, as is what it has no word for. */
enum colour colour_of(uint32_t rgb);
/* "red", "#ff0000", "rgb(255,0,0)"; COLOUR_NONE for others. */
enum colour colour_named(const char *name, size_t size);

/* Black is none: players put a cue on black, whatever stood behind it where it comes from. */
enum colour colour_legible(enum colour colour);

/* UTF-8 text; LF is a new line, other white space one space; control characters are left out. */
void markup_text(struct markup *markup, const struct style *style, const char *text, size_t size);
void markup_character(struct markup *markup, const struct style *style, uint32_t character);
void markup_break(struct markup *markup);
/* Close what is open. The text, terminated, or NULL when there is none or memory ran out. */
const char *markup_end(struct markup *markup);
void markup_finish(struct markup *markup);

/*
 * A character reference at text ("&amp;", "&#20320;"), by the names of HTML 4: its bytes, 0 when it
 * is none. loose: as HTML has it, "&amp" and "&ampx" are references too.
 */
size_t entity_read(const char *text, size_t size, int loose, uint32_t *character);

/* Where a cue stands, by the numeric keypad: 1-3 below, 4-6 in the middle, 7-9 above. */
const char *settings_of_keypad(unsigned keypad);

/* Add one cue; settings are a string. Times that make no sense and text that is empty are counted.
 */
int cues_add(struct cues *cues, int64_t start_ms, int64_t end_ms, const char *settings,
             struct markup *markup, struct spn_error *err);

/* ---- lines of a file ---- */

struct lines {
    const char *at, *end;
    size_t number; /* of the line that was read last, from 1 */
};

/* The next line without its end (LF, CRLF or CR); 0 after the last. */
int lines_next(struct lines *lines, const char **line, size_t *size);

/* ---- one function per format; bytes are UTF-8 without a byte order mark ---- */

struct text_source {
    const char *text;
    size_t size;
    const char *name;
    struct text_notes *notes;
};

int srt_read(const struct text_source *source, struct cues *out, struct spn_error *err);
int ass_read(const struct text_source *source, struct cues *out, struct spn_error *err);
int vtt_read(const struct text_source *source, struct cues *out, struct spn_error *err);
int ttml_read(const struct text_source *source, struct cues *out, struct spn_error *err);

/* HTML-like tags of SubRip, with SubStation's overrides; *keypad is changed by {\an8}. */
void srt_markup(struct markup *markup, const char *text, size_t size, unsigned *keypad);
/* An override block's inside ("\an8\i1"). */
void ass_override(struct style *style, const struct style *base, const char *text, size_t size,
                  unsigned *keypad, int *drawing, int *placed);

/*
 * Bytes of any encoding as UTF-8 without a byte order mark, appended to out. The name of the
 * encoding goes to notes where it was not UTF-8.
 */
int text_decode(const uint8_t *bytes, size_t size, const char *name, struct spn_buffer *out,
                struct text_notes *notes, struct spn_error *err);

#endif

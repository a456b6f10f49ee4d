/*
 * output.h - what commands print: JSON, tables, and one line of progress.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

/* One object and a newline on standard output; value is stolen. */
void output_json(json_t *value);
/* The same for people: "name: value", nested ones further in. */
void output_text(const json_t *value);

/*
 * A table of rows, the columns as wide as their widest cell. A cell is the member of a row that the
 * column names; "a.b" is member b of member a.
 */
struct column {
    const char *head, *member;
};
void output_table(const struct column *columns, const json_t *rows);
/* The text of such a cell, "" where there is none. */
void output_cell(const json_t *row, const char *member, char *out, size_t size);

/* A member of object: "" or 0 where there is none, or it is of another type. */
const char *text_of(const json_t *object, const char *name);
int64_t number_of(const json_t *object, const char *name);

/* How wide text is on a terminal: Chinese takes two columns a letter. */
size_t output_width(const char *text);

/*
 * A line of progress: on a terminal it is drawn over again, else it is a plain line whenever the
 * state changed or ten seconds went by. To standard error, so that results stay alone on standard
 * output.
 */
struct bar {
    int terminal, drawn;
    int64_t began_ms, printed_ms;
    int64_t first_done; /* what was done when we began to look: rates count from there */
    double
        per_second; /* where the server tells it, > 0, and then the other, -1: it does not know */
    int64_t seconds_left;
    char state[128];
};
void bar_begin(struct bar *bar);
void bar_show(struct bar *bar, const char *label, const char *state, int64_t done, int64_t total,
              const char *unit);
void bar_end(struct bar *bar); /* the line is left as it is */

#endif

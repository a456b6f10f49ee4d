#include "output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "sampan/error.h"

#define COLUMNS_MAX 12
#define CELL_MAX    256

const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

int64_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

void output_json(json_t *value)
{
    if (value) {
        (void)json_dumpf(value, stdout, JSON_INDENT(2));
        fputc('\n', stdout);
    }
    json_decref(value);
}

static void scalar_text(const json_t *value, char *out, size_t size)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        (void)snprintf(out, size, "%s", json_string_value(value));
        spn_error_plain(out); /* names are strangers': nothing may move the cursor */
        break;
    case JSON_INTEGER:
        (void)snprintf(out, size, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        (void)snprintf(out, size, "%g", json_real_value(value));
        break;
    case JSON_TRUE:
        (void)snprintf(out, size, "yes");
        break;
    case JSON_FALSE:
        (void)snprintf(out, size, "no");
        break;
    default:
        (void)snprintf(out, size, "-");
        break;
    }
}

static int is_plain(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

/* Lists of plain values, like a rate, stand in one line. */
static int is_short_list(const json_t *value)
{
    const json_t *item;
    size_t i;

    if (!json_is_array(value) || json_array_size(value) > 4)
        return 0;
    json_array_foreach(value, i, item) if (!is_plain(item) || json_is_string(item)) return 0;
    return 1;
}

static void value_text(const json_t *value, int indent);

static void member_text(const char *name, const json_t *value, int indent)
{
    char *text;

    if (is_plain(value)) {
        char plain[4096];

        scalar_text(value, plain, sizeof(plain));
        printf("%*s%s: %s\n", indent, "", name, plain);
    } else if (is_short_list(value)) {
        text = json_dumps(value, JSON_COMPACT);
        printf("%*s%s: %s\n", indent, "", name, text ? text : "");
        free(text);
    } else {
        printf("%*s%s:\n", indent, "", name);
        value_text(value, indent + 2);
    }
}

static void value_text(const json_t *value, int indent)
{
    const char *name;
    json_t *inner;
    size_t i;

    if (json_is_object(value)) {
        json_object_foreach((json_t *)(uintptr_t)value, name, inner)
            member_text(name, inner, indent);
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, inner)
        {
            if (is_plain(inner)) {
                char plain[4096];

                scalar_text(inner, plain, sizeof(plain));
                printf("%*s- %s\n", indent, "", plain);
            } else {
                printf("%*s-\n", indent, "");
                value_text(inner, indent + 2);
            }
        }
    }
}

void output_text(const json_t *value)
{
    value_text(value, 0);
}

size_t output_width(const char *text)
{
    size_t width = 0, left = strlen(text);
    mbstate_t state = { 0 };

    while (left) {
        wchar_t letter;
        size_t n = mbrtowc(&letter, text, left, &state);
        int columns;

        if (n == 0 || n == (size_t)-1 || n == (size_t)-2) {
            memset(&state, 0, sizeof(state));
            n = 1;
            columns = 1;
        } else {
            columns = wcwidth(letter);
        }
        width += columns > 0 ? (size_t)columns : 0;
        text += n;
        left -= n;
    }
    return width;
}

void output_cell(const json_t *row, const char *member, char *out, size_t size)
{
    char name[64];
    const char *dot;

    while (row && (dot = strchr(member, '.'))) {
        (void)snprintf(name, sizeof(name), "%.*s", (int)(dot - member), member);
        row = json_object_get(row, name);
        member = dot + 1;
    }
    row = json_object_get(row, member);
    out[0] = '\0';
    if (json_is_object(row)) { /* a name in several languages: the first */
        const json_t *first = json_object_iter_value(json_object_iter((json_t *)(uintptr_t)row));

        if (first && is_plain(first))
            scalar_text(first, out, size);
    } else if (row && !json_is_null(row) && is_plain(row)) {
        scalar_text(row, out, size);
    }
}

void output_table(const struct column *columns, const json_t *rows)
{
    size_t widths[COLUMNS_MAX] = { 0 }, count = 0, i;
    char cell[CELL_MAX];
    const json_t *row;

    for (; columns[count].head && count < COLUMNS_MAX; count++)
        widths[count] = strlen(columns[count].head);
    json_array_foreach(rows, i, row)
    {
        for (size_t c = 0; c < count; c++) {
            output_cell(row, columns[c].member, cell, sizeof(cell));
            if (output_width(cell) > widths[c])
                widths[c] = output_width(cell);
        }
    }
    for (size_t c = 0; c < count; c++)
        printf("%s%*s", columns[c].head,
               c + 1 < count ? (int)(widths[c] - strlen(columns[c].head) + 2) : 0, "");
    fputc('\n', stdout);
    json_array_foreach(rows, i, row)
    {
        for (size_t c = 0; c < count; c++) {
            output_cell(row, columns[c].member, cell, sizeof(cell));
            printf("%s%*s", cell, c + 1 < count ? (int)(widths[c] - output_width(cell) + 2) : 0,
                   "");
        }
        fputc('\n', stdout);
    }
}

/* ---- progress ---- */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void bar_begin(struct bar *bar)
{
    memset(bar, 0, sizeof(*bar));
    bar->terminal = isatty(STDERR_FILENO);
    bar->began_ms = now_ms();
    bar->first_done = -1;
}

/* "12:05" or "1:02:03" */
static void clock_text(int64_t seconds, char out[32])
{
    if (seconds >= 3600)
        (void)snprintf(out, 32, "%lld:%02lld:%02lld", (long long)(seconds / 3600),
                       (long long)(seconds / 60 % 60), (long long)(seconds % 60));
    else
        (void)snprintf(out, 32, "%lld:%02lld", (long long)(seconds / 60),
                       (long long)(seconds % 60));
}

void bar_show(struct bar *bar, const char *label, const char *state, int64_t done, int64_t total,
              const char *unit)
{
    char line[512], left[48] = "", graph[32] = "";
    int64_t now = now_ms(), ms, rate = 0, seconds = -1;
    int changed = strcmp(bar->state, state) != 0;

    if (changed || bar->first_done < 0 || done < bar->first_done) {
        bar->first_done = done;
        bar->began_ms = now;
        (void)snprintf(bar->state, sizeof(bar->state), "%s", state);
    }
    ms = now - bar->began_ms;
    if (!bar->terminal && !changed && now - bar->printed_ms < 10000)
        return;
    if (bar->per_second > 0) {
        rate = (int64_t)(bar->per_second + 0.5);
        seconds = bar->seconds_left;
    } else if (ms > 1000 && (rate = (done - bar->first_done) * 1000 / ms) > 0 && total > done) {
        seconds = (total - done) / rate;
    }
    if (seconds >= 0 && total > done) {
        char clock[32];

        clock_text(seconds, clock);
        (void)snprintf(left, sizeof(left), ", %s left", clock);
    }
    if (total > 0) {
        int filled = (int)(done * 20 / total);

        for (int i = 0; i < 20; i++)
            graph[i] = i < filled ? '#' : '.';
        (void)snprintf(line, sizeof(line), "%s: %s [%s] %lld%% %lld/%lld %s, %lld/s%s", label,
                       state, graph, (long long)(done * 100 / total), (long long)done,
                       (long long)total, unit, (long long)rate, left);
    } else {
        (void)snprintf(line, sizeof(line), "%s: %s", label, state);
    }
    spn_error_plain(line);
    bar->printed_ms = now;
    if (bar->terminal) {
        struct winsize size = { 0 };

        /* A line that wraps could not be drawn over. */
        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
            while (output_width(line) >= size.ws_col && line[0])
                line[strlen(line) - 1] = '\0';
        fprintf(stderr, "\r\033[K%s", line);
    } else {
        fprintf(stderr, "%s\n", line);
    }
    fflush(stderr);
    bar->drawn = 1;
}

void bar_end(struct bar *bar)
{
    if (bar->drawn && bar->terminal)
        fputc('\n', stderr);
    bar->drawn = 0;
}

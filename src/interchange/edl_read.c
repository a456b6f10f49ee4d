/*
 * edl_read.c - CMX3600 edit decision lists, as programs really write them.
 *
 *     001  REEL     V     C        srcIn       srcOut      recIn       recOut
 *     002  REEL     V     D    010 …           a dissolve of ten frames, W001 a wipe, K a key
 *     M2   REEL     047.6          01:00:06:00 a change of speed
 *     * FROM CLIP NAME:  name      with and without the asterisk and blanks
 *
 * Outs are exclusive. No rate is in the file. Only picture is read: sound follows it.
 */
#include "cut_list.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 2048
#define TOKENS_MAX     16

struct edl {
    struct cut_list *list;
    struct cut_report *report;
    size_t line;
    struct cut_event
        *event;    /* the last one read, which comments speak of; NULL: it was passed over */
    int drop_said; /* FCM: 1 drop, -1 non-drop, 0 not said */
    int drop_seen; /* a timecode with ';' was */
    int disagreed; /* it was told already */
    size_t sound;  /* events of sound that were passed over */
    /* an event of no length that opens a transition: told only if none follows */
    size_t opener_line;
    char opener_number[16];
};

struct token {
    const char *text;
    size_t size;
};

static size_t tokens_of(const char *line, size_t size, struct token out[TOKENS_MAX])
{
    size_t count = 0, at = 0;

    while (at < size && count < TOKENS_MAX) {
        size_t from;

        while (at < size && (line[at] == ' ' || line[at] == '\t'))
            at++;
        from = at;
        while (at < size && line[at] != ' ' && line[at] != '\t')
            at++;
        if (at > from)
            out[count++] = (struct token){ line + from, at - from };
    }
    return count;
}

static int digits_only(struct token token)
{
    for (size_t i = 0; i < token.size; i++)
        if (!isdigit((unsigned char)token.text[i]))
            return 0;
    return token.size > 0;
}

/* Two colons or semicolons at least: what is meant to be a timecode, right or wrong. */
static int timecode_like(struct token token)
{
    size_t separators = 0;

    for (size_t i = 0; i < token.size; i++)
        separators += token.text[i] == ':' || token.text[i] == ';';
    return separators >= 2 && isdigit((unsigned char)token.text[0]);
}

static void time_keep(struct edl *edl, struct cut_time *time, struct token token)
{
    if (token.size >= sizeof(time->timecode)) {
        cut_fault(edl->report, edl->line, "\"%.*s\" is no timecode",
                  (int)token.size > 40 ? 40 : (int)token.size, token.text);
        return;
    }
    memcpy(time->timecode, token.text, token.size);
    time->timecode[token.size] = '\0';
    edl->drop_seen |= memchr(token.text, ';', token.size) != NULL;
}

static void name_keep(struct edl *edl, char out[CUT_TEXT_MAX], const char *text, size_t size)
{
    while (size > 0 && (*text == ' ' || *text == '\t' || *text == ':')) {
        text++;
        size--;
    }
    if (!cut_text(out, text, size))
        cut_fault(edl->report, edl->line, "a name is not valid UTF-8; save the list as UTF-8");
}

static void opener_tell(struct edl *edl)
{
    if (edl->opener_line)
        cut_fault(edl->report, edl->opener_line, "event %s has no frames: its in is its out",
                  edl->opener_number);
    edl->opener_line = 0;
}

/* What a transition is called, NULL for a cut. */
static const char *transition(struct token token)
{
    switch (toupper((unsigned char)token.text[0])) {
    case 'C':
        return token.size == 1 ? NULL : "transition of an unknown kind";
    case 'D':
        return "dissolve";
    case 'W':
        return "wipe";
    case 'K':
        return "key";
    default:
        return "transition of an unknown kind";
    }
}

static int channel_has_picture(struct token channel)
{
    if (channel.size == 1 && toupper((unsigned char)channel.text[0]) == 'B')
        return 1; /* both */
    for (size_t i = 0; i < channel.size; i++)
        if (toupper((unsigned char)channel.text[i]) == 'V')
            return 1;
    return 0;
}

/* Does a transition last no frames? Then it is a cut. */
static int lasts_nothing(const struct token *tokens, size_t kind, size_t times)
{
    for (size_t i = kind + 1; i < times; i++)
        if (digits_only(tokens[i]))
            return strspn(tokens[i].text, "0") >= tokens[i].size;
    return 0;
}

static void event_read(struct edl *edl, const struct token *tokens, size_t count)
{
    size_t times = count - 4; /* the last four are timecodes */
    struct cut_event *event;
    const char *what;
    int same;

    edl->event = NULL;
    if (times < 4) {
        cut_fault(edl->report, edl->line,
                  "event %.*s lacks a reel, a channel or a transition before its timecodes",
                  (int)(tokens[0].size > 15 ? 15 : tokens[0].size), tokens[0].text);
        return;
    }
    if (!channel_has_picture(tokens[2])) {
        edl->sound++;
        return;
    }
    same = edl->opener_line && strlen(edl->opener_number) == tokens[0].size &&
           memcmp(edl->opener_number, tokens[0].text, tokens[0].size) == 0;
    what = transition(tokens[3]);
    if (what && same)
        edl->opener_line = 0; /* it opened this one */
    opener_tell(edl);
    if (what && !lasts_nothing(tokens, 3, times)) {
        cut_fault(edl->report, edl->line,
                  "event %.*s is a %s, which cannot be carried: make it a cut",
                  (int)(tokens[0].size > 15 ? 15 : tokens[0].size), tokens[0].text, what);
        return;
    }
    if (tokens[1].size == 2 && strncasecmp(tokens[1].text, "BL", 2) == 0) {
        cut_fault(edl->report, edl->line, "event %.*s is black, which is in no asset: leave it out",
                  (int)(tokens[0].size > 15 ? 15 : tokens[0].size), tokens[0].text);
        return;
    }
    if (tokens[times].size == tokens[times + 1].size &&
        memcmp(tokens[times].text, tokens[times + 1].text, tokens[times].size) == 0 &&
        tokens[0].size < sizeof(edl->opener_number)) {
        edl->opener_line = edl->line;
        memcpy(edl->opener_number, tokens[0].text, tokens[0].size);
        edl->opener_number[tokens[0].size] = '\0';
        return;
    }
    event = cut_list_add(edl->list, edl->line, edl->report);
    if (!event)
        return;
    (void)snprintf(event->number, sizeof(event->number), "%.*s", (int)tokens[0].size,
                   tokens[0].text);
    name_keep(edl, event->reel, tokens[1].text, tokens[1].size);
    time_keep(edl, &event->in, tokens[times]);
    time_keep(edl, &event->out, tokens[times + 1]);
    time_keep(edl, &event->record_in, tokens[times + 2]);
    time_keep(edl, &event->record_out, tokens[times + 3]);
    edl->event = event;
}

/* M2 REEL SPEED TIMECODE: any speed that is not the list's own. Which that is needs the rate, so
 * only one that no list has, or that a whole list agrees on, can be told here. */
static void speed_read(struct edl *edl, const struct token *tokens, size_t count)
{
    char text[32] = "";
    double speed;
    char *end;

    if (count < 3 || tokens[count >= 4 ? count - 2 : 2].size >= sizeof(text)) {
        cut_fault(edl->report, edl->line, "this change of speed cannot be read");
        return;
    }
    memcpy(text, tokens[count >= 4 ? count - 2 : 2].text, tokens[count >= 4 ? count - 2 : 2].size);
    speed = strtod(text, &end);
    if (end == text || *end) {
        cut_fault(edl->report, edl->line, "\"%s\" is no speed", text);
        return;
    }
    if (edl->event && speed > 0 && cut_rate_snap(speed).num) {
        /* as fast as a rate that is in use: right where it is the list's, which the lengths show */
        cut_note(edl->report, edl->line, "a change to the speed %s is taken as no change", text);
        return;
    }
    cut_fault(edl->report, edl->line,
              "%s (%s frames a second), which cannot be carried: render it first",
              speed == 0  ? "this is a freeze frame"
              : speed < 0 ? "this runs backwards"
                          : "this changes speed",
              text);
}

static int begins(const char *text, size_t size, const char *word, size_t *after)
{
    size_t n = strlen(word);

    if (size < n || strncasecmp(text, word, n) != 0)
        return 0;
    *after = n;
    return 1;
}

static void comment_read(struct edl *edl, const char *text, size_t size)
{
    size_t after;

    while (size > 0 && (*text == '*' || *text == ' ' || *text == '\t')) {
        text++;
        size--;
    }
    if (begins(text, size, "FROM CLIP NAME", &after)) {
        if (edl->event)
            name_keep(edl, edl->event->name, text + after, size - after);
    } else if (begins(text, size, "SOURCE FILE", &after) ||
               begins(text, size, "FROM CLIP:", &after) ||
               begins(text, size, "FROM FILE", &after)) {
        char path[CUT_TEXT_MAX];

        if (edl->event) {
            name_keep(edl, path, text + after, size - after);
            cut_file(edl->event->file, path);
        }
    } else if (begins(text, size, "SAMPAN ASSET:", &after)) {
        char name[CUT_TEXT_MAX];

        if (edl->event) {
            name_keep(edl, name, text + after, size - after);
            (void)snprintf(edl->event->asset, sizeof(edl->event->asset), "%.64s", name);
        }
    } else if (begins(text, size, "REEL ", &after)) { /* REEL x IS CLIP y */
        const char *is = memmem(text, size, " IS CLIP ", 9);

        if (is && edl->event)
            name_keep(edl, edl->event->name, is + 9, size - (size_t)(is + 9 - text));
    } else if (begins(text, size, "ASC_SOP", &after) || begins(text, size, "ASC_SAT", &after)) {
        cut_note(edl->report, edl->line,
                 "a grade (ASC CDL) is not carried: the asset's own picture is used");
    }
}

static void line_read(struct edl *edl, const char *line, size_t size)
{
    struct token tokens[TOKENS_MAX];
    size_t count, times = 0, after;

    while (size > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        size--;
    }
    if (size == 0)
        return;
    if (*line == '*' || begins(line, size, "FROM CLIP", &after) ||
        begins(line, size, "SOURCE FILE", &after)) {
        comment_read(edl, line, size);
        return;
    }
    if (begins(line, size, "TITLE:", &after)) {
        name_keep(edl, edl->list->title, line + after, size - after);
        return;
    }
    if (begins(line, size, "FCM:", &after)) {
        edl->drop_said = memmem(line, size, "NON", 3) ? -1 : 1;
        return;
    }
    count = tokens_of(line, size, tokens);
    while (times < count && timecode_like(tokens[count - 1 - times]))
        times++;
    if (count > 0 && digits_only(tokens[0]) && times >= 4) {
        event_read(edl, tokens, count);
    } else if (count > 1 && begins(line, size, "M2", &after)) {
        speed_read(edl, tokens, count);
    } else if (count > 0 && digits_only(tokens[0]) && times > 0) {
        edl->event = NULL;
        cut_fault(edl->report, edl->line, "this event has %zu timecodes, not four", times);
    } else if (!begins(line, size, "EFFECTS NAME", &after) && !begins(line, size, "AUD", &after) &&
               !begins(line, size, "SPLIT", &after) && !begins(line, size, "BLEND", &after) &&
               !begins(line, size, ">>>", &after) && !begins(line, size, "FINAL CUT PRO", &after)) {
        cut_note(edl->report, edl->line, "\"%.*s\" is not understood and was passed over",
                 (int)(size > 60 ? 60 : size), line);
    }
}

int edl_read(const char *text, size_t size, struct cut_list *list, struct cut_report *report,
             struct spn_error *err)
{
    struct edl edl = { .list = list, .report = report };
    size_t at = 0, taken = 0;

    if (memchr(text, '\0', size))
        return spn_error_set(err, SPN_EFORMAT, "this is no list: it has bytes of zero in it");
    while (at < size) {
        const char *line = text + at;
        const char *newline = memchr(line, '\n', size - at);
        size_t length = newline ? (size_t)(newline - line) : size - at;

        at += length + 1;
        edl.line++;
        while (length > 0 && line[length - 1] == '\r')
            length--;
        if (length > LINE_MAX_BYTES) {
            cut_fault(report, edl.line, "the line is longer than %d bytes", LINE_MAX_BYTES);
            continue;
        }
        line_read(&edl, line, length);
        taken = list->count;
    }
    opener_tell(&edl);
    if (edl.sound)
        cut_note(report, 0, "%zu events of sound were passed over: sound follows the picture",
                 edl.sound);
    if ((edl.drop_said > 0 && !edl.drop_seen && taken) || (edl.drop_said < 0 && edl.drop_seen))
        cut_note(report, 0,
                 "FCM says %s frame, the timecodes are written %s; they were read as written",
                 edl.drop_said > 0 ? "drop" : "non-drop", edl.drop_seen ? "with ';'" : "with ':'");
    return SPN_OK;
}

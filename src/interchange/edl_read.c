/*
 * edl_read.c - CMX3600 edit decision lists, as programs really write them.
 *
 *     001  REEL     V     C        srcIn       srcOut      recIn       recOut
 *     002  REEL     V     D    010 …           a dissolve of ten frames, W001 a wipe, K a key
 *     M2   REEL     047.6          01:00:06:00 a change of speed
 *     * FROM CLIP NAME:  name      with and without the asterisk and blanks (edl_comment.c)
 *
 * A line with four timecodes in a row is an event, whatever its number looks like. Outs are
 * exclusive. No rate is in the file. Only picture is read: sound follows it.
 */
#include "edl.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 2048
#define TOKENS_MAX     24
#define SHOWN(token)   (int)((token).size > 40 ? 40 : (token).size), (token).text

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

static int zeros_only(struct token token)
{
    size_t at = 0;

    while (at < token.size && token.text[at] == '0')
        at++;
    return at == token.size;
}

static int is_word(struct token token, const char *word)
{
    return token.size == strlen(word) && strncasecmp(token.text, word, token.size) == 0;
}

static int same(struct token token, const char *text)
{
    return token.size == strlen(text) && memcmp(token.text, text, token.size) == 0;
}

/* Two colons or semicolons at least: what is meant to be a timecode, right or wrong. */
static int timecode_like(struct token token)
{
    size_t separators = 0;

    for (size_t i = 0; i < token.size; i++)
        separators += token.text[i] == ':' || token.text[i] == ';';
    return separators >= 2 && isdigit((unsigned char)token.text[0]);
}

/* Where timecodes begin; *run is how many there are in a row. */
static size_t times_find(const struct token *tokens, size_t count, size_t *run)
{
    size_t at = 0;

    *run = 0;
    while (at < count && !timecode_like(tokens[at]))
        at++;
    while (at + *run < count && timecode_like(tokens[at + *run]))
        (*run)++;
    return at;
}

static void time_keep(struct edl *edl, struct cut_time *time, struct token token)
{
    if (token.size >= sizeof(time->timecode)) {
        cut_fault(edl->report, edl->line, "\"%.*s\" is no timecode", SHOWN(token));
        return;
    }
    memcpy(time->timecode, token.text, token.size);
    time->timecode[token.size] = '\0';
}

static void number_keep(char out[EDL_NUMBER_MAX], struct token token)
{
    (void)snprintf(out, EDL_NUMBER_MAX, "%.*s", (int)token.size, token.text);
}

static void opener_tell(struct edl *edl)
{
    if (edl->opener_line)
        cut_fault(edl->report, edl->opener_line, "event %s has no frames: its in is its out",
                  edl->opener_number);
    edl->opener_line = 0;
}

/* ---- what stands before the timecodes ---- */

struct parts {
    struct token reel, channel, kind; /* reel may have blanks in it */
    int lasts;                        /* the transition takes frames */
};

/* C, D, W001, K, KB, KO: how one clip follows the other. */
static int is_transition(struct token token)
{
    int letter = toupper((unsigned char)token.text[0]);

    if (letter == 'W') {
        for (size_t i = 1; i < token.size; i++)
            if (!isdigit((unsigned char)token.text[i]))
                return 0;
        return 1;
    }
    return is_word(token, "C") || is_word(token, "D") || is_word(token, "K") ||
           is_word(token, "KB") || is_word(token, "KO");
}

static const char *transition_name(struct token kind)
{
    switch (toupper((unsigned char)kind.text[0])) {
    case 'D':
        return "dissolve";
    case 'W':
        return "wipe";
    case 'K':
        return "key";
    default:
        return NULL;
    }
}

/* NUMBER REEL… CHANNEL KIND [B|O|F] [FRAMES], read from its end; 0: it is none of this. */
static int parts_read(const struct token *tokens, size_t count, struct parts *out)
{
    size_t at = count;

    out->lasts = 1;
    if (at > 3 && digits_only(tokens[at - 1]) && !is_transition(tokens[at - 1])) {
        at--;
        out->lasts = !zeros_only(tokens[at]);
    }
    if (at > 4 && toupper((unsigned char)tokens[at - 2].text[0]) == 'K' &&
        (is_word(tokens[at - 1], "B") || is_word(tokens[at - 1], "O") ||
         is_word(tokens[at - 1], "F")))
        at--;
    if (at < 4 || !is_transition(tokens[at - 1]))
        return 0;
    out->kind = tokens[at - 1];
    out->channel = tokens[at - 2];
    out->reel = (struct token){ tokens[1].text, (size_t)(tokens[at - 3].text - tokens[1].text) +
                                                    tokens[at - 3].size };
    return 1;
}

enum channel { CHANNEL_UNKNOWN, CHANNEL_PICTURE, CHANNEL_SOUND };

/* "V", "V2", "B", "AA/V", "A1234V"; "A", "AA", "A2", "12", "NONE". */
static enum channel channel_of(struct token channel)
{
    int picture = is_word(channel, "B"), sound = is_word(channel, "NONE");

    for (size_t i = 0; i < channel.size && !sound; i++) {
        int letter = toupper((unsigned char)channel.text[i]);

        if (letter == 'V')
            picture = 1;
        else if (letter != 'A' && !isdigit(letter) && !strchr("/,&+", letter) && !picture)
            return CHANNEL_UNKNOWN;
    }
    return picture ? CHANNEL_PICTURE : CHANNEL_SOUND;
}

/* ---- events ---- */

/* Timecodes say themselves how they count; FCM is often wrong, and is only held to them. */
static void drop_compare(struct edl *edl, const struct cut_event *event)
{
    int said = edl->drop_said > 0;

    if (edl->drop_said == 0 || cut_time_drops(&event->record_in) == said ||
        (edl->drop_between && cut_time_drops(&event->in) == said))
        return;
    if (edl->drop_wrong++ == 0) {
        edl->drop_line = edl->line;
        edl->drop_first = edl->drop_said;
    }
}

static void event_keep(struct edl *edl, const struct token *tokens, const struct parts *parts,
                       const struct token *times)
{
    struct cut_event *event = cut_list_add(edl->list, edl->line, edl->report);

    if (!event)
        return;
    number_keep(event->number, tokens[0]);
    edl_name(edl, event->reel, parts->reel.text, parts->reel.size);
    time_keep(edl, &event->in, times[0]);
    time_keep(edl, &event->out, times[1]);
    time_keep(edl, &event->record_in, times[2]);
    time_keep(edl, &event->record_out, times[3]);
    drop_compare(edl, event);
    edl->event = event;
    edl->last = EDL_PICTURE;
    edl->by_transition = transition_name(parts->kind) != NULL;
}

/* What is refused still fills its place of the record: there is no gap there. */
static void hole_keep(struct edl *edl, const struct token *times)
{
    struct cut_event *event = cut_list_add(edl->list, edl->line, edl->report);

    if (!event)
        return;
    event->hole = 1;
    time_keep(edl, &event->record_in, times[2]);
    time_keep(edl, &event->record_out, times[3]);
}

static void event_read(struct edl *edl, const struct token *tokens, size_t before,
                       const struct token *times)
{
    struct parts parts;
    const char *what;
    int empty, goes_on;

    edl->event = NULL;
    edl->last = EDL_REFUSED;
    if (!parts_read(tokens, before, &parts)) {
        cut_fault(edl->report, edl->line,
                  "event %.*s lacks a reel, a channel or a transition before its timecodes",
                  SHOWN(tokens[0]));
        hole_keep(edl, times);
        return;
    }
    switch (channel_of(parts.channel)) {
    case CHANNEL_UNKNOWN:
        cut_fault(edl->report, edl->line, "event %.*s is of channel %.*s, which is none",
                  SHOWN(tokens[0]), SHOWN(parts.channel));
        hole_keep(edl, times);
        return;
    case CHANNEL_SOUND:
        edl->sound++;
        edl->last = EDL_SOUND;
        return;
    case CHANNEL_PICTURE:
        break;
    }
    what = transition_name(parts.kind);
    /* of a transition the clip that goes has no frames of its own where nothing of it is cut */
    goes_on = edl->opener_line && same(tokens[0], edl->opener_number);
    if (what && goes_on)
        edl->opener_line = 0;
    opener_tell(edl);
    if (what && parts.lasts) {
        cut_fault(edl->report, edl->line,
                  "event %.*s is a %s, which cannot be carried: make it a cut", SHOWN(tokens[0]),
                  what);
        number_keep(edl->refused_number, tokens[0]);
        hole_keep(edl, times);
        return;
    }
    if (what && toupper((unsigned char)parts.kind.text[0]) == 'K') {
        if (!same(tokens[0], edl->refused_number)) /* else its first half was told */
            cut_fault(edl->report, edl->line,
                      "event %.*s is a key, which cannot be carried: make it a cut",
                      SHOWN(tokens[0]));
        number_keep(edl->refused_number, tokens[0]);
        return;
    }
    empty =
        times[0].size == times[1].size && memcmp(times[0].text, times[1].text, times[0].size) == 0;
    if (empty) {
        edl->opener_line = edl->line;
        number_keep(edl->opener_number, tokens[0]);
        return;
    }
    if (is_word(parts.reel, "BL")) {
        cut_fault(edl->report, edl->line, "event %.*s is black, which is in no asset: leave it out",
                  SHOWN(tokens[0]));
        hole_keep(edl, times);
        return;
    }
    event_keep(edl, tokens, &parts, times);
}

/* M2 REEL SPEED [TIMECODE] */
static void speed_read(struct edl *edl, const struct token *tokens, size_t count)
{
    size_t at = count > 3 && timecode_like(tokens[count - 1]) ? count - 2 : count - 1;
    char text[32] = "";
    double speed;
    char *end;

    if (edl->last == EDL_SOUND)
        return; /* as the event that it speaks of */
    if (count < 3 || tokens[at].size >= sizeof(text)) {
        cut_fault(edl->report, edl->line, "this change of speed cannot be read");
        return;
    }
    memcpy(text, tokens[at].text, tokens[at].size);
    speed = strtod(text, &end);
    if (end == text || *end || !(speed > -1e6 && speed < 1e6)) {
        cut_fault(edl->report, edl->line, "\"%s\" is no speed", text);
        return;
    }
    if (edl->event && speed > 0 && edl->event->speed == 0) {
        edl->event->speed = speed; /* right where it is the list's rate, which is not known here */
        edl->event->speed_line = edl->line;
        return;
    }
    cut_fault(edl->report, edl->line,
              "%s (%s frames a second), which cannot be carried: render it first",
              speed == 0  ? "this is a freeze frame"
              : speed < 0 ? "this runs backwards"
                          : "this changes speed",
              text);
    if (edl->event)
        edl->event->hole = 1;
}

/* ---- lines ---- */

/* Words that lines begin with and that change no picture. */
static int known_word(struct token word)
{
    static const char *const words[] = { "EFFECTS", "AUD",   "SPLIT:", "SPLIT", "BLEND,", "BLEND",
                                         ">>>",     "FINAL", "GPI",    "M2",    "MASTER", "REEL" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (is_word(word, words[i]))
            return 1;
    return 0;
}

static void line_read(struct edl *edl, const char *line, size_t size)
{
    struct token tokens[TOKENS_MAX];
    size_t count, run, at, after;

    while (size > 0 && (*line == ' ' || *line == '\t' || *line == '\x1A')) {
        line++; /* DOS ended texts with 1A */
        size--;
    }
    if (size == 0)
        return;
    if (*line == '*' || edl_begins(line, size, "FROM CLIP", &after) ||
        edl_begins(line, size, "TO CLIP", &after) ||
        edl_begins(line, size, "SOURCE FILE", &after) ||
        edl_begins(line, size, "FINAL CUT PRO REEL:", &after)) {
        edl_comment(edl, line, size);
        return;
    }
    if (edl_begins(line, size, "TITLE:", &after)) {
        edl_name(edl, edl->list->title, line + after, size - after);
        edl->known = 1;
        return;
    }
    if (edl_begins(line, size, "FCM:", &after)) {
        edl->drop_said = memmem(line, size, "NON", 3) ? -1 : 1;
        edl->drop_between = edl->list->count > 0;
        edl->known = 1;
        return;
    }
    count = tokens_of(line, size, tokens);
    at = times_find(tokens, count, &run);
    if (run >= 4) {
        edl->known = 1;
        event_read(edl, tokens, at, tokens + at);
    } else if (count > 1 && is_word(tokens[0], "M2")) {
        edl->known = 1;
        speed_read(edl, tokens, count);
    } else if (digits_only(tokens[0]) && (run > 0 || count >= 4)) {
        edl->event = NULL;
        edl->last = EDL_REFUSED;
        cut_fault(edl->report, edl->line,
                  "this begins like an event, but has %zu timecodes, not four", run);
    } else if (!known_word(tokens[0])) {
        cut_note(edl->report, edl->line, "\"%.*s\" is not understood and was passed over",
                 (int)(size > 60 ? 60 : size), line);
    }
}

static void end_tell(struct edl *edl)
{
    opener_tell(edl);
    if (edl->sound)
        cut_note(edl->report, 0, "%zu events of sound were passed over: sound follows the picture",
                 edl->sound);
    if (edl->grades)
        cut_note(
            edl->report, edl->grade_line,
            "%zu grades (ASC CDL), here the first, are not carried: the asset's own picture is "
            "used",
            edl->grades);
    if (edl->drop_wrong)
        cut_note(edl->report, edl->drop_line,
                 "FCM says %s frame, and %zu events, here the first, have record timecodes with "
                 "'%c'; they were read as written",
                 edl->drop_first > 0 ? "drop" : "non-drop", edl->drop_wrong,
                 edl->drop_first > 0 ? ':' : ';');
    if (edl->not_utf8 && edl_is_gb18030(edl->text, edl->size))
        cut_note(edl->report, 0,
                 "the list could be GB18030: iconv -f GB18030 -t UTF-8 makes UTF-8 of it");
}

int edl_read(const char *text, size_t size, struct cut_list *list, struct cut_report *report,
             struct spn_error *err)
{
    struct edl edl = { .list = list, .report = report, .text = text, .size = size };
    size_t at = 0;

    while (at < size) {
        const char *line = text + at;
        size_t length = 0;

        /* LF, CRLF, and the lone CR of old Macintoshes */
        while (at + length < size && line[length] != '\n' && line[length] != '\r')
            length++;
        at += length + 1;
        if (at < size && line[length] == '\r' && line[length + 1] == '\n')
            at++;
        edl.line++;
        if (length > LINE_MAX_BYTES)
            cut_fault(report, edl.line, "the line is longer than %d bytes", LINE_MAX_BYTES);
        else
            line_read(&edl, line, length);
    }
    if (!edl.known && report->faults == 0)
        return spn_error_set(err, SPN_EFORMAT,
                             "this is no list that is read: CMX3600, OpenTimelineIO, IMF CPL and "
                             "FCPXML are, and not a line of it is an event of CMX3600");
    end_tell(&edl);
    return SPN_OK;
}

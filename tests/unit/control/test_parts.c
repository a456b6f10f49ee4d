/* test_parts.c - routes, languages, cues, plans and log lines: what needs no database. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <jansson.h>

#include "../rows.h"

#include "catalogue/title.h"
#include "gc/gc_daily.h"
#include "http/request.h"
#include "log.h"
#include "publish/cues.h"
#include "publish/language.h"
#include "work/plan.h"

static const struct tag {
    const char *name, *tag;
    int want;
} tags[] = {
    { "two letters are a language", "en", SPN_OK },
    { "three letters are a language", "und", SPN_OK },
    { "a script may follow", "zh-Hans", SPN_OK },
    { "a script and a region may follow", "zh-Hant-TW", SPN_OK },
    { "a region may be a number", "es-419", SPN_OK },
    { "one letter is no language", "e", SPN_EINVAL },
    { "nothing is no language", "", SPN_EINVAL },
    { "a part may not be empty", "en--US", SPN_EINVAL },
    { "nothing may follow the last hyphen", "en-", SPN_EINVAL },
    { "nothing may come before the first hyphen", "-en", SPN_EINVAL },
    { "a digit does not begin a language", "1n", SPN_EINVAL },
    { "an underscore is no hyphen", "zh_CN", SPN_EINVAL },
    { "a part of nine letters is too long", "en-abcdefghi", SPN_EINVAL },
    { "a tag of more than 35 characters is too long", "en-abcdefgh-abcdefgh-abcdefgh-abcdefgh",
      SPN_EINVAL },
};

static void tag_checked(void **state)
{
    const struct tag *row = *state;

    assert_int_equal(language_check(row->tag, NULL), row->want);
}

static const struct autonym {
    const char *name, *tag, *want;
} autonyms[] = {
    { "a language is called what it calls itself", "en", "English" },
    { "simplified Chinese has its own name", "zh-Hans", "简体中文" },
    { "traditional Chinese has its own name", "zh-Hant", "繁體中文" },
    { "a region that is not known is left out", "zh-Hant-MO", "繁體中文" },
    { "case does not matter", "ZH-hans", "简体中文" },
    { "a language that is not known is its tag", "tlh", "tlh" },
};

static void autonym_found(void **state)
{
    const struct autonym *row = *state;

    assert_string_equal(language_name(row->tag), row->want);
}

static const struct path {
    const char *name, *method, *path, *operation, *param, *allow;
} paths[] = {
    { "a path has its route", "GET", "/api/v1/titles", "listTitles", "", "" },
    { "a method has its own", "POST", "/api/v1/titles", "createTitle", "", "POST" },
    { "a part in braces is taken out", "GET", "/api/v1/titles/title_x", "showTitle", "title_x",
      "" },
    { "a part may be followed by more", "POST", "/api/v1/work/job_1/beat", "beatJob", "job_1", "" },
    { "a part may not be empty", "GET", "/api/v1/titles/", NULL, "", "" },
    { "a part has no dots", "GET", "/api/v1/titles/..", NULL, "", "" },
    { "a part has no capitals", "GET", "/api/v1/titles/A", NULL, "", "" },
    { "a slash more is another path", "GET", "/api/v1/titles/title_x/", NULL, "", "" },
    { "a part that is too long is no part", "GET",
      "/api/v1/titles/"
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      "aaaaaaaaaaaaaaaaaaaaaaaaaaa",
      NULL, "", "" },
    { "a method that a path has not is told of", "PUT", "/api/v1/titles", NULL, "", "POST, GET" },
};

static void path_found(void **state)
{
    const struct path *row = *state;
    char params[ROUTE_PARAMS][ROUTE_PARAM_MAX] = { "", "" }, allow[64];
    const struct route *route = route_find(row->method, row->path, params, allow);

    if (!row->operation) {
        assert_null(route);
        assert_string_equal(allow, row->allow);
        return;
    }
    assert_non_null(route);
    assert_string_equal(route->operation, row->operation);
    assert_string_equal(params[0], row->param);
}

/* ---- cues ---- */

static const struct vtt {
    const char *name, *text, *want; /* "start-end settings|text\n" a cue; NULL: refused */
} vtts[] = {
    { "a file without cues is empty", "WEBVTT\n", "" },
    { "times may have hours or not", "WEBVTT\n\n00:01.000 --> 01:00:02.500\na\n",
      "1000-3602500 |a\n" },
    { "settings follow the times", "WEBVTT\n\n00:00.000 --> 00:01.000 line:90% align:start\na\n",
      "0-1000 line:90% align:start|a\n" },
    { "a cue may have a name", "WEBVTT\n\nfirst\n00:00.000 --> 00:01.000\na\n", "0-1000 |a\n" },
    { "a cue may have lines", "WEBVTT\n\n00:00.000 --> 00:01.000\na\nb\n\n", "0-1000 |a/b\n" },
    { "lines may end in CR LF", "WEBVTT\r\n\r\n00:00.000 --> 00:01.000\r\na\r\nb\r\n",
      "0-1000 |a/b\n" },
    { "the last line needs no end", "WEBVTT\n\n00:00.000 --> 00:01.000\na", "0-1000 |a\n" },
    { "notes and styles are left out",
      "WEBVTT - x\n\nNOTE\n00:00.000 --> 00:01.000\nno\n\nSTYLE\n::cue {}\n\n"
      "00:00.000 --> 00:01.000\na\n",
      "0-1000 |a\n" },
    { "cues come in order of start",
      "WEBVTT\n\n00:02.000 --> 00:03.000\nb\n\n00:00.000 --> 00:01.000\na\n",
      "0-1000 |a\n2000-3000 |b\n" },
    { "cues of one time stay in their order",
      "WEBVTT\n\n00:00.000 --> 00:01.000\nz\n\n00:00.000 --> 00:01.000\na\n",
      "0-1000 |z\n0-1000 |a\n" },
    { "a cue that lasts no time is left out", "WEBVTT\n\n00:01.000 --> 00:01.000\na\n", "" },
    { "a cue without text is left out", "WEBVTT\n\n00:00.000 --> 00:01.000\n\n", "" },
    { "a minute has sixty seconds", "WEBVTT\n\n00:60.000 --> 00:99.000\na\n", "" },
    { "another file is refused", "1\n00:00:00,000 --> 00:00:01,000\na\n", NULL },
    { "nothing is refused", "", NULL },
};

static void vtt_read(void **state)
{
    const struct vtt *row = *state;
    char path[] = "/tmp/sampan-cues.XXXXXX", got[1024] = "";
    struct cues cues;
    int fd = mkstemp(path), ret;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, row->text, strlen(row->text)), (ssize_t)strlen(row->text));
    (void)close(fd);
    ret = cues_read(&cues, path, NULL);
    (void)unlink(path);
    for (size_t i = 0; ret >= 0 && i < cues.count; i++) {
        size_t at = strlen(got);

        (void)snprintf(got + at, sizeof(got) - at, "%lld-%lld %s|%s\n",
                       (long long)cues.cues[i].start_ms, (long long)cues.cues[i].end_ms,
                       cues.cues[i].settings, cues.cues[i].text);
        for (char *p = got + at; *p && p[1]; p++) /* a line feed inside is shown as / */
            if (*p == '\n')
                *p = '/';
    }
    cues_finish(&cues);
    if (row->want) {
        assert_int_equal(ret, SPN_OK);
        assert_string_equal(got, row->want);
    } else {
        assert_int_equal(ret, SPN_EFORMAT);
    }
}

/* ---- plans ---- */

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define PLAN(frames, chunks, rate, id, name)                                                       \
    "{\"frames\":" frames ",\"chunks\":" chunks ",\"rate\":" rate ",\"video\":[{\"id\":\"" id      \
    "\",\"name\":\"" name "\"}]}"

static const struct plan {
    const char *name, *text;
    int want;
} plans[] = {
    { "a plan with one rung is a plan", PLAN("24", "1", "[24000,1001]", "v0", A64), SPN_OK },
    { "a film has a frame", PLAN("0", "1", "[25,1]", "v0", A64), SPN_EINVAL },
    { "a film has a chunk", PLAN("24", "0", "[25,1]", "v0", A64), SPN_EINVAL },
    { "a film has not a million chunks", PLAN("24", "1000000", "[25,1]", "v0", A64), SPN_EINVAL },
    { "a rate has two numbers", PLAN("24", "1", "[25]", "v0", A64), SPN_EINVAL },
    { "a rate is not divided by zero", PLAN("24", "1", "[25,0]", "v0", A64), SPN_EINVAL },
    { "renditions are numbered in order", PLAN("24", "1", "[25,1]", "v1", A64), SPN_EINVAL },
    { "a name is a hash, so that it is no path", PLAN("24", "1", "[25,1]", "v0", "../../etc"),
      SPN_EINVAL },
    { "a film has a picture", "{\"frames\":1,\"chunks\":1,\"rate\":[25,1],\"video\":[]}",
      SPN_EINVAL },
};

static void plan_checked(void **state)
{
    const struct plan *row = *state;
    struct plan_facts facts;
    json_t *plan = json_loads(row->text, 0, NULL);

    assert_non_null(plan);
    assert_int_equal(plan_check(plan, &facts, NULL), row->want);
    json_decref(plan);
}

/* ---- the log ---- */

static char long_text[3 * LOG_LINE_MAX];

static const struct said {
    const char *name, *text, *want;
} said[] = {
    { "text is logged as it is", "甄嬛传", "甄嬛传" },
    { "quotes and line feeds stay inside their string", "a\"b\\c\nd", "a\"b\\c\nd" },
    { "control characters are escaped", "\x01\x7f\t", "\x01\x7f\t" },
    { "bytes that are no UTF-8 are replaced",
      "a\xff\xc0\xaf"
      "b\xed\xa0\x80",
      "a���b���" },
    { "NULL is logged as nothing", NULL, "" },
};

static json_t *log_line(const char *text)
{
    char path[] = "/tmp/sampan-log.XXXXXX";
    int fd = mkstemp(path);
    json_t *line;

    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(log_open("test", path, LOG_INFO, NULL), SPN_OK);
    log_context("job", "job_x");
    log_debug("not shown");
    log_info("said", LOG_TEXT("text", text), LOG_NUMBER("number", -7));
    log_context_clear();
    log_close();
    line = json_load_file(path, 0, NULL); /* one line, and all of it JSON */
    (void)unlink(path);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "program")), "test");
    assert_string_equal(json_string_value(json_object_get(line, "job")), "job_x");
    return line;
}

static void line_logged(void **state)
{
    const struct said *row = *state;
    json_t *line = log_line(row->text);

    assert_string_equal(json_string_value(json_object_get(line, "text")), row->want);
    assert_int_equal(json_integer_value(json_object_get(line, "number")), -7);
    json_decref(line);
}

static void line_cut(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) { /* wherever the cut falls in a character */
        json_t *line;
        const char *text;

        memset(long_text, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof(long_text); i += 3)
            memcpy(long_text + i, "嬛", 3);
        line = log_line(long_text);
        text = json_string_value(json_object_get(line, "text"));
        assert_true(strlen(text) > LOG_LINE_MAX / 2);
        assert_string_equal(text + strlen(text) - 3, "…");
        json_decref(line);
    }
}

static const struct daily_row {
    const char *name;
    int64_t started_ms, last_ms, now_ms, want;
} dailies[] = {
    { "gc does not run as soon as control starts", 1000, 0, 1000, GC_FIRST_MS },
    { "gc runs first when the start is over", 1000, 0, 1000 + GC_FIRST_MS, 0 },
    { "gc waits for a day after it began", 1000, 5000, 6000, GC_EVERY_MS - 1000 },
    { "gc runs at once when a day was missed", 1000, 5000, 5000 + 3 * GC_EVERY_MS, 0 },
};

static void daily_waits(void **state)
{
    const struct daily_row *row = *state;

    assert_int_equal(gc_daily_wait(row->started_ms, row->last_ms, row->now_ms), row->want);
}

int main(void)
{
    static struct rows rows;

    rows_add_table(&rows, tags, tag_checked);
    rows_add_table(&rows, autonyms, autonym_found);
    rows_add_table(&rows, paths, path_found);
    rows_add_table(&rows, vtts, vtt_read);
    rows_add_table(&rows, plans, plan_checked);
    rows_add_table(&rows, said, line_logged);
    rows_add_table(&rows, dailies, daily_waits);
    rows_add(&rows, "a line that is too long is cut, and stays JSON", line_cut, NULL);
    return rows_run(&rows, "parts");
}

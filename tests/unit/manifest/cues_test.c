/* cues_test.c - the canonical WebVTT, and all that is not. */
#include "rows.h"

#include "sampan/cues.h"

#define CUE(start, end, rest) start " --> " end rest "\n\n"
#define A                     "00:00:01.000"
#define B                     "00:00:02.500"
#define C                     "99:59:59.999"

static const struct row {
    const char *name;
    const char *text;
    int want;
    size_t cues;
    const char *says; /* in the sentence of a refusal */
} rows[] = {
    { "no cue at all", "WEBVTT\n\n", SPN_OK, 0, NULL },
    { "one cue", "WEBVTT\n\n" CUE(A, B, "\nhello"), SPN_OK, 1, NULL },
    { "two cues of two lines, with settings and UTF-8",
      "WEBVTT\n\n" CUE(A, B, " line:0 align:start\n你好\n<i>x</i>") CUE(B, C, "\nend"), SPN_OK, 2,
      NULL },
    { "two cues at one time", "WEBVTT\n\n" CUE(A, B, "\na") CUE(A, B, "\nb"), SPN_OK, 2, NULL },
    { "nothing", "", SPN_EFORMAT, 0, "does not begin" },
    { "another signature", "WEBVTT \n\n", SPN_EFORMAT, 0, "does not begin" },
    { "a byte order mark", "\xef\xbb\xbfWEBVTT\n\n", SPN_EFORMAT, 0, "does not begin" },
    { "carriage returns", "WEBVTT\n\n" CUE(A, B, "\r\nhello"), SPN_EFORMAT, 0, "not UTF-8" },
    { "bytes that are not UTF-8", "WEBVTT\n\n" CUE(A, B, "\n\xff"), SPN_EFORMAT, 0, "not UTF-8" },
    { "a control character", "WEBVTT\n\n" CUE(A, B, "\n\x01"), SPN_EFORMAT, 0, "not UTF-8" },
    { "an identifier", "WEBVTT\n\n1\n" CUE(A, B, "\nx"), SPN_EFORMAT, 0, "line 3 of x.vtt" },
    { "a comment", "WEBVTT\n\nNOTE x\n\n", SPN_EFORMAT, 0, "line 3" },
    { "an empty line too many", "WEBVTT\n\n\n" CUE(A, B, "\nx"), SPN_EFORMAT, 0, "line 3" },
    { "minutes without hours", "WEBVTT\n\n" CUE("00:01.000", B, "\nx"), SPN_EFORMAT, 0, "line 3" },
    { "a comma", "WEBVTT\n\n" CUE("00:00:01,000", B, "\nx"), SPN_EFORMAT, 0, "line 3" },
    { "sixty seconds", "WEBVTT\n\n" CUE("00:00:60.000", C, "\nx"), SPN_EFORMAT, 0, "line 3" },
    { "an end before its start", "WEBVTT\n\n" CUE(B, A, "\nx"), SPN_EFORMAT, 0, "line 3" },
    { "an end at its start", "WEBVTT\n\n" CUE(A, A, "\nx"), SPN_EFORMAT, 0, "line 3" },
    { "a cue out of order", "WEBVTT\n\n" CUE(B, C, "\nx") CUE(A, C, "\ny"), SPN_EFORMAT, 0,
      "line 9" },
    { "a cue that ends out of order", "WEBVTT\n\n" CUE(A, C, "\nx") CUE(A, B, "\ny"), SPN_EFORMAT,
      0, "" },
    { "two spaces before settings", "WEBVTT\n\n" CUE(A, B, "  line:0\nx"), SPN_EFORMAT, 0,
      "settings" },
    { "a space and no settings", "WEBVTT\n\n" CUE(A, B, " \nx"), SPN_EFORMAT, 0, "settings" },
    { "a tab in settings", "WEBVTT\n\n" CUE(A, B, " line:0\talign:end\nx"), SPN_EFORMAT, 0,
      "settings" },
    { "no text", "WEBVTT\n\n" CUE(A, B, "\n"), SPN_EFORMAT, 0, "line 4" },
    { "no empty line at the end", "WEBVTT\n\n" A " --> " B "\nx\n", SPN_EFORMAT, 0, "line 4" },
    { "an arrow in the text", "WEBVTT\n\n" CUE(A, B, "\na --> b"), SPN_EFORMAT, 0, "arrow" },
    { "the third cue is wrong", "WEBVTT\n\n" CUE(A, B, "\na\nb\nc") CUE(A, B, "\nx") "oops\n",
      SPN_EFORMAT, 0, "line 11" },
};

static void reading(void **state)
{
    const struct row *row = *state;
    size_t size = strlen(row->text);
    char *exact = malloc(size ? size : 1);
    struct spn_buffer again = { 0 };
    struct spn_cues cues;
    struct spn_error err = { 0 };

    memcpy(exact, row->text, size);
    assert_int_equal(spn_cues_read(exact, size, "x.vtt", &cues, &err), row->want);
    if (row->want == SPN_OK) {
        assert_int_equal(cues.count, row->cues);
        assert_int_equal(spn_cues_write(cues.cues, cues.count, &again, &err), SPN_OK);
        assert_int_equal(again.size, size);
        assert_memory_equal(again.data, exact, size);
    } else {
        if (!strstr(err.text, row->says))
            fail_msg("%s", err.text);
        assert_null(cues.cues);
        assert_null(cues.memory);
    }
    spn_buffer_finish(&again);
    spn_cues_finish(&cues);
    free(exact);
}

int main(void)
{
    static struct rows tests;

    rows_add_table(&tests, rows, reading);
    return rows_run(&tests, "cues");
}

/* error - sentences are one line of UTF-8, whatever the names in them are. */
#include <stdio.h>

#include "rows.h"

#include "sampan/error.h"

static const struct row {
    const char *name, *text, *want;
} rows[] = {
    { "a sentence stays as it is", "no file \xe8\xb5\xb7.mp4", "no file \xe8\xb5\xb7.mp4" },
    { "a line ends nowhere but at its end", "new\nline\r\t.mp4", "new line  .mp4" },
    { "what moves the cursor is a blank", "x\x1b[2J\x7fy", "x [2J y" },
    { "controls of two bytes go too",
      "x\xc2\x9b"
      "2Jy",
      "x??2Jy" },
    { "a byte that begins nothing is a question mark", "bad\xff\xfe.mp4", "bad??.mp4" },
    { "overlong forms are no characters", "\xc0\xaf\xe0\x80\xaf", "?????" },
    { "a surrogate is no character", "\xed\xa0\x80", "???" },
    { "what is cut short is no character", "x\xe8\xb5", "x??" },
    { "the largest character stays", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
    { "beyond it is nothing", "\xf4\x90\x80\x80", "????" },
};

static void sentence(void **state)
{
    const struct row *row = *state;
    struct spn_error err;
    char text[64];

    (void)snprintf(text, sizeof(text), "%s", row->text);
    spn_error_plain(text);
    assert_string_equal(text, row->want);
    if ((unsigned char)row->text[strlen(row->text) - 1] == 0xb5)
        return; /* the end that a cut left is taken off a sentence */
    assert_int_equal(spn_error_set(&err, SPN_EFORMAT, "%s", row->text), SPN_EFORMAT);
    assert_string_equal(err.text, row->want);
}

int main(void)
{
    struct rows tests = { 0 };

    rows_add_table(&tests, rows, sentence);
    return rows_run(&tests, "error");
}

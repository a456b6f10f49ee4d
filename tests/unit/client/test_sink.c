/* test_sink.c - a download in answers that break off, that come whole, that are of something else.
 */
#include "rows.h"

#include <stdio.h>
#include <unistd.h>

#include "sink.h"

#define ETAG  "abc"
#define WHOLE "0123456789"

static const struct row {
    const char *name;
    struct {
        long status;
        const char *range, *etag, *bytes; /* bytes NULL: no more answers */
        int want;
    } answers[4];
    const char *file;
} rows[] = {
    { "a whole answer is the file", { { 200, NULL, "\"abc\"", WHOLE, SPN_OK } }, WHOLE },
    { "what broke off goes on with a range",
      { { 200, NULL, "\"abc\"", "0123", SPN_OK }, { 206, "bytes 4-9/10", "\"abc\"", "456789", 0 } },
      WHOLE },
    { "again and again",
      { { 200, NULL, "\"abc\"", "0", SPN_OK },
        { 206, "bytes 1-9/10", "\"abc\"", "123", SPN_OK },
        { 206, "bytes 4-9/10", NULL, "456789", SPN_OK } },
      WHOLE },
    { "all of it for a range is taken from where we are",
      { { 200, NULL, NULL, "01234", SPN_OK }, { 200, NULL, "\"abc\"", WHOLE, SPN_OK } },
      WHOLE },
    { "a range that begins earlier, too",
      { { 200, NULL, NULL, "01234", SPN_OK }, { 206, "bytes 3-9/10", NULL, "3456789", SPN_OK } },
      WHOLE },
    { "one that begins later is another place",
      { { 200, NULL, NULL, "01234", SPN_OK },
        { 206, "bytes 6-9/10", NULL, "6789", SPN_EMISMATCH } },
      "01234" },
    { "a range that does not say where it is, as well",
      { { 206, NULL, NULL, WHOLE, SPN_EMISMATCH },
        { 206, "lines 0-9", NULL, WHOLE, SPN_EMISMATCH } },
      "" },
    { "of another file nothing is taken",
      { { 200, NULL, "\"abc\"", "01234", SPN_OK },
        { 200, NULL, "\"abd\"", WHOLE, SPN_EMISMATCH },
        { 206, "bytes 5-9/10", "\"abcd\"", "56789", SPN_EMISMATCH },
        { 206, "bytes 5-9/10", "W/\"abc\"", "56789", SPN_EMISMATCH } },
      "01234" },
    { "more than there is is not taken",
      { { 200, NULL, NULL, "0123456789A", SPN_EMISMATCH } },
      "" },
};

/* Each answer in pieces of one, two, … bytes. */
static void is_taken(void **state)
{
    const struct row *row = *state;

    for (size_t piece = 1; piece <= sizeof(WHOLE) + 1; piece++) {
        struct sink sink = { .total = sizeof(WHOLE) - 1, .etag = ETAG };
        struct spn_buffer have = { 0 };
        struct spn_error err;

        assert_int_equal(spn_file_create("/tmp", 0600, &sink.file, &err), SPN_OK);
        for (size_t i = 0; i < 4 && row->answers[i].bytes; i++) {
            const char *bytes = row->answers[i].bytes;
            size_t left = strlen(bytes);
            int ret = SPN_OK;

            sink_restart(&sink);
            for (size_t size; left > 0 && ret == SPN_OK; left -= size, bytes += size) {
                size = left < piece ? left : piece;
                ret = sink_feed(&sink, row->answers[i].status, row->answers[i].range,
                                row->answers[i].etag, bytes, size, &err);
            }
            assert_int_equal(ret, row->answers[i].want);
        }
        assert_int_equal(spn_file_get(spn_file_path(sink.file), 100, &have, &err), SPN_OK);
        assert_int_equal(sink.done, have.size);
        if (row->answers[0].want != SPN_EMISMATCH || row->answers[0].status == 206)
            assert_string_equal(spn_buffer_text(&have), row->file);
        else /* what is there before the byte too many came is kept */
            assert_true(have.size <= (size_t)sink.total);
        spn_buffer_finish(&have);
        spn_file_destroy(sink.file);
    }
}

int main(void)
{
    static struct rows list;

    rows_add_table(&list, rows, is_taken);
    return rows_run(&list, "sink");
}

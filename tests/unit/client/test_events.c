/* test_events.c - a stream of server-sent events, however its bytes are cut into pieces. */
#include "rows.h"

#include <stdio.h>

#include "events.h"

static const struct row {
    const char *name, *stream;
    const char *want; /* each event in [], then the id of the last whole one */
} streams[] = {
    { "an event ends with an empty line", "data: one\n\ndata: two\n\n", "[one][two]" },
    { "an event that is cut off is not one", "data: one\n\ndata: tw", "[one]" },
    { "an event without its empty line is not one", "data: one\n\ndata: two\n", "[one]" },
    { "the lines of an event are joined", "data: a\ndata: b\ndata:\n\n", "[a\nb\n]" },
    { "one blank after the colon is not of the value", "data:  a\n\ndata:b\n\n", "[ a][b]" },
    { "comments and unknown fields are passed over",
      ": here\n\nevent: ingest\nretry: 5\nodd\ndata: a\n\n", "[a]" },
    { "lines end with CR, LF or both", "data: a\r\n\r\ndata: b\r\rdata: c\n\n", "[a][b][c]" },
    { "the id of a whole event is kept", "id: 1\ndata: a\n\nid: 2\ndata: b\n", "[a]1" },
    { "an id stays for the events after it", "id: 1\ndata: a\n\ndata: b\n\n", "[a][b]1" },
    { "an id that is too long is not kept",
      "id: 1234567890123456789012345678901234567890123456789012345678901234567890\ndata: a\n\n",
      "[a]" },
    { "no data is no event", "id: 7\n\n", "7" },
};

static char said[256];

static int hear(void *opaque, const char *data)
{
    size_t length = strlen(said);

    (void)opaque;
    (void)snprintf(said + length, sizeof(said) - length, "[%s]", data);
    return 0;
}

/* In two pieces, cut at every byte; and byte by byte. */
static void read_in_pieces(void **state)
{
    const struct row *row = *state;
    size_t length = strlen(row->stream);

    for (size_t cut = 0; cut <= length + 1; cut++) {
        struct event_reader reader = { .each = hear };

        said[0] = '\0';
        if (cut <= length) {
            assert_int_equal(event_reader_feed(&reader, row->stream, cut, NULL), 0);
            assert_int_equal(event_reader_feed(&reader, row->stream + cut, length - cut, NULL), 0);
        }
        for (size_t i = 0; cut > length && i < length; i++)
            assert_int_equal(event_reader_feed(&reader, row->stream + i, 1, NULL), 0);
        (void)strncat(said, reader.id, sizeof(said) - strlen(said) - 1);
        assert_string_equal(said, row->want);
        event_reader_finish(&reader);
    }
}

static int enough(void *opaque, const char *data)
{
    (void)hear(opaque, data);
    return 5;
}

static void stops(void **state)
{
    static const char stream[] = "data: a\n\ndata: b\n\n";
    struct event_reader reader = { .each = enough };

    (void)state;
    said[0] = '\0';
    assert_int_equal(event_reader_feed(&reader, stream, sizeof(stream) - 1, NULL), 5);
    assert_string_equal(said, "[a]");
    event_reader_finish(&reader);
}

static void goes_on(void **state)
{
    static const char first[] = "id: 1\ndata: a\n\nid: 2\ndata: lost", second[] = "data: b\n\n";
    struct event_reader reader = { .each = hear };

    (void)state;
    said[0] = '\0';
    assert_int_equal(event_reader_feed(&reader, first, sizeof(first) - 1, NULL), 0);
    event_reader_restart(&reader);
    assert_string_equal(reader.id, "1");
    assert_int_equal(event_reader_feed(&reader, second, sizeof(second) - 1, NULL), 0);
    assert_string_equal(said, "[a][b]");
    assert_string_equal(reader.id, "1");
    event_reader_finish(&reader);
}

static void limited(void **state)
{
    static char block[65536];
    struct event_reader reader = { .each = hear };
    struct spn_error err;
    int ret = 0;

    (void)state;
    memset(block, 'x', sizeof(block));
    for (size_t fed = 0; fed <= EVENT_MAX && ret == 0; fed += sizeof(block))
        ret = event_reader_feed(&reader, block, sizeof(block), &err);
    assert_int_equal(ret, SPN_ELIMIT);
    event_reader_finish(&reader);
}

int main(void)
{
    static struct rows rows;

    rows_add_table(&rows, streams, read_in_pieces);
    rows_add(&rows, "whoever has heard enough ends the stream", stops, NULL);
    rows_add(&rows, "after a break half an event is forgotten, and the id is not", goes_on, NULL);
    rows_add(&rows, "an event has a limit", limited, NULL);
    return rows_run(&rows, "events");
}

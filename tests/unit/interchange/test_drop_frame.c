/*
 * test_drop_frame.c - lists that count in drop frame, in non-drop frame, or in both: each number is
 * read as it is written, or refused by its line.
 */
#include <stdio.h>

#include "cut_list.h"
#include "rows.h"

#define NTSC                                                                                       \
    {                                                                                              \
        30000, 1001                                                                                \
    }
#define DOUBLE                                                                                     \
    {                                                                                              \
        60000, 1001                                                                                \
    }

/* Event `number` of a list: source and record are each "IN OUT". */
#define EVENT(number, source, record) number "  TAPE V C " source " " record "\n"
/* A timeline of one clip of so many frames from `first` on, at a rate. */
#define OTIO(first, count, rate, rest)                                                             \
    "{\"OTIO_SCHEMA\":\"Timeline.1\",\"name\":\"x\",\"tracks\":{\"OTIO_SCHEMA\":\"Stack.1\","      \
    "\"children\":[{\"OTIO_SCHEMA\":\"Track.1\",\"kind\":\"Video\",\"children\":["                 \
    "{\"OTIO_SCHEMA\":\"Clip.2\",\"name\":\"c\"," rest "\"source_range\":{\"OTIO_SCHEMA\":"        \
    "\"TimeRange.1\",\"start_time\":{\"OTIO_SCHEMA\":\"RationalTime.1\",\"value\":" first          \
    ",\"rate\":" rate "},\"duration\":{\"OTIO_SCHEMA\":\"RationalTime.1\",\"value\":" count        \
    ",\"rate\":" rate "}}}]}]}}"

static const struct row {
    const char *name;
    struct spn_rate rate;
    const char *text;
    int64_t in, out;  /* of the last event; out 0: the list is refused */
    size_t line;      /* of what is said, 0: of the whole list */
    const char *says; /* NULL: nothing is said */
} rows[] = {
    /* ---- numbers ---- */
    { "over a minute two numbers are left out, and the event is as long as its record", NTSC,
      EVENT("1", "01:00:59;20 01:01:00;02", "00:00:00;00 00:00:00;10"), 109682, 109692, 0, NULL },
    { "without drop frame no number is left out", NTSC,
      EVENT("1", "01:00:59:20 01:01:00:00", "00:00:00:00 00:00:00:10"), 109790, 109800, 0, NULL },
    { "a tenth minute leaves out none", NTSC,
      EVENT("1", "01:09:59;20 01:10:00;00", "00:00:00;00 00:00:00;10"), 125864, 125874, 0, NULL },
    { "at 59.94 four numbers are left out", DOUBLE,
      EVENT("1", "01:00:59;50 01:01:00;04", "00:00:00;00 00:00:00;10"), 219374, 219384, 0, NULL },
    { "an in that drop frame leaves out is refused", NTSC,
      EVENT("1", "01:01:00;00 01:01:01;00", "00:00:00;00 00:00:01;00"), 0, 0, 1,
      "01:01:00;00 is a number that drop frame leaves out" },
    { "so is the second of the two", NTSC,
      EVENT("1", "01:00:00;00 01:00:01;00", "00:00:00;00 00:00:01;00")
          EVENT("2", "01:00:59;01 01:01:00;01", "00:00:01;00 00:00:02;00"),
      0, 0, 2, "01:01:00;01 is a number that drop frame leaves out" },
    { "so is a record time", NTSC, EVENT("1", "01:00:00;00 01:00:10;00", "00:00:50;00 00:01:00;00"),
      0, 0, 1, "00:01:00;00 is a number that drop frame leaves out" },
    { "so are ;02 and ;03 at 59.94", DOUBLE,
      EVENT("1", "01:01:00;03 01:01:01;03", "00:00:00;00 00:00:01;00"), 0, 0, 1,
      "01:01:00;03 is a number that drop frame leaves out" },
    { "the same number without drop frame is one", NTSC,
      EVENT("1", "01:01:00:00 01:01:01:00", "00:00:00:00 00:00:01:00"), 109800, 109830, 0, NULL },
    { "a full stop before the frames is drop frame", NTSC,
      EVENT("1", "01:00:00.00 01:00:01.00", "00:00:00;00 00:00:01;00"), 107892, 107922, 0, NULL },
    { "what stands before the frames decides", NTSC,
      EVENT("1", "01;00;00:00 01:00:01:00", "00:00:00:00 00:00:01:00"), 108000, 108030, 0, NULL },
    { "23.976 has no drop frame",
      { 24000, 1001 },
      EVENT("1", "01:00:00;00 01:00:01;00", "00:00:00:00 00:00:01:00"),
      0,
      0,
      1,
      "drop-frame timecode exists at 30000/1001 and 60000/1001" },
    { "nor has 60",
      { 60, 1 },
      EVENT("1", "01:00:00;00 01:00:01;00", "00:00:00:00 00:00:01:00"),
      0,
      0,
      1,
      "drop-frame timecode exists at 30000/1001 and 60000/1001" },

    /* ---- two countings ---- */
    { "a source in drop frame may go into a programme without", NTSC,
      EVENT("1", "01:00:00;00 01:02:00;04", "00:00:00:00 00:02:00:00"), 107892, 111492, 0, NULL },
    { "sources of two countings may follow each other", NTSC,
      EVENT("1", "01:00:00;00 01:00:01;00", "00:00:00;00 00:00:01;00")
          EVENT("2", "01:00:00:00 01:00:01:00", "00:00:01;00 00:00:02;00"),
      108000, 108030, 0, NULL },
    { "an in in drop frame with an out without is refused", NTSC,
      EVENT("1", "01:00:00;00 01:00:01:00", "00:00:00:00 00:00:01:00"), 0, 0, 1,
      "has its source in in drop frame timecode (01:00:00;00) and its out in non-drop frame "
      "(01:00:01:00)" },
    { "even in a first minute, where both are the same frames", NTSC,
      EVENT("1", "00:00:10:00 00:00:11;00", "00:00:00:00 00:00:01:00"), 0, 0, 1,
      "has its source in in non-drop frame timecode" },
    { "so is a record in with an out that counts otherwise", NTSC,
      EVENT("1", "01:00:00;00 01:00:01;00", "00:00:00;00 00:00:01;00")
          EVENT("2", "01:00:02;00 01:00:03;00", "00:00:01;00 00:00:02:00"),
      0, 0, 2, "has its record in in drop frame timecode" },
    { "a record that changes its counting where the numbers drifted apart is refused", NTSC,
      EVENT("1", "01:00:00;02 01:05:00;02", "01:00:00;02 01:05:00;02")
          EVENT("2", "01:06:00;02 01:06:01;02", "01:05:00:02 01:05:01:02"),
      0, 0, 2,
      "there is a gap of 118 frames before \"TAPE\": the record side of one is in drop frame "
      "timecode, of the other in non-drop" },
    { "back into drop frame it overlaps", NTSC,
      EVENT("1", "01:00:00:02 01:05:00:02", "01:00:00:02 01:05:00:02")
          EVENT("2", "01:06:00;02 01:06:01;02", "01:05:00;02 01:05:01;02"),
      0, 0, 2, "begins 118 frames before the end of the event before it: the record side of one" },

    /* ---- FCM ---- */
    { "FCM that says what is written is not spoken of", NTSC,
      "FCM: DROP FRAME\n" EVENT("1", "01:00:00;00 01:00:01;00", "00:00:00;00 00:00:01;00"), 107892,
      107922, 0, NULL },
    { "FCM that says drop frame of what is written without changes no number, and is told", NTSC,
      "FCM: DROP FRAME\n" EVENT("1", "01:00:00:00 01:00:01:00", "00:00:00:00 00:00:01:00"), 108000,
      108030, 2,
      "FCM says drop frame, and 1 events, here the first, have record timecodes with ':'" },
    { "nor does the other way round", NTSC,
      "FCM: NON-DROP FRAME\n" EVENT("1", "01:00:00;00 01:00:01;00", "00:00:00;00 00:00:01;00"),
      107892, 107922, 2, "FCM says non-drop frame, and 1 events" },
    { "FCM may change in mid-list with what is written", NTSC,
      "FCM: NON-DROP FRAME\n" EVENT(
          "1", "01:00:00:00 01:00:01:00",
          "00:00:00:00 00:00:01:00") "FCM: DROP FRAME\n" EVENT("2", "01:00:00;00 01:00:01;00",
                                                               "00:00:01;00 00:00:02;00"),
      107892, 107922, 0, NULL },
    { "in mid-list it may speak of the sources that follow", NTSC,
      "FCM: NON-DROP FRAME\n" EVENT(
          "1", "01:00:00:00 01:00:01:00",
          "00:00:00:00 00:00:01:00") "FCM: DROP FRAME\n" EVENT("2", "01:00:00;00 01:00:01;00",
                                                               "00:00:01:00 00:00:02:00"),
      107892, 107922, 0, NULL },
    { "in mid-list it is held to what follows, by line", NTSC,
      "FCM: NON-DROP FRAME\n" EVENT(
          "1", "01:00:00:00 01:00:01:00",
          "00:00:00:00 00:00:01:00") "FCM: DROP FRAME\n" EVENT("2", "01:00:02:00 01:00:03:00",
                                                               "00:00:01:00 00:00:02:00")
          EVENT("3", "01:00:05:00 01:00:06:00", "00:00:02:00 00:00:03:00"),
      108150, 108180, 4, "FCM says drop frame, and 2 events, here the first" },
    { "FCM may have two spellings of itself in a row: the last holds", NTSC,
      "FCM: NON-DROP FRAME\nFCM: DROP FRAME\n" EVENT("1", "10;35;42;23 10;35;43;23",
                                                     "00:00:08:18 00:00:09:18"),
      1143139, 1143169, 3, "FCM says drop frame, and 1 events" },
    { "at 59.94 FCM is held to what is written too", DOUBLE,
      "FCM: NON-DROP FRAME\n" EVENT("1", "01:00:00;00 01:00:01;00", "00:00:00;00 00:00:01;00"),
      215784, 215844, 2, "FCM says non-drop frame" },

    /* ---- lists of frame numbers ---- */
    { "OpenTimelineIO counts frames: an hour of drop frame", NTSC,
      OTIO("107892", "30", "29.97002997002997", ""), 107892, 107922, 0, NULL },
    { "OpenTimelineIO counts frames: an hour without", NTSC, OTIO("108000", "30", "29.97", ""),
      108000, 108030, 0, NULL },
    { "OpenTimelineIO at 59.94", DOUBLE, OTIO("215784", "60", "59.94", ""), 215784, 215844, 0,
      NULL },
    { "a name of a rate, drop or not, is never one of 30",
      { 30, 1 },
      OTIO("107892", "30", "29.97", ""),
      0,
      0,
      0,
      "the list is of 30000/1001 frames a second" },
    { "a timecode in what another program noted changes no frame", NTSC,
      OTIO(
          "107892", "30", "29.97",
          "\"metadata\":{\"cmx_3600\":{\"timecode\":\"01:00:00:00\",\"fcm\":\"NON-DROP FRAME\"}},"),
      107892, 107922, 0, NULL },
};

static void reads(void **state)
{
    const struct row *row = *state;
    struct cut_report report = { 0 };
    const struct cut_event *last;
    struct cut_list *list;
    int said = 0;

    assert_int_equal(cut_list_read(row->text, strlen(row->text), "x", &list, &report, NULL),
                     SPN_OK);
    cut_list_count(list, row->rate, &report);
    for (size_t i = 0; i < report.count; i++) {
        const struct cut_remark *remark = &report.remarks[i];

        print_message("line %zu: %s\n", remark->line, remark->text);
        said |= row->says && remark->is_fault == (row->out == 0) && remark->line == row->line &&
                strstr(remark->text, row->says);
    }
    assert_int_equal(report.faults > 0, row->out == 0);
    assert_int_equal(said, row->says != NULL);
    if (!row->says)
        assert_int_equal(report.count, 0);
    if (row->out > 0) {
        assert_true(list->count > 0);
        last = &list->events[list->count - 1];
        assert_int_equal(last->in.frame, row->in);
        assert_int_equal(last->out.frame, row->out);
    }
    cut_list_free(list);
    cut_report_finish(&report);
}

int main(void)
{
    static struct rows tests;

    rows_add_table(&tests, rows, reads);
    return rows_run(&tests, "drop frame");
}

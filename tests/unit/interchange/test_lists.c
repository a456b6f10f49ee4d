/* Lists of every format: single rules, and what is written is read back to the same composition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cut_list.h"

/* ---- one list, one outcome ---- */

#define EDL(line) "TITLE: x\n001  A V C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\n" line
#define OTIO(item)                                                                                 \
    "{\"OTIO_SCHEMA\":\"Timeline.1\",\"name\":\"x\",\"tracks\":{\"OTIO_SCHEMA\":\"Stack.1\","      \
    "\"children\":[{\"OTIO_SCHEMA\":\"Track.1\",\"kind\":\"Video\",\"children\":[" item "]}]}}"
#define TIME(v) "{\"OTIO_SCHEMA\":\"RationalTime.1\",\"value\":" v ",\"rate\":25}"
#define RANGE(s, d)                                                                                \
    "{\"OTIO_SCHEMA\":\"TimeRange.1\",\"start_time\":" TIME(s) ",\"duration\":" TIME(d) "}"
#define CLIP(rest) "{\"OTIO_SCHEMA\":\"Clip.2\",\"name\":\"c\"," rest "}"
#define CPL(resource)                                                                              \
    "<CompositionPlaylist xmlns='http://www.smpte-ra.org/schemas/2067-3/2016'><EditRate>25 1"      \
    "</EditRate><SegmentList><Segment><SequenceList><MainImageSequence><ResourceList><Resource>"   \
    "<IntrinsicDuration>100</IntrinsicDuration>" resource                                          \
    "<TrackFileId>urn:uuid:1</TrackFileId></Resource></ResourceList></MainImageSequence>"          \
    "</SequenceList></Segment></SegmentList></CompositionPlaylist>"
#define FCPX(item)                                                                                 \
    "<fcpxml version='1.9'><resources><format id='r1' frameDuration='100/2500s'/>"                 \
    "<asset id='a' name='film' start='3600s' src='file:///x/film%20one.mov' format='r1'/>"         \
    "<asset id='s' name='song' hasAudio='1'/></resources><project name='p'><sequence "             \
    "format='r1'><spine>" item "</spine></sequence></project></fcpxml>"

static const struct row {
    const char *name, *text;
    int64_t first, frames; /* of the last event; frames -1: it is refused */
    size_t events;
    const char *says; /* in a fault, or where frames is not -1, in a note; NULL: nothing is said */
} rows[] = {
    { "a cut is read, its out is exclusive", EDL(""), 0, 25, 1, NULL },
    { "an asterisk is not needed", EDL("FROM CLIP NAME: b\n"), 0, 25, 1, NULL },
    { "a dissolve is refused",
      EDL("002 B V D 010 00:00:05:00 00:00:06:00 00:00:01:00 00:00:02:00\n"), 0, -1, 1,
      "dissolve" },
    { "a dissolve of no frames is a cut",
      EDL("002 B V D 000 00:00:05:00 00:00:06:00 00:00:01:00 00:00:02:00\n"), 125, 25, 2, NULL },
    { "a wipe is refused",
      EDL("002 B V W001 010 00:00:05:00 00:00:06:00 00:00:01:00 00:00:02:00\n"), 0, -1, 1, "wipe" },
    { "a freeze frame is refused", EDL("M2 A 000.0 00:00:00:00\n"), 0, -1, 0, "freeze" },
    { "a change of speed is refused", EDL("M2 A 047.6 00:00:00:00\n"), 0, -1, 0, "changes speed" },
    { "running backwards is refused", EDL("M2 A -025.0 00:00:00:00\n"), 0, -1, 0, "backwards" },
    { "the list's own speed is none", EDL("M2 A 025.0 00:00:00:00\n"), 0, 25, 1, NULL },
    { "another rate's speed is a change of it", EDL("M2 A 050.0 00:00:00:00\n"), 0, -1, 0,
      "changes speed (50.0" },
    { "a rate nearby is one as well", EDL("M2 A 024.0 00:00:00:00\n"), 0, -1, 0, "changes speed" },
    { "a change of sound's speed is sound's",
      EDL("002 B AA C 00:00:05:00 00:00:06:00 00:00:01:00 00:00:02:00\nM2 B -025.0 "
          "00:00:05:00\n"),
      0, 25, 1, "1 events of sound" },
    { "a key is told once, with its two halves",
      EDL("002 B V K B 00:00:05:00 00:00:06:00 00:00:01:00 00:00:02:00\n"
          "002 D V K 000 00:00:05:00 00:00:05:00 00:00:01:00 00:00:01:00\n"),
      0, -1, 1, "key" },
    { "a reel may have blanks in its name",
      EDL("002 MY OWN REEL V C 00:00:05:00 00:00:06:00 00:00:01:00 00:00:02:00\n"), 125, 25, 2,
      NULL },
    { "tabs are blanks", EDL("002\tB\tV\tC\t\t00:00:05:00\t00:00:06:00 00:00:01:00\t00:00:02:00\n"),
      125, 25, 2, NULL },
    { "a number may have letters",
      EDL("002A B V C 00:00:05:00 00:00:06:00 00:00:01:00 00:00:02:00\n"), 125, 25, 2, NULL },
    { "an event that lacks its timecodes is not passed over", EDL("002 B V C aa bb cc dd\n"), 0, -1,
      1, "0 timecodes" },
    { "a channel that is none is not passed over",
      EDL("002 B X C 00:00:05:00 00:00:06:00 00:00:01:00 00:00:02:00\n"), 0, -1, 1, "channel X" },
    { "picture and sound in one event are picture",
      EDL("002 B AA/V C 00:00:05:00 00:00:06:00 00:00:01:00 00:00:02:00\n"), 125, 25, 2, NULL },
    { "both are picture", EDL("002 B B C 00:00:05:00 00:00:06:00 00:00:01:00 00:00:02:00\n"), 125,
      25, 2, NULL },
    { "the order of record times counts",
      EDL("002 B V C 00:00:05:00 00:00:06:00 00:00:02:00 00:00:03:00\n"
          "003 B V C 00:00:09:00 00:00:10:00 00:00:01:00 00:00:02:00\n"),
      125, 25, 3, "order of its record times" },
    { "an event may pass midnight",
      EDL("002 B V C 23:59:59:00 00:00:01:00 00:00:01:00 00:00:03:00\n"), 2159975, 50, 2, NULL },
    { "but not without a record as long",
      EDL("002 B V C 23:59:59:00 00:00:01:00 00:00:01:00 00:00:02:00\n"), 2159975, -1, 2,
      "ends before" },
    { "a transition of no frames is cut to the clip that comes",
      EDL("002 A V C 00:00:01:00 00:00:01:00 00:00:01:00 00:00:01:00\n"
          "002 B V D 000 00:00:05:00 00:00:06:00 00:00:01:00 00:00:02:00\n"
          "* FROM CLIP NAME: a\n* TO CLIP NAME: b\n"),
      125, 25, 2, NULL },
    { "a dissolve from black is a dissolve",
      EDL("002 BL V C 00:00:00:00 00:00:00:00 00:00:01:00 00:00:01:00\n"
          "002 B V D 010 00:00:05:00 00:00:06:00 00:00:01:00 00:00:02:00\n"),
      0, -1, 1, "dissolve" },
    { "drop frame exists at two rates only",
      EDL("002 B V C 00:00:05;00 00:00:06;00 00:00:01:00 00:00:02:00\n"), -1, -1, 2, "drop-frame" },
    { "black is refused", EDL("002 BL V C 00:00:05:00 00:00:06:00 00:00:01:00 00:00:02:00\n"), 0,
      -1, 1, "black" },
    { "sound is passed over and said",
      EDL("002 B AA C 00:00:05:00 00:00:06:00 00:00:01:00 00:00:02:00\n"), 0, 25, 1, "sound" },
    { "a gap in the record is refused",
      EDL("002 B V C 00:00:05:00 00:00:06:00 00:00:01:01 00:00:02:01\n"), 125, -1, 2,
      "gap of 1 frames" },
    { "an overlap in the record is refused",
      EDL("002 B V C 00:00:05:00 00:00:06:00 00:00:00:24 00:00:01:24\n"), 125, -1, 2,
      "1 frames before the end" },
    { "source and record of two lengths are refused",
      EDL("002 B V C 00:00:05:00 00:00:06:00 00:00:01:00 00:00:02:01\n"), 125, -1, 2,
      "25 frames of the source for 26" },
    { "an event of no frames is refused",
      EDL("002 B V C 00:00:05:00 00:00:05:00 00:00:01:00 00:00:01:00\n"), 0, -1, 1, "no frames" },
    { "three timecodes are refused", EDL("002 B V C 00:00:05:00 00:00:06:00 00:00:01:00\n"), 0, -1,
      1, "3 timecodes" },
    { "a frame past the rate is refused",
      EDL("002 B V C 00:00:05:25 00:00:06:00 00:00:01:00 00:00:02:00\n"), -1, -1, 2,
      "no timecode" },
    { "bytes that are no UTF-8 are refused", EDL("* FROM CLIP NAME: \xff\xfe\n"), 0, -1, 1,
      "UTF-8" },
    { "out before in is refused",
      EDL("002 B V C 00:00:06:00 00:00:05:00 00:00:01:00 00:00:02:00\n"), 150, -1, 2,
      "ends before" },

    { "a clip is read in media time", OTIO(CLIP("\"source_range\":" RANGE("10", "5"))), 10, 5, 1,
      NULL },
    { "without a range it is all of the media",
      OTIO(CLIP("\"source_range\":null,\"media_reference\":{\"OTIO_SCHEMA\":\"MissingReference.1\","
                "\"available_range\":" RANGE("90000", "50") "}")),
      90000, 50, 1, NULL },
    { "bare NaN in metadata is passed over",
      OTIO(CLIP("\"metadata\":{\"a\":NaN,\"b\":-Infinity},\"source_range\":" RANGE("10", "5"))), 10,
      5, 1, NULL },
    { "a transition is refused by name",
      OTIO("{\"OTIO_SCHEMA\":\"Transition.1\",\"name\":\"t9\"}," CLIP(
          "\"source_range\":" RANGE("10", "5"))),
      10, -1, 1, "t9" },
    { "a time warp is refused",
      OTIO(CLIP("\"effects\":[{\"OTIO_SCHEMA\":\"LinearTimeWarp.1\",\"time_scalar\":2.0}],\"source_"
                "range\":" RANGE("10", "5"))),
      0, -1, 0, "changes speed" },
    { "a gap in the picture is refused",
      OTIO("{\"OTIO_SCHEMA\":\"Gap.1\",\"source_range\":" RANGE("0", "5") "}," CLIP(
          "\"source_range\":" RANGE("10", "5"))),
      10, -1, 1, "gap" },
    { "a disabled clip is a gap",
      OTIO(CLIP("\"source_range\":" RANGE("10", "5")) "," CLIP(
          "\"enabled\":false,\"source_range\":" RANGE("10", "5"))),
      10, -1, 1, "gap" },
    { "what is NaN is no time", OTIO(CLIP("\"source_range\":" RANGE("NaN", "5"))), 0, -1, 0,
      "whole frames" },
    { "a number of any size may lie in metadata",
      OTIO(CLIP("\"metadata\":{\"a\":99999999999999999999999999,\"b\":Inf},\"source_range\":" RANGE(
          "10", "5"))),
      10, 5, 1, NULL },
    { "a frame past all time is refused", OTIO(CLIP("\"source_range\":" RANGE("1e14", "5"))), 0, -1,
      0, "whole frames" },
    { "nothing at a rate of 1 is nothing",
      OTIO(CLIP("\"source_range\":{\"OTIO_SCHEMA\":\"TimeRange.1\",\"start_time\":{\"OTIO_SCHEMA\":"
                "\"RationalTime.1\",\"value\":0,\"rate\":1},\"duration\":" TIME("5") "}")),
      0, 5, 1, NULL },
    { "what is of no use is passed over: a track above with nothing enabled",
      "{\"OTIO_SCHEMA\":\"Stack.1\",\"children\":[{\"OTIO_SCHEMA\":\"Sequence.1\",\"kind\":"
      "\"Video\","
      "\"children\":[" CLIP("\"source_range\":" RANGE(
          "10", "5")) "]},{\"OTIO_SCHEMA\":\"Track.1\","
                      "\"children\":[" CLIP(
                          "\"enabled\":false,\"source_range\":" RANGE("1", "5")) "]}]}",
      10, 5, 1, NULL },
    { "a disabled track is passed over, and said",
      "{\"OTIO_SCHEMA\":\"Stack.1\",\"children\":[{\"OTIO_SCHEMA\":\"Track.1\",\"kind\":\"Video\","
      "\"children\":[" CLIP(
          "\"source_range\":" RANGE("10", "5")) "]},{\"OTIO_SCHEMA\":\"Track.1\","
                                                "\"enabled\":false,\"children\":[" CLIP(
                                                    "\"source_range\":" RANGE("1", "5")) "]}]}",
      10, 5, 1, "disabled" },
    { "an empty track of picture before the one that is cut is none",
      "{\"OTIO_SCHEMA\":\"Stack.1\",\"children\":[{\"OTIO_SCHEMA\":\"Track.1\",\"kind\":\"Video\","
      "\"children\":[]},{\"OTIO_SCHEMA\":\"Track.1\",\"children\":[" CLIP(
          "\"source_range\":" RANGE("1", "5")) "]}]}",
      1, 5, 1, NULL },
    { "a collection of one timeline is that",
      "{\"OTIO_SCHEMA\":\"SerializableCollection.1\",\"children\":[" OTIO(
          CLIP("\"source_range\":" RANGE("10", "5"))) "]}",
      10, 5, 1, NULL },
    { "a collection of two is refused",
      "{\"OTIO_SCHEMA\":\"SerializableCollection.1\",\"children\":[" OTIO("") "," OTIO("") "]}", 0,
      -1, 0, "collection of 2 timelines" },
    { "a clip at another rate than the first is refused",
      OTIO(CLIP("\"source_range\":" RANGE("10", "5")) "," CLIP(
          "\"source_range\":{\"OTIO_SCHEMA\":\"TimeRange.1\",\"start_time\":{\"OTIO_SCHEMA\":"
          "\"RationalTime.1\",\"value\":0,\"rate\":30},\"duration\":{\"OTIO_SCHEMA\":"
          "\"RationalTime.1\","
          "\"value\":60,\"rate\":30}}")),
      -1, -1, 2, "30/1 frames a second in a list of 25/1" },
    { "half a frame is refused", OTIO(CLIP("\"source_range\":" RANGE("10.5", "5"))), 0, -1, 0,
      "whole frames" },
    { "a nested track is flattened and trimmed",
      OTIO("{\"OTIO_SCHEMA\":\"Track.1\",\"kind\":\"Video\",\"source_range\":" RANGE(
          "2", "6") ",\"children\":[" CLIP("\"source_range\":" RANGE("10",
                                                                     "5")) "," CLIP("\"source_"
                                                                                    "range\""
                                                                                    ":" RANGE(
                                                                                        "50",
                                                                                        "5")) "]}"),
      50, 3, 2, NULL },
    { "a generator is refused",
      OTIO(
          CLIP("\"source_range\":" RANGE("10", "5") ",\"media_reference\":{\"OTIO_SCHEMA\":"
                                                    "\"GeneratorReference.1\",\"name\":\"bars\"}")),
      0, -1, 0, "generated" },

    { "a resource is read by its defaults", CPL(""), 0, 100, 1, NULL },
    { "entry and duration are of the resource",
      CPL("<EntryPoint>10</EntryPoint><SourceDuration>20</SourceDuration>"), 10, 20, 1, NULL },
    { "a repeat is so many events", CPL("<RepeatCount>3</RepeatCount>"), 0, 100, 3, NULL },
    { "a resource cannot give more than it has",
      CPL("<EntryPoint>90</EntryPoint><SourceDuration>20</SourceDuration>"), 0, -1, 0,
      "frames 90 to 110" },
    { "a repeat of millions is refused", CPL("<RepeatCount>9000000</RepeatCount>"), 0, -1, 0,
      "RepeatCount" },
    { "a number that overflows is refused", CPL("<EntryPoint>99999999999999999999</EntryPoint>"), 0,
      -1, 0, "EntryPoint" },

    { "an asset clip is read from the asset's start",
      FCPX("<asset-clip name='c' ref='a' offset='0s' start='3601s' duration='2s'/>"), 90025, 50, 1,
      NULL },
    { "a time between frames is refused",
      FCPX("<asset-clip name='c' ref='a' offset='0s' start='1/3s' duration='2s'/>"), 0, -1, 0,
      "whole number" },
    { "a compound is refused by name",
      FCPX("<ref-clip name='cc' ref='a' offset='0s' duration='2s'/>"), 0, -1, 0, "cc" },
    { "picture on a lane is refused",
      FCPX("<asset-clip name='c' ref='a' offset='0s' start='3600s' duration='2s'><title lane='1' "
           "offset='0s' "
           "duration='1s'/></asset-clip>"),
      0, -1, 0, "lane 1" },
    { "a conforming to the same rate is none",
      FCPX("<asset-clip name='c' ref='a' offset='0s' start='3600s' duration='2s'><conform-rate "
           "srcFrameRate='25'/></asset-clip>"),
      90000, 50, 1, NULL },
    { "one to another is a change of speed",
      FCPX("<asset-clip name='c' ref='a' offset='0s' start='3600s' duration='2s'><conform-rate "
           "srcFrameRate='23.98'/></asset-clip>"),
      0, -1, 0, "retimed" },
    { "a clip's picture is found through its own time",
      FCPX("<clip name='c' offset='0s' start='10s' duration='2s'><video ref='a' offset='4s' "
           "start='3600s' duration='60s'/></clip>"),
      90150, 50, 1, NULL },
    { "a clip without a start, of media that does not begin at 0, is refused",
      FCPX("<asset-clip name='c' ref='a' offset='0s' duration='2s'/>"), 0, -1, 0,
      "where it begins" },
    { "a title is refused", FCPX("<title name='tt' ref='a' offset='0s' duration='2s'/>"), 0, -1, 0,
      "generated (title)" },
    { "a disabled clip of Final Cut is a gap",
      FCPX("<asset-clip name='c' ref='a' enabled='0' offset='0s' start='3600s' duration='2s'/>"), 0,
      -1, 0, "disabled" },
    { "sound above the picture is no picture",
      FCPX("<asset-clip name='c' ref='a' offset='0s' start='3600s' duration='2s'><asset-clip "
           "lane='1' "
           "ref='s' offset='0s' duration='1s'/></asset-clip>"),
      90000, 50, 1, "sound" },
    { "a gap of Final Cut is refused",
      FCPX("<gap name='Gap' offset='0s' duration='2s' start='3600s'/>"), 0, -1, 0, "gap" },
    { "a clip of a file that is not there is refused",
      FCPX("<asset-clip name='c' ref='zz' offset='0s' duration='2s'/>"), 0, -1, 0,
      "which is no asset" },
    { "a number past all time is refused",
      FCPX("<asset-clip name='c' ref='a' offset='0s' start='4611686018427387900s' duration='2s'/>"),
      0, -1, 0, "past all time" },
    { "a retimed clip is refused",
      FCPX("<asset-clip name='c' ref='a' offset='0s' duration='2s'><timeMap/></asset-clip>"), 0, -1,
      0, "retimed" },
};

static void outcome(void **state)
{
    const struct row *row = *state;
    struct cut_report report = { 0 };
    struct cut_list *list;
    struct spn_error err = { 0 };
    int said = row->says == NULL;

    assert_int_equal(cut_list_read(row->text, strlen(row->text), "x", &list, &report, &err),
                     SPN_OK);
    cut_list_count(list, (struct spn_rate){ 25, 1 }, &report);
    assert_int_equal(list->count, row->events);
    assert_int_equal(report.faults > 0, row->frames < 0);
    for (size_t i = 0; i < report.count; i++)
        said |= report.remarks[i].is_fault == (row->frames < 0) && row->says &&
                strstr(report.remarks[i].text, row->says) != NULL;
    if (!said && report.count)
        print_message("said: %s\n", report.remarks[0].text);
    assert_true(said);
    if (row->events) {
        const struct cut_event *last = &list->events[list->count - 1];

        if (row->first >= 0)
            assert_int_equal(last->in.frame, row->first);
        if (row->frames >= 0)
            assert_int_equal(last->out.frame - last->in.frame, row->frames);
    }
    cut_list_free(list);
    cut_report_finish(&report);
}

/* ---- what is no list at all ---- */

static const struct broken {
    const char *name, *text;
    size_t size;
    int want;
} broken[] = {
    { "nothing is no list", "", 0, SPN_EFORMAT },
    { "blanks are no list", " \n\t\n", 4, SPN_EFORMAT },
    { "bytes of zero are no list", "TITLE\0", 6, SPN_EFORMAT },
    { "half of JSON is no list", "{\"OTIO_SCHEMA\":", 15, SPN_EFORMAT },
    { "other JSON is no list", "{\"a\":1}", 7, SPN_EFORMAT },
    { "other XML is no list", "<a/>", 4, SPN_EUNSUPPORTED },
    { "half of XML is no list", "<fcpxml><a>", 11, SPN_EFORMAT },
    { "an asset map is named as what it is", "<!-- x --><am:AssetMap xmlns:am='x'/>", 37,
      SPN_EUNSUPPORTED },
    { "Final Cut Pro 7 is named as what it is",
      "<?xml version='1.0'?><!DOCTYPE xmeml [<!ENTITY a 'b'>]><xmeml version='5'/>", 75,
      SPN_EUNSUPPORTED },
    { "an MXF file is no list", "\x06\x0e\x2b\x34\x02\0\0", 7, SPN_EUNSUPPORTED },
    { "an AAF is no list", "\xd0\xcf\x11\xe0\0\0\0", 7, SPN_EUNSUPPORTED },
    { "a film is no list",
      "\0\0\0\x20"
      "ftypisom\0\0\2\0",
      16, SPN_EUNSUPPORTED },
    { "subtitles are no list", "1\n00:00:01,000 --> 00:00:02,000\nHello\n", 40, SPN_EFORMAT },
    { "seconds of a player are no list", "0 5.3 0\n8.1 12 1\n", 17, SPN_EFORMAT },
    { "half a pair of UTF-16 is no list",
      "\xff\xfe\x00\xd8"
      "A\0",
      6, SPN_EFORMAT },
    { "an entity that would grow is no list",
      "<!DOCTYPE fcpxml [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><fcpxml>&b;</fcpxm>", 78,
      SPN_EFORMAT },
};

static void refuse(void **state)
{
    const struct broken *row = *state;
    struct cut_report report = { 0 };
    struct spn_error err = { 0 };
    struct cut_list *list;

    assert_int_equal(cut_list_read(row->text, row->size, "x", &list, &report, &err), row->want);
    assert_null(list);
    assert_true(err.text[0]);
    cut_report_finish(&report);
}

/* ---- other encodings ---- */

static struct cut_list *read_all(const void *bytes, size_t size, struct cut_report *report)
{
    struct cut_list *list;

    assert_int_equal(cut_list_read(bytes, size, "x", &list, report, NULL), SPN_OK);
    cut_list_count(list, (struct spn_rate){ 25, 1 }, report);
    return list;
}

static void in_utf16(void **state)
{
    static const char text[] = EDL("* FROM CLIP NAME: \xC3\xA9\r\n");
    unsigned char wide[2 * sizeof(text)] = { 0 };

    (void)state;
    for (int big = 0; big < 2; big++) {
        struct cut_report report = { 0 };
        struct cut_list *list;
        size_t n = 0;

        wide[n++] = big ? 0xFE : 0xFF;
        wide[n++] = big ? 0xFF : 0xFE;
        for (const char *p = text; *p; p++) {
            unsigned char unit = (unsigned char)*p == 0xC3 ? 0xE9 : (unsigned char)*p;

            if ((unsigned char)*p == 0xA9)
                continue; /* the second half of the letter */
            wide[n + (size_t)!big] = 0;
            wide[n + (size_t)big] = unit;
            n += 2;
        }
        list = read_all(wide, n, &report);
        assert_int_equal(report.faults, 0);
        assert_string_equal(list->events[0].name, "\xC3\xA9");
        cut_list_free(list);
        cut_report_finish(&report);
    }
}

static void in_gb18030(void **state)
{
    /* 大平原 in GB18030 */
    static const char text[] = EDL("* FROM CLIP NAME: \xB4\xF3\xC6\xBD\xD4\xAD\n");
    struct cut_report report = { 0 };
    struct cut_list *list = read_all(text, sizeof(text) - 1, &report);

    (void)state;
    cut_report_sort(&report);
    assert_int_equal(report.faults, 1);
    assert_int_equal(report.remarks[0].line, 3);
    assert_non_null(strstr(report.remarks[1].text, "GB18030"));
    cut_list_free(list);
    cut_report_finish(&report);
}

static void of_macintosh(void **state)
{
    static const char text[] =
        "TITLE: x\r001  A V C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\r"
        "* FROM CLIP NAME: b\r002 A V D 010 00:00:05:00 00:00:06:00 "
        "00:00:01:00 00:00:02:00\r";
    struct cut_report report = { 0 };
    struct cut_list *list = read_all(text, sizeof(text) - 1, &report);

    (void)state;
    assert_int_equal(report.faults, 1);
    assert_int_equal(report.remarks[0].line, 4);
    assert_string_equal(list->events[0].name, "b");
    cut_list_free(list);
    cut_report_finish(&report);
}

/* ---- too much of it ---- */

/* A million events: the limit is told once, and what lies before it is kept. */
static void millions(void **state)
{
    struct spn_buffer text = { 0 };
    struct cut_report report = { 0 };
    struct cut_list *list;

    (void)state;
    spn_buffer_string(&text, "TITLE: x\n");
    for (int i = 0; i < 1000000; i++)
        spn_buffer_string(&text, "1 A V C 0:00:00:00 0:00:00:01 0:00:00:00 0:00:00:01\n");
    assert_int_equal(cut_list_read(text.data, text.size, "x", &list, &report, NULL), SPN_OK);
    assert_int_equal(report.faults, 1);
    assert_int_equal(report.remarks[0].line, CUT_EVENTS_MAX + 2);
    assert_int_equal(list->count, CUT_EVENTS_MAX);
    cut_list_free(list);
    cut_report_finish(&report);
    spn_buffer_finish(&text);
}

static const struct deep {
    const char *name, *open, *close, *says;
} deep[] = {
    { "JSON of ten thousand levels is refused", "[", "]", "depth" },
    { "XML of ten thousand levels is refused", "<fcpxml>", "</fcpxml>", "depth" },
    { "tracks in tracks are refused where they lie", "{\"OTIO_SCHEMA\":\"Track.1\",\"children\":[",
      "]}", "depth" },
};

static void too_deep(void **state)
{
    const struct deep *row = *state;
    struct spn_buffer text = { 0 };
    struct cut_report report = { 0 };
    struct spn_error err = { 0 };
    struct cut_list *list;

    for (int i = 0; i < 10000; i++)
        spn_buffer_string(&text, row->open);
    for (int i = 0; i < 10000; i++)
        spn_buffer_string(&text, row->close);
    assert_int_equal(cut_list_read(text.data, text.size, "x", &list, &report, &err), SPN_EFORMAT);
    if (!strstr(err.text, row->says))
        print_message("said: %s\n", err.text);
    assert_non_null(strstr(err.text, row->says));
    cut_report_finish(&report);
    spn_buffer_finish(&text);
}

/* As deep as the parser goes, and deeper than compounds may lie. */
static void compounds_too_deep(void **state)
{
    struct spn_buffer text = { 0 };
    struct cut_report report = { 0 };
    struct cut_list *list;

    (void)state;
    for (int i = 0; i < 100; i++)
        spn_buffer_string(&text, deep[2].open);
    for (int i = 0; i < 100; i++)
        spn_buffer_string(&text, deep[2].close);
    assert_int_equal(cut_list_read(text.data, text.size, "x", &list, &report, NULL), SPN_OK);
    assert_int_equal(report.faults, 1);
    assert_non_null(strstr(report.remarks[0].text, "more than 32 deep"));
    cut_list_free(list);
    cut_report_finish(&report);
    spn_buffer_finish(&text);
}

/* Everything that is wrong with a list, at once and by line; a thousand notes leave room for it. */
static void all_at_once(void **state)
{
    static const size_t lines[] = { 1003, 1004, 1005, 1005, 1006, 1007, 1008, 1009 };
    struct spn_buffer text = { 0 };
    struct cut_report report = { 0 };
    struct cut_list *list;
    size_t told = 0;

    (void)state;
    spn_buffer_string(&text, EDL(""));
    for (int i = 0; i < 1000; i++)
        spn_buffer_string(&text, "what is this\n");
    spn_buffer_string(&text, "2 B V D 010 00:00:05:00 00:00:06:00 00:00:01:00 00:00:02:00\n"
                             "3 B V C 00:00:06:00 00:00:05:00 00:00:02:00 00:00:01:00\n"
                             "4 B V C 00:00:05:00 00:00:06:25 00:00:02:00 00:00:03:00\n"
                             "M2 B 000.0 00:00:05:00\n"
                             "5 B V C 00:00:05:00 00:00:05:00 00:00:03:00 00:00:03:00\n"
                             "6 B V C 00:00:05:00 00:00:06:00 00:00:04:00 00:00:05:00\n"
                             "7 B V C 00:00:05:00 00:00:06:00 00:00:04:10 00:00:05:10\n");
    list = read_all(text.data, text.size, &report);
    cut_report_sort(&report);
    for (size_t i = 0; i < report.count; i++) {
        if (!report.remarks[i].is_fault)
            continue;
        for (size_t n = 0; n < sizeof(lines) / sizeof(lines[0]); n++)
            told |= report.remarks[i].line == lines[n] ? (size_t)1 << n : 0;
    }
    assert_int_equal(told & 0x9F, 0x9F); /* all but the timecode that a freeze frame has */
    assert_int_equal(report.notes, 1000);
    cut_list_free(list);
    cut_report_finish(&report);
    spn_buffer_finish(&text);
}

/* ---- there and back ---- */

static uint64_t seed = 7;

static int64_t pick(int64_t from, int64_t to)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return from + (int64_t)((seed >> 33) % (uint64_t)(to - from));
}

typedef int writer(const struct spn_composition *, const struct cut_names *, struct spn_buffer *,
                   struct spn_error *);
static const struct format {
    const char *name;
    writer *write;
} formats[] = {
    { "a random cut comes back from CMX3600", edl_write },
    { "a random cut comes back from OpenTimelineIO", otio_write },
    { "a random cut comes back from an IMF playlist", cpl_write },
};

/* The asset an event means, by what the format carries. */
static uint32_t asset_of(const struct cut_event *event, const struct spn_clip_asset *assets,
                         size_t count)
{
    for (size_t a = 0; a < count; a++) {
        char hex[SPN_HASH_HEX + 1], uuid[37];

        spn_hash_hex(&assets[a].name, hex);
        cut_asset_uuid(&assets[a].name, uuid);
        if (strcmp(event->asset, hex) == 0 ||
            (strncmp(event->reel, "urn:uuid:", 9) == 0 && strcmp(event->reel + 9, uuid) == 0))
            return (uint32_t)a;
    }
    fail_msg("an event is of no asset");
    return 0;
}

/* Markers of a cut of frames frames: in order of time, at most one in a frame. */
static size_t markers_pick(struct cut_marker markers[8], int64_t frames)
{
    static const char *const words[] = { "", "Opening", "第一章 开始", "fix <this> & that",
                                         "naïve \"quotes\" \\ slash" };
    static const char *const colors[] = { "RED", "GREEN", "CYAN" };
    size_t count = (size_t)pick(0, 8);

    for (size_t i = 0; i < count; i++) {
        int64_t step = frames / (int64_t)count;

        memset(&markers[i], 0, sizeof(markers[i]));
        markers[i].at.frame = step * (int64_t)i + (step ? pick(0, step) : 0);
        markers[i].is_chapter = pick(0, 2) != 0;
        (void)snprintf(markers[i].color, sizeof(markers[i].color), "%s", colors[pick(0, 3)]);
        (void)snprintf(markers[i].name, sizeof(markers[i].name), "%s", words[pick(0, 5)]);
        if (step == 0)
            return i + 1;
    }
    return count;
}

static void markers_same(const struct cut_list *list, const struct cut_names *names, int colors)
{
    assert_int_equal(list->marker_count, names->marker_count);
    for (size_t i = 0; i < names->marker_count; i++) {
        assert_int_equal(list->markers[i].at.frame, names->markers[i].at.frame);
        assert_int_equal(list->markers[i].is_chapter, names->markers[i].is_chapter);
        assert_string_equal(list->markers[i].name, names->markers[i].name);
        if (colors)
            assert_string_equal(list->markers[i].color, names->markers[i].color);
    }
}

/* Any name that a file can have: what is no text in it must not spoil the list. */
static void name_pick(char out[CUT_TEXT_MAX])
{
    static const char *const parts[] = { "ep", "第二集",    ".mov", " ", "&<>\"'", "\n", "\xff",
                                         "é",  "012345678", "🎬",    "*", "BL",     "\t" };
    size_t at = 0;

    for (int64_t n = pick(1, 60); n > 0 && at + 16 < CUT_TEXT_MAX; n--)
        at += (size_t)snprintf(out + at, CUT_TEXT_MAX - at, "%s", parts[pick(0, 13)]);
}

static void round_trip(void **state)
{
    static const struct spn_rate rates[] = { { 24000, 1001 }, { 24, 1 },       { 25, 1 },
                                             { 30000, 1001 }, { 30, 1 },       { 48, 1 },
                                             { 50, 1 },       { 60000, 1001 }, { 60, 1 } };
    const struct format *format = *state;

    for (int run = 0; run < 600; run++) {
        struct spn_rate rate = rates[pick(0, 9)];
        struct spn_clip_asset assets[4];
        char title[CUT_TEXT_MAX], texts[4][CUT_TEXT_MAX];
        const char *names[4] = { texts[0], texts[1], texts[2], texts[3] };
        int64_t starts[4];
        int drops[4], drops_at = rate.den == 1001 && rate.num != 24000;
        struct spn_clip clips[20], back[40];
        size_t count = (size_t)pick(1, 20), n = 0;
        struct cut_marker markers[8];
        struct cut_names cut = { title, names, starts, drops, drops_at && pick(0, 2), markers, 0 };
        struct spn_composition *composition, *again;
        struct spn_buffer out = { 0 };
        struct cut_report report = { 0 };
        struct spn_hash want, have;
        struct cut_list *list;

        name_pick(title);
        for (size_t a = 0; a < 4; a++) {
            name_pick(texts[a]);
            drops[a] = drops_at && pick(0, 2);
            assets[a] = (struct spn_clip_asset){ .rate = rate, .frames = pick(1, 200000) };
            assets[a].name.bytes[0] = (uint8_t)(a + 1);
            /* some begin at 0, some at any timecode of a day, so that some pass midnight */
            starts[a] = format->write == cpl_write || !pick(0, 3)
                            ? 0
                            : pick(0, (int64_t)spn_rate_gop(rate) * 43200);
        }
        for (size_t i = 0; i < count; i++) {
            clips[i].asset = (uint32_t)pick(0, 4);
            clips[i].in = pick(0, assets[clips[i].asset].frames);
            clips[i].out = pick(clips[i].in + 1, assets[clips[i].asset].frames + 1);
        }
        assert_int_equal(
            spn_composition_make(rate, assets, 4, clips, count, NULL, NULL, &composition, NULL),
            SPN_OK);
        cut.marker_count = markers_pick(markers, composition->start[composition->count]);
        assert_int_equal(format->write(composition, &cut, &out, NULL), SPN_OK);
        assert_int_equal(cut_list_read(out.data, out.size, "x", &list, &report, NULL), SPN_OK);
        cut_list_count(list, rate, &report);
        if (report.faults || report.notes)
            print_message("%s\n", report.remarks[0].text);
        assert_int_equal(report.faults + report.notes, 0);
        for (n = 0; n < list->count; n++) {
            const struct cut_event *event = &list->events[n];

            back[n].asset = asset_of(event, assets, 4);
            back[n].in = event->in.frame - starts[back[n].asset];
            back[n].out = event->out.frame - starts[back[n].asset];
        }
        assert_int_equal(spn_composition_make(rate, assets, 4, back, n, NULL, NULL, &again, NULL),
                         SPN_OK);
        spn_edit_name(composition, &want);
        spn_edit_name(again, &have);
        assert_true(spn_hash_equal(&want, &have));
        markers_same(list, &cut, format->write != cpl_write);
        spn_composition_free(composition);
        spn_composition_free(again);
        cut_list_free(list);
        cut_report_finish(&report);
        spn_buffer_finish(&out);
    }
}

/* Two films whose names begin alike are two reels of a list, which has eight letters for them. */
static void reels_differ(void **state)
{
    static const char *const names[] = {
        "episode_01.mkv", "episode_02.mkv", "第一集.mkv", "第二集.mkv", "BL", "A0000000.mov", "x"
    };
    struct spn_clip_asset assets[7];
    struct spn_clip clips[7];
    int64_t starts[7] = { 0 };
    int drops[7] = { 0 };
    struct cut_names cut = { "reels", names, starts, drops, 0, NULL, 0 };
    struct spn_composition *composition;
    struct cut_report report = { 0 };
    struct spn_buffer out = { 0 };
    struct cut_list *list;

    (void)state;
    for (uint32_t a = 0; a < 7; a++) {
        assets[a] = (struct spn_clip_asset){ .rate = { 25, 1 }, .frames = 100 };
        assets[a].name.bytes[0] = (uint8_t)(a + 1);
        clips[a] = (struct spn_clip){ a, 10, 20 };
    }
    assert_int_equal(spn_composition_make((struct spn_rate){ 25, 1 }, assets, 7, clips, 7, NULL,
                                          NULL, &composition, NULL),
                     SPN_OK);
    assert_int_equal(edl_write(composition, &cut, &out, NULL), SPN_OK);
    assert_int_equal(cut_list_read(out.data, out.size, "x", &list, &report, NULL), SPN_OK);
    cut_list_count(list, (struct spn_rate){ 25, 1 }, &report);
    assert_int_equal(report.faults + report.notes, 0);
    assert_int_equal(list->count, 7);
    for (size_t a = 0; a < 7; a++)
        for (size_t b = 0; b < a; b++)
            assert_string_not_equal(list->events[a].reel, list->events[b].reel);
    assert_string_equal(list->events[6].reel, "x");
    spn_composition_free(composition);
    cut_list_free(list);
    cut_report_finish(&report);
    spn_buffer_finish(&out);
}

int main(void)
{
    struct CMUnitTest tests[200];
    size_t n = 0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, outcome, NULL, NULL, (void *)(uintptr_t)&rows[i] };
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        tests[n++] = (struct CMUnitTest){ broken[i].name, refuse, NULL, NULL,
                                          (void *)(uintptr_t)&broken[i] };
    for (size_t i = 0; i < 3; i++)
        tests[n++] = (struct CMUnitTest){ formats[i].name, round_trip, NULL, NULL,
                                          (void *)(uintptr_t)&formats[i] };
    for (size_t i = 0; i < sizeof(deep) / sizeof(deep[0]); i++)
        tests[n++] =
            (struct CMUnitTest){ deep[i].name, too_deep, NULL, NULL, (void *)(uintptr_t)&deep[i] };
    tests[n++] =
        (struct CMUnitTest){ "compounds may lie 32 deep", compounds_too_deep, NULL, NULL, NULL };
    tests[n++] =
        (struct CMUnitTest){ "UTF-16 is read, either way round", in_utf16, NULL, NULL, NULL };
    tests[n++] =
        (struct CMUnitTest){ "GB18030 is refused with a hint", in_gb18030, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "lines may end as on old Macintoshes", of_macintosh, NULL,
                                      NULL, NULL };
    tests[n++] =
        (struct CMUnitTest){ "a million events are told once", millions, NULL, NULL, NULL };
    tests[n++] =
        (struct CMUnitTest){ "all faults are told at once", all_at_once, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "each asset has a reel of its own in CMX3600", reels_differ,
                                      NULL, NULL, NULL };
    return _cmocka_run_group_tests("lists", tests, n, NULL, NULL);
}

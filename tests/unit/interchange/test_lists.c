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
    "</resources><project name='p'><sequence format='r1'><spine>" item                             \
    "</spine></sequence></project></fcpxml>"

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
    { "a freeze frame is refused", EDL("M2 A 000.0 00:00:00:00\n"), 0, -1, 1, "freeze" },
    { "a change of speed is refused", EDL("M2 A 047.6 00:00:00:00\n"), 0, -1, 1, "changes speed" },
    { "running backwards is refused", EDL("M2 A -025.0 00:00:00:00\n"), 0, -1, 1, "backwards" },
    { "the list's own speed is none", EDL("M2 A 025.0 00:00:00:00\n"), 0, 25, 1, "no change" },
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
      OTIO(CLIP("\"enabled\":false,\"source_range\":" RANGE("10", "5"))), 0, -1, 0, "gap" },
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
      FCPX("<asset-clip name='c' ref='a' offset='0s' duration='2s'><title lane='1' offset='0s' "
           "duration='1s'/></asset-clip>"),
      0, -1, 0, "lane 1" },
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

static void round_trip(void **state)
{
    static const struct spn_rate rates[] = { { 24000, 1001 }, { 24, 1 }, { 25, 1 },
                                             { 30000, 1001 }, { 30, 1 }, { 50, 1 },
                                             { 60000, 1001 } };
    const struct format *format = *state;

    for (int run = 0; run < 300; run++) {
        struct spn_rate rate = rates[pick(0, 7)];
        struct spn_clip_asset assets[4];
        const char *names[4] = { "ep 1 & <one>.mov", "第二集", "ep3", "ep4" };
        int64_t starts[4];
        struct spn_clip clips[20], back[40];
        size_t count = (size_t)pick(1, 20), n = 0;
        struct cut_names cut = { "a film", names, starts,
                                 rate.den == 1001 && rate.num != 24000 && pick(0, 2) };
        struct spn_composition *composition, *again;
        struct spn_buffer out = { 0 };
        struct cut_report report = { 0 };
        struct spn_hash want, have;
        struct cut_list *list;

        for (size_t a = 0; a < 4; a++) {
            assets[a] = (struct spn_clip_asset){ .rate = rate, .frames = pick(1, 200000) };
            assets[a].name.bytes[0] = (uint8_t)(a + 1);
            starts[a] = format->write == cpl_write ? 0 : pick(0, 2) * spn_rate_gop(rate) * 1800;
        }
        for (size_t i = 0; i < count; i++) {
            clips[i].asset = (uint32_t)pick(0, 4);
            clips[i].in = pick(0, assets[clips[i].asset].frames);
            clips[i].out = pick(clips[i].in + 1, assets[clips[i].asset].frames + 1);
        }
        assert_int_equal(
            spn_composition_make(rate, assets, 4, clips, count, NULL, NULL, &composition, NULL),
            SPN_OK);
        assert_int_equal(format->write(composition, &cut, &out, NULL), SPN_OK);
        assert_int_equal(cut_list_read(out.data, out.size, "x", &list, &report, NULL), SPN_OK);
        cut_list_count(list, rate, &report);
        if (report.faults)
            print_message("%s\n", report.remarks[0].text);
        assert_int_equal(report.faults, 0);
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
        spn_composition_free(composition);
        spn_composition_free(again);
        cut_list_free(list);
        cut_report_finish(&report);
        spn_buffer_finish(&out);
    }
}

int main(void)
{
    struct CMUnitTest tests[80];
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
    return _cmocka_run_group_tests("lists", tests, n, NULL, NULL);
}

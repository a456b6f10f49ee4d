/*
 * material_test.c - real lists, from the programs that editors use: each is read as it is meant, or
 * refused for all that is wrong with it and for nothing else.
 *
 * What is expected of each file was written down by reading the file. SAMPAN_MATERIAL names the
 * folder with cutlists/ in it; without it there is nothing to do. A file there that has no row
 * fails.
 */
#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "cut_list.h"
#include "sampan/file.h"

#define PATH_ROOM  4096
#define FAULTS_MAX 10

#define OTIO "AcademySoftwareFoundation_OpenTimelineIO/"
#define CMX  "OpenTimelineIO_otio-cmx3600-adapter/"
#define FCP  "OpenTimelineIO_otio-fcpx-xml-adapter/"
#define EDL  "guerilla-di_edl/"
#define PY   "simonh10_python-edl/"
#define IMF  "Netflix_photon/"
#define NY   IMF "TestIMP/NYCbCrLT_3840x2160x23.98x10min/"
#define APP5 IMF "TestIMP/Application5/MultiAppIMP/"
#define APP2 IMF "TestIMP/Application2E2021/CPL_"
#define BUMP APP2 "b2e1ace2-9c7d-4c12-b2f7-24bde303869e"

/* Files of a package that are no list, as their sentence begins to tell. */
#define AM  "is an IMF asset map"
#define PKL "is an IMF packing list"
#define VOL "is an IMF volume index"
#define MXF "no list but an MXF file"

#define NTSC24                                                                                     \
    {                                                                                              \
        24000, 1001                                                                                \
    }
#define R24                                                                                        \
    {                                                                                              \
        24, 1                                                                                      \
    }
#define R25                                                                                        \
    {                                                                                              \
        25, 1                                                                                      \
    }
#define NTSC30                                                                                     \
    {                                                                                              \
        30000, 1001                                                                                \
    }
#define R30                                                                                        \
    {                                                                                              \
        30, 1                                                                                      \
    }

struct expected {
    size_t line;
    const char *says;
};

static const struct row {
    const char *file;
    const char *refused;  /* not a list at all, and what is said; NULL: it is one */
    struct spn_rate rate; /* asked for where the list says none, else what it says */
    size_t events;        /* that can be used */
    int64_t in, out;      /* of the first of them */
    int64_t frames;       /* of all of them */
    size_t markers;
    struct expected faults[FAULTS_MAX]; /* all of them; none: the list is read */
} rows[] = {
    /* nine clips from 01:00:04:05 on, two red and pink marks at :14 and one green */
    { CMX "screening_example.edl", NULL, R24, 9, 86501, 86532, 1049, 3, { { 0 } } },
    { CMX "premiere_example.edl", NULL, R24, 2, 86501, 86532, 81, 0, { { 0 } } },
    { CMX "avid_example.edl", NULL, R24, 2, 86501, 86532, 81, 0, { { 0 } } },
    { CMX "cdl.edl", NULL, R24, 2, 86501, 86532, 62, 0, { { 0 } } },
    { CMX "25fps.edl", NULL, R25, 4, 90000, 90161, 496, 0, { { 0 } } },
    { EDL "REEL_IS_CLIP.txt", NULL, R25, 4, 0, 324, 1439, 0, { { 0 } } },
    { CMX "dissolve_test.edl", NULL, R24, 2, 86501, 86510, 10, 0, { { 6, "dissolve" } } },
    { CMX "dissolve_test_2.edl", NULL, R24, 2, 86501, 86506, 10, 0, { { 6, "dissolve" } } },
    { CMX "dissolve_test_3.edl", NULL, R24, 2, 86495, 86556, 107, 0, { { 9, "dissolve" } } },
    { CMX "transition_duration.edl", NULL, R24, 3, 86703, 86809, 335, 0, { { 6, "dissolve" } } },
    /* 16 frames between shot1 and shot2, 38 before shot3 */
    { CMX "gap_test.edl",
      NULL,
      R24,
      3,
      14400,
      14424,
      72,
      0,
      { { 5, "gap of 16 frames before \"shot2\"" }, { 7, "gap of 38 frames before \"shot3\"" } } },
    /* two freezes, one change of speed; event 4 alone can be used of 2 to 5; and the record jumps
     * from 01:00:05:06 to 01:08:30:00, and from 01:08:31:12 to 01:11:31:16 */
    { CMX "speed_effects_small.edl",
      NULL,
      R24,
      2,
      86445,
      86571,
      144,
      0,
      { { 5, "gap of" },
        { 6, "freeze frame" },
        { 10, "freeze frame" },
        { 15, "gap of" },
        { 16, "changes speed (47.6" } } },
    { EDL "KEY_TRANSITION.EDL", NULL, R25, 0, 0, 0, 0, 0, { { 4, "key" } } },
    { EDL "REVERSE.EDL", NULL, R25, 0, 0, 0, 0, 0, { { 3, "runs backwards" } } },
    { EDL "SIMPLE_DISSOLVE.EDL", NULL, R25, 0, 0, 0, 0, 0, { { 5, "dissolve" } } },
    { EDL "SPLICEME.EDL", NULL, R25, 2, 604268, 604313, 47, 0, { { 5, "gap of 226 frames" } } },
    { EDL "TIMEWARP.EDL", NULL, R25, 0, 0, 0, 0, 0, { { 5, "changes speed (309.6" } } },
    /* the same list five times, made at 25: a dissolve in event 5, event 10 runs backwards */
    { PY "test_25.edl",
      NULL,
      R25,
      5,
      90000,
      91499,
      3103,
      0,
      { { 17, "dissolve" }, { 39, "runs backwards" } } },
    { PY "test_2398.edl",
      NULL,
      NTSC24,
      5,
      86400,
      -1,
      -1,
      0,
      { { 3, "01:00:59:24 is no timecode" },
        { 3, "00:00:59:24 is no timecode" },
        { 9, "00:00:59:24 is no timecode" },
        { 17, "dissolve" },
        { 34, "106 frames of the source for 107" },
        { 39, "runs backwards" } } },
    { PY "test_2997DF.edl",
      NULL,
      NTSC30,
      5,
      108000,
      109794,
      3718,
      0,
      { { 9, "901 frames of the source for 906" },
        { 17, "dissolve" },
        { 34, "136 frames of the source for 131" },
        { 39, "runs backwards" } } },
    { PY "test_2997NDF.edl",
      NULL,
      NTSC30,
      5,
      108000,
      109794,
      3718,
      0,
      { { 9, "901 frames of the source for 906" },
        { 17, "dissolve" },
        { 34, "136 frames of the source for 131" },
        { 39, "runs backwards" } } },
    /* cut at 25 under the name of 24: events 4 and 5 lie on each other, 7 begins later than 5 ends
     */
    { PY "test_24.edl",
      NULL,
      R24,
      6,
      86400,
      -1,
      -1,
      0,
      { { 3, "01:00:59:24 is no timecode" },
        { 3, "00:00:59:24 is no timecode" },
        { 9, "00:00:59:24 is no timecode" },
        { 16, "593 frames before the end" },
        { 25, "gap of" },
        { 28, "106 frames of the source for 107" },
        { 33, "runs backwards" } } },

    { OTIO "simple_cut.otio", NULL, R24, 4, 3, 6, 19, 0, { { 0 } } },
    { OTIO "screening_example.otio", NULL, R24, 9, 86501, 86532, 1049, 1, { { 0 } } },
    { OTIO "clip_example.otio",
      NULL,
      R24,
      1,
      3,
      6,
      3,
      0,
      { { 11, "gap, \"Gap A\"" },
        { 84, "transition (SMPTE_Dissolve)" },
        { 101, "gap, \"Gap B\"" } } },
    { OTIO "transition.otio",
      NULL,
      R24,
      4,
      3,
      6,
      19,
      0,
      { { 108, "transition (SMPTE_Dissolve)" } } },
    { OTIO "generator_reference_test.otio",
      NULL,
      R24,
      0,
      0,
      0,
      0,
      0,
      { { 11, "\"C\" is generated (bars)" } } },
    { OTIO "multitrack.otio",
      NULL,
      R24,
      3,
      0,
      720,
      2162,
      0,
      { { 38, "gap, \"Filler\"" },
        { 86, "gap, \"Filler 2\"" },
        { 134, "gap, \"Filler 3\"" },
        { 164, "\"Sequence 2\" lies over \"Sequence\"" },
        { 245, "\"Sequence 3\" lies over \"Sequence\"" } } },
    { OTIO "preflattened.otio",
      NULL,
      R24,
      5,
      0,
      482,
      2558,
      0,
      { { 119, "gap, \"Filler 2\"" }, { 167, "gap, \"Filler 3\"" } } },
    { CMX "enabled.otio",
      NULL,
      R24,
      2,
      0,
      3,
      6,
      0,
      { { 98, "\"Track-002\" lies over \"Track-001\"" } } },

    /* all on one line: seven gaps from 10 s to 80 s, a dissolve before them, two compounds */
    { FCP "fcpx_project.fcpxml",
      NULL,
      R30,
      4,
      0,
      300,
      1200,
      1,
      { { 1, "\"Cross Dissolve\" is a transition" },
        { 1, "gap in the picture at 10s" },
        { 1, "gap in the picture at 20s" },
        { 1, "gap in the picture at 30s" },
        { 1, "gap in the picture at 40s" },
        { 1, "gap in the picture at 50s" },
        { 1, "gap in the picture at 60s" },
        { 1, "gap in the picture at 70s" },
        { 1, "\"compound_clip_1\" is a compound (ref-clip)" },
        { 1, "\"compound_clip_1\" is a compound (ref-clip)" } } },
    { FCP "fcpx_clips.fcpxml", NULL, R30, 0, 0, 0, 0, 0, { { 0, "no project in this file" } } },

    { IMF "CPL_70176947-ea8e-41f9-b2cf-ae58ec8bdb78.xml",
      NULL,
      NTSC24,
      1,
      0,
      16200,
      16200,
      0,
      { { 0 } } },
    { NY "CPL-de6d2644-e84c-432d-98d5-98d89271d082.xml",
      NULL,
      NTSC24,
      20,
      0,
      720,
      14400,
      0,
      { { 0 } } },
    { NY "CPL_a453b63a-cf4d-454a-8c34-141f560c0100.xml",
      NULL,
      NTSC24,
      20,
      0,
      720,
      14400,
      0,
      { { 0 } } },
    { NY "CPL_a453b63a-cf4d-454a-8c34-141f560c0100_error.xml",
      NULL,
      NTSC24,
      0,
      0,
      0,
      0,
      0,
      { { 30, "frames 0 to 7200 are asked of a resource that has 720" } } },
    { IMF "TestIMP/PHDR/CPL_3aa56098-7709-4673-9266-7f0c70ba10d8.xml",
      NULL,
      NTSC24,
      1,
      0,
      24,
      24,
      0,
      { { 0 } } },
    { APP2 "3714715a-af0c-4a89-9cc9-c99f61e7eb6d_CC-Namespaces.xml",
      NULL,
      R24,
      1,
      0,
      56904,
      56904,
      0,
      { { 0 } } },
    /* what these three describe wrongly is the essence of files that a cut does not use */
    { BUMP ".xml", NULL, R30, 1, 0, 329, 329, 0, { { 0 } } },
    { BUMP "-bad-codec.xml", NULL, R30, 1, 0, 329, 329, 0, { { 0 } } },
    { BUMP "-bad-color.xml", NULL, R30, 1, 0, 329, 329, 0, { { 0 } } },
    { BUMP "-bad-frame-structure.xml", NULL, R30, 1, 0, 329, 329, 0, { { 0 } } },
    { APP5 "CPL_a74cc26b-a87d-4fde-9a28-1865a5ef33db.xml",
      NULL,
      NTSC24,
      1,
      0,
      276,
      276,
      0,
      { { 0 } } },
    { APP5 "CPL_be8dd1cf-f6e0-4455-ac6f-b22d28557755.xml",
      NULL,
      NTSC24,
      1,
      0,
      491,
      491,
      0,
      { { 0 } } },
    { APP5 "CPL_eaf76289-fd79-477f-9526-e34d69a8f57a.xml",
      NULL,
      NTSC24,
      1,
      0,
      491,
      491,
      0,
      { { 0 } } },
    /* sound that is missing is none of the picture's faults */
    { IMF "TestIMP/IMF-2020/CPL-2016_no-audio-track.xml",
      NULL,
      NTSC24,
      1,
      0,
      240,
      240,
      0,
      { { 0 } } },
    { IMF "TestIMP/IMF-2020/CPL-2020_no-audio-track.xml",
      NULL,
      NTSC24,
      1,
      0,
      240,
      240,
      0,
      { { 0 } } },
    { IMF "TestIMP/IMF-2020/CPL-2020_updated-core-constraints.xml",
      NULL,
      NTSC24,
      1,
      0,
      240,
      240,
      0,
      { { 0 } } },

    { IMF "ASSETMAP.xml", AM, { 0 }, 0, 0, 0, 0, 0, { { 0 } } },
    { IMF "ASSETMAP_schemaViolation.xml", AM, { 0 }, 0, 0, 0, 0, 0, { { 0 } } },
    { IMF "ASSETMAP_unsupportedNamespace.xml", AM, { 0 }, 0, 0, 0, 0, 0, { { 0 } } },
    { IMF "PKL_2067_2_2016.xml", PKL, { 0 }, 0, 0, 0, 0, 0, { { 0 } } },
    { IMF "PKL_2067_2_2050.xml", PKL, { 0 }, 0, 0, 0, 0, 0, { { 0 } } },
    { IMF "PKL_e788efe2-1782-4b09-b56d-1336da2413d5.xml", PKL, { 0 }, 0, 0, 0, 0, 0, { { 0 } } },
    { APP5 "ASSETMAP.xml", AM, { 0 }, 0, 0, 0, 0, 0, { { 0 } } },
    { APP5 "PKL_1c43e7a3-f3e1-4e1a-a706-a7c28c388863.xml", PKL, { 0 }, 0, 0, 0, 0, 0, { { 0 } } },
    { APP5 "VOLINDEX.xml", VOL, { 0 }, 0, 0, 0, 0, 0, { { 0 } } },
    { NY "ASSETMAP.xml", AM, { 0 }, 0, 0, 0, 0, 0, { { 0 } } },
    { NY "ASSETMAP_ERROR.xml", AM, { 0 }, 0, 0, 0, 0, 0, { { 0 } } },
    { NY "PKL_0429fedd-b55d-442a-aa26-2a81ec71ed05.xml", PKL, { 0 }, 0, 0, 0, 0, 0, { { 0 } } },
    { NY "VOLINDEX.xml", VOL, { 0 }, 0, 0, 0, 0, 0, { { 0 } } },
    { NY "NYCbCrLT_3840x2160x2398_full_full.mxf.hdr", MXF, { 0 }, 0, 0, 0, 0, 0, { { 0 } } },
    { NY "NYCbCrLT_3840x2160x2chx24bitx30.03sec.mxf.hdr", MXF, { 0 }, 0, 0, 0, 0, 0, { { 0 } } },
    { IMF "TestIMP/PHDR/ASSETMAP.xml", AM, { 0 }, 0, 0, 0, 0, 0, { { 0 } } },
    { IMF "TestIMP/PHDR/PKL_913ef906-893f-4851-8664-2d053bd2ec95.xml",
      PKL,
      { 0 },
      0,
      0,
      0,
      0,
      0,
      { { 0 } } },
    { IMF "TestIMP/PHDR/AUDIO_a2a83e0a-a0ac-4785-8685-d868631f493a.mxf",
      MXF,
      { 0 },
      0,
      0,
      0,
      0,
      0,
      { { 0 } } },
    { IMF "TestIMP/PHDR/VIDEO_23e9a145-f2da-4183-86b2-1c399db41afb.mxf",
      MXF,
      { 0 },
      0,
      0,
      0,
      0,
      0,
      { { 0 } } },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static char root[PATH_ROOM];

/* ---- one file ---- */

/* Each expected fault is told once, and no other. */
static void faults_same(const struct row *row, const struct cut_report *report)
{
    int used[FAULTS_MAX] = { 0 };
    size_t expected = 0, wrong = 0;

    while (expected < FAULTS_MAX && row->faults[expected].says)
        expected++;
    for (size_t i = 0; i < report->count; i++) {
        const struct cut_remark *remark = &report->remarks[i];
        size_t e = 0;

        if (!remark->is_fault)
            continue;
        while (e < expected && (used[e] || row->faults[e].line != remark->line ||
                                !strstr(remark->text, row->faults[e].says)))
            e++;
        if (e < expected) {
            used[e] = 1;
            continue;
        }
        print_message("not expected: line %zu: %s\n", remark->line, remark->text);
        wrong++;
    }
    for (size_t e = 0; e < expected; e++)
        if (!used[e]) {
            print_message("not told: line %zu: %s\n", row->faults[e].line, row->faults[e].says);
            wrong++;
        }
    assert_int_equal(wrong, 0);
    assert_int_equal(report->faults, expected);
}

static void events_same(const struct row *row, const struct cut_list *list)
{
    int64_t frames = 0;

    assert_int_equal(list->count, row->events);
    assert_int_equal(list->marker_count, row->markers);
    for (size_t i = 0; i < list->count; i++)
        frames += list->events[i].out.frame - list->events[i].in.frame;
    if (row->events == 0)
        return;
    assert_int_equal(list->events[0].in.frame, row->in);
    assert_int_equal(list->events[0].out.frame, row->out);
    if (row->frames >= 0)
        assert_int_equal(frames, row->frames);
    assert_true(spn_rate_equal(list->rate, row->rate));
}

static void one_file(void **state)
{
    const struct row *row = *state;
    struct spn_buffer bytes = { 0 };
    struct cut_report report = { 0 };
    struct spn_error err = { 0 };
    struct cut_list *list = NULL;
    char path[PATH_ROOM + 512];
    int ret;

    (void)snprintf(path, sizeof(path), "%s/%s", root, row->file);
    assert_int_equal(spn_file_get(path, CUT_LIST_SIZE_MAX, &bytes, &err), SPN_OK);
    ret = cut_list_read(bytes.data, bytes.size, row->file, &list, &report, &err);
    if (row->refused) {
        assert_true(ret < 0);
        assert_non_null(strstr(err.text, row->refused));
    } else {
        if (ret < 0)
            print_message("%s\n", err.text);
        assert_int_equal(ret, SPN_OK);
        /* a reader that guesses a rate is caught here: it is not the one that is asked for */
        assert_true(list->rate.num == 0 || spn_rate_equal(list->rate, row->rate));
        assert_int_equal(list->rate.num == 0 && list->count > 0,
                         strcmp(list->format, "cmx3600") == 0 && list->count > 0);
        cut_list_count(list, row->rate, &report);
        cut_report_sort(&report);
        faults_same(row, &report);
        events_same(row, list);
    }
    cut_list_free(list);
    cut_report_finish(&report);
    spn_buffer_finish(&bytes);
}

/* ---- all of them ---- */

static size_t unknown_in(const char *folder)
{
    char path[2 * PATH_ROOM];
    size_t unknown = 0;
    struct dirent *entry;
    DIR *dir;

    (void)snprintf(path, sizeof(path), "%s/%s", root, folder);
    dir = opendir(path);
    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        char name[2 * PATH_ROOM];
        struct stat info;
        size_t i = 0;

        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(name, sizeof(name), "%s%s%s", folder, *folder ? "/" : "", entry->d_name);
        (void)snprintf(path, sizeof(path), "%s/%.4000s", root, name);
        assert_int_equal(stat(path, &info), 0);
        if (S_ISDIR(info.st_mode)) {
            unknown += unknown_in(name);
            continue;
        }
        while (i < ROWS && strcmp(rows[i].file, name) != 0)
            i++;
        if (i == ROWS)
            print_message("nobody has read %s\n", name);
        unknown += i == ROWS;
    }
    closedir(dir);
    return unknown;
}

static void all_are_known(void **state)
{
    (void)state;
    assert_int_equal(unknown_in(""), 0);
}

int main(void)
{
    const char *material = getenv("SAMPAN_MATERIAL");
    struct CMUnitTest tests[ROWS + 1];

    if (!material || !*material) {
        puts("1..0 # skip no real material: script/test --material DIR");
        return 77;
    }
    (void)snprintf(root, sizeof(root), "%.4000s/cutlists", material);
    for (size_t i = 0; i < ROWS; i++)
        tests[i] =
            (struct CMUnitTest){ rows[i].file, one_file, NULL, NULL, (void *)(uintptr_t)&rows[i] };
    tests[ROWS] = (struct CMUnitTest){ "every list there has been read by somebody", all_are_known,
                                       NULL, NULL, NULL };
    return _cmocka_run_group_tests("real lists", tests, ROWS + 1, NULL, NULL);
}

/* publication_test.c - plans that cannot be published, and bytes that are no publication. */
#include "rows.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask_all.h"
#include "invent.h"
#include "publication_index.h"

static const struct invent small = {
    .rate = { 25, 1 },
    .frames = 330,
    .videos = 2,
    .stereo = 1,
    .surround = 1,
    .texts = 1,
    .cues = 4,
    .sheets = 1,
    .chapters = 2,
    .inexact = 3,
    .seed = 2,
};

/* Each of its bytes is changed twice and everything asked again. */
static const struct invent tiny = {
    .rate = { 25, 1 },
    .frames = 160,
    .videos = 1,
    .stereo = 1,
    .texts = 1,
    .cues = 2,
    .sheets = 1,
    .chapters = 2,
    .inexact = 3,
    .seed = 2,
};

/* ---- plans ---- */

static struct spn_plan_fragment *fragments(struct invented *invented, size_t rendition)
{
    return (struct spn_plan_fragment *)(uintptr_t)invented->renditions[rendition].fragments;
}

static struct spn_plan_cue *cues(struct invented *invented)
{
    return (struct spn_plan_cue *)(uintptr_t)invented->renditions[4].cues;
}

static struct spn_plan_sheet *sheet(struct invented *invented)
{
    return (struct spn_plan_sheet *)(uintptr_t)invented->storyboard.sheets;
}

static void nothing(struct invented *i)
{
    (void)i;
}
static void id_bad(struct invented *i)
{
    i->plan.id = "title_01hzy3v7q2kqj8w5r9c4t6m0ab";
}
static void rate_zero(struct invented *i)
{
    i->plan.rate.den = 0;
}
static void gop_zero(struct invented *i)
{
    i->plan.gop = 0;
}
static void gops_five(struct invented *i)
{
    i->plan.segment_gops = 5;
}
static void no_renditions(struct invented *i)
{
    i->plan.rendition_count = 0;
}
static void many_renditions(struct invented *i)
{
    i->plan.rendition_count = SPN_RENDITIONS_MAX + 1;
}
static void many_files(struct invented *i)
{
    i->plan.file_count = SPN_FILES_MAX + 1;
}
static void no_picture(struct invented *i)
{
    i->plan.renditions += 2;
    i->plan.rendition_count -= 2;
}
static void folder_bad(struct invented *i)
{
    i->files[0].folder = (enum spn_folder)9;
}
static void rendition_id(struct invented *i)
{
    i->renditions[0].id = "video";
}
static void rendition_zero(struct invented *i)
{
    i->renditions[0].id = "v00";
}
static void rendition_twice(struct invented *i)
{
    i->renditions[1].id = "v0";
}
static void rendition_order(struct invented *i)
{
    i->renditions[3].info.media = SPN_VIDEO;
}
static void language(struct invented *i)
{
    memcpy(i->renditions[2].info.language, "zh\"x", 5);
}
static void language_none(struct invented *i)
{
    i->renditions[2].info.language[0] = '\0';
}
static void codecs(struct invented *i)
{
    memcpy(i->renditions[2].info.codecs, "a,b", 4);
}
static void name_control(struct invented *i)
{
    i->renditions[2].name = "a\nb";
}
static void name_latin(struct invented *i)
{
    i->renditions[2].name = "caf\xe9";
}
static void name_overlong(struct invented *i)
{
    i->renditions[2].name = "\xc0\xaf";
}
static void name_surrogate(struct invented *i)
{
    i->renditions[2].name = "\xed\xa0\x80";
}
static void cut_elsewhere(struct invented *i)
{
    fragments(i, 1)[2].duration--;
}
static void cut_fewer(struct invented *i)
{
    i->renditions[1].fragment_count--;
}
static void timescale_other(struct invented *i)
{
    i->renditions[1].info.timescale = 50;
}
static void timescale_zero(struct invented *i)
{
    i->renditions[2].info.timescale = 0;
}
static void no_fragments(struct invented *i)
{
    i->renditions[2].fragment_count = 0;
}
static void no_header(struct invented *i)
{
    i->renditions[2].header = NULL;
}
static void header_large(struct invented *i)
{
    i->renditions[2].header_size = SPN_HEADER_SIZE_MAX + 1;
}
static void file_none(struct invented *i)
{
    fragments(i, 0)[0].file = (uint32_t)i->plan.file_count;
}
static void past_end(struct invented *i)
{
    fragments(i, 0)[0].offset = i->files[0].size;
}
static void offset_huge(struct invented *i)
{
    fragments(i, 0)[0].offset = UINT64_MAX - 1;
}
static void size_zero(struct invented *i)
{
    fragments(i, 0)[0].size = 0;
}
static void moof_small(struct invented *i)
{
    fragments(i, 0)[0].moof_size = SPN_PREFIX_SIZE;
}
static void moof_large(struct invented *i)
{
    fragments(i, 0)[0].moof_size = fragments(i, 0)[0].size;
}
static void sample_large(struct invented *i)
{
    fragments(i, 0)[0].first_sample_size = UINT32_MAX;
}
static void sample_zero(struct invented *i)
{
    fragments(i, 0)[0].first_sample_size = 0;
}
static void no_time(struct invented *i)
{
    fragments(i, 2)[0].duration = 0;
}
static void cue_backwards(struct invented *i)
{
    cues(i)[1].end_ms = cues(i)[1].start_ms;
}
static void cue_negative(struct invented *i)
{
    cues(i)[0].start_ms = -1;
}
static void cue_order(struct invented *i)
{
    cues(i)[3].start_ms = 0;
}
static void cue_far(struct invented *i)
{
    cues(i)[3].end_ms = 360000000;
}
static void cue_blank(struct invented *i)
{
    cues(i)[0].text = "a\n\nb";
}
static void cue_empty(struct invented *i)
{
    cues(i)[0].text = "";
}
static void cue_arrow(struct invented *i)
{
    cues(i)[0].text = "a --> b";
}
static void cue_return(struct invented *i)
{
    cues(i)[0].text = "a\r\n\rb";
}
static void cue_settings(struct invented *i)
{
    cues(i)[0].settings = "line:0\nx";
}
static void sheets_few(struct invented *i)
{
    i->storyboard.tile_count = 26;
}
static void sheets_long(struct invented *i)
{
    i->storyboard.tile_ms = 14000;
    i->storyboard.tile_count = 2;
}
static void sheet_outside(struct invented *i)
{
    sheet(i)->size = UINT32_MAX;
}
static void sheet_wide(struct invented *i)
{
    i->storyboard.tile_width = 16384;
}

static struct spn_plan_cue *chapters(struct invented *invented)
{
    return (struct spn_plan_cue *)(uintptr_t)invented->plan.chapters;
}
static void chapters_none(struct invented *i)
{
    i->plan.chapter_count = 0;
}
static void chapters_overlap(struct invented *i)
{
    chapters(i)[1].start_ms = chapters(i)[0].end_ms - 1;
}
static void chapter_untitled(struct invented *i)
{
    chapters(i)[0].text = "";
}
static void chapters_many(struct invented *i)
{
    i->plan.chapter_count = SPN_CHAPTERS_MAX + 1;
}

static const struct plan_row {
    const char *name;
    void (*change)(struct invented *invented);
    int want;
} plan_rows[] = {
    { "the plan itself is published", nothing, SPN_OK },
    { "an id of another kind is refused", id_bad, SPN_EINVAL },
    { "a rate of nothing is refused", rate_zero, SPN_EINVAL },
    { "a GOP of nothing is refused", gop_zero, SPN_EINVAL },
    { "a target above four GOPs is refused", gops_five, SPN_EINVAL },
    { "nothing to show is refused", no_renditions, SPN_EINVAL },
    { "too many renditions are refused", many_renditions, SPN_ELIMIT },
    { "too many files are refused", many_files, SPN_ELIMIT },
    { "sound alone is refused", no_picture, SPN_EINVAL },
    { "a folder that is none is refused", folder_bad, SPN_EINVAL },
    { "an id of letters is refused", rendition_id, SPN_EINVAL },
    { "an id with leading zeros is refused", rendition_zero, SPN_EINVAL },
    { "one id twice is refused", rendition_twice, SPN_EINVAL },
    { "video after audio is refused", rendition_order, SPN_EINVAL },
    { "a language with a quote is refused", language, SPN_EINVAL },
    { "no language is refused", language_none, SPN_EINVAL },
    { "codecs with a comma are refused", codecs, SPN_EINVAL },
    { "a name of two lines is refused", name_control, SPN_EINVAL },
    { "a name that is not UTF-8 is refused", name_latin, SPN_EINVAL },
    { "a name in overlong UTF-8 is refused", name_overlong, SPN_EINVAL },
    { "a name with a surrogate is refused", name_surrogate, SPN_EINVAL },
    { "pictures cut at different places are refused", cut_elsewhere, SPN_EMISMATCH },
    { "pictures of different length are refused", cut_fewer, SPN_EMISMATCH },
    { "pictures of different timescales are refused", timescale_other, SPN_EMISMATCH },
    { "a timescale of zero is refused", timescale_zero, SPN_EINVAL },
    { "a rendition without fragments is refused", no_fragments, SPN_EINVAL },
    { "a rendition without header is refused", no_header, SPN_EINVAL },
    { "a header above its limit is refused", header_large, SPN_ELIMIT },
    { "a fragment in no file is refused", file_none, SPN_EINVAL },
    { "a fragment past its file's end is refused", past_end, SPN_EINVAL },
    { "an offset that wraps around is refused", offset_huge, SPN_EINVAL },
    { "a fragment of no bytes is refused", size_zero, SPN_EINVAL },
    { "a moof that is only a prefix is refused", moof_small, SPN_EINVAL },
    { "a moof that is all of the fragment is refused", moof_large, SPN_EINVAL },
    { "a first sample larger than its fragment is refused", sample_large, SPN_EINVAL },
    { "a first sample of no bytes is refused", sample_zero, SPN_EINVAL },
    { "a fragment of no time is refused", no_time, SPN_EINVAL },
    { "a cue of no time is refused", cue_backwards, SPN_EINVAL },
    { "a cue before the start is refused", cue_negative, SPN_EINVAL },
    { "cues out of order are refused", cue_order, SPN_EINVAL },
    { "a cue after 100 hours is refused", cue_far, SPN_EINVAL },
    { "a cue with an empty line is refused", cue_blank, SPN_EINVAL },
    { "a cue without text is refused", cue_empty, SPN_EINVAL },
    { "a cue with an arrow is refused", cue_arrow, SPN_EINVAL },
    { "a cue with carriage returns is refused", cue_return, SPN_EINVAL },
    { "settings of two lines are refused", cue_settings, SPN_EINVAL },
    { "fewer sheets than tiles ask for are refused", sheets_few, SPN_EINVAL },
    { "a storyboard longer than the picture is refused", sheets_long, SPN_EINVAL },
    { "a sheet outside of its file is refused", sheet_outside, SPN_EINVAL },
    { "a sheet too wide for JPEG decoders is refused", sheet_wide, SPN_EINVAL },
    { "a film need not have chapters", chapters_none, SPN_OK },
    { "chapters that overlap are refused", chapters_overlap, SPN_EINVAL },
    { "a chapter without a title is refused", chapter_untitled, SPN_EINVAL },
    { "too many chapters are refused", chapters_many, SPN_ELIMIT },
};

static void plans(void **state)
{
    const struct plan_row *row = *state;
    static struct invented invented;
    struct spn_buffer file = { 0 };
    struct spn_error err = { 0 };
    size_t answers;

    invent(&small, &invented);
    row->change(&invented);
    assert_int_equal(spn_publication_make(&invented.plan, &file, &err), row->want);
    assert_int_equal(err.code, row->want);
    if (row->want == SPN_OK) {
        assert_int_equal(ask_all(file.data, file.size, &answers), SPN_OK);
        assert_true(answers > 100);
    } else {
        assert_true(strlen(err.text) > 10);
        assert_int_equal(file.size, 0);
    }
    spn_buffer_finish(&file);
    invented_finish(&invented);
}

/* ---- bytes ---- */

static struct spn_buffer made(const struct invent *wish)
{
    static struct invented invented;
    struct spn_buffer file = { 0 };

    invent(wish, &invented);
    assert_int_equal(spn_publication_make(&invented.plan, &file, NULL), SPN_OK);
    invented_finish(&invented);
    return file;
}

static void equal(void **state)
{
    struct spn_buffer one = made(&small), other = made(&small);

    (void)state;
    assert_int_equal(one.size, other.size);
    assert_memory_equal(one.data, other.data, one.size);
    spn_buffer_finish(&one);
    spn_buffer_finish(&other);
}

/* A flipped byte does not open: the hash sees it. */
static void flipped(void **state)
{
    struct spn_buffer file = made(&small);
    size_t answers;

    (void)state;
    for (size_t i = 0; i < file.size; i++) {
        file.data[i] ^= (uint8_t)(1u << i % 8);
        assert_true(ask_all(file.data, file.size, &answers) < 0);
        file.data[i] ^= (uint8_t)(1u << i % 8);
    }
    assert_int_equal(ask_all(file.data, file.size, &answers), SPN_OK);
    spn_buffer_finish(&file);
}

/* The same with the hash made right again: what opens answers within its files and its bytes. */
static void forged(void **state)
{
    struct spn_buffer file = made(&tiny);
    size_t answers, opened = 0, refused = 0;
    static const uint8_t masks[] = { 0x01, 0xFF };

    (void)state;
    for (size_t i = 0; i < file.size; i++)
        for (size_t m = 0; m < sizeof(masks); m++) {
            file.data[i] ^= masks[m];
            ask_all_rehash(file.data, file.size);
            if (ask_all(file.data, file.size, &answers) == SPN_OK)
                opened++;
            else
                refused++;
            file.data[i] ^= masks[m];
        }
    assert_true(opened > 100 && refused > 2000);
    spn_buffer_finish(&file);
}

static void truncated(void **state)
{
    struct spn_buffer file = made(&small);
    size_t answers;

    (void)state;
    for (size_t size = 0; size < file.size; size++) {
        uint8_t *exact = malloc(size ? size : 1);

        memcpy(exact, file.data, size);
        ask_all_rehash(exact, size);
        assert_true(ask_all(exact, size, &answers) < 0);
        free(exact);
    }
    spn_buffer_zero(&file, 8);
    ask_all_rehash(file.data, file.size);
    assert_true(ask_all(file.data, file.size, &answers) < 0);
    spn_buffer_finish(&file);
}

static void version(void **state)
{
    struct spn_buffer file = made(&small);
    struct spn_publication *publication;

    (void)state;
    file.data[HEADER_VERSION] = 2;
    ask_all_rehash(file.data, file.size);
    assert_int_equal(spn_publication_open_memory(file.data, file.size, &publication, NULL),
                     SPN_EUNSUPPORTED);
    assert_null(publication);
    spn_buffer_finish(&file);
}

/* ---- files ---- */

static void put(const char *path, const void *bytes, size_t size)
{
    FILE *out = fopen(path, "wb");

    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
}

static void opened(void **state)
{
    char folder[] = "/tmp/sampan-publication-XXXXXX", path[64], gone[80];
    struct spn_buffer file = made(&small);
    struct spn_publication *publication;
    struct spn_plan_file named;
    struct spn_error err;

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/p", folder);
    (void)snprintf(gone, sizeof(gone), "%s.gone", path);
    assert_int_equal(spn_publication_open(path, &publication, &err), SPN_ENOENT);
    assert_int_equal(spn_publication_open(folder, &publication, &err), SPN_EFORMAT);
    put(path, "", 0);
    assert_int_equal(spn_publication_open(path, &publication, &err), SPN_EFORMAT);
    put(path, "#EXTM3U\n", 8);
    assert_int_equal(spn_publication_open(path, &publication, &err), SPN_EFORMAT);
    assert_non_null(strstr(err.text, path));
    put(path, file.data, file.size);
    assert_int_equal(spn_publication_open(path, &publication, &err), SPN_OK);
    assert_string_equal(spn_publication_id(publication), INVENT_ID);
    assert_int_equal(spn_publication_flags(publication), SPN_PUBLICATION_OPEN);
    assert_int_equal(spn_publication_file_count(publication), 9);
    assert_int_equal(spn_publication_file(publication, 8, &named), SPN_OK);
    assert_int_equal(named.folder, SPN_FOLDER_SHEETS);
    assert_int_equal(spn_publication_file(publication, 9, &named), SPN_ERANGE);
    spn_publication_close(publication);
    put(gone, "", 0);
    assert_int_equal(spn_publication_open(path, &publication, &err), SPN_EGONE);
    assert_null(publication);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(spn_publication_open(path, &publication, &err), SPN_EGONE);
    assert_int_equal(unlink(gone), 0);
    assert_int_equal(rmdir(folder), 0);
    spn_buffer_finish(&file);
}

int main(void)
{
    static struct rows rows;

    rows_add_table(&rows, plan_rows, plans);
    rows_add(&rows, "the same plan gives the same bytes", equal, NULL);
    rows_add(&rows, "no flipped byte opens", flipped, NULL);
    rows_add(&rows, "forged bytes are refused, or answer within their bounds", forged, NULL);
    rows_add(&rows, "no shorter or longer file opens", truncated, NULL);
    rows_add(&rows, "another version is unsupported, not unsound", version, NULL);
    rows_add(&rows, "a file opens unless a tombstone stands beside it", opened, NULL);
    return rows_run(&rows, "publication");
}

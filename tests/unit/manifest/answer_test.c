/* answer_test.c - the parts of every answer, against the plan that the publication was made of. */
#include "rows.h"

#include <stdio.h>

#include "invent.h"
#include "publication_index.h"
#include "sampan/answer.h"

static struct invented invented;
static struct spn_publication *publication;
static struct spn_buffer file;

static const struct invent wish = {
    .rate = { 24000, 1001 },
    .frames = 10000,
    .videos = 3,
    .stereo = 2,
    .surround = 1,
    .texts = 2,
    .cues = 300,
    .sheets = 1,
    .chapters = 3,
    .inexact = 11,
    .seed = 9,
};

static int setup(void **state)
{
    struct spn_error err;

    (void)state;
    invent(&wish, &invented);
    assert_int_equal(spn_publication_make(&invented.plan, &file, &err), SPN_OK);
    assert_int_equal(spn_publication_open_memory(file.data, file.size, &publication, &err), SPN_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    spn_publication_close(publication);
    spn_buffer_finish(&file);
    invented_finish(&invented);
    return 0;
}

static int ask(const char *resource, struct spn_answer *out)
{
    struct spn_request request;
    char path[128];

    (void)snprintf(path, sizeof(path), "/v/" INVENT_ID "/%s", resource);
    memset(out, 0, sizeof(*out));
    assert_int_equal(spn_request_parse(path, strlen(path), &request, NULL), SPN_OK);
    return spn_answer_make(publication, &request, out, NULL);
}

static int ask_number(const char *rendition, const char *before, uint32_t number, const char *after,
                      struct spn_answer *out)
{
    char resource[64];

    (void)snprintf(resource, sizeof(resource), "%s/%s%u%s", rendition, before, number, after);
    return ask(resource, out);
}

/* Every byte of the answer is that of the fragment on disk, but for prefixes that say their place.
 */
static void segments(void **state)
{
    (void)state;
    for (size_t r = 0; r < invented.plan.rendition_count; r++) {
        const struct spn_plan_rendition *rendition = &invented.plan.renditions[r];
        uint64_t start = 0;
        uint32_t fragment = 0, number = 0;
        struct spn_answer answer;

        if (rendition->info.media == SPN_TEXT)
            continue;
        while (ask_number(rendition->id, "", ++number, ".m4s", &answer) == SPN_OK) {
            uint64_t left = 0, sum = 0;
            size_t ranges = 0;

            for (size_t i = 0; i < answer.part_count; i++) {
                const struct spn_part *part = &answer.parts[i];

                sum += part->size;
                if (part->bytes) {
                    const struct spn_plan_fragment *planned = &rendition->fragments[fragment];
                    uint8_t prefix[SPN_PREFIX_SIZE];

                    assert_int_equal(left, 0);
                    assert_int_equal(planned->exact, 0);
                    assert_int_equal(part->size, SPN_PREFIX_SIZE);
                    spn_prefix_write(&rendition->info, planned->moof_size, fragment + 1, start,
                                     prefix);
                    assert_memory_equal(part->bytes, prefix, SPN_PREFIX_SIZE);
                    left = planned->size - SPN_PREFIX_SIZE;
                    continue;
                }
                ranges++;
                for (uint64_t at = part->offset; at < part->offset + part->size;) {
                    const struct spn_plan_fragment *planned = &rendition->fragments[fragment];

                    assert_int_equal(part->file, planned->file);
                    if (left == 0) { /* begins a fragment that needs no prefix */
                        assert_int_equal(planned->exact, 1);
                        left = planned->size;
                    }
                    assert_int_equal(at, planned->offset + planned->size - left);
                    at += left;
                    left = 0;
                    start += planned->duration;
                    fragment++;
                }
            }
            assert_int_equal(left, 0);
            assert_int_equal(sum, answer.size);
            if (fragment <= wish.inexact - 1)
                assert_int_equal(ranges == 1 && answer.part_count == 1, 1);
            spn_answer_finish(&answer);
        }
        assert_int_equal(fragment, rendition->fragment_count);
        assert_true(number > 60);
    }
}

static void iframes(void **state)
{
    const struct spn_plan_rendition *rendition = &invented.plan.renditions[1];
    struct spn_answer answer;
    uint64_t start = 0;

    (void)state;
    for (uint32_t i = 0; i < rendition->fragment_count; i++) {
        const struct spn_plan_fragment *planned = &rendition->fragments[i];
        struct spn_buffer head = { 0 };

        assert_int_equal(ask_number("v1", "i", i + 1, ".m4s", &answer), SPN_OK);
        assert_int_equal(answer.part_count, 2);
        spn_iframe_write(&rendition->info, i + 1, start, planned->duration,
                         planned->first_sample_size, &head);
        assert_int_equal(answer.parts[0].size, head.size);
        assert_memory_equal(answer.parts[0].bytes, head.data, head.size);
        assert_int_equal(answer.parts[1].file, planned->file);
        assert_int_equal(answer.parts[1].offset, planned->offset + planned->moof_size + 8);
        assert_int_equal(answer.parts[1].size, planned->first_sample_size);
        start += planned->duration;
        spn_buffer_finish(&head);
        spn_answer_finish(&answer);
    }
    assert_int_equal(
        ask_number("v1", "i", (uint32_t)rendition->fragment_count + 1, ".m4s", &answer),
        SPN_ENOENT);
}

static void initialization(void **state)
{
    struct spn_answer answer;

    (void)state;
    assert_int_equal(ask("a2/init.mp4", &answer), SPN_OK);
    assert_int_equal(answer.size, invented.plan.renditions[5].header_size);
    assert_memory_equal(answer.parts[0].bytes, invented.plan.renditions[5].header, answer.size);
    assert_string_equal(answer.content_type, "audio/mp4");
    spn_answer_finish(&answer);
}

/* all.vtt is the publication's own bytes, and a segment has exactly the cues that touch it. */
static void texts(void **state)
{
    const struct spn_plan_rendition *text = &invented.plan.renditions[6];
    const struct spn_plan_rendition *lead = &invented.plan.renditions[0];
    struct spn_answer whole, answer;
    uint64_t start = 0, end, ticks = 0;
    uint32_t number = 1, fragment = 0, repeated = 0;

    (void)state;
    assert_int_equal(ask("t0/all.vtt", &whole), SPN_OK);
    assert_int_equal(whole.part_count, 1);
    assert_true(whole.parts[0].bytes > file.data &&
                whole.parts[0].bytes + whole.size <= file.data + file.size);
    for (; fragment < lead->fragment_count; number++, start = end) {
        struct spn_buffer want = { 0 };

        for (uint32_t i = 0; i < 3 && fragment < lead->fragment_count; i++)
            ticks += lead->fragments[fragment++].duration;
        end = ticks;
        spn_buffer_string(&want, "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n");
        for (size_t i = 0; i < text->cue_count; i++) {
            const struct spn_plan_cue *cue = &text->cues[i];
            int64_t a = cue->start_ms, b = cue->end_ms;

            if ((uint64_t)a * 24000 >= end * 1000 || (uint64_t)b * 24000 <= start * 1000)
                continue;
            repeated += (uint64_t)a * 24000 < start * 1000;
            spn_buffer_format(&want, "%02d:%02d:%02d.%03d --> %02d:%02d:%02d.%03d%s%s\n%s\n\n",
                              (int)(a / 3600000), (int)(a / 60000 % 60), (int)(a / 1000 % 60),
                              (int)(a % 1000), (int)(b / 3600000), (int)(b / 60000 % 60),
                              (int)(b / 1000 % 60), (int)(b % 1000), cue->settings[0] ? " " : "",
                              cue->settings, cue->text);
        }
        assert_int_equal(ask_number("t0", "", number, ".vtt", &answer), SPN_OK);
        assert_int_equal(answer.size, want.size);
        assert_memory_equal(answer.parts[0].bytes, want.data, want.size);
        spn_answer_finish(&answer);
        spn_buffer_finish(&want);
    }
    assert_true(repeated > 10);
    assert_int_equal(ask_number("t0", "", number, ".vtt", &answer), SPN_ENOENT);
    spn_answer_finish(&whole);
}

static void sheets(void **state)
{
    const struct spn_plan_sheet *sheet = &invented.plan.storyboard->sheets[1];
    struct spn_answer answer;

    (void)state;
    assert_int_equal(ask("sheet/2.jpg", &answer), SPN_OK);
    assert_int_equal(answer.part_count, 1);
    assert_int_equal(answer.parts[0].file, sheet->file);
    assert_int_equal(answer.parts[0].offset, sheet->offset);
    assert_int_equal(answer.size, sheet->size);
    assert_string_equal(answer.content_type, "image/jpeg");
    spn_answer_finish(&answer);
}

/* One range of the publication, as it lies there. */
static void chapters(void **state)
{
    static const char want[] = "WEBVTT\n\n00:00:00.000 --> 00:00:10.000\nOpening\n\n"
                               "00:00:10.000 --> 00:00:20.000\n第二章\n\n"
                               "00:00:20.000 --> 00:00:30.000\n3\n\n";
    struct spn_answer answer;

    (void)state;
    assert_int_equal(ask("chapters.vtt", &answer), SPN_OK);
    assert_int_equal(answer.part_count, 1);
    assert_int_equal(answer.size, sizeof(want) - 1);
    assert_memory_equal(answer.parts[0].bytes, want, sizeof(want) - 1);
    spn_answer_finish(&answer);
}

static const struct row {
    const char *name;
    const char *resource;
    const char *content_type; /* NULL: SPN_ENOENT */
} rows[] = {
    { "the multivariant playlist has its type", "main.m3u8", "application/vnd.apple.mpegurl" },
    { "the MPD has its type", "main.mpd", "application/dash+xml" },
    { "a text playlist has its type", "t1/media.m3u8", "application/vnd.apple.mpegurl" },
    { "an I-frame playlist has its type", "v2/iframe.m3u8", "application/vnd.apple.mpegurl" },
    { "the image playlist has its type", "images.m3u8", "application/vnd.apple.mpegurl" },
    { "the storyboard has its type", "storyboard.vtt", "text/vtt" },
    { "the chapters have their type", "chapters.vtt", "text/vtt" },
    { "text has its type", "t0/all.vtt", "text/vtt" },
    { "a video segment has its type", "v0/1.m4s", "video/mp4" },
    { "an audio segment has its type", "a0/1.m4s", "audio/mp4" },
    { "there is no fourth video", "v3/media.m3u8", NULL },
    { "there are no I-frames of sound", "a0/iframe.m3u8", NULL },
    { "there is no I-frame segment of sound", "a0/i1.m4s", NULL },
    { "there is no header of text", "t0/init.mp4", NULL },
    { "there are no fragments of text", "t0/1.m4s", NULL },
    { "there is no text in a picture", "v0/1.vtt", NULL },
    { "there is no whole text of sound", "a0/all.vtt", NULL },
    { "there is nothing after the last segment", "v0/71.m4s", NULL },
    { "there is nothing far after the last segment", "v0/4294967295.m4s", NULL },
    { "there is no third sheet", "sheet/3.jpg", NULL },
};

static void types(void **state)
{
    const struct row *row = *state;
    struct spn_answer answer;
    int ret = ask(row->resource, &answer);

    assert_int_equal(ret, row->content_type ? SPN_OK : SPN_ENOENT);
    if (row->content_type) {
        assert_string_equal(answer.content_type, row->content_type);
        assert_true(answer.size > 0);
    }
    spn_answer_finish(&answer);
}

/* Two requests never share a tag; the same request of the same publication always has the same. */
static void etags(void **state)
{
    static const char *const resources[] = {
        "main.m3u8",   "main.mpd",    "images.m3u8",   "storyboard.vtt", "chapters.vtt",
        "sheet/1.jpg", "sheet/2.jpg", "v0/media.m3u8", "v1/media.m3u8",  "v0/iframe.m3u8",
        "v0/init.mp4", "v0/1.m4s",    "v0/11.m4s",     "v1/1.m4s",       "v0/i1.m4s",
        "v0/i11.m4s",  "t0/1.vtt",    "t1/1.vtt",      "t0/all.vtt",     "a0/1.m4s",
    };
    enum { COUNT = sizeof(resources) / sizeof(resources[0]) };
    static char tags[COUNT][80];
    struct spn_answer answer;

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(ask(resources[i], &answer), SPN_OK);
        assert_true(strlen(answer.etag) < sizeof(answer.etag));
        assert_int_equal(answer.etag[0], '"');
        assert_int_equal(answer.etag[strlen(answer.etag) - 1], '"');
        memcpy(tags[i], answer.etag, sizeof(tags[i]));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(tags[i], tags[k]);
        spn_answer_finish(&answer);
        assert_int_equal(ask(resources[i], &answer), SPN_OK);
        assert_string_equal(answer.etag, tags[i]);
        spn_answer_finish(&answer);
    }
}

int main(void)
{
    static struct rows tests;

    rows_add(&tests, "segments are the fragments of the plan, once each, with their place",
             segments, NULL);
    rows_add(&tests, "an I-frame segment is one sample with its own moof", iframes, NULL);
    rows_add(&tests, "the initialization segment is the header", initialization, NULL);
    rows_add(&tests, "text segments have the cues that touch them, all.vtt is a range", texts,
             NULL);
    rows_add(&tests, "chapters are one range of the publication", chapters, NULL);
    rows_add(&tests, "a sheet is one range of its file", sheets, NULL);
    rows_add_table(&tests, rows, types);
    rows_add(&tests, "entity tags differ between requests and stay the same for one", etags, NULL);
    return _cmocka_run_group_tests("answer", tests.tests, tests.count, setup, teardown);
}

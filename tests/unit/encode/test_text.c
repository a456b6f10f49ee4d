/*
 * test_text.c - text inside a file and beside it becomes WebVTT with the times it had.
 *
 * usage: test_text SAMPAN-MEDIA
 */
#include <stdio.h>
#include <unistd.h>

#include "asset_run.h"
#include "film.h"
#include "group.h"
#include "sampan/cues.h"
#include "sampan/file.h"

static const char *encoder[] = { "-c:v", "libx264", "-preset", "ultrafast", NULL };

static struct film film_of(const char *path)
{
    return (struct film){
        .path = path,
        .picture = { 64, 48, 5, 1, 3, 0, 0, 0 },
        .frames = 100, /* 20 s */
        .text = { "zh-Hans", "en" },
        .text_count = 2,
        .encoder = encoder,
    };
}

static void cues_get(const char *path, struct spn_buffer *bytes, struct spn_cues *out)
{
    struct spn_error err = { 0 };

    assert_int_equal(spn_file_get(path, 1 << 20, bytes, &err), SPN_OK);
    if (spn_cues_read(bytes->data, bytes->size, path, out, &err) < 0)
        fail_msg("%s", err.text);
}

/* What the generator says is in the film, and what came out: the same cues at the same times. */
static void same_cues(const char *got_path, const char *want_path)
{
    struct spn_buffer got_bytes = { 0 }, want_bytes = { 0 };
    struct spn_cues got = { 0 };
    const char *at;
    size_t n = 0;

    cues_get(got_path, &got_bytes, &got);
    assert_int_equal(spn_file_get(want_path, 1 << 20, &want_bytes, NULL), SPN_OK);
    for (at = spn_buffer_text(&want_bytes); (at = strstr(at, " --> ")); at += 5) {
        unsigned h, m, s, ms, start;

        assert_int_equal(sscanf(at - 12, "%2u:%2u:%2u%*1[,.]%3u", &h, &m, &s, &ms), 4);
        start = ((h * 60 + m) * 60 + s) * 1000 + ms;
        assert_true(n < got.count);
        assert_int_equal(got.cues[n].start_ms, start);
        n++;
    }
    assert_int_equal(got.count, n);
    assert_true(n > 2);
    spn_cues_finish(&got);
    spn_buffer_finish(&got_bytes);
    spn_buffer_finish(&want_bytes);
}

static void inside(void **state)
{
    char path[128], want[128], got[128];
    struct film film = film_of(path);
    struct media_run answer;
    struct asset_run run;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/inside.mkv", dir);
    assert_int_equal(film_make(&film), 0);
    if (asset_run_init(&run, program, path, NULL, &answer) != 0)
        fail_msg("%s", json_string_value(json_object_get(answer.answer, "text")));
    media_run_finish(&answer);
    assert_int_equal(json_array_size(asset_run_plan(&run, "text")), 2);
    for (int n = 0; n < 2; n++) {
        if (asset_run_text(&run, n, &answer) != 0)
            fail_msg("%s", json_string_value(json_object_get(answer.answer, "text")));
        media_run_finish(&answer);
        (void)snprintf(want, sizeof(want), "%s/%d.srt", dir, n);
        assert_int_equal(film_text(&film, film.text[n], want), 0);
        asset_run_path(&run, n ? "t1" : "t0", 0, got);
        same_cues(got, want);
    }
    asset_run_finish(&run);
}

static void beside_broken(void **state)
{
    char path[128], beside_path[128];
    struct film film = film_of(path);
    struct media_run answer;
    struct asset_run run;
    FILE *file;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/broken.mp4", dir);
    (void)snprintf(beside_path, sizeof(beside_path), "%s/broken.srt", dir);
    film.text_count = 0;
    assert_int_equal(film_make(&film), 0);
    assert_non_null(file = fopen(beside_path, "w"));
    assert_true(fputs("1\n00:00:01,000 -> x\nbroken", file) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(asset_run_init_with(&run, program, path, beside_path, NULL, &answer), 1);
    assert_non_null(
        strstr(json_string_value(json_object_get(answer.answer, "text")), "line 2 of "));
    media_run_finish(&answer);
    asset_run_finish(&run);
}

static void beside(void **state)
{
    char path[128], beside_path[128], got[128];
    struct film film = film_of(path);
    struct media_run answer;
    struct asset_run run;
    FILE *more;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/beside.mp4", dir);
    (void)snprintf(beside_path, sizeof(beside_path), "%s/beside.srt", dir);
    film.text_count = 0;
    assert_int_equal(film_make(&film), 0);
    film.text_count = 2;
    assert_int_equal(film_text(&film, "zh-Hans", beside_path), 0);
    if (asset_run_init_with(&run, program, path, beside_path, NULL, &answer) != 0)
        fail_msg("%s", json_string_value(json_object_get(answer.answer, "text")));
    media_run_finish(&answer);
    if (asset_run_text(&run, 0, &answer) != 0)
        fail_msg("%s", json_string_value(json_object_get(answer.answer, "text")));
    media_run_finish(&answer);
    asset_run_path(&run, "t0", 0, got);
    same_cues(got, beside_path);

    /* changed since it was examined */
    more = fopen(beside_path, "a");
    assert_non_null(more);
    assert_true(fputs("\n99\n00:00:01,000 --> 00:00:02,000\nmore\n", more) >= 0);
    assert_int_equal(fclose(more), 0);
    assert_int_equal(asset_run_text(&run, 0, &answer), 1);
    assert_string_equal(json_string_value(json_object_get(answer.answer, "code")), "mismatch");
    media_run_finish(&answer);
    asset_run_finish(&run);
}

/* What would be shown after the picture is left out, and said. */
static void after_the_end(void **state)
{
    char path[128], beside_path[128], got[128];
    struct spn_buffer bytes = { 0 };
    struct spn_cues cues = { 0 };
    struct media_run answer;
    struct asset_run run;
    FILE *file;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/beside.mp4", dir);
    (void)snprintf(beside_path, sizeof(beside_path), "%s/long.srt", dir);
    file = fopen(beside_path, "w");
    assert_non_null(file);
    assert_true(fputs("1\n00:00:18,000 --> 00:00:30,000\none\n\n"
                      "2\n00:00:20,000 --> 00:00:30,000\ntwo\n",
                      file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(asset_run_init_with(&run, program, path, beside_path, NULL, &answer), 0);
    media_run_finish(&answer);
    assert_int_equal(asset_run_text(&run, 0, &answer), 0);
    assert_int_equal(json_array_size(json_object_get(answer.answer, "notes")), 1);
    media_run_finish(&answer);
    asset_run_path(&run, "t0", 0, got);
    cues_get(got, &bytes, &cues);
    assert_int_equal(cues.count, 1);
    assert_int_equal(cues.cues[0].end_ms, 20000);
    spn_cues_finish(&cues);
    spn_buffer_finish(&bytes);
    asset_run_finish(&run);
}

int main(int argc, char **argv)
{
    static struct rows tests;

    rows_add(&tests, "text inside a file keeps its times and languages", inside, NULL);
    rows_add(&tests, "a file beside it that cannot be read is refused when the film is examined",
             beside_broken, NULL);
    rows_add(&tests, "a file beside it too; one that has changed is refused", beside, NULL);
    rows_add(&tests, "cues after the picture's end are left out", after_the_end, NULL);
    return group_run("text", &tests, argc, argv, NULL, NULL);
}

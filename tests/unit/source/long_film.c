/* long_film - ten hours of tiny frames are indexed, conformed and entered anywhere in bounded
 * memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <cmocka.h>

#include <libavutil/log.h>

#include "decoder.h"
#include "fixture.h"
#include "opened.h"

#define MEMORY_MAX_KB (1536 * 1024) /* with a sanitizer; without, it is about a tenth of it */

static void ten_hours(void **state)
{
    struct decoder_range range = { 890000, 890048, 4, 0 };
    struct spn_error err = { 0 };
    struct decoder_frame frame;
    struct decoder *decoder;
    struct opened opened;
    struct rusage usage;
    int ret, n = 0;

    (void)state;
    fixture_make(
        "ffmpeg -f lavfi -i testsrc2=s=32x32:r=25:d=60 -f lavfi -i sine=d=60 -c:v libx264 "
        "-preset ultrafast -g 48 -c:a aac a.mkv && ffmpeg -stream_loop 599 -i a.mkv -c copy "
        "b.mkv");
    if (opened_init(&opened, fixture_path("b.mkv"), NULL, &err) < 0 ||
        decoder_create(opened.source, opened.index, &opened.conform, range, &decoder, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(opened.conform.rate.num, 25);
    assert_int_equal(opened.conform.pictures, 900000);
    while ((ret = decoder_pull(decoder, &frame, &err)) > 0)
        assert_int_equal(frame.number, range.from - range.before + n++);
    assert_int_equal(ret, 0);
    assert_int_equal(n, 52);
    assert_int_equal(decoder_counts(decoder).from_start, 0);
    assert_true(decoder_counts(decoder).decoded < 200);
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    print_message("%ld MB\n", usage.ru_maxrss / 1024);
    assert_true(usage.ru_maxrss < MEMORY_MAX_KB);
    decoder_destroy(decoder);
    opened_finish(&opened);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { .name = "ten hours of tiny frames", .test_func = ten_hours },
    };

    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests_name("long film", tests, fixture_init, fixture_finish);
}

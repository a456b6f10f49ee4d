/* Timecode: every frame of a day there and back, and the numbers that everybody knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sampan/timecode.h"

static const struct row {
    const char *name, *text;
    struct spn_rate rate;
    int64_t frame; /* or a negative code */
} rows[] = {
    { "an hour of drop frame is 107892 frames", "01:00:00;00", { 30000, 1001 }, 107892 },
    { "ten minutes of drop frame are 17982 frames", "00:10:00;00", { 30000, 1001 }, 17982 },
    { "an hour at 59.94 is 215784 frames", "01:00:00;00", { 60000, 1001 }, 215784 },
    { "a full stop marks drop frame too", "01:00:00.00", { 30000, 1001 }, 107892 },
    { "without drop frame an hour at 29.97 counts 108000", "01:00:00:00", { 30000, 1001 }, 108000 },
    { "23.976 counts 24", "01:00:00:00", { 24000, 1001 }, 86400 },
    { "the frame after 00:00:59;29 is 00:01:00;02", "00:01:00;02", { 30000, 1001 }, 1800 },
    { "a dropped number is refused", "00:01:00;00", { 30000, 1001 }, SPN_EFORMAT },
    { "every tenth minute drops nothing", "00:10:00;00", { 30000, 1001 }, 17982 },
    { "23.976 has no drop frame", "00:00:00;00", { 24000, 1001 }, SPN_EUNSUPPORTED },
    { "25 has no drop frame", "00:00:00;00", { 25, 1 }, SPN_EUNSUPPORTED },
    { "12.5 has no timecode", "00:00:00:00", { 25, 2 }, SPN_EUNSUPPORTED },
    { "a frame number past the rate is refused", "00:00:00:25", { 25, 1 }, SPN_EFORMAT },
    { "a sixtieth minute is refused", "00:60:00:00", { 25, 1 }, SPN_EFORMAT },
    { "too few parts are refused", "00:00:00", { 25, 1 }, SPN_EFORMAT },
    { "what follows is refused", "00:00:00:00x", { 25, 1 }, SPN_EFORMAT },
    { "one digit is refused", "00:00:0:00", { 25, 1 }, SPN_EFORMAT },
    { "nothing is refused", "", { 25, 1 }, SPN_EFORMAT },
    { "hours may pass a day", "100:00:00:00", { 25, 1 }, 9000000 },
};

static void parse(void **state)
{
    const struct row *row = *state;
    int64_t frame = -1;
    int drop, ret;

    ret = spn_timecode_parse(row->text, strlen(row->text), row->rate, &frame, &drop, NULL);
    assert_int_equal(ret < 0 ? ret : frame, row->frame);
}

static void round_trip(struct spn_rate rate, int drop)
{
    struct spn_timecode_rate counting;
    char last[SPN_TIMECODE_MAX] = "";

    assert_int_equal(spn_timecode_rate(rate, drop, &counting, NULL), SPN_OK);
    for (int64_t frame = 0; frame < (int64_t)86400 * counting.nominal; frame += frame % 7 + 1) {
        char text[SPN_TIMECODE_MAX];
        int64_t back;
        int was;

        spn_timecode_format(frame, counting, text);
        assert_int_equal(spn_timecode_parse(text, strlen(text), rate, &back, &was, NULL), SPN_OK);
        assert_int_equal(back, frame);
        assert_int_equal(was, drop);
        assert_true(strcmp(last, text) < 0);
        memcpy(last, text, sizeof(last));
    }
}

static void every_frame(void **state)
{
    (void)state;
    round_trip((struct spn_rate){ 30000, 1001 }, 1);
    round_trip((struct spn_rate){ 60000, 1001 }, 1);
    round_trip((struct spn_rate){ 24000, 1001 }, 0);
    round_trip((struct spn_rate){ 25, 1 }, 0);
}

int main(void)
{
    struct CMUnitTest tests[sizeof(rows) / sizeof(rows[0]) + 1] = {
        { "frames of a whole day come back", every_frame, NULL, NULL, NULL },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        tests[i + 1] =
            (struct CMUnitTest){ rows[i].name, parse, NULL, NULL, (void *)(uintptr_t)&rows[i] };
    return _cmocka_run_group_tests("timecode", tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}

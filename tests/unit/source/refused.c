/* refused - what is no film is refused with the true reason, in one sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <libavutil/log.h>

#include "fixture.h"
#include "opened.h"
#include "packet_index.h"

struct row {
    const char *name;
    const char *make;
    const char *file;
    int code;
    const char *says;
};

#define VIDEO "-f lavfi -i testsrc2=s=96x64:r=25:d=1 "
#define SOUND "-f lavfi -i sine=d=1 "

static const struct row rows[] = {
    { "an empty file", ": >a.mp4", "a.mp4", SPN_EFORMAT, "is empty" },
    { "a directory", "mkdir a", "a", SPN_EINVAL, "is a directory" },
    { "text", "echo 'Dear Sir, this is no film, but a letter.' >a.mp4", "a.mp4", SPN_EFORMAT,
      "is text, not video" },
    { "zeros", "head -c 100000 /dev/zero >a.mp4", "a.mp4", SPN_EFORMAT, "zeros alone" },
    { "noise",
      "openssl enc -aes-128-ctr -nosalt -K 0 -iv 0 -in /dev/zero 2>/dev/null | head -c 100000 "
      ">a.mp4; test -s a.mp4",
      "a.mp4", SPN_EFORMAT, "is not a video file" },
    { "sound alone in MP4", "ffmpeg " SOUND "-c:a aac a.mp4", "a.mp4", SPN_EUNSUPPORTED,
      "has no picture: only sound is in it" },
    { "sound with a cover",
      "ffmpeg " SOUND VIDEO
      "-map 0 -map 1 -frames:v 1 -c:a aac -c:v mjpeg -disposition:v attached_pic "
      "a.mp4",
      "a.mp4", SPN_EUNSUPPORTED, "only sound with a cover" },
    { "a WAV", "ffmpeg " SOUND "a.wav", "a.wav", SPN_EUNSUPPORTED, "it is sound alone" },
    { "an MP3", "ffmpeg " SOUND "-c:a libmp3lame a.mp3", "a.mp3", SPN_EUNSUPPORTED,
      "it is sound alone" },
    { "a PNG", "ffmpeg " VIDEO "-frames:v 1 -update 1 a.png", "a.png", SPN_EUNSUPPORTED,
      "a still picture" },
    { "subtitles",
      "printf '1\\n00:00:01,000 --> 00:00:02,000\\nHello\\n\\n2\\n00:00:03,000 --> "
      "00:00:04,000\\nThere\\n' >a.srt",
      "a.srt", SPN_EUNSUPPORTED, "it is subtitles" },
    { "an HLS playlist is not followed",
      "printf '#EXTM3U\\n#EXT-X-VERSION:3\\n#EXT-X-TARGETDURATION:10\\n#EXTINF:9,\\n/etc/passwd\\n"
      "#EXT-X-ENDLIST\\n' >a.mp4",
      "a.mp4", SPN_EUNSUPPORTED, "only lists other files" },
    { "a concat script is not followed",
      "printf 'ffconcat version 1.0\\nfile /etc/passwd\\n' >a.mp4", "a.mp4", SPN_EUNSUPPORTED,
      "only lists other files" },
    { "a picture of one pixel", "ffmpeg -f lavfi -i testsrc=s=1x1:r=25:d=1 -c:v ffv1 a.mkv",
      "a.mkv", SPN_EUNSUPPORTED, "is 1 x 1: no side" },
    { "a codec that nothing decodes",
      "ffmpeg " VIDEO "-c:v mpeg4 a.mkv && sed -i 's#V_MPEG4/ISO/ASP#V_SAMPANISO/ASP#' a.mkv",
      "a.mkv", SPN_EUNSUPPORTED, "in a codec that is not known" },
    { "a film whose frames are noise",
      "ffmpeg " VIDEO "-c:v libx264 -movflags +faststart a.mp4 && "
      "n=$(grep -abo mdat a.mp4 | head -1 | cut -d: -f1) && head -c $((n + 4)) a.mp4 >b.mp4 && "
      "head -c 20000 /dev/zero | tr '\\0' '\\7' >>b.mp4",
      "b.mp4", SPN_EFORMAT, "no frame of the picture" },
    { "an MP4 without its end, where its table is",
      "ffmpeg " VIDEO "-c:v libx264 b.mp4 && head -c 4000 b.mp4 >a.mp4", "a.mp4", SPN_EFORMAT,
      "damaged" },
};

static void refused(void **state)
{
    const struct row *row = *state;
    struct spn_error err = { 0 };
    struct opened opened;
    int ret;

    fixture_make("rm -rf *");
    fixture_make(row->make);
    ret = opened_init(&opened, fixture_path(row->file), NULL, &err);
    print_message("%s\n", err.text);
    assert_int_equal(ret, row->code);
    assert_int_equal(err.code, row->code);
    assert_non_null(strstr(err.text, row->says));
    assert_non_null(strstr(err.text, row->file));
    opened_finish(&opened);
}

/* An index that another version wrote is not read as if it were ours. */
static void index_version(void **state)
{
    struct spn_error err = { 0 };
    struct opened opened;
    struct index *index;
    uint8_t bytes[1 << 16];
    ssize_t size;

    (void)state;
    fixture_make("ffmpeg " VIDEO "-c:v libx264 a.mp4");
    assert_int_equal(opened_init(&opened, fixture_path("a.mp4"), NULL, &err), SPN_OK);
    size = pread(opened.index_fd, bytes, sizeof bytes, 0);
    assert_true(size > 100 && size < (ssize_t)sizeof bytes);
    assert_int_equal(index_open_memory(bytes, (size_t)size, &index, &err), SPN_OK);
    index_close(index);
    bytes[8]++; /* docs/formats/source.md: the version */
    assert_int_equal(index_open_memory(bytes, (size_t)size, &index, &err), SPN_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "has version 2, this program reads 1"));
    bytes[8]--;
    bytes[0]++;
    assert_int_equal(index_open_memory(bytes, (size_t)size, &index, &err), SPN_EFORMAT);
    opened_finish(&opened);
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof *rows + 1];
    size_t i;

    av_log_set_level(AV_LOG_QUIET);
    for (i = 0; i < sizeof rows / sizeof *rows; i++)
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = refused,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    tests[i] = (struct CMUnitTest){ .name = "a packet index of another version",
                                    .test_func = index_version };
    return cmocka_run_group_tests_name("refused", tests, fixture_init, fixture_finish);
}

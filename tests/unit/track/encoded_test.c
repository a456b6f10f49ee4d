/* encoded_test.c - what real encoders give, through our writer, is read by FFmpeg without a word.
 */
#include "rows.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "made.h"
#include "sampan/bytes.h"
#include "sampan/file.h"
#include "stream.h"

static char dir[256];

static const struct row {
    const char *name;
    enum spn_codec codec;
    const char *needs, *encoder;
    struct spn_rate rate;
    unsigned frames;
    const char *codecs; /* as far as it does not depend on the encoder's version */
} rows_[] = {
    { "H.264 High with B-frames",
      SPN_H264,
      "libx264",
      "libx264 -profile:v high -bf 3 -level 3.0 -x264-params open-gop=0:scenecut=0:stitchable=1",
      { 25, 1 },
      120,
      "avc1.64001e" },
    { "H.264 High 10",
      SPN_H264,
      "libx264",
      "libx264 -pix_fmt yuv420p10le -level 3.0 -x264-params open-gop=0:scenecut=0",
      { 24000, 1001 },
      100,
      "avc1.6e001e" },
    { "H.264 Baseline in slices",
      SPN_H264,
      "libx264",
      "libx264 -profile:v baseline -level 3.0 -x264-params slices=3:scenecut=0",
      { 10, 1 },
      45,
      "avc1.42c01e" },
    { "HEVC Main",
      SPN_HEVC,
      "libx265",
      "libx265 -x265-params open-gop=0:scenecut=0:log-level=error:pools=1",
      { 25, 1 },
      75,
      "hvc1.1.6.L30.90" },
    { "HEVC Main 10",
      SPN_HEVC,
      "libx265",
      "libx265 -pix_fmt yuv420p10le -x265-params open-gop=0:scenecut=0:log-level=error:pools=1",
      { 30000, 1001 },
      61,
      "hvc1.2.4.L30.90" },
    { "AV1 by SVT",
      SPN_AV1,
      "libsvtav1",
      "libsvtav1 -preset 12 -svtav1-params lp=1",
      { 25, 1 },
      60,
      "av01.0.00M.08" },
    { "AAC-LC stereo", SPN_AAC, "aac", "aac -b:a 96k", { 0, 0 }, 150, "mp4a.40.2" },
};

static void broken(void *opaque, const char *rule, const char *text)
{
    spn_buffer_format(opaque, "%s: %s; ", rule, text);
}

/* The whole track of two pieces, as two chunks would have made it. */
static void assert_assembled(const struct stream *stream, struct spn_buffer *out)
{
    struct made_pieces pieces = { 0 };
    size_t ends[3] = { 0, 1, stream_fragment_count(stream) };
    struct spn_piece given[2];
    struct spn_error err = { 0 };

    for (size_t i = 0; i < 2; i++) {
        struct spn_buffer bytes = { 0 };

        if (spn_header_write(&stream->info, &bytes, &err) < 0)
            fail_msg("%s", err.text);
        assert_int_equal(stream_fragments(stream, ends[i], ends[i + 1], &bytes), 0);
        pieces.fds[i] = memfd_create("piece", MFD_CLOEXEC);
        assert_int_equal(write(pieces.fds[i], bytes.data, bytes.size), bytes.size);
        spn_buffer_finish(&bytes);
        given[i] = (struct spn_piece){ pieces.fds[i], i ? "second" : "first" };
    }
    if (spn_track_assemble(given, 2, made_write, &pieces, &err) < 0)
        fail_msg("%s", err.text);
    (void)close(pieces.fds[0]);
    (void)close(pieces.fds[1]);
    *out = pieces.out;
}

static void decodes(void **state)
{
    static struct stream stream;
    const struct row *row = *state;
    struct spn_buffer bytes = { 0 }, said = { 0 };
    struct spn_error err = { 0 };
    char path[512], command[2048], line[256];
    int64_t first = 0;
    int frames = 0;
    FILE *pipe;

    if (!stream_encoder(row->needs)) {
        print_message("SKIP: this ffmpeg has no %s\n", row->needs);
        skip();
    }
    assert_int_equal(stream_make(&stream, dir, row->codec, row->encoder, row->rate, row->frames),
                     0);
    assert_string_equal(stream.info.codecs, row->codecs);
    assert_assembled(&stream, &bytes);
    (void)snprintf(path, sizeof(path), "%s/out.mp4", dir);
    assert_int_equal(spn_file_put(dir, path, 0600, bytes.data, bytes.size, NULL), SPN_OK);
    spn_buffer_finish(&bytes);
    if (spn_track_check(path, broken, &said, &err) < 0)
        fail_msg("%s", err.text);
    if (said.size)
        fail_msg("broken rules: %s", spn_buffer_text(&said));

    (void)snprintf(command, sizeof(command),
                   "ffmpeg -nostdin -v warning -err_detect explode -xerror -i '%s' -f null - 2>&1",
                   path);
    pipe = popen(command, "r");
    while (fgets(line, sizeof(line), pipe))
        spn_buffer_string(&said, line);
    assert_int_equal(pclose(pipe), 0);
    if (said.size)
        fail_msg("ffmpeg said: %s", spn_buffer_text(&said));

    /*
     * Every frame one frame after the one before. FFmpeg moves a track with negative composition
     * offsets as a whole, by the greatest of them, so the first is not at zero for it.
     */
    (void)snprintf(command, sizeof(command),
                   "ffprobe -v error -show_entries frame=pts -of csv=p=0 '%s'", path);
    pipe = popen(command, "r");
    while (fgets(line, sizeof(line), pipe)) {
        int64_t pts = strtoll(line, NULL, 10);

        if (frames == 0)
            first = pts;
        assert_int_equal(pts - first, frames++ * (int64_t)stream.info.sample_ticks);
    }
    assert_int_equal(pclose(pipe), 0);
    assert_int_equal(frames, stream.count);
    stream_finish(&stream);
    spn_buffer_finish(&said);
}

/* What ffmpeg decodes of an Annex B file: the MD5 of every frame. */
static void frames_of(const char *name, const uint8_t *data, size_t size, struct spn_buffer *out)
{
    char path[512], command[1024], line[256];
    FILE *pipe;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(spn_file_put(dir, path, 0600, data, size, NULL), SPN_OK);
    (void)snprintf(command, sizeof(command),
                   "ffmpeg -nostdin -v warning -err_detect explode -xerror -f h264 -i '%s' "
                   "-f framemd5 - 2>&1",
                   path);
    pipe = popen(command, "r");
    while (fgets(line, sizeof(line), pipe))
        spn_buffer_string(out, line);
    assert_int_equal(pclose(pipe), 0);
}

/* Units in their place in `out`, Annex B again: what a decoder sees after the parameter sets. */
static void nals_append(const struct spn_buffer *sample, struct spn_buffer *out)
{
    struct spn_reader reader = spn_reader_of(sample->data, sample->size);

    while (spn_reader_left(&reader)) {
        size_t length = spn_reader_be32(&reader);
        const uint8_t *nal = spn_reader_take(&reader, length);

        assert_non_null(nal);
        spn_buffer_be32(out, 1);
        spn_buffer_append(out, nal, length);
    }
}

/* SPS and PPS as avcC has them. */
static void sets_append(const struct spn_track_info *info, struct spn_buffer *out)
{
    struct spn_reader reader = spn_reader_of(info->config, info->config_size);

    (void)spn_reader_take(&reader, 5);
    for (int i = 0; i < 2; i++) {
        size_t length;

        (void)spn_reader_u8(&reader);
        length = spn_reader_be16(&reader);
        spn_buffer_be32(out, 1);
        spn_buffer_append(out, spn_reader_take(&reader, length), length);
    }
}

/*
 * An encoder numbers IDR pictures 0, 1, 0, 1 …; written anew with any number they are read with
 * it, decode to the same pictures, and written back they are the same bytes.
 */
static void idr_numbers(void **state)
{
    static const uint32_t numbers[] = { 2, 0, 1, 3, 6, 7, 254, 65534, 65535 };
    static struct stream stream;
    const struct row *row = *state;
    struct spn_buffer plain = { 0 }, changed = { 0 }, one = { 0 }, two = { 0 }, back = { 0 };
    struct spn_buffer before = { 0 }, after = { 0 };
    struct spn_error err = { 0 };
    uint32_t id, keys = 0;

    if (!stream_encoder(row->needs)) {
        print_message("SKIP: this ffmpeg has no %s\n", row->needs);
        skip();
    }
    assert_int_equal(stream_make(&stream, dir, row->codec, row->encoder, row->rate, row->frames),
                     0);
    if (row->codec != SPN_H264) {
        assert_int_equal(spn_idr_id(&stream.info, stream.bytes.data, 9, &id, &err),
                         SPN_EUNSUPPORTED);
        stream_finish(&stream);
        return;
    }
    sets_append(&stream.info, &plain);
    sets_append(&stream.info, &changed);
    for (size_t i = 0; i < stream.count; i++) {
        one.size = two.size = back.size = 0;
        assert_int_equal(spn_sample_convert(SPN_H264, stream.bytes.data + stream.units[i].at,
                                            stream.units[i].size, &one, &err),
                         SPN_OK);
        nals_append(&one, &plain);
        if (!stream.units[i].key) {
            assert_int_equal(spn_idr_id(&stream.info, one.data, one.size, &id, &err), SPN_EFORMAT);
            nals_append(&one, &changed);
            continue;
        }
        if (spn_idr_id(&stream.info, one.data, one.size, &id, &err) < 0)
            fail_msg("%s", err.text);
        assert_int_equal(id, keys & 1);
        for (size_t n = 0; n < sizeof(numbers) / sizeof(*numbers); n++) {
            two.size = back.size = 0;
            assert_int_equal(
                spn_idr_renumber(&stream.info, one.data, one.size, numbers[n], &two, &err), SPN_OK);
            assert_int_equal(spn_idr_id(&stream.info, two.data, two.size, &id, &err), SPN_OK);
            assert_int_equal(id, numbers[n]);
            assert_int_equal(
                spn_idr_renumber(&stream.info, two.data, two.size, keys & 1, &back, &err), SPN_OK);
            assert_int_equal(back.size, one.size);
            assert_memory_equal(back.data, one.data, one.size);
            if (n == keys % (sizeof(numbers) / sizeof(*numbers)))
                nals_append(&two, &changed);
        }
        assert_int_equal(spn_idr_renumber(&stream.info, one.data, one.size, 65536, &two, &err),
                         SPN_EINVAL);
        keys++;
    }
    assert_true(keys > 1);
    frames_of("plain.h264", plain.data, plain.size, &before);
    frames_of("changed.h264", changed.data, changed.size, &after);
    assert_true(before.size > 60 * stream.count); /* a line a frame */
    assert_string_equal(spn_buffer_text(&after), spn_buffer_text(&before));
    spn_buffer_finish(&plain);
    spn_buffer_finish(&changed);
    spn_buffer_finish(&one);
    spn_buffer_finish(&two);
    spn_buffer_finish(&back);
    spn_buffer_finish(&before);
    spn_buffer_finish(&after);
    stream_finish(&stream);
}

int main(void)
{
    static char names[sizeof(rows_) / sizeof(*rows_)][80];
    static struct rows rows;
    char command[300];
    const char *tmp = getenv("TMPDIR");
    int ret;

    (void)snprintf(dir, sizeof(dir), "%s/sampan-encoded-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir))
        return 1;
    rows_add_table(&rows, rows_, decodes);
    for (size_t i = 0; i < sizeof(rows_) / sizeof(*rows_) - 1; i++) { /* all but sound */
        (void)snprintf(names[i], sizeof(names[i]), "IDR pictures of %s are renumbered",
                       rows_[i].name);
        rows_add(&rows, names[i], idr_numbers, &rows_[i]);
    }
    ret = rows_run(&rows, "encoded");
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    return system(command) ? 1 : ret;
}

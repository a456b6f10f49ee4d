/* track_test.c - what is written is read back; the index, its edges, and what is refused. */
#include "rows.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "made.h"
#include "sampan/bytes.h"

static void info_equal(const struct spn_track_info *a, const struct spn_track_info *b)
{
    assert_int_equal(a->media, b->media);
    assert_int_equal(a->codec, b->codec);
    assert_int_equal(a->timescale, b->timescale);
    assert_int_equal(a->sample_ticks, b->sample_ticks);
    assert_string_equal(a->language, b->language);
    assert_string_equal(a->codecs, b->codecs);
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->rate.num, b->rate.num);
    assert_int_equal(a->rate.den, b->rate.den);
    assert_int_equal(a->gop, b->gop);
    assert_memory_equal(&a->colour, &b->colour, sizeof(a->colour));
    assert_int_equal(a->sample_rate, b->sample_rate);
    assert_int_equal(a->channels, b->channels);
    assert_int_equal(a->config_size, b->config_size);
    assert_memory_equal(a->config, b->config, a->config_size);
    assert_int_equal(!a->mdcv, !b->mdcv);
    if (a->mdcv)
        assert_memory_equal(a->mdcv, b->mdcv, 24);
    assert_int_equal(!a->clli, !b->clli);
    if (a->clli)
        assert_memory_equal(a->clli, b->clli, 4);
}

static const struct codec_row {
    const char *name;
    enum spn_codec codec;
    const char *codecs;
} codecs[] = {
    { "H.264 comes back as it was written", SPN_H264, "avc1.64001e" },
    { "HEVC comes back as it was written", SPN_HEVC, "hvc1.1.6.L30.90" },
    { "AV1 comes back as it was written", SPN_AV1, "av01.0.00M.08" },
    { "AAC comes back as it was written", SPN_AAC, "mp4a.40.2" },
};

static void comes_back(void **state)
{
    static const uint8_t light[24] = { 0x33, 0xC2, 1 }, level[4] = { 3, 0xE8, 1, 0x90 };
    const struct codec_row *row = *state;
    struct spn_buffer again = { 0 };
    struct spn_track *track;
    struct spn_error err;
    struct made made;
    const struct spn_fragment *all;
    size_t count, header_size;
    const uint8_t *header;
    uint64_t at;

    made_init(&made, row->codec);
    if (row->codec == SPN_HEVC) {
        made.info.mdcv = light;
        made.info.clli = level;
        made.info.colour = (struct spn_colour){ 9, 16, 9, 1 };
    }
    assert_string_equal(made.info.codecs, row->codecs);
    made_file(&made);
    if (spn_track_open_memory(made.file.data, made.file.size, "made", &track, &err) < 0)
        fail_msg("%s", err.text);
    info_equal(spn_track_info(track), &made.info);
    header = spn_track_header(track, &header_size);
    assert_int_equal(spn_header_write(spn_track_info(track), &again, NULL), SPN_OK);
    assert_int_equal(again.size, header_size);
    assert_memory_equal(again.data, header, header_size);

    all = spn_track_all(track, &count);
    assert_int_equal(count, made.fragments);
    at = header_size + 40 + 12 * count;
    for (size_t i = 0; i < count; i++) {
        struct spn_sample_place places[64];
        uint8_t prefix[SPN_PREFIX_SIZE];

        assert_int_equal(all[i].offset, at);
        assert_int_equal(all[i].samples, made.counts[i]);
        assert_int_equal(all[i].duration, made.counts[i] * made.info.sample_ticks);
        assert_int_equal(spn_track_samples(track, i, places, 64, NULL), made.counts[i]);
        assert_int_equal(places[0].offset, at + all[i].moof_size + 8);
        assert_int_equal(places[0].size, all[i].first_sample_size);
        assert_true(places[0].sync);
        assert_int_equal(places[1].sync, made.info.media == SPN_AUDIO);
        spn_prefix_write(&made.info, all[i].moof_size, (uint32_t)i + 1, (uint64_t)all[i].start,
                         prefix);
        assert_memory_equal(made.file.data + at, prefix, sizeof(prefix));
        at += all[i].size;
    }
    assert_int_equal(at, made.file.size);
    assert_int_equal(spn_track_duration(track), all[count - 1].start + all[count - 1].duration);
    assert_int_equal(spn_track_samples(track, count, NULL, 0, &err), SPN_ERANGE);
    assert_int_equal(spn_track_samples(track, 0, NULL, 0, &err), made.counts[0]);
    spn_track_close(track);
    spn_buffer_finish(&again);
    made_finish(&made);
}

/* Fragments of 10, 10 and 4 ticks. */
static const struct range_row {
    const char *name;
    int64_t from, to;
    size_t first, count;
} ranges[] = {
    { "the whole is all fragments", 0, 24, 0, 3 },
    { "the first tick is the first fragment's", 0, 1, 0, 1 },
    { "a border belongs to what it opens", 10, 11, 1, 1 },
    { "the end of a range is outside of it", 5, 10, 0, 1 },
    { "a range over a border has both", 9, 11, 0, 2 },
    { "the last tick is the last fragment's", 23, 24, 2, 1 },
    { "the end is outside", 24, 30, 0, 0 },
    { "before the begin there is nothing", -5, 0, 0, 0 },
    { "a range from before reaches in", -5, 1, 0, 1 },
    { "a range beyond the end has what there is", 15, 1000, 1, 2 },
    { "an empty range has nothing", 7, 7, 0, 0 },
    { "a range backwards has nothing", 9, 3, 0, 0 },
    { "the widest range is everything", INT64_MIN, INT64_MAX, 0, 3 },
};

static void covers(void **state)
{
    const struct range_row *row = *state;
    const struct spn_fragment *found, *all;
    struct spn_track *track;
    struct made made;
    size_t count = 99, every;

    made_init(&made, SPN_H264);
    made_file(&made);
    assert_int_equal(spn_track_open_memory(made.file.data, made.file.size, "made", &track, NULL),
                     SPN_OK);
    all = spn_track_all(track, &every);
    found = spn_track_fragments(track, row->from, row->to, &count);
    assert_int_equal(count, row->count);
    if (count)
        assert_int_equal(found - all, row->first);
    spn_track_close(track);
    made_finish(&made);
}

/* Cut anywhere but behind a fragment it is refused, and never more than that. */
static void cut_anywhere(void **state)
{
    struct made made;
    size_t opened = 0;

    (void)state;
    made_init(&made, SPN_H264);
    assert_int_equal(spn_header_write(&made.info, &made.file, NULL), SPN_OK);
    made_fragments(&made, 0, 3, &made.file); /* a piece: no sidx that would tell */
    for (size_t size = 0; size <= made.file.size; size++) {
        uint8_t *copy = malloc(size ? size : 1);
        struct spn_track *track;
        struct spn_error err = { 0 };

        memcpy(copy, made.file.data, size);
        if (spn_track_open_memory(copy, size, "cut", &track, &err) == SPN_OK)
            opened++;
        else
            assert_int_equal(err.code, SPN_EFORMAT);
        spn_track_close(track);
        free(copy);
    }
    assert_int_equal(opened, 3);
    made_finish(&made);
}

static void *read_all(void *opaque)
{
    const struct spn_track *track = opaque;
    struct spn_sample_place places[64];
    intptr_t sum = 0;

    for (int i = 0; i < 200; i++)
        for (size_t f = 0; f < 3; f++)
            sum += spn_track_samples(track, f, places, 64, NULL) + (int)places[1].size;
    return (void *)sum;
}

static void by_path(void **state)
{
    struct spn_track *track = (void *)1;
    pthread_t threads[4];
    struct spn_error err;
    struct made made;
    char path[64];
    void *sums[4];
    int fd;

    (void)state;
    assert_int_equal(spn_track_open("/nonexistent/track", &track, &err), SPN_ENOENT);
    assert_null(track);
    assert_int_equal(spn_track_open("/", &track, &err), SPN_EFORMAT);
    assert_int_equal(spn_track_open("/dev/null", &track, &err), SPN_EFORMAT);
    spn_track_close(NULL);
    made_init(&made, SPN_H264);
    made_file(&made);
    fd = memfd_create("track", MFD_CLOEXEC);
    assert_int_equal(write(fd, made.file.data, made.file.size), made.file.size);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    assert_int_equal(spn_track_open(path, &track, &err), SPN_OK);
    (void)close(fd);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_all, track), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], &sums[i]), 0);
    assert_true(sums[0] == sums[1] && sums[1] == sums[2] && sums[2] == sums[3]);
    spn_track_close(track);
    made_finish(&made);
}

/* ---- assemble ---- */

static void pieces_other_header(struct made *made)
{
    made->info.colour.transfer = 6;
}

static const struct piece_row {
    const char *name;
    unsigned from[3], to[3];
    size_t count;
    void (*change)(struct made *); /* before the second */
    int want;
    const char *says;
} pieces[] = {
    { "one piece is a whole track", { 0 }, { 3 }, 1, NULL, SPN_OK, NULL },
    { "three pieces are a whole track", { 0, 1, 2 }, { 1, 2, 3 }, 3, NULL, SPN_OK, NULL },
    { "no piece is no track", { 0 }, { 0 }, 0, NULL, SPN_EINVAL, "one piece or more" },
    { "a missing piece is missed", { 0, 2 }, { 1, 3 }, 2, NULL, SPN_EMISMATCH, "piece 1 begins" },
    { "a piece given twice is seen", { 0, 0 }, { 1, 1 }, 2, NULL, SPN_EMISMATCH, "piece 1 begins" },
    { "a piece of another encode is seen",
      { 0, 1 },
      { 1, 3 },
      2,
      pieces_other_header,
      SPN_EMISMATCH,
      "the header of piece 1" },
};

static void assembles(void **state)
{
    static char names[3][32];
    const struct piece_row *row = *state;
    struct made_pieces out = { 0 };
    struct spn_piece given[3];
    struct spn_error err = { 0 };
    struct made made;

    made_init(&made, SPN_H264);
    for (size_t i = 0; i < row->count; i++) {
        if (i == 1 && row->change)
            row->change(&made);
        (void)snprintf(names[i], sizeof(names[i]), "piece %zu", i);
        out.fds[i] = made_piece(&made, row->from[i], row->to[i]);
        given[i] = (struct spn_piece){ out.fds[i], names[i] };
    }
    assert_int_equal(spn_track_assemble(given, row->count, made_write, &out, &err), row->want);
    if (row->want == SPN_OK) {
        made_file(&made);
        assert_int_equal(out.out.size, made.file.size);
        assert_memory_equal(out.out.data, made.file.data, made.file.size);
    } else {
        assert_non_null(strstr(err.text, row->says));
        assert_int_equal(out.out.size, 0);
    }
    for (size_t i = 0; i < row->count; i++)
        (void)close(out.fds[i]);
    spn_buffer_finish(&out.out);
    made_finish(&made);
}

/* More fragments than a sidx counts: two of them make a reference, and the file is good all the
 * same. */
static void many_fragments(void **state)
{
    enum { COUNT = 70001 };
    struct made_pieces out = { 0 };
    struct spn_buffer bytes = { 0 };
    struct spn_track *track;
    struct spn_piece piece;
    struct spn_error err;
    struct made made;
    size_t count;

    (void)state;
    made_init(&made, SPN_AAC);
    assert_int_equal(spn_header_write(&made.info, &bytes, NULL), SPN_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        struct spn_sample sample = { (const uint8_t *)"!", 1, 0, 1 };

        assert_int_equal(
            spn_fragment_write(&made.info, i + 1, (uint64_t)i * 1024, &sample, 1, &bytes, NULL),
            SPN_OK);
    }
    out.fds[0] = memfd_create("piece", MFD_CLOEXEC);
    assert_int_equal(write(out.fds[0], bytes.data, bytes.size), bytes.size);
    piece = (struct spn_piece){ out.fds[0], "piece" };
    assert_int_equal(spn_track_assemble(&piece, 1, made_write, &out, &err), SPN_OK);
    (void)close(out.fds[0]);
    assert_int_equal(spn_track_check_memory(out.out.data, out.out.size, "long", NULL, NULL, &err),
                     0);
    assert_int_equal(spn_track_open_memory(out.out.data, out.out.size, "long", &track, &err),
                     SPN_OK);
    (void)spn_track_all(track, &count);
    assert_int_equal(count, COUNT);
    spn_track_close(track);
    spn_buffer_finish(&out.out);
    spn_buffer_finish(&bytes);
    made_finish(&made);
}

/* ---- writing ---- */

static void iframe(void **state)
{
    struct spn_buffer out = { 0 };
    uint8_t prefix[SPN_PREFIX_SIZE];
    struct made made;

    (void)state;
    made_init(&made, SPN_H264);
    spn_iframe_write(&made.info, 7, 1234567890123, 10, 99, &out);
    assert_int_equal(out.size, 120);
    spn_prefix_write(&made.info, 112, 7, 1234567890123, prefix);
    assert_memory_equal(out.data, prefix, sizeof(prefix));
    assert_int_equal(spn_be32(out.data + 80 + 8), 0x01000305);
    assert_int_equal(spn_be32(out.data + 80 + 16), 120); /* data offset */
    assert_int_equal(spn_be32(out.data + 80 + 24), 10);
    assert_int_equal(spn_be32(out.data + 80 + 28), 99);
    assert_int_equal(spn_be32(out.data + 112), 99 + 8);
    spn_buffer_finish(&out);
    made_finish(&made);
}

static const struct fragment_row {
    const char *name;
    enum spn_codec codec;
    size_t count;
    int32_t offsets[4];
    int sync[4];
    uint32_t sizes[4];
    int want;
} fragments[] = {
    { "a fragment in order is written", SPN_H264, 3, { 0, 1, -1 }, { 1 }, { 1, 1, 1 }, SPN_OK },
    { "a fragment needs a sample", SPN_H264, 0, { 0 }, { 1 }, { 1 }, SPN_EINVAL },
    { "the first sample must be sync", SPN_H264, 2, { 0, 0 }, { 0 }, { 1, 1 }, SPN_EINVAL },
    { "no other may be sync", SPN_H264, 2, { 0, 0 }, { 1, 1 }, { 1, 1 }, SPN_EINVAL },
    { "two frames may not have one place",
      SPN_H264,
      3,
      { 0, 1, 0 },
      { 1 },
      { 1, 1, 1 },
      SPN_EINVAL },
    { "a frame may not lie before", SPN_H264, 2, { 0, -2 }, { 1 }, { 1, 1 }, SPN_EINVAL },
    { "a frame may not lie behind", SPN_H264, 2, { 0, 1 }, { 1 }, { 1, 1 }, SPN_EINVAL },
    { "the first must be shown first", SPN_H264, 2, { 1, -1 }, { 1 }, { 1, 1 }, SPN_EINVAL },
    { "AV1 has no composition offsets", SPN_AV1, 3, { 0, 1, -1 }, { 1 }, { 1, 1, 1 }, SPN_EINVAL },
    { "an empty sample is refused", SPN_H264, 2, { 0, 0 }, { 1 }, { 1, 0 }, SPN_ELIMIT },
    { "a fragment too large is refused",
      SPN_H264,
      2,
      { 0, 0 },
      { 1 },
      { 1, 256u << 20 },
      SPN_ELIMIT },
};

static void writes_fragment(void **state)
{
    const struct fragment_row *row = *state;
    struct spn_sample samples[4];
    struct spn_buffer out = { 0 };
    struct spn_error err;
    struct made made;

    made_init(&made, row->codec);
    for (size_t i = 0; i < 4; i++)
        samples[i] = (struct spn_sample){ (const uint8_t *)"x", row->sizes[i], row->offsets[i],
                                          row->sync[i] };
    assert_int_equal(spn_fragment_write(&made.info, 1, 0, samples, row->count, &out, &err),
                     row->want);
    assert_int_equal(out.size, row->want < 0 ? 0 : 80 + 24 + row->count * 9 + 8);
    assert_int_equal(spn_fragment_write(&made.info, 1, UINT64_MAX, samples, 1, &out, NULL) < 0, 1);
    spn_buffer_finish(&out);
    made_finish(&made);
}

typedef void change(struct spn_track_info *info);

static void wrong_gop(struct spn_track_info *info)
{
    info->gop = 9;
}

static void wrong_timescale(struct spn_track_info *info)
{
    info->timescale = 90000;
}

static void wrong_rate(struct spn_track_info *info)
{
    info->rate = (struct spn_rate){ 10, 2 };
}

static void too_fast(struct spn_track_info *info)
{
    info->rate = (struct spn_rate){ 120, 1 };
    info->timescale = 120;
    info->gop = 240;
}

static void no_width(struct spn_track_info *info)
{
    info->width = 0;
}

static void bad_language(struct spn_track_info *info)
{
    (void)snprintf(info->language, sizeof(info->language), "zh\"/>");
}

static void no_config(struct spn_track_info *info)
{
    info->config_size = 0;
}

static void cut_config(struct spn_track_info *info)
{
    info->config_size--;
}

static void audio_codec(struct spn_track_info *info)
{
    info->codec = SPN_AAC;
}

static void text_media(struct spn_track_info *info)
{
    info->media = SPN_TEXT;
}

static const struct header_row {
    const char *name;
    change *change;
    int want;
} headers[] = {
    { "a GOP that is not the rate's is refused", wrong_gop, SPN_EINVAL },
    { "a timescale that is not the rate's is refused", wrong_timescale, SPN_EINVAL },
    { "a rate not in lowest terms is refused", wrong_rate, SPN_EINVAL },
    { "a rate above 60 is refused", too_fast, SPN_EINVAL },
    { "a picture without width is refused", no_width, SPN_EINVAL },
    { "a language that is no tag is refused", bad_language, SPN_EINVAL },
    { "a missing configuration is refused", no_config, SPN_EFORMAT },
    { "a configuration cut short is refused", cut_config, SPN_EFORMAT },
    { "sound's codec in pictures is refused", audio_codec, SPN_EFORMAT },
    { "text has no track file", text_media, SPN_EINVAL },
};

static void refuses_header(void **state)
{
    const struct header_row *row = *state;
    struct spn_buffer out = { 0 };
    struct spn_hash id;
    struct spn_error err;
    struct made made;

    made_init(&made, SPN_H264);
    row->change(&made.info);
    assert_true(spn_header_write(&made.info, &out, &err) < 0);
    assert_true(err.code == row->want || row->change == audio_codec);
    assert_int_equal(out.size, 0);
    assert_true(spn_compat_id(&made.info, &id, NULL) < 0);
    made_finish(&made);
}

static void other_language(struct spn_track_info *info)
{
    (void)snprintf(info->language, sizeof(info->language), "en");
}

static void other_codecs(struct spn_track_info *info)
{
    info->codecs[0] = '\0';
}

static void other_height(struct spn_track_info *info)
{
    info->height = 92;
}

static void other_colour(struct spn_track_info *info)
{
    info->colour.matrix = 6;
}

static void other_rate(struct spn_track_info *info)
{
    info->rate.num = info->timescale = 6;
    info->gop = 12;
}

static const struct compat_row {
    const char *name;
    change *change;
    int equal;
} compats[] = {
    { "a language does not matter to a decoder", other_language, 1 },
    { "nor does what a manifest says of the codec", other_codecs, 1 },
    { "a size does", other_height, 0 },
    { "a colour does", other_colour, 0 },
    { "a rate does", other_rate, 0 },
};

static void compat(void **state)
{
    const struct compat_row *row = *state;
    struct spn_hash before, after;
    struct made made;

    made_init(&made, SPN_H264);
    assert_int_equal(spn_compat_id(&made.info, &before, NULL), SPN_OK);
    row->change(&made.info);
    assert_int_equal(spn_compat_id(&made.info, &after, NULL), SPN_OK);
    assert_int_equal(spn_hash_equal(&before, &after), row->equal);
    made_finish(&made);
}

int main(void)
{
    static struct rows rows;

    rows_add_table(&rows, codecs, comes_back);
    rows_add_table(&rows, ranges, covers);
    rows_add(&rows, "a file cut short is refused wherever it is cut", cut_anywhere, NULL);
    rows_add(&rows, "four threads read one track; what is no file is refused", by_path, NULL);
    rows_add_table(&rows, pieces, assembles);
    rows_add(&rows, "70,001 fragments make a sidx", many_fragments, NULL);
    rows_add(&rows, "an I-frame moof is 120 bytes with the head of its mdat", iframe, NULL);
    rows_add_table(&rows, fragments, writes_fragment);
    rows_add_table(&rows, headers, refuses_header);
    rows_add_table(&rows, compats, compat);
    return rows_run(&rows, "track");
}

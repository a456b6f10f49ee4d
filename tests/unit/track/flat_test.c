/* flat_test.c - ordinary MP4s of random fragments against a plain list of samples, and at the
 * limits. */
#include "sampan/flat.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "made.h"
#include "rows.h"
#include "sampan/bytes.h"

#define FILES       3
#define TRACKS_MAX  5
#define SAMPLES_MAX 4000

/* ---- tracks of random samples ---- */

struct source {
    struct made made;
    struct spn_track *track;
};

static uint32_t chance_state;

static uint32_t chance(uint32_t below)
{
    chance_state = chance_state * 1664525 + 1013904223;
    return (chance_state >> 8) % below;
}

/* A closed GOP of count pictures in any order, or packets. */
static void fragment_invent(const struct spn_track_info *info, uint32_t number, size_t count,
                            struct spn_buffer *out)
{
    static uint8_t bytes[64 * 128];
    struct spn_sample samples[128] = { 0 };
    int places[128], reorders = info->codec == SPN_H264 || info->codec == SPN_HEVC;
    size_t at = 0;
    struct spn_error err;

    for (size_t i = 0; i < count; i++)
        places[i] = (int)i;
    for (size_t i = count; reorders && i > 2; i--) { /* the first stays where it is */
        size_t other = 1 + chance((uint32_t)i - 1);
        int place = places[i - 1];

        places[i - 1] = places[other];
        places[other] = place;
    }
    for (size_t i = 0; i < count; i++) {
        samples[i].data = bytes + at;
        samples[i].size = 1 + chance(63);
        for (size_t k = 0; k < samples[i].size; k++)
            bytes[at++] = (uint8_t)chance(256);
        samples[i].sync = i == 0 || info->media == SPN_AUDIO;
        samples[i].offset = (places[i] - (int)i) * (int)info->sample_ticks;
    }
    if (spn_fragment_write(info, number, 0, samples, count, out, &err) < 0)
        fail_msg("%s", err.text);
}

static void source_open(struct source *source, enum spn_codec codec, size_t fragments)
{
    struct spn_buffer *file = &source->made.file;
    uint64_t decode = 0;
    struct spn_error err;

    made_init(&source->made, codec);
    assert_int_equal(spn_header_write(&source->made.info, file, NULL), SPN_OK);
    for (size_t i = 0; i < fragments; i++) {
        size_t count = 1 + chance(source->made.info.media == SPN_VIDEO ? 10 : 60);
        size_t before = file->size;

        fragment_invent(&source->made.info, (uint32_t)i + 1, count, file);
        spn_prefix_write(&source->made.info, spn_be32(file->data + before), (uint32_t)i + 1, decode,
                         file->data + before);
        decode += count * source->made.info.sample_ticks;
    }
    if (spn_track_open_memory(file->data, file->size, "invented", &source->track, &err) < 0)
        fail_msg("%s", err.text);
}

static void source_close(struct source *source)
{
    spn_track_close(source->track);
    made_finish(&source->made);
}

/* ---- what was written, read again by hand ---- */

static const uint8_t *child(const uint8_t *box, const char *type, size_t skip)
{
    const uint8_t *end = box + spn_be32(box), *at = box + 8 + skip;

    for (; at < end; at += spn_be32(at)) {
        assert_true(spn_be32(at) >= 8 && at + spn_be32(at) <= end);
        if (memcmp(at + 4, type, 4) == 0)
            return at;
    }
    return NULL;
}

static const uint8_t *below(const uint8_t *box, const char *path)
{
    while (box && *path) {
        box = child(box, path, 0);
        path += path[4] ? 5 : 4;
    }
    return box;
}

static const uint8_t *trak(const uint8_t *moov, size_t index)
{
    const uint8_t *end = moov + spn_be32(moov), *at = moov + 8;

    for (; at < end; at += spn_be32(at))
        if (memcmp(at + 4, "trak", 4) == 0 && index-- == 0)
            return at;
    return NULL;
}

struct sample {
    uint64_t offset;
    uint32_t size;
    int32_t composition;
    int sync;
};

static size_t samples_read(const uint8_t *stbl, struct sample *out)
{
    const uint8_t *stsz = child(stbl, "stsz", 0), *stsc = child(stbl, "stsc", 0);
    const uint8_t *ctts = child(stbl, "ctts", 0), *stss = child(stbl, "stss", 0);
    const uint8_t *stco = child(stbl, "stco", 0), *stts = child(stbl, "stts", 0);
    size_t count = spn_be32(stsz + 16), sample = 0, entry = 0;
    uint32_t chunks = spn_be32(stco + 12);

    assert_true(count <= SAMPLES_MAX);
    assert_int_equal(spn_be32(stsz + 12), 0);
    assert_int_equal(spn_be32(stts + 12), 1);
    assert_int_equal(spn_be32(stts + 16), count);
    for (uint32_t c = 0; c < chunks; c++) {
        uint64_t at = spn_be32(stco + 16 + 4 * c);

        while (entry + 1 < spn_be32(stsc + 12) && spn_be32(stsc + 16 + 12 * (entry + 1)) <= c + 1)
            entry++;
        for (uint32_t i = 0; i < spn_be32(stsc + 20 + 12 * entry); i++, sample++) {
            assert_true(sample < count);
            out[sample].offset = at;
            out[sample].size = spn_be32(stsz + 20 + 4 * sample);
            out[sample].composition = 0;
            out[sample].sync = !stss;
            at += out[sample].size;
        }
    }
    assert_int_equal(sample, count);
    sample = 0;
    for (uint32_t i = 0; ctts && i < spn_be32(ctts + 12); i++)
        for (uint32_t k = 0; k < spn_be32(ctts + 16 + 8 * i); k++)
            out[sample++].composition = (int32_t)spn_be32(ctts + 20 + 8 * i);
    assert_true(!ctts || sample == count);
    assert_true(!ctts || ctts[8] == 1);
    for (uint32_t i = 0; stss && i < spn_be32(stss + 12); i++)
        out[spn_be32(stss + 16 + 4 * i) - 1].sync = 1;
    return count;
}

/* ---- the writer against a plain list ---- */

struct model {
    enum spn_codec codec;
    struct source files[FILES];
    struct spn_buffer bytes; /* of all samples, in order */
    struct sample samples[SAMPLES_MAX];
    size_t count;
};

struct film {
    struct model tracks[TRACKS_MAX];
    size_t count;
    struct spn_flat *flat;
    struct spn_buffer out;
};

static int film_write(void *opaque, const uint8_t *bytes, size_t piece, uint64_t offset,
                      uint64_t size, struct spn_error *err)
{
    struct film *film = opaque;
    const struct spn_buffer *file = &film->tracks[piece / FILES].files[piece % FILES].made.file;

    (void)err;
    if (!bytes)
        assert_true(offset + size <= file->size);
    spn_buffer_append(&film->out, bytes ? bytes : file->data + offset, (size_t)size);
    return SPN_OK;
}

static void fragment_put(struct film *film, size_t track, size_t file, size_t fragment)
{
    struct model *model = &film->tracks[track];
    const struct source *source = &model->files[file];
    struct spn_sample_place places[128];
    struct spn_error err;
    int count = spn_track_samples(source->track, fragment, places, 128, &err);

    assert_true(count > 0 && model->count + (size_t)count <= SAMPLES_MAX);
    for (int i = 0; i < count; i++) {
        model->samples[model->count++] = (struct sample){ model->bytes.size, places[i].size,
                                                          places[i].composition, places[i].sync };
        spn_buffer_append(&model->bytes, source->made.file.data + places[i].offset, places[i].size);
    }
    if (spn_flat_add(film->flat, track, track * FILES + file, source->track, fragment, &err) < 0)
        fail_msg("%s", err.text);
}

static void film_invent(struct film *film)
{
    static const enum spn_codec codecs[] = { SPN_H264, SPN_HEVC, SPN_AV1, SPN_AAC };
    struct spn_flat_track told[TRACKS_MAX] = { 0 };
    struct spn_error err;

    memset(film, 0, sizeof(*film));
    film->count = 1 + chance(TRACKS_MAX);
    for (size_t t = 0; t < film->count; t++) {
        film->tracks[t].codec = t ? SPN_AAC : codecs[chance(4)];
        for (size_t f = 0; f < FILES; f++)
            source_open(&film->tracks[t].files[f], film->tracks[t].codec, 1 + chance(6));
        told[t] = (struct spn_flat_track){ .like = film->tracks[t].files[0].track,
                                           .language = t % 2 ? "zh-Hans" : "en",
                                           .name = t ? "\xe6\x97\x81\xe7\x99\xbd" : "",
                                           .role = t == 1 ? "main" : NULL,
                                           .alternate_group = (uint16_t)(t ? 1 : 0),
                                           .enabled = t < 2 };
    }
    assert_int_equal(spn_flat_create(&film->flat, &err), SPN_OK);
    for (size_t t = 0; t < film->count; t++)
        assert_int_equal(spn_flat_track_add(film->flat, &told[t], &err), t);
    for (size_t t = 0; t < film->count; t++)
        for (size_t n = 1 + chance(25); n > 0; n--) {
            size_t file = chance(FILES), fragments;

            (void)spn_track_all(film->tracks[t].files[file].track, &fragments);
            fragment_put(film, t, file, chance((uint32_t)fragments));
        }
}

static void film_finish(struct film *film)
{
    for (size_t t = 0; t < film->count; t++) {
        for (size_t f = 0; f < FILES; f++)
            source_close(&film->tracks[t].files[f]);
        spn_buffer_finish(&film->tracks[t].bytes);
    }
    spn_flat_free(film->flat);
    spn_buffer_finish(&film->out);
}

static void track_compare(const struct film *film, size_t t, const uint8_t *moov, uint8_t *used)
{
    static struct sample there[SAMPLES_MAX];
    const struct model *model = &film->tracks[t];
    const struct spn_buffer *header = &model->files[0].made.file;
    const uint8_t *one = trak(moov, t), *stbl = below(one, "mdia/minf/stbl"), *stsd, *tkhd;
    size_t was = made_box(header, "moov/trak/mdia/minf/stbl/stsd", 0), count;

    assert_non_null(stbl);
    count = samples_read(stbl, there);
    assert_int_equal(count, model->count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(there[i].size, model->samples[i].size);
        assert_int_equal(there[i].composition, model->samples[i].composition);
        assert_int_equal(there[i].sync, model->samples[i].sync);
        assert_memory_equal(film->out.data + there[i].offset,
                            model->bytes.data + model->samples[i].offset, there[i].size);
        for (size_t k = 0; k < there[i].size; k++)
            assert_int_equal(used[there[i].offset + k]++, 0);
    }
    stsd = child(stbl, "stsd", 0);
    assert_int_equal(spn_be32(stsd), made_size(header, was));
    assert_memory_equal(stsd, header->data + was, made_size(header, was));
    tkhd = child(one, "tkhd", 0);
    assert_int_equal(tkhd[11] & 1, t < 2);
    assert_int_equal(spn_be32(tkhd + 20), t + 1);
    assert_int_equal(spn_be32(tkhd + 40) & 0xFFFF, t ? 1 : 0);
    assert_int_equal(below(one, "udta/kind") != NULL, t == 1);
    assert_string_equal((const char *)below(one, "mdia/elng") + 12, t % 2 ? "zh-Hans" : "en");
}

/* Chunks of all tracks lie in order of time; of those that begin together, the first track's first.
 */
static void order_check(const struct film *film, const uint8_t *moov)
{
    uint64_t last_at = 0;
    size_t next[TRACKS_MAX] = { 0 }, samples[TRACKS_MAX] = { 0 }, chunks = 0, last_track = 0;
    double last = 0;

    for (size_t t = 0; t < film->count; t++)
        chunks += spn_be32(below(trak(moov, t), "mdia/minf/stbl/stco") + 12);
    for (; chunks > 0; chunks--) {
        const uint8_t *stbl, *stco, *stsc;
        size_t first = film->count, entry = 0;
        uint64_t at = UINT64_MAX;
        double start;

        for (size_t t = 0; t < film->count; t++) { /* the one that lies next */
            stco = below(trak(moov, t), "mdia/minf/stbl/stco");
            if (next[t] < spn_be32(stco + 12) && spn_be32(stco + 16 + 4 * next[t]) < at) {
                at = spn_be32(stco + 16 + 4 * next[t]);
                first = t;
            }
        }
        stbl = below(trak(moov, first), "mdia/minf/stbl");
        stsc = child(stbl, "stsc", 0);
        start = (double)samples[first] *
                (first == 0 && film->tracks[0].codec != SPN_AAC ? 1.0 / 5 : 1024.0 / 48000);
        assert_true(at > last_at);
        assert_true(start > last - 1e-9);
        assert_true(start > last + 1e-9 || first >= last_track);
        while (entry + 1 < spn_be32(stsc + 12) &&
               spn_be32(stsc + 16 + 12 * (entry + 1)) <= next[first] + 1)
            entry++;
        samples[first] += spn_be32(stsc + 20 + 12 * entry);
        next[first]++;
        last_at = at;
        last_track = first;
        last = start;
    }
}

static void is_the_list(void **state)
{
    static struct film film;

    (void)state;
    for (uint32_t seed = 1; seed <= 150; seed++) {
        const uint8_t *moov;
        struct spn_error err;
        uint8_t *used;
        size_t head;

        chance_state = seed;
        film_invent(&film);
        if (spn_flat_write(film.flat, film_write, &film, &err) < 0)
            fail_msg("seed %u: %s", seed, err.text);
        assert_memory_equal(film.out.data + 4, "ftypisom", 8);
        moov = film.out.data + spn_be32(film.out.data);
        assert_memory_equal(moov + 4, "moov", 4);
        head = (size_t)(moov - film.out.data) + spn_be32(moov);
        assert_memory_equal(film.out.data + head + 4, "mdat", 4);
        assert_int_equal(head + spn_be32(film.out.data + head), film.out.size);
        used = calloc(1, film.out.size);
        for (size_t t = 0; t < film.count; t++)
            track_compare(&film, t, moov, used);
        assert_null(trak(moov, film.count));
        order_check(&film, moov);
        /* every byte of mdat is of one sample */
        for (size_t i = head + 8; i < film.out.size; i++)
            assert_int_equal(used[i], 1);
        free(used);
        film_finish(&film);
    }
}

/* ---- time ---- */

struct written {
    struct spn_buffer head;
    uint64_t size;
};

static int head_keep(void *opaque, const uint8_t *bytes, size_t piece, uint64_t offset,
                     uint64_t size, struct spn_error *err)
{
    struct written *written = opaque;

    (void)piece;
    (void)offset;
    (void)err;
    if (bytes)
        spn_buffer_append(&written->head, bytes, (size_t)size);
    written->size += size;
    return SPN_OK;
}

static void sound_is_cut(void **state)
{
    static const struct {
        unsigned fragments; /* of sound, beside 24 frames at 5 a second: 225 packets */
        uint64_t shown;     /* samples */
    } rows[] = { { 4, 143 * 1024 }, { 9, 24 * 48000 / 5 } };
    struct made video, audio;
    struct spn_track *picture, *sound;

    (void)state;
    made_init(&video, SPN_H264);
    made_init(&audio, SPN_AAC);
    made_file(&video);
    made_file(&audio);
    assert_int_equal(
        spn_track_open_memory(video.file.data, video.file.size, "video", &picture, NULL), SPN_OK);
    assert_int_equal(spn_track_open_memory(audio.file.data, audio.file.size, "audio", &sound, NULL),
                     SPN_OK);
    for (size_t i = 0; i < 2; i++) {
        const struct spn_flat_track told[2] = { { .like = picture, .language = "und", .name = "" },
                                                { .like = sound, .language = "en", .name = "" } };
        struct written written = { 0 };
        struct spn_flat *flat;
        const uint8_t *moov, *one, *elst, *cslg, *ctts;

        assert_int_equal(spn_flat_create(&flat, NULL), SPN_OK);
        assert_int_equal(spn_flat_track_add(flat, &told[0], NULL), 0);
        assert_int_equal(spn_flat_track_add(flat, &told[1], NULL), 1);
        for (size_t k = 0; k < 3; k++)
            assert_int_equal(spn_flat_add(flat, 0, 0, picture, k, NULL), SPN_OK);
        for (size_t k = 0; k < rows[i].fragments; k++)
            assert_int_equal(spn_flat_add(flat, 1, 1, sound, k % 4, NULL), SPN_OK);
        assert_int_equal(spn_flat_write(flat, head_keep, &written, NULL), SPN_OK);
        moov = written.head.data + spn_be32(written.head.data);
        /* 48000: both are whole numbers of it */
        assert_int_equal(spn_be32(child(moov, "mvhd", 0) + 20), 48000);
        assert_int_equal(spn_be32(child(moov, "mvhd", 0) + 24), 24 * 48000 / 5);
        one = trak(moov, 0);
        assert_null(child(one, "edts", 0));
        ctts = below(one, "mdia/minf/stbl/ctts");
        cslg = below(one, "mdia/minf/stbl/cslg");
        assert_non_null(ctts);
        assert_int_equal((int32_t)spn_be32(ctts + 20), 0); /* the first is shown at 0 */
        assert_int_equal(spn_be32(cslg + 12), 1);
        assert_int_equal((int32_t)spn_be32(cslg + 16), -1);
        assert_int_equal(spn_be32(cslg + 20), 2);
        assert_int_equal(spn_be32(cslg + 24), 0);
        assert_int_equal(spn_be32(cslg + 28), 24);
        one = trak(moov, 1);
        elst = below(one, "edts/elst");
        assert_int_equal(spn_be32(elst + 12), 1);
        assert_int_equal(spn_be32(elst + 16), rows[i].shown);
        assert_int_equal(spn_be32(elst + 20), 0);
        assert_int_equal(spn_be32(child(one, "tkhd", 0) + 28), rows[i].shown);
        assert_null(below(one, "mdia/minf/stbl/ctts"));
        assert_null(below(one, "mdia/minf/stbl/stss"));
        spn_flat_free(flat);
        spn_buffer_finish(&written.head);
    }
    spn_track_close(picture);
    spn_track_close(sound);
    made_finish(&video);
    made_finish(&audio);
}

/* ---- chapters ---- */

static void has_chapters(void **state)
{
    static const struct {
        int64_t frame;
        uint64_t start; /* 100 ns, at 24000/1001 */
    } rows[] = { { 0, 0 }, { 2, 834167 }, { 24000, 10010000000 }, { 129600, 54054000000 } };
    struct made made;
    struct spn_track *track;
    struct spn_flat_track told = { .language = "und", .name = "" };
    struct written written = { 0 };
    char title[300], wanted[300];
    struct spn_flat *flat;
    const uint8_t *chpl;

    (void)state;
    made_init(&made, SPN_H264);
    made_file(&made);
    assert_int_equal(spn_track_open_memory(made.file.data, made.file.size, "x", &track, NULL),
                     SPN_OK);
    told.like = track;
    assert_int_equal(spn_flat_create(&flat, NULL), SPN_OK);
    assert_int_equal(spn_flat_track_add(flat, &told, NULL), 0);
    assert_int_equal(spn_flat_add(flat, 0, 0, track, 0, NULL), SPN_OK);
    for (size_t i = 0; i < 4; i++) { /* 254 to 257 bytes, the last character of three */
        memset(title, 'a', sizeof(title));
        memcpy(title + 251 + i, "\xe4\xb8\x80", 4);
        assert_int_equal(spn_flat_chapter_add(flat, (struct spn_rate){ 24000, 1001 }, rows[i].frame,
                                              title, NULL),
                         SPN_OK);
    }
    assert_int_equal(spn_flat_write(flat, head_keep, &written, NULL), SPN_OK);
    chpl = below(written.head.data + spn_be32(written.head.data), "udta/chpl");
    assert_non_null(chpl);
    assert_int_equal(chpl[8], 1);
    assert_int_equal(chpl[16], 4);
    chpl += 17;
    for (size_t i = 0; i < 4; i++) {
        size_t length = i < 2 ? 254 + i : 251 + i;

        memset(wanted, 'a', sizeof(wanted));
        memcpy(wanted + 251 + i, "\xe4\xb8\x80", 3);
        assert_true(spn_be64(chpl) == rows[i].start);
        assert_int_equal(chpl[8], length);
        assert_memory_equal(chpl + 9, wanted, length);
        chpl += 9 + length;
    }
    assert_int_equal(spn_flat_chapter_add(flat, (struct spn_rate){ 25, 1 }, -1, "", NULL),
                     SPN_ERANGE);
    assert_int_equal(spn_flat_chapter_add(flat, (struct spn_rate){ 1, 1001 }, INT64_MAX, "", NULL),
                     SPN_ERANGE);
    for (int i = 4; i < SPN_FLAT_CHAPTERS_MAX; i++)
        assert_int_equal(
            spn_flat_chapter_add(flat, (struct spn_rate){ 25, 1 }, 1000000 + i, "", NULL), SPN_OK);
    assert_int_equal(spn_flat_chapter_add(flat, (struct spn_rate){ 25, 1 }, 1, "", NULL),
                     SPN_ELIMIT);
    spn_flat_free(flat);
    spn_buffer_finish(&written.head);
    spn_track_close(track);
    made_finish(&made);
}

/* ---- more than 4 GiB ---- */

#define HUGE_SAMPLE (200u << 20) /* bytes */

/* A picture of 200 MiB that takes no room: its fragment says so, and a hole follows. */
static void huge_open(struct made *made, struct spn_track **out)
{
    int fd = memfd_create("huge", MFD_CLOEXEC);
    size_t moof, mdat;
    char path[64];
    struct spn_error err;

    made_init(made, SPN_H264);
    made->fragments = 1;
    made->counts[0] = 1;
    assert_int_equal(spn_header_write(&made->info, &made->file, NULL), SPN_OK);
    made_fragments(made, 0, 1, &made->file);
    moof = made_box(&made->file, "moof", 0);
    mdat = made_box(&made->file, "mdat", 0);
    spn_put_be32(made->file.data + made_box(&made->file, "moof/traf/trun", 0) + 24, HUGE_SAMPLE);
    spn_put_be32(made->file.data + mdat, HUGE_SAMPLE + 8);
    assert_true(moof < mdat);
    assert_int_equal(write(fd, made->file.data, made->file.size), made->file.size);
    assert_int_equal(ftruncate(fd, (off_t)mdat + 8 + HUGE_SAMPLE), 0);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (spn_track_open(path, out, &err) < 0)
        fail_msg("%s", err.text);
    (void)close(fd);
}

static void is_larger(void **state)
{
    struct made made;
    struct spn_track *track;

    (void)state;
    huge_open(&made, &track);
    for (uint64_t count = 19; count <= 23; count++) {
        const struct spn_flat_track told = { .like = track, .language = "und", .name = "" };
        struct written written = { 0 };
        struct spn_flat *flat;
        const uint8_t *moov, *stbl, *mdat, *offsets;
        int large = count > 20; /* 20 are 4,194,304,000 bytes, 21 are more than 32 bits have */
        uint64_t at;

        assert_int_equal(spn_flat_create(&flat, NULL), SPN_OK);
        assert_int_equal(spn_flat_track_add(flat, &told, NULL), 0);
        for (uint64_t i = 0; i < count; i++)
            assert_int_equal(spn_flat_add(flat, 0, 0, track, 0, NULL), SPN_OK);
        assert_true(spn_flat_bytes(flat) == count * HUGE_SAMPLE);
        assert_int_equal(spn_flat_write(flat, head_keep, &written, NULL), SPN_OK);
        moov = written.head.data + spn_be32(written.head.data);
        mdat = moov + spn_be32(moov);
        assert_memory_equal(mdat + 4, "mdat", 4);
        assert_int_equal(mdat + (large ? 16 : 8) - written.head.data, written.head.size);
        at = large ? spn_be64(mdat + 8) : spn_be32(mdat);
        assert_true((uint64_t)(mdat - written.head.data) + at == written.size);
        assert_int_equal(spn_be32(mdat) == 1, large);
        stbl = below(trak(moov, 0), "mdia/minf/stbl");
        offsets = child(stbl, large ? "co64" : "stco", 0);
        assert_null(child(stbl, large ? "stco" : "co64", 0));
        for (uint64_t i = 0; i < count; i++) {
            uint64_t offset =
                large ? spn_be64(offsets + 16 + 8 * i) : spn_be32(offsets + 16 + 4 * i);

            assert_true(offset == written.head.size + i * HUGE_SAMPLE);
        }
        spn_flat_free(flat);
        spn_buffer_finish(&written.head);
    }
    spn_track_close(track);
    made_finish(&made);
}

/* ---- what is refused ---- */

static void is_refused(void **state)
{
    static uint8_t byte = 0x21;
    static struct spn_sample samples[SPN_SAMPLES_MAX];
    struct made audio, video;
    struct spn_track *sound, *picture;
    struct spn_flat_track told[2] = { { .language = "en", .name = "" },
                                      { .language = "en", .name = "" } };
    struct written written = { 0 };
    struct spn_flat *flat;
    struct spn_error err;

    (void)state;
    made_init(&audio, SPN_AAC);
    made_init(&video, SPN_H264);
    made_file(&video);
    for (size_t i = 0; i < SPN_SAMPLES_MAX; i++)
        samples[i] = (struct spn_sample){ &byte, 1, 0, 1 };
    assert_int_equal(spn_header_write(&audio.info, &audio.file, NULL), SPN_OK);
    assert_int_equal(
        spn_fragment_write(&audio.info, 1, 0, samples, SPN_SAMPLES_MAX, &audio.file, NULL), SPN_OK);
    assert_int_equal(spn_track_open_memory(audio.file.data, audio.file.size, "audio", &sound, &err),
                     SPN_OK);
    assert_int_equal(
        spn_track_open_memory(video.file.data, video.file.size, "video", &picture, &err), SPN_OK);
    told[0].like = sound;
    told[1].like = picture;

    assert_int_equal(spn_flat_create(&flat, &err), SPN_OK);
    assert_int_equal(spn_flat_write(flat, head_keep, &written, &err), SPN_EINVAL);
    told[1].language = "e n";
    assert_int_equal(spn_flat_track_add(flat, &told[0], &err), 0);
    assert_int_equal(spn_flat_track_add(flat, &told[1], &err), SPN_EINVAL);
    told[1].language = "en";
    for (int i = 1; i < SPN_FLAT_TRACKS_MAX; i++)
        assert_int_equal(spn_flat_track_add(flat, &told[1], &err), i);
    assert_int_equal(spn_flat_track_add(flat, &told[1], &err), SPN_ELIMIT);
    spn_flat_free(flat);
    assert_int_equal(spn_flat_create(&flat, &err), SPN_OK);
    assert_int_equal(spn_flat_track_add(flat, &told[0], &err), 0);
    assert_int_equal(spn_flat_track_add(flat, &told[1], &err), 1);
    assert_int_equal(spn_flat_add(flat, 2, 0, sound, 0, &err), SPN_EINVAL);
    assert_int_equal(spn_flat_add(flat, 1, 0, sound, 0, &err), SPN_EMISMATCH);
    assert_int_equal(spn_flat_add(flat, 0, 0, sound, 1, &err), SPN_ERANGE);
    for (size_t i = 0; i < SPN_FLAT_SAMPLES_MAX / SPN_SAMPLES_MAX; i++)
        assert_int_equal(spn_flat_add(flat, 0, 0, sound, 0, &err), SPN_OK);
    assert_int_equal(spn_flat_add(flat, 0, 0, sound, 0, &err), SPN_ELIMIT);
    assert_int_equal(spn_flat_write(flat, head_keep, &written, &err), SPN_EINVAL);
    assert_non_null(strstr(err.text, "track 2"));
    assert_int_equal(written.size, 0);
    assert_int_equal(spn_flat_add(flat, 1, 0, picture, 0, &err), SPN_OK);
    assert_int_equal(spn_flat_write(flat, head_keep, &written, &err), SPN_OK);
    /* a length of more than 32 bits has boxes of version 1 */
    assert_int_equal(
        below(trak(written.head.data + spn_be32(written.head.data), 0), "mdia/mdhd")[8], 1);
    spn_flat_free(flat);
    spn_buffer_finish(&written.head);
    spn_track_close(sound);
    spn_track_close(picture);
    made_finish(&audio);
    made_finish(&video);
}

int main(void)
{
    static struct rows list;

    rows_add(&list, "150 files of random fragments have the samples of a plain list, in its order",
             is_the_list, NULL);
    rows_add(&list, "the first picture is shown at 0, and sound ends with the picture",
             sound_is_cut, NULL);
    rows_add(&list, "chapters begin to 100 ns, and their titles end between two characters",
             has_chapters, NULL);
    rows_add(&list, "what is larger than 4 GiB has offsets of 64 bits", is_larger, NULL);
    rows_add(&list, "limits are kept and what does not belong together is refused", is_refused,
             NULL);
    return rows_run(&list, "flat");
}

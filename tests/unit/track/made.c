/* made.c - tracks without an encoder. */
#include "made.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sampan/bytes.h"
#include "sampan/file.h"

#define CHECK(expression)                                                                          \
    do {                                                                                           \
        if (!(expression)) {                                                                       \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #expression);                 \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* What x264 164, x265 3.5, SVT-AV1 1.4 and FFmpeg's AAC give out of band for 160 x 90 at 5 a
 * second. */
static const uint8_t avc_sets[] = {
    0,    0,    0,    1,    0x67, 0x64, 0x00, 0x1e, 0xac, 0xd9, 0x42, 0x8d, 0xf9,
    0x30, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x0a, 0x0f,
    0x16, 0x2d, 0x96, 0,    0,    0,    1,    0x68, 0xeb, 0xec, 0xb2, 0x2c,
};
static const uint8_t hevc_sets[] = {
    0,    0,    0,    1,    0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60, 0x00, 0x00, 0x03,
    0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x1e, 0x95, 0x98, 0x09, 0,    0,
    0,    1,    0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03,
    0x00, 0x00, 0x03, 0x00, 0x1e, 0xa0, 0x14, 0x20, 0x61, 0xf2, 0x65, 0x95, 0x9a, 0x49, 0x32,
    0xbc, 0x05, 0xa0, 0x20, 0x00, 0x00, 0x03, 0x00, 0x20, 0x00, 0x00, 0x03, 0x00, 0xa1, 0,
    0,    0,    1,    0x44, 0x01, 0xc1, 0x72, 0xb4, 0x62, 0x40,
};
static const uint8_t av1_sequence[] = { 0x0a, 0x0a, 0x00, 0x00, 0x00, 0x03,
                                        0xb4, 0xfd, 0x93, 0xef, 0xe4, 0x01 };
static const uint8_t aac_config[] = { 0x11, 0x90 };

void made_init(struct made *made, enum spn_codec codec)
{
    static const unsigned pictures[] = { 10, 10, 4 }, packets[] = { 47, 46, 47, 3 };
    struct spn_track_info *info = &made->info;
    const uint8_t *sets = avc_sets;
    size_t size = sizeof(avc_sets);

    memset(made, 0, sizeof(*made));
    info->codec = codec;
    (void)snprintf(info->language, sizeof(info->language), "zh-Hant");
    if (codec == SPN_AAC) {
        info->media = SPN_AUDIO;
        info->timescale = info->sample_rate = 48000;
        info->sample_ticks = SPN_AAC_FRAME;
        info->channels = 2;
        sets = aac_config;
        size = sizeof(aac_config);
        made->fragments = 4;
        memcpy(made->counts, packets, sizeof(packets));
    } else {
        info->media = SPN_VIDEO;
        info->rate = (struct spn_rate){ 5, 1 };
        info->timescale = 5;
        info->sample_ticks = 1;
        info->gop = 10;
        info->width = 160;
        info->height = 90;
        info->colour = (struct spn_colour){ 1, 1, 1, 0 };
        made->fragments = 3;
        memcpy(made->counts, pictures, sizeof(pictures));
        if (codec == SPN_HEVC) {
            sets = hevc_sets;
            size = sizeof(hevc_sets);
        } else if (codec == SPN_AV1) {
            sets = av1_sequence;
            size = sizeof(av1_sequence);
        }
    }
    CHECK(spn_config_make(codec, sets, size, &made->config, info->codecs, NULL) == SPN_OK);
    info->config = made->config.data;
    info->config_size = made->config.size;
}

/* One sample; a picture has an SEI before its slice, so that a test can turn it into something
 * else. */
static void sample_append(const struct made *made, unsigned index, struct spn_buffer *out)
{
    uint8_t frame = (uint8_t)(index ? 0x30 : 0x10); /* AV1: show_existing 0, type, show_frame 1 */

    switch (made->info.codec) {
    case SPN_H264:
        spn_buffer_append(out, "\0\0\0\4\6\1\1\x80", 8);
        spn_buffer_be32(out, 5);
        spn_buffer_u8(out, index ? 0x41 : 0x65);
        break;
    case SPN_HEVC:
        spn_buffer_append(out, "\0\0\0\5\x4e\1\1\1\x80", 9);
        spn_buffer_be32(out, 6);
        spn_buffer_be16(out, index ? 0x0201 : 0x2801);
        break;
    case SPN_AV1:
        if (index == 0)
            spn_buffer_append(out, av1_sequence, sizeof(av1_sequence));
        spn_buffer_append(out, "\x32\5", 2);
        spn_buffer_u8(out, frame);
        break;
    default:
        spn_buffer_u8(out, 0x21);
        break;
    }
    spn_buffer_be32(out, 0x9ABCDE00u | (index & 0xFF));
}

void made_fragments(const struct made *made, unsigned from, unsigned to, struct spn_buffer *out)
{
    static const int places[12] = { 0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 10, 11 };
    struct spn_track_info info = made->info;
    uint64_t decode = 0;

    if (made->most)
        info.gop = made->most;
    for (unsigned f = 0; f < to; f++) {
        struct spn_sample samples[128] = { 0 };
        size_t at[128];
        struct spn_buffer bytes = { 0 };

        for (unsigned i = 0; i < made->counts[f]; i++) {
            at[i] = bytes.size;
            sample_append(made, i, &bytes);
            samples[i].size = (uint32_t)(bytes.size - at[i]);
            samples[i].sync = i == 0 || info.media == SPN_AUDIO;
            if (info.codec == SPN_H264 || info.codec == SPN_HEVC) {
                int place = places[i];

                if (made->counts[f] != 10 && made->counts[f] != 4 && made->counts[f] < 10)
                    place = (int)i; /* the order above is whole at 4, 7 and 10 */
                samples[i].offset = place - (int)i;
            }
        }
        for (unsigned i = 0; i < made->counts[f]; i++)
            samples[i].data = bytes.data + at[i];
        if (f >= from) {
            struct spn_error err;

            if (spn_fragment_write(&info, f + 1, decode, samples, made->counts[f], out, &err) < 0) {
                (void)fprintf(stderr, "%s\n", err.text);
                abort();
            }
        }
        decode += (uint64_t)made->counts[f] * info.sample_ticks;
        spn_buffer_finish(&bytes);
    }
}

int made_piece(const struct made *made, unsigned from, unsigned to)
{
    struct spn_buffer bytes = { 0 };
    int fd = memfd_create("piece", MFD_CLOEXEC);

    CHECK(fd >= 0);
    CHECK(spn_header_write(&made->info, &bytes, NULL) == SPN_OK);
    made_fragments(made, from, to, &bytes);
    CHECK(write(fd, bytes.data, bytes.size) == (ssize_t)bytes.size);
    spn_buffer_finish(&bytes);
    return fd;
}

int made_write(void *opaque, const uint8_t *bytes, size_t piece, uint64_t offset, uint64_t size,
               struct spn_error *err)
{
    struct made_pieces *pieces = opaque;
    uint8_t *p;

    (void)err;
    if (bytes) {
        spn_buffer_append(&pieces->out, bytes, (size_t)size);
        return SPN_OK;
    }
    p = spn_buffer_reserve(&pieces->out, (size_t)size);
    CHECK(pread(pieces->fds[piece], p, (size_t)size, (off_t)offset) == (ssize_t)size);
    pieces->out.size += (size_t)size;
    return SPN_OK;
}

void made_file(struct made *made)
{
    struct made_pieces out = { 0 };
    struct spn_piece pieces[2];
    struct spn_error err;

    if (made->most) { /* not what assemble takes: the fragments alone, and a sidx is not missed */
        CHECK(spn_header_write(&made->info, &made->file, NULL) == SPN_OK);
        made_fragments(made, 0, made->fragments, &made->file);
        return;
    }
    out.fds[0] = made_piece(made, 0, 1);
    out.fds[1] = made_piece(made, 1, made->fragments);
    for (int i = 0; i < 2; i++)
        pieces[i] = (struct spn_piece){ out.fds[i], i ? "second" : "first" };
    if (spn_track_assemble(pieces, 2, made_write, &out, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        abort();
    }
    (void)close(out.fds[0]);
    (void)close(out.fds[1]);
    made->file = out.out;
}

void made_finish(struct made *made)
{
    spn_buffer_finish(&made->config);
    spn_buffer_finish(&made->file);
}

/* ---- boxes of a file in memory ---- */

uint32_t made_size(const struct spn_buffer *file, size_t box)
{
    return spn_be32(file->data + box);
}

/* Bytes between a box's begin and the boxes inside it; 0: it holds none. */
static size_t inside(const uint8_t *box)
{
    static const struct {
        char type[5];
        size_t skip;
    } holders[] = { { "moov", 8 },  { "trak", 8 },  { "mdia", 8 }, { "minf", 8 },  { "stbl", 8 },
                    { "mvex", 8 },  { "moof", 8 },  { "traf", 8 }, { "stsd", 16 }, { "avc1", 86 },
                    { "hvc1", 86 }, { "av01", 86 }, { "mp4a", 36 } };

    for (size_t i = 0; i < sizeof(holders) / sizeof(holders[0]); i++)
        if (memcmp(box + 4, holders[i].type, 4) == 0)
            return holders[i].skip;
    return 0;
}

static size_t box_find(const struct spn_buffer *file, size_t at, size_t end, const char *path,
                       unsigned n)
{
    while (at < end) {
        const uint8_t *box = file->data + at;

        CHECK(spn_be32(box) >= 8);
        if (memcmp(box + 4, path, 4) == 0 && n-- == 0)
            return path[4] ? box_find(file, at + inside(box), at + spn_be32(box), path + 5, 0) : at;
        at += spn_be32(box);
    }
    (void)fprintf(stderr, "no box %s\n", path);
    abort();
}

size_t made_box(const struct spn_buffer *file, const char *path, unsigned n)
{
    return box_find(file, 0, file->size, path, n);
}

static void around_grow(struct spn_buffer *file, size_t from, size_t end, size_t at, int64_t delta)
{
    while (from < end) {
        uint8_t *box = file->data + from;
        size_t size = spn_be32(box);

        if (at >= from + 8 && at <= from + size && (inside(box) == 0 || at >= from + inside(box))) {
            if (at < from + size || inside(box)) {
                if (inside(box))
                    around_grow(file, from + inside(box), from + size, at, delta);
                spn_put_be32(box, (uint32_t)((int64_t)size + delta));
                return;
            }
        }
        from += size;
    }
}

void made_splice(struct spn_buffer *file, size_t at, size_t remove, const void *bytes, size_t size)
{
    int64_t delta = (int64_t)size - (int64_t)remove;
    size_t from = 0, rest = file->size - at - remove;
    unsigned fragment = 0;
    int in_fragment = 0, in_moof = 0;

    for (; from < file->size; from += made_size(file, from)) {
        int moof = memcmp(file->data + from + 4, "moof", 4) == 0;
        int mdat = memcmp(file->data + from + 4, "mdat", 4) == 0;

        if (at > from && at < from + made_size(file, from) + (mdat && remove == 0)) {
            in_moof = moof;
            in_fragment = moof || mdat;
            break;
        }
        fragment += (unsigned)mdat;
    }
    if (in_fragment) {
        size_t sidx = made_box(file, "sidx", 0) + 40 + 12 * (size_t)fragment;
        size_t trun = made_box(file, "moof", fragment);

        spn_put_be32(file->data + sidx, (uint32_t)((int64_t)spn_be32(file->data + sidx) + delta));
        trun = box_find(file, trun + 8, trun + made_size(file, trun), "traf", 0);
        trun = box_find(file, trun + 8, trun + made_size(file, trun), "trun", 0);
        if (in_moof)
            spn_put_be32(file->data + trun + 16,
                         (uint32_t)((int64_t)spn_be32(file->data + trun + 16) + delta));
    }
    around_grow(file, 0, file->size, at, delta);
    (void)spn_buffer_reserve(file, size);
    memmove(file->data + at + size, file->data + at + remove, rest);
    if (size)
        memcpy(file->data + at, bytes, size);
    file->size = at + size + rest;
}

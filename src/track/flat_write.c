/* flat_write.c - an ordinary MP4: the boxes, and then the samples in order of time. */
#include "flat_tables.h"

#include <string.h>

#include "box_read.h"
#include "header.h"
#include "language.h"

#define MDAT_HEAD 16 /* bytes, with a size of 64 bits; 8 without */

struct writing {
    struct spn_flat *flat;
    struct spn_buffer head; /* ftyp, moov and the head of mdat */
    uint32_t timescale;     /* of the movie */
    int64_t picture;        /* ticks of it that the first track of picture lasts; 0: none */
    uint64_t base;          /* where mdat's first byte lies in the file */
    int large;              /* offsets have 64 bits */
};

/* ---- time ---- */

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;

        a = b;
        b = rest;
    }
    return a ? a : 1;
}

/* One in which the length of every track is whole, where 32 bits have one. */
static uint32_t movie_timescale(const struct spn_flat *flat)
{
    uint64_t common = 1;

    for (size_t i = 0; i < flat->count; i++) {
        uint32_t other = flat->parts[i].info.timescale;

        if (other == 0)
            continue; /* of no track that was opened */
        common = common / common_divisor((uint32_t)common, other) * other;
        if (common > UINT32_MAX)
            return flat->parts[0].info.timescale;
    }
    return (uint32_t)common;
}

static int64_t movie_ticks(const struct writing *writing, const struct spn_flat_part *part,
                           int64_t ticks)
{
    int64_t out = 0;

    (void)spn_rescale(ticks, writing->timescale, part->info.timescale, SPN_NEAREST, &out);
    return out;
}

/* How long the track is shown, in ticks of the movie. */
static int64_t shown(const struct writing *writing, const struct spn_flat_part *part)
{
    int64_t all = movie_ticks(writing, part, spn_flat_ticks(part));

    return writing->picture && part->info.media == SPN_AUDIO && all > writing->picture
               ? writing->picture
               : all;
}

static int64_t movie_length(const struct writing *writing)
{
    int64_t longest = 0;

    for (size_t i = 0; i < writing->flat->count; i++) {
        int64_t one = shown(writing, &writing->flat->parts[i]);

        longest = one > longest ? one : longest;
    }
    return longest;
}

/* ---- the order of chunks ---- */

/* Start of the part's next chunk, in a time that all parts share. */
static int64_t next_start(const struct writing *writing, const struct spn_flat_part *part,
                          const int64_t ticks[], size_t i)
{
    return part->next < part->chunk_count ? movie_ticks(writing, part, ticks[i]) : INT64_MAX;
}

/*
 * Call each for every chunk, in order of time; of those that begin together the first track's
 * first.
 */
static int chunks_walk(struct writing *writing,
                       int (*each)(struct writing *writing, struct spn_flat_chunk *chunk,
                                   void *opaque, struct spn_error *err),
                       void *opaque, struct spn_error *err)
{
    struct spn_flat *flat = writing->flat;
    int64_t ticks[SPN_FLAT_TRACKS_MAX] = { 0 };
    int ret = SPN_OK;

    for (size_t i = 0; i < flat->count; i++)
        flat->parts[i].next = 0;
    while (ret >= 0) {
        size_t first = 0;
        int64_t least = INT64_MAX;
        struct spn_flat_chunk *chunk;

        for (size_t i = 0; i < flat->count; i++) {
            int64_t start = next_start(writing, &flat->parts[i], ticks, i);

            if (start < least) {
                least = start;
                first = i;
            }
        }
        if (least == INT64_MAX)
            return SPN_OK;
        chunk = &flat->parts[first].chunks[flat->parts[first].next++];
        ticks[first] += (int64_t)chunk->samples * flat->parts[first].info.sample_ticks;
        ret = each(writing, chunk, opaque, err);
    }
    return ret;
}

static int chunk_place(struct writing *writing, struct spn_flat_chunk *chunk, void *opaque,
                       struct spn_error *err)
{
    uint64_t *at = opaque;

    (void)writing;
    (void)err;
    chunk->offset = *at;
    *at += chunk->size;
    return SPN_OK;
}

/* ---- boxes ---- */

static void ftyp_write(const struct spn_flat *flat, struct spn_buffer *out)
{
    size_t box = spn_box_begin(out, SPN_BOX('f', 't', 'y', 'p'));
    int avc = 0, av1 = 0;

    for (size_t i = 0; i < flat->count; i++) {
        avc |= flat->parts[i].info.codec == SPN_H264;
        av1 |= flat->parts[i].info.codec == SPN_AV1;
    }
    spn_buffer_string(out, "isom");
    spn_buffer_be32(out, 0);
    spn_buffer_string(out, "isomiso4mp42"); /* iso4: ctts of version 1 */
    if (avc)
        spn_buffer_string(out, "avc1");
    if (av1)
        spn_buffer_string(out, "av01");
    spn_box_end(out, box);
}

/* A FullBox of the version that its times need: 64 bits in version 1. */
static size_t timed_begin(struct spn_buffer *out, uint32_t type, int64_t most, uint32_t flags)
{
    return spn_box_begin_full(out, type, most > INT32_MAX, flags); /* those of cslg have a sign */
}

static void time_write(struct spn_buffer *out, int64_t most, int64_t value)
{
    if (most > INT32_MAX)
        spn_buffer_be64(out, (uint64_t)value);
    else
        spn_buffer_be32(out, (uint32_t)value);
}

static void mvhd_write(struct writing *writing)
{
    struct spn_buffer *out = &writing->head;
    int64_t length = movie_length(writing);
    size_t box = timed_begin(out, SPN_BOX('m', 'v', 'h', 'd'), length, 0);

    time_write(out, length, 0);
    time_write(out, length, 0);
    spn_buffer_be32(out, writing->timescale);
    time_write(out, length, length);
    spn_buffer_be32(out, 0x10000); /* rate */
    spn_buffer_be16(out, 0x100);   /* volume */
    spn_buffer_zero(out, 10);
    spn_matrix_write(out);
    spn_buffer_zero(out, 24);
    spn_buffer_be32(out, (uint32_t)writing->flat->count + 1); /* next_track_ID */
    spn_box_end(out, box);
}

static void tkhd_write(struct writing *writing, const struct spn_flat_part *part, uint32_t id)
{
    struct spn_buffer *out = &writing->head;
    int64_t length = shown(writing, part);
    int video = part->info.media == SPN_VIDEO;
    size_t box = timed_begin(out, SPN_BOX('t', 'k', 'h', 'd'), length,
                             part->enabled ? 7 : 6); /* in the movie and its preview */

    time_write(out, length, 0);
    time_write(out, length, 0);
    spn_buffer_be32(out, id);
    spn_buffer_be32(out, 0);
    time_write(out, length, length);
    spn_buffer_zero(out, 8 + 2); /* layer */
    spn_buffer_be16(out, part->alternate_group);
    spn_buffer_be16(out, video ? 0 : 0x100);
    spn_buffer_zero(out, 2);
    spn_matrix_write(out);
    spn_buffer_be32(out, video ? part->info.width << 16 : 0);
    spn_buffer_be32(out, video ? part->info.height << 16 : 0);
    spn_box_end(out, box);
}

static void edts_write(struct writing *writing, const struct spn_flat_part *part)
{
    struct spn_buffer *out = &writing->head;
    int64_t length = shown(writing, part);
    size_t edts = spn_box_begin(out, SPN_BOX('e', 'd', 't', 's'));
    size_t box = timed_begin(out, SPN_BOX('e', 'l', 's', 't'), length, 0);

    spn_buffer_be32(out, 1);
    time_write(out, length, length);
    time_write(out, length, 0);    /* media_time: nothing is skipped */
    spn_buffer_be32(out, 0x10000); /* rate */
    spn_box_end(out, box);
    spn_box_end(out, edts);
}

static void mdhd_write(const struct spn_flat_part *part, struct spn_buffer *out)
{
    int64_t length = spn_flat_ticks(part);
    size_t box = timed_begin(out, SPN_BOX('m', 'd', 'h', 'd'), length, 0);

    time_write(out, length, 0);
    time_write(out, length, 0);
    spn_buffer_be32(out, part->info.timescale);
    time_write(out, length, length);
    spn_language_write(part->language, out);
    spn_box_end(out, box);
}

/* The box at path ("mdia/minf/stbl/stsd" below the only trak) of a header, taken over whole. */
static int box_copy(const struct spn_flat_part *part, const uint32_t *path, size_t depth,
                    struct spn_buffer *out, struct spn_error *err)
{
    const uint8_t *header = part->header.data;
    struct spn_boxes boxes = spn_boxes_of(header, part->header.size, 0, "the header of a track");
    size_t level = 0;
    struct spn_box box;
    int ret;

    while ((ret = spn_boxes_next(&boxes, &box, err)) > 0) {
        if (box.type != path[level])
            continue;
        if (++level == depth) {
            spn_buffer_append(out, header + box.at, box.size);
            return SPN_OK;
        }
        boxes = spn_boxes_in(&box, "the header of a track");
    }
    return ret < 0 ? ret
                   : spn_error_set(err, SPN_EFORMAT, "the header of a track has no box %s",
                                   spn_box_name_of(path[level]).text);
}

#define BELOW_MINF                                                                                 \
    SPN_BOX('m', 'o', 'o', 'v'), SPN_BOX('t', 'r', 'a', 'k'), SPN_BOX('m', 'd', 'i', 'a'),         \
        SPN_BOX('m', 'i', 'n', 'f')

static void stts_write(const struct spn_flat_part *part, struct spn_buffer *out)
{
    size_t box = spn_box_begin_full(out, SPN_BOX('s', 't', 't', 's'), 0, 0);

    spn_buffer_be32(out, 1);
    spn_buffer_be32(out, (uint32_t)part->samples);
    spn_buffer_be32(out, part->info.sample_ticks);
    spn_box_end(out, box);
}

/* Where all samples are shown when they are decoded, there is nothing to say. */
static void ctts_write(const struct spn_flat_part *part, struct spn_buffer *out)
{
    size_t box;

    if (part->least == 0 && part->most == 0)
        return;
    box = spn_box_begin_full(out, SPN_BOX('c', 't', 't', 's'), 1, 0);
    spn_buffer_be32(out, (uint32_t)part->run_count);
    for (size_t i = 0; i < part->run_count; i++) {
        spn_buffer_be32(out, part->runs[i].count);
        spn_buffer_be32(out, (uint32_t)part->runs[i].offset);
    }
    spn_box_end(out, box);
    box = timed_begin(out, SPN_BOX('c', 's', 'l', 'g'), part->last_shown, 0);
    time_write(out, part->last_shown, part->least < 0 ? -(int64_t)part->least : 0);
    time_write(out, part->last_shown, part->least);
    time_write(out, part->last_shown, part->most);
    time_write(out, part->last_shown, part->first_shown);
    time_write(out, part->last_shown, part->last_shown);
    spn_box_end(out, box);
}

static void stss_write(const struct spn_flat_part *part, struct spn_buffer *out)
{
    size_t box;

    if (part->info.media != SPN_VIDEO)
        return; /* without it every sample is one */
    box = spn_box_begin_full(out, SPN_BOX('s', 't', 's', 's'), 0, 0);
    spn_buffer_be32(out, (uint32_t)part->sync_count);
    for (size_t i = 0; i < part->sync_count; i++)
        spn_buffer_be32(out, part->syncs[i]);
    spn_box_end(out, box);
}

static void stsc_write(const struct spn_flat_part *part, struct spn_buffer *out)
{
    size_t box = spn_box_begin_full(out, SPN_BOX('s', 't', 's', 'c'), 0, 0), count_at = out->size;
    uint32_t count = 0;

    spn_buffer_be32(out, 0);
    for (size_t i = 0; i < part->chunk_count; i++) {
        if (i > 0 && part->chunks[i].samples == part->chunks[i - 1].samples)
            continue;
        spn_buffer_be32(out, (uint32_t)i + 1);
        spn_buffer_be32(out, part->chunks[i].samples);
        spn_buffer_be32(out, 1); /* sample_description_index */
        count++;
    }
    if (!spn_buffer_failed(out))
        spn_put_be32(out->data + count_at, count);
    spn_box_end(out, box);
}

static void stsz_write(const struct spn_flat_part *part, struct spn_buffer *out)
{
    size_t box = spn_box_begin_full(out, SPN_BOX('s', 't', 's', 'z'), 0, 0);

    spn_buffer_be32(out, 0);
    spn_buffer_be32(out, (uint32_t)part->samples);
    for (size_t i = 0; i < part->samples; i++)
        spn_buffer_be32(out, part->sizes[i]);
    spn_box_end(out, box);
}

static void offsets_write(const struct writing *writing, const struct spn_flat_part *part,
                          struct spn_buffer *out)
{
    size_t box = spn_box_begin_full(
        out, writing->large ? SPN_BOX('c', 'o', '6', '4') : SPN_BOX('s', 't', 'c', 'o'), 0, 0);

    spn_buffer_be32(out, (uint32_t)part->chunk_count);
    for (size_t i = 0; i < part->chunk_count; i++) {
        if (writing->large)
            spn_buffer_be64(out, writing->base + part->chunks[i].offset);
        else
            spn_buffer_be32(out, (uint32_t)(writing->base + part->chunks[i].offset));
    }
    spn_box_end(out, box);
}

static int minf_write(struct writing *writing, const struct spn_flat_part *part,
                      struct spn_error *err)
{
    const uint32_t media_header[] = { BELOW_MINF, part->info.media == SPN_VIDEO
                                                      ? SPN_BOX('v', 'm', 'h', 'd')
                                                      : SPN_BOX('s', 'm', 'h', 'd') };
    const uint32_t reference[] = { BELOW_MINF, SPN_BOX('d', 'i', 'n', 'f') };
    const uint32_t entry[] = { BELOW_MINF, SPN_BOX('s', 't', 'b', 'l'),
                               SPN_BOX('s', 't', 's', 'd') };
    struct spn_buffer *out = &writing->head;
    size_t minf = spn_box_begin(out, SPN_BOX('m', 'i', 'n', 'f')), stbl;
    int ret;

    if ((ret = box_copy(part, media_header, 5, out, err)) < 0 ||
        (ret = box_copy(part, reference, 5, out, err)) < 0)
        return ret;
    stbl = spn_box_begin(out, SPN_BOX('s', 't', 'b', 'l'));
    if ((ret = box_copy(part, entry, 6, out, err)) < 0)
        return ret;
    stts_write(part, out);
    ctts_write(part, out);
    stss_write(part, out);
    stsc_write(part, out);
    stsz_write(part, out);
    offsets_write(writing, part, out);
    spn_box_end(out, stbl);
    spn_box_end(out, minf);
    return SPN_OK;
}

static void kind_write(const struct spn_flat_part *part, struct spn_buffer *out)
{
    static const char scheme[] = "urn:mpeg:dash:role:2011";
    size_t udta, box;

    if (!part->role[0])
        return;
    udta = spn_box_begin(out, SPN_BOX('u', 'd', 't', 'a'));
    box = spn_box_begin_full(out, SPN_BOX('k', 'i', 'n', 'd'), 0, 0);
    spn_buffer_append(out, scheme, sizeof(scheme));
    spn_buffer_append(out, part->role, strlen(part->role) + 1);
    spn_box_end(out, box);
    spn_box_end(out, udta);
}

static int trak_write(struct writing *writing, const struct spn_flat_part *part, uint32_t id,
                      struct spn_error *err)
{
    struct spn_buffer *out = &writing->head;
    size_t trak = spn_box_begin(out, SPN_BOX('t', 'r', 'a', 'k')), mdia;
    int ret;

    tkhd_write(writing, part, id);
    if (part->info.media == SPN_AUDIO)
        edts_write(writing, part);
    mdia = spn_box_begin(out, SPN_BOX('m', 'd', 'i', 'a'));
    mdhd_write(part, out);
    spn_handler_write(part->info.media, part->name, out);
    spn_language_extended_write(part->language, out);
    if ((ret = minf_write(writing, part, err)) < 0)
        return ret;
    spn_box_end(out, mdia);
    kind_write(part, out);
    spn_box_end(out, trak);
    return SPN_OK;
}

static void chapters_write(const struct spn_flat *flat, struct spn_buffer *out)
{
    size_t udta, box;

    if (flat->chapter_count == 0)
        return;
    udta = spn_box_begin(out, SPN_BOX('u', 'd', 't', 'a'));
    box = spn_box_begin_full(out, SPN_BOX('c', 'h', 'p', 'l'), 1, 0);
    spn_buffer_be32(out, 0);
    spn_buffer_u8(out, (uint8_t)flat->chapter_count);
    spn_buffer_append(out, flat->chapters.data, flat->chapters.size);
    spn_box_end(out, box);
    spn_box_end(out, udta);
}

/* ftyp, moov and the head of mdat. The first time offsets are not true: their size is. */
static int head_write(struct writing *writing, struct spn_error *err)
{
    struct spn_buffer *out = &writing->head;
    uint64_t size = writing->flat->bytes;
    size_t moov;
    int ret;

    out->size = 0;
    ftyp_write(writing->flat, out);
    moov = spn_box_begin(out, SPN_BOX('m', 'o', 'o', 'v'));
    mvhd_write(writing);
    for (size_t i = 0; i < writing->flat->count; i++)
        if ((ret = trak_write(writing, &writing->flat->parts[i], (uint32_t)i + 1, err)) < 0)
            return ret;
    chapters_write(writing->flat, out);
    spn_box_end(out, moov);
    spn_buffer_be32(out, writing->large ? 1 : (uint32_t)(size + 8));
    spn_buffer_be32(out, SPN_BOX('m', 'd', 'a', 't'));
    if (writing->large)
        spn_buffer_be64(out, size + MDAT_HEAD);
    return spn_buffer_failed(out) ? spn_error_set(err, SPN_ENOMEM, "no memory for a moov of an MP4")
                                  : SPN_OK;
}

/* What the tables take at most, before a byte of them is there. */
static int tables_check(const struct spn_flat *flat, struct spn_error *err)
{
    uint64_t size = flat->chapters.size;

    for (size_t i = 0; i < flat->count; i++) {
        const struct spn_flat_part *part = &flat->parts[i];

        if (part->samples == 0)
            return spn_error_set(err, SPN_EINVAL, "track %zu of the MP4 has no samples", i + 1);
        size += 4 * (uint64_t)part->samples + 8 * (uint64_t)part->run_count +
                4 * (uint64_t)part->sync_count + 20 * (uint64_t)part->chunk_count +
                SPN_HEADER_SIZE_MAX;
    }
    return size <= SPN_FLAT_MOOV_MAX
               ? SPN_OK
               : spn_error_set(err, SPN_ELIMIT,
                               "the tables of the MP4 would have more than %u bytes",
                               SPN_FLAT_MOOV_MAX);
}

struct sending {
    spn_track_write *write;
    void *opaque;
};

static int chunk_send(struct writing *writing, struct spn_flat_chunk *chunk, void *opaque,
                      struct spn_error *err)
{
    const struct sending *sending = opaque;

    (void)writing;
    return sending->write(sending->opaque, NULL, chunk->file, chunk->source, chunk->size, err);
}

static int writing_run(struct writing *writing, struct sending *sending, struct spn_error *err)
{
    uint64_t at = 0;
    int ret;

    if ((ret = chunks_walk(writing, chunk_place, &at, err)) < 0 ||
        (ret = head_write(writing, err)) < 0)
        return ret;
    if (writing->head.size + at > UINT32_MAX) {
        writing->large = 1;
        if ((ret = head_write(writing, err)) < 0)
            return ret;
    }
    writing->base = writing->head.size; /* it is as long with the true offsets */
    if ((ret = head_write(writing, err)) < 0 ||
        (ret = sending->write(sending->opaque, writing->head.data, 0, 0, writing->head.size, err)) <
            0)
        return ret;
    return chunks_walk(writing, chunk_send, sending, err);
}

int spn_flat_write(struct spn_flat *flat, spn_track_write *write, void *opaque,
                   struct spn_error *err)
{
    struct writing writing = { .flat = flat, .timescale = movie_timescale(flat) };
    struct sending sending = { write, opaque };
    int ret;

    if (flat->count == 0)
        return spn_error_set(err, SPN_EINVAL, "an MP4 without tracks cannot be written");
    if ((ret = tables_check(flat, err)) < 0)
        return ret;
    for (size_t i = 0; i < flat->count && !writing.picture; i++)
        if (flat->parts[i].info.media == SPN_VIDEO)
            writing.picture =
                movie_ticks(&writing, &flat->parts[i], spn_flat_ticks(&flat->parts[i]));
    ret = writing_run(&writing, &sending, err);
    spn_buffer_finish(&writing.head);
    return ret;
}

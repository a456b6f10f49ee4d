/* avc_idr.c - idr_pic_id in the slice headers of an IDR picture: read, and written anew. */
#include "bits.h"
#include "nal.h"

#include "config.h"

#define IDR_ID_MAX 65535u /* 7.4.3 */

/* What a slice header's length depends on, of SPS (7.3.2.1.1) and PPS (7.3.2.2). */
struct sets {
    unsigned frame_num_bits, poc_type, poc_bits;
    int planes, poc_always_zero, frames_only;
    int cabac, bottom_order, deblocking, redundant;
};

static uint32_t flag(struct spn_bits *bits)
{
    return spn_bits_get(bits, 1);
}

static int32_t signed_golomb(struct spn_bits *bits)
{
    uint32_t code = spn_bits_ue(bits);

    return code & 1 ? (int32_t)(code / 2 + 1) : -(int32_t)(code / 2);
}

/* scaling_list(), 7.3.2.1.1.1 */
static void scaling_list_skip(struct spn_bits *bits, unsigned size)
{
    int32_t last = 8, next = 8;

    for (unsigned i = 0; i < size && next != 0 && !bits->failed; i++) {
        next = (last + signed_golomb(bits) % 256 + 256) % 256;
        last = next ? next : last;
    }
}

static void sps_read(struct spn_bits *bits, struct sets *out)
{
    uint32_t profile = spn_bits_get(bits, 8), chroma = 1, count;

    spn_bits_skip(bits, 16); /* constraints, level */
    (void)spn_bits_ue(bits); /* seq_parameter_set_id */
    if (profile != 66 && profile != 77 && profile != 88) {
        chroma = spn_bits_ue(bits);
        out->planes = chroma == 3 && flag(bits);
        (void)spn_bits_ue(bits); /* bit depths */
        (void)spn_bits_ue(bits);
        (void)flag(bits);
        for (unsigned i = 0, lists = flag(bits) ? chroma == 3 ? 12 : 8 : 0; i < lists; i++)
            if (flag(bits))
                scaling_list_skip(bits, i < 6 ? 16 : 64);
    }
    out->frame_num_bits = spn_bits_ue(bits) + 4;
    out->poc_type = spn_bits_ue(bits);
    if (out->poc_type == 0) {
        out->poc_bits = spn_bits_ue(bits) + 4;
    } else if (out->poc_type == 1) {
        out->poc_always_zero = (int)flag(bits);
        (void)spn_bits_ue(bits);
        (void)spn_bits_ue(bits);
        count = spn_bits_ue(bits);
        for (uint32_t i = 0; i < count && i < 256 && !bits->failed; i++)
            (void)spn_bits_ue(bits);
    }
    (void)spn_bits_ue(bits); /* max_num_ref_frames */
    (void)flag(bits);
    (void)spn_bits_ue(bits); /* width, height */
    (void)spn_bits_ue(bits);
    out->frames_only = (int)flag(bits);
    if (out->frame_num_bits > 16 || out->poc_bits > 16 || out->poc_type > 2)
        bits->failed = 1;
}

static void pps_read(struct spn_bits *bits, struct sets *out)
{
    (void)spn_bits_ue(bits); /* ids */
    (void)spn_bits_ue(bits);
    out->cabac = (int)flag(bits);
    out->bottom_order = (int)flag(bits);
    if (spn_bits_ue(bits) >
        0) /* slice groups: Baseline alone has them, and none we know makes them */
        bits->failed = 1;
    (void)spn_bits_ue(bits);
    (void)spn_bits_ue(bits);
    spn_bits_skip(bits, 3);
    (void)spn_bits_ue(bits); /* three of se(v) are as long */
    (void)spn_bits_ue(bits);
    (void)spn_bits_ue(bits);
    out->deblocking = (int)flag(bits);
    (void)flag(bits);
    out->redundant = (int)flag(bits);
}

/* One set of avcC, without its header byte and escapes. */
static void set_take(struct spn_reader *reader, struct spn_buffer *rbsp, struct spn_bits *bits)
{
    size_t size = spn_reader_be16(reader);
    const uint8_t *nal = spn_reader_take(reader, size);

    rbsp->size = 0;
    if (nal && size > 1)
        spn_nal_unescape(nal + 1, size - 1, rbsp);
    *bits = spn_bits_of(rbsp->data, spn_buffer_failed(rbsp) ? 0 : rbsp->size);
}

static int sets_read(const struct spn_track_info *info, struct sets *out, struct spn_error *err)
{
    struct spn_reader reader = spn_reader_of(info->config, info->config_size);
    struct spn_buffer rbsp = { 0 };
    struct spn_bits bits;
    int failed;

    *out = (struct sets){ 0 };
    if (info->codec != SPN_H264)
        return spn_error_set(err, SPN_EUNSUPPORTED, "only H.264 pictures have an idr_pic_id");
    (void)spn_reader_take(&reader, 5);
    failed = (spn_reader_u8(&reader) & 31u) != 1;
    set_take(&reader, &rbsp, &bits);
    sps_read(&bits, out);
    failed |= bits.failed | (spn_reader_u8(&reader) != 1);
    set_take(&reader, &rbsp, &bits);
    pps_read(&bits, out);
    failed |= bits.failed | reader.failed;
    spn_buffer_finish(&rbsp);
    return failed ? spn_error_set(err, SPN_EUNSUPPORTED,
                                  "avcC does not hold one SPS and one PPS of frames without slice "
                                  "groups, so slice headers cannot be read")
                  : SPN_OK;
}

/* Where things lie in a slice of an IDR picture (7.3.3), in bits of its RBSP. */
struct header {
    size_t id_at, id_end, end; /* end: where the slice's data, or its alignment, begins */
    uint32_t id;
};

static int header_read(struct spn_bits *bits, const struct sets *sets, unsigned ref,
                       struct header *out)
{
    uint32_t type, field = 0;

    (void)spn_bits_ue(bits); /* first_mb_in_slice */
    type = spn_bits_ue(bits) % 5;
    (void)spn_bits_ue(bits);
    spn_bits_skip(bits, (sets->planes ? 2 : 0) + sets->frame_num_bits);
    if (!sets->frames_only && (field = flag(bits)))
        (void)flag(bits);
    out->id_at = bits->at;
    out->id = spn_bits_ue(bits);
    out->id_end = bits->at;
    if (sets->poc_type == 0)
        spn_bits_skip(bits, sets->poc_bits);
    if ((sets->poc_type == 0 && sets->bottom_order && !field) ||
        (sets->poc_type == 1 && !sets->poc_always_zero))
        (void)spn_bits_ue(bits);
    if (sets->poc_type == 1 && !sets->poc_always_zero && sets->bottom_order && !field)
        (void)spn_bits_ue(bits);
    if (sets->redundant)
        (void)spn_bits_ue(bits);
    spn_bits_skip(bits, ref ? 2 : 0); /* dec_ref_pic_marking() */
    (void)spn_bits_ue(bits);          /* slice_qp_delta */
    if (sets->deblocking && spn_bits_ue(bits) != 1) {
        (void)spn_bits_ue(bits);
        (void)spn_bits_ue(bits);
    }
    out->end = bits->at;
    return bits->failed || type != 2 || out->id > IDR_ID_MAX ? SPN_EFORMAT : SPN_OK;
}

/* ---- bits out ---- */

struct writer {
    struct spn_buffer *out;
    unsigned byte, count;
};

static void bit_put(struct writer *writer, uint32_t bit)
{
    writer->byte = writer->byte << 1 | (bit & 1);
    if (++writer->count == 8) {
        spn_buffer_u8(writer->out, (uint8_t)writer->byte);
        writer->byte = writer->count = 0;
    }
}

static void bits_copy(struct writer *writer, struct spn_bits *bits, size_t end)
{
    while (bits->at < end && !bits->failed)
        bit_put(writer, spn_bits_get(bits, 1));
}

static void golomb_put(struct writer *writer, uint32_t value)
{
    unsigned length = 0;

    while ((value + 1) >> (length + 1))
        length++;
    for (unsigned i = 0; i < length; i++)
        bit_put(writer, 0);
    for (unsigned i = length + 1; i-- > 0;)
        bit_put(writer, (value + 1) >> i);
}

/* Bits up to and with the stop bit of rbsp_trailing_bits(). */
static size_t bits_stopped(const struct spn_buffer *rbsp)
{
    size_t size = rbsp->size;
    unsigned zeros = 0;

    while (size > 0 && rbsp->data[size - 1] == 0)
        size--;
    if (size == 0)
        return 0;
    while (!(rbsp->data[size - 1] >> zeros & 1))
        zeros++;
    return size * 8 - zeros;
}

/*
 * The slice with another id: the header behind it moves by bits. Data of CABAC begins on a byte,
 * after ones (cabac_alignment_one_bit), and is copied; data of CAVLC moves with the header.
 */
static void slice_write(const struct spn_buffer *rbsp, const struct header *header, int cabac,
                        uint32_t id, struct spn_buffer *out)
{
    struct spn_bits bits = spn_bits_of(rbsp->data, rbsp->size);
    struct writer writer = { .out = out };
    size_t data = (header->end + 7) / 8;

    bits_copy(&writer, &bits, header->id_at);
    golomb_put(&writer, id);
    bits.at = header->id_end;
    bits_copy(&writer, &bits, cabac ? header->end : bits_stopped(rbsp));
    while (writer.count)
        bit_put(&writer, (uint32_t)cabac);
    if (cabac && data < rbsp->size)
        spn_buffer_append(out, rbsp->data + data, rbsp->size - data);
}

/* ---- whole pictures ---- */

/* One slice; to out, unless that is NULL, as a NAL unit with another id. */
static int slice_visit(const struct sets *sets, const uint8_t *nal, size_t size, uint32_t *id,
                       uint32_t wanted, struct spn_buffer *rbsp, struct spn_buffer *out)
{
    struct spn_buffer changed = { 0 };
    struct header header;
    struct spn_bits bits;
    int ret;

    rbsp->size = 0;
    spn_nal_unescape(nal + 1, size - 1, rbsp);
    if (spn_buffer_failed(rbsp))
        return SPN_ENOMEM;
    bits = spn_bits_of(rbsp->data, rbsp->size);
    if ((ret = header_read(&bits, sets, nal[0] >> 5 & 3u, &header)) < 0)
        return ret;
    *id = header.id;
    if (!out)
        return SPN_OK;
    slice_write(rbsp, &header, sets->cabac, wanted, &changed);
    spn_buffer_u8(out, nal[0]);
    spn_nal_escape(changed.data, changed.size, out);
    ret = spn_buffer_failed(&changed) || spn_buffer_failed(out) ? SPN_ENOMEM : SPN_OK;
    spn_buffer_finish(&changed);
    return ret;
}

static int picture_visit(const struct spn_track_info *info, const uint8_t *sample, size_t size,
                         uint32_t *id, uint32_t wanted, struct spn_buffer *out,
                         struct spn_error *err)
{
    struct spn_reader reader = spn_reader_of(sample, size);
    struct spn_buffer rbsp = { 0 };
    size_t slices = 0;
    struct sets sets;
    int ret = sets_read(info, &sets, err);

    while (ret == SPN_OK && spn_reader_left(&reader)) {
        size_t length = spn_reader_be32(&reader), begin;
        const uint8_t *nal = spn_reader_take(&reader, length);

        if (!nal || length == 0) {
            ret = spn_error_set(err, SPN_EFORMAT, "the NAL units do not fit into their sample");
            break;
        }
        begin = out ? out->size : 0;
        if (out)
            spn_buffer_be32(out, 0);
        if (spn_nal_kind(SPN_H264, nal, length) == SPN_NAL_IDR) {
            slices++;
            ret = slice_visit(&sets, nal, length, id, wanted, &rbsp, out);
        } else if (out) {
            spn_buffer_append(out, nal, length);
        }
        if (ret < 0)
            (void)spn_error_set(err, ret,
                                ret == SPN_ENOMEM ? "no memory for a slice"
                                                  : "a slice of an IDR picture has no header that "
                                                    "fits the track's parameter sets");
        else if (out && !spn_buffer_failed(out))
            spn_put_be32(out->data + begin, (uint32_t)(out->size - begin - 4));
    }
    spn_buffer_finish(&rbsp);
    if (ret == SPN_OK && slices == 0)
        ret = spn_error_set(err, SPN_EFORMAT, "the sample is no IDR picture");
    if (ret == SPN_OK && out && spn_buffer_failed(out))
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for a sample of %zu bytes", size);
    return ret;
}

int spn_idr_id(const struct spn_track_info *info, const uint8_t *sample, size_t size, uint32_t *out,
               struct spn_error *err)
{
    *out = 0;
    return picture_visit(info, sample, size, out, 0, NULL, err);
}

int spn_idr_renumber(const struct spn_track_info *info, const uint8_t *sample, size_t size,
                     uint32_t id, struct spn_buffer *out, struct spn_error *err)
{
    size_t before = out->size;
    uint32_t old;
    int ret;

    if (id > IDR_ID_MAX)
        return spn_error_set(err, SPN_EINVAL, "an idr_pic_id is at most %u", IDR_ID_MAX);
    if ((ret = picture_visit(info, sample, size, &old, id, out, err)) < 0)
        out->size = before;
    return ret;
}

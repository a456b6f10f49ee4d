/* rules_test.c - every rule is broken by a file that breaks just that one, and is named. */
#include "rows.h"

#include <stdio.h>
#include <unistd.h>

#include "made.h"
#include "sampan/bytes.h"
#include "../../../src/track/rules.h"

typedef void spoil(struct made *made);

/* ---- helpers to spoil with ---- */

static uint8_t *in(struct made *made, const char *path, unsigned n, size_t offset)
{
    return made->file.data + made_box(&made->file, path, n) + offset;
}

static void insert(struct made *made, const char *path, unsigned n, const void *bytes, size_t size)
{
    size_t box = made_box(&made->file, path, n);

    made_splice(&made->file, box, 0, bytes, size);
}

/* Add to a number. */
static void add(uint8_t *p, int32_t delta)
{
    spn_put_be32(p, (uint32_t)((int32_t)spn_be32(p) + delta));
}

/* Where sample index of fragment n begins. */
static uint8_t *sample(struct made *made, unsigned n, unsigned index)
{
    const uint8_t *trun = in(made, "moof/traf/trun", n, 0);
    size_t at = made_box(&made->file, "mdat", n) + 8;
    size_t first = made->info.media == SPN_VIDEO ? 24 : 20;
    size_t step = made->info.codec == SPN_H264 || made->info.codec == SPN_HEVC ? 8 : 4;

    for (unsigned i = 0; i < index; i++)
        at += spn_be32(trun + first + i * step);
    return made->file.data + at;
}

static void brand(struct made *made)
{
    memcpy(made->file.data + 24, "cmfx", 4);
}

static void brand_base(struct made *made)
{
    memcpy(made->file.data + 16, "isom", 4);
}

static void two_trex(struct made *made)
{
    uint8_t trex[32];

    memcpy(trex, in(made, "moov/mvex/trex", 0, 0), 32);
    insert(made, "moov/mvex/trex", 0, trex, 32);
}

static void track_id(struct made *made)
{
    spn_put_be32(in(made, "moov/mvex/trex", 0, 12), 2);
}

static void track_id_fragment(struct made *made)
{
    spn_put_be32(in(made, "moof/traf/tfhd", 2, 12), 2);
}

static void edit_list(struct made *made)
{
    static const uint8_t edts[] = { 0,   0,   0,   36,  'e', 'd', 't', 's', 0, 0, 0, 28,
                                    'e', 'l', 's', 't', 0,   0,   0,   0,   0, 0, 0, 1,
                                    0,   0,   0,   0,   0,   0,   0,   2,   0, 1, 0, 0 };

    insert(made, "moov/trak/mdia", 0, edts, sizeof(edts));
}

static void table_entry(struct made *made)
{
    size_t stts = made_box(&made->file, "moov/trak/mdia/minf/stbl/stts", 0);

    made_splice(&made->file, stts + 12, 4, "\0\0\0\1\0\0\0\1\0\0\0\1", 12);
}

static void table_size(struct made *made)
{
    spn_put_be32(in(made, "moov/trak/mdia/minf/stbl/stsz", 0, 16), 1);
}

static void btrt(struct made *made)
{
    static const uint8_t box[20] = { 0, 0, 0, 20, 'b', 't', 'r', 't' };

    insert(made, "moov/trak/mdia/minf/stbl/stsd/avc1/avcC", 0, box, sizeof(box));
}

static void esds_rate(struct made *made)
{
    spn_put_be32(in(made, "moov/trak/mdia/minf/stbl/stsd/mp4a/esds", 0, 12 + 5 + 2 + 2 + 3 + 4),
                 128000);
}

static void wide_pixels(struct made *made)
{
    spn_put_be32(in(made, "moov/trak/mdia/minf/stbl/stsd/avc1/pasp", 0, 8), 4);
    spn_put_be32(in(made, "moov/trak/mdia/minf/stbl/stsd/avc1/pasp", 0, 12), 3);
}

static void no_pasp(struct made *made)
{
    memcpy(in(made, "moov/trak/mdia/minf/stbl/stsd/avc1/pasp", 0, 4), "free", 4);
}

static void timescale(struct made *made)
{
    spn_put_be32(in(made, "moov/trak/mdia/mdhd", 0, 20), 44100);
    spn_put_be32(in(made, "sidx", 0, 16), 44100);
}

static void six_channels(struct made *made)
{
    spn_put_be16(in(made, "moov/trak/mdia/minf/stbl/stsd/mp4a", 0, 24), 6);
}

static void free_box(struct made *made)
{
    static const uint8_t box[8] = { 0, 0, 0, 8, 'f', 'r', 'e', 'e' };
    size_t sidx = made_box(&made->file, "sidx", 0), size = made->file.size;

    (void)spn_buffer_reserve(&made->file, 8);
    memmove(made->file.data + sidx + 8, made->file.data + sidx, size - sidx);
    memcpy(made->file.data + sidx, box, 8);
    made->file.size += 8;
}

static void trailing(struct made *made)
{
    spn_buffer_append(&made->file, "\0\0\0", 3);
}

static void trailing_long(struct made *made)
{
    spn_buffer_append(&made->file, "not a box at all", 16);
}

static void no_sidx(struct made *made)
{
    size_t sidx = made_box(&made->file, "sidx", 0), size = made_size(&made->file, sidx);

    memmove(made->file.data + sidx, made->file.data + sidx + size, made->file.size - sidx - size);
    made->file.size -= size;
}

static void sidx_size(struct made *made)
{
    add(in(made, "sidx", 0, 40 + 12), 1);
}

static void sidx_duration(struct made *made)
{
    add(in(made, "sidx", 0, 40 + 12 + 4), 1);
}

static void sidx_sap(struct made *made)
{
    spn_put_be32(in(made, "sidx", 0, 40 + 8), 0);
}

static void sidx_offset(struct made *made)
{
    add(in(made, "sidx", 0, 32), 4);
}

static void sidx_start(struct made *made)
{
    add(in(made, "sidx", 0, 24), 1);
}

static void two_truns(struct made *made)
{
    size_t trun = made_box(&made->file, "moof/traf/trun", 2), size = made_size(&made->file, trun);
    uint8_t copy[256];

    memcpy(copy, made->file.data + trun, size);
    made_splice(&made->file, trun, 0, copy, size);
}

static void tfhd_size(struct made *made)
{
    spn_put_be32(in(made, "moof/traf/tfhd", 1, 20), 1);
}

static void tfhd_base(struct made *made)
{
    spn_put_be32(in(made, "moof/traf/tfhd", 1, 8), 0x38);
}

static void tfdt_short(struct made *made)
{
    made_splice(&made->file, made_box(&made->file, "moof/traf/tfdt", 1) + 12, 4, NULL, 0);
    *in(made, "moof/traf/tfdt", 1, 8) = 0;
}

static void trun_version(struct made *made)
{
    *in(made, "moof/traf/trun", 1, 8) = 0;
}

static void trun_first_flags(struct made *made)
{
    size_t trun = made_box(&made->file, "moof/traf/trun", 1);

    made_splice(&made->file, trun + 20, 0, "\2\0\0\0", 4);
    *in(made, "moof/traf/trun", 1, 11) |= 4;
}

static void tfhd_after(struct made *made)
{
    uint8_t *tfhd = in(made, "moof/traf/tfhd", 1, 0), copy[28];

    memcpy(copy, tfhd, 28);
    memmove(tfhd, tfhd + 28, 20);
    memcpy(tfhd + 20, copy, 28);
}

static void sequence(struct made *made)
{
    add(in(made, "moof/mfhd", 1, 12), 5);
}

static void sequence_first(struct made *made)
{
    for (unsigned n = 0; n < made->fragments; n++)
        add(in(made, "moof/mfhd", n, 12), 20);
}

static void start(struct made *made)
{
    for (unsigned n = 0; n < made->fragments; n++)
        add(in(made, "moof/traf/tfdt", n, 16), 10);
    add(in(made, "sidx", 0, 24), 10);
}

static void gap(struct made *made)
{
    add(in(made, "moof/traf/tfdt", 2, 16), 1);
}

static void overlap(struct made *made)
{
    add(in(made, "moof/traf/tfdt", 2, 16), -1);
}

static void longer(struct made *made)
{
    spn_put_be32(in(made, "moof/traf/tfhd", 2, 16), 2);
    add(in(made, "sidx", 0, 40 + 2 * 12 + 4), 4);
}

/* One packet of the last fragment lasts half as long, and trun says so of each. */
static void one_shorter(struct made *made)
{
    unsigned last = made->fragments - 1, count = made->counts[last];

    *in(made, "moof/traf/trun", last, 10) |= 1;
    for (unsigned i = 0; i < count; i++) {
        uint8_t ticks[4];

        spn_put_be32(ticks, i ? SPN_AAC_FRAME : SPN_AAC_FRAME / 2);
        made_splice(&made->file, made_box(&made->file, "moof/traf/trun", last) + 20 + (size_t)i * 8,
                    0, ticks, 4);
    }
    add(in(made, "sidx", 0, 40 + last * 12 + 4), -SPN_AAC_FRAME / 2);
}

static void late(struct made *made)
{
    for (unsigned i = 0; i < made->counts[1]; i++)
        add(in(made, "moof/traf/trun", 1, 24 + 8 * (size_t)i + 4), 1);
}

static void early(struct made *made)
{
    for (unsigned i = 0; i < made->counts[1]; i++)
        add(in(made, "moof/traf/trun", 1, 24 + 8 * (size_t)i + 4), -1);
}

static void same_place(struct made *made)
{
    add(in(made, "moof/traf/trun", 1, 24 + 8 * 2 + 4), 1); /* shown second, now third as its next */
}

static void outside(struct made *made)
{
    add(in(made, "moof/traf/trun", 1, 24 + 8 * 7 + 4), 1); /* shown last, now after the end */
}

static void first_second(struct made *made)
{
    add(in(made, "moof/traf/trun", 1, 24 + 4), 1);
    add(in(made, "moof/traf/trun", 1, 24 + 8 * 2 + 4), -1);
}

static void first_delta(struct made *made)
{
    spn_put_be32(in(made, "moof/traf/trun", 1, 20), 0x01010000);
}

/* trun of fragment 1 says the flags of each sample; the fifth is sync. */
static void fifth_sync(struct made *made)
{
    uint8_t *flags = in(made, "moof/traf/trun", 1, 8);

    spn_put_be32(flags, 0x01000E01);
    made_splice(&made->file, made_box(&made->file, "moof/traf/trun", 1) + 20, 4, NULL, 0);
    for (unsigned i = 0; i < made->counts[1]; i++) {
        size_t at = made_box(&made->file, "moof/traf/trun", 1) + 20 + (size_t)i * 12 + 4;

        made_splice(&made->file, at, 0, i == 0 || i == 4 ? "\2\0\0\0" : "\1\1\0\0", 4);
    }
}

static void more_data(struct made *made)
{
    size_t mdat = made_box(&made->file, "mdat", 1);

    made_splice(&made->file, mdat + 8, 0, "xyz", 3);
}

static void data_offset(struct made *made)
{
    add(in(made, "moof/traf/trun", 1, 16), 1);
}

static void nal_length(struct made *made)
{
    add(sample(made, 1, 2), 1);
}

static void no_slice(struct made *made)
{
    sample(made, 1, 2)[12] = 6; /* the slice becomes an SEI */
}

static void first_slice(struct made *made)
{
    sample(made, 1, 0)[12] = 0x61;
}

static void other_idr(struct made *made)
{
    sample(made, 1, 3)[12] = 0x65;
}

static void set_in_band(struct made *made)
{
    sample(made, 1, 3)[4] = 7;
}

static void hevc_first(struct made *made)
{
    spn_put_be16(sample(made, 1, 0) + 13, 21 << 9 | 1); /* CRA */
}

static void hevc_other(struct made *made)
{
    spn_put_be16(sample(made, 1, 2) + 13, 19 << 9 | 1);
}

static void hevc_set(struct made *made)
{
    spn_put_be16(sample(made, 1, 2) + 4, 34 << 9 | 1);
}

static void av1_first(struct made *made)
{
    sample(made, 1, 0)[14] = 0x30;
}

static void av1_hidden(struct made *made)
{
    sample(made, 1, 0)[14] = 0x00; /* a key frame that is not shown */
}

static void av1_other(struct made *made)
{
    sample(made, 1, 4)[2] = 0x10;
}

static void av1_sequence_differs(struct made *made)
{
    sample(made, 1, 0)[6] ^= 1;
}

static void av1_delimiter(struct made *made)
{
    sample(made, 1, 0)[0] = 2 << 3 | 2;
}

static void av1_overlong(struct made *made)
{
    sample(made, 1, 3)[1] = 9;
}

static const struct row {
    const char *name;
    enum spn_codec codec;
    spoil *spoil;
    const char *rule;
    unsigned counts[MADE_FRAGMENTS_MAX];
} rows_[] = {
    { "a brand is missing", SPN_H264, brand, "cmaf.brand", { 0 } },
    { "the brand of the format is missing", SPN_H264, brand_base, "cmaf.brand", { 0 } },
    { "there are two trex", SPN_H264, two_trex, "cmaf.track.single", { 0 } },
    { "trex is of another track", SPN_H264, track_id, "sampan.track.id", { 0 } },
    { "a fragment is of another track", SPN_H264, track_id_fragment, "sampan.track.id", { 0 } },
    { "there is an edit list", SPN_H264, edit_list, "cmaf.edit.none", { 0 } },
    { "moov lists samples", SPN_H264, table_entry, "cmaf.tables.empty", { 0 } },
    { "stsz counts samples", SPN_H264, table_size, "cmaf.tables.empty", { 0 } },
    { "there is a btrt", SPN_H264, btrt, "sampan.btrt.none", { 0 } },
    { "esds has a bit rate", SPN_AAC, esds_rate, "sampan.esds.rates", { 0 } },
    { "pixels are wide", SPN_H264, wide_pixels, "sampan.pixel.square", { 0 } },
    { "pixels are not said to be square", SPN_H264, no_pasp, "sampan.pixel.square", { 0 } },
    { "the timescale is not the sample rate", SPN_AAC, timescale, "sampan.timescale", { 0 } },
    { "the sample entry has other channels", SPN_AAC, six_channels, "sampan.sound.config", { 0 } },
    { "there is a free box", SPN_H264, free_box, "cmaf.layout", { 0 } },
    { "three bytes follow", SPN_H264, trailing, "cmaf.trailing", { 0 } },
    { "sixteen bytes follow", SPN_H264, trailing_long, "cmaf.trailing", { 0 } },
    { "there is no sidx", SPN_H264, no_sidx, "sampan.sidx.present", { 0 } },
    { "sidx has another size", SPN_H264, sidx_size, "cmaf.sidx.agrees", { 0 } },
    { "sidx has another duration", SPN_H264, sidx_duration, "cmaf.sidx.agrees", { 0 } },
    { "sidx knows no access points", SPN_H264, sidx_sap, "cmaf.sidx.agrees", { 0 } },
    { "sidx begins elsewhere", SPN_H264, sidx_offset, "cmaf.sidx.agrees", { 0 } },
    { "sidx begins at another time", SPN_H264, sidx_start, "cmaf.sidx.agrees", { 0 } },
    { "a traf has two trun", SPN_H264, two_truns, "cmaf.fragment.single", { 0 } },
    { "tfhd has a default size", SPN_H264, tfhd_size, "cmaf.tfhd.defaults", { 0 } },
    { "tfhd does not count from moof", SPN_AAC, tfhd_base, "cmaf.tfhd.defaults", { 0 } },
    { "tfdt has 32 bits", SPN_H264, tfdt_short, "cmaf.tfdt.version", { 0 } },
    { "trun is of version 0", SPN_H264, trun_version, "cmaf.trun.version", { 0 } },
    { "trun of sound has first flags", SPN_AAC, trun_first_flags, "sampan.trun.form", { 0 } },
    { "tfhd follows tfdt", SPN_H264, tfhd_after, "sampan.prefix", { 0 } },
    { "a sequence number is skipped", SPN_H264, sequence, "cmaf.sequence", { 0 } },
    { "sequence numbers begin at 21", SPN_H264, sequence_first, "sampan.sequence.first", { 0 } },
    { "decode times begin at 10", SPN_H264, start, "sampan.start.zero", { 0 } },
    { "there is a gap of one tick", SPN_H264, gap, "cmaf.tfdt.continuous", { 0 } },
    { "there is an overlap of one tick", SPN_H264, overlap, "cmaf.tfdt.continuous", { 0 } },
    { "samples of a fragment last longer", SPN_H264, longer, "sampan.duration.one", { 0 } },
    { "a packet is shorter", SPN_AAC, one_shorter, "sampan.duration.one", { 0 } },
    { "a GOP is shown late", SPN_H264, late, "cmaf.tfdt.presentation", { 0 } },
    { "a GOP is shown early", SPN_H264, early, "cmaf.tfdt.presentation", { 0 } },
    { "two frames have one place", SPN_H264, same_place, "sampan.frame.grid", { 0 } },
    { "a frame is shown in the next GOP", SPN_H264, outside, "sampan.frame.grid", { 0 } },
    { "the first sample is shown second", SPN_HEVC, first_second, "sampan.first.shown", { 0 } },
    { "the first sample is not sync", SPN_H264, first_delta, "cmaf.sync.first", { 0 } },
    { "the fifth sample is sync", SPN_H264, fifth_sync, "sampan.sync.others", { 0 } },
    { "a GOP is too long", SPN_H264, NULL, "sampan.gop.most", { 10, 11, 4 } },
    { "a GOP is cut short", SPN_H264, NULL, "sampan.gop.whole", { 10, 7, 4 } },
    { "audio fragments are uneven", SPN_AAC, NULL, "sampan.audio.even", { 47, 45, 46, 47, 3 } },
    { "mdat holds more than the samples", SPN_H264, more_data, "cmaf.data.exact", { 0 } },
    { "the data offset is one too far", SPN_AAC, data_offset, "cmaf.data.exact", { 0 } },
    { "a NAL unit leaves its sample", SPN_H264, nal_length, "sampan.sample.units", { 0 } },
    { "a sample has no slice", SPN_H264, no_slice, "sampan.sample.units", { 0 } },
    { "a fragment begins without IDR", SPN_H264, first_slice, "sampan.idr.first", { 0 } },
    { "there is a second IDR", SPN_H264, other_idr, "sampan.idr.others", { 0 } },
    { "an SPS is in band", SPN_H264, set_in_band, "sampan.sets.outside", { 0 } },
    { "an HEVC fragment begins with CRA", SPN_HEVC, hevc_first, "sampan.idr.first", { 0 } },
    { "there is a second HEVC IDR", SPN_HEVC, hevc_other, "sampan.idr.others", { 0 } },
    { "an HEVC PPS is in band", SPN_HEVC, hevc_set, "sampan.sets.outside", { 0 } },
    { "an AV1 fragment begins without key", SPN_AV1, av1_first, "sampan.idr.first", { 0 } },
    { "an AV1 key frame is not shown", SPN_AV1, av1_hidden, "sampan.idr.first", { 0 } },
    { "there is a second AV1 key frame", SPN_AV1, av1_other, "sampan.idr.others", { 0 } },
    { "an AV1 sequence header differs",
      SPN_AV1,
      av1_sequence_differs,
      "sampan.av1.sequence",
      { 0 } },
    { "an AV1 sample has a delimiter", SPN_AV1, av1_delimiter, "sampan.sample.units", { 0 } },
    { "an OBU leaves its sample", SPN_AV1, av1_overlong, "sampan.sample.units", { 0 } },
};

static void note(void *opaque, const char *rule, const char *text)
{
    struct spn_buffer *said = opaque;

    spn_buffer_format(said, "%s%s", said->size ? " " : "", rule);
    assert_true(strlen(text) > 8);
}

/* Rules that are spn_track_check()'s alone: open takes the file. */
static int opens(const char *rule)
{
    for (size_t i = 0; i < SPN_RULE_COUNT; i++)
        if (strcmp(spn_rule_rows[i].name, rule) == 0)
            return !spn_rule_rows[i].open;
    fail_msg("no rule %s", rule);
    return 0;
}

static void breaks_one(void **state)
{
    const struct row *row = *state;
    struct spn_buffer said = { 0 };
    struct spn_error err = { 0 };
    struct spn_track *track = NULL;
    struct made made;
    int ret;

    made_init(&made, row->codec);
    if (row->counts[0]) {
        memcpy(made.counts, row->counts, sizeof(row->counts));
        for (made.fragments = 0; made.counts[made.fragments]; made.fragments++)
            ;
    }
    if (strcmp(row->rule, "sampan.gop.most") == 0)
        made.most = 11;
    made_file(&made);
    if (row->spoil)
        row->spoil(&made);
    ret = spn_track_check_memory(made.file.data, made.file.size, "spoilt", note, &said, &err);
    if (ret < 0)
        fail_msg("%s", err.text);
    if (made.most) { /* such a file cannot be assembled: it lacks its sidx, too */
        assert_string_equal(spn_buffer_text(&said), "sampan.gop.most sampan.sidx.present");
    } else {
        assert_string_equal(spn_buffer_text(&said), row->rule);
        assert_int_equal(ret, 1);
    }
    ret = spn_track_open_memory(made.file.data, made.file.size, "spoilt", &track, &err);
    if (opens(row->rule)) {
        assert_int_equal(ret, SPN_OK);
    } else {
        assert_int_equal(ret, SPN_EFORMAT);
        assert_null(track);
        assert_non_null(strstr(err.text, row->rule));
        assert_non_null(strstr(err.text, "spoilt: "));
    }
    spn_track_close(track);
    spn_buffer_finish(&said);
    made_finish(&made);
}

static void breaks_none(void **state)
{
    static const enum spn_codec codecs[] = { SPN_H264, SPN_HEVC, SPN_AV1, SPN_AAC };
    struct spn_buffer said = { 0 };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct made made;

        made_init(&made, codecs[i]);
        made_file(&made);
        assert_int_equal(
            spn_track_check_memory(made.file.data, made.file.size, "good", note, &said, NULL), 0);
        made_finish(&made);
    }
    assert_int_equal(said.size, 0);
}

/* Every rule of the table is broken by a row above. */
static void all_rules(void **state)
{
    (void)state;
    for (size_t r = 0; r < SPN_RULE_COUNT; r++) {
        size_t found = 0;

        for (size_t i = 0; i < sizeof(rows_) / sizeof(rows_[0]); i++)
            found += strcmp(rows_[i].rule, spn_rule_rows[r].name) == 0;
        if (!found)
            fail_msg("no row breaks %s", spn_rule_rows[r].name);
    }
}

/* docs/formats/track.md names every rule with its sentence, and no other. */
static void documented(void **state)
{
    const char *source = getenv("SAMPAN_SOURCE");
    char path[4096], line[1024];
    size_t listed = 0;
    FILE *file;

    (void)state;
    assert_non_null(source);
    (void)snprintf(path, sizeof(path), "%s/docs/formats/track.md", source);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        size_t found = 0;

        if (strncmp(line, "| `", 3) != 0 ||
            (strncmp(line + 3, "cmaf.", 5) != 0 && strncmp(line + 3, "sampan.", 7) != 0))
            continue;
        for (size_t r = 0; r < SPN_RULE_COUNT; r++) {
            char want[1024];

            (void)snprintf(want, sizeof(want), "| `%s` | %s | %s |\n", spn_rule_rows[r].name,
                           spn_rule_rows[r].text, spn_rule_rows[r].open ? "open" : "check");
            found += strcmp(line, want) == 0;
        }
        if (!found)
            fail_msg("not a rule: %s", line);
        listed++;
    }
    (void)fclose(file);
    assert_int_equal(listed, SPN_RULE_COUNT);
}

int main(void)
{
    static struct rows rows;

    rows_add(&rows, "a good track breaks no rule", breaks_none, NULL);
    rows_add_table(&rows, rows_, breaks_one);
    rows_add(&rows, "there is a test for every rule", all_rules, NULL);
    rows_add(&rows, "every rule is in docs/formats/track.md", documented, NULL);
    return rows_run(&rows, "rules");
}

/* fragment_read.c - a moof: what it says, and which rules that breaks. */
#include <string.h>

#include "box_read.h"
#include "header.h"
#include "moof.h"

#define TFHD_FLAGS 0x020038u /* what ours has; see fragment_write.c */

struct reading {
    const struct spn_track_info *info;
    struct spn_judge *judge;
    struct spn_error *err;
    uint64_t at; /* of the moof */
    struct spn_moof *out;
    struct spn_sample_place *places;
    size_t max;
    unsigned mfhds, trafs, tfhds, tfdts, truns;
    uint32_t default_ticks, default_size, default_flags;
};

#define WHERE(reading) (reading)->out->sequence, (unsigned long long)(reading)->at
#define FRAGMENT       "fragment %u at byte %llu: "

static int tfhd_read(struct reading *r, struct spn_box *box)
{
    uint32_t flags = spn_box_full(box) & 0xFFFFFF;
    uint32_t track = spn_reader_be32(&box->body);

    if (flags & 0x1)
        (void)spn_reader_be64(&box->body);
    if (flags & 0x2)
        (void)spn_reader_be32(&box->body);
    if (flags & 0x8)
        r->default_ticks = spn_reader_be32(&box->body);
    if (flags & 0x10)
        r->default_size = spn_reader_be32(&box->body);
    if (flags & 0x20)
        r->default_flags = spn_reader_be32(&box->body);
    if (box->body.failed)
        return spn_box_bad(box, r->judge->name, "is cut short", r->err);
    if (track != SPN_TRACK_ID)
        return spn_rule_broken(r->judge, SPN_RULE_TRACK_ID, FRAGMENT "tfhd says track %u", WHERE(r),
                               track);
    if (r->default_ticks != r->info->sample_ticks)
        return spn_rule_broken(r->judge, SPN_RULE_DURATION,
                               FRAGMENT "its samples last %u ticks, those of the track %u",
                               WHERE(r), r->default_ticks, r->info->sample_ticks);
    if (flags != TFHD_FLAGS || r->default_size != 0 ||
        r->default_flags != spn_sample_flags(r->info))
        return spn_rule_broken(r->judge, SPN_RULE_TFHD,
                               FRAGMENT
                               "tfhd has flags %06x, default size %u and sample flags %08x",
                               WHERE(r), flags, r->default_size, r->default_flags);
    return SPN_OK;
}

static int tfdt_read(struct reading *r, struct spn_box *box)
{
    uint32_t version = spn_box_full(box) >> 24;

    r->out->decode = version == 1 ? spn_reader_be64(&box->body) : spn_reader_be32(&box->body);
    if (box->body.failed)
        return spn_box_bad(box, r->judge->name, "is cut short", r->err);
    if (r->out->decode > INT64_MAX / 2)
        return spn_box_bad(box, r->judge->name, "has a time later than any track", r->err);
    if (version != 1)
        return spn_rule_broken(r->judge, SPN_RULE_TFDT, FRAGMENT "tfdt is of version %u", WHERE(r),
                               version);
    return SPN_OK;
}

/* Where the samples of a fragment are shown. */
struct shown {
    uint8_t taken[SPN_SAMPLES_MAX]; /* places of the grid */
    int64_t least;
    int64_t first;
    int off; /* the sample that has no place of its own, or -1 */
};

static int shown_judge(struct reading *r, const struct shown *shown)
{
    if (shown->least != 0)
        return spn_rule_broken(r->judge, SPN_RULE_PRESENTATION,
                               FRAGMENT "its earliest presentation time is %lld ticks from its "
                                        "decode time",
                               WHERE(r), (long long)shown->least);
    if (shown->off >= 0)
        return spn_rule_broken(r->judge, SPN_RULE_GRID,
                               FRAGMENT
                               "sample %d is shown where another is, or at no frame's place",
                               WHERE(r), shown->off);
    if (shown->first != 0)
        return spn_rule_broken(r->judge, SPN_RULE_FIRST,
                               FRAGMENT "its first sample is shown %lld ticks after its begin",
                               WHERE(r), (long long)shown->first);
    return SPN_OK;
}

static int sync_judge(struct reading *r, uint32_t index, int sync)
{
    int video = r->info->media == SPN_VIDEO;

    if (index == 0 && !sync)
        return spn_rule_broken(r->judge, SPN_RULE_SYNC_FIRST,
                               FRAGMENT "its first sample is not marked sync", WHERE(r));
    if (index > 0 && sync == video)
        return spn_rule_broken(r->judge, SPN_RULE_SYNC_OTHERS,
                               FRAGMENT "sample %u is %smarked sync", WHERE(r), index,
                               video ? "" : "not ");
    return SPN_OK;
}

static int samples_read(struct reading *r, struct spn_box *box, uint32_t flags, uint32_t count,
                        uint32_t first_flags)
{
    struct shown shown = { { 0 }, INT64_MAX, 0, -1 };
    struct spn_reader *reader = &box->body;
    const uint32_t step = r->info->sample_ticks;
    int ret;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t ticks = flags & 0x100 ? spn_reader_be32(reader) : r->default_ticks;
        uint32_t size = flags & 0x200 ? spn_reader_be32(reader) : r->default_size;
        uint32_t own = flags & 0x400 ? spn_reader_be32(reader)
                       : i == 0      ? first_flags
                                     : r->default_flags;
        int32_t offset = flags & 0x800 ? (int32_t)spn_reader_be32(reader) : 0;
        int64_t time = (int64_t)r->out->duration + offset, place = time / step;
        int sync = !(own & 0x10000);

        if (ticks != step && r->default_ticks == step &&
            (ret = spn_rule_broken(r->judge, SPN_RULE_DURATION,
                                   FRAGMENT "sample %u lasts %u ticks, those of the track %u",
                                   WHERE(r), i, ticks, step)) < 0)
            return ret;
        if ((ret = sync_judge(r, i, sync)) < 0)
            return ret;
        if (i < r->max)
            r->places[i] =
                (struct spn_sample_place){ r->at + (uint64_t)r->out->data_offset + r->out->data,
                                           size, offset, sync };
        if (i == 0) {
            r->out->first_size = size;
            shown.first = time;
        }
        if (time < shown.least)
            shown.least = time;
        if (time < 0 || time % step || place >= count || shown.taken[place]++)
            shown.off = (int)i;
        if (size == 0)
            return spn_error_set(r->err, SPN_EFORMAT, "%s: " FRAGMENT "sample %u is empty",
                                 r->judge->name, WHERE(r), i);
        r->out->duration += ticks;
        r->out->data += size;
    }
    if (reader->failed || spn_reader_left(reader))
        return spn_box_bad(box, r->judge->name, "does not hold its samples and no more", r->err);
    if (r->out->data > SPN_FRAGMENT_SIZE_MAX)
        return spn_error_set(r->err, SPN_ELIMIT, "%s: " FRAGMENT "it has more than %u bytes",
                             r->judge->name, WHERE(r), SPN_FRAGMENT_SIZE_MAX);
    if (r->judge->seen[SPN_RULE_DURATION])
        return SPN_OK; /* there is no grid to judge by */
    return shown_judge(r, &shown);
}

static int trun_read(struct reading *r, struct spn_box *box)
{
    uint32_t full = spn_box_full(box), flags = full & 0xFFFFFF;
    uint32_t count = spn_reader_be32(&box->body), first_flags = r->default_flags;
    unsigned hits;
    int ret;

    if (flags & 0x1)
        r->out->data_offset = (int32_t)spn_reader_be32(&box->body);
    if (flags & 0x4)
        first_flags = spn_reader_be32(&box->body);
    if (box->body.failed || count == 0)
        return spn_box_bad(box, r->judge->name, "holds no samples", r->err);
    if (count > SPN_SAMPLES_MAX)
        return spn_error_set(r->err, SPN_ELIMIT, "%s: " FRAGMENT "it has %u samples, more than %d",
                             r->judge->name, WHERE(r), count, SPN_SAMPLES_MAX);
    r->out->samples = count;
    if (full >> 24 != 1 &&
        (ret = spn_rule_broken(r->judge, SPN_RULE_TRUN_VERSION, FRAGMENT "trun is of version %u",
                               WHERE(r), full >> 24)) < 0)
        return ret;
    if (r->info->media == SPN_VIDEO && count > r->info->gop &&
        (ret = spn_rule_broken(r->judge, SPN_RULE_GOP_MOST, FRAGMENT "it holds %u frames, G is %u",
                               WHERE(r), count, r->info->gop)) < 0)
        return ret;
    hits = r->judge->hits;
    if ((ret = samples_read(r, box, flags, count, first_flags)) < 0)
        return ret;
    if (r->judge->hits == hits && flags != spn_trun_flags(r->info))
        return spn_rule_broken(r->judge, SPN_RULE_TRUN_FORM,
                               FRAGMENT "trun has flags %06x, not %06x", WHERE(r), flags,
                               spn_trun_flags(r->info));
    return SPN_OK;
}

static int traf_read(struct reading *r, struct spn_box *traf)
{
    struct spn_boxes boxes = spn_boxes_in(traf, r->judge->name);
    struct spn_box box;
    int ret;

    while ((ret = spn_boxes_next(&boxes, &box, r->err)) > 0) {
        if (box.type == SPN_BOX('t', 'f', 'h', 'd') && r->tfhds++ == 0)
            ret = tfhd_read(r, &box);
        else if (box.type == SPN_BOX('t', 'f', 'd', 't') && r->tfdts++ == 0)
            ret = tfdt_read(r, &box);
        else if (box.type == SPN_BOX('t', 'r', 'u', 'n') && r->truns++ == 0)
            ret = r->tfhds ? trun_read(r, &box)
                           : spn_box_bad(&box, r->judge->name, "stands before tfhd", r->err);
        if (ret < 0)
            return ret;
    }
    return ret;
}

static int boxes_read(struct reading *r, const uint8_t *bytes, size_t size)
{
    struct spn_boxes boxes = spn_boxes_of(bytes + 8, size - 8, r->at + 8, r->judge->name);
    struct spn_box box;
    int ret;

    while ((ret = spn_boxes_next(&boxes, &box, r->err)) > 0) {
        if (box.type == SPN_BOX('m', 'f', 'h', 'd') && r->mfhds++ == 0) {
            (void)spn_box_full(&box);
            r->out->sequence = spn_reader_be32(&box.body);
        } else if (box.type == SPN_BOX('t', 'r', 'a', 'f') && r->trafs++ == 0) {
            ret = traf_read(r, &box);
        }
        if (ret < 0)
            return ret;
    }
    return ret;
}

int spn_moof_read(const uint8_t *bytes, size_t size, uint64_t at, const struct spn_track_info *info,
                  struct spn_judge *judge, struct spn_moof *out, struct spn_sample_place *places,
                  size_t max, struct spn_error *err)
{
    struct reading r = { .info = info,
                         .judge = judge,
                         .err = err,
                         .at = at,
                         .out = out,
                         .places = places,
                         .max = places ? max : 0,
                         .default_ticks = info->sample_ticks };
    unsigned hits = judge->hits;
    uint8_t prefix[SPN_PREFIX_SIZE];
    int ret;

    memset(out, 0, sizeof(*out));
    r.default_flags = spn_sample_flags(info);
    if ((ret = boxes_read(&r, bytes, size)) < 0)
        return ret;
    if (!r.mfhds || !r.tfhds || !r.tfdts || !r.truns)
        return spn_error_set(err, SPN_EFORMAT, "%s: moof at byte %llu lacks %s", judge->name,
                             (unsigned long long)at,
                             !r.mfhds   ? "mfhd"
                             : !r.tfhds ? "tfhd"
                             : !r.tfdts ? "tfdt"
                                        : "trun");
    out->single = r.trafs == 1 && r.truns == 1;
    if (!out->single)
        return spn_rule_broken(judge, SPN_RULE_FRAGMENT, FRAGMENT "it has %u traf and %u trun",
                               WHERE(&r), r.trafs, r.truns);
    if (judge->hits != hits)
        return SPN_OK; /* the prefix differs for a reason that has been named */
    spn_prefix_write(info, (uint32_t)size, out->sequence, out->decode, prefix);
    if (size < sizeof(prefix) || memcmp(bytes, prefix, sizeof(prefix)) != 0)
        return spn_rule_broken(judge, SPN_RULE_PREFIX,
                               FRAGMENT
                               "its first 80 bytes are not moof, mfhd, traf, tfhd and tfdt "
                               "as all fragments have them",
                               WHERE(&r));
    return SPN_OK;
}

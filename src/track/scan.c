/* scan.c - ftyp, moov, sidx, and moof and mdat in turn. */
#include "scan.h"

#include <stdlib.h>
#include <string.h>

#include "box_read.h"
#include "header.h"

#define SIDX_SIZE_MAX (40u + SPN_SIDX_REFERENCES_MAX * 12u) /* bytes */

struct scan {
    struct spn_track *track;
    struct spn_judge *judge;
    struct spn_error *err;
    const char *name;
    struct spn_buffer moof, sidx, sample; /* what was read last */
    struct spn_sample_place *places;      /* SPN_SAMPLES_MAX of them where samples are judged */
    uint64_t at;
    uint64_t sidx_after;
    uint32_t sequence; /* of the fragment before */
};

struct top {
    uint32_t type;
    uint64_t at, size;
    unsigned head; /* bytes: 8 or 16 */
};

/* The box at scan->at: 1, or 0 where there is none that fits; what is known of it is in *out. */
static int top_next(struct scan *scan, struct top *out)
{
    const struct spn_input *input = &scan->track->input;
    uint8_t head[16];
    int ret;

    *out = (struct top){ 0, scan->at, input->size - scan->at, 8 };
    if (out->size < 8)
        return 0;
    if ((ret = spn_input_read(input, scan->at, 8, head, scan->err)) < 0)
        return ret;
    out->type = spn_be32(head + 4);
    out->size = spn_be32(head);
    if (out->size == 1) {
        if (input->size - scan->at < 16)
            return 0;
        if ((ret = spn_input_read(input, scan->at, 16, head, scan->err)) < 0)
            return ret;
        out->size = spn_be64(head + 8);
        out->head = 16;
    }
    return out->size >= out->head && out->size <= input->size - scan->at;
}

/* All of a box into a buffer. */
static int top_read(struct scan *scan, const struct top *top, size_t limit, struct spn_buffer *out)
{
    uint8_t *p;

    if (top->size > limit)
        return spn_error_set(scan->err, SPN_ELIMIT,
                             "%s: box %s at byte %llu has more than %zu bytes", scan->name,
                             spn_box_name_of(top->type).text, (unsigned long long)top->at, limit);
    if (top->head != 8)
        return spn_error_set(scan->err, SPN_EFORMAT, "%s: box %s at byte %llu has a 64-bit size",
                             scan->name, spn_box_name_of(top->type).text,
                             (unsigned long long)top->at);
    p = spn_buffer_reserve(out, (size_t)top->size);
    if (!p)
        return spn_error_set(scan->err, SPN_ENOMEM, "no memory to read %s", scan->name);
    out->size += (size_t)top->size;
    return spn_input_read(&scan->track->input, top->at, (size_t)top->size, p, scan->err);
}

static int header_scan(struct scan *scan)
{
    static const uint32_t order[2] = { SPN_BOX('f', 't', 'y', 'p'), SPN_BOX('m', 'o', 'o', 'v') };
    struct spn_track *track = scan->track;
    struct top top;
    int ret;

    for (unsigned i = 0; i < 2; i++) {
        ret = top_next(scan, &top);
        if (ret < 0)
            return ret;
        if (!ret || top.type != order[i])
            return spn_error_set(
                scan->err, SPN_EFORMAT,
                "%s: at byte %llu there is no whole box %s: this is not a track file", scan->name,
                (unsigned long long)top.at, spn_box_name_of(order[i]).text);
        if ((ret = top_read(scan, &top, SPN_HEADER_SIZE_MAX - track->header.size, &track->header)) <
            0)
            return ret;
        scan->at += top.size;
    }
    return spn_header_read(track->header.data, track->header.size, &track->info, scan->judge,
                           scan->err);
}

static int fragment_add(struct spn_track *track, const struct spn_fragment *fragment,
                        struct spn_error *err)
{
    if (track->count == SPN_FRAGMENTS_MAX)
        return spn_error_set(err, SPN_ELIMIT, "%s: there are more than %d fragments",
                             track->input.name, SPN_FRAGMENTS_MAX);
    if (track->count == track->capacity) {
        size_t capacity = track->capacity ? track->capacity * 2 : 64;
        struct spn_fragment *p = realloc(track->fragments, capacity * sizeof(*p));

        if (!p)
            return spn_error_set(err, SPN_ENOMEM, "no memory for the index of %s",
                                 track->input.name);
        track->fragments = p;
        track->capacity = capacity;
    }
    track->fragments[track->count++] = *fragment;
    return SPN_OK;
}

/* Does the fragment follow the one before? */
static int order_judge(struct scan *scan, const struct spn_moof *moof, uint64_t at)
{
    const struct spn_track *track = scan->track;
    const struct spn_fragment *last = track->count ? &track->fragments[track->count - 1] : NULL;
    int ret;

    if (!last) {
        if (moof->sequence != 1 &&
            (ret = spn_rule_broken(scan->judge, SPN_RULE_SEQUENCE_FIRST,
                                   "the first sequence number is %u", moof->sequence)) < 0)
            return ret;
        if (moof->decode != 0)
            return spn_rule_broken(scan->judge, SPN_RULE_START, "the first decode time is %llu",
                                   (unsigned long long)moof->decode);
        return SPN_OK;
    }
    if (moof->sequence != scan->sequence + 1 &&
        (ret = spn_rule_broken(scan->judge, SPN_RULE_SEQUENCE,
                               "sequence number %u at byte %llu follows %u", moof->sequence,
                               (unsigned long long)at, scan->sequence)) < 0)
        return ret;
    if ((int64_t)moof->decode != last->start + last->duration)
        return spn_rule_broken(
            scan->judge, SPN_RULE_CONTINUOUS,
            "fragment %u at byte %llu begins at %llu, the one before ends at %lld", moof->sequence,
            (unsigned long long)at, (unsigned long long)moof->decode,
            (long long)(last->start + last->duration));
    return SPN_OK;
}

/* A moof, and the mdat that must follow it. */
static int fragment_scan(struct scan *scan, const struct top *moof_top)
{
    struct spn_track *track = scan->track;
    struct spn_fragment fragment = { 0 };
    struct spn_moof moof;
    struct top mdat;
    uint64_t data;
    int ret;

    scan->moof.size = 0;
    if ((ret = top_read(scan, moof_top, SPN_MOOF_SIZE_MAX, &scan->moof)) < 0 ||
        (ret = spn_moof_read(scan->moof.data, scan->moof.size, moof_top->at, &track->info,
                             scan->judge, &moof, scan->places, SPN_SAMPLES_MAX, scan->err)) < 0 ||
        (ret = order_judge(scan, &moof, moof_top->at)) < 0)
        return ret;
    scan->at += moof_top->size;
    ret = top_next(scan, &mdat);
    if (ret < 0)
        return ret;
    if (!ret || mdat.type != SPN_BOX('m', 'd', 'a', 't'))
        return spn_error_set(
            scan->err, SPN_EFORMAT,
            "%s: fragment %u has no whole mdat at byte %llu: the file is cut short", scan->name,
            moof.sequence, (unsigned long long)mdat.at);
    scan->at += mdat.size;
    data = mdat.size - mdat.head;
    if (moof.single &&
        (moof.data != data || mdat.head != 8 || moof.data_offset != (int64_t)moof_top->size + 8)) {
        if ((ret = spn_rule_broken(
                 scan->judge, SPN_RULE_DATA,
                 "fragment %u at byte %llu has samples of %llu bytes from its byte "
                 "%lld on, mdat has %llu from %llu on",
                 moof.sequence, (unsigned long long)moof_top->at, (unsigned long long)moof.data,
                 (long long)moof.data_offset, (unsigned long long)data,
                 (unsigned long long)(moof_top->size + mdat.head))) < 0)
            return ret;
    } else if (moof.single && scan->places &&
               (ret = spn_samples_judge(track, &moof, scan->places, scan->judge, &scan->sample,
                                        scan->err)) < 0) {
        return ret;
    }
    if (moof_top->size + mdat.size > SPN_FRAGMENT_SIZE_MAX + (uint64_t)SPN_MOOF_SIZE_MAX)
        return spn_error_set(scan->err, SPN_ELIMIT, "%s: fragment %u has more than %u bytes",
                             scan->name, moof.sequence, SPN_FRAGMENT_SIZE_MAX);
    if (track->count == 0)
        track->first_sequence = moof.sequence;
    scan->sequence = moof.sequence;
    fragment.start = (int64_t)moof.decode;
    fragment.duration = (int64_t)moof.duration;
    fragment.offset = moof_top->at;
    fragment.size = (uint32_t)(moof_top->size + mdat.size);
    fragment.moof_size = (uint32_t)moof_top->size;
    fragment.first_sample_size = moof.first_size;
    fragment.samples = moof.samples;
    if (fragment.duration == 0)
        return spn_error_set(scan->err, SPN_EFORMAT, "%s: fragment %u lasts no time", scan->name,
                             moof.sequence);
    return fragment_add(track, &fragment, scan->err);
}

static int boxes_scan(struct scan *scan)
{
    struct spn_track *track = scan->track;
    struct top top;
    int ret;

    while (scan->at < track->input.size) {
        ret = top_next(scan, &top);
        if (ret < 0)
            return ret;
        if (!ret) {
            if (top.type == SPN_BOX('m', 'o', 'o', 'f') || top.type == SPN_BOX('s', 'i', 'd', 'x'))
                return spn_error_set(scan->err, SPN_EFORMAT,
                                     "%s: box %s at byte %llu is not whole: the file is cut short",
                                     scan->name, spn_box_name_of(top.type).text,
                                     (unsigned long long)top.at);
            return spn_rule_broken(
                scan->judge, SPN_RULE_TRAILING, "%llu bytes from byte %llu on are no box",
                (unsigned long long)(track->input.size - scan->at), (unsigned long long)scan->at);
        }
        if (top.type == SPN_BOX('m', 'o', 'o', 'f')) {
            if ((ret = fragment_scan(scan, &top)) < 0)
                return ret;
            continue;
        }
        scan->at += top.size;
        if (top.type == SPN_BOX('s', 'i', 'd', 'x') && track->count == 0 && !track->has_sidx) {
            track->has_sidx = 1;
            scan->sidx_after = scan->at;
            if ((ret = top_read(scan, &top, SIDX_SIZE_MAX, &scan->sidx)) < 0)
                return ret;
            continue;
        }
        if ((ret = spn_rule_broken(scan->judge, SPN_RULE_LAYOUT,
                                   "box %s at byte %llu is not expected",
                                   spn_box_name_of(top.type).text, (unsigned long long)top.at)) < 0)
            return ret;
    }
    return SPN_OK;
}

/* What can only be said of all fragments together. */
static int whole_judge(struct scan *scan)
{
    const struct spn_track *track = scan->track;
    const struct spn_track_info *info = &track->info;
    uint32_t least = UINT32_MAX, most = 0;
    int ret;

    if (track->count == 0)
        return spn_error_set(scan->err, SPN_EFORMAT, "%s: there is no fragment", scan->name);
    if (!track->has_sidx) {
        if ((ret = spn_rule_broken(scan->judge, SPN_RULE_SIDX_PRESENT, "there is no sidx")) < 0)
            return ret;
    } else if ((ret = spn_sidx_judge(track, scan->sidx.data + 8, scan->sidx.size - 8,
                                     scan->sidx_after, scan->judge)) < 0) {
        return ret;
    }
    for (size_t i = 0; i + 1 < track->count; i++) {
        uint32_t samples = track->fragments[i].samples;

        if (samples < least)
            least = samples;
        if (samples > most)
            most = samples;
        if (info->media == SPN_VIDEO && samples < info->gop &&
            (ret = spn_rule_broken(scan->judge, SPN_RULE_GOP_WHOLE,
                                   "fragment %zu at byte %llu holds %u frames, G is %u", i + 1,
                                   (unsigned long long)track->fragments[i].offset, samples,
                                   info->gop)) < 0)
            return ret;
    }
    if (info->media == SPN_AUDIO && most > least + 1 && track->count > 2)
        return spn_rule_broken(scan->judge, SPN_RULE_AUDIO_EVEN,
                               "the fragments but the last hold %u to %u packets", least, most);
    return SPN_OK;
}

int spn_track_scan(struct spn_track *track, struct spn_judge *judge, int samples,
                   struct spn_error *err)
{
    struct scan scan = { .track = track, .judge = judge, .err = err, .name = track->input.name };
    int ret;

    if (samples) {
        scan.places = malloc(SPN_SAMPLES_MAX * sizeof(*scan.places));
        if (!scan.places)
            return spn_error_set(err, SPN_ENOMEM, "no memory to read %s", scan.name);
    }
    if ((ret = header_scan(&scan)) < 0 || (ret = boxes_scan(&scan)) < 0)
        goto done;
    ret = whole_judge(&scan);

done:
    free(scan.places);
    spn_buffer_finish(&scan.moof);
    spn_buffer_finish(&scan.sidx);
    spn_buffer_finish(&scan.sample);
    return ret;
}

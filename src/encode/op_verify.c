/*
 * op_verify.c - one rendition of a cut, as viewers are sent it: boxes, then pictures or sound.
 */
#include "media.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cut_request.h"
#include "member.h"
#include "sampan/composed.h"
#include "verify.h"

#define AGAIN "build the cut again"

struct verify {
    const json_t *request;
    struct spn_composition *composition; /* borrowed from heard, where it is sound */
    struct heard heard;
    int sound;
    struct mapped film;
    struct faults faults;
    json_t *measured;
};

static int verify_open(struct verify *verify, struct spn_error *err)
{
    const char *holder = "\"rendition\" of the request", *media, *compat;
    json_t *rendition, *cut;
    int64_t drop = 0;
    int ret;

    if ((ret = member_object(verify->request, "the request", "rendition", &rendition, err)) < 0 ||
        (ret = member_text(rendition, holder, "id", &verify->faults.rendition, err)) < 0 ||
        (ret = member_text(rendition, holder, "media", &media, err)) < 0 ||
        (ret = member_object(verify->request, "the request", "verify", &cut, err)) < 0 ||
        (ret = member_int_or(cut, "\"verify\" of the request", "drop", 0, 1, &drop, err)) < 0)
        return ret;
    verify->sound = strcmp(media, "audio") == 0;
    if (!verify->sound) {
        ret = cut_request_read(verify->request, "verify", &verify->composition, err);
    } else if ((ret = member_text(rendition, holder, "compat_id", &compat, err)) == SPN_OK) {
        ret = heard_open(&verify->heard, verify->request, "verify", compat, err);
        verify->composition = verify->heard.composition;
    }
    verify->faults.composition = verify->composition;
    verify->faults.drop = (int)drop;
    return ret < 0 ? ret : faults_init(&verify->faults, err);
}

static void verify_close(struct verify *verify)
{
    if (verify->sound)
        heard_close(&verify->heard);
    else
        spn_composition_free(verify->composition);
    mapped_close(&verify->film);
    json_decref(verify->faults.told);
    json_decref(verify->measured);
}

/* ---- boxes ---- */

struct rule {
    struct verify *verify;
    int64_t frame; /* of the fragment that is judged */
};

/* What holds of every track holds of a cut too, but that its fragments are whole GOPs. */
static void rule_broken(void *opaque, const char *name, const char *text)
{
    static const char *const track_only[] = { "sampan.sidx.present", "sampan.sequence.first",
                                              "sampan.start.zero", "sampan.gop.whole",
                                              "sampan.audio.even" };
    struct rule *rule = opaque;

    for (size_t i = 0; i < sizeof(track_only) / sizeof(*track_only); i++)
        if (strcmp(name, track_only[i]) == 0)
            return;
    fault_add(&rule->verify->faults, name, rule->frame, "%s; " AGAIN, text);
}

static int64_t frame_of(const struct verify *verify, int64_t ticks)
{
    const struct spn_track_info *info = spn_track_info(verify->film.track);
    struct spn_rate rate = verify->composition->rate;
    int64_t frame = 0;

    if (!verify->sound)
        return ticks / info->sample_ticks;
    (void)spn_rescale(ticks, rate.num, (int64_t)rate.den * info->sample_rate, SPN_FLOOR, &frame);
    return frame;
}

/* Each fragment alone, behind the initialization segment, as a player may begin with it. */
static int fragment_check(struct verify *verify, const struct spn_fragment *fragment,
                          struct spn_buffer *room, struct spn_error *err)
{
    struct rule rule = { .verify = verify, .frame = frame_of(verify, fragment->start) };
    const uint8_t *header;
    struct spn_error why = { 0 };
    size_t size;

    header = spn_track_header(verify->film.track, &size);
    room->size = 0;
    spn_buffer_append(room, header, size);
    spn_buffer_append(room, verify->film.bytes + fragment->offset, fragment->size);
    if (spn_buffer_failed(room))
        return spn_error_set(err, SPN_ENOMEM, "no memory for a fragment");
    if (spn_track_check_memory(room->data, room->size, "the fragment", rule_broken, &rule, &why) <
        0)
        fault_add(&verify->faults, "fragment", rule.frame, "%s; " AGAIN, why.text);
    return SPN_OK;
}

/* The lengths that the composition says, fragment after fragment: 0 where they are not. */
static int lengths_check(struct verify *verify, int64_t *units, size_t count)
{
    const struct spn_track_info *info = spn_track_info(verify->film.track);
    const struct spn_fragment *all;
    int64_t at = 0;
    size_t there;

    all = spn_track_all(verify->film.track, &there);
    for (size_t i = 0; i < there && i < count; i++) {
        if (all[i].start != at || all[i].samples != units[i] ||
            all[i].duration != units[i] * info->sample_ticks) {
            fault_add(&verify->faults, "timeline.length", frame_of(verify, at),
                      "fragment %zu has %" PRIu32 " %s at tick %" PRId64
                      ", and the cut needs %" PRId64 " at %" PRId64 "; " AGAIN,
                      i + 1, all[i].samples, verify->sound ? "packets" : "frames", all[i].start,
                      units[i], at);
            return 0;
        }
        at += all[i].duration;
    }
    if (there == count)
        return 1;
    fault_add(&verify->faults, "timeline.length", frame_of(verify, at),
              "it has %zu fragments, and the cut needs %zu; " AGAIN, there, count);
    return 0;
}

struct lengths {
    int64_t *units;
    size_t count, room;
};

static int length_add(struct lengths *lengths, int64_t units, struct spn_error *err)
{
    if (lengths->count == lengths->room) {
        size_t room = lengths->room ? 2 * lengths->room : 256;
        int64_t *more = realloc(lengths->units, room * sizeof(*more));

        if (!more)
            return spn_error_set(err, SPN_ENOMEM, "no memory for a cut");
        lengths->units = more;
        lengths->room = room;
    }
    lengths->units[lengths->count++] = units;
    return SPN_OK;
}

static int bridge_lengths(struct lengths *lengths, int64_t units, uint32_t fragments,
                          struct spn_error *err)
{
    int ret = SPN_OK;

    for (uint32_t i = 0; i < fragments && ret >= 0; i++) {
        int64_t first, length;

        spn_bridge_fragment(units, fragments, i, &first, &length);
        ret = length_add(lengths, length, err);
    }
    return ret;
}

static int picture_lengths(const struct spn_composition *composition, struct lengths *lengths,
                           struct spn_error *err)
{
    struct spn_span *spans;
    size_t count;
    int ret = spn_picture_spans(composition, &spans, &count, err);

    for (size_t i = 0; i < count && ret >= 0; i++) {
        int64_t left = spans[i].frames;

        if (spans[i].kind == SPN_BRIDGE)
            ret = bridge_lengths(lengths, left, spans[i].fragments, err);
        for (; spans[i].kind == SPN_REFERENCE && left > 0 && ret >= 0; left -= composition->gop)
            ret = length_add(lengths, left < composition->gop ? left : composition->gop, err);
    }
    free(spans);
    return ret;
}

static int sound_lengths(const struct heard *heard, struct lengths *lengths, struct spn_error *err)
{
    const struct spn_composition *composition = heard->composition;
    int ret = SPN_OK;

    for (size_t i = 0; i < heard->span_count && ret >= 0; i++) {
        const struct spn_sound_span *span = &heard->spans[i];
        int64_t frames = composition->assets[composition->clips[span->clip].asset].frames;

        if (span->kind == SPN_BRIDGE)
            ret = bridge_lengths(lengths, span->slots, (uint32_t)span->fragments, err);
        for (int64_t k = 0; span->kind == SPN_REFERENCE && k < span->fragments && ret >= 0; k++) {
            int64_t from = (span->fragment + k) * composition->gop, to = from + composition->gop;

            ret = length_add(lengths,
                             spn_audio_frame_at(to < frames ? to : frames, composition->rate,
                                                AUDIO_SAMPLE_RATE) -
                                 spn_audio_frame_at(from, composition->rate, AUDIO_SAMPLE_RATE),
                             err);
        }
    }
    return ret;
}

/* 1: its boxes are such that pictures and sound can be looked at. */
static int boxes_check(struct verify *verify, struct spn_error *err)
{
    struct lengths lengths = { 0 };
    struct spn_buffer room = { 0 };
    const struct spn_fragment *all;
    size_t count;
    int ret;

    all = spn_track_all(verify->film.track, &count);
    ret = verify->sound ? sound_lengths(&verify->heard, &lengths, err)
                        : picture_lengths(verify->composition, &lengths, err);
    if (ret >= 0)
        ret = lengths_check(verify, lengths.units, lengths.count);
    for (size_t i = 0; i < count && ret > 0; i++) {
        int checked = fragment_check(verify, &all[i], &room, err);

        ret = checked < 0 ? checked : ret;
    }
    free(lengths.units);
    spn_buffer_finish(&room);
    return ret;
}

static int film_open(struct verify *verify, struct spn_error *err)
{
    const char *holder = "\"film\" of the request", *name;
    struct spn_error why = { 0 };
    json_t *film;
    int64_t fd;
    int ret;

    if ((ret = member_object(verify->request, "the request", "film", &film, err)) < 0 ||
        (ret = member_int(film, holder, "fd", 0, 1 << 20, &fd, err)) < 0 ||
        (ret = member_text(film, holder, "name", &name, err)) < 0)
        return ret;
    ret = mapped_open((int)fd, name, &verify->film, &why);
    if (ret >= 0 && (spn_track_info(verify->film.track)->media == SPN_AUDIO) == verify->sound)
        return 1;
    if (ret == SPN_EFORMAT || ret == SPN_EMISMATCH || ret >= 0) {
        fault_add(&verify->faults, "film", 0, "%s; " AGAIN,
                  ret < 0 ? why.text : "it is of another medium");
        return 0;
    }
    return spn_error_set(err, ret, "%s", why.text);
}

int op_verify(const struct media *media, json_t **result, struct spn_error *err)
{
    struct verify verify = { .request = media->request };
    int ret;

    if ((ret = verify_open(&verify, err)) >= 0 && (ret = film_open(&verify, err)) > 0 &&
        (ret = boxes_check(&verify, err)) > 0)
        ret = verify.sound
                  ? verify_sound(&verify.heard, &verify.film, &verify.faults, &verify.measured, err)
                  : verify_picture(media->request, verify.composition, &verify.film, &verify.faults,
                                   &verify.measured, err);
    if (ret >= 0) {
        const struct spn_composition *composition = verify.composition;

        *result = json_pack("{s:I,s:I,s:O,s:o}", "frames",
                            (json_int_t)composition->start[composition->count], "fault_count",
                            (json_int_t)verify.faults.count, "faults", verify.faults.told,
                            "measured", verify.measured ? verify.measured : json_null());
        verify.measured = NULL;
        ret = *result ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "no memory for the answer");
    }
    verify_close(&verify);
    return ret;
}

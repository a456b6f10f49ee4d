#include "conform.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "grid.h"

#define HOLE_NOTED_S 10 /* a longer hole in the picture is told */

static void tell(json_t *changes, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void tell(json_t *changes, const char *format, ...)
{
    va_list args;

    if (!changes)
        return;
    va_start(args, format);
    json_array_append_new(changes, json_vsprintf(format, args));
    va_end(args);
}

static const char *rate_text(struct spn_rate rate, char buffer[32])
{
    if (rate.den == 1)
        snprintf(buffer, 32, "%u", rate.num);
    else
        snprintf(buffer, 32, "%u/%u", rate.num, rate.den);
    return buffer;
}

static int64_t place_of(const struct conform *conform, int64_t pts)
{
    return grid_place(
        pts, conform->start, conform->time_num, conform->time_den,
        (struct spn_rate){ conform->rate.num, conform->rate.den * (conform->fields ? 2u : 1u) });
}

/* The place of source frame i on the grid of pictures. */
static int64_t place_at(const struct conform *conform, const struct index *index, int64_t i)
{
    struct index_frame frame;

    index_frame_at(index, (uint32_t)i, &frame);
    return place_of(conform, frame.pts);
}

/* The first source frame whose place is n or later; pictures where there is none. */
static int64_t first_at(const struct conform *conform, const struct index *index, int64_t n)
{
    int64_t low = 0, high = conform->pictures, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (place_at(conform, index, middle) < n)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Of several source frames with one place the first is shown; an empty place shows the one before.
 */
int64_t conform_picture(const struct conform *conform, const struct index *index, int64_t n)
{
    int64_t picture;

    if (conform->fields)
        n /= 2;
    if (conform->how == CONFORM_CONSTANT)
        return n < conform->pictures ? n : conform->pictures - 1;
    picture = first_at(conform, index, n);
    if (picture < conform->pictures && place_at(conform, index, picture) == n)
        return picture;
    return first_at(conform, index, place_at(conform, index, picture - 1));
}

static enum conform_scan scan_of(const struct index_facts *facts)
{
    if (facts->frames_interlaced * 10 >= facts->frames_seen && facts->frames_interlaced)
        return facts->frames_top_first * 2 >= facts->frames_interlaced ? CONFORM_TOP_FIRST
                                                                       : CONFORM_BOTTOM_FIRST;
    return CONFORM_PROGRESSIVE;
}

/* Count the grid's places and what is repeated and dropped on it. */
static void count_frames(struct conform *conform, const struct index *index)
{
    int64_t place = 0, last = -1, distinct = 0, i, longest;

    if (conform->how == CONFORM_CONSTANT) {
        conform->frames = conform->pictures;
        if (conform->pictures == 1) {
            longest = place_of(conform, index_end(index));
            conform->frames = longest > 1 ? longest : 1;
        }
        conform->repeated = conform->frames - conform->pictures;
        return;
    }
    for (i = 0; i < conform->pictures; i++) {
        place = place_at(conform, index, i);
        distinct += place != last;
        last = place;
    }
    conform->frames = last + 1;
    if (conform->how != CONFORM_HOLES) {
        place = place_of(conform, index_end(index));
        if (place > conform->frames)
            conform->frames = place;
    }
    conform->repeated = conform->frames - distinct;
    conform->dropped = conform->pictures - distinct;
    /* times that stray, but each frame has a place of its own: that is a constant rate */
    if (!conform->repeated && !conform->dropped)
        conform->how = CONFORM_CONSTANT;
}

static void tell_rate(const struct conform *conform, const struct stream *stream, json_t *changes)
{
    char rate[32], declared[32];

    rate_text(conform->rate, rate);
    if (conform->how == CONFORM_HOLES)
        tell(changes,
             "the source is constant at %s frames a second but lacks %" PRId64
             " of them: the frame before was repeated in their place",
             rate, conform->repeated);
    else if (conform->how == CONFORM_VARIABLE)
        tell(changes,
             "the source has no constant frame rate: it became %s frames a second, %" PRId64
             " frames repeated, %" PRId64 " dropped",
             rate, conform->repeated, conform->dropped);
    else if (conform->how == CONFORM_FAST)
        tell(changes,
             "the source is faster than %d frames a second: it became %s, %" PRId64
             " frames dropped, %" PRId64 " repeated",
             SPN_RATE_MAX, rate, conform->dropped, conform->repeated);
    else if (conform->how == CONFORM_ASKED)
        tell(changes,
             "the source became %s frames a second, as was asked for: %" PRId64
             " frames repeated, %" PRId64 " dropped",
             rate, conform->repeated, conform->dropped);
    else if (conform->repeated)
        tell(changes, "the source has one frame: it was repeated as long as it lasts");
    if (conform->how == CONFORM_CONSTANT && stream->declared.num && !conform->fields &&
        !spn_rate_equal(stream->declared, conform->rate))
        tell(changes, "the file says %s frames a second; its timestamps say %s, which was taken",
             rate_text(stream->declared, declared), rate);
}

static void tell_scan(const struct conform *conform, const struct index_facts *facts,
                      const struct conform_options *options, json_t *changes)
{
    char rate[32];

    rate_text(conform->rate, rate);
    if (conform->scan != CONFORM_PROGRESSIVE)
        tell(changes,
             conform->fields
                 ? "the source is interlaced: each field became a frame, %s frames a second"
                 : "the source is interlaced: each frame became one whole frame, %s a second",
             rate);
    if (options && options->fields && !conform->fields)
        tell(changes, "one frame per field was asked for, but %s",
             conform->scan == CONFORM_PROGRESSIVE ? "the source is not interlaced"
                                                  : "that would be more than 60 frames a second");
    if (facts->telecined)
        tell(changes,
             "the source is film brought to its rate by 3:2 pulldown (telecine), which was not "
             "removed: no frame of it is left out");
    if (facts->frames_repeat)
        tell(changes,
             "the source repeats fields (pulldown, in %u of %u frames looked at), which was not "
             "removed: no frame of it is left out",
             facts->frames_repeat, facts->frames_seen);
}

/* The longest time that one frame stands, where it is a hole. */
static void tell_hole(const struct conform *conform, const struct index *index, json_t *changes)
{
    struct index_frame frame;
    int64_t before = conform->start, longest = 0, at = 0, i;

    for (i = 1; i < conform->pictures; i++) {
        index_frame_at(index, (uint32_t)i, &frame);
        if (frame.pts - before > longest) {
            longest = frame.pts - before;
            at = i - 1;
        }
        before = frame.pts;
    }
    longest = longest * conform->time_num / conform->time_den;
    if (longest > HOLE_NOTED_S)
        tell(changes, "there is no picture for %" PRId64 " s after frame %" PRId64 " of the source",
             longest, at);
}

static void tell_facts(const struct source *source, const struct conform *conform,
                       const struct index *index, const struct index_facts *facts, json_t *changes)
{
    int64_t says = source_format(source)->duration / 1000000;
    int64_t is = conform->frames * conform->rate.den / conform->rate.num;

    if (facts->undecodable)
        tell(changes,
             "%u frames at the beginning cannot be decoded, because what they refer to is not in "
             "the "
             "file, and were left out",
             facts->undecodable);
    if (facts->untimed)
        tell(changes,
             "the file has no timestamps: its frames follow each other at %u/%u a second, as the "
             "stream says or, where it says nothing, 25",
             conform->rate.num, conform->rate.den);
    else if (conform->index == INDEX_BY_DECODING)
        tell(changes, "the packets of the file are not whole frames with times of their own: every "
                      "frame was decoded once to count them");
    if (facts->jumps)
        tell(changes, "the clock of the file jumps %u times: the parts were joined without a gap",
             facts->jumps);
    if (facts->corrupt)
        tell(changes,
             "%u packets of the picture are damaged: frames that cannot be decoded repeat "
             "the one before",
             facts->corrupt);
    if (facts->incomplete)
        tell(changes, "the file is damaged or incomplete: what could be read was taken");
    tell_hole(conform, index, changes);
    if (says > 0 && llabs(says - is) > 1 + is / 50)
        tell(changes, "the file says that it lasts %" PRId64 " s; its picture lasts %" PRId64 " s",
             says, is);
}

int conform_make(const struct source *source, const struct index *index,
                 const struct conform_options *options, struct conform *out, json_t *changes,
                 struct spn_error *err)
{
    const struct index_facts *facts = index_facts(index);
    const struct index_stream *video = index_stream_of(index, index_video(index));
    struct index_frame frame;
    struct stream stream;
    struct grid grid;
    int pulldown = facts->frames_repeat * 8 >= facts->frames_seen && facts->frames_repeat;
    int ret;

    memset(out, 0, sizeof *out);
    if ((ret = stream_read(source, index_video(index), &stream, err)) < 0)
        return ret;
    if (facts->untimed)
        stream.declared = spn_rate_reduce((uint64_t)video->time_den, (uint64_t)video->time_num);
    grid_choose(index, stream.declared, pulldown, &grid);
    index_frame_at(index, 0, &frame);
    out->stream = video->stream;
    out->how = grid.how;
    out->index = index_how(index);
    out->scan = scan_of(facts);
    out->rate = grid.rate;
    if (options && options->rate.num && !spn_rate_equal(options->rate, grid.rate)) {
        out->how = CONFORM_ASKED;
        out->rate = options->rate;
    }
    out->time_num = video->time_num;
    out->time_den = video->time_den;
    out->start = frame.pts;
    out->pictures = index_frames(index);
    out->left_out = facts->undecodable;
    /* before anything is multiplied: no sum below can be larger than this allows */
    if (place_of(out, index_end(index)) > (int64_t)CONFORM_HOURS_MAX * 3600 * SPN_RATE_MAX)
        return spn_error_set(err, SPN_ELIMIT,
                             "by its timestamps %s is longer than %d hours: cut it, or mend them",
                             source_name(source), CONFORM_HOURS_MAX);
    count_frames(out, index);
    if (out->frames / CONFORM_HOURS_MAX / 3600 * out->rate.den > out->rate.num)
        return spn_error_set(err, SPN_ELIMIT, "%s is longer than %d hours: cut it",
                             source_name(source), CONFORM_HOURS_MAX);
    if (options && options->fields && out->scan != CONFORM_PROGRESSIVE &&
        (uint64_t)out->rate.num * 2 <= (uint64_t)SPN_RATE_MAX * out->rate.den) {
        out->fields = 1;
        out->rate = spn_rate_reduce((uint64_t)out->rate.num * 2, out->rate.den);
        out->frames *= 2;
        out->repeated *= 2;
    }
    tell_rate(out, &stream, changes);
    tell_scan(out, facts, options, changes);
    tell_facts(source, out, index, facts, changes);
    return SPN_OK;
}

int conform_check(const struct conform *conform, const struct index *index, struct spn_error *err)
{
    const struct index_stream *video = index_stream_of(index, index_video(index));
    struct index_frame frame;

    index_frame_at(index, 0, &frame);
    if (conform->stream != video->stream || conform->index != index_how(index) ||
        conform->pictures != index_frames(index) || conform->start != frame.pts ||
        conform->time_num != video->time_num || conform->time_den != video->time_den)
        return spn_error_set(err, SPN_EMISMATCH,
                             "the packet index is not the one that the asset was made with");
    return SPN_OK;
}

#include "marks.h"

#include <string.h>

#include <libavutil/dict.h>

#include "sampan/timecode.h"
#include "source_internal.h"

/* ---- the timecode ---- */

/* HH:MM:SS:FF, as all demuxers spell it; NULL where there is none. */
static const char *timecode_in(const AVDictionary *metadata)
{
    const AVDictionaryEntry *entry = av_dict_get(metadata, "timecode", NULL, 0);

    return entry && strlen(entry->value) < SPN_TIMECODE_MAX ? entry->value : NULL;
}

/* That of the picture, of a timecode track (QuickTime tmcd), of the file (MXF, Matroska). */
static const char *timecode_find(const struct source *source, int video)
{
    const AVFormatContext *format = source->format;
    const char *found = timecode_in(format->streams[video]->metadata);

    for (unsigned i = 0; i < format->nb_streams && !found; i++)
        if (format->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_DATA)
            found = timecode_in(format->streams[i]->metadata);
    return found ? found : timecode_in(format->metadata);
}

/* The rate that frames are counted at: of the picture before fields became frames. */
static struct spn_rate counting(const struct source *source, const struct conform *conform)
{
    struct stream stream;

    stream_read(source, conform->stream, &stream, NULL);
    if (stream.declared.num > 0 && stream.declared.den > 0)
        return spn_rate_reduce((uint64_t)stream.declared.num, (uint64_t)stream.declared.den);
    return conform->fields && conform->rate.num % 2 == 0
               ? spn_rate_reduce(conform->rate.num / 2, conform->rate.den)
               : conform->rate;
}

static int timecode_put(const struct source *source, const struct conform *conform, json_t *probe)
{
    const char *text = timecode_find(source, conform->stream);
    struct spn_rate rate = counting(source, conform);
    int64_t frame;
    int drop;

    if (!text || spn_timecode_parse(text, strlen(text), rate, &frame, &drop, NULL) < 0)
        return 0; /* none, or nothing that counts these frames */
    return json_object_set_new(probe, "timecode", json_string(text)) |
           json_object_set_new(probe, "timecode_rate",
                               json_pack("[I,I]", (json_int_t)rate.num, (json_int_t)rate.den));
}

/* ---- chapters ---- */

/* The asset's frame nearest to a chapter's time, within [0, frames]. */
static int64_t frame_at(const struct conform *conform, const AVChapter *chapter, int64_t time)
{
    /* seconds from time 0 of the asset, as a difference of two fractions */
    __int128 den = (__int128)chapter->time_base.den * conform->time_den;
    __int128 num = (__int128)time * chapter->time_base.num * conform->time_den -
                   (__int128)conform->start * conform->time_num * chapter->time_base.den;
    __int128 frame;

    if (den <= 0 || num <= 0)
        return 0;
    if (num / den > (__int128)CONFORM_HOURS_MAX * 3600)
        return conform->frames;
    /* less than 2^17 seconds: what is multiplied here is a rest below den, which has 62 bits */
    frame = (num / den) * conform->rate.num / conform->rate.den;
    num = (num / den * conform->rate.num % conform->rate.den) * den + num % den * conform->rate.num;
    frame += (2 * num + den * conform->rate.den) / (2 * den * conform->rate.den);
    return frame < conform->frames ? (int64_t)frame : conform->frames;
}

static json_t *title_json(const AVChapter *chapter)
{
    const AVDictionaryEntry *title = av_dict_get(chapter->metadata, "title", NULL, 0);
    char text[MARKS_TITLE_MAX + 1];
    size_t size = title ? strlen(title->value) : 0;
    json_t *json = NULL;

    if (size > MARKS_TITLE_MAX)
        size = MARKS_TITLE_MAX;
    for (size_t i = 0; i < size; i++)
        text[i] = (char)((unsigned char)title->value[i] < 0x20 ? ' ' : title->value[i]);
    /* what is cut in the middle of a letter is cut before it; what is no UTF-8 has no title */
    for (int back = 0; !json && back < 4 && (size_t)back <= size; back++) {
        if (back && title && size < MARKS_TITLE_MAX)
            break;
        json = json_stringn(text, size - (size_t)back);
    }
    return json ? json : json_string("");
}

static int by_start(const void *a, const void *b)
{
    const AVChapter *x = *(const AVChapter *const *)a, *y = *(const AVChapter *const *)b;
    int order = av_compare_ts(x->start, x->time_base, y->start, y->time_base);

    return order ? order : (x->id > y->id) - (x->id < y->id);
}

/* Each from its start to the next one's, or to its own end where that is sooner. */
static int chapters_put(const struct source *source, const struct conform *conform, json_t *probe)
{
    unsigned count = source->format->nb_chapters;
    AVChapter *sorted[MARKS_CHAPTERS_MAX];
    json_t *list = json_array();
    int failed = 0;

    if (count > MARKS_CHAPTERS_MAX)
        count = MARKS_CHAPTERS_MAX;
    for (unsigned i = 0; i < count; i++)
        sorted[i] = source->format->chapters[i];
    if (count)
        qsort(sorted, count, sizeof(sorted[0]), by_start);
    for (unsigned i = 0; i < count; i++) {
        const AVChapter *chapter = sorted[i];
        int64_t frame = frame_at(conform, chapter, chapter->start), end = conform->frames;
        int64_t own =
            chapter->end == AV_NOPTS_VALUE ? frame : frame_at(conform, chapter, chapter->end);

        if (i + 1 < count)
            end = frame_at(conform, sorted[i + 1], sorted[i + 1]->start);
        if (own > frame && own < end)
            end = own;
        if (end > frame)
            failed |= json_array_append_new(
                list, json_pack("{s:I,s:I,s:o}", "frame", (json_int_t)frame, "end", (json_int_t)end,
                                "title", title_json(chapter)));
    }
    if (json_array_size(list))
        failed |= json_object_set(probe, "chapters", list);
    json_decref(list);
    return failed;
}

int marks_put(const struct source *source, const struct conform *conform, json_t *probe,
              struct spn_error *err)
{
    if (timecode_put(source, conform, probe) || chapters_put(source, conform, probe))
        return spn_error_set(err, SPN_ENOMEM, "out of memory while reading about %s", source->name);
    return SPN_OK;
}

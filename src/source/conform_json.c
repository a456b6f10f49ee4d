#include "conform.h"

#include <stdlib.h>
#include <string.h>

#define CONFORM_VERSION 1
#define TICKS_LIMIT     (INT64_C(1) << 60)
#define FRAMES_LIMIT    ((int64_t)CONFORM_HOURS_MAX * 3600 * SPN_RATE_MAX)

static const char *const how_names[] = { "constant", "holes", "variable", "fast", "asked" };
static const char *const index_names[] = { "packets", "decoded" };
static const char *const scan_names[] = { "progressive", "top_first", "bottom_first" };

json_t *conform_json(const struct conform *conform)
{
    return json_pack(
        "{s:i, s:i, s:s, s:s, s:s, s:b, s:[I,I], s:I, s:[I,I], s:I, s:I, s:I, s:I, s:I}", "version",
        CONFORM_VERSION, "stream", conform->stream, "how", how_names[conform->how], "index",
        index_names[conform->index], "scan", scan_names[conform->scan], "fields", conform->fields,
        "rate", (json_int_t)conform->rate.num, (json_int_t)conform->rate.den, "frames",
        (json_int_t)conform->frames, "time_base", (json_int_t)conform->time_num,
        (json_int_t)conform->time_den, "start", (json_int_t)conform->start, "pictures",
        (json_int_t)conform->pictures, "repeated", (json_int_t)conform->repeated, "dropped",
        (json_int_t)conform->dropped, "left_out", (json_int_t)conform->left_out);
}

/* Which of names, or -1. */
static int word(const char *text, const char *const *names, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (!strcmp(text, names[i]))
            return (int)i;
    return -1;
}
#define WORD(text, names) word(text, names, sizeof(names) / sizeof *(names))

static int within(json_int_t value, int64_t least, int64_t most)
{
    return value >= least && value <= most;
}

int conform_read(const json_t *json, struct conform *out, struct spn_error *err)
{
    const char *how_name, *index_name, *scan_name;
    json_int_t num, den, frames, time_num, time_den, start, pictures, repeated, dropped, left_out;
    int version, stream, fields, how, index, scan;
    json_error_t error;

    memset(out, 0, sizeof *out);
    /* json_unpack_ex() only reads, but does not say so in its type. */
    if (json_unpack_ex(
            (json_t *)(uintptr_t)json, &error, 0,
            "{s:i, s:i, s:s, s:s, s:s, s:b, s:[I,I!], s:I, s:[I,I!], s:I, s:I, s:I, s:I, "
            "s:I}",
            "version", &version, "stream", &stream, "how", &how_name, "index", &index_name, "scan",
            &scan_name, "fields", &fields, "rate", &num, &den, "frames", &frames, "time_base",
            &time_num, &time_den, "start", &start, "pictures", &pictures, "repeated", &repeated,
            "dropped", &dropped, "left_out", &left_out) < 0)
        return spn_error_set(err, SPN_EFORMAT, "the conform record is damaged: %s", error.text);
    if (version != CONFORM_VERSION)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "the conform record has version %d, this program reads %d", version,
                             CONFORM_VERSION);
    how = WORD(how_name, how_names);
    index = WORD(index_name, index_names);
    scan = WORD(scan_name, scan_names);
    if (how < 0 || index < 0 || scan < 0 || !within(stream, 0, SOURCE_STREAMS_MAX - 1) ||
        !within(num, 1, 1000000) || !within(den, 1, 1000000) || num < den ||
        num > SPN_RATE_MAX * den || !within(frames, 1, FRAMES_LIMIT) ||
        !within(time_num, 1, INT32_MAX) || !within(time_den, 1, INT32_MAX) ||
        !within(start, -TICKS_LIMIT, TICKS_LIMIT) || !within(pictures, 1, INDEX_FRAMES_MAX) ||
        !within(repeated, 0, FRAMES_LIMIT) || !within(dropped, 0, INDEX_FRAMES_MAX) ||
        !within(left_out, 0, INDEX_PACKETS_MAX) || (fields && frames % 2))
        return spn_error_set(err, SPN_EFORMAT,
                             "the conform record is damaged: a number in it makes no sense");
    *out = (struct conform){
        .stream = stream,
        .how = (enum conform_how)how,
        .index = (enum index_how)index,
        .scan = (enum conform_scan)scan,
        .fields = fields != 0,
        .rate = { (uint32_t)num, (uint32_t)den },
        .frames = frames,
        .time_num = time_num,
        .time_den = time_den,
        .start = start,
        .pictures = pictures,
        .repeated = repeated,
        .dropped = dropped,
        .left_out = left_out,
    };
    return SPN_OK;
}

int conform_asset(const struct conform *conform, const struct spn_hash *source,
                  struct spn_hash *out, struct spn_error *err)
{
    json_t *json = conform_json(conform);
    char *text = json ? json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
    struct spn_hasher hasher;

    json_decref(json);
    if (!text)
        return spn_error_set(err, SPN_ENOMEM, "out of memory while naming an asset");
    spn_hasher_init(&hasher);
    spn_hasher_update(&hasher, source->bytes, sizeof source->bytes);
    spn_hasher_update(&hasher, text, strlen(text));
    spn_hasher_finish(&hasher, out);
    free(text);
    return SPN_OK;
}

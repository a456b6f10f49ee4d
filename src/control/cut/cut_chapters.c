/* cut_chapters.c - chapters of a cut's own, or of its assets. */
#include "cut_chapters.h"

#include <stdlib.h>
#include <string.h>

#include "cut_marks.h"
#include "json.h"

/* Each of the cut's own chapters goes on to the next one. */
static void own_fill(const struct cut *cut, struct cut_chapters *out)
{
    for (size_t i = 0; i < cut->marker_count; i++) {
        const struct cut_marker *marker = &cut->markers[i];
        struct spn_chapter *last = out->count ? &out->list[out->count - 1] : NULL;

        if (!marker->is_chapter)
            continue;
        if (last && last->frame == marker->at.frame)
            out->count--; /* two at one frame: the later one */
        else if (last)
            last->end = marker->at.frame;
        out->list[out->count++] =
            (struct spn_chapter){ marker->at.frame,
                                  cut->composition->start[cut->composition->count], marker->name };
    }
}

static int carried_fill(struct db *db, const struct cut *cut, struct cut_chapters *out,
                        struct spn_error *err)
{
    size_t assets = cut->composition->asset_count, count = 0;
    const struct spn_chapter **lists = calloc(assets, sizeof(*lists));
    size_t *counts = calloc(assets, sizeof(*counts));
    struct spn_cut_chapter *parts = NULL;
    int ret = SPN_OK;

    out->sources = calloc(assets, sizeof(*out->sources));
    if (!lists || !counts || !out->sources)
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
    for (size_t a = 0; ret >= 0 && a < assets; a++) {
        out->source_count = a + 1;
        ret = chapters_read(db, cut->assets[a].hash, &out->sources[a], err);
        lists[a] = out->sources[a].list;
        counts[a] = out->sources[a].count;
    }
    if (ret >= 0)
        ret = spn_chapters_cut(cut->composition, lists, counts, &parts, &count, err);
    free(out->list);
    out->list = calloc(count + 1, sizeof(*out->list));
    if (ret >= 0 && !out->list)
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
    for (size_t i = 0; ret >= 0 && i < count && i < SPN_CHAPTERS_MAX; i++) {
        uint32_t asset = cut->composition->clips[parts[i].clip].asset;

        out->list[out->count++] = (struct spn_chapter){ parts[i].frame, parts[i].end,
                                                        lists[asset][parts[i].chapter].title };
    }
    free(parts);
    free(lists);
    free(counts);
    return ret < 0 ? ret : SPN_OK;
}

int cut_chapters_make(struct db *db, const struct cut *cut, struct cut_chapters *out,
                      struct spn_error *err)
{
    memset(out, 0, sizeof(*out));
    out->list = calloc(cut->marker_count + 1, sizeof(*out->list));
    if (!out->list)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    own_fill(cut, out);
    return out->count ? SPN_OK : carried_fill(db, cut, out, err);
}

void cut_chapters_finish(struct cut_chapters *chapters)
{
    for (size_t a = 0; a < chapters->source_count; a++)
        chapters_finish(&chapters->sources[a]);
    free(chapters->sources);
    free(chapters->list);
    memset(chapters, 0, sizeof(*chapters));
}

/* ---- as people are shown them: with their timecodes ---- */

static json_t *timecode_json(const struct cut *cut, int64_t frame)
{
    return cut_timecode(frame, cut->composition->rate, cut->drop);
}

static json_t *markers_json(const struct cut *cut)
{
    json_t *list = cut_marks_json(cut->markers, cut->marker_count), *marker;
    size_t i;

    json_array_foreach(list, i, marker)
    {
        (void)json_object_set_new(marker, "timecode", timecode_json(cut, cut->markers[i].at.frame));
    }
    return list;
}

int cut_marks_show(struct db *db, const struct cut *cut, json_t *out, struct spn_error *err)
{
    struct cut_chapters chapters;
    json_t *list = json_array();
    int ret = cut_chapters_make(db, cut, &chapters, err);

    for (size_t i = 0; ret >= 0 && i < chapters.count; i++) {
        json_t *chapter = json_object();

        json_put_number(chapter, "frame", chapters.list[i].frame);
        json_put_number(chapter, "end", chapters.list[i].end);
        json_put_text(chapter, "title", chapters.list[i].title);
        (void)json_object_set_new(chapter, "timecode", timecode_json(cut, chapters.list[i].frame));
        (void)json_array_append_new(list, chapter);
    }
    cut_chapters_finish(&chapters);
    (void)json_object_set_new(out, "markers", markers_json(cut));
    (void)json_object_set_new(out, "chapters", list);
    return ret;
}

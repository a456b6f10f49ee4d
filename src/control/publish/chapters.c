/* chapters.c - from what a probe says to what a player reads. */
#include "chapters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

/* ---- of an asset ---- */

/* What does not follow in order, within the asset, is left out: the probe names no asset. */
static void list_fill(struct chapters *out, const json_t *told, int64_t frames)
{
    const json_t *chapter;
    int64_t at = 0;
    size_t i;

    json_array_foreach(told, i, chapter)
    {
        int64_t frame = json_integer_value(json_object_get(chapter, "frame"));
        int64_t end = json_integer_value(json_object_get(chapter, "end"));
        const char *title = json_string_value(json_object_get(chapter, "title"));

        if (frame < at || end <= frame || end > frames || out->count == SPN_CHAPTERS_MAX)
            continue;
        out->list[out->count++] = (struct spn_chapter){ frame, end, title ? title : "" };
        at = end;
    }
}

int chapters_read(struct db *db, const char *asset, struct chapters *out, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    memset(out, 0, sizeof(*out));
    if ((ret = db_query(db, "SELECT probe, frames FROM asset WHERE hash = $1",
                        DB_ARGS(db_text(asset)), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        const json_t *told;

        out->probe = json_of(rows_text(rows, 0));
        told = json_object_get(out->probe, "chapters");
        out->list = calloc(json_array_size(told) + 1, sizeof(*out->list));
        ret = out->list ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "out of memory");
        if (ret == SPN_OK)
            list_fill(out, told, rows_number(rows, 1));
    }
    rows_close(rows);
    return ret;
}

void chapters_finish(struct chapters *chapters)
{
    free(chapters->list);
    json_decref(chapters->probe);
    memset(chapters, 0, sizeof(*chapters));
}

/* ---- of a publication ---- */

/* A title as WebVTT has text; 0 where nothing of it can be seen. Titles are UTF-8. */
static int title_put(struct spn_buffer *out, const char *title)
{
    int seen = 0;

    for (const unsigned char *p = (const unsigned char *)title; *p; p++) {
        int c1 = p[0] == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0; /* control characters of ISO 6429 */

        if (*p < 0x20 || *p == 0x7F || c1) {
            spn_buffer_u8(out, ' ');
            p += c1;
            continue;
        }
        seen |= *p != ' ';
        if (*p == '&')
            spn_buffer_string(out, "&amp;");
        else if (*p == '<')
            spn_buffer_string(out, "&lt;");
        else if (*p == '>')
            spn_buffer_string(out, "&gt;");
        else
            spn_buffer_u8(out, *p);
    }
    return seen;
}

int chapter_cues_make(struct spn_rate rate, const struct spn_chapter *list, size_t count,
                      struct chapter_cues *out, struct spn_error *err)
{
    size_t *places = calloc(count + 1, sizeof(*places));
    int ret = SPN_OK;

    memset(out, 0, sizeof(*out));
    out->cues = calloc(count + 1, sizeof(*out->cues));
    if (!places || !out->cues)
        ret = SPN_ENOMEM;
    for (size_t i = 0; ret == SPN_OK && i < count; i++) {
        struct spn_plan_cue *cue = &out->cues[i];
        size_t at = out->text.size;

        places[i] = at;
        if (!title_put(&out->text, list[i].title)) {
            out->text.size = at;
            spn_buffer_number(&out->text, i + 1);
        }
        spn_buffer_u8(&out->text, '\0');
        ret = spn_rescale(list[i].frame, (int64_t)rate.den * 1000, rate.num, SPN_NEAREST,
                          &cue->start_ms);
        if (ret == SPN_OK)
            ret = spn_rescale(list[i].end, (int64_t)rate.den * 1000, rate.num, SPN_NEAREST,
                              &cue->end_ms);
        cue->settings = "";
    }
    if (ret == SPN_OK && spn_buffer_failed(&out->text))
        ret = SPN_ENOMEM;
    for (size_t i = 0; ret == SPN_OK && i < count; i++)
        out->cues[i].text = (const char *)out->text.data + places[i];
    out->count = ret == SPN_OK ? count : 0;
    free(places);
    return ret == SPN_OK ? SPN_OK : spn_error_set(err, ret, "no room for %zu chapters", count);
}

void chapter_cues_finish(struct chapter_cues *cues)
{
    free(cues->cues);
    spn_buffer_finish(&cues->text);
    memset(cues, 0, sizeof(*cues));
}

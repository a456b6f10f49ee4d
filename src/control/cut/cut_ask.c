/* cut_ask.c - from a request to a cut. */
#include "cut_ask.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "cut_marks.h"
#include "cut_resolve.h"
#include "json.h"

static int list_take(const json_t *request, struct cut_ask *ask, void **owned,
                     struct spn_error *err)
{
    const json_t *list = json_object_get(request, "list");
    const json_t *base64 = json_object_get(request, "list_base64");
    json_t *clips;
    size_t size;
    int ret;

    if ((ret = member_array(request, "clips", 0, CUT_EVENTS_MAX, &clips, err)) < 0 ||
        (ret = member_text(request, "file", 0, 1024, "the list", &ask->file, err)) < 0)
        return ret;
    ask->clips = clips;
    if ((list != NULL) + (base64 != NULL) + (clips != NULL) != 1)
        return spn_error_set(err, SPN_EINVAL,
                             "a cut is made of one of \"list\", \"list_base64\" and \"clips\"");
    if (clips)
        return SPN_OK;
    if (!json_is_string(list ? list : base64))
        return spn_error_set(err, SPN_EINVAL, "\"%s\" must be a string",
                             list ? "list" : "list_base64");
    ask->list = json_string_value(list);
    ask->size = json_string_length(list);
    if (list)
        return SPN_OK;
    size = json_string_length(base64);
    ask->list = *owned = malloc(size / 4 * 3 + 4);
    if (!*owned)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if (sodium_base642bin(*owned, size / 4 * 3 + 3, json_string_value(base64), size, NULL,
                          &ask->size, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return spn_error_set(err, SPN_EINVAL, "\"list_base64\" is not base64");
    return SPN_OK;
}

static int rate_take(const json_t *request, struct spn_rate *out, struct spn_error *err)
{
    const char *text;
    int ret = member_text(request, "rate", 1, 40, "", &text, err);

    return ret < 0 || !text[0] ? ret : spn_rate_parse(text, out, err);
}

static int words_take(const json_t *request, struct cut_words *words, struct spn_error *err)
{
    int ret;

    if ((ret = member_text(request, "name", 1, CUT_NAME_MAX, "", &words->name, err)) < 0 ||
        (ret = member_text(request, "title", 0, SPN_ID_MAX, NULL, &words->title, err)) < 0 ||
        (ret = member_text(request, "parent", 0, SPN_ID_MAX, NULL, &words->parent, err)) < 0 ||
        (ret = member_text(request, "author", 0, CUT_NAME_MAX, "", &words->author, err)) < 0)
        return ret;
    return member_text(request, "note", 0, CUT_NOTE_MAX, "", &words->note, err);
}

static json_t *remarks_json(const struct cut_report *report)
{
    json_t *list = json_array();

    for (size_t i = 0; i < report->count; i++) {
        const struct cut_remark *remark = &report->remarks[i];
        json_t *one = json_object();

        if (remark->line)
            json_put_number(one, "line", (int64_t)remark->line);
        else
            json_put_text(one, "line", NULL);
        json_put_text(one, "kind", remark->is_fault ? "fault" : "note");
        json_put_text(one, "text", remark->text);
        (void)json_array_append_new(list, one);
    }
    return list;
}

static int faults_tell(const struct cut_report *report, const char *file, struct spn_error *err)
{
    const struct cut_remark *first = report->remarks;

    while (first < report->remarks + report->count && !first->is_fault)
        first++;
    if (report->faults == 1 && first < report->remarks + report->count)
        return spn_error_set(err, SPN_EFORMAT, "%.100s cannot be made a cut: line %zu: %s", file,
                             first->line, first->text);
    return spn_error_set(err, SPN_EFORMAT, "%.100s cannot be made a cut: it has %zu faults%s", file,
                         report->faults,
                         report->faults > report->count ? ", not all of which are listed" : "");
}

/* Those that the request says, in the place of the list's. */
static int markers_take(const json_t *request, struct cut_resolved *resolved, struct spn_error *err)
{
    const struct spn_composition *composition = resolved->composition;
    json_t *markers;
    int ret;

    if ((ret = member_array(request, "markers", 0, CUT_MARKERS_MAX, &markers, err)) < 0 || !markers)
        return ret;
    free(resolved->markers);
    return cut_marks_take(markers, composition->start[composition->count], &resolved->markers,
                          &resolved->marker_count, err);
}

int cut_ask(const struct instance *instance, struct db *db, const json_t *request, char *id,
            json_t **remarks, struct spn_error *err)
{
    static const char *const known[] = { "list",  "list_base64", "file",    "clips", "rate",
                                         "reels", "start",       "name",    "title", "author",
                                         "note",  "parent",      "markers", NULL };
    struct cut_resolved resolved = { 0 };
    struct cut_report report = { 0 };
    struct cut_words words = { 0 };
    struct cut_ask ask = { 0 };
    void *owned = NULL;
    json_t *reels;
    int ret;

    *remarks = NULL;
    if ((ret = members_only(request, known, err)) < 0 ||
        (ret = list_take(request, &ask, &owned, err)) < 0 ||
        (ret = rate_take(request, &ask.rate, err)) < 0 ||
        (ret = words_take(request, &words, err)) < 0 ||
        (ret = member_text(request, "start", 1, 15, "", &ask.start, err)) < 0 ||
        (ret = member_object(request, "reels", 0, &reels, err)) < 0)
        goto done;
    ask.reels = reels;
    if (!ask.start[0])
        ask.start = NULL;
    ret = cut_resolve(db, &ask, &resolved, &report, err);
    cut_report_sort(&report);
    if (ret >= 0 && report.faults > 0)
        ret = faults_tell(&report, ask.file, err);
    if (report.count > 0)
        *remarks = remarks_json(&report);
    if (ret < 0 || (ret = markers_take(request, &resolved, err)) < 0)
        goto done;
    words.markers = resolved.markers;
    words.marker_count = resolved.marker_count;
    if (!words.name[0])
        words.name = resolved.title[0] ? resolved.title : ask.file;
    words.format = resolved.format;
    words.drop = resolved.drop;
    ret = cut_insert(instance, db, &words, resolved.composition, resolved.assets, id, err);

done:
    cut_resolved_finish(&resolved);
    cut_report_finish(&report);
    free(owned);
    return ret;
}

/* cut_marks.c - markers to JSON and back. */
#include "cut_marks.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

static int mark_take(const json_t *told, int64_t frames, size_t i, struct cut_marker *out,
                     struct spn_error *err)
{
    static const char *const known[] = { "frame", "name", "color", "chapter", NULL };
    const char *name, *color;
    int ret;

    if (!json_is_object(told))
        return spn_error_set(err, SPN_EINVAL, "marker %zu is no object", i + 1);
    if ((ret = members_only(told, known, err)) < 0 ||
        (ret = member_number(told, "frame", 0, frames - 1, -1, &out->at.frame, err)) < 0 ||
        (ret = member_text(told, "name", 0, CUT_TEXT_MAX - 1, "", &name, err)) < 0 ||
        (ret = member_text(told, "color", 0, sizeof(out->color) - 1, "", &color, err)) < 0 ||
        (ret = member_flag(told, "chapter", 0, &out->is_chapter, err)) < 0)
        return ret;
    if (out->at.frame < 0)
        return spn_error_set(err, SPN_EINVAL, "marker %zu says no frame", i + 1);
    (void)cut_text(out->name, name, strlen(name));
    cut_color(out, color, strlen(color));
    return SPN_OK;
}

static int by_frame(const void *a, const void *b)
{
    const struct cut_marker *x = a, *y = b;

    if (x->at.frame != y->at.frame)
        return x->at.frame < y->at.frame ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

int cut_marks_take(const json_t *list, int64_t frames, struct cut_marker **out, size_t *count,
                   struct spn_error *err)
{
    size_t size = json_array_size(list), i;
    struct cut_marker *markers = calloc(size + 1, sizeof(*markers));
    const json_t *told;
    int ret = SPN_OK;

    *out = NULL;
    *count = 0;
    if (!markers)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    json_array_foreach(list, i, told)
    {
        markers[i].line = i; /* those of one frame stay as they came */
        if ((ret = mark_take(told, frames, i, &markers[i], err)) < 0) {
            free(markers);
            return ret;
        }
    }
    if (size > 1)
        qsort(markers, size, sizeof(*markers), by_frame);
    *out = markers;
    *count = size;
    return SPN_OK;
}

json_t *cut_marks_json(const struct cut_marker *markers, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *marker = json_object();

        json_put_number(marker, "frame", markers[i].at.frame);
        json_put_text(marker, "name", markers[i].name);
        json_put_text(marker, "color", markers[i].color);
        (void)json_object_set_new(marker, "chapter", json_boolean(markers[i].is_chapter));
        (void)json_array_append_new(list, marker);
    }
    return list;
}

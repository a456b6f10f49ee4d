/* chapters_cut.c - chapters through a cut: intersected with clips, joined again across joins. */
#include "sampan/chapters.h"

#include <stdlib.h>
#include <string.h>

/* The first chapter that ends after frame. */
static size_t first_after(const struct spn_chapter *chapters, size_t count, int64_t frame)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (chapters[middle].end > frame)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Does part go on where last ended? */
static int goes_on(const struct spn_composition *composition,
                   const struct spn_chapter *const chapters[], const struct spn_cut_chapter *last,
                   const struct spn_cut_chapter *part)
{
    uint32_t before = composition->clips[last->clip].asset;
    uint32_t now = composition->clips[part->clip].asset;
    const char *title = chapters[before][last->chapter].title;

    if (last->end != part->frame)
        return 0;
    return (before == now && last->chapter == part->chapter) ||
           (title[0] && strcmp(title, chapters[now][part->chapter].title) == 0);
}

int spn_chapters_cut(const struct spn_composition *composition,
                     const struct spn_chapter *const chapters[], const size_t counts[],
                     struct spn_cut_chapter **out, size_t *count, struct spn_error *err)
{
    struct spn_cut_chapter *list = NULL;
    size_t capacity = 0;

    *out = NULL;
    *count = 0;
    for (size_t i = 0; i < composition->count; i++) {
        const struct spn_clip *clip = &composition->clips[i];
        const struct spn_chapter *own = chapters[clip->asset];
        size_t own_count = counts[clip->asset];

        for (size_t k = first_after(own, own_count, clip->in);
             k < own_count && own[k].frame < clip->out; k++) {
            int64_t shift = composition->start[i] - clip->in;
            int64_t from = own[k].frame > clip->in ? own[k].frame : clip->in;
            int64_t to = own[k].end < clip->out ? own[k].end : clip->out;
            struct spn_cut_chapter part = { from + shift, to + shift, i, k };

            if (*count && goes_on(composition, chapters, &list[*count - 1], &part)) {
                list[*count - 1].end = part.end;
                continue;
            }
            if (*count == capacity) {
                struct spn_cut_chapter *more;

                capacity = capacity ? 2 * capacity : 64;
                more = realloc(list, capacity * sizeof(*list));
                if (!more) {
                    free(list);
                    *count = 0;
                    return spn_error_set(err, SPN_ENOMEM, "no memory for the chapters of %zu clips",
                                         composition->count);
                }
                list = more;
            }
            list[(*count)++] = part;
        }
    }
    *out = list;
    return SPN_OK;
}

/* cut_cues.c - text through a cut. */
#include "cut_cues.h"

#include <stdlib.h>
#include <string.h>

#include "store/blob.h"

void cut_cues_finish(struct cut_cues *cues)
{
    for (size_t i = 0; cues->sources && i < cues->source_count; i++)
        cues_finish(&cues->sources[i]);
    free(cues->sources);
    free(cues->parts);
    free(cues->cues);
    memset(cues, 0, sizeof(*cues));
}

static int sources_read(const struct instance *instance, const struct match_rendition *rendition,
                        struct cut_cues *out, struct spn_error *err)
{
    int ret = SPN_OK;

    for (size_t i = 0; i < out->source_count && ret >= 0; i++) {
        char path[SPN_PATH_MAX];

        if ((ret = blob_path(instance, BLOB_TEXT, rendition->tracks[i].name, path, err)) >= 0)
            ret = cues_read(&out->sources[i], path, err);
    }
    return ret;
}

static int parts_make(const struct cut *cut, struct cut_cues *out, struct spn_error *err)
{
    struct spn_source_cue **lists = calloc(out->source_count, sizeof(*lists));
    size_t *counts = calloc(out->source_count, sizeof(*counts));
    int ret = lists && counts ? SPN_OK : SPN_ENOMEM;

    for (size_t i = 0; i < out->source_count && ret >= 0; i++) {
        const struct cues *source = &out->sources[i];

        counts[i] = source->count;
        lists[i] = calloc(source->count + 1, sizeof(**lists));
        for (size_t k = 0; k < source->count && lists[i]; k++)
            lists[i][k] =
                (struct spn_source_cue){ source->cues[k].start_ms, source->cues[k].end_ms,
                                         source->cues[k].settings ? source->cues[k].settings : "",
                                         source->cues[k].text };
        ret = lists[i] ? SPN_OK : SPN_ENOMEM;
    }
    if (ret < 0)
        (void)spn_error_set(err, ret, "out of memory");
    else
        ret = spn_text_cut(cut->composition, (const struct spn_source_cue *const *)lists, counts,
                           &out->parts, &out->count, err);
    for (size_t i = 0; lists && i < out->source_count; i++)
        free(lists[i]);
    free(lists);
    free(counts);
    return ret;
}

int cut_cues_make(const struct instance *instance, const struct cut *cut,
                  const struct match_rendition *rendition, struct cut_cues *out,
                  struct spn_error *err)
{
    int ret;

    memset(out, 0, sizeof(*out));
    out->source_count = cut->composition->asset_count;
    out->sources = calloc(out->source_count, sizeof(*out->sources));
    if (!out->sources)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if ((ret = sources_read(instance, rendition, out, err)) < 0 ||
        (ret = parts_make(cut, out, err)) < 0)
        return ret;
    out->cues = calloc(out->count + 1, sizeof(*out->cues));
    if (!out->cues)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    for (size_t i = 0; i < out->count; i++) {
        const struct spn_cut_cue *part = &out->parts[i];
        size_t asset = cut->composition->clips[part->clip].asset;

        out->cues[i] = out->sources[asset].cues[part->cue];
        out->cues[i].start_ms = part->start_ms;
        out->cues[i].end_ms = part->end_ms;
    }
    return SPN_OK;
}

/* plan.c - what an examination planned. */
#include "plan.h"

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "sampan/track.h"

const char *const plan_media[3] = { "video", "audio", "text" };

static int rendition_check(const json_t *rendition, const char *media, size_t index,
                           struct spn_error *err)
{
    const char *id, *name;
    char want[32];
    int ret;

    if ((ret = member_text(rendition, "id", 2, 8, NULL, &id, err)) < 0 ||
        (ret = member_hash(rendition, "name", &name, err)) < 0)
        return ret;
    (void)snprintf(want, sizeof(want), "%c%zu", media[0], index);
    if (strcmp(id, want) != 0)
        return spn_error_set(err, SPN_EINVAL, "the plan calls %s rendition %zu \"%s\", not \"%s\"",
                             media, index, id, want);
    return SPN_OK;
}

int plan_check(const json_t *plan, struct plan_facts *out, struct spn_error *err)
{
    static const size_t most[3] = { PLAN_VIDEO_MAX, PLAN_AUDIO_MAX, PLAN_TEXT_MAX };
    int64_t num, den;
    json_t *rate, *list, *storyboard;
    const char *name;
    int ret;

    if ((ret = member_number(plan, "frames", 1, (int64_t)SPN_FRAGMENTS_MAX * 120, -1, &out->frames,
                             err)) < 0 ||
        (ret = member_number(plan, "chunks", 1, PLAN_CHUNKS_MAX, -1, &out->chunks, err)) < 0 ||
        (ret = member_number(plan, "chunk_memory_mb", 1, 1 << 20, 1000, &out->chunk_memory_mb,
                             err)) < 0 ||
        (ret = member_array(plan, "rate", 1, 2, &rate, err)) < 0)
        return ret;
    num = json_integer_value(json_array_get(rate, 0));
    den = json_integer_value(json_array_get(rate, 1));
    if (num < 1 || den < 1 || num > UINT32_MAX || den > UINT32_MAX)
        return spn_error_set(err, SPN_EINVAL, "the plan's rate is not two positive numbers");
    out->rate = spn_rate_reduce((uint64_t)num, (uint64_t)den);
    for (int m = 0; m < 3; m++) {
        const json_t *rendition;
        size_t i;

        if ((ret = member_array(plan, plan_media[m], m == 0, most[m], &list, err)) < 0)
            return ret;
        json_array_foreach(list, i, rendition)
        {
            if ((ret = rendition_check(rendition, plan_media[m], i, err)) < 0)
                return ret;
        }
    }
    if (json_array_size(json_object_get(plan, "video")) == 0)
        return spn_error_set(err, SPN_EINVAL, "the plan has no video rendition");
    if ((ret = member_object(plan, "storyboard", 0, &storyboard, err)) < 0)
        return ret;
    return storyboard ? member_hash(storyboard, "name", &name, err) : SPN_OK;
}

static const json_t *rendition_named(const json_t *list, const char *name)
{
    const json_t *rendition;
    size_t i;

    json_array_foreach(list, i, rendition)
    {
        if (strcmp(json_string_value(json_object_get(rendition, "name")), name) == 0)
            return rendition;
    }
    return NULL;
}

int plan_covers(const json_t *old, const json_t *fresh)
{
    const json_t *board = json_object_get(json_object_get(fresh, "storyboard"), "name");
    const json_t *old_board = json_object_get(json_object_get(old, "storyboard"), "name");

    for (int m = 0; m < 3; m++) {
        const json_t *rendition;
        size_t i;

        json_array_foreach(json_object_get(fresh, plan_media[m]), i, rendition)
        {
            const char *name = json_string_value(json_object_get(rendition, "name"));

            if (!rendition_named(json_object_get(old, plan_media[m]), name))
                return 0;
        }
    }
    return !board || (old_board && json_equal(board, old_board));
}

json_t *plan_merge(const json_t *old, const json_t *fresh, const json_t *facts)
{
    json_t *merged = json_deep_copy(fresh);
    json_t *texts = json_object_get(merged, "text");
    const json_t *rendition;
    size_t i;

    if (!merged)
        return NULL;
    if (!texts) {
        texts = json_array();
        (void)json_object_set_new(merged, "text", texts);
    }
    json_array_foreach(json_object_get(old, "text"), i, rendition)
    {
        const char *name = json_string_value(json_object_get(rendition, "name"));
        char id[16];
        json_t *copy;

        if (!json_object_get(facts, name) || rendition_named(texts, name) ||
            json_array_size(texts) >= PLAN_TEXT_MAX)
            continue;
        copy = json_deep_copy(rendition);
        (void)snprintf(id, sizeof(id), "t%zu", json_array_size(texts));
        json_put_text(copy, "id", id);
        (void)json_array_append_new(texts, copy);
    }
    return merged;
}

const char *plan_board(const json_t *plan)
{
    return json_string_value(json_object_get(json_object_get(plan, "storyboard"), "name"));
}

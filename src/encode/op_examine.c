/* op_examine.c - read a source once: what it is, its index, what fixes its frames, and the plan. */
#include "media.h"

#include <stdlib.h>

#include "../source/conform.h"
#include "../source/marks.h"
#include "../source/probe.h"
#include "asset.h"
#include "member.h"
#include "plan.h"
#include "protocol.h"

#define BEAT_MS       500
#define SUBTITLES_MAX 256

struct examine {
    struct source *source;
    const char *hash; /* hex, borrowed from the request */
    struct index *index;
    struct conform conform;
    json_t *probe, *notes, *conform_json, *changes, *plan;
    struct beat beat;
};

static int examine_progress(void *opaque, int64_t done, int64_t total)
{
    struct examine *examine = opaque;

    if (beat_due(&examine->beat, BEAT_MS))
        answer_progress(done, total, "bytes");
    return 0;
}

static int index_make(struct examine *examine, const json_t *request, int video,
                      struct spn_error *err)
{
    int64_t fd;
    int ret;

    if ((ret = member_int(request, "the request", "index_fd", 0, 1 << 20, &fd, err)) < 0 ||
        (ret = index_build(examine->source, video, (int)fd, examine_progress, examine, err)) < 0)
        return ret;
    return index_open((int)fd, &examine->index, err);
}

static int conform_decide(struct examine *examine, const json_t *options, struct spn_error *err)
{
    struct conform_options wanted = {
        .fields = json_is_true(json_object_get(options, "fields")),
    };
    const char *rate = json_string_value(json_object_get(options, "rate"));
    int ret;

    if ((rate && (ret = spn_rate_parse(rate, &wanted.rate, err)) < 0) ||
        (ret = conform_make(examine->source, examine->index, &wanted, &examine->conform,
                            examine->changes, err)) < 0)
        return ret;
    if (!(examine->conform_json = conform_json(&examine->conform)))
        return spn_error_set(err, SPN_ENOMEM, "no memory for a conform record");
    return SPN_OK;
}

static int plan_decide(struct examine *examine, const json_t *request, struct spn_error *err)
{
    struct plan_request wanted = {
        .source = examine->source,
        .source_hash = examine->hash,
        .conform = &examine->conform,
        .conform_json = examine->conform_json,
        .options = json_object_get(request, "options"),
    };
    json_t *subtitles;
    int ret;

    if (json_object_get(request, "subtitles")) {
        if ((ret = member_array(request, "the request", "subtitles", SUBTITLES_MAX, &subtitles,
                                err)) < 0)
            return ret;
        wanted.subtitles = subtitles;
    }
    return plan_make(&wanted, examine->changes, &examine->plan, err);
}

static int answer_make(const struct examine *examine, json_t **result, struct spn_error *err)
{
    struct spn_hash source, asset;
    char hex[SPN_HASH_HEX + 1];
    int ret;

    if ((ret = spn_hash_parse(examine->hash, SPN_HASH_HEX, &source)) < 0 ||
        (ret = conform_asset(&examine->conform, &source, &asset, err)) < 0)
        return ret;
    spn_hash_hex(&asset, hex);
    (void)json_object_set(examine->probe, "notes", examine->notes);
    *result = json_pack("{s:O,s:O,s:O,s:s,s:O}", "probe", examine->probe, "conform",
                        examine->conform_json, "changes", examine->changes, "asset", hex, "plan",
                        examine->plan);
    return *result ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "no memory for the answer");
}

int op_examine(const struct media *media, json_t **result, struct spn_error *err)
{
    struct examine examine = { .notes = json_array(), .changes = json_array() };
    const json_t *request = media->request;
    int video, ret = SPN_OK;

    if (!examine.notes || !examine.changes)
        ret = spn_error_set(err, SPN_ENOMEM, "no memory to examine a source");
    if (ret == SPN_OK &&
        (ret = asset_source_open(request, &examine.source, &examine.hash, err)) == SPN_OK &&
        (ret = probe_judge(examine.source, &video, examine.notes, err)) == SPN_OK &&
        (ret = probe_make(examine.source, &examine.probe, err)) == SPN_OK &&
        (ret = index_make(&examine, request, video, err)) == SPN_OK &&
        (ret = conform_decide(&examine, json_object_get(request, "options"), err)) == SPN_OK &&
        (ret = marks_put(examine.source, &examine.conform, examine.probe, err)) == SPN_OK &&
        (ret = plan_decide(&examine, request, err)) == SPN_OK)
        ret = answer_make(&examine, result, err);
    index_close(examine.index);
    source_close(examine.source);
    json_decref(examine.probe);
    json_decref(examine.notes);
    json_decref(examine.conform_json);
    json_decref(examine.changes);
    json_decref(examine.plan);
    return ret;
}

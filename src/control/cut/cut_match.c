/* cut_match.c - the renditions that all assets of a cut have alike. */
#include "cut_match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "sampan/publication.h"
#include "work/plan.h"

/* A rendition of an asset, as its row has it. */
struct own {
    struct match_track track;
    int media, used;
    char compat[SPN_HASH_HEX + 1]; /* "" where the file does not say */
    const json_t *planned;
};

struct owns {
    struct own list[SPN_RENDITIONS_MAX];
    size_t count;
};

const char *planned_language(const json_t *planned)
{
    const char *language = json_string_value(json_object_get(planned, "language"));

    return language && *language ? language : "und";
}

void cut_match_free(struct cut_match *match)
{
    if (!match)
        return;
    for (size_t i = 0; i < match->asset_count; i++) {
        json_decref(match->plans[i]);
        json_decref(match->boards[i]);
    }
    for (size_t i = 0; i < match->count; i++)
        free(match->renditions[i].tracks);
    free(match->plans);
    free(match->boards);
    free(match->renditions);
    json_decref(match->dropped);
    json_decref(match->incompatible);
    free(match);
}

static int plans_read(struct cut_match *match, struct db *db, const struct cut *cut,
                      struct spn_error *err)
{
    size_t gone = 0, first = 0;

    for (size_t i = 0; i < match->asset_count; i++) {
        struct rows *rows = NULL;
        int ret = db_query(db,
                           "SELECT plan, storyboard FROM asset WHERE hash = $1"
                           " AND state = 'ready'",
                           DB_ARGS(db_text(cut->assets[i].hash)), &rows, err);

        if (ret < 0)
            return ret;
        if ((ret = rows_next(rows, err)) > 0) {
            match->plans[i] = json_of(rows_text(rows, 0));
            match->boards[i] = json_of(rows_text(rows, 1));
        } else if (ret == 0) {
            first = gone++ ? first : i;
        }
        rows_close(rows);
        if (ret < 0)
            return ret;
    }
    return gone ? spn_error_set(err, SPN_ECONFLICT,
                                "%zu of the %zu assets of this cut were removed since or are not "
                                "ready, first %.100s (%s); bring them in again",
                                gone, match->asset_count, cut->assets[first].name,
                                cut->assets[first].hash)
                : SPN_OK;
}

static int owns_read(struct db *db, const char *asset, const json_t *plan, struct owns *owns,
                     struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    owns->count = 0;
    if ((ret = db_query(db,
                        "SELECT id, media, place, name, facts FROM rendition WHERE asset = $1"
                        " AND facts IS NOT NULL ORDER BY CASE media WHEN 'video' THEN 0"
                        " WHEN 'audio' THEN 1 ELSE 2 END, place",
                        DB_ARGS(db_text(asset)), &rows, err)) < 0)
        return ret;
    while (owns->count < SPN_RENDITIONS_MAX && (ret = rows_next(rows, err)) > 0) {
        struct own *own = &owns->list[owns->count++];
        json_t *facts = json_of(rows_text(rows, 4));
        const char *compat = json_string_value(json_object_get(facts, "compat_id"));

        memset(own, 0, sizeof(*own));
        (void)snprintf(own->track.id, sizeof(own->track.id), "%.7s", rows_text(rows, 0));
        (void)snprintf(own->track.name, sizeof(own->track.name), "%.64s", rows_text(rows, 3));
        own->track.place = rows_number(rows, 2);
        own->track.bandwidth = json_integer_value(json_object_get(facts, "average_bandwidth"));
        (void)snprintf(own->compat, sizeof(own->compat), "%.64s", compat ? compat : "");
        while (own->media < 2 && strcmp(plan_media[own->media], rows_text(rows, 1)) != 0)
            own->media++;
        own->planned =
            json_array_get(json_object_get(plan, plan_media[own->media]), (size_t)own->track.place);
        json_decref(facts);
    }
    rows_close(rows);
    return ret;
}

static int member_same(const json_t *a, const json_t *b, const char *name)
{
    const json_t *x = json_object_get(a, name), *y = json_object_get(b, name);

    if (!x || !y)
        return (!x || json_is_null(x) || json_is_false(x)) &&
               (!y || json_is_null(y) || json_is_false(y));
    return json_equal(x, y);
}

/*
 * Is own what a viewer who chose the rendition goes on with? encode: as far as it can be made so; a
 * picture may be made into several.
 */
static int own_fits(const struct own *own, const struct match_rendition *rendition, int encode)
{
    static const char *const roles[] = { "roles", "commentary", "described", "forced" };

    if ((own->used && !(encode && own->media == 0)) || own->media != rendition->media)
        return 0;
    if (own->media < 2 && !encode &&
        (!own->compat[0] || strcmp(own->compat, rendition->compat) != 0))
        return 0;
    if (own->media == 0)
        return 1;
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (!member_same(own->planned, rendition->planned, roles[i]))
            return 0;
    return strcmp(planned_language(own->planned), planned_language(rendition->planned)) == 0;
}

static void drop_tell(struct cut_match *match, int media, const char *id, const json_t *planned,
                      const struct cut_asset *asset)
{
    static const char *const reasons[3] = {
        "has no picture that the same decoder configuration shows",
        "has no sound of this language and role that the same decoder configuration plays",
        "has no text of this language",
    };
    json_t *drop = json_object();
    char reason[CUT_TEXT_MAX + 128];

    (void)snprintf(reason, sizeof(reason), "%s %s", asset->name, reasons[media]);
    json_put_text(drop, "media", plan_media[media]);
    json_put_text(drop, "id", id);
    json_put_text(drop, "language", media == 0 ? NULL : planned_language(planned));
    json_put_text(drop, "asset", asset->hash);
    json_put_text(drop, "reason", reason);
    (void)json_array_append_new(match->dropped, drop);
}

/* What an asset has and the first clip's has not drops out too; each kind of it is told once. */
static void missing_tell(struct cut_match *match, const struct owns *owns,
                         const struct cut_asset *first)
{
    for (size_t k = 0; k < owns->count; k++) {
        const struct own *own = &owns->list[k];
        const char *language = planned_language(own->planned);
        const json_t *drop;
        int known = own->used;
        size_t i;

        for (i = 0; i < match->count && !known; i++) /* the first's own like it was told of */
            known = match->renditions[i].media == own->media &&
                    (own->media == 0 ||
                     strcmp(planned_language(match->renditions[i].planned), language) == 0);
        json_array_foreach(match->dropped, i, drop)
        {
            const char *told = json_string_value(json_object_get(drop, "language"));

            known = known || (strcmp(json_string_value(json_object_get(drop, "media")),
                                     plan_media[own->media]) == 0 &&
                              told && strcmp(told, language) == 0);
        }
        if (!known)
            drop_tell(match, own->media, own->track.id, own->planned, first);
    }
}

static int first_take(struct cut_match *match, const struct owns *owns, size_t first)
{
    match->renditions = calloc(owns->count + 1, sizeof(*match->renditions));
    if (!match->renditions)
        return SPN_ENOMEM;
    for (size_t i = 0; i < owns->count; i++) {
        struct match_rendition *rendition = &match->renditions[match->count];
        const struct own *own = &owns->list[i];

        rendition->tracks = calloc(match->asset_count, sizeof(*rendition->tracks));
        if (!rendition->tracks)
            return SPN_ENOMEM;
        match->count++;
        rendition->media = own->media;
        memcpy(rendition->id, own->track.id, sizeof(rendition->id));
        memcpy(rendition->compat, own->compat, sizeof(rendition->compat));
        rendition->planned = own->planned;
        rendition->tracks[first] = own->track;
    }
    return SPN_OK;
}

/* Clips of an asset that shares no picture with the first, and what converting them would take. */
static void incompatible_tell(struct cut_match *match, const struct cut *cut, size_t asset)
{
    json_t *told = json_object(), *clips = json_array();
    int64_t frames = 0;

    for (size_t i = 0; i < cut->composition->count; i++) {
        const struct spn_clip *clip = &cut->composition->clips[i];

        if (clip->asset != asset)
            continue;
        (void)json_array_append_new(clips, json_integer((json_int_t)i));
        frames += clip->out - clip->in;
    }
    json_put_text(told, "asset", cut->assets[asset].hash);
    json_put_text(told, "name", cut->assets[asset].name);
    (void)json_object_set_new(told, "clips", clips);
    json_put_number(told, "frames", frames);
    (void)json_array_append_new(match->incompatible, told);
}

static struct own *own_find(struct owns *owns, const struct match_rendition *rendition, int encode)
{
    for (size_t k = 0; k < owns->count; k++)
        if (own_fits(&owns->list[k], rendition, encode))
            return &owns->list[k];
    return NULL;
}

/* May what is decoded otherwise become the rendition? Sound that is encoded anew anyway, too. */
static int may_encode(const struct cut_choice *choice, int media)
{
    return media == 0 ? choice->convert : media == 1 && (choice->convert || choice->exact);
}

/* Match one asset; matched[i] is 0 from the first asset on that lacks rendition i. */
static void asset_match(struct cut_match *match, const struct cut *cut,
                        const struct cut_choice *choice, size_t asset, struct owns *owns,
                        char *matched)
{
    size_t pictures = 0;

    for (size_t i = 0; i < match->count; i++) {
        struct match_rendition *rendition = &match->renditions[i];
        struct own *found = own_find(owns, rendition, 0);
        int encode = !found && may_encode(choice, rendition->media);

        if (encode)
            found = own_find(owns, rendition, 1);
        if (found) {
            found->used = 1;
            rendition->tracks[asset] = found->track;
            rendition->tracks[asset].encode = encode;
            if (encode)
                rendition->tracks[asset].bandwidth = rendition->tracks[match->like].bandwidth;
            pictures += rendition->media == 0;
        } else if (matched[i]) {
            matched[i] = 0;
            drop_tell(match, rendition->media, rendition->id, rendition->planned,
                      &cut->assets[asset]);
        }
    }
    if (pictures == 0)
        incompatible_tell(match, cut, asset);
    missing_tell(match, owns, &cut->assets[match->like]);
}

/* The asset that the renditions are of. */
static int like_find(const struct cut *cut, const struct cut_choice *choice, size_t *out,
                     struct spn_error *err)
{
    size_t count = cut->composition->asset_count;

    *out = cut->composition->clips[0].asset;
    if (!choice->like[0])
        return SPN_OK;
    for (*out = 0; *out < count; ++*out)
        if (strcmp(cut->assets[*out].hash, choice->like) == 0)
            return SPN_OK;
    return spn_error_set(err, SPN_EINVAL,
                         "the cut is to have the renditions of asset %s, and no clip is of it",
                         choice->like);
}

static int match_steps(struct cut_match *match, struct db *db, const struct cut *cut,
                       const struct cut_choice *choice, struct owns *owns, struct spn_error *err)
{
    char matched[SPN_RENDITIONS_MAX];
    size_t first, kept = 0;
    int ret;

    if ((ret = like_find(cut, choice, &match->like, err)) < 0)
        return ret;
    first = match->like;
    if ((ret = plans_read(match, db, cut, err)) < 0 ||
        (ret = owns_read(db, cut->assets[first].hash, match->plans[first], owns, err)) < 0)
        return ret;
    if (first_take(match, owns, first) < 0)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    memset(matched, 1, sizeof(matched));
    for (size_t i = 0; i < match->asset_count; i++) {
        if (i == first)
            continue;
        if ((ret = owns_read(db, cut->assets[i].hash, match->plans[i], owns, err)) < 0)
            return ret;
        asset_match(match, cut, choice, i, owns, matched);
    }
    for (size_t i = 0; i < match->count; i++) {
        struct match_rendition *rendition = &match->renditions[i];

        if (!matched[i]) {
            free(rendition->tracks);
            continue;
        }
        for (size_t a = 0; choice->exact && rendition->media == 1 && a < match->asset_count; a++)
            rendition->tracks[a].encode = 1;
        match->renditions[kept++] = *rendition;
    }
    match->count = kept;
    return SPN_OK;
}

int cut_match_read(struct db *db, const struct cut *cut, const struct cut_choice *choice,
                   struct cut_match **out, struct spn_error *err)
{
    struct cut_match *match = calloc(1, sizeof(*match));
    struct owns *owns = calloc(1, sizeof(*owns));
    int ret = SPN_ENOMEM;

    *out = NULL;
    if (match && owns) {
        match->asset_count = cut->composition->asset_count;
        match->plans = calloc(match->asset_count, sizeof(*match->plans));
        match->boards = calloc(match->asset_count, sizeof(*match->boards));
        match->dropped = json_array();
        match->incompatible = json_array();
    }
    if (!match || !owns || !match->plans || !match->boards)
        (void)spn_error_set(err, ret, "out of memory");
    else
        ret = match_steps(match, db, cut, choice, owns, err);
    free(owns);
    if (ret < 0) {
        if (match && !(match->plans && match->boards))
            match->asset_count = 0;
        cut_match_free(match);
        return ret;
    }
    *out = match;
    return SPN_OK;
}

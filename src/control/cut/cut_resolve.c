/* cut_resolve.c - a list against the catalogue. */
#include "cut_resolve.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cut_find.h"
#include "json.h"

#define NOBODY UINT32_MAX

/* An asset that the list means. */
struct meant {
    struct cut_asset asset; /* start: -1 where nobody knows */
    char state[16];
    int has_start; /* its source has a timecode; else asset.drop is what the list's own is */
};

struct resolve {
    struct db *db;
    const struct cut_ask *ask;
    struct cut_report *report;
    struct cut_find *find;
    struct cut_list *list;
    uint32_t *meant_of; /* one an asset of find: index into meant, or NOBODY */
    struct meant *meant;
    size_t meant_count, find_count;
    int64_t start; /* what the request says of first frames, -1: nothing */
};

void cut_resolved_finish(struct cut_resolved *resolved)
{
    spn_composition_free(resolved->composition);
    free(resolved->assets);
    free(resolved->markers);
    memset(resolved, 0, sizeof(*resolved));
}

/* ---- clips that came as JSON ---- */

static void time_take(const json_t *clip, const char *name, struct cut_time *out, size_t line,
                      struct cut_report *report)
{
    const json_t *value = json_object_get(clip, name);

    if (json_is_integer(value) && json_integer_value(value) >= 0)
        out->frame = json_integer_value(value);
    else if (json_is_string(value) && json_string_length(value) > 0 &&
             json_string_length(value) < sizeof(out->timecode))
        memcpy(out->timecode, json_string_value(value), json_string_length(value) + 1);
    else
        cut_fault(report, line,
                  "clip %zu: \"%s\" must be a frame number of the asset, from 0, or a timecode",
                  line, name);
}

static int clips_read(struct resolve *resolve, struct spn_error *err)
{
    struct cut_list *list = calloc(1, sizeof(*list));
    const json_t *clip;
    size_t i;

    if (!list)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    resolve->list = list;
    list->format = "json";
    json_array_foreach(resolve->ask->clips, i, clip)
    {
        const json_t *asset = json_object_get(clip, "asset");
        struct cut_event *event = cut_list_add(list, i + 1, resolve->report);

        if (!event)
            break;
        if (!json_is_string(asset) ||
            !cut_text(event->name, json_string_value(asset), json_string_length(asset)) ||
            !event->name[0])
            cut_fault(resolve->report, i + 1,
                      "clip %zu: \"asset\" must be the hash or the name of an asset", i + 1);
        time_take(clip, "in", &event->in, i + 1, resolve->report);
        time_take(clip, "out", &event->out, i + 1, resolve->report);
        if (event->in.frame >= 0 || event->out.frame >= 0)
            event->start.frame = 0; /* numbers count from the asset's first frame */
        if ((event->in.frame < 0) != (event->out.frame < 0) &&
            (event->in.timecode[0] || event->out.timecode[0]))
            cut_fault(resolve->report, i + 1,
                      "clip %zu: one of \"in\" and \"out\" is a number, the other a timecode",
                      i + 1);
    }
    if (list->count == 0 && resolve->report->faults == 0)
        cut_fault(resolve->report, 0, "there are no clips");
    return resolve->report->failed ? spn_error_set(err, SPN_ENOMEM, "out of memory") : SPN_OK;
}

/* ---- names ---- */

/*
 * The timecode of the asset's first frame, where its source has one; -1 where not. It counts the
 * source's frames: where each of them became a whole number of frames, as fields do, so many.
 */
static int64_t own_start(const char *probe_text, struct spn_rate rate, int *drop)
{
    json_t *probe = json_of(probe_text);
    const char *timecode = json_string_value(json_object_get(probe, "timecode"));
    const json_t *counted = json_object_get(probe, "timecode_rate");
    struct spn_rate own = spn_rate_reduce((uint64_t)json_integer_value(json_array_get(counted, 0)),
                                          (uint64_t)json_integer_value(json_array_get(counted, 1)));
    uint64_t times, of;
    int64_t start = -1;

    if (own.num == 0)
        own = rate;
    times = (uint64_t)rate.num * own.den;
    of = (uint64_t)rate.den * own.num;
    if (!timecode || times % of != 0 ||
        spn_timecode_parse(timecode, strlen(timecode), own, &start, drop, NULL) < 0)
        start = -1;
    else
        start *= (int64_t)(times / of);
    json_decref(probe);
    return start;
}

static int meant_read(struct resolve *resolve, uint32_t found, struct spn_error *err)
{
    struct meant *meant = &resolve->meant[resolve->meant_count];
    struct rows *rows = NULL;
    int ret;

    if ((ret = db_query(resolve->db,
                        "SELECT hash, name, frames, rate_num, rate_den, probe, state FROM asset"
                        " WHERE hash = $1",
                        DB_ARGS(db_text(cut_find_hash(resolve->find, found))), &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        (void)snprintf(meant->asset.hash, sizeof(meant->asset.hash), "%s", rows_text(rows, 0));
        (void)snprintf(meant->asset.name, sizeof(meant->asset.name), "%.500s", rows_text(rows, 1));
        meant->asset.frames = rows_number(rows, 2);
        meant->asset.rate.num = (uint32_t)rows_number(rows, 3);
        meant->asset.rate.den = (uint32_t)rows_number(rows, 4);
        meant->asset.start = own_start(rows_text(rows, 5), meant->asset.rate, &meant->asset.drop);
        meant->has_start = meant->asset.start >= 0;
        (void)snprintf(meant->state, sizeof(meant->state), "%.15s", rows_text(rows, 6));
        resolve->meant_of[found] = (uint32_t)resolve->meant_count++;
        ret = SPN_OK;
    } else if (ret == 0) {
        ret = spn_error_set(err, SPN_EAGAIN, "an asset was just removed; try again");
    }
    rows_close(rows);
    return ret;
}

static int meant_take(struct resolve *resolve, size_t event, uint32_t found, struct spn_error *err)
{
    int ret;

    if (resolve->meant_of[found] == NOBODY && (ret = meant_read(resolve, found, err)) < 0)
        return ret;
    resolve->list->events[event].mark = resolve->meant_of[found];
    if (strcmp(resolve->meant[resolve->meant_of[found]].state, "ready") != 0)
        cut_fault(resolve->report, resolve->list->events[event].line,
                  "the asset %.300s is %s; it can be cut when it is ready",
                  resolve->meant[resolve->meant_of[found]].asset.name,
                  resolve->meant[resolve->meant_of[found]].state);
    return SPN_OK;
}

/* What a list calls it, best for sentences. */
static const char *event_label(const struct cut_event *event)
{
    return event->name[0] ? event->name : event->file[0] ? event->file : event->reel;
}

/* --reel NAME=ASSET: 1 where it speaks of this event. */
static int reel_told(struct resolve *resolve, size_t i, struct spn_error *err)
{
    const struct cut_event *event = &resolve->list->events[i];
    const char *const names[] = { event->reel, event->name, event->file };
    const char *said = NULL, *by = NULL;
    uint32_t found = 0;
    size_t count;

    for (size_t n = 0; n < 3 && !said; n++) {
        by = names[n];
        said = *by ? json_string_value(json_object_get(resolve->ask->reels, by)) : NULL;
    }
    if (!said)
        return 0;
    count = cut_find_asset(resolve->find, said, &found);
    if (count == 1) {
        int ret = meant_take(resolve, i, found, err);

        return ret < 0 ? ret : 1;
    }
    cut_fault(resolve->report, event->line,
              count ? "\"%.80s\" is said to be \"%.80s\", and several assets are called so: give "
                      "its hash"
                    : "\"%.80s\" is said to be \"%.80s\", and no asset is called so",
              by, said);
    return 1;
}

static int event_match(struct resolve *resolve, size_t i, struct spn_error *err)
{
    struct cut_event *event = &resolve->list->events[i];
    const char *const names[] = { event->asset, event->file, event->name, event->reel };
    const char *many = NULL;
    size_t most = 0;
    int ret;

    event->mark = NOBODY;
    if (event->hole)
        return SPN_OK;
    if (resolve->ask->reels && (ret = reel_told(resolve, i, err)) != 0)
        return ret < 0 ? ret : SPN_OK;
    for (size_t n = 0; n < 4; n++) {
        uint32_t found = 0;
        size_t count = names[n][0] ? cut_find_asset(resolve->find, names[n], &found) : 0;

        if (count == 1)
            return meant_take(resolve, i, found, err);
        if (count > 1 && !many) {
            many = names[n];
            most = count;
        }
    }
    if (many)
        cut_fault(resolve->report, event->line,
                  "%zu assets are called \"%.80s\": say which with --reel \"%.80s\"=ASSET", most,
                  many, many);
    else if (event->reel[0] && strcmp(event->reel, event_label(event)) != 0)
        cut_fault(resolve->report, event->line,
                  "no asset is called \"%.80s\", nor \"%.80s\": say which it is with --reel "
                  "\"%.80s\"=ASSET",
                  event_label(event), event->reel, event->reel);
    else
        cut_fault(resolve->report, event->line,
                  "no asset is called \"%.80s\": say which it is with --reel \"%.80s\"=ASSET",
                  event_label(event), event_label(event));
    return SPN_OK;
}

static int events_match(struct resolve *resolve, struct spn_error *err)
{
    size_t count = resolve->list->count;
    int ret = SPN_OK;

    resolve->find_count = cut_find_count(resolve->find);
    resolve->meant_of = malloc((resolve->find_count + 1) * sizeof(*resolve->meant_of));
    resolve->meant = calloc(resolve->find_count + 1, sizeof(*resolve->meant));
    if (!resolve->meant_of || !resolve->meant)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    for (size_t i = 0; i < resolve->find_count; i++)
        resolve->meant_of[i] = NOBODY;
    for (size_t i = 0; i < count && ret >= 0; i++)
        ret = event_match(resolve, i, err);
    return ret;
}

/* ---- time ---- */

/* The rate: asked for, the list's, or what all assets have. 0/0 and a fault: nobody knows. */
static struct spn_rate rate_learn(struct resolve *resolve)
{
    struct spn_rate rate = resolve->ask->rate;
    const struct meant *first = resolve->meant;

    if (!rate.num)
        rate = resolve->list->rate;
    if (rate.num || resolve->meant_count == 0)
        return rate;
    for (size_t i = 1; i < resolve->meant_count; i++) {
        const struct meant *other = &resolve->meant[i];

        if (!spn_rate_equal(first->asset.rate, other->asset.rate)) {
            cut_fault(resolve->report, 0,
                      "the assets are of different rates: %.80s has %" PRIu32 "/%" PRIu32
                      " frames a second, %.80s has %" PRIu32 "/%" PRIu32
                      ", and rates are never mixed: ingest one of them again with --rate",
                      first->asset.name, first->asset.rate.num, first->asset.rate.den,
                      other->asset.name, other->asset.rate.num, other->asset.rate.den);
            return (struct spn_rate){ 0, 0 };
        }
    }
    return first->asset.rate;
}

/*
 * As the list counts its programme, else its sources; where it has no timecodes, as the source of
 * its first asset counts.
 */
static int list_drop(const struct resolve *resolve)
{
    const struct cut_time *written = NULL;

    for (size_t i = 0; i < resolve->list->count && !written; i++)
        if (resolve->list->events[i].record_in.timecode[0])
            written = &resolve->list->events[i].record_in;
    for (size_t i = 0; i < resolve->list->count && !written; i++)
        if (resolve->list->events[i].in.timecode[0])
            written = &resolve->list->events[i].in;
    if (written)
        return cut_time_drops(written);
    return resolve->meant_count > 0 && resolve->meant[0].has_start && resolve->meant[0].asset.drop;
}

/* Assets whose source says no timecode count as the list cuts them, else as its programme does. */
static void drops_learn(struct resolve *resolve, int drop)
{
    for (size_t i = 0; i < resolve->meant_count; i++)
        if (!resolve->meant[i].has_start)
            resolve->meant[i].asset.drop = drop;
    for (size_t i = resolve->list->count; i > 0; i--) {
        const struct cut_event *event = &resolve->list->events[i - 1];

        if (event->mark != NOBODY && !resolve->meant[event->mark].has_start &&
            event->in.timecode[0])
            resolve->meant[event->mark].asset.drop = cut_time_drops(&event->in);
    }
}

/* Would the range fit if the asset's first frame were at a whole hour? Then say so: it is likely.
 */
static void range_fault(struct resolve *resolve, const struct cut_event *event,
                        const struct meant *meant, int64_t start, int known)
{
    struct spn_rate rate = resolve->list->rate;
    const char *drop = cut_time_drops(&event->in) ? ";" : ":";
    int64_t hour = 0, in = event->in.frame - start, out = event->out.frame - start;
    struct spn_timecode_rate counting;
    char text[32], hint[160] = "";
    int dropped;

    if (!known && spn_timecode_rate(rate, *drop == ';', &counting, NULL) >= 0) {
        int64_t hours = event->in.frame / ((int64_t)counting.nominal * 3600);

        (void)snprintf(text, sizeof(text), "%02d:00:00%s00", (int)(hours % 100), drop);
        if (hours > 0 && hours < 100 &&
            spn_timecode_parse(text, strlen(text), rate, &hour, &dropped, NULL) >= 0 &&
            event->in.frame >= hour && event->out.frame - hour <= meant->asset.frames)
            (void)snprintf(hint, sizeof(hint), "; if its first frame is %s, say so with --start %s",
                           text, text);
    }
    cut_fault(resolve->report, event->line,
              "\"%.80s\" is cut from frame %" PRId64 " to %" PRId64 ", and %.80s has %" PRId64
              " frames%s",
              event_label(event), in, out, meant->asset.name, meant->asset.frames, hint);
}

/* Where the numbers of an event count from: the list, the asset, the request, 0. */
static int64_t event_start(const struct resolve *resolve, const struct cut_event *event,
                           const struct meant *meant, int *known)
{
    *known = 1;
    if (event->start.frame >= 0)
        return event->start.frame;
    if (meant->asset.start >= 0)
        return meant->asset.start;
    if (resolve->start >= 0)
        return resolve->start;
    *known = 0;
    return 0;
}

/* Does the event count as its asset's source does? Timecodes of two countings name other frames. */
static int counting_check(struct resolve *resolve, const struct cut_event *event,
                          const struct meant *meant)
{
    struct spn_rate rate = resolve->list->rate;
    char text[sizeof(event->in.timecode)], *last;
    int64_t other = 0;
    int dropped = 0, drop = cut_time_drops(&event->in);

    if (!meant->has_start || event->start.frame >= 0 || !event->in.timecode[0] ||
        drop == meant->asset.drop)
        return 1;
    /* read the other way, would it be the same frame? */
    memcpy(text, event->in.timecode, sizeof(text));
    for (last = text; (last = strpbrk(last, ":;.")); last++)
        *last = meant->asset.drop ? ';' : ':';
    if (spn_timecode_parse(text, strlen(text), rate, &other, &dropped, NULL) == SPN_OK &&
        other == event->in.frame)
        return 1;
    cut_fault(
        resolve->report, event->line,
        "\"%.80s\" is cut in %s-frame timecode, and %.80s counts in %s frame: write them alike "
        "(drop frame has ';' before its frames)",
        event_label(event), drop ? "drop" : "non-drop", meant->asset.name,
        meant->asset.drop ? "drop" : "non-drop");
    return 0;
}

/* Tapes that run through midnight count from 0 again: a day later, if it fits then. */
static void midnight_pass(struct cut_event *event, const struct meant *meant, int64_t start,
                          struct spn_rate rate)
{
    const char *text = meant->asset.drop ? "24:00:00;00" : "24:00:00:00";
    int64_t day;
    int drop;

    if (event->in.frame >= start || !event->in.timecode[0] ||
        spn_timecode_parse(text, strlen(text), rate, &day, &drop, NULL) < 0 ||
        event->out.frame + day - start > meant->asset.frames)
        return;
    event->in.frame += day;
    event->out.frame += day;
}

static void ranges_check(struct resolve *resolve, struct spn_clip *clips)
{
    struct spn_rate rate = resolve->list->rate;

    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what resolve has is freed by cut_resolve */
    for (size_t i = 0; i < resolve->list->count; i++) {
        struct cut_event *event = &resolve->list->events[i];
        struct meant *meant;
        int64_t start;
        int known;

        if (event->mark == NOBODY)
            continue;
        meant = &resolve->meant[event->mark];
        if (!spn_rate_equal(meant->asset.rate, rate)) {
            cut_fault(resolve->report, event->line,
                      "%.80s has %" PRIu32 "/%" PRIu32 " frames a second, and the list %" PRIu32
                      "/%" PRIu32
                      ", and rates are never mixed: ingest it again with --rate %" PRIu32
                      "/%" PRIu32,
                      meant->asset.name, meant->asset.rate.num, meant->asset.rate.den, rate.num,
                      rate.den, rate.num, rate.den);
            continue;
        }
        if (event->in.frame < 0 || event->out.frame <= event->in.frame)
            continue; /* told already */
        if (!counting_check(resolve, event, meant))
            continue;
        start = event_start(resolve, event, meant, &known);
        if (meant->has_start)
            midnight_pass(event, meant, start, rate);
        if (event->in.frame < start || event->out.frame - start > meant->asset.frames) {
            range_fault(resolve, event, meant, start, known);
            continue;
        }
        clips[i] =
            (struct spn_clip){ event->mark, event->in.frame - start, event->out.frame - start };
        if (meant->asset.start < 0)
            meant->asset.start = start; /* so an export counts as the import did */
    }
}

/* ---- the composition ---- */

static void clip_told(void *opaque, size_t clip, int code, const char *text)
{
    const struct resolve *resolve = opaque;

    (void)code;
    cut_fault(resolve->report, resolve->list->events[clip].line, "%s", text);
}

static int composition_make(struct resolve *resolve, struct spn_clip *clips,
                            struct cut_resolved *out, struct spn_error *err)
{
    struct spn_clip_asset *assets = calloc(resolve->meant_count, sizeof(*assets));
    int ret;

    out->assets = calloc(resolve->meant_count, sizeof(*out->assets));
    if (!assets || !out->assets) {
        free(assets);
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < resolve->meant_count; i++) {
        out->assets[i] = resolve->meant[i].asset;
        (void)spn_hash_parse(out->assets[i].hash, SPN_HASH_HEX, &assets[i].name);
        assets[i].rate = out->assets[i].rate;
        assets[i].frames = out->assets[i].frames;
    }
    ret = spn_composition_make(resolve->list->rate, assets, resolve->meant_count, clips,
                               resolve->list->count, clip_told, resolve, &out->composition, err);
    free(assets);
    return ret == SPN_ENOMEM ? ret : SPN_OK; /* all else is in the report */
}

static int resolve_steps(struct resolve *resolve, struct cut_resolved *out, struct spn_error *err)
{
    struct cut_report *report = resolve->report;
    const struct cut_ask *ask = resolve->ask;
    struct spn_clip *clips;
    struct spn_rate rate;
    int ret, drop;

    ret = ask->list ? cut_list_read(ask->list, ask->size, ask->file, &resolve->list, report, err)
                    : clips_read(resolve, err);
    if (ret < 0)
        return ret;
    memcpy(out->title, resolve->list->title, sizeof(out->title));
    out->format = resolve->list->format;
    if ((ret = cut_find_open(resolve->db, &resolve->find, err)) < 0 ||
        (ret = events_match(resolve, err)) < 0)
        return ret;
    out->drop = list_drop(resolve);
    drops_learn(resolve, out->drop);
    rate = rate_learn(resolve);
    if (!rate.num && (report->faults > 0 || resolve->list->count == 0))
        return SPN_OK; /* without a rate there is no more to say */
    cut_list_count(resolve->list, rate, report);
    if (!spn_rate_equal(resolve->list->rate, rate))
        return SPN_OK; /* said */
    resolve->start = -1;
    if (ask->start && (ret = spn_timecode_parse(ask->start, strlen(ask->start), rate,
                                                &resolve->start, &drop, err)) < 0)
        return ret;
    clips = calloc(resolve->list->count + 1, sizeof(*clips));
    if (!clips)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    ranges_check(resolve, clips);
    if (report->faults == 0)
        ret = composition_make(resolve, clips, out, err);
    out->markers = resolve->list->markers;
    out->marker_count = resolve->list->marker_count;
    resolve->list->markers = NULL;
    free(clips);
    return report->failed ? spn_error_set(err, SPN_ENOMEM, "out of memory") : ret;
}

int cut_resolve(struct db *db, const struct cut_ask *ask, struct cut_resolved *out,
                struct cut_report *report, struct spn_error *err)
{
    struct resolve resolve = { .db = db, .ask = ask, .report = report, .start = -1 };
    int ret;

    memset(out, 0, sizeof(*out));
    ret = resolve_steps(&resolve, out, err);
    cut_list_free(resolve.list);
    cut_find_close(resolve.find);
    free(resolve.meant_of);
    free(resolve.meant);
    if (ret < 0)
        cut_resolved_finish(out);
    return ret;
}

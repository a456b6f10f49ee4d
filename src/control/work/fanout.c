/* fanout.c - chunk, audio and text jobs from a plan; assembly after the last chunk. */
#include "fanout.h"

#include <stdlib.h>
#include <string.h>

#include "job.h"
#include "json.h"
#include "plan.h"

#define AUDIO_MEMORY_MB    200
#define TEXT_MEMORY_MB     100
#define ASSEMBLE_MEMORY_MB 50
#define BOARD_MEMORY_MB    200

int fanout_facts(struct db *db, const char *asset, json_t **out, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    *out = NULL;
    if ((ret = db_query(db,
                        "SELECT name, facts FROM rendition WHERE asset = $1 AND facts IS NOT NULL",
                        DB_ARGS(db_text(asset)), &rows, err)) < 0)
        return ret;
    *out = json_object();
    while ((ret = rows_next(rows, err)) > 0)
        (void)json_object_set_new(*out, rows_text(rows, 0), json_of(rows_text(rows, 1)));
    rows_close(rows);
    if (ret < 0) {
        json_decref(*out);
        *out = NULL;
    }
    return ret;
}

struct fanout {
    const struct instance *instance;
    struct db *db;
    const char *asset;
    const json_t *facts;
    const json_t *subtitles;
    int64_t now_ms;
    int64_t jobs;
    int video_missing;
};

static int fanout_job(struct fanout *fanout, const char *kind, int64_t place, int64_t memory_mb,
                      const char *spec, struct spn_error *err)
{
    struct job_new job = { kind,  NULL,      fanout->asset, NULL,
                           place, memory_mb, spec,          (int)++fanout->jobs };

    return job_make(fanout->instance, fanout->db, &job, fanout->now_ms, err);
}

/* A text that comes from a file beside the source says which. */
static int fanout_text(struct fanout *fanout, const json_t *text, int64_t place,
                       struct spn_error *err)
{
    const json_t *file = json_object_get(text, "file"), *subtitle;
    json_t *spec, *told;
    char *string;
    int ret;

    if (!json_is_integer(file))
        return fanout_job(fanout, "text", place, TEXT_MEMORY_MB, "{}", err);
    subtitle = json_array_get(fanout->subtitles, (size_t)json_integer_value(file));
    if (!subtitle)
        return spn_error_set(err, SPN_EINVAL,
                             "the plan's text %lld is of subtitle file %lld, and there are %zu",
                             (long long)place, (long long)json_integer_value(file),
                             json_array_size(fanout->subtitles));
    spec = json_object();
    told = json_object();
    (void)json_object_set(told, "path", json_object_get(subtitle, "path"));
    (void)json_object_set(told, "name", json_object_get(subtitle, "name"));
    (void)json_object_set_new(spec, "subtitle", told);
    string = json_text(spec);
    json_decref(spec);
    if (!string)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    ret = fanout_job(fanout, "text", place, TEXT_MEMORY_MB, string, err);
    free(string);
    return ret;
}

static int fanout_rendition(struct fanout *fanout, int media, const json_t *rendition,
                            int64_t place, struct spn_error *err)
{
    const char *name = json_string_value(json_object_get(rendition, "name"));
    const json_t *known = json_object_get(fanout->facts, name);
    char *facts = known ? json_text(known) : NULL;
    int64_t others = 0;
    int ret = db_count(fanout->db, "SELECT count(*) FROM rendition WHERE name = $1 AND asset <> $2",
                       DB_ARGS(db_text(name), db_text(fanout->asset)), 0, &others, err);

    if (ret >= 0 && others > 0) /* a bad file does not get to write over another's track */
        ret = spn_error_set(err, SPN_EINVAL, "the rendition %s is another asset's", name);
    if (ret >= 0)
        ret = db_run(fanout->db,
                     "INSERT INTO rendition (asset, id, media, place, name, facts)"
                     " VALUES ($1, $2, $3, $4, $5, $6)",
                     DB_ARGS(db_text(fanout->asset),
                             db_text(json_string_value(json_object_get(rendition, "id"))),
                             db_text(plan_media[media]), db_number(place), db_text(name),
                             db_text(facts)),
                     NULL, err);
    free(facts);
    if (ret < 0 || known)
        return ret;
    if (media == 0) {
        fanout->video_missing = 1;
        return SPN_OK;
    }
    return media == 1 ? fanout_job(fanout, "audio", place, AUDIO_MEMORY_MB, "{}", err)
                      : fanout_text(fanout, rendition, place, err);
}

static int storyboard_missing(struct db *db, const char *asset, const json_t *plan, int *out,
                              struct spn_error *err)
{
    const json_t *want = json_object_get(json_object_get(plan, "storyboard"), "name");
    struct rows *rows = NULL;
    json_t *have;
    int ret;

    *out = 0;
    if (!want)
        return SPN_OK;
    if ((ret = db_query(db, "SELECT storyboard FROM asset WHERE hash = $1", DB_ARGS(db_text(asset)),
                        &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0) {
        have = json_of(rows_text(rows, 0));
        *out = !json_equal(json_object_get(have, "name"), want);
        json_decref(have);
        ret = SPN_OK;
    }
    rows_close(rows);
    return ret;
}

int fanout_plan(const struct instance *instance, struct db *db, const char *asset,
                const json_t *plan, const json_t *subtitles, int64_t *jobs, struct spn_error *err)
{
    struct fanout fanout = {
        instance, db, asset, NULL, subtitles, instance_now_ms(instance), 0, 0
    };
    struct plan_facts numbers;
    json_t *facts = NULL;
    int ret, board = 0;

    if ((ret = plan_check(plan, &numbers, err)) < 0 ||
        (ret = fanout_facts(db, asset, &facts, err)) < 0 ||
        (ret = db_run(db, "DELETE FROM rendition WHERE asset = $1", DB_ARGS(db_text(asset)), NULL,
                      err)) < 0 ||
        (ret = db_run(db, "DELETE FROM job WHERE asset = $1", DB_ARGS(db_text(asset)), NULL, err)) <
            0)
        goto done;
    fanout.facts = facts;
    for (int m = 0; m < 3; m++) {
        const json_t *rendition;
        size_t i;

        json_array_foreach(json_object_get(plan, plan_media[m]), i, rendition)
        {
            if ((ret = fanout_rendition(&fanout, m, rendition, (int64_t)i, err)) < 0)
                goto done;
        }
    }
    if ((ret = storyboard_missing(db, asset, plan, &board, err)) < 0)
        goto done;
    if (fanout.video_missing || board) /* tiles come from the same decode as the pictures */
        for (int64_t chunk = 0; chunk < numbers.chunks; chunk++)
            if ((ret = fanout_job(&fanout, "chunk", chunk, numbers.chunk_memory_mb, "{}", err)) < 0)
                goto done;
    *jobs = fanout.jobs;

done:
    json_decref(facts);
    return ret;
}

static int plan_read(struct db *db, const char *asset, json_t **out, struct spn_error *err)
{
    struct rows *rows = NULL;
    int ret;

    *out = NULL;
    if ((ret = db_query(db, "SELECT plan FROM asset WHERE hash = $1", DB_ARGS(db_text(asset)),
                        &rows, err)) < 0)
        return ret;
    if ((ret = rows_next(rows, err)) > 0)
        *out = json_of(rows_text(rows, 0));
    rows_close(rows);
    return ret == 0 ? spn_error_set(err, SPN_ENOENT, "there is no asset %s", asset) : ret;
}

int fanout_assemble(const struct instance *instance, struct db *db, const char *asset,
                    struct spn_error *err)
{
    struct fanout fanout = { instance, db, asset, NULL, NULL, instance_now_ms(instance), 0, 0 };
    int64_t places[PLAN_VIDEO_MAX];
    struct rows *rows = NULL;
    json_t *plan = NULL;
    int ret, board = 0, count = 0;

    if ((ret = plan_read(db, asset, &plan, err)) < 0 ||
        (ret = db_query(db,
                        "SELECT place FROM rendition WHERE asset = $1 AND media = 'video'"
                        " AND facts IS NULL ORDER BY place",
                        DB_ARGS(db_text(asset)), &rows, err)) < 0)
        goto done;
    while ((ret = rows_next(rows, err)) > 0)
        if (count < PLAN_VIDEO_MAX)
            places[count++] = rows_number(rows, 0);
    if (ret < 0)
        goto done;
    for (int i = 0; i < count; i++)
        if ((ret = fanout_job(&fanout, "assemble", places[i], ASSEMBLE_MEMORY_MB, "{}", err)) < 0)
            goto done;
    if ((ret = storyboard_missing(db, asset, plan, &board, err)) >= 0 && board)
        ret = fanout_job(&fanout, "storyboard", 0, BOARD_MEMORY_MB, "{}", err);

done:
    rows_close(rows);
    json_decref(plan);
    return ret;
}

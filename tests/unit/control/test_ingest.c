/* test_ingest.c - from a file to an asset to a publication, and away again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "catalogue/asset.h"
#include "catalogue/ingest.h"
#include "fixture.h"
#include "gc/gc.h"
#include "keeper.h"
#include "publish/publish.h"
#include "sampan/publication.h"
#include "store/blob.h"
#include "store/store.h"
#include "work/job.h"

static const struct film film = { "film.mkv", 2, 2, 1, 1, 0, 1 };
/* examine, 2 chunks, 2 audio, 2 text, assemble, storyboard */
#define FILM_JOBS 9

static void keep(struct fixture *f)
{
    struct spn_error err = { 0 };

    if (keeper_round(&f->instance, &err) < 0)
        fail_msg("%s", err.text);
}

static json_t *show(struct fixture *f, const char *id)
{
    json_t *ingest;

    assert_int_equal(ingest_show(&f->instance, f->db, id, &ingest, NULL) >= 0, 1);
    return ingest;
}

static void asset_name(char hex[SPN_HASH_HEX + 1])
{
    film_hash(film.name, "asset", 0, hex);
}

static void whole_way(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], hex[SPN_HASH_HEX + 1];
    json_t *asset;

    film_ingest(f, &film, 0, id);
    assert_int_equal(work_all(f, &film), FILM_JOBS);
    assert_string_equal(ingest_state_of(f, id), "ready");
    asset_name(hex);
    assert_true(file_there(f, "tmp/asset/%s/v0.0", hex));
    keep(f);
    assert_false(file_there(f, "tmp/asset/%s", hex));
    assert_true(asset_show(f->db, hex, &asset, NULL) >= 0);
    assert_string_equal(text_of(asset, "state"), "ready");
    assert_int_equal(json_array_size(json_object_get(asset, "renditions")), 5);
    json_decref(asset);
}

static void specs_are_complete(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];
    json_t *job;

    film_ingest(f, &film, 0, id);
    while ((job = work_claim(f, "w"))) {
        const json_t *spec = json_object_get(job, "spec");
        const char *kind = text_of(job, "kind");

        if (strcmp(kind, "examine") != 0)
            assert_non_null(json_object_get(spec, "plan"));
        if (strcmp(kind, "chunk") == 0 || strcmp(kind, "audio") == 0) {
            assert_non_null(json_object_get(spec, "conform"));
            assert_string_equal(text_of(json_object_get(spec, "source"), "name"), "film.mkv");
            assert_true(json_is_null(json_object_get(json_object_get(spec, "source"), "link")));
        }
        if (strcmp(kind, "text") == 0 && number_of(spec, "text") == 1)
            assert_string_equal(text_of(json_object_get(spec, "subtitle"), "path"),
                                "/films/film.0.srt");
        if (strcmp(kind, "storyboard") == 0) {
            const json_t *tiles = json_object_get(spec, "tiles");

            assert_int_equal(json_array_size(tiles), 2);
            assert_int_equal(number_of(json_array_get(tiles, 1), "chunk"), 1);
        }
        assert_int_equal(work_commit(f, job, work_do(f, &film, job)), SPN_OK);
        json_decref(job);
    }
}

static void twice_is_once(void **state)
{
    struct fixture *f = *state;
    char first[SPN_ID_MAX], second[SPN_ID_MAX];

    film_ingest(f, &film, 0, first);
    (void)work_all(f, &film);
    film_ingest(f, &film, 0, second);
    assert_int_equal(work_all(f, &film), 1); /* the examination */
    assert_string_equal(ingest_state_of(f, second), "ready");
    assert_int_equal(sql_number(f, "SELECT count(*) FROM asset"), 1);
}

static void twice_at_once(void **state)
{
    struct fixture *f = *state;
    char first[SPN_ID_MAX], second[SPN_ID_MAX];

    film_ingest(f, &film, 0, first);
    film_ingest(f, &film, 0, second);
    assert_int_equal(work_all(f, &film), FILM_JOBS + 1);
    assert_string_equal(ingest_state_of(f, first), "ready");
    assert_string_equal(ingest_state_of(f, second), "ready");
}

static void more_subtitles(void **state)
{
    struct film more = film, other = film;
    struct fixture *f = *state;
    char id[SPN_ID_MAX];

    film_ingest(f, &film, 0, id);
    (void)work_all(f, &film);
    more.subtitles = 2;
    film_ingest(f, &more, 0, id);
    assert_int_equal(work_all(f, &more), 2); /* the examination, and the new text */
    assert_int_equal(sql_number(f, "SELECT count(*) FROM rendition WHERE media = 'text'"), 3);
    other.ladder = 1; /* another ladder: pictures anew; the three texts stay */
    other.subtitles = 0;
    film_ingest(f, &other, 0, id);
    assert_int_equal(work_all(f, &other), 1 + 2 + 1);
    assert_string_equal(ingest_state_of(f, id), "ready");
    assert_int_equal(sql_number(f, "SELECT count(*) FROM rendition WHERE media = 'text'"), 3);
}

static void other_settings_wait(void **state)
{
    struct fixture *f = *state;
    struct film other = film;
    char first[SPN_ID_MAX], second[SPN_ID_MAX];
    json_t *job, *ingest;

    film_ingest(f, &film, 0, first);
    job = work_claim(f, "w");
    assert_int_equal(work_commit(f, job, work_do(f, &film, job)), SPN_OK);
    json_decref(job);
    other.ladder = 1;
    film_ingest(f, &other, 0, second);
    job = work_claim(f, "w");
    assert_string_equal(text_of(job, "kind"), "examine");
    assert_int_equal(work_commit(f, job, work_do(f, &other, job)), SPN_OK);
    json_decref(job);
    ingest = show(f, second);
    assert_string_equal(text_of(ingest, "state"), "failed");
    assert_string_equal(text_of(json_object_get(ingest, "error"), "code"), "conflict");
    json_decref(ingest);
    (void)work_all(f, &film);
    assert_int_equal(ingest_retry(&f->instance, f->db, second, NULL), SPN_OK);
    assert_int_equal(work_all(f, &other), 1 + 2 + 1);
    assert_string_equal(ingest_state_of(f, second), "ready");
}

static void canceled(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];
    json_t *job;

    film_ingest(f, &film, 0, id);
    job = work_claim(f, "w");
    assert_int_equal(work_commit(f, job, work_do(f, &film, job)), SPN_OK);
    json_decref(job);
    job = work_claim(f, "w");
    assert_int_equal(ingest_cancel(&f->instance, f->db, id, NULL), SPN_OK);
    assert_string_equal(ingest_state_of(f, id), "canceled");
    assert_true(work_commit(f, job, work_do(f, &film, job)) < 0);
    json_decref(job);
    assert_null(work_claim(f, "w"));
    assert_int_equal(sql_number(f, "SELECT count(*) FROM asset"), 0);
    assert_int_equal(ingest_cancel(&f->instance, f->db, id, NULL), SPN_OK);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM ingest"), 0);
}

static void shared_is_not_canceled(void **state)
{
    struct fixture *f = *state;
    char first[SPN_ID_MAX], second[SPN_ID_MAX];

    film_ingest(f, &film, 0, first);
    film_ingest(f, &film, 0, second);
    for (int i = 0; i < 2; i++) {
        json_t *job = work_claim(f, "w");

        assert_int_equal(work_commit(f, job, work_do(f, &film, job)), SPN_OK);
        json_decref(job);
    }
    assert_int_equal(ingest_cancel(&f->instance, f->db, first, NULL), SPN_OK);
    (void)work_all(f, &film);
    assert_string_equal(ingest_state_of(f, second), "ready");
}

/* ---- the title that comes with an ingest ---- */

static const struct film plain = { "plain.mkv", 2, 1, 0, 0, 0, 0 };

static void named_ingest(struct fixture *f, const char *title, char id[SPN_ID_MAX])
{
    ingest_ask(f,
               json_pack("{ssssss}", "path", "/films/film.mkv", "name", plain.name, "title", title),
               id);
}

static int64_t titles(struct fixture *f)
{
    return sql_number(f, "SELECT count(*) FROM title");
}

static void refused_leaves_no_title(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];
    json_t *job;

    named_ingest(f, "起雾", id);
    job = work_claim(f, "w");
    assert_null(json_object_get(json_object_get(job, "spec"), "names"));
    assert_int_equal(job_fail(&f->instance, f->db, text_of(job, "id"), number_of(job, "fence"),
                              "unsupported", "only sound is in it", NULL),
                     SPN_OK);
    json_decref(job);
    assert_string_equal(ingest_state_of(f, id), "refused");
    assert_int_equal(titles(f), 0);
    assert_int_equal(ingest_retry(&f->instance, f->db, id, NULL), SPN_OK);
    (void)work_all(f, &plain);
    assert_string_equal(ingest_state_of(f, id), "ready");
    assert_int_equal(
        sql_number(f, "SELECT count(*) FROM title t, ingest i WHERE i.title = t.id"
                      " AND t.names = '{\"und\":\"起雾\"}' AND t.created_ms = i.created_ms"),
        1);
}

static void examined_once(struct fixture *f)
{
    json_t *job = work_claim(f, "w");

    assert_int_equal(work_commit(f, job, work_do(f, &plain, job)), SPN_OK);
    json_decref(job);
}

static void canceled_takes_its_title(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];

    named_ingest(f, "One", id);
    examined_once(f);
    assert_int_equal(titles(f), 1);
    assert_int_equal(ingest_cancel(&f->instance, f->db, id, NULL), SPN_OK);
    assert_int_equal(titles(f), 0);
}

static void used_title_stays(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];

    named_ingest(f, "One", id);
    examined_once(f);
    sql_run(f, "UPDATE title SET version = 2"); /* somebody has worked on it */
    assert_int_equal(ingest_cancel(&f->instance, f->db, id, NULL), SPN_OK);
    assert_int_equal(titles(f), 1);
    named_ingest(f, "Two", id);
    (void)work_all(f, &plain);
    assert_int_equal(ingest_cancel(&f->instance, f->db, id, NULL), SPN_OK); /* it was ready */
    assert_int_equal(titles(f), 2);
}

static void given_title_stays(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];

    sql_run(f, "INSERT INTO title (id, kind, names, version, created_ms, updated_ms)"
               " VALUES ('title_00000000000000000000000000', 'movie', '{}', 1, 0, 0)");
    named_ingest(f, "title_00000000000000000000000000", id);
    examined_once(f);
    assert_int_equal(ingest_cancel(&f->instance, f->db, id, NULL), SPN_OK);
    assert_int_equal(titles(f), 1);
}

static void bad_results(void **state)
{
    static const char *const spoil[] = { "asset", "plan", "conform", "changes", "probe", "source" };
    struct fixture *f = *state;
    char id[SPN_ID_MAX];
    json_t *job;

    film_ingest(f, &film, 0, id);
    job = work_claim(f, "w");
    for (size_t i = 0; i < sizeof(spoil) / sizeof(spoil[0]); i++) {
        json_t *result = work_do(f, &film, job);

        (void)json_object_set_new(result, spoil[i], json_integer(1));
        assert_int_equal(work_commit(f, job, result), SPN_EINVAL);
    }
    assert_int_equal(sql_number(f, "SELECT count(*) FROM asset"), 0);
    assert_int_equal(work_commit(f, job, work_do(f, &film, job)), SPN_OK);
    json_decref(job);
}

/* What sampan-media says may come from a bad file that took it over. */
static void others_are_safe(void **state)
{
    struct film other = film;
    struct fixture *f = *state;
    char id[SPN_ID_MAX], hex[SPN_HASH_HEX + 1];
    json_t *job, *result;

    film_ingest(f, &film, 0, id);
    (void)work_all(f, &film);
    other.name = "bad.mkv";
    film_ingest(f, &other, 0, id);
    job = work_claim(f, "w");
    result = work_do(f, &other, job);
    asset_name(hex);
    (void)json_object_set_new(result, "asset", json_string(hex));
    assert_int_equal(work_commit(f, job, result), SPN_EINVAL);
    result = work_do(f, &other, job);
    film_hash(film.name, "video", 0, hex);
    (void)json_object_set_new(
        json_array_get(json_object_get(json_object_get(result, "plan"), "video"), 0), "name",
        json_string(hex));
    assert_int_equal(work_commit(f, job, result), SPN_EINVAL);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM asset"), 1);
    json_decref(job);
}

/* ---- publications ---- */

static void publication_of(struct fixture *f, const char *ingest, char id[SPN_ID_MAX])
{
    json_t *shown = show(f, ingest);
    const json_t *part = json_object_get(shown, "publication");

    (void)snprintf(id, SPN_ID_MAX, "%s", text_of(part, "id"));
    json_decref(shown);
}

static void published(void **state)
{
    struct fixture *f = *state;
    struct spn_publication *publication;
    char id[SPN_ID_MAX], made[SPN_ID_MAX], path[SPN_PATH_MAX];

    film_ingest(f, &film, 1, id);
    (void)work_all(f, &film);
    assert_string_equal(ingest_state_of(f, id), "encoding"); /* until it can be watched */
    keep(f);
    assert_string_equal(ingest_state_of(f, id), "ready");
    publication_of(f, id, made);
    assert_int_equal(blob_path(&f->instance, BLOB_PUBLICATION, made, path, NULL), SPN_OK);
    assert_int_equal(spn_publication_open(path, &publication, NULL), SPN_OK);
    assert_string_equal(spn_publication_id(publication), made);
    assert_int_equal(spn_publication_flags(publication), SPN_PUBLICATION_OPEN);
    assert_int_equal(spn_publication_file_count(publication), 4); /* v0, a0, a1, sheets */
    spn_publication_close(publication);
}

static void published_once(void **state)
{
    struct fixture *f = *state;
    char first[SPN_ID_MAX], second[SPN_ID_MAX], one[SPN_ID_MAX], two[SPN_ID_MAX];

    film_ingest(f, &film, 1, first);
    (void)work_all(f, &film);
    keep(f);
    film_ingest(f, &film, 1, second);
    (void)work_all(f, &film);
    keep(f);
    publication_of(f, first, one);
    publication_of(f, second, two);
    assert_string_equal(one, two);
}

static void withdrawn(void **state)
{
    struct fixture *f = *state;
    struct spn_publication *publication;
    char id[SPN_ID_MAX], made[SPN_ID_MAX], path[SPN_PATH_MAX], hex[SPN_HASH_HEX + 1];

    film_ingest(f, &film, 1, id);
    (void)work_all(f, &film);
    keep(f);
    publication_of(f, id, made);
    asset_name(hex);
    assert_int_equal(asset_delete(f->db, hex, NULL), SPN_ECONFLICT);
    assert_int_equal(publish_withdraw(&f->instance, made, NULL), SPN_OK);
    assert_int_equal(publish_withdraw(&f->instance, made, NULL), SPN_OK);
    assert_int_equal(blob_path(&f->instance, BLOB_PUBLICATION, made, path, NULL), SPN_OK);
    assert_int_equal(spn_publication_open(path, &publication, NULL), SPN_EGONE);
    assert_int_equal(asset_delete(f->db, hex, NULL), SPN_OK);
    assert_int_equal(publish_withdraw(&f->instance, "publication_none", NULL), SPN_ENOENT);
}

static void spoiled_track(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], hex[SPN_HASH_HEX + 1];
    json_t *ingest;

    film_ingest(f, &film, 1, id);
    (void)work_all(f, &film);
    film_hash(film.name, "video", 0, hex);
    assert_int_equal(blob_put(&f->instance, BLOB_TRACK, hex, "no track", 8, NULL), SPN_OK);
    (void)publish_all(&f->instance, NULL);
    ingest = show(f, id);
    assert_string_equal(text_of(ingest, "state"), "failed");
    assert_string_equal(text_of(json_object_get(ingest, "error"), "code"), "bad_format");
    assert_true(json_is_null(json_object_get(ingest, "publication")));
    json_decref(ingest);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM publication"), 0);
}

/* ---- gc ---- */

static const struct gc_options for_real = { 0 };

static int64_t collect(struct fixture *f, const struct gc_options *options)
{
    struct spn_error err = { 0 };
    json_t *report;
    int64_t files;

    if (gc_run(&f->instance, options, &report, &err) < 0)
        fail_msg("%s", err.text);
    files = number_of(report, "files");
    json_decref(report);
    return files;
}

static void gc_keeps_what_is_used(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];

    film_ingest(f, &film, 1, id);
    (void)work_all(f, &film);
    keep(f);
    f->now_ms += 1000LL * 24 * 3600 * 1000;
    assert_int_equal(collect(f, &for_real), 0);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM source"), 1);
}

static void gc_takes_what_is_not(void **state)
{
    struct gc_options dry = { .dry_run = 1 };
    struct fixture *f = *state;
    char id[SPN_ID_MAX], hex[SPN_HASH_HEX + 1], source[SPN_HASH_HEX + 1];

    film_ingest(f, &film, 0, id);
    (void)work_all(f, &film);
    keep(f);
    asset_name(hex);
    film_hash(film.name, "source", 0, source);
    assert_int_equal(asset_delete(f->db, hex, NULL), SPN_OK);
    assert_int_equal(collect(f, &for_real), 0); /* too young */
    f->now_ms += f->instance.gc_grace_ms + 60000;
    /* source and its index, v0, a0, a1, two texts, sheets and tiles */
    assert_int_equal(collect(f, &dry), 9);
    assert_true(file_there(f, "source/%.2s/%s", source, source));
    assert_int_equal(collect(f, &for_real), 9);
    assert_false(file_there(f, "source/%.2s/%s", source, source));
    assert_int_equal(collect(f, &for_real), 0);
}

/* A month with gc on its schedule: what is live stays, what nobody wants goes when it is old. */
static void gc_by_the_day(void **state)
{
    static const struct film other = { "other.mkv", 1, 1, 0, 0, 0, 0 };
    struct fixture *f = *state;
    char id[SPN_ID_MAX], made[SPN_ID_MAX], hex[SPN_HASH_HEX + 1], video[SPN_HASH_HEX + 1];

    f->instance.gc_grace_ms = 7LL * 24 * 3600 * 1000;
    film_ingest(f, &film, 1, id);
    (void)work_all(f, &film);
    keep(f);
    publication_of(f, id, made);
    film_ingest(f, &other, 0, id);
    (void)work_all(f, &other);
    keep(f);
    film_hash(other.name, "asset", 0, hex);
    assert_int_equal(asset_delete(f->db, hex, NULL), SPN_OK);
    film_hash(other.name, "video", 0, video);
    assert_int_equal(gc_days(f, 6), 6);
    assert_true(file_there(f, "track/%.2s/%s", video, video));
    assert_int_equal(gc_days(f, 24), 24);
    assert_false(file_there(f, "track/%.2s/%s", video, video));
    film_hash(film.name, "video", 0, video);
    assert_true(file_there(f, "track/%.2s/%s", video, video));
    assert_true(file_there(f, "publication/%s/%s", made + strlen(made) - 2, made));
    assert_int_equal(sql_number(f, "SELECT count(*) FROM rendition"), 5);
    assert_int_equal(publish_withdraw(&f->instance, made, NULL), SPN_OK);
    asset_name(hex);
    assert_int_equal(asset_delete(f->db, hex, NULL), SPN_OK);
    f->now_ms = (int64_t)time(NULL) * 1000; /* its tombstone is of now */
    assert_int_equal(gc_days(f, 6), 6);
    assert_true(file_there(f, "track/%.2s/%s", video, video));
    assert_int_equal(gc_days(f, 3), 3);
    assert_false(file_there(f, "track/%.2s/%s", video, video));
}

static void gc_minds_publications(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], made[SPN_ID_MAX], video[SPN_HASH_HEX + 1];

    film_ingest(f, &film, 1, id);
    (void)work_all(f, &film);
    keep(f);
    publication_of(f, id, made);
    film_hash(film.name, "video", 0, video);
    /* Rows may be lost by whatever accident: what the publication says is what counts. */
    sql_run(f, "DELETE FROM rendition");
    sql_run(f, "DELETE FROM asset");
    f->now_ms += 1000LL * 24 * 3600 * 1000;
    assert_true(collect(f, &for_real) > 0);
    assert_true(file_there(f, "track/%.2s/%s", video, video));
    assert_true(file_there(f, "publication/%s/%s", made + strlen(made) - 2, made));
}

static void gc_after_withdrawal(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], made[SPN_ID_MAX], hex[SPN_HASH_HEX + 1], video[SPN_HASH_HEX + 1];
    const char *fan;

    film_ingest(f, &film, 1, id);
    (void)work_all(f, &film);
    keep(f);
    publication_of(f, id, made);
    fan = made + strlen(made) - 2;
    asset_name(hex);
    film_hash(film.name, "video", 0, video);
    assert_int_equal(publish_withdraw(&f->instance, made, NULL), SPN_OK);
    assert_int_equal(asset_delete(f->db, hex, NULL), SPN_OK);
    assert_int_equal(collect(f, &for_real), 0); /* somebody may be watching to the end */
    assert_true(file_there(f, "track/%.2s/%s", video, video));
    f->now_ms += f->instance.gc_grace_ms + 60000;
    assert_int_equal(collect(f, &for_real), 10);
    assert_false(file_there(f, "track/%.2s/%s", video, video));
    assert_false(file_there(f, "publication/%s/%s", fan, made));
    assert_true(file_there(f, "publication/%s/%s.gone", fan, made)); /* 410 for ever */
}

static void gc_unreadable_publication(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], made[SPN_ID_MAX], hex[SPN_HASH_HEX + 1];
    struct spn_error err;
    json_t *report;

    film_ingest(f, &film, 1, id);
    (void)work_all(f, &film);
    keep(f);
    publication_of(f, id, made);
    assert_int_equal(blob_put(&f->instance, BLOB_PUBLICATION, made, "spoiled", 7, NULL), SPN_OK);
    film_hash("nobody's", "track", 0, hex);
    assert_int_equal(blob_put(&f->instance, BLOB_TRACK, hex, "x", 1, NULL), SPN_OK);
    f->now_ms += 1000LL * 24 * 3600 * 1000;
    assert_true(gc_run(&f->instance, &for_real, &report, &err) < 0);
    assert_non_null(strstr(err.text, made));
    assert_true(file_there(f, "track/%.2s/%s", hex, hex));
}

/* Stopped before its n-th removal, then run again: the same is left, whatever n. */
struct stop {
    int left;
};

static int stop_before(void *opaque, const char *path)
{
    struct stop *stop = opaque;

    (void)path;
    return stop->left-- > 0 ? SPN_OK : SPN_ECANCELED;
}

static void gc_stopped(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], hex[SPN_HASH_HEX + 1];
    int runs = 0;

    film_ingest(f, &film, 0, id);
    (void)work_all(f, &film);
    keep(f);
    asset_name(hex);
    assert_int_equal(asset_delete(f->db, hex, NULL), SPN_OK);
    f->now_ms += f->instance.gc_grace_ms + 60000;
    for (;; runs++) {
        struct stop stop = { 1 };
        struct gc_options options = { .between = stop_before, .opaque = &stop };
        json_t *report = NULL;

        if (gc_run(&f->instance, &options, &report, NULL) >= 0) {
            json_decref(report);
            break;
        }
    }
    assert_int_equal(runs, 8); /* one of the nine each, the last run finds one and ends */
    assert_int_equal(collect(f, &for_real), 0);
}

/* Between two of its steps the same film comes in again. */
struct race {
    struct fixture *fixture;
    int done;
    char id[SPN_ID_MAX];
};

static int ingest_between(void *opaque, const char *path)
{
    struct race *race = opaque;

    (void)path;
    if (!race->done++) {
        film_ingest(race->fixture, &film, 1, race->id);
        (void)work_all(race->fixture, &film);
        keep(race->fixture);
    }
    return SPN_OK;
}

static void gc_raced(void **state)
{
    struct fixture *f = *state;
    struct race race = { .fixture = f };
    struct gc_options options = { .between = ingest_between, .opaque = &race };
    char id[SPN_ID_MAX], hex[SPN_HASH_HEX + 1];

    film_ingest(f, &film, 0, id);
    (void)work_all(f, &film);
    keep(f);
    asset_name(hex);
    assert_int_equal(asset_delete(f->db, hex, NULL), SPN_OK);
    f->now_ms += f->instance.gc_grace_ms + 60000;
    assert_int_equal(collect(f, &options), 0);
    assert_string_equal(ingest_state_of(f, race.id), "ready");
}

/* Between two of its steps somebody withdraws and deletes. */
static int delete_between(void *opaque, const char *path)
{
    struct race *race = opaque;
    char hex[SPN_HASH_HEX + 1];

    (void)path;
    if (!race->done++) {
        asset_name(hex);
        assert_int_equal(publish_withdraw(&race->fixture->instance, race->id, NULL), SPN_OK);
        assert_int_equal(asset_delete(race->fixture->db, hex, NULL), SPN_OK);
    }
    return SPN_OK;
}

static void gc_deleted_meanwhile(void **state)
{
    struct fixture *f = *state;
    struct race race = { .fixture = f };
    struct gc_options options = { .between = delete_between, .opaque = &race };
    char id[SPN_ID_MAX], hex[SPN_HASH_HEX + 1], video[SPN_HASH_HEX + 1];

    film_ingest(f, &film, 1, id);
    (void)work_all(f, &film);
    keep(f);
    publication_of(f, id, race.id);
    film_hash("nobody's", "track", 0, hex);
    film_hash(film.name, "video", 0, video);
    assert_int_equal(blob_put(&f->instance, BLOB_TRACK, hex, "x", 1, NULL), SPN_OK);
    f->now_ms += f->instance.gc_grace_ms + 60000;
    (void)collect(f, &options);
    assert_int_equal(race.done > 0, 1);
    /* Those who watch it may go on: the publication named it when gc began. */
    assert_true(file_there(f, "track/%.2s/%s", video, video));
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        TEST("a file becomes an asset, and its pieces go", whole_way),
        TEST("a worker is told all it needs", specs_are_complete),
        TEST("the same film again is the same asset, done at once", twice_is_once),
        TEST("the same film twice at once is encoded once", twice_at_once),
        TEST("what is asked for besides is made besides, and texts stay", more_subtitles),
        TEST("other settings wait until the asset is done", other_settings_wait),
        TEST("what is canceled stops and leaves no asset", canceled),
        TEST("an asset that another ingest wants is not canceled", shared_is_not_canceled),
        TEST("a refused ingest leaves no title, and one tried again makes it",
             refused_leaves_no_title),
        TEST("what is canceled takes the title that it made with it", canceled_takes_its_title),
        TEST("a title that was changed or is ready to be shown stays", used_title_stays),
        TEST("a title that was there before stays", given_title_stays),
        TEST("a result that names another film's asset or files changes nothing", others_are_safe),
        TEST("a result that lacks something changes nothing", bad_results),
        TEST("an ingest that is to be published is ready when it can be watched", published),
        TEST("the same film published twice is one publication", published_once),
        TEST("what is withdrawn is gone, and only then its asset can go", withdrawn),
        TEST("an asset that cannot be read is not half published", spoiled_track),
        TEST("gc keeps what is used, however old", gc_keeps_what_is_used),
        TEST("gc takes what nothing refers to, after the grace", gc_takes_what_is_not),
        TEST("gc runs once a day: what is live stays for ever, what nobody wants goes after the "
             "grace",
             gc_by_the_day),
        TEST("gc keeps what a publication names, whatever the rows say", gc_minds_publications),
        TEST("gc takes what a withdrawn publication named, after the grace", gc_after_withdrawal),
        TEST("gc takes nothing when a publication cannot be read", gc_unreadable_publication),
        TEST("gc stopped at any step goes on the next time", gc_stopped),
        TEST("gc leaves alone what comes in again between its steps", gc_raced),
        TEST("gc keeps what was live when it began", gc_deleted_meanwhile),
    };

    fixture_arguments(argc, argv);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ingest", tests, NULL, NULL);
}

/* test_queue.c - jobs: claimed once, committed once, never by one whose lease has gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalogue/ingest.h"
#include "fixture.h"
#include "work/job.h"

static const struct film small = { "small.mkv", 3, 1, 1, 0, 0, 0 };

static int job_fails(struct fixture *f, const json_t *job, const char *code)
{
    return job_fail(&f->instance, f->db, text_of(job, "id"), number_of(job, "fence"), code,
                    "it did not work", NULL);
}

/* The film examined, so that there are chunks to claim. */
static void examined(struct fixture *f, const struct film *film, char id[SPN_ID_MAX])
{
    json_t *job;

    film_ingest(f, film, 0, id);
    job = work_claim(f, "w");
    assert_string_equal(text_of(job, "kind"), "examine");
    assert_int_equal(work_commit(f, job, work_do(f, film, job)), SPN_OK);
    json_decref(job);
}

static void nothing_to_claim(void **state)
{
    assert_null(work_claim(*state, "w"));
}

static void one_worker_gets_it(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];
    json_t *job;

    film_ingest(f, &small, 0, id);
    job = work_claim(f, "first");
    assert_non_null(job);
    assert_int_equal(number_of(job, "fence"), 1);
    assert_null(work_claim(f, "second"));
    json_decref(job);
}

static void order_of_kinds(void **state)
{
    static const char *const want[] = { "text", "audio", "chunk", "chunk", "chunk" };
    struct fixture *f = *state;
    char id[SPN_ID_MAX];

    examined(f, &small, id);
    for (size_t i = 0; i < 5; i++) {
        json_t *job = work_claim(f, "w");

        assert_string_equal(text_of(job, "kind"), want[i]);
        if (i >= 2)
            assert_int_equal(number_of(json_object_get(job, "spec"), "chunk"), i - 2);
        json_decref(job);
    }
    assert_null(work_claim(f, "w"));
}

static void memory_is_minded(void **state)
{
    struct fixture *f = *state;
    struct job_claim claim = { "w", ",chunk,", 599 };
    char id[SPN_ID_MAX];
    json_t *job;

    examined(f, &small, id);
    assert_int_equal(job_claim(&f->instance, f->db, &claim, &job, NULL), 0);
    claim.memory_mb = 600;
    assert_int_equal(job_claim(&f->instance, f->db, &claim, &job, NULL), 1);
    json_decref(job);
}

static void dead_lease(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];
    json_t *old, *new;

    film_ingest(f, &small, 0, id);
    old = work_claim(f, "dies");
    f->now_ms += 60 * 1000 - 1;
    assert_null(work_claim(f, "waits"));
    f->now_ms += 1;
    new = work_claim(f, "lives");
    assert_non_null(new);
    assert_string_equal(text_of(old, "id"), text_of(new, "id"));
    assert_int_equal(number_of(new, "fence"), 2);
    assert_int_equal(work_commit(f, old, work_do(f, &small, old)), SPN_ECONFLICT);
    assert_int_equal(job_fails(f, old, "bad_format"), SPN_ECONFLICT);
    assert_int_equal(job_beat(&f->instance, f->db, text_of(old, "id"), 1, 1, 2, "", NULL),
                     SPN_ECONFLICT);
    assert_int_equal(job_release(&f->instance, f->db, text_of(old, "id"), 1, NULL), SPN_ECONFLICT);
    assert_string_equal(ingest_state_of(f, id), "examining");
    assert_int_equal(work_commit(f, new, work_do(f, &small, new)), SPN_OK);
    json_decref(old);
    json_decref(new);
}

static void beat_keeps_it(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];
    json_t *job;

    film_ingest(f, &small, 0, id);
    job = work_claim(f, "w");
    for (int i = 0; i < 10; i++) {
        f->now_ms += 50 * 1000;
        assert_int_equal(
            job_beat(&f->instance, f->db, text_of(job, "id"), 1, i, 10, "frames", NULL), SPN_OK);
        assert_null(work_claim(f, "other"));
    }
    json_decref(job);
}

static void commit_twice(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];
    json_t *job, *result;

    film_ingest(f, &small, 0, id);
    job = work_claim(f, "w");
    result = work_do(f, &small, job);
    assert_int_equal(work_commit(f, job, json_incref(result)), SPN_OK);
    assert_int_equal(work_commit(f, job, result), SPN_OK);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM job WHERE kind = 'chunk'"), 3);
    json_decref(job);
}

static void commit_without_file(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], hex[SPN_HASH_HEX + 1], path[256];
    json_t *job, *result;

    film_ingest(f, &small, 0, id);
    job = work_claim(f, "w");
    result = work_do(f, &small, job);
    film_hash(small.name, "source", 0, hex);
    (void)snprintf(path, sizeof(path), "%s/source/%.2s/%s", f->dir, hex, hex);
    assert_int_equal(remove(path), 0);
    assert_int_equal(work_commit(f, job, result), SPN_ECONFLICT);
    assert_string_equal(ingest_state_of(f, id), "examining");
    json_decref(job);
    f->now_ms += 60 * 1000;
    assert_int_equal(work_all(f, &small), 7);
    assert_string_equal(ingest_state_of(f, id), "ready");
}

static void released_untried(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];
    json_t *job;

    film_ingest(f, &small, 0, id);
    job = work_claim(f, "w");
    assert_int_equal(job_release(&f->instance, f->db, text_of(job, "id"), 1, NULL), SPN_OK);
    json_decref(job);
    assert_int_equal(sql_number(f, "SELECT tries FROM job"), 0);
    job = work_claim(f, "w");
    assert_int_equal(number_of(job, "fence"), 2);
    json_decref(job);
}

static void crash_three_times(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];

    film_ingest(f, &small, 0, id);
    for (int i = 0; i < 3; i++) {
        json_t *job = work_claim(f, "w");

        assert_non_null(job);
        assert_int_equal(job_fails(f, job, "crash"), SPN_OK);
        json_decref(job);
    }
    assert_null(work_claim(f, "w"));
    assert_string_equal(ingest_state_of(f, id), "failed");
}

/* Is the ingest shown as paused, with that note? Not at all where it is NULL. */
static void paused_as(struct fixture *f, const char *id, const char *note)
{
    const json_t *progress;
    json_t *ingest;

    assert_true(ingest_show(&f->instance, f->db, id, &ingest, NULL) >= 0);
    progress = json_object_get(ingest, "progress");
    assert_int_equal(json_is_true(json_object_get(progress, "paused")), note != NULL);
    if (note)
        assert_string_equal(text_of(progress, "note"), note);
    json_decref(ingest);
}

/* So full that no row can be written: nobody can say that a job is paused, and it is seen. */
static void disk_full_to_the_last(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];

    film_ingest(f, &small, 0, id);
    paused_as(f, id, NULL);
    f->room = -f->instance.room_min + INSTANCE_FULL - 1;
    paused_as(f, id, "the disk of the data directory is full; make room, and it goes on");
    f->room++;
    paused_as(f, id, NULL);
}

static void disk_full_pauses(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];
    json_t *job;

    film_ingest(f, &small, 0, id);
    job = work_claim(f, "w");
    assert_int_equal(job_fails(f, job, "disk_full"), SPN_OK);
    json_decref(job);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM job WHERE state = 'paused'"), 1);
    assert_string_equal(ingest_state_of(f, id), "examining");
    paused_as(f, id, "it did not work; make room, and it goes on");
    f->now_ms += 29 * 1000;
    assert_null(work_claim(f, "w"));
    f->now_ms += 1000;
    f->room = 0;
    assert_null(work_claim(f, "w"));
    f->room = 1;
    job = work_claim(f, "w");
    assert_non_null(job);
    json_decref(job);
}

static void try_again_later(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];

    film_ingest(f, &small, 0, id);
    for (int i = 0; i < 10; i++) {
        json_t *job = work_claim(f, "w");

        assert_non_null(job);
        assert_int_equal(job_fails(f, job, "try_again"), SPN_OK);
        json_decref(job);
        assert_null(work_claim(f, "w"));
        f->now_ms += 300 * 1000;
    }
    assert_null(work_claim(f, "w"));
    assert_string_equal(ingest_state_of(f, id), "failed");
}

static void refused_is_final(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];
    json_t *job;

    film_ingest(f, &small, 0, id);
    job = work_claim(f, "w");
    assert_int_equal(job_fails(f, job, "unsupported"), SPN_OK);
    assert_int_equal(job_fails(f, job, "unsupported"), SPN_OK); /* its answer was lost */
    json_decref(job);
    assert_null(work_claim(f, "w"));
    assert_string_equal(ingest_state_of(f, id), "refused");
}

static void one_fails_all_wait(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX], failed[SPN_ID_MAX];
    json_t *job;

    examined(f, &small, id);
    job = work_claim(f, "w");
    (void)strcpy(failed, text_of(job, "id"));
    assert_int_equal(job_fails(f, job, "bad_format"), SPN_OK);
    json_decref(job);
    assert_null(work_claim(f, "w"));
    assert_string_equal(ingest_state_of(f, id), "failed");
    assert_int_equal(job_retry(&f->instance, f->db, failed, NULL), SPN_OK);
    assert_string_equal(ingest_state_of(f, id), "encoding");
    assert_int_equal(work_all(f, &small), 6);
    assert_string_equal(ingest_state_of(f, id), "ready");
}

static void done_is_not_retried(void **state)
{
    struct fixture *f = *state;
    char id[SPN_ID_MAX];
    json_t *job;

    film_ingest(f, &small, 0, id);
    job = work_claim(f, "w");
    assert_int_equal(work_commit(f, job, work_do(f, &small, job)), SPN_OK);
    assert_int_equal(job_retry(&f->instance, f->db, text_of(job, "id"), NULL), SPN_ECONFLICT);
    assert_int_equal(job_retry(&f->instance, f->db, "job_none", NULL), SPN_ENOENT);
    json_decref(job);
}

/*
 * Many workers that crash, sleep over their leases and come back, on a few films: each job is
 * committed once, each film becomes ready once, and no word with an old fence counts.
 */
#define WORKERS 8
#define FILMS   4

static void many_workers(void **state)
{
    static const char *const names[FILMS] = { "a.mkv", "b.mkv", "c.mkv", "d.mkv" };
    struct fixture *f = *state;
    struct film films[FILMS];
    char ids[FILMS][SPN_ID_MAX];
    json_t *hands[WORKERS] = { 0 };
    unsigned stale = 0, commits = 0;

    for (unsigned i = 0; i < FILMS; i++) {
        films[i] = (struct film){ names[i], 2 + i, 1, i % 2, 0, 0, i == 0 };
        film_ingest(f, &films[i], 0, ids[i]);
    }
    for (unsigned step = 0; step < 20000; step++) {
        json_t **hand = &hands[fixture_random(f, WORKERS)];
        const struct film *film = NULL;

        f->now_ms += fixture_random(f, 4000);
        if (!*hand) {
            *hand = work_claim(f, "w");
            if (!*hand && sql_number(f, "SELECT count(*) FROM job WHERE state <> 'done'") == 0)
                break;
            continue;
        }
        for (unsigned i = 0; i < FILMS; i++) {
            const json_t *spec = json_object_get(*hand, "spec");
            char hex[SPN_HASH_HEX + 1];

            film_hash(names[i], "asset", 0, hex);
            if (strcmp(text_of(spec, "asset"), hex) == 0 ||
                strcmp(text_of(spec, "name"), names[i]) == 0)
                film = &films[i];
        }
        assert_non_null(film);
        switch (fixture_random(f, 8)) {
        case 0: /* killed: the job is forgotten, nobody says so */
            json_decref(*hand);
            *hand = NULL;
            break;
        case 1: /* asleep, maybe for longer than the lease */
            f->now_ms += fixture_random(f, 90 * 1000);
            break;
        case 2:
        case 3: {
            int ret = job_beat(&f->instance, f->db, text_of(*hand, "id"), number_of(*hand, "fence"),
                               1, 2, "frames", NULL);

            if (ret == SPN_ECONFLICT) {
                stale++;
                json_decref(*hand);
                *hand = NULL;
            } else {
                assert_int_equal(ret, SPN_OK);
            }
            break;
        }
        default: {
            char sql[256];
            int64_t fence;
            int ret, mine;

            (void)snprintf(sql, sizeof(sql), "SELECT fence FROM job WHERE id = '%s'",
                           text_of(*hand, "id"));
            fence = sql_number(f, sql);
            mine = fence == number_of(*hand, "fence");
            ret = work_commit(f, *hand, work_do(f, film, *hand));
            assert_int_equal(ret, mine ? SPN_OK : SPN_ECONFLICT);
            commits += mine ? 1 : 0;
            stale += mine ? 0 : 1;
            json_decref(*hand);
            *hand = NULL;
        }
        }
    }
    for (unsigned i = 0; i < WORKERS; i++)
        json_decref(hands[i]);
    for (unsigned i = 0; i < FILMS; i++)
        assert_string_equal(ingest_state_of(f, ids[i]), "ready");
    /* examine, chunks, audio, text, assemble, storyboard */
    assert_int_equal(commits, FILMS + (2 + 3 + 4 + 5) + FILMS + 2 + FILMS + 1);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM job"), commits);
    assert_true(stale > 0);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        TEST("where there is no job nobody gets one", nothing_to_claim),
        TEST("a job is given to one worker", one_worker_gets_it),
        TEST("texts come before sound, sound before chunks, chunks in order", order_of_kinds),
        TEST("a worker is not given more than its memory", memory_is_minded),
        TEST("a job whose lease ran out goes to another, and the first is refused", dead_lease),
        TEST("a worker that beats keeps its job", beat_keeps_it),
        TEST("the same commit twice counts once", commit_twice),
        TEST("a commit of a file that is not there does not count", commit_without_file),
        TEST("a job handed back was not tried", released_untried),
        TEST("a crash is tried again twice", crash_three_times),
        TEST("a full disk pauses a job until there is room", disk_full_pauses),
        TEST("a disk that is full to the last byte is told without a row", disk_full_to_the_last),
        TEST("what may work later is tried ten times, ever later", try_again_later),
        TEST("a file that cannot be shown is refused at once", refused_is_final),
        TEST("when one job fails the others wait for its retry", one_fails_all_wait),
        TEST("a job that is done is not tried again", done_is_not_retried),
        TEST("with many workers that crash each job is committed once", many_workers),
    };

    fixture_arguments(argc, argv);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}

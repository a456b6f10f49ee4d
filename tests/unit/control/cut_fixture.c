/* cut_fixture.c - cuts by hand. */
#include "cut_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "cut/cut_build.h"
#include "gc/gc.h"

const struct film first = { "first.mkv", 2, 0, 1, 0, 0, 1 };
const struct film second = { "second.mkv", 2, 0, 1, 0, 0, 1 };

struct insert_body {
    struct fixture *f;
    const struct spn_composition *composition;
    const struct cut_asset *assets;
    char *id;
};

static int insert_run(struct db *db, void *opaque, struct spn_error *err)
{
    const struct insert_body *body = opaque;
    struct cut_words words = { "a cut", NULL, "", "", NULL, "json", 0, NULL, 0 };

    return cut_insert(&body->f->instance, db, &words, body->composition, body->assets, body->id,
                      err);
}

void cut_of(struct fixture *f, const struct film *const films[], size_t film_count, int64_t frames,
            const struct cut_range *ranges, size_t count, char id[SPN_ID_MAX])
{
    struct spn_clip_asset clip_assets[4] = { 0 };
    struct cut_asset assets[4] = { 0 };
    struct spn_composition *composition;
    struct spn_clip clips[64];
    struct insert_body body = { f, NULL, assets, id };

    for (size_t i = 0; i < film_count; i++) {
        film_hash(films[i]->name, "asset", 0, assets[i].hash);
        (void)snprintf(assets[i].name, sizeof(assets[i].name), "%s", films[i]->name);
        assets[i].rate = clip_assets[i].rate = (struct spn_rate){ 5, 1 };
        assets[i].frames = clip_assets[i].frames = frames;
        assert_int_equal(spn_hash_parse(assets[i].hash, SPN_HASH_HEX, &clip_assets[i].name), 0);
    }
    for (size_t i = 0; i < count; i++)
        clips[i] = (struct spn_clip){ (uint32_t)ranges[i].asset, ranges[i].in, ranges[i].out };
    assert_int_equal(spn_composition_make((struct spn_rate){ 5, 1 }, clip_assets, film_count, clips,
                                          count, NULL, NULL, &composition, NULL),
                     SPN_OK);
    body.composition = composition;
    assert_int_equal(db_transact(f->db, insert_run, &body, NULL), SPN_OK);
    spn_composition_free(composition);
}

int build_run(struct db *db, void *opaque, struct spn_error *err)
{
    const struct id_body *body = opaque;
    struct cut_choice usual = { 0 };

    return cut_build(&body->f->instance, db, body->id, &usual, err);
}

int remove_run(struct db *db, void *opaque, struct spn_error *err)
{
    const struct id_body *body = opaque;

    return cut_delete(db, body->id, err);
}

const char *cut_state(struct fixture *f, const char *id)
{
    static char state[16];
    json_t *cut;

    assert_int_equal(cut_summary(f->db, id, &cut, NULL) >= 0, 1);
    (void)snprintf(state, sizeof(state), "%s", text_of(cut, "state"));
    json_decref(cut);
    return state;
}

void built(struct fixture *f, char id[SPN_ID_MAX])
{
    static const struct cut_range ranges[] = { { 0, 0, 13 }, { 1, 6, 24 } };
    struct id_body body = { f, id, NULL };
    char ingest[SPN_ID_MAX];

    film_ingest(f, &first, 0, ingest);
    (void)work_all(f, &first);
    film_ingest(f, &second, 0, ingest);
    (void)work_all(f, &second);
    cut_of(f, (const struct film *const[]){ &first, &second }, 2, 24, ranges, 2, id);
    assert_int_equal(db_transact(f->db, build_run, &body, NULL), SPN_OK);
    assert_string_equal(cut_state(f, id), "building");
    assert_int_equal(work_all(f, &first), 1);
    assert_string_equal(cut_state(f, id), "ready");
}

void collect(struct fixture *f)
{
    struct gc_options options = { 0 };
    json_t *report;

    f->now_ms += f->instance.gc_grace_ms + 60000;
    assert_int_equal(gc_run(&f->instance, &options, &report, NULL), SPN_OK);
    json_decref(report);
}

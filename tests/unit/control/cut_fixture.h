/*
 * cut_fixture.h - two films and cuts of them, beside the instance of fixture.h.
 */
#ifndef TESTS_CONTROL_CUT_FIXTURE_H
#define TESTS_CONTROL_CUT_FIXTURE_H

#include "cut/cut.h"
#include "fixture.h"

extern const struct film first, second;

struct cut_range {
    int asset;
    int64_t in, out;
};

/* A cut of ranges of films, each of so many frames at 5 a second: its id. */
void cut_of(struct fixture *f, const struct film *const films[], size_t film_count, int64_t frames,
            const struct cut_range *ranges, size_t count, char id[SPN_ID_MAX]);
/* Both films ingested, and a cut of them that has one bridge and is built. */
void built(struct fixture *f, char id[SPN_ID_MAX]);
/* State of a cut, borrowed until the next call. */
const char *cut_state(struct fixture *f, const char *id);
/* gc, a grace and a minute later. */
void collect(struct fixture *f);

/* For db_transact(): opaque is a struct id_body. */
struct id_body {
    struct fixture *f;
    const char *id;
    char *publication;
};
int build_run(struct db *db, void *opaque, struct spn_error *err);
int remove_run(struct db *db, void *opaque, struct spn_error *err);

#endif

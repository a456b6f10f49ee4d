/*
 * fixture.h - an instance with an empty data directory and database, a clock and a chance that the
 * test holds, and a worker that makes canned files and results.
 */
#ifndef TESTS_CONTROL_FIXTURE_H
#define TESTS_CONTROL_FIXTURE_H

#include <jansson.h>

#include "instance.h"

struct fixture {
    struct instance instance;
    struct db *db;
    char dir[64];
    int64_t now_ms;
    int64_t room; /* bytes on the disk that may be written */
    uint64_t seed;
};

/* --database URL of the test's command line, else SQLite in the data directory. */
void fixture_arguments(int argc, char *argv[]);
/* cmocka's setup and teardown: *state is a struct fixture; what was there is gone. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
/* A row of struct CMUnitTest: one test with a fixture of its own. */
#define TEST(sentence, run)                                                                        \
    {                                                                                              \
        sentence, run, fixture_setup, fixture_teardown, NULL                                       \
    }

uint32_t fixture_random(struct fixture *fixture, uint32_t below);

/*
 * The clock goes on by days, an hour at a time, and the daily gc has its turn in each; how often it
 * ran.
 */
unsigned gc_days(struct fixture *fixture, unsigned days);

/* A film as sampan-media would see it. */
struct film {
    const char *name; /* what source and asset are hashed from */
    unsigned chunks;
    unsigned audios, texts, subtitles; /* texts are in the source, subtitles beside it */
    unsigned ladder;                   /* another number is another recipe for every rung */
    int storyboard;
};

void film_hash(const char *name, const char *what, unsigned number, char hex[SPN_HASH_HEX + 1]);
/* What POST /ingests takes (stolen), accepted: its id. */
void ingest_ask(struct fixture *fixture, json_t *request, char id[SPN_ID_MAX]);
/* An ingest of film: its id. */
void film_ingest(struct fixture *fixture, const struct film *film, int publish,
                 char id[SPN_ID_MAX]);

/* Claim whatever there is; NULL when there is nothing. To be json_decref()ed. */
json_t *work_claim(struct fixture *fixture, const char *worker);
/* Make the files of the job and say what it gave. */
json_t *work_do(struct fixture *fixture, const struct film *film, const json_t *job);
int work_commit(struct fixture *fixture, const json_t *job, json_t *result); /* takes result */
/* Claim, do and commit until there is nothing left; how many jobs it was. */
unsigned work_all(struct fixture *fixture, const struct film *film);

const char *text_of(const json_t *object, const char *name);
int64_t number_of(const json_t *object, const char *name);
/* The first column of the first row, or -1. */
int64_t sql_number(struct fixture *fixture, const char *sql);
void sql_run(struct fixture *fixture, const char *sql);
/* state of an ingest, borrowed until the next call. */
const char *ingest_state_of(struct fixture *fixture, const char *id);
int file_there(const struct fixture *fixture, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif

/*
 * rows.h - one row is one test: a table whose first member is the test's sentence becomes cmocka
 * tests.
 */
#ifndef TESTS_UNIT_ROWS_H
#define TESTS_UNIT_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS_MAX 512

struct rows {
    struct CMUnitTest tests[ROWS_MAX];
    size_t count;
};

/* One test: its sentence, what runs, and what it finds in *state. */
static inline void rows_add(struct rows *rows, const char *name, CMUnitTestFunction run,
                            const void *row)
{
    struct CMUnitTest test = { 0 };

    if (rows->count == ROWS_MAX)
        abort();
    test.name = name;
    test.test_func = run;
    memcpy(&test.initial_state, &row, sizeof(row));
    rows->tests[rows->count++] = test;
}

/* Every row of a table. */
#define rows_add_table(rows, table, run)                                                           \
    do {                                                                                           \
        for (size_t rows_i = 0; rows_i < sizeof(table) / sizeof((table)[0]); rows_i++)             \
            rows_add((rows), (table)[rows_i].name, (run), &(table)[rows_i]);                       \
    } while (0)

static inline int rows_run(struct rows *rows, const char *name)
{
    return _cmocka_run_group_tests(name, rows->tests, rows->count, NULL, NULL);
}

#endif

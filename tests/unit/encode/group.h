/*
 * group.h - for tests of sampan-media: the program, and a directory of films that all tests of a
 * group share.
 */
#ifndef TEST_GROUP_H
#define TEST_GROUP_H

#include "rows.h"

extern const char *program; /* sampan-media */
extern const char *dir;     /* is there while group_run() runs */

/*
 * What main() returns: the tests, begin before the first of them and end after the last (or NULL).
 * The arguments are SAMPAN-MEDIA and, where only some tests are to run, a filter of their names.
 */
int group_run(const char *name, struct rows *tests, int argc, char **argv, CMFixtureFunction begin,
              CMFixtureFunction end);

#endif

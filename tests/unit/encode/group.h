/*
 * group.h - for tests of sampan-media: the program, and a directory of films that all tests of a
 * group share.
 */
#ifndef TEST_GROUP_H
#define TEST_GROUP_H

#include "media_run.h"
#include "rows.h"

extern const char *program; /* sampan-media */
extern const char *dir;     /* is there while group_run() runs */

/*
 * What main() returns: the tests, begin before the first of them and end after the last (or NULL).
 * The arguments are SAMPAN-MEDIA and, where only some tests are to run, a filter of their names.
 */
int group_run(const char *name, struct rows *tests, int argc, char **argv, CMFixtureFunction begin,
              CMFixtureFunction end);

/* Fail the test with what the program said unless it exited with 0; answer is finished. */
void media_must(int exited, struct media_run *answer);

/* The first line that ffmpeg says of a file while it decodes it to the end, or "". */
void decode_said(const char *path, char line[256]);
/* It says nothing, or the test fails. */
void decodes_silently(const char *path);

#endif

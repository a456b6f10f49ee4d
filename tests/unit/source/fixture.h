/*
 * fixture.h - small films made by the ffmpeg command for one test each.
 */
#ifndef SAMPAN_TEST_FIXTURE_H
#define SAMPAN_TEST_FIXTURE_H

#include <stddef.h>

/* A directory for this run, made and removed. */
int fixture_init(void **state);
int fixture_finish(void **state);

/* The path of a file in it; borrowed until the next call but three. */
const char *fixture_path(const char *name);

/*
 * Run a shell command in the directory; "ffmpeg" there overwrites, says nothing and reads no
 * terminal. Fails the test with the command when it fails.
 */
void fixture_make(const char *command);

/* Write bytes as a file. */
void fixture_write(const char *name, const void *bytes, size_t size);
/* Cut a file to so many per cent of its bytes. */
void fixture_cut(const char *name, int percent);

#endif

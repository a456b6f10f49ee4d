/*
 * chunk_check.h - does every chunk, decoded alone, give the frames of a decode of the whole?
 */
#ifndef SAMPAN_TEST_CHUNK_CHECK_H
#define SAMPAN_TEST_CHUNK_CHECK_H

#include <stddef.h>

#include "opened.h"

/* SPN_OK, or the first difference in err; what is what was done, for people. */
int chunk_check(const struct opened *opened, char *what, size_t what_size, struct spn_error *err);

#endif

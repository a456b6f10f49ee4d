/*
 * cut_flat_name.h - what the file of a cut is called where people keep files.
 */
#ifndef CONTROL_CUT_FLAT_NAME_H
#define CONTROL_CUT_FLAT_NAME_H

#include <stddef.h>

#include "store/store.h"

/*
 * The name of its title in language (or in one like it, or in the first there is; NULL: the first),
 * where it has none its own, and ".mp4". What a file system or a shell might not take is left out
 * or becomes "_"; at most most bytes, cut between two characters. out has most + 8.
 */
int cut_flat_name(struct db *db, const char *cut, const char *language, size_t most, char *out,
                  struct spn_error *err);

#endif

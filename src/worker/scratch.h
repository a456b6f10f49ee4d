/*
 * scratch.h - where one worker makes its files, and what dead workers left.
 */
#ifndef WORKER_SCRATCH_H
#define WORKER_SCRATCH_H

#include "sampan/file.h"

/*
 * Make DATA/tmp/worker/NAME and hold its lock: *lock is the descriptor, path the directory. Before
 * that, the directories of workers that are dead (whose lock nobody holds) are removed with all
 * that is in them. name has no slash. SPN_ECONFLICT: a living worker has this name.
 */
int scratch_open(const char *data, const char *name, char path[SPN_PATH_MAX], int *lock,
                 struct spn_error *err);
/* Remove the directory and let go of the lock. */
void scratch_close(const char *path, int lock);

#endif

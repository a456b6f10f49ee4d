/* pieces.h - what chunks left in tmp/asset, once the asset is ready. */
#ifndef CONTROL_PIECES_H
#define CONTROL_PIECES_H

#include "instance.h"

/* Remove tmp/asset/ASSET of every asset that is ready. */
int pieces_remove(const struct instance *instance, struct db *db, struct spn_error *err);
/* A folder and the files in it (no folders in it), not synced: for temporary things alone. */
int folder_remove(const char *path, struct spn_error *err);

#endif

/* build.h - the bytes of a publication from the rows and files of an asset or a cut. */
#ifndef CONTROL_BUILD_H
#define CONTROL_BUILD_H

#include "instance.h"
#include "sampan/buffer.h"

/* Append the publication id of asset, whole and open, to out. The same rows give the same bytes. */
int publication_build(const struct instance *instance, struct db *db, const char *id,
                      const char *asset, struct spn_buffer *out, struct spn_error *err);
/* The same of a cut that is ready. SPN_EMISMATCH: a bridge is not what the cut needs. */
int publication_build_cut(const struct instance *instance, struct db *db, const char *id,
                          const char *cut, struct spn_buffer *out, struct spn_error *err);

#endif

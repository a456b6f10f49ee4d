/*
 * program.h - where the other programs of this installation are.
 */
#ifndef SAMPAN_PROGRAM_H
#define SAMPAN_PROGRAM_H

#include "sampan/error.h"
#include "sampan/file.h"

/*
 * The absolute path of a program (or of the nginx module) by its name: in $SAMPAN_LIBEXEC, beside
 * the program that asks, in ../libexec/sampan and the library directory's sampan from it, or where
 * the build puts it. SPN_ENOENT: nowhere; the sentence says where it was looked for.
 */
int program_find(const char *name, char out[SPN_PATH_MAX], struct spn_error *err);
/* The directory share/sampan/NAME likewise: of an installation, or NAME of the checkout built from.
 */
int program_share(const char *name, char out[SPN_PATH_MAX], struct spn_error *err);

#endif

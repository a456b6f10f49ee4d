/* named.h - the set of names that publications refer to. */
#ifndef CONTROL_NAMED_H
#define CONTROL_NAMED_H

#include "instance.h"

struct named {
    struct spn_hash *names; /* sorted once it is complete */
    size_t count, capacity;
};

/*
 * Read every publication file below the data directory that is live, or was withdrawn less than the
 * grace ago. Any that cannot be read is an error: then nothing may be collected.
 */
int named_read(const struct instance *instance, struct named *named, struct spn_error *err);
int named_has(const struct named *named, const struct spn_hash *name);
void named_finish(struct named *named);

/*
 * Call each for the files two levels below DATA/FOLDER ("ab/NAME"), in no order. A negative code
 * stops it.
 */
typedef int folder_each(void *opaque, const char *path, const char *name, struct spn_error *err);
int folder_walk(const struct instance *instance, const char *folder, folder_each *each,
                void *opaque, struct spn_error *err);
/* How long ago path was last written, renamed or linked; negative: it is not there. */
int64_t file_age_ms(const struct instance *instance, const char *path, int64_t *bytes);

#endif

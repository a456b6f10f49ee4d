/*
 * cut_flat.h - a built cut as one ordinary MP4, for delivery elsewhere: asked for, made by a worker
 * (docs/formats/jobs.md "flatten"), kept while somebody wants it.
 *
 * One file for each rung that was asked for, with all the sound of the cut in it. It is named by
 * its recipe: what is there is not made again, for this cut or another. gc takes it when nobody
 * asked for it in the grace.
 */
#ifndef CONTROL_CUT_FLAT_H
#define CONTROL_CUT_FLAT_H

#include "work/kind.h"

#define FLAT_NAME_MAX 200 /* bytes of a name for people, without the NUL */

/*
 * Have it made, of the rung with that id ("v1"), or where rung is NULL of the one with the most
 * pixels; *place is its number. SPN_ECONFLICT: the cut is not built, or is not what its list says.
 * SPN_ENOSPC: the disk has no room for it; nothing was begun. SPN_EINVAL: no such rung. Inside a
 * transaction.
 */
int cut_flatten(const struct instance *instance, struct db *db, const char *id, const char *rung,
                int64_t *place, struct spn_error *err);

/*
 * What is known of it: {"cut","rung","state","bytes","sha256","file","file_name",…}; state is none,
 * making, ready or failed. language (may be NULL): whose name of the title file_name is.
 */
int cut_flat_show(const struct instance *instance, struct db *db, const char *id, int64_t place,
                  const char *language, json_t **out, struct spn_error *err);

/* "v1" is 1. SPN_ENOENT: it is no rung's id. */
int cut_flat_place(const char *rung, int64_t *place, struct spn_error *err);

struct flat_file {
    char name[SPN_HASH_HEX + 1], sha256[SPN_HASH_HEX + 1];
    int64_t bytes;
    char file_name[FLAT_NAME_MAX + 8]; /* UTF-8, ".mp4" at its end, fit for any file system */
};

/*
 * The file itself; that somebody wants it is noted. SPN_ENOENT: nobody asked for it. SPN_ECONFLICT:
 * it is not there yet.
 */
int cut_flat_find(const struct instance *instance, struct db *db, const char *id, int64_t place,
                  const char *language, struct flat_file *out, struct spn_error *err);

/* Functions of the kind `flatten` (work/kind.h). */
int flat_job_files(const struct instance *instance, const struct kind_job *job,
                   const json_t *result, struct spn_error *err);
int flat_job_done(const struct instance *instance, struct db *db, const struct kind_job *job,
                  const json_t *result, struct spn_error *err);
int flat_job_failed(const struct instance *instance, struct db *db, const struct kind_job *job,
                    const char *code, const char *text, struct spn_error *err);
int flat_job_again(const struct instance *instance, struct db *db, const struct kind_job *job,
                   struct spn_error *err);

#endif

/*
 * cut_verify.h - whether a built cut is what its list says: asked for, found out by workers, kept.
 *
 * A job for every rendition of picture and sound (docs/formats/jobs.md "verify"); text is verified
 * here. What was found stays with the cut until it is built again or verified again.
 */
#ifndef CONTROL_CUT_VERIFY_H
#define CONTROL_CUT_VERIFY_H

#include "work/kind.h"

/*
 * Have the cut verified; nothing is done where that is under way. SPN_ECONFLICT: it is not built.
 * Inside a transaction.
 */
int cut_verify(const struct instance *instance, struct db *db, const char *id,
               struct spn_error *err);

/*
 * What is known: {"state","begun","ended","fault_count","progress","renditions"}; state is none,
 * running, passed, failed (there are faults) or broken (something could not be looked at). Without
 * measured the renditions have their faults and no figures.
 */
int cut_verification(struct db *db, const char *id, int measured, json_t **out,
                     struct spn_error *err);

/* 1: faults were found when it was verified last; the first is in *err. 0: none, or not verified.
 */
int cut_verify_failed(struct db *db, const char *id, struct spn_error *err);

/* Functions of the kind `verify` (work/kind.h). */
int verify_job_files(const struct instance *instance, const struct kind_job *job,
                     const json_t *result, struct spn_error *err);
int verify_job_done(const struct instance *instance, struct db *db, const struct kind_job *job,
                    const json_t *result, struct spn_error *err);
int verify_job_failed(const struct instance *instance, struct db *db, const struct kind_job *job,
                      const char *code, const char *text, struct spn_error *err);
int verify_job_again(const struct instance *instance, struct db *db, const struct kind_job *job,
                     struct spn_error *err);

#endif

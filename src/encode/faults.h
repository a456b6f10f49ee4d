/*
 * faults.h - what a verification found wrong in one rendition of a cut, each with its place.
 */
#ifndef ENCODE_FAULTS_H
#define ENCODE_FAULTS_H

#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

#include "sampan/composition.h"

#define FAULTS_TOLD_MAX 50 /* of a rendition; the rest is counted */

struct faults {
    const char *rendition; /* borrowed: "v0" */
    const struct spn_composition *composition;
    int drop; /* timecodes are of drop frame */
    json_t *told;
    size_t count;
};

/* Zero-initialised but for the first three members; told belongs to the caller afterwards. */
int faults_init(struct faults *faults, struct spn_error *err);

/*
 * One fault at a frame of the timeline: check is its stable name ("picture.equal", …). What is told
 * is {"check","rendition","join","frame","text"}, the sentence beginning with where it is.
 */
void fault_add(struct faults *faults, const char *check, int64_t frame, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif

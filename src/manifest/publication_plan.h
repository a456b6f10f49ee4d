/* publication_plan.h - whether a plan of a publication is one that can be made. */
#ifndef MANIFEST_PUBLICATION_PLAN_H
#define MANIFEST_PUBLICATION_PLAN_H

#include "sampan/error.h"
#include "sampan/publication.h"

/* SPN_EINVAL, SPN_ELIMIT, SPN_EMISMATCH (sampan/publication.h): what is wrong with it, and where.
 */
int spn_plan_check(const struct spn_publication_plan *plan, struct spn_error *err);

#endif

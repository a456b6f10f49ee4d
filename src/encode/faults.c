/* faults.c - what a verification found wrong in one rendition of a cut. */
#include "faults.h"

#include <stdarg.h>

#include "sampan/composed.h"
#include "sampan/error.h"

int faults_init(struct faults *faults, struct spn_error *err)
{
    faults->told = json_array();
    return faults->told ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "no memory for a report");
}

void fault_add(struct faults *faults, const char *check, int64_t frame, const char *format, ...)
{
    struct spn_error what, text;
    va_list args;

    if (faults->count++ >= FAULTS_TOLD_MAX)
        return;
    va_start(args, format);
    (void)spn_error_setv(&what, SPN_EMISMATCH, format, args);
    va_end(args);
    spn_composed_sentence(faults->composition, faults->rendition, frame, faults->drop, what.text,
                          &text);
    (void)json_array_append_new(faults->told,
                                json_pack("{s:s,s:s,s:I,s:I,s:s}", "check", check, "rendition",
                                          faults->rendition, "join",
                                          (json_int_t)spn_composed_join(faults->composition, frame),
                                          "frame", (json_int_t)frame, "text", text.text));
}

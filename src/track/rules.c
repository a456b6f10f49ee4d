/* rules.c - who is told that a rule is broken. */
#include "rules.h"

#include <stdio.h>

const struct spn_rule_row spn_rule_rows[SPN_RULE_COUNT] = {
#define SPN_RULE_ROW(id, name, open, text) [SPN_RULE_##id] = { name, text, open },
    SPN_RULES(SPN_RULE_ROW)
#undef SPN_RULE_ROW
};

int spn_rule_broken(struct spn_judge *judge, enum spn_rule rule, const char *format, ...)
{
    const struct spn_rule_row *row = &spn_rule_rows[rule];
    struct spn_error found;
    va_list args;

    judge->hits++;
    if (judge->judging == SPN_JUDGE_SILENT || (judge->judging == SPN_JUDGE_REFUSE && !row->open) ||
        judge->seen[rule])
        return SPN_OK;
    judge->seen[rule] = 1;
    judge->broken++;
    va_start(args, format);
    (void)spn_error_setv(&found, SPN_EFORMAT, format, args);
    va_end(args);
    if (judge->judging == SPN_JUDGE_REFUSE)
        return spn_error_set(judge->err, SPN_EFORMAT, "%s: %s (rule %s: %s)", judge->name,
                             found.text, row->name, row->text);
    if (judge->report)
        judge->report(judge->opaque, row->name, found.text);
    return SPN_OK;
}

#include "command.h"
#include "output.h"

#include <string.h>

const struct option help_options[] = {
    { "man", NULL, "Print the manual page: sampan(1), or sampan.conf(5) with `settings`." },
    { NULL, NULL, NULL },
};

int cmd_help(struct typed *typed, struct spn_error *err)
{
    const char *name = typed->operand_count ? typed->operands[0] : NULL;
    const struct command *command;

    if (name && !strcmp(name, "settings")) {
        if (typed_has(typed, "man")) {
            conf_man(stdout);
        } else {
            fputs("What can be set, as flags or in DIR/sampan.conf (there with _ for -):\n\n",
                  stdout);
            settings_help(stdout, ~0u);
        }
        return SPN_OK;
    }
    if (typed_has(typed, "man")) {
        commands_man(stdout);
        return SPN_OK;
    }
    if (!name) {
        commands_help(stdout);
        return SPN_OK;
    }
    command = command_find(name);
    if (!command)
        return spn_error_set(err, SPN_EINVAL, "there is no command %.100s", name);
    command_help(stdout, command);
    return SPN_OK;
}

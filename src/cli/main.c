/* sampan: what people type. */
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "output.h"

static const struct option common[] = {
    { "json", NULL, "Answer with one JSON object on standard output." },
    { "help", NULL, "Say what the command does and what can be set." },
    { NULL, NULL, NULL },
};

static int take(void *opaque, const struct option *option, const char *value, struct spn_error *err)
{
    struct typed *typed = opaque;

    (void)err;
    if (option) {
        typed->options[typed->option_count].option = option;
        typed->options[typed->option_count++].value = value;
    } else {
        typed->operands[typed->operand_count++] = value;
    }
    return SPN_OK;
}

/* The command's own options and the common ones, in one table. */
static struct option *options_joined(const struct command *command)
{
    size_t own = 0, count = 0;
    struct option *out;

    while (command->options && command->options[own].name)
        own++;
    out = calloc(own + sizeof(common) / sizeof(common[0]), sizeof(*out));
    if (!out)
        return NULL;
    for (; count < own; count++)
        out[count] = command->options[count];
    memcpy(out + own, common, sizeof(common));
    return out;
}

static int command_usage(const struct command *command, const struct typed *typed,
                         const struct spn_error *err)
{
    for (int i = 1; i < typed->argc; i++) /* it may come after what could not be taken apart */
        if (!strcmp(typed->argv[i], "--json")) {
            output_json(json_pack("{s{ssss}}", "error", "code", spn_code_name(SPN_EINVAL), "text",
                                  err->text));
            break;
        }
    fprintf(stderr, "sampan %s: %s\nusage: sampan %s [OPTION]… %s\nsee `sampan help %s`\n",
            command->name, err->text, command->name, command->arguments, command->name);
    return EXIT_USAGE;
}

static int command_failed(const struct command *command, const struct typed *typed, int code,
                          const struct spn_error *err)
{
    if (err->text[0])
        fprintf(stderr, "sampan %s: %s\n", command->name, err->text);
    if (typed->json && err->text[0])
        output_json(
            json_pack("{s{ssss}}", "error", "code", spn_code_name(code), "text", err->text));
    return typed->wrong ? EXIT_USAGE : code == SPN_EAGAIN ? EXIT_AWAY : EXIT_FAILED;
}

static int command_do(const struct command *command, int argc, char **argv)
{
    struct spn_error err = { 0 };
    struct typed typed = { .argc = argc, .argv = argv };
    struct option *options = options_joined(command);
    int ret, status = EXIT_DONE;

    typed.operands = calloc((size_t)argc + 1, sizeof(*typed.operands));
    typed.options = calloc((size_t)argc + 1, sizeof(*typed.options));
    if (!options || !typed.operands || !typed.options) {
        fprintf(stderr, "sampan: out of memory\n");
        status = EXIT_FAILED;
        goto done;
    }
    if (command->raw && (argc < 2 || strcmp(argv[1], "--help"))) {
        ret = command->run(&typed, &err);
        status = ret < 0 ? command_failed(command, &typed, ret, &err) : EXIT_DONE;
        goto done;
    }
    ret =
        settings_read(&typed.settings, command->programs, options, argc, argv, take, &typed, &err);
    if (typed_has(&typed, "help")) {
        command_help(stdout, command);
        goto done;
    }
    typed.json = typed_has(&typed, "json");
    if (ret == SPN_OK && typed.operand_count < command->least)
        ret = spn_error_set(&err, SPN_EINVAL, "it needs %s", command->arguments);
    if (ret == SPN_OK && typed.operand_count > command->most)
        ret = spn_error_set(&err, SPN_EINVAL, "\"%.100s\" is one argument too many",
                            typed.operands[command->most]);
    if (ret < 0) {
        status = command_usage(command, &typed, &err);
        goto done;
    }
    ret = command->run(&typed, &err);
    if (ret < 0)
        status = command_failed(command, &typed, ret, &err);
    if (fflush(stdout) != 0 && status == EXIT_DONE)
        status = EXIT_FAILED;
done:
    free(typed.operands);
    free(typed.options);
    free(options);
    return status;
}

int main(int argc, char **argv)
{
    const struct command *command;

    (void)setlocale(LC_CTYPE, "");
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        commands_help(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
        argv[1] = (char[]){ "help" };
    else if (!strcmp(argv[1], "--version"))
        argv[1] = (char[]){ "version" };
    command = command_find(argv[1]);
    if (!command) {
        fprintf(stderr, "sampan: there is no command %.100s; `sampan help` lists them\n", argv[1]);
        return EXIT_USAGE;
    }
    return command_do(command, argc - 1, argv + 1);
}

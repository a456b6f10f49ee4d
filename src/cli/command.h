/*
 * command.h - the commands of sampan: one table, from which come dispatch, --help and the manual.
 *
 * A command returns SPN_OK or a negative code with its sentence; main() says it and chooses the
 * exit status: 0 done, 1 failed, 2 written wrongly, 3 no instance answers.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdio.h>

#include <jansson.h>

#include "client.h"
#include "sampan/error.h"
#include "settings.h"

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_AWAY = 3 };

/* What was typed, taken apart. Strings are borrowed from argv. */
struct typed {
    struct settings settings;
    const char **operands;
    size_t operand_count;
    struct typed_option {
        const struct option *option;
        const char *value;
    } * options;
    size_t option_count;
    int json;  /* --json */
    int wrong; /* set by a command that fails because it was written wrongly */
    char **argv;
    int argc; /* argv[0] is the command's name */
};

/* The last value of an option, NULL where it was not given; a switch's is "". */
const char *typed_value(const struct typed *typed, const char *name);
int typed_has(const struct typed *typed, const char *name);

typedef int command_run(struct typed *typed, struct spn_error *err);

struct command {
    const char *name;
    const char *arguments;        /* as help shows them: "FILE…" */
    size_t least, most;           /* operands */
    unsigned programs;            /* whose settings are its flags; 0: none */
    const struct option *options; /* its own, beside --json and --help; NULL for none */
    int raw;             /* its arguments are another program's: they are not taken apart */
    const char *summary; /* one line */
    const char *help;    /* paragraphs, one a line */
    command_run *run;
};

extern const struct command commands[];
extern const size_t command_count;
const struct command *command_find(const char *name);

command_run cmd_up, cmd_serve, cmd_worker, cmd_doctor, cmd_ingest, cmd_publish, cmd_unpublish,
    cmd_rm, cmd_ls, cmd_show, cmd_jobs, cmd_retry, cmd_watch, cmd_check, cmd_cut, cmd_gc, cmd_token,
    cmd_version, cmd_help;

extern const struct option doctor_options[], ingest_options[], publish_options[], jobs_options[],
    cut_options[], gc_options[], token_options[], help_options[];

void command_help(FILE *out, const struct command *command);
void commands_help(FILE *out);
void commands_man(FILE *out); /* sampan(1) */
void conf_man(FILE *out);     /* sampan.conf(5) */

/*
 * What every --title of an ingest says, into its request: "title" for one plain name, else "names".
 * SPN_EINVAL: a language twice, or what is not UTF-8.
 */
int ingest_titles(const struct typed *typed, json_t *request, struct spn_error *err);

/* A client of the running instance, with the owner's token. */
int session_open(const struct typed *typed, struct client **out, struct spn_error *err);
/*
 * What viewers reach the running instance as, without a slash at its end: as `sampan up` wrote it
 * down, or as the settings have it. SPN_EINVAL: --port was given, and the instance has another one.
 */
int session_url(const struct typed *typed, char out[SETTING_TEXT_MAX + 32], struct spn_error *err);
/* A made-up key for a call that may be made twice and must be done once. */
void session_key(char out[SPN_ID_MAX]);
/* The kind of a thing by how it is called: "titles", "assets", "publications", "ingests", "jobs".
 */
int session_kind(const char *name, const char **out, struct spn_error *err);

#endif

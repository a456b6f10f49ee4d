/* The table of commands, and what is made from it. */
#include "command.h"

#include <string.h>

#define NONE NULL, 0
#define ANY  ((size_t)-1)

/* clang-format off */
const struct command commands[] = {
    { "up", "", 0, 0, SETTINGS_UP, NONE,
      "Start Sampan on this machine: control, workers and nginx, until Ctrl-C.",
      "Everything is kept in one data directory and served on one port. What stops is started again; "
      "what is being encoded when it is stopped is finished or handed back.\n"
      "Started by root, it goes on as the owner of the data directory. A directory that does not exist "
      "yet is made for the user that --user names.",
      cmd_up },
    { "serve", "", 0, 0, SETTINGS_CONTROL, NULL, 1,
      "Start the API and its database alone.",
      "This is sampan-control, one of the three parts of `sampan up`, for machines that have the others "
      "elsewhere.",
      cmd_serve },
    { "worker", "", 0, 0, SETTINGS_WORKER, NULL, 1,
      "Start a worker alone: it claims jobs over the API and works on them.",
      "This is sampan-worker. On another machine it needs --api, --token-file and the data directory "
      "under the same path.",
      cmd_worker },
    { "doctor", "", 0, 0, SETTINGS_UP, doctor_options, 0,
      "Say what is wrong with this machine, and how to mend it.",
      "Looks at the programs, the nginx module, the encoders, the walls that confine sampan-media, the "
      "data directory and its disk, the port and the clock. Fails when something would keep Sampan from "
      "working.",
      cmd_doctor },
    { "ingest", "FILE…", 1, ANY, SETTINGS_CLIENT, ingest_options, 0,
      "Bring files in: examine, encode and (with --publish) publish them.",
      "Waits until each file was examined, so that one which cannot be shown is refused at once, with "
      "the reason; with --wait until it is ready.",
      cmd_ingest },
    { "cut", "VERB CUT | FILE", 2, 3, SETTINGS_CLIENT, cut_options, 0,
      "Make one film of clips of many assets: import, check, build, verify, flatten, show, export, diff, rm.",
      "`import FILE` makes a cut of an editor's list (CMX3600, OpenTimelineIO, IMF CPL, FCPXML), or says "
      "line by line what is wrong with it.\n"
      "`check CUT` says what would be encoded anew and its price, how far sound is from picture at each "
      "join, which cues are damaged, what drops out, what may not be used.\n"
      "`build CUT` has the bridges at the joins made; then it can be published. Clips that are decoded "
      "otherwise than the rest are refused, or with --convert encoded whole, at the price that check says; "
      "with --audio exact all sound is encoded anew, on the sample.\n"
      "`verify CUT` has the bytes that viewers are sent decoded and held to the list and the assets, frame "
      "by frame; what is wrong is said join by join, and `build` makes it anew.\n"
      "`flatten CUT` has one ordinary MP4 made of it, of one rung and all its sound, to be handed on; nothing is "
      "encoded. With --wait or -o it is fetched too, checked against its SHA-256, and a fetch that was cut "
      "off goes on where it ended.\n"
      "`show CUT` lists its clips, markers and chapters, `export CUT` writes a list, `diff CUT CUT` says what left and what came, "
      "`rm CUT` forgets one.",
      cmd_cut },
    { "publish", "ASSET | CUT", 1, 1, SETTINGS_CLIENT, publish_options, 0,
      "Make a publication of an asset or a cut and print its URLs.", "", cmd_publish },
    { "unpublish", "PUBLICATION…", 1, ANY, SETTINGS_CLIENT, NONE,
      "Withdraw publications: within five seconds their URLs answer 410.", "", cmd_unpublish },
    { "rm", "NAME…", 1, ANY, SETTINGS_CLIENT, NONE,
      "Remove assets, titles, ingests or cuts.",
      "An asset that a live publication shows is kept: withdraw that first. The files go with the next "
      "`sampan gc`.",
      cmd_rm },
    { "ls", "[titles | assets | cuts | publications | ingests]", 0, 1, SETTINGS_CLIENT, NONE,
      "List what there is.", "", cmd_ls },
    { "show", "NAME", 1, 1, SETTINGS_CLIENT, NONE,
      "Show one title, asset, cut, publication, ingest or job: what came in, what was changed and why.", "",
      cmd_show },
    { "jobs", "", 0, 0, SETTINGS_CLIENT, jobs_options, 0,
      "List the jobs that are waiting, running, paused or failed.", "", cmd_jobs },
    { "retry", "NAME…", 1, ANY, SETTINGS_CLIENT, NONE,
      "Try failed ingests or jobs again.", "", cmd_retry },
    { "watch", "[INGEST…]", 0, ANY, SETTINGS_CLIENT, NONE,
      "Show the progress of ingests until they are done; of all that are under way where none is named.",
      "", cmd_watch },
    { "check", "FILE…", 1, ANY, 0, NONE,
      "Hold track files to every rule of the encode contract.",
      "Prints each rule that a file breaks, and fails when there is one. No instance is needed.",
      cmd_check },
    { "gc", "", 0, 0, SETTINGS_CLIENT, gc_options, 0,
      "Remove the files that nothing refers to and that are older than the grace.", "", cmd_gc },
    { "token", "ls | create NAME | rm TOKEN", 1, 2, SETTINGS_CLIENT, token_options, 0,
      "List, make and remove the tokens that the API accepts.",
      "A new token is shown once.", cmd_token },
    { "version", "", 0, 0, 0, NONE, "Print the version.", "", cmd_version },
    { "help", "[COMMAND | settings]", 0, 1, 0, help_options, 0,
      "Say what a command does, or what can be set in sampan.conf.", "", cmd_help },
};
/* clang-format on */
const size_t command_count = sizeof(commands) / sizeof(commands[0]);

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    return NULL;
}

void commands_help(FILE *out)
{
    fputs("usage: sampan COMMAND [OPTION]… [ARGUMENT]…\n\n", out);
    for (size_t i = 0; i < command_count; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("\n`sampan help COMMAND` says more. Every command that speaks to a running Sampan finds "
          "it by "
          "--data\n(or SAMPAN_DATA). Exit status: 0 done, 1 failed, 2 written wrongly, 3 no Sampan "
          "answers.\n",
          out);
}

void command_help(FILE *out, const struct command *command)
{
    fprintf(out, "usage: sampan %s [OPTION]… %s\n\n%s\n", command->name, command->arguments,
            command->summary);
    if (command->help[0])
        fprintf(out, "\n%s\n", command->help);
    fputs("\n", out);
    if (command->options)
        options_help(out, command->options);
    if (!command->raw)
        fputs("  --json                  Answer with one JSON object on standard output.\n", out);
    settings_help(out, command->programs);
}

/* Text in man(7): what would be markup is escaped, what stands in ` is bold. */
static void man_text(FILE *out, const char *text)
{
    int bold = 0;

    for (; *text; text++) {
        if (*text == '`') {
            bold = !bold;
            fputs(bold ? "\\fB" : "\\fR", out);
        } else if (*text == '-') {
            fputs("\\-", out);
        } else if (*text == '\\') {
            fputs("\\e", out);
        } else if (!strncmp(text, "\u2026", 3)) {
            fputs("...", out);
            text += 2;
        } else if (*text == '\n') {
            fputs("\n.PP\n", out);
        } else {
            fputc(*text, out);
        }
    }
}

void commands_man(FILE *out)
{
    fputs(".\\\" Made by `sampan help --man`.\n.TH SAMPAN 1 \"\" \"Sampan\" \"Sampan\"\n"
          ".SH NAME\nsampan \\- a self\\-hosted video cloud\n.SH SYNOPSIS\n.B sampan\n.I COMMAND\n"
          "[\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...\n.SH DESCRIPTION\n",
          out);
    man_text(
        out,
        "A file goes in, and any HLS or DASH player shows it. `sampan up` starts everything on "
        "one machine from one data directory; the other commands speak to it and find it by "
        "--data. An option may be written as --name VALUE or --name=VALUE; what can be set in "
        "sampan.conf(5) too is listed with the command that reads it.");
    fputs("\n.SH COMMANDS\n", out);
    for (size_t i = 0; i < command_count; i++) {
        const struct command *command = &commands[i];

        fprintf(out, ".SS \"sampan %s", command->name);
        if (command->arguments[0]) {
            fputc(' ', out);
            man_text(out, command->arguments);
        }
        fputs("\"\n", out);
        man_text(out, command->summary);
        fputc('\n', out);
        if (command->help[0]) {
            fputs(".PP\n", out);
            man_text(out, command->help);
            fputc('\n', out);
        }
        options_man(out, command->options);
        settings_man(out, command->programs);
    }
    fputs(
        ".SH \"EXIT STATUS\"\n0 done, 1 failed, 2 written wrongly, 3 no Sampan answers.\n"
        ".SH ENVIRONMENT\n.TP\n.B SAMPAN_DATA\nThe data directory, where \\-\\-data is not given.\n"
        ".TP\n.B SAMPAN_LIBEXEC\nWhere sampan\\-control, sampan\\-worker and sampan\\-media are.\n"
        ".SH \"SEE ALSO\"\n.BR sampan.conf (5)\n",
        out);
}

void conf_man(FILE *out)
{
    fputs(".\\\" Made by `sampan help --man settings`.\n"
          ".TH SAMPAN.CONF 5 \"\" \"Sampan\" \"Sampan\"\n"
          ".SH NAME\nsampan.conf \\- what can be set\n.SH DESCRIPTION\n",
          out);
    man_text(
        out,
        "The file sampan.conf in the data directory has one `name = value` a line, the name "
        "with _ where the flag has -. A line that begins with # is a comment. A flag wins over "
        "the file. A name that is not below, or is there twice, is an error.");
    fputs("\n.SH SETTINGS\n", out);
    settings_conf_man(out);
    fputs(".SH \"SEE ALSO\"\n.BR sampan (1)\n", out);
}

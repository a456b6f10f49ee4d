/* Settings and options as --help and as a manual page: the same rows, two markups. */
#include <string.h>

#include "settings.h"

#define HELP_INDENT 26
#define HELP_WIDTH  79

static void help_entry(FILE *out, const char *head, const char *help, const char *after)
{
    size_t column = strlen(head) + 2, indent = HELP_INDENT;
    char text[1024];
    int first = 1;

    snprintf(text, sizeof(text), "%s%s", help, after);
    fprintf(out, "  %s", head);
    if (column + 2 > indent) {
        fputc('\n', out);
        column = 0;
    }
    fprintf(out, "%*s", (int)(indent - column), "");
    column = indent;
    for (const char *p = text; *p;) {
        size_t word = strcspn(p, " ");

        if (!first && column + 1 + word > HELP_WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
            first = 1;
        }
        fprintf(out, "%s%.*s", first ? "" : " ", (int)word, p);
        column += word + !first;
        first = 0;
        p += word;
        p += strspn(p, " ");
    }
    fputc('\n', out);
}

static void flag_name(const char *name, char out[64])
{
    snprintf(out, 64, "%s", name);
    for (char *p = out; *p; p++)
        if (*p == '_')
            *p = '-';
}

static void default_text(const struct setting *setting, char *out, size_t size)
{
    const char *shown = setting->shown ? setting->shown : setting->fallback;
    size_t length = (size_t)snprintf(out, size, " Default: %s.", shown);

    if (setting->type != SETTING_CHOICE)
        return;
    snprintf(out + length, size - length, " One of");
    for (int i = 0; setting->choices[i]; i++) {
        length = strlen(out);
        snprintf(out + length, size - length, "%s %s", i ? "," : "", setting->choices[i]);
    }
    length = strlen(out);
    snprintf(out + length, size - length, ".");
}

void settings_help(FILE *out, unsigned program)
{
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        char head[128], flag[64], after[512];

        if (!(setting->programs & program))
            continue;
        flag_name(setting->name, flag);
        snprintf(head, sizeof(head), "--%s %s", flag, setting->unit);
        default_text(setting, after, sizeof(after));
        help_entry(out, head, setting->help, after);
    }
}

static const char *option_dashes(const struct option *option)
{
    return option->name[1] ? "--" : "-";
}

void options_help(FILE *out, const struct option *options)
{
    for (; options && options->name; options++) {
        char head[128];

        snprintf(head, sizeof(head), "%s%s%s%s", option_dashes(options), options->name,
                 options->value ? " " : "", options->value ? options->value : "");
        help_entry(out, head, options->help, "");
    }
}

/* Text in man(7): a dash that is to be typed is \-, a backslash \e, and no line begins with a dot.
 */
static void man_text(FILE *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text; text++) {
        if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\\')
            fputs("\\e", out);
        else if (!strncmp(text, "\u2026", 3))
            fputs("...", out), text += 2;
        else
            fputc(*text, out);
    }
}

static void man_entry(FILE *out, const char *dashes, const char *name, const char *between,
                      const char *value, const char *help, const char *after)
{
    fputs(".TP\n\\fB", out);
    man_text(out, dashes);
    man_text(out, name);
    fputs("\\fR", out);
    if (value) {
        fprintf(out, "%s\\fI", between);
        man_text(out, value);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    man_text(out, help);
    man_text(out, after);
    fputc('\n', out);
}

void settings_man(FILE *out, unsigned program)
{
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        char flag[64], after[512];

        if (!(setting->programs & program))
            continue;
        flag_name(setting->name, flag);
        default_text(setting, after, sizeof(after));
        man_entry(out, "--", flag, " ", setting->unit, setting->help, after);
    }
}

void settings_conf_man(FILE *out)
{
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        char after[512];

        if (!strcmp(setting->name, "data"))
            continue;
        default_text(setting, after, sizeof(after));
        man_entry(out, "", setting->name, " = ", setting->unit, setting->help, after);
    }
}

void options_man(FILE *out, const struct option *options)
{
    for (; options && options->name; options++)
        man_entry(out, option_dashes(options), options->name, " ", options->value, options->help,
                  "");
}

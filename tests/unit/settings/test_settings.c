/* The settings: the table itself, what the file may say, what flags may, and which of them wins. */
#include <stdio.h>
#include <unistd.h>

#include "rows.h"
#include "settings.h"

#define ALL (SETTINGS_UP | SETTINGS_CONTROL | SETTINGS_WORKER | SETTINGS_CLIENT)

/* ---- the file ---- */

static const struct file_row {
    const char *name, *text;
    int want;
    const char *sentence; /* part of it */
} file_rows[] = {
    { "an empty file sets nothing", "", SPN_OK, "" },
    { "comments and empty lines are passed over", "# one\n\n   # two\n\t\n", SPN_OK, "" },
    { "a value is taken without the spaces around it", "  port =  9000  \r\n", SPN_OK, "" },
    { "the last line needs no end", "port=9000", SPN_OK, "" },
    { "a value may hold spaces and =", "listen = a = b", SPN_OK, "" },
    { "a name may be spelt with - too", "log-level = debug", SPN_OK, "" },
    { "a line without = is named", "port = 1\nport 2\n", SPN_EINVAL, "x.conf line 2 is not" },
    { "an unknown name is named with its line", "\n\nprot = 1\n", SPN_EINVAL,
      "x.conf line 3: there is no setting \"prot\"" },
    { "a name is not known by its beginning", "por = 1\n", SPN_EINVAL, "no setting \"por\"" },
    { "a name is not known by more than it", "ports = 1\n", SPN_EINVAL, "no setting \"ports\"" },
    { "a line with no name is not one", " = 1\n", SPN_EINVAL, "no setting \"\"" },
    { "a setting twice is named with both lines", "port = 1\n\nport = 2\n", SPN_EINVAL,
      "line 3: port was set before, on line 1" },
    { "data cannot be set in the file that is found by it", "data = /tmp\n", SPN_EINVAL,
      "line 1: data cannot be set here" },
    { "a number must be one", "port = 80a\n", SPN_EINVAL, "must be a number from 1 to 65535" },
    { "a number is not empty", "port =\n", SPN_EINVAL, "must be a number" },
    { "a number is not only a sign", "workers = -\n", SPN_EINVAL, "must be a number" },
    { "a number may be the least", "port = 1\n", SPN_OK, "" },
    { "a number may be the most", "port = 65535\n", SPN_OK, "" },
    { "a number is not less than the least", "port = 0\n", SPN_EINVAL, "from 1 to 65535" },
    { "a number is not more than the most", "port = 65536\n", SPN_EINVAL, "from 1 to 65535" },
    { "a number beyond 64 bits is refused", "lease_s = 99999999999999999999\n", SPN_EINVAL,
      "must be a number" },
    { "a word must be one of its row", "log_level = loud\n", SPN_EINVAL,
      "must be one of error, warn, info, debug" },
    { "a control character is refused", "listen = a\x01z\n", SPN_EINVAL, "control character" },
};

static void file_is_read(void **state)
{
    const struct file_row *row = *state;
    struct settings settings;
    struct spn_error err = { 0 };

    settings_defaults(&settings, "/d", NULL, 0);
    assert_int_equal(settings_parse(&settings, row->text, strlen(row->text), "x.conf", &err),
                     row->want);
    if (!strstr(err.text, row->sentence))
        fail_msg("the sentence is \"%s\"", err.text);
}

static void a_nul_in_the_file_is_refused(void **state)
{
    struct settings settings;
    struct spn_error err = { 0 };

    (void)state;
    settings_defaults(&settings, "/d", NULL, 0);
    assert_int_equal(settings_parse(&settings, "port = 1\0\n", 10, "x.conf", &err), SPN_EINVAL);
    assert_non_null(strstr(err.text, "line 1 has a NUL"));
}

static void a_long_line_is_refused(void **state)
{
    struct settings settings;
    struct spn_error err = { 0 };
    char *text = calloc(1, 10001);

    (void)state;
    memset(text, 'a', 10000);
    settings_defaults(&settings, "/d", NULL, 0);
    assert_int_equal(settings_parse(&settings, text, 10000, "x.conf", &err), SPN_EINVAL);
    assert_non_null(strstr(err.text, "line 1 is longer"));
    free(text);
}

static void values_arrive(void **state)
{
    static const char text[] = "port = 9000\nlog_level = debug\nlisten = *\ntls_key = /k\n"
                               "tls_certificate=/c\nworkers = 0";
    struct settings settings;

    (void)state;
    settings_defaults(&settings, "/d", NULL, 0);
    assert_int_equal(settings_parse(&settings, text, sizeof(text) - 1, "x", NULL), SPN_OK);
    assert_int_equal(settings.port, 9000);
    assert_int_equal(settings.log_level, 3);
    assert_int_equal(settings.workers, 0);
    assert_string_equal(settings.listen, "*");
    assert_string_equal(settings.tls_key, "/k");
    assert_string_equal(settings.tls_certificate, "/c");
    assert_int_equal(settings.lease_s, 60);
}

/* ---- the flags ---- */

static const struct option options[] = {
    { "title", "TEXT", "What it is called." },
    { "wait", NULL, "Wait." },
    { "o", "FILE", "Where to." },
    { NULL, NULL, NULL },
};

struct taken {
    char words[256];
};

static int take(void *opaque, const struct option *option, const char *value, struct spn_error *err)
{
    struct taken *taken = opaque;
    size_t length = strlen(taken->words);

    if (value && !strcmp(value, "refuse"))
        return spn_error_set(err, SPN_EINVAL, "refused");
    snprintf(taken->words + length, sizeof(taken->words) - length, "[%s%s%s]",
             option ? option->name : "", option ? ":" : "", value ? value : "");
    return SPN_OK;
}

static const struct flag_row {
    const char *name;
    unsigned program;
    const char *argv[8];
    int want;
    const char *words;    /* what take was given */
    const char *sentence; /* part of it */
    int64_t port;
} flag_rows[] = {
    { "no argument is no argument", ALL, { "x" }, SPN_OK, "", "", 8080 },
    { "a flag and its value", ALL, { "x", "--port", "9" }, SPN_OK, "", "", 9 },
    { "a flag and its value in one", ALL, { "x", "--port=9" }, SPN_OK, "", "", 9 },
    { "the last of two is meant", ALL, { "x", "--port=9", "--port=10" }, SPN_OK, "", "", 10 },
    { "options, switches and operands in any order",
      ALL,
      { "x", "a", "--wait", "b", "--title", "T", "--port", "7" },
      SPN_OK,
      "[a][wait:][b][title:T]",
      "",
      7 },
    { "an option's value may look like a flag",
      ALL,
      { "x", "--title", "--port" },
      SPN_OK,
      "[title:--port]",
      "",
      8080 },
    { "a value may be empty", ALL, { "x", "--title=" }, SPN_OK, "[title:]", "", 8080 },
    { "after -- all are operands",
      ALL,
      { "x", "--", "--port", "--" },
      SPN_OK,
      "[--port][--]",
      "",
      8080 },
    { "a lone - is an operand", ALL, { "x", "-" }, SPN_OK, "[-]", "", 8080 },
    { "an unknown option is named",
      ALL,
      { "x", "--prot", "9" },
      SPN_EINVAL,
      "",
      "no option --prot here",
      0 },
    { "an option of one letter has one dash",
      ALL,
      { "x", "-o", "a.mp4", "b", "-o", "-" },
      SPN_OK,
      "[o:a.mp4][b][o:-]",
      "",
      8080 },
    { "and needs its value", ALL, { "x", "-o" }, SPN_EINVAL, "", "-o needs a value: FILE", 0 },
    { "more letters do not follow it", ALL, { "x", "-oa" }, SPN_EINVAL, "", "no option -oa", 0 },
    { "one dash is no option", ALL, { "x", "-p" }, SPN_EINVAL, "", "no option -p", 0 },
    { "a flag of another program is not one here",
      SETTINGS_WORKER,
      { "x", "--port", "9" },
      SPN_EINVAL,
      "",
      "no option --port here",
      0 },
    { "a flag without a value says so",
      ALL,
      { "x", "--port" },
      SPN_EINVAL,
      "",
      "--port needs a value: N",
      0 },
    { "an option without a value says so",
      ALL,
      { "x", "--title" },
      SPN_EINVAL,
      "",
      "--title needs a value: TEXT",
      0 },
    { "a switch takes no value",
      ALL,
      { "x", "--wait=1" },
      SPN_EINVAL,
      "",
      "--wait takes no value",
      0 },
    { "a bad value is named", ALL, { "x", "--port", "no" }, SPN_EINVAL, "", "port is \"no\"", 0 },
    { "what take refuses is refused", ALL, { "x", "refuse" }, SPN_EINVAL, "", "refused", 0 },
};

static void flags_are_read(void **state)
{
    const struct flag_row *row = *state;
    struct settings settings;
    struct spn_error err = { 0 };
    struct taken taken = { "" };
    int argc = 0;

    while (argc < 8 && row->argv[argc])
        argc++;
    setenv("SAMPAN_DATA", "/nonexistent/of/no/one", 1);
    assert_int_equal(settings_read(&settings, row->program, options, argc, (char *const *)row->argv,
                                   take, &taken, &err),
                     row->want);
    if (!strstr(err.text, row->sentence))
        fail_msg("the sentence is \"%s\"", err.text);
    if (row->want == SPN_OK) {
        assert_string_equal(taken.words, row->words);
        assert_int_equal(settings.port, row->port);
    }
}

static void a_flag_wins_over_the_file_and_the_file_over_the_default(void **state)
{
    char dir[] = "/tmp/sampan-settings-XXXXXX", path[64];
    char *argv[] = { "x", "--data", dir, "--port", "7", NULL };
    struct settings settings;
    struct spn_error err = { 0 };
    FILE *file;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/sampan.conf", dir);
    file = fopen(path, "w");
    fputs("port = 5\nlease_s = 5\n", file);
    fclose(file);
    assert_int_equal(settings_read(&settings, ALL, NULL, 5, argv, NULL, NULL, &err), SPN_OK);
    assert_int_equal(settings.port, 7);
    assert_int_equal(settings.lease_s, 5);
    assert_int_equal(settings.segment_gops, 3);
    /* Other programs read the file without the flag. */
    file = fopen(path, "w");
    fputs("port = abc\n", file);
    fclose(file);
    assert_int_equal(settings_read(&settings, ALL, NULL, 5, argv, NULL, NULL, &err), SPN_EINVAL);
    assert_non_null(strstr(err.text, "line 1"));
    unlink(path);
    rmdir(dir);
}

static void a_started_program_is_told_the_flags_and_nothing_else(void **state)
{
    char *argv[] = { "x", "--data", "/nonexistent", "--port=7", "--lease-s", "9", "--listen=*" };
    char *flags[16];
    struct spn_buffer texts = { 0 };
    struct settings settings;

    (void)state;
    assert_int_equal(settings_read(&settings, SETTINGS_UP, NULL, 7, argv, NULL, NULL, NULL),
                     SPN_OK);
    assert_int_equal(settings_flags(&settings, SETTINGS_CONTROL, flags, 16, &texts, NULL), SPN_OK);
    assert_string_equal(flags[0], "--data");
    assert_string_equal(flags[1], "/nonexistent");
    assert_string_equal(flags[2], "--port");
    assert_string_equal(flags[3], "7");
    assert_string_equal(flags[4], "--lease_s");
    assert_string_equal(flags[5], "9");
    assert_null(flags[6]);
    assert_int_equal(settings_flags(&settings, SETTINGS_CONTROL, flags, 6, &texts, NULL),
                     SPN_ELIMIT);
    spn_buffer_finish(&texts);
}

/* ---- together ---- */

static const struct check_row {
    const char *name, *text;
    int want;
} check_rows[] = {
    { "a certificate and its key go together", "tls_key=/k\ntls_certificate=/c", SPN_OK },
    { "a certificate without a key is refused", "tls_certificate=/c", SPN_EINVAL },
    { "a key without a certificate is refused", "tls_key=/k", SPN_EINVAL },
    { "PostgreSQL is a database", "database = postgresql://localhost/x", SPN_OK },
    { "another database is refused", "database = mysql://localhost/x", SPN_EINVAL },
    { "a URL begins with its scheme", "url = video.example", SPN_EINVAL },
    { "https is a scheme", "url = https://video.example", SPN_OK },
};

static void settings_fit_together(void **state)
{
    const struct check_row *row = *state;
    struct settings settings;

    settings_defaults(&settings, "/d", NULL, 0);
    assert_int_equal(settings_parse(&settings, row->text, strlen(row->text), "x", NULL), SPN_OK);
    assert_int_equal(settings_check(&settings, NULL), row->want);
}

/* ---- the table ---- */

static void every_row_is_whole(void **state)
{
    struct settings settings;

    (void)state;
    assert_true(settings_count <= SETTINGS_MAX);
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *row = &settings_table[i];
        size_t length = strlen(row->help);

        assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(row->name));
        assert_ptr_equal(settings_find(row->name, strlen(row->name)), row);
        assert_true(row->programs != 0 && length > 10 && row->help[length - 1] == '.');
        assert_true(row->fallback[0] || row->shown);
        settings_defaults(&settings, "/d", NULL, 0);
        if (strcmp(row->name, "data"))
            assert_int_equal(settings_set(&settings, row, row->fallback, SETTING_DEFAULT, NULL),
                             SPN_OK);
    }
}

static void the_data_directory_is_where_one_expects_it(void **state)
{
    struct settings settings;

    (void)state;
    settings_defaults(&settings, NULL, "/home/a", 0);
    assert_string_equal(settings.data, "/home/a/.local/share/sampan");
    settings_defaults(&settings, NULL, "/root", 1);
    assert_string_equal(settings.data, "/var/lib/sampan");
    settings_defaults(&settings, "/srv/x/", "/home/a", 0);
    assert_string_equal(settings.data, "/srv/x");
}

static void the_url_is_for_people(void **state)
{
    struct settings settings;
    char url[SETTING_TEXT_MAX + 32];

    (void)state;
    settings_defaults(&settings, "/d", NULL, 0);
    settings_url(&settings, url);
    assert_string_equal(url, "http://localhost:8080");
    strcpy(settings.tls_certificate, "/c");
    settings_url(&settings, url);
    assert_string_equal(url, "https://localhost:8080");
    strcpy(settings.url, "https://video.example/");
    settings_url(&settings, url);
    assert_string_equal(url, "https://video.example");
}

static void help_has_every_setting_of_the_program_in_both_markups(void **state)
{
    static const unsigned programs[] = { SETTINGS_UP, SETTINGS_CONTROL, SETTINGS_WORKER,
                                         SETTINGS_CLIENT };

    (void)state;
    for (size_t p = 0; p < 4; p++) {
        for (size_t i = 0; i < settings_count; i++) {
            char *text = NULL, *man = NULL, flag[64] = "--", roff[64] = "\\-\\-";
            size_t size;
            FILE *out = open_memstream(&text, &size);

            settings_help(out, programs[p]);
            fclose(out);
            out = open_memstream(&man, &size);
            settings_man(out, programs[p]);
            fclose(out);
            for (const char *c = settings_table[i].name; *c; c++) {
                char plain[2] = { *c == '_' ? '-' : *c, '\0' };

                strcat(flag, plain);
                strcat(roff, *c == '_' ? "\\-" : plain);
            }
            strcat(flag, " ");
            strcat(roff, "\\fR");
            assert_int_equal(strstr(text, flag) != NULL,
                             (settings_table[i].programs & programs[p]) != 0);
            assert_int_equal(strstr(man, roff) != NULL,
                             (settings_table[i].programs & programs[p]) != 0);
            free(text);
            free(man);
        }
    }
}

int main(void)
{
    struct rows rows = { 0 };

    rows_add_table(&rows, file_rows, file_is_read);
    rows_add_table(&rows, flag_rows, flags_are_read);
    rows_add_table(&rows, check_rows, settings_fit_together);
#define ROW(function, name) rows_add(&rows, name, function, NULL)
    ROW(a_nul_in_the_file_is_refused, "a NUL in the file is refused");
    ROW(a_long_line_is_refused, "a long line is refused");
    ROW(values_arrive, "values arrive in their members");
    ROW(a_flag_wins_over_the_file_and_the_file_over_the_default,
        "a flag wins over the file and the file over the default");
    ROW(a_started_program_is_told_the_flags_and_nothing_else,
        "a started program is told the flags and nothing else");
    ROW(every_row_is_whole, "every row of the table is whole");
    ROW(the_data_directory_is_where_one_expects_it, "the data directory is where one expects it");
    ROW(the_url_is_for_people, "the URL is for people");
    ROW(help_has_every_setting_of_the_program_in_both_markups,
        "help has every setting of the program, in both markups");
    return rows_run(&rows, "settings");
}

/*
 * settings.h - what can be set, and where it was said.
 *
 * There is one table (settings_table.c). From it come what DIR/sampan.conf may say, the flags of
 * every program, --help and the manual pages. A flag wins over the file, the file over the default.
 *
 * The file has one `name = value` a line; a line that begins with # is a comment, and so is an
 * empty one; a value goes from its first to its last character that is not a space. A name that is
 * not in the table, or is there twice, is an error with its line: a misspelt setting is never
 * passed over.
 */
#ifndef SAMPAN_SETTINGS_H
#define SAMPAN_SETTINGS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sampan/error.h"
#include "sampan/file.h"

#define SETTINGS_MAX      64          /* rows of the table; a test holds it */
#define SETTING_TEXT_MAX  1024        /* bytes of a value that is no path, NUL included */
#define SETTINGS_FILE_MAX (64u << 10) /* bytes of sampan.conf: 64 settings of 1 KiB */

/* The programs that take a setting as a flag. sampan.conf is read by all of them. */
enum settings_program {
    SETTINGS_UP = 1u,      /* sampan up: starts the others */
    SETTINGS_CONTROL = 2u, /* sampan serve, sampan-control */
    SETTINGS_WORKER = 4u,  /* sampan worker, sampan-worker */
    SETTINGS_CLIENT = 8u,  /* every other command of sampan: it speaks to a running instance */
};

/* What all of it comes to. Plain data: it may be copied; strings end with NUL. */
struct settings {
    char data[SPN_PATH_MAX]; /* absolute */
    int64_t port;
    char listen[SETTING_TEXT_MAX];
    char url[SETTING_TEXT_MAX];    /* "" : http://localhost:PORT, or https with a certificate */
    char api[SETTING_TEXT_MAX];    /* "" : the socket in the data directory */
    char token_file[SPN_PATH_MAX]; /* "" : the token in the data directory */
    char user[SETTING_TEXT_MAX];
    char database[SETTING_TEXT_MAX]; /* "" : SQLite in the data directory */
    int64_t workers;                 /* jobs at a time; -1 : one a core */
    int64_t worker_memory_mb;        /* 0 : three quarters of the machine's */
    int64_t media_idle_s;
    int64_t lease_s;
    int64_t segment_gops;
    int64_t gc_grace_days;
    int64_t publication_cache;
    char tls_certificate[SPN_PATH_MAX], tls_key[SPN_PATH_MAX]; /* both or none */
    int log_level; /* enum log_level of log.h: 0 error … 3 debug */

    unsigned char origin[SETTINGS_MAX]; /* by row of the table: enum setting_origin */
};

enum setting_origin { SETTING_DEFAULT, SETTING_FILE, SETTING_FLAG };
enum setting_type { SETTING_TEXT = 1, SETTING_PATH, SETTING_NUMBER, SETTING_CHOICE };

/* One row of the table. */
struct setting {
    const char *name; /* in the file with _, as a flag with - */
    enum setting_type type;
    const char *unit;       /* what the value is, as --help shows it: "DIR", "N", "seconds" */
    const char *fallback;   /* the default, as it would be written in the file; "" for none */
    const char *shown;      /* how --help says the default; NULL: as fallback has it */
    int64_t least, most;    /* SETTING_NUMBER */
    const char *choices[8]; /* SETTING_CHOICE, in order of their numbers, ended by NULL */
    unsigned programs;      /* of enum settings_program */
    const char *help;       /* one sentence */
    size_t member;          /* offset in struct settings */
};

extern const struct setting settings_table[];
extern const size_t settings_count;

/* An option that belongs to one command and is no setting. A table of them ends with name NULL. */
struct option {
    const char *name;  /* without the dashes: two, or one before a single letter */
    const char *value; /* what --help calls its value; NULL: a switch, which has none */
    const char *help;  /* one sentence */
};

/*
 * Called for each option of the command (value NULL for a switch) and, with option NULL, for each
 * argument that is no option. Both strings live as long as argv. A negative code stops the reading.
 */
typedef int settings_take(void *opaque, const struct option *option, const char *value,
                          struct spn_error *err);

/*
 * Read argv (argv[0] is not looked at) and then DATA/sampan.conf into *out. program says which
 * settings are flags here; options (may be NULL) and take are the command's own. `--name VALUE` and
 * `--name=VALUE` mean the same; `--` ends the options. environment is asked for SAMPAN_DATA and
 * HOME. SPN_EINVAL: something was written wrongly, err->text says what and where.
 */
int settings_read(struct settings *out, unsigned program, const struct option *options, int argc,
                  char *const argv[], settings_take *take, void *opaque, struct spn_error *err);

/* Steps of the above, for tests. text is size bytes of a settings file; name is for the sentence.
 */
void settings_defaults(struct settings *out, const char *sampan_data, const char *home, int root);
int settings_parse(struct settings *out, const char *text, size_t size, const char *name,
                   struct spn_error *err);
int settings_set(struct settings *out, const struct setting *setting, const char *value,
                 enum setting_origin origin, struct spn_error *err);
/* Do the settings fit together (a key for a certificate)? */
int settings_check(const struct settings *settings, struct spn_error *err);

/*
 * The flags that tell a program started by this one the same: those of program that were given as
 * flags, and data always. Written as argument strings ("--data", "DIR", …) into out, at most max of
 * them, ended by NULL; texts holds their bytes and must outlive them. SPN_ELIMIT: max is too small.
 */
int settings_flags(const struct settings *settings, unsigned program, char *out[], size_t max,
                   struct spn_buffer *texts, struct spn_error *err);

/* A row by its name, spelt with - or _; NULL for none. */
const struct setting *settings_find(const char *name, size_t length);

/* The settings of program as --help and as a manual page (man(7) markup) show them. */
void settings_help(FILE *out, unsigned program);
void settings_man(FILE *out, unsigned program);
/* All that sampan.conf may say, likewise: "port = N". */
void settings_conf_man(FILE *out);
/* The command's own options likewise. */
void options_help(FILE *out, const struct option *options);
void options_man(FILE *out, const struct option *options);

/* Paths that every program derives the same way; SPN_ELIMIT where they do not fit. */
int settings_socket(const struct settings *settings, char out[SPN_PATH_MAX], struct spn_error *err);
/* What the people's URLs begin with, without a slash at the end. */
void settings_url(const struct settings *settings, char out[SETTING_TEXT_MAX + 32]);

#endif

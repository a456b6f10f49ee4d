#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *setting_at(struct settings *settings, const struct setting *setting)
{
    return (char *)settings + setting->member;
}

static size_t setting_row(const struct setting *setting)
{
    return (size_t)(setting - settings_table);
}

static size_t setting_room(const struct setting *setting)
{
    return setting->type == SETTING_PATH ? SPN_PATH_MAX : SETTING_TEXT_MAX;
}

const struct setting *settings_find(const char *name, size_t length)
{
    for (size_t i = 0; i < settings_count; i++) {
        const char *own = settings_table[i].name;
        size_t at = 0;

        while (at < length && own[at] &&
               (own[at] == name[at] || (own[at] == '_' && name[at] == '-')))
            at++;
        if (at == length && own[at] == '\0')
            return &settings_table[i];
    }
    return NULL;
}

static int number_set(int64_t *out, const struct setting *setting, const char *value,
                      struct spn_error *err)
{
    const char *digits = value[0] == '-' ? value + 1 : value;
    long long number;

    errno = 0;
    number = strtoll(value, NULL, 10);
    if (!digits[0] || digits[strspn(digits, "0123456789")] || errno || number < setting->least ||
        number > setting->most)
        return spn_error_set(
            err, SPN_EINVAL, "%s is \"%.40s\": it must be a number from %lld to %lld",
            setting->name, value, (long long)setting->least, (long long)setting->most);
    *out = number;
    return SPN_OK;
}

static int choice_set(int *out, const struct setting *setting, const char *value,
                      struct spn_error *err)
{
    char words[256] = "";
    size_t length = 0;

    for (int i = 0; setting->choices[i]; i++) {
        if (!strcmp(setting->choices[i], value)) {
            *out = i;
            return SPN_OK;
        }
        if (length < sizeof(words))
            length += (size_t)snprintf(words + length, sizeof(words) - length, "%s%s",
                                       i ? ", " : "", setting->choices[i]);
    }
    return spn_error_set(err, SPN_EINVAL, "%s is \"%.40s\": it must be one of %s", setting->name,
                         value, words);
}

/* Relative paths count from where the program was started, and are kept absolute. */
static int path_set(char *out, const struct setting *setting, const char *value,
                    struct spn_error *err)
{
    char here[SPN_PATH_MAX];
    int length;

    if (!value[0] || value[0] == '/')
        length = snprintf(out, SPN_PATH_MAX, "%s", value);
    else if (!getcwd(here, sizeof(here)))
        return spn_error_errno(err, errno, "cannot tell the current directory");
    else
        length = snprintf(out, SPN_PATH_MAX, "%s/%s", strcmp(here, "/") ? here : "", value);
    if (length >= SPN_PATH_MAX)
        return spn_error_set(err, SPN_EINVAL, "%s is a path of more than %d bytes", setting->name,
                             SPN_PATH_MAX - 1);
    while (length > 1 && out[length - 1] == '/')
        out[--length] = '\0';
    return SPN_OK;
}

int settings_set(struct settings *out, const struct setting *setting, const char *value,
                 enum setting_origin origin, struct spn_error *err)
{
    void *at = setting_at(out, setting);
    int ret = SPN_OK;

    for (const char *p = value; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return spn_error_set(err, SPN_EINVAL, "%s has a control character in it",
                                 setting->name);
    switch (setting->type) {
    case SETTING_NUMBER:
        ret = number_set(at, setting, value, err);
        break;
    case SETTING_CHOICE:
        ret = choice_set(at, setting, value, err);
        break;
    case SETTING_PATH:
        ret = path_set(at, setting, value, err);
        break;
    case SETTING_TEXT:
        if (strlen(value) >= setting_room(setting))
            return spn_error_set(err, SPN_EINVAL, "%s is longer than %zu bytes", setting->name,
                                 setting_room(setting) - 1);
        memcpy(at, value, strlen(value) + 1);
        break;
    }
    if (ret == SPN_OK)
        out->origin[setting_row(setting)] = (unsigned char)origin;
    return ret;
}

void settings_defaults(struct settings *out, const char *sampan_data, const char *home, int root)
{
    char data[SPN_PATH_MAX];
    const struct setting *row = settings_find("data", 4);

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < settings_count; i++)
        if (settings_set(out, &settings_table[i], settings_table[i].fallback, SETTING_DEFAULT,
                         NULL) < 0)
            abort(); /* a default of ours that its own row refuses: the test of the table finds it
                      */
    if (sampan_data && sampan_data[0])
        snprintf(data, sizeof(data), "%s", sampan_data);
    else if (root || !home || !home[0])
        snprintf(data, sizeof(data), "/var/lib/sampan");
    else if ((size_t)snprintf(data, sizeof(data), "%s/.local/share/sampan", home) >= sizeof(data))
        data[0] = '\0';
    if (settings_set(out, row, data, SETTING_DEFAULT, NULL) < 0)
        out->data[0] = '\0'; /* settings_check says so */
}

/* One line without its end; key and value are cut out of it in place. */
static int line_parse(struct settings *out, char *line, const char *name, size_t number,
                      unsigned char *seen, struct spn_error *err)
{
    struct settings scratch, *into;
    struct spn_error inner = { 0 };
    const struct setting *setting;
    char *equals, *key, *key_end, *value, *value_end;

    key = line + strspn(line, " \t\r");
    if (!*key || *key == '#')
        return SPN_OK;
    equals = strchr(key, '=');
    if (!equals)
        return spn_error_set(err, SPN_EINVAL, "%s line %zu is not `name = value`: \"%.60s\"", name,
                             number, key);
    for (key_end = equals; key_end > key && isspace((unsigned char)key_end[-1]);)
        key_end--;
    value = equals + 1 + strspn(equals + 1, " \t\r");
    for (value_end = value + strlen(value);
         value_end > value && isspace((unsigned char)value_end[-1]);)
        value_end--;
    *key_end = '\0';
    *value_end = '\0';

    setting = settings_find(key, strlen(key));
    if (!setting)
        return spn_error_set(err, SPN_EINVAL,
                             "%s line %zu: there is no setting \"%.60s\"; `sampan help settings` "
                             "lists them",
                             name, number, key);
    if (!strcmp(setting->name, "data"))
        return spn_error_set(err, SPN_EINVAL,
                             "%s line %zu: data cannot be set here, since the file is found by it; "
                             "use --data or SAMPAN_DATA",
                             name, number);
    if (seen[setting_row(setting)])
        return spn_error_set(err, SPN_EINVAL, "%s line %zu: %s was set before, on line %u", name,
                             number, setting->name, (unsigned)seen[setting_row(setting)]);
    seen[setting_row(setting)] = (unsigned char)(number > 255 ? 255 : number);
    /* A flag wins, and the line must make sense even so: other programs read it without the flag.
     */
    scratch = *out;
    into = out->origin[setting_row(setting)] == SETTING_FLAG ? &scratch : out;
    if (settings_set(into, setting, value, SETTING_FILE, &inner) < 0)
        return spn_error_set(err, SPN_EINVAL, "%s line %zu: %s", name, number, inner.text);
    return SPN_OK;
}

int settings_parse(struct settings *out, const char *text, size_t size, const char *name,
                   struct spn_error *err)
{
    unsigned char seen[SETTINGS_MAX] = { 0 };
    const char *end = text + size, *next;
    char line[SPN_PATH_MAX + SETTING_TEXT_MAX];
    size_t number = 1;
    int ret;

    for (; text < end; text = next, number++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((newline ? newline : end) - text);

        next = newline ? newline + 1 : end;
        if (length >= sizeof(line))
            return spn_error_set(err, SPN_EINVAL, "%s line %zu is longer than %zu bytes", name,
                                 number, sizeof(line) - 1);
        if (memchr(text, '\0', length))
            return spn_error_set(err, SPN_EINVAL, "%s line %zu has a NUL in it", name, number);
        memcpy(line, text, length);
        line[length] = '\0';
        if ((ret = line_parse(out, line, name, number, seen, err)) < 0)
            return ret;
    }
    return SPN_OK;
}

int settings_check(const struct settings *settings, struct spn_error *err)
{
    if (!settings->data[0])
        return spn_error_set(err, SPN_EINVAL, "there is no data directory: say --data DIR");
    if (!settings->tls_certificate[0] != !settings->tls_key[0])
        return spn_error_set(err, SPN_EINVAL,
                             "tls_certificate and tls_key go together, and only %s is set",
                             settings->tls_key[0] ? "tls_key" : "tls_certificate");
    if (settings->database[0] && strncmp(settings->database, "postgresql://", 13) &&
        strncmp(settings->database, "postgres://", 11))
        return spn_error_set(err, SPN_EINVAL,
                             "database is \"%.60s\": it must begin with postgresql://, or be left "
                             "out for SQLite",
                             settings->database);
    if (settings->url[0] && strncmp(settings->url, "http://", 7) &&
        strncmp(settings->url, "https://", 8))
        return spn_error_set(err, SPN_EINVAL,
                             "url is \"%.60s\": it must begin with http:// or https://",
                             settings->url);
    return SPN_OK;
}

static const struct option *option_find(const struct option *options, const char *name,
                                        size_t length)
{
    for (; options && options->name; options++)
        if (strlen(options->name) == length && !memcmp(options->name, name, length))
            return options;
    return NULL;
}

static int arguments_read(struct settings *out, unsigned program, const struct option *options,
                          int argc, char *const argv[], settings_take *take, void *opaque,
                          struct spn_error *err)
{
    int ret, only_operands = 0;

    for (int i = 1; i < argc; i++) {
        const char *name = argv[i] + 2, *equals, *value = NULL;
        const struct setting *setting;
        const struct option *option;
        size_t length;

        if (only_operands || argv[i][0] != '-' || !argv[i][1]) {
            if (!take)
                return spn_error_set(err, SPN_EINVAL, "\"%.100s\" is one argument too many",
                                     argv[i]);
            if ((ret = take(opaque, NULL, argv[i], err)) < 0)
                return ret;
            continue;
        }
        if (!strcmp(argv[i], "--")) {
            only_operands = 1;
            continue;
        }
        if (argv[i][1] != '-') { /* of one letter */
            name = argv[i] + 1;
            if (name[1] || !option_find(options, name, 1))
                return spn_error_set(err, SPN_EINVAL, "there is no option %.100s; see --help",
                                     argv[i]);
        }
        equals = strchr(name, '=');
        length = equals ? (size_t)(equals - name) : strlen(name);
        option = option_find(options, name, length);
        setting = option ? NULL : settings_find(name, length);
        if (setting && !(setting->programs & program))
            setting = NULL;
        if (!option && !setting)
            return spn_error_set(err, SPN_EINVAL, "there is no option --%.*s here; see --help",
                                 (int)(length < 100 ? length : 100), name);
        if (setting || option->value) {
            if (!equals && i + 1 == argc)
                return spn_error_set(err, SPN_EINVAL, "--%.*s needs a value: %s", (int)length, name,
                                     setting ? setting->unit : option->value);
            value = equals ? equals + 1 : argv[++i];
        } else if (equals) {
            return spn_error_set(err, SPN_EINVAL, "--%s takes no value", option->name);
        }
        ret = setting ? settings_set(out, setting, value, SETTING_FLAG, err)
              : take  ? take(opaque, option, value, err)
                      : SPN_OK;
        if (ret < 0)
            return ret;
    }
    return SPN_OK;
}

int settings_read(struct settings *out, unsigned program, const struct option *options, int argc,
                  char *const argv[], settings_take *take, void *opaque, struct spn_error *err)
{
    struct spn_buffer text = { 0 };
    char path[SPN_PATH_MAX + 16];
    int ret;

    settings_defaults(out, getenv("SAMPAN_DATA"), getenv("HOME"), geteuid() == 0);
    if ((ret = arguments_read(out, program, options, argc, argv, take, opaque, err)) < 0)
        return ret;
    snprintf(path, sizeof(path), "%s/sampan.conf", out->data);
    ret = spn_file_get(path, SETTINGS_FILE_MAX, &text, err);
    if (ret == SPN_ENOENT)
        ret = SPN_OK;
    else if (ret == SPN_OK)
        ret = settings_parse(out, (const char *)text.data, text.size, path, err);
    if (ret == SPN_OK)
        ret = settings_check(out, err);
    spn_buffer_finish(&text);
    return ret;
}

/* The value as it would be written in the file. */
static void value_text(const struct settings *settings, const struct setting *setting,
                       struct spn_buffer *out)
{
    const char *at = (const char *)settings + setting->member;
    int64_t number;
    int choice;

    switch (setting->type) {
    case SETTING_NUMBER:
        memcpy(&number, at, sizeof(number));
        spn_buffer_format(out, "%lld", (long long)number);
        break;
    case SETTING_CHOICE:
        memcpy(&choice, at, sizeof(choice));
        spn_buffer_string(out, setting->choices[choice]);
        break;
    case SETTING_TEXT:
    case SETTING_PATH:
        spn_buffer_string(out, at);
        break;
    }
}

int settings_flags(const struct settings *settings, unsigned program, char *out[], size_t max,
                   struct spn_buffer *texts, struct spn_error *err)
{
    size_t starts[2 * SETTINGS_MAX], count = 0;

    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];

        if (!(setting->programs & program) ||
            (settings->origin[i] != SETTING_FLAG && strcmp(setting->name, "data")))
            continue;
        starts[count++] = texts->size;
        spn_buffer_format(texts, "--%s", setting->name);
        spn_buffer_u8(texts, 0);
        starts[count++] = texts->size;
        value_text(settings, setting, texts);
        spn_buffer_u8(texts, 0);
    }
    if (spn_buffer_failed(texts))
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if (count >= max)
        return spn_error_set(err, SPN_ELIMIT, "more than %zu arguments for a program to start",
                             max - 1);
    for (size_t i = 0; i < count; i++)
        out[i] = (char *)texts->data + starts[i];
    out[count] = NULL;
    return SPN_OK;
}

int settings_socket(const struct settings *settings, char out[SPN_PATH_MAX], struct spn_error *err)
{
    /* sun_path has room for 107 bytes and a NUL: said here, so that nobody finds out by EINVAL */
    if (strlen(settings->data) + strlen("/run/control.sock") > 107)
        return spn_error_set(
            err, SPN_ELIMIT,
            "the data directory's path has %zu bytes, and sockets allow it 90: use "
            "a shorter one, %.200s",
            strlen(settings->data), settings->data);
    snprintf(out, SPN_PATH_MAX, "%s/run/control.sock", settings->data);
    return SPN_OK;
}

void settings_url(const struct settings *settings, char out[SETTING_TEXT_MAX + 32])
{
    size_t length;

    if (settings->url[0])
        snprintf(out, SETTING_TEXT_MAX + 32, "%s", settings->url);
    else
        snprintf(out, SETTING_TEXT_MAX + 32, "%s://localhost:%lld",
                 settings->tls_certificate[0] ? "https" : "http", (long long)settings->port);
    for (length = strlen(out); length && out[length - 1] == '/';)
        out[--length] = '\0';
}

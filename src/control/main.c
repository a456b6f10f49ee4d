/* main.c - sampan-control: the API, and the two things that are done to a data directory by hand.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gc/gc.h"
#include "http/request.h"
#include "http/server.h"
#include "json.h"
#include "log.h"
#include "publish/publish.h"
#include "settings.h"
#include "token/token.h"

struct command {
    const char *name; /* NULL: serve */
    const char *listens[LISTENS_MAX];
    size_t listen_count;
    int dry_run, help;
};

static const struct option options[] = {
    { "listen", "unix:PATH|127.0.0.1:PORT",
      "One more address to answer on, besides run/control.sock in the data directory." },
    { "dry-run", NULL, "With gc: only say what would be removed." },
    { "help", NULL, "Show this." },
    { NULL, NULL, NULL },
};

static int take(void *opaque, const struct option *option, const char *value, struct spn_error *err)
{
    static const char *const names[] = { "serve", "gc", "migrate", "routes", NULL };
    struct command *command = opaque;

    if (!option) {
        for (size_t i = 0; names[i]; i++)
            if (!command->name && strcmp(names[i], value) == 0) {
                command->name = names[i];
                return SPN_OK;
            }
        return spn_error_set(err, SPN_EINVAL,
                             "\"%s\" is not a command: serve, gc, migrate or routes", value);
    }
    if (strcmp(option->name, "listen") == 0) {
        if (command->listen_count >= LISTENS_MAX - 1)
            return spn_error_set(err, SPN_ELIMIT, "--listen can be given %d times",
                                 LISTENS_MAX - 1);
        command->listens[command->listen_count++] = value;
    } else if (strcmp(option->name, "dry-run") == 0) {
        command->dry_run = 1;
    } else {
        command->help = 1;
    }
    return SPN_OK;
}

static void help(void)
{
    printf(
        "usage: sampan-control [serve] [--data DIR] [--listen ADDRESS]…\n"
        "       sampan-control gc [--dry-run] [--data DIR]\n"
        "       sampan-control migrate [--data DIR]\n"
        "       sampan-control routes\n\n"
        "The API of one data directory, and what is done to it by hand: gc removes what nothing\n"
        "refers to, migrate brings the database to the newest schema, routes lists the API.\n\n");
    options_help(stdout, options);
    settings_help(stdout, SETTINGS_CONTROL);
}

/* method, path, operationId and roles of every route, a line each: what the tests compare. */
static int routes_print(void)
{
    for (size_t i = 0; i < route_count; i++) {
        printf("%s %s %s ", routes[i].method, routes[i].pattern, routes[i].operation);
        for (unsigned role = ROLE_VIEWER; role <= ROLE_WORKER; role <<= 1)
            if (routes[i].may & role)
                printf("%s ", role_name(role));
        printf("\n");
    }
    return SPN_OK;
}

/* Open the database where the settings say, in the newest schema. by_hand: a copy was made. */
static int database_open(struct instance *instance, const struct settings *settings, int by_hand,
                         struct spn_error *err)
{
    char path[SPN_PATH_MAX], copy[SPN_PATH_MAX];
    int ret, from = 0, to = 0;

    if ((ret = instance_path(instance, path, sizeof(path), "db/sampan.db", err)) < 0)
        return ret;
    (void)umask(077);
    ret = store_open(settings->database[0] ? settings->database : path, &instance->store, err);
    (void)umask(022);
    if (ret < 0)
        return ret;
    (void)snprintf(copy, sizeof(copy), "%.3900s.before-%lld", path,
                   (long long)(instance_now_ms(instance) / 1000));
    if ((ret = store_migrate(instance->store, by_hand && settings->database[0] ? NULL : copy,
                             instance_now_ms(instance), &from, &to, err)) < 0)
        return ret;
    if (from != to)
        log_info("the database has a new schema", LOG_NUMBER("from", from), LOG_NUMBER("to", to));
    return SPN_OK;
}

static int gc(struct instance *instance, int dry_run, struct spn_error *err)
{
    struct gc_options gc_options = { .dry_run = dry_run };
    json_t *report;
    char *text;
    int ret;

    if ((ret = gc_run(instance, &gc_options, &report, err)) < 0)
        return ret;
    text = json_text(report);
    printf("%s\n", text ? text : "");
    free(text);
    json_decref(report);
    return SPN_OK;
}

static int serve(struct instance *instance, const struct settings *settings,
                 const struct command *command, const sigset_t *signals, struct spn_error *err)
{
    const char *listens[LISTENS_MAX];
    char socket[SPN_PATH_MAX + 5] = "unix:";
    struct server *server = NULL;
    size_t count = 0;
    int ret, signal;

    if ((ret = settings_socket(settings, socket + 5, err)) < 0 ||
        (ret = token_files(instance, err)) < 0)
        return ret;
    listens[count++] = socket;
    for (size_t i = 0; i < command->listen_count; i++)
        listens[count++] = command->listens[i];
    if ((ret = server_start(instance, listens, count, &server, err)) < 0)
        return ret;
    for (;;) {
        (void)sigwait(signals, &signal);
        if (signal != SIGHUP)
            break;
        if (log_reopen(err) < 0)
            log_error(err->text);
    }
    log_info("stopping", LOG_NUMBER("signal", signal));
    server_stop(server);
    return SPN_OK;
}

static int run(const struct settings *settings, const struct command *command,
               const sigset_t *signals, struct spn_error *err)
{
    struct instance instance;
    int ret, lock = -1;
    int alone = !command->name || strcmp(command->name, "gc") != 0;

    if ((ret = spn_file_mkdirs(settings->data, 0755, err)) < 0 ||
        (ret = instance_init(&instance, settings->data, err)) < 0)
        return ret;
    instance.lease_s = (int)settings->lease_s;
    instance.segment_gops = (int)settings->segment_gops;
    instance.gc_grace_ms = settings->gc_grace_days * 24 * 3600 * 1000;
    /* gc may run beside a server, everything else may not. */
    if ((ret = layout_open(&instance, alone ? &lock : NULL, err)) < 0 ||
        (ret = database_open(&instance, settings,
                             command->name && strcmp(command->name, "migrate") == 0, err)) < 0)
        goto done;
    if (command->name && strcmp(command->name, "gc") == 0)
        ret = gc(&instance, command->dry_run, err);
    else if (!command->name || strcmp(command->name, "serve") == 0)
        ret = serve(&instance, settings, command, signals, err);

done:
    instance_finish(&instance);
    if (lock >= 0)
        (void)close(lock);
    return ret;
}

int main(int argc, char *argv[])
{
    struct command command = { 0 };
    struct spn_error err = { 0 };
    struct settings settings;
    sigset_t signals;
    int ret;

    /* Threads inherit the mask: signals come to sigwait() alone. */
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)signal(SIGPIPE, SIG_IGN);

    if (settings_read(&settings, SETTINGS_CONTROL, options, argc, argv, take, &command, &err) < 0) {
        fprintf(stderr, "sampan-control: %s\n", err.text);
        return 2;
    }
    if (command.help) {
        help();
        return 0;
    }
    if (command.name && strcmp(command.name, "routes") == 0)
        return routes_print() < 0;
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    (void)log_open("sampan-control", NULL, (enum log_level)settings.log_level, NULL);
    ret = run(&settings, &command, &signals, &err);
    if (ret < 0)
        log_error(err.text);
    log_close();
    return ret < 0;
}

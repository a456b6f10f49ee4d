/* sampan up: control, worker and nginx from one data directory behind one port. */
#include "command.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "nginx_conf.h"
#include "output.h"
#include "owner.h"
#include "preload.h"
#include "program.h"
#include "supervise.h"

#define CONTROL_READY_S 600 /* a database may be copied and migrated first */
#define NGINX_READY_S   20
#define REMAINS_MS      10000

struct up {
    const struct settings *settings;
    char url[SETTING_TEXT_MAX + 32];
    char module[SPN_PATH_MAX], web[SPN_PATH_MAX], nginx[SPN_PATH_MAX];
    char control_path[SPN_PATH_MAX], worker_path[SPN_PATH_MAX], conf[SPN_PATH_MAX + 32];
    struct spn_buffer texts[2]; /* of the children's arguments */
    int has_web, lock;
    sigset_t signals;
    struct child control, worker, nginx_child;
    struct child *children[3]; /* in the order in which they are started */
    size_t count;
};

static int data_path(const struct up *up, const char *name, char *out, size_t size,
                     struct spn_error *err)
{
    if ((size_t)snprintf(out, size, "%s/%s", up->settings->data, name) >= size)
        return spn_error_set(err, SPN_ELIMIT, "the path %s/%s is too long", up->settings->data,
                             name);
    return SPN_OK;
}

/* ---- what must be there before anything is started ---- */

static int folders_make(const struct up *up, struct spn_error *err)
{
    static const char *const names[] = { "run", "log", "tmp", "tmp/nginx" };
    char path[SPN_PATH_MAX];
    int ret;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if ((ret = data_path(up, names[i], path, sizeof(path), err)) < 0 ||
            (ret = spn_file_mkdirs(path, 0700, err)) < 0)
            return ret;
    return SPN_OK;
}

static int lock_take(struct up *up, struct spn_error *err)
{
    char path[SPN_PATH_MAX], holder[32] = "";
    int ret;

    if ((ret = data_path(up, "run/up.lock", path, sizeof(path), err)) < 0)
        return ret;
    up->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (up->lock < 0)
        return spn_error_errno(err, errno, "cannot open %s", path);
    if (flock(up->lock, LOCK_EX | LOCK_NB) < 0) {
        if (pread(up->lock, holder, sizeof(holder) - 1, 0) < 0)
            holder[0] = '\0';
        holder[strcspn(holder, "\n")] = '\0';
        return spn_error_set(err, SPN_ECONFLICT,
                             "Sampan already runs from %s (process %s): stop that first, or name "
                             "another directory with --data",
                             up->settings->data, holder);
    }
    if (ftruncate(up->lock, 0) < 0 || dprintf(up->lock, "%d\n", (int)getpid()) < 0)
        return spn_error_errno(err, errno, "cannot write %s", path);
    return SPN_OK;
}

static int ipv6_there(void)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int there = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    if (fd >= 0)
        close(fd);
    return there;
}

/* nginx would try for seconds and say it in its log; here it is said at once. */
static int port_free(const struct settings *settings, struct spn_error *err)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)settings->port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, ret = SPN_OK;

    if (!strcmp(settings->listen, "*"))
        address.sin_addr.s_addr = htonl(INADDR_ANY);
    else if (strcmp(settings->listen, "localhost") &&
             inet_pton(AF_INET, settings->listen, &address.sin_addr) != 1) {
        if (fd >= 0)
            close(fd);
        return SPN_OK; /* nginx finds out */
    }
    if (fd < 0)
        return spn_error_errno(err, errno, "cannot make a socket");
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        if (errno == EADDRINUSE)
            ret = spn_error_set(err, SPN_ECONFLICT,
                                "port %lld is taken by another program: stop it, or choose another "
                                "with --port",
                                (long long)settings->port);
        else if (errno == EACCES)
            ret =
                spn_error_set(err, SPN_EACCES,
                              "port %lld is one of root's: choose one from 1024 on with --port, or "
                              "allow it with `sysctl net.ipv4.ip_unprivileged_port_start=%lld`",
                              (long long)settings->port, (long long)settings->port);
        else
            ret = spn_error_errno(err, errno, "cannot listen on %s, port %lld", settings->listen,
                                  (long long)settings->port);
    }
    close(fd);
    return ret;
}

/*
 * After a SIGKILL what ran here is on its way out: the kernel has told it, and it may take a
 * moment. It is recognised by what only a clean end removes.
 */
static void remains_wait(const struct up *up)
{
    int64_t end = supervise_now_ms() + REMAINS_MS;
    char lock[SPN_PATH_MAX], pid[SPN_PATH_MAX];
    int fd;

    if (data_path(up, "run/control.lock", lock, sizeof(lock), NULL) < 0 ||
        data_path(up, "run/nginx.pid", pid, sizeof(pid), NULL) < 0)
        return;
    fd = open(lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && supervise_now_ms() < end)
        usleep(20000);
    if (fd >= 0)
        close(fd);
    while (access(pid, F_OK) == 0 && port_free(up->settings, NULL) == SPN_ECONFLICT &&
           supervise_now_ms() < end)
        usleep(20000);
}

static int nginx_find(char out[SPN_PATH_MAX], struct spn_error *err)
{
    static const char *const places[] = { "/usr/sbin/nginx", "/usr/local/sbin/nginx",
                                          "/usr/bin/nginx", "/usr/local/nginx/sbin/nginx" };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (access(places[i], X_OK) == 0) {
            (void)snprintf(out, SPN_PATH_MAX, "%s", places[i]);
            return SPN_OK;
        }
    }
    return spn_error_set(err, SPN_ENOENT, "nginx is not installed: `apt-get install nginx`");
}

/* Who was dropped to may not be able to read what root can: a checkout in /root. */
static int runnable(const char *path, int mode, struct spn_error *err)
{
    if (access(path, mode) == 0)
        return SPN_OK;
    return spn_error_set(err, SPN_EACCES,
                         "%s cannot be used by user %u, as whom Sampan runs: install Sampan where "
                         "everybody can read it, with `meson install`",
                         path, (unsigned)geteuid());
}

static int programs_find(struct up *up, struct spn_error *err)
{
    char media[SPN_PATH_MAX];
    int ret;

    if ((ret = program_find("sampan-control", up->control_path, err)) < 0 ||
        (ret = program_find("sampan-worker", up->worker_path, err)) < 0 ||
        (ret = program_find("sampan-media", media, err)) < 0 ||
        (ret = program_find("ngx_http_sampan_module.so", up->module, err)) < 0 ||
        (ret = nginx_find(up->nginx, err)) < 0)
        return ret;
    up->has_web = program_share("web", up->web, NULL) == SPN_OK;
    return SPN_OK;
}

static int programs_runnable(const struct up *up, struct spn_error *err)
{
    int ret;

    if ((ret = runnable(up->control_path, X_OK, err)) < 0 ||
        (ret = runnable(up->worker_path, X_OK, err)) < 0 ||
        (ret = runnable(up->module, R_OK, err)) < 0)
        return ret;
    return SPN_OK;
}

static int conf_write(struct up *up, struct spn_error *err)
{
    struct nginx_places places = { .module = up->module,
                                   .web = up->has_web ? up->web : NULL,
                                   .ipv6 = ipv6_there(),
                                   .files = nginx_files() };
    char tmp[SPN_PATH_MAX];
    struct spn_buffer text = { 0 };
    int ret;

    if ((ret = data_path(up, "run/nginx.conf", up->conf, sizeof(up->conf), err)) < 0 ||
        (ret = data_path(up, "tmp", tmp, sizeof(tmp), err)) < 0 ||
        (ret = nginx_conf_make(up->settings, &places, &text, err)) < 0)
        goto done;
    ret = spn_file_put(tmp, up->conf, 0600, text.data, text.size, err);
done:
    spn_buffer_finish(&text);
    return ret;
}

/* Where the running instance is, for the commands. */
static int note_write(const struct up *up, struct spn_error *err)
{
    char path[SPN_PATH_MAX], tmp[SPN_PATH_MAX];
    json_t *note = json_pack("{sIsIss}", "pid", (json_int_t)getpid(), "port",
                             (json_int_t)up->settings->port, "url", up->url);
    char *text = note ? json_dumps(note, JSON_COMPACT) : NULL;
    int ret;

    if (!text)
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
    else if ((ret = data_path(up, "run/up.json", path, sizeof(path), err)) == SPN_OK &&
             (ret = data_path(up, "tmp", tmp, sizeof(tmp), err)) == SPN_OK)
        ret = spn_file_put(tmp, path, 0644, text, strlen(text), err);
    free(text);
    json_decref(note);
    return ret;
}

/* ---- the children ---- */

static int child_init(struct up *up, struct child *child, const char *name, char *path,
                      unsigned program, struct spn_buffer *texts, struct spn_error *err)
{
    char log[64];
    int ret;

    child->name = name;
    child->argv[0] = path;
    child->stop_signal = SIGTERM;
    child->orphan_signal = SIGKILL;
    child->stop_s = 15;
    (void)snprintf(log, sizeof(log), "log/%s.log", name);
    if ((ret = data_path(up, log, child->log, sizeof(child->log), err)) < 0)
        return ret;
    return program ? settings_flags(up->settings, program, child->argv + 1, CHILD_ARGUMENTS_MAX - 1,
                                    texts, err)
                   : SPN_OK;
}

static int children_init(struct up *up, struct spn_error *err)
{
    char *const nginx[] = { up->nginx, "-p",     (char *)(uintptr_t)up->settings->data,
                            "-e",      "stderr", "-c",
                            up->conf,  NULL };
    int ret;

    if ((ret = child_init(up, &up->control, "control", up->control_path, SETTINGS_CONTROL,
                          &up->texts[0], err)) < 0 ||
        (ret = child_init(up, &up->worker, "worker", up->worker_path, SETTINGS_WORKER,
                          &up->texts[1], err)) < 0 ||
        (ret = child_init(up, &up->nginx_child, "nginx", up->nginx, 0, NULL, err)) < 0)
        return ret;
    memcpy(up->nginx_child.argv, nginx, sizeof(nginx));
    /* Viewers are sent what they have begun to receive; the kernel's word ends it at once. */
    up->nginx_child.stop_signal = SIGQUIT;
    up->nginx_child.orphan_signal = SIGTERM;
    up->nginx_child.stop_s = 12;
    up->nginx_child.variable = "ASAN_OPTIONS"; /* nginx frees nothing at its end, and need not */
    up->nginx_child.value = "detect_leaks=0";
    return SPN_OK;
}

/*
 * Wait until ready() says so. SPN_ECANCELED: somebody wants us to end. Otherwise the child ended:
 * its last words are the sentence.
 */
static int child_wait(struct up *up, struct child *child, int (*ready)(struct up *), int seconds,
                      struct spn_error *err)
{
    int64_t end = supervise_now_ms() + 1000 * (int64_t)seconds;
    char words[400], how[64];

    for (;;) {
        if (ready(up))
            return SPN_OK;
        if (supervise_wait(&up->signals, up->children, up->count, 20))
            return spn_error_set(err, SPN_ECANCELED, "stopped");
        if (!child->pid) {
            child_last_words(child, words, sizeof(words));
            child_ending(child, how, sizeof(how));
            return spn_error_set(err, SPN_EIO, "%s did not start: %s", child->name,
                                 words[0] ? words : how);
        }
        if (supervise_now_ms() > end)
            return spn_error_set(err, SPN_EIO, "%s was not ready after %d s; its log is %s",
                                 child->name, seconds, child->log);
    }
}

static int control_ready(struct up *up)
{
    char base[SPN_PATH_MAX + 8];
    struct client *client = NULL;
    int ready = client_address(up->settings, base, NULL) == SPN_OK &&
                client_open(base, "", "sampan", &client, NULL) == SPN_OK &&
                client_get(client, NULL, NULL, "/readyz") >= 0;

    client_close(client);
    return ready;
}

/* It listens: whether TLS or not, and whatever it answers. */
static int nginx_ready(struct up *up)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)up->settings->port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd, ready;

    if (strcmp(up->settings->listen, "*") && strcmp(up->settings->listen, "localhost") &&
        inet_pton(AF_INET, up->settings->listen, &address.sin_addr) != 1)
        return access("run/nginx.pid", F_OK) == 0;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ready = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    if (fd >= 0)
        close(fd);
    return ready;
}

static int children_start(struct up *up, struct spn_error *err)
{
    int ret;

    up->children[up->count++] = &up->control;
    if ((ret = child_start(&up->control, err)) < 0 ||
        (ret = child_wait(up, &up->control, control_ready, CONTROL_READY_S, err)) < 0)
        return ret;
    if (up->settings->workers) {
        up->children[up->count++] = &up->worker;
        if ((ret = child_start(&up->worker, err)) < 0)
            return ret;
    }
    up->children[up->count++] = &up->nginx_child;
    if ((ret = child_start(&up->nginx_child, err)) < 0)
        return ret;
    return child_wait(up, &up->nginx_child, nginx_ready, NGINX_READY_S, err);
}

/* nginx first, so that no request comes to a control that ends; control last, so that the worker
 * can hand back what it has. */
static void children_stop(struct up *up)
{
    for (size_t i = up->count; i-- > 0;)
        child_stop(up->children[i]);
}

static int children_run(const struct up *up)
{
    for (size_t i = 0; i < up->count; i++)
        if (!up->children[i]->pid)
            return 0;
    return 1;
}

static int up_prepare(struct up *up, struct spn_error *err)
{
    int ret;

    if ((ret = programs_find(up, err)) < 0 || (ret = owner_become(up->settings, err)) < 0 ||
        (ret = programs_runnable(up, err)) < 0 || (ret = folders_make(up, err)) < 0 ||
        (ret = lock_take(up, err)) < 0)
        return ret;
    remains_wait(up);
    if ((ret = port_free(up->settings, err)) < 0 || (ret = conf_write(up, err)) < 0)
        return ret;
    return children_init(up, err);
}

int cmd_up(struct typed *typed, struct spn_error *err)
{
    struct up *up = calloc(1, sizeof(*up));
    char path[SPN_PATH_MAX];
    int ret;

    if (!up)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    up->settings = &typed->settings;
    up->lock = -1;
    settings_url(up->settings, up->url);
    umask(022);
    supervise_begin(&up->signals);
    preload_sanitizers();
    if ((ret = up_prepare(up, err)) < 0)
        goto done;
    (void)log_open("sampan-up", NULL, (enum log_level)typed->settings.log_level, NULL);
    if ((ret = children_start(up, err)) < 0 || (ret = note_write(up, err)) < 0)
        goto stop;
    if (typed->json)
        output_json(json_pack("{sssI}", "url", up->url, "pid", (json_int_t)getpid()));
    else
        printf("ready %s\n", up->url);
    (void)fflush(stdout);
    while (!supervise_wait(&up->signals, up->children, up->count, children_run(up) ? 1000 : 50))
        supervise_restart(up->children, up->count);
stop:
    children_stop(up);
    if (data_path(up, "run/up.json", path, sizeof(path), NULL) == SPN_OK)
        (void)unlink(path);
done:
    if (ret == SPN_ECANCELED)
        ret = SPN_OK;
    if (up->lock >= 0)
        close(up->lock);
    spn_buffer_finish(&up->texts[0]);
    spn_buffer_finish(&up->texts[1]);
    free(up);
    return ret;
}

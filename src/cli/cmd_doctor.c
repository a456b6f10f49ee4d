/* sampan doctor: what is wrong with this machine, and how to mend it. */
#include "command.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nginx_conf.h"
#include "output.h"
#include "preload.h"
#include "program.h"
#include "run_once.h"

#define DISK_LOW_GB 10 /* an hour of film takes about 5 in all renditions */
#define MEMORY_MB   1500

const struct option doctor_options[] = { { NULL, NULL, NULL } };

/* GOOD: as it should be. FAIR: it works, and something is slower or weaker. BAD: it does not work.
 */
enum health { GOOD, FAIR, BAD };

struct doctor {
    const struct settings *settings;
    json_t *found;
    int json, worst;
};

/* mend says what to do about it; NULL where nothing is to be done. */
static void say(struct doctor *doctor, enum health health, const char *what, const char *mend,
                const char *format, ...) __attribute__((format(printf, 5, 6)));
static void say(struct doctor *doctor, enum health health, const char *what, const char *mend,
                const char *format, ...)
{
    static const char *const words[] = { "good", "fair", "bad" };
    char text[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if ((int)health > doctor->worst)
        doctor->worst = (int)health;
    (void)json_array_append_new(
        doctor->found, json_pack("{ssssss}", "what", what, "health", words[health], "text", text));
    if (mend)
        (void)json_object_set_new(json_array_get(doctor->found, json_array_size(doctor->found) - 1),
                                  "mend", json_string(mend));
    if (doctor->json)
        return;
    printf("%-5s %-12s %s\n", health == GOOD ? "ok" : health == FAIR ? "weak" : "BAD", what, text);
    if (mend && health != GOOD)
        printf("%-18s -> %s\n", "", mend);
}

static void check_programs(struct doctor *doctor)
{
    static const char *const names[] = { "sampan-control", "sampan-worker", "sampan-media",
                                         "ngx_http_sampan_module.so" };
    char path[SPN_PATH_MAX];
    struct spn_error err = { 0 };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (program_find(names[i], path, &err) < 0)
            say(doctor, BAD, "programs", "`meson install -C build`, or set SAMPAN_LIBEXEC", "%s",
                err.text);
        else
            say(doctor, GOOD, "programs", NULL, "%s is %s", names[i], path);
    }
    if (program_share("web", path, NULL) < 0)
        say(doctor, FAIR, "pages", "`npm ci && npm run build` in web/, then install again",
            "the pages are not built; the API and players work without");
    else
        say(doctor, GOOD, "pages", NULL, "the pages are in %s", path);
}

/* The answer of one operation of sampan-media that needs no file; NULL where it failed. */
static json_t *media_ask(const char *operation, const char *request, char why[SPN_ERROR_TEXT_MAX])
{
    char path[SPN_PATH_MAX], *argv[3];
    struct spn_error err = { 0 };
    struct spn_buffer out = { 0 };
    json_t *answer = NULL;
    int status = 0;

    why[0] = '\0';
    argv[0] = path;
    argv[1] = (char *)(uintptr_t)operation;
    argv[2] = NULL;
    if (program_find("sampan-media", path, &err) < 0 ||
        run_once(argv, request, 30, &out, &status, &err) < 0) {
        (void)snprintf(why, SPN_ERROR_TEXT_MAX, "%s", err.text);
    } else if (spn_buffer_text(&out)) {
        const char *line = strstr((const char *)out.data, "{\"event\"");

        if (!line)
            line = strchr((const char *)out.data, '{');
        if (line)
            answer = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
        if (!answer || strcmp("result", json_string_value(json_object_get(answer, "event"))
                                            ? json_string_value(json_object_get(answer, "event"))
                                            : "")) {
            const char *text = json_string_value(json_object_get(answer, "text"));

            (void)snprintf(why, SPN_ERROR_TEXT_MAX, "%s", text ? text : (const char *)out.data);
            json_decref(answer);
            answer = NULL;
        }
    }
    spn_buffer_finish(&out);
    return answer;
}

static void check_walls(struct doctor *doctor)
{
    char why[SPN_ERROR_TEXT_MAX];
    json_t *answer = media_ask(
        "walls", "{\"version\":1,\"limits\":{\"file_mb\":1,\"cpu_s\":30,\"wall_s\":30}}", why);
    json_t *wall;
    size_t i;

    if (!answer) {
        say(doctor, BAD, "confinement",
            "the kernel must have CONFIG_SECCOMP_FILTER; in a container, allow prctl and seccomp",
            "sampan-media cannot confine itself: %s", why);
        return;
    }
    json_array_foreach(json_object_get(answer, "walls"), i, wall)
    {
        const char *name = json_string_value(json_object_get(wall, "name"));
        const char *reason = json_string_value(json_object_get(wall, "reason"));

        if (json_is_true(json_object_get(wall, "stands")))
            say(doctor, GOOD, "confinement", NULL, "%s stands", name ? name : "?");
        else
            say(doctor, FAIR, "confinement",
                "seccomp is required outside of builds for tests; Landlock wants Linux 5.13 and "
                "lsm=landlock",
                "%s does not stand: %s", name ? name : "?", reason ? reason : "");
    }
    json_decref(answer);
}

/* What a ladder names by itself is needed; the others only where one asks for them. */
static int encoder_needed(const char *name)
{
    return strcmp(name, "hevc") != 0 && strcmp(name, "av1") != 0;
}

static void check_encoders(struct doctor *doctor)
{
    static const char mend[] =
        "install Debian's FFmpeg: `apt-get install libavcodec59 libavfilter8 libavformat59`; "
        "another one before it in LD_LIBRARY_PATH or /usr/local/lib has less in it";
    char why[SPN_ERROR_TEXT_MAX];
    json_t *answer = media_ask("encoders", "{\"version\":1}", why), *encoder;
    size_t i;

    if (!answer) {
        say(doctor, BAD, "encoders", mend, "sampan-media does not start: %s", why);
        return;
    }
    json_array_foreach(json_object_get(answer, "encoders"), i, encoder)
    {
        const char *name = json_string_value(json_object_get(encoder, "name"));
        const char *library = json_string_value(json_object_get(encoder, "library"));
        const char *version = json_string_value(json_object_get(encoder, "version"));
        const char *reason = json_string_value(json_object_get(encoder, "reason"));

        name = name ? name : "?";
        if (json_is_true(json_object_get(encoder, "works")))
            say(doctor, GOOD, "encoders", NULL, "%s by %s %s", name, library ? library : "?",
                version ? version : "?");
        else
            say(doctor, encoder_needed(name) ? BAD : FAIR, "encoders", mend,
                "nothing can be made in %s: %s", name, reason ? reason : "");
    }
    json_decref(answer);
}

static void check_nginx(struct doctor *doctor)
{
    char module[SPN_PATH_MAX], dir[] = "/tmp/sampan-doctor-XXXXXX", conf[64], path[128];
    static const char *const folders[] = { "run", "log", "tmp", "tmp/nginx" };
    char nginx[] = "/usr/sbin/nginx", minus_t[] = "-t", minus_c[] = "-c", minus_e[] = "-e",
         error[] = "stderr";
    char *argv[] = { nginx, minus_t, minus_e, error, minus_c, conf, NULL };
    char *remove[] = { (char[]){ "/bin/rm" }, (char[]){ "-rf" }, dir, NULL };
    struct settings settings = *doctor->settings;
    struct nginx_places places = { .module = module, .files = nginx_files() };
    struct spn_buffer text = { 0 }, said = { 0 };
    struct spn_error err = { 0 };
    int status = 0;

    if (access(nginx, X_OK) < 0) {
        say(doctor, BAD, "nginx", "`apt-get install nginx`", "nginx is not installed");
        return;
    }
    if (program_find("ngx_http_sampan_module.so", module, &err) < 0)
        return; /* said before */
    if (!mkdtemp(dir))
        return;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", dir, folders[i]);
        (void)mkdir(path, 0700);
    }
    (void)snprintf(settings.data, sizeof(settings.data), "%s", dir);
    (void)snprintf(settings.listen, sizeof(settings.listen), "127.0.0.1");
    (void)snprintf(conf, sizeof(conf), "%s/run/nginx.conf", dir);
    (void)snprintf(path, sizeof(path), "%s/tmp", dir);
    if (nginx_conf_make(&settings, &places, &text, &err) < 0 ||
        spn_file_put(path, conf, 0600, text.data, text.size, &err) < 0 ||
        run_once(argv, "", 20, &said, &status, &err) < 0)
        say(doctor, BAD, "nginx", NULL, "%s", err.text);
    else if (status != 0)
        say(doctor, BAD, "nginx",
            "build the module against the installed nginx: `apt-get install nginx-dev`, `meson "
            "compile "
            "-C build`",
            "nginx does not take the module or the configuration: %.600s",
            spn_buffer_text(&said) ? (const char *)said.data : "");
    else
        say(doctor, GOOD, "nginx", NULL, "it loads the module and takes the configuration");
    (void)run_once(remove, "", 20, &said, &status, NULL);
    spn_buffer_finish(&text);
    spn_buffer_finish(&said);
}

/* What the next check needs: two files in the data directory. */
static int file_pair(const char *data, int fds[2])
{
    char path[SPN_PATH_MAX + 32];

    for (int i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof(path), "%s/.doctor-XXXXXX", data);
        fds[i] = mkostemp(path, O_CLOEXEC);
        if (fds[i] < 0)
            return -1;
        (void)unlink(path);
    }
    return write(fds[0], "x", 1) == 1 ? 0 : -1;
}

static void check_data(struct doctor *doctor)
{
    const char *data = doctor->settings->data;
    int fds[2] = { -1, -1 };
    struct statvfs disk;
    struct stat st;

    if (stat(data, &st) < 0) {
        say(doctor, errno == ENOENT ? FAIR : BAD, "data",
            "`sampan up` makes it; or name another with --data", "%s: %s", data, strerror(errno));
        return;
    }
    if (st.st_uid == 0)
        say(doctor, BAD, "data", "`chown -R USER` it: Sampan does not run as root",
            "%s belongs to root", data);
    if (statvfs(data, &disk) == 0) {
        double free_gb = (double)disk.f_bavail * (double)disk.f_frsize / 1e9;

        say(doctor, free_gb < DISK_LOW_GB ? FAIR : GOOD, "disk",
            free_gb < DISK_LOW_GB ? "make room, or name another directory with --data" : NULL,
            "%.0f GB are free in %s", free_gb, data);
    }
    if (file_pair(data, fds) < 0) {
        say(doctor, BAD, "data", "`chown` it to the user that Sampan runs as",
            "cannot write in %s: %s", data, strerror(errno));
    } else {
        say(doctor, GOOD, "data", NULL, "%s can be written", data);
        if (ioctl(fds[1], FICLONE, fds[0]) == 0)
            say(doctor, GOOD, "reflink", NULL, "sources are kept without being copied");
        else
            say(doctor, FAIR, "reflink", "XFS or Btrfs can; or ingest with --link",
                "this disk copies sources byte by byte");
    }
    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void check_port(struct doctor *doctor)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)doctor->settings->port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    char running[SPN_PATH_MAX + 16];

    (void)snprintf(running, sizeof(running), "%s/run/up.json", doctor->settings->data);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        say(doctor, GOOD, "port", NULL, "%lld is free", (long long)doctor->settings->port);
    else if (access(running, F_OK) == 0)
        say(doctor, GOOD, "port", NULL, "Sampan runs from this directory");
    else
        say(doctor, BAD, "port", "stop what has it, or choose another with --port", "%lld: %s",
            (long long)doctor->settings->port, strerror(errno));
    close(fd);
}

static void check_machine(struct doctor *doctor)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long memory_mb = sysconf(_SC_PHYS_PAGES) / (1 << 10) * sysconf(_SC_PAGESIZE) / (1 << 10);
    struct timex clock = { 0 };
    struct spn_buffer ulp = { 0 };

    say(doctor, memory_mb < MEMORY_MB * cores ? FAIR : GOOD, "memory",
        memory_mb < MEMORY_MB * cores ? "fewer jobs at a time: --workers, --worker-memory-mb"
                                      : NULL,
        "%ld MB for %ld cores; a 1080p chunk takes about 1000 MB", memory_mb, cores);
    if (adjtimex(&clock) == TIME_ERROR)
        say(doctor, FAIR, "clock", "`timedatectl set-ntp true`, or run chrony",
            "the clock is not held right by anything");
    else
        say(doctor, GOOD, "clock", NULL, "it is held right");
    if (spn_file_get("/proc/sys/net/ipv4/tcp_available_ulp", 4096, &ulp, NULL) == SPN_OK &&
        spn_buffer_text(&ulp) && strstr((const char *)ulp.data, "tls"))
        say(doctor, GOOD, "ktls", NULL, "TLS is done in the kernel, so that sendfile stays");
    else
        say(doctor, doctor->settings->tls_certificate[0] ? FAIR : GOOD, "ktls",
            "`modprobe tls`, and name it in /etc/modules",
            "the kernel does no TLS: with a certificate every byte is copied once more");
    spn_buffer_finish(&ulp);
}

static void check_tls(struct doctor *doctor)
{
    const char *files[] = { doctor->settings->tls_certificate, doctor->settings->tls_key };

    for (size_t i = 0; i < 2; i++)
        if (files[i][0] && access(files[i], R_OK) < 0)
            say(doctor, BAD, "tls", "let the user that Sampan runs as read it", "%s: %s", files[i],
                strerror(errno));
}

int cmd_doctor(struct typed *typed, struct spn_error *err)
{
    struct doctor doctor = { .settings = &typed->settings,
                             .found = json_array(),
                             .json = typed->json };
    int ret = SPN_OK;

    check_programs(&doctor);
    preload_sanitizers();
    check_walls(&doctor);
    check_encoders(&doctor);
    check_nginx(&doctor);
    check_data(&doctor);
    check_port(&doctor);
    check_tls(&doctor);
    check_machine(&doctor);
    if (typed->json)
        output_json(json_pack("{sbsO}", "ok", doctor.worst < BAD, "checks", doctor.found));
    if (doctor.worst >= BAD)
        ret = spn_error_set(err, SPN_EUNSUPPORTED,
                            "Sampan would not work here: see what is BAD above");
    if (typed->json)
        err->text[0] = '\0'; /* one object says it all */
    json_decref(doctor.found);
    return ret;
}

/* The table of settings: said once, read by every program, --help and the manual pages. */
#include "settings.h"

#define AT(member) offsetof(struct settings, member)

#define SERVERS  (SETTINGS_UP | SETTINGS_CONTROL)
#define WORKERS  (SETTINGS_UP | SETTINGS_WORKER)
#define PROGRAMS (SETTINGS_UP | SETTINGS_CONTROL | SETTINGS_WORKER)
#define ALL      (PROGRAMS | SETTINGS_CLIENT)

/* clang-format off */
const struct setting settings_table[] = {
    { "data", SETTING_PATH, "DIR", "",
      "$SAMPAN_DATA, else ~/.local/share/sampan; for root /var/lib/sampan", 0, 0, { 0 }, ALL,
      "The data directory: everything that Sampan keeps.", AT(data) },
    { "port", SETTING_NUMBER, "N", "8080", NULL, 1, 65535, { 0 },
      SETTINGS_UP | SETTINGS_CONTROL | SETTINGS_CLIENT,
      "The one port that viewers, pages and the API are served on.", AT(port) },
    { "listen", SETTING_TEXT, "ADDRESS", "localhost", NULL, 0, 0, { 0 }, SETTINGS_UP,
      "The address of that port: localhost, * for every address of the machine, or one address.",
      AT(listen) },
    { "url", SETTING_TEXT, "URL", "", "http://localhost:PORT", 0, 0, { 0 },
      SERVERS | SETTINGS_CLIENT,
      "What viewers reach this instance as: the beginning of the URLs that are shown.", AT(url) },
    { "tls_certificate", SETTING_PATH, "FILE", "", "none: plain HTTP", 0, 0, { 0 }, SETTINGS_UP,
      "Certificate chain in PEM; with it the port speaks TLS.", AT(tls_certificate) },
    { "tls_key", SETTING_PATH, "FILE", "", "none", 0, 0, { 0 }, SETTINGS_UP,
      "Private key of the certificate in PEM.", AT(tls_key) },
    { "user", SETTING_TEXT, "NAME", "", "sampan where there is such a user, else nobody", 0, 0,
      { 0 }, SETTINGS_UP,
      "Started by root with a data directory that does not exist yet: whom it is made for.",
      AT(user) },
    { "api", SETTING_TEXT, "URL", "", "the socket run/control.sock in the data directory", 0, 0,
      { 0 }, SETTINGS_WORKER | SETTINGS_CLIENT,
      "Where the API is, for a worker or a command on another machine: https://HOST, or unix:PATH.",
      AT(api) },
    { "token_file", SETTING_PATH, "FILE", "", "the one sampan up wrote in the data directory", 0, 0,
      { 0 }, SETTINGS_WORKER | SETTINGS_CLIENT,
      "The file that holds the token shown to the API.", AT(token_file) },
    { "database", SETTING_TEXT, "URL", "", "SQLite, db/sampan.db in the data directory", 0, 0,
      { 0 }, SERVERS,
      "The database: postgresql://USER@HOST/NAME, or nothing for SQLite.", AT(database) },
    { "workers", SETTING_NUMBER, "N", "-1", "one a core", -1, 1024, { 0 }, WORKERS,
      "Jobs worked on at a time on this machine; 0 for none.", AT(workers) },
    { "worker_memory_mb", SETTING_NUMBER, "MB", "0", "three quarters of the machine's", 0, 16777216,
      { 0 }, WORKERS,
      "Memory that those jobs may take together; a 1080p chunk takes about 1000.",
      AT(worker_memory_mb) },
    { "media_idle_s", SETTING_NUMBER, "SECONDS", "120", NULL, 1, 86400, { 0 }, WORKERS,
      "How long sampan-media may say nothing before it is taken to hang.", AT(media_idle_s) },
    { "lease_s", SETTING_NUMBER, "SECONDS", "60", NULL, 2, 3600, { 0 }, SERVERS,
      "How long a job stays with a worker that is not heard of.", AT(lease_s) },
    { "segment_gops", SETTING_NUMBER, "N", "3", NULL, 1, 5, { 0 }, SERVERS,
      "Target length of a segment in GOPs of two seconds.", AT(segment_gops) },
    { "gc_grace_days", SETTING_NUMBER, "DAYS", "7", NULL, 1, 3650, { 0 }, SERVERS,
      "How long a file that nothing refers to is kept; longer than the longest title and grant.",
      AT(gc_grace_days) },
    { "publication_cache", SETTING_NUMBER, "N", "1000", NULL, 1, 32768, { 0 }, SETTINGS_UP,
      "Publications that each nginx worker keeps open.", AT(publication_cache) },
    { "log_level", SETTING_CHOICE, "LEVEL", "info", NULL, 0, 0,
      { "error", "warn", "info", "debug", NULL }, ALL,
      "The least grave message that is logged.", AT(log_level) },
};
/* clang-format on */
const size_t settings_count = sizeof(settings_table) / sizeof(settings_table[0]);

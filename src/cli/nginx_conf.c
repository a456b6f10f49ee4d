#include "nginx_conf.h"

#include <string.h>
#include <sys/resource.h>

#define FILES_MOST 65536 /* open_file_cache's 10,000, publications, and connections */

uint64_t nginx_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return 1024;
    return files.rlim_max < FILES_MOST ? files.rlim_max : FILES_MOST;
}

static const char page[] =
    "<!doctype html><html lang=en><meta charset=utf-8><title>Sampan</title>"
    "<h1>Sampan</h1><p>It runs; its pages are not installed. Build them with <code>npm ci && npm "
    "run "
    "build</code> in <code>web/</code>, or use the <a href=/api/v1/openapi.json>API</a>.</p>";

/* What nginx knows of the kinds of files that the pages consist of; the module sets its own. */
static const char types[] = "    types {\n"
                            "        text/html html;\n"
                            "        text/css css;\n"
                            "        text/javascript js mjs;\n"
                            "        application/json json map;\n"
                            "        application/manifest+json webmanifest;\n"
                            "        image/svg+xml svg;\n"
                            "        image/png png;\n"
                            "        image/jpeg jpg;\n"
                            "        image/x-icon ico;\n"
                            "        font/woff2 woff2;\n"
                            "    }\n"
                            "    default_type application/octet-stream;\n";

/* A string in quotes, as nginx reads it; a $ would be a variable and cannot be escaped. */
static int quoted(struct spn_buffer *out, const char *text, struct spn_error *err)
{
    if (strpbrk(text, "$\"\\\n\r"))
        return spn_error_set(
            err, SPN_EINVAL,
            "the path %.200s has a character in it that nginx cannot be told: $, \" "
            "or \\",
            text);
    spn_buffer_format(out, "\"%s\"", text);
    return SPN_OK;
}

static int directive(struct spn_buffer *out, int indent, const char *name, const char *value,
                     const char *after, struct spn_error *err)
{
    int ret;

    spn_buffer_format(out, "%*s%s ", indent, "", name);
    if ((ret = quoted(out, value, err)) < 0)
        return ret;
    spn_buffer_format(out, "%s;\n", after);
    return SPN_OK;
}

static void listen_line(struct spn_buffer *out, const char *address,
                        const struct settings *settings)
{
    spn_buffer_format(out, "        listen %s:%lld%s;\n", address, (long long)settings->port,
                      settings->tls_certificate[0] ? " ssl http2" : "");
}

static int listens(const struct settings *settings, const struct nginx_places *places,
                   struct spn_buffer *out, struct spn_error *err)
{
    const char *address = settings->listen;

    if (!strcmp(address, "localhost")) {
        listen_line(out, "127.0.0.1", settings);
        if (places->ipv6)
            listen_line(out, "[::1]", settings);
    } else if (!strcmp(address, "*")) {
        listen_line(out, "0.0.0.0", settings);
        if (places->ipv6)
            listen_line(out, "[::]", settings);
    } else if (strspn(address, "0123456789abcdefABCDEF:.") != strlen(address) || !address[0]) {
        return spn_error_set(err, SPN_EINVAL,
                             "listen is \"%.100s\": it must be localhost, * or an address",
                             address);
    } else if (strchr(address, ':')) {
        char brackets[SETTING_TEXT_MAX + 2];

        (void)snprintf(brackets, sizeof(brackets), "[%s]", address);
        listen_line(out, brackets, settings);
    } else {
        listen_line(out, address, settings);
    }
    return SPN_OK;
}

static void proxied(struct spn_buffer *out, const char *location)
{
    spn_buffer_format(out,
                      "        location %s {\n"
                      "            proxy_pass http://control;\n"
                      "        }\n",
                      location);
}

static int server(const struct settings *settings, const struct nginx_places *places,
                  struct spn_buffer *out, struct spn_error *err)
{
    char path[SPN_PATH_MAX + 64];
    int ret;

    spn_buffer_string(out, "    server {\n");
    if ((ret = listens(settings, places, out, err)) < 0)
        return ret;
    if (settings->tls_certificate[0]) {
        if ((ret = directive(out, 8, "ssl_certificate", settings->tls_certificate, "", err)) < 0 ||
            (ret = directive(out, 8, "ssl_certificate_key", settings->tls_key, "", err)) < 0)
            return ret;
        spn_buffer_string(out, "        ssl_protocols TLSv1.2 TLSv1.3;\n"
                               "        ssl_session_cache shared:tls:10m;\n"
                               "        ssl_conf_command Options KTLS;\n"
                               "        output_buffers 2 512k;\n");
    }
    /* The number of the request is answered too, so that a report of a fault can name it. */
    spn_buffer_string(out, "        add_header X-Request-Id $request_id always;\n\n"
                           "        location /v/ {\n");
    if ((ret = directive(out, 12, "sampan", settings->data, "", err)) < 0)
        return ret;
    spn_buffer_string(out, "        }\n");
    proxied(out, "/api/");
    /* What control says to send; nobody else comes here. The ETag is control's, and ranges are of
     * it. */
    spn_buffer_string(out, "        location /.files/flat/ {\n"
                           "            internal;\n");
    (void)snprintf(path, sizeof(path), "%s/flat/", settings->data);
    if ((ret = directive(out, 12, "alias", path, "", err)) < 0)
        return ret;
    spn_buffer_string(out, "            etag off;\n"
                           "            if_modified_since off;\n"
                           "            add_header ETag $upstream_http_etag;\n"
                           "            add_header X-Content-Type-Options nosniff always;\n"
                           "            add_header X-Request-Id $request_id always;\n"
                           "        }\n");
    proxied(out, "= /healthz");
    proxied(out, "= /readyz");
    /* For this machine alone; what another proxy on it passes on came from elsewhere. */
    spn_buffer_string(out, "        location = /metrics {\n"
                           "            allow 127.0.0.0/8;\n"
                           "            allow ::1;\n"
                           "            deny all;\n"
                           "            set $passed_on \"$http_x_forwarded_for$http_forwarded"
                           "$http_via\";\n"
                           "            if ($passed_on != \"\") {\n"
                           "                return 403;\n"
                           "            }\n"
                           "            proxy_pass http://control;\n"
                           "        }\n");
    if (places->web) {
        spn_buffer_string(out, "        location / {\n");
        if ((ret = directive(out, 12, "root", places->web, "", err)) < 0)
            return ret;
        spn_buffer_string(out, "            index index.html;\n"
                               "            try_files $uri $uri.html $uri/ =404;\n"
                               "            add_header X-Content-Type-Options nosniff always;\n"
                               "            add_header Cache-Control no-cache;\n"
                               "        }\n"
                               "        location /assets/ {\n");
        if ((ret = directive(out, 12, "root", places->web, "", err)) < 0)
            return ret;
        spn_buffer_string(out, "            add_header X-Content-Type-Options nosniff always;\n"
                               "            add_header Cache-Control \"public, max-age=31536000, "
                               "immutable\";\n"
                               "        }\n");
    } else {
        spn_buffer_format(out,
                          "        location = / {\n"
                          "            default_type text/html;\n"
                          "            return 200 '%s';\n"
                          "        }\n"
                          "        location / {\n"
                          "            return 404;\n"
                          "        }\n",
                          page);
    }
    spn_buffer_string(out, "    }\n");
    return SPN_OK;
}

int nginx_conf_make(const struct settings *settings, const struct nginx_places *places,
                    struct spn_buffer *out, struct spn_error *err)
{
    static const char *const temp[] = { "client_body", "proxy", "fastcgi", "uwsgi", "scgi" };
    char path[SPN_PATH_MAX + 64];
    int ret;

    spn_buffer_string(out, "# Written by `sampan up`; it is written anew at every start.\n");
    if ((ret = directive(out, 0, "load_module", places->module, "", err)) < 0)
        return ret;
    spn_buffer_format(out,
                      "daemon off;\nworker_processes auto;\nworker_shutdown_timeout 10s;\n"
                      "worker_rlimit_nofile %llu;\n",
                      (unsigned long long)places->files);
    (void)snprintf(path, sizeof(path), "%s/run/nginx.pid", settings->data);
    if ((ret = directive(out, 0, "pid", path, "", err)) < 0)
        return ret;
    (void)snprintf(path, sizeof(path), "%s/log/nginx.log", settings->data);
    if ((ret = directive(out, 0, "error_log", path, " warn", err)) < 0)
        return ret;
    spn_buffer_string(out, "events {\n    worker_connections 4096;\n}\n\nhttp {\n");
    spn_buffer_string(out, types);
    spn_buffer_string(
        out, "    log_format sampan escape=json '{\"time\":\"$time_iso8601\",\"level\":\"info\","
             "\"program\":\"nginx\",\"msg\":\"$request_method $uri\",\"request\":\"$request_id\","
             "\"status\":$status,\"bytes\":$body_bytes_sent,\"seconds\":$request_time,"
             "\"client\":\"$remote_addr\",\"range\":\"$http_range\","
             "\"publication\":\"$sampan_publication\",\"resource\":\"$sampan_resource\","
             "\"agent\":\"$http_user_agent\"}';\n");
    (void)snprintf(path, sizeof(path), "%s/log/access.log", settings->data);
    if ((ret = directive(out, 4, "access_log", path, " sampan buffer=64k flush=1s", err)) < 0)
        return ret;
    for (size_t i = 0; i < sizeof(temp) / sizeof(temp[0]); i++) {
        char name[64];

        (void)snprintf(path, sizeof(path), "%s/tmp/nginx/%s", settings->data, temp[i]);
        (void)snprintf(name, sizeof(name), "%s_temp_path", temp[i]);
        if ((ret = directive(out, 4, name, path, "", err)) < 0)
            return ret;
    }
    spn_buffer_format(out,
                      "    server_tokens off;\n"
                      "    sendfile on;\n"
                      "    tcp_nopush on;\n"
                      "    sendfile_max_chunk 2m;\n"
                      "    keepalive_timeout 75s;\n"
                      "    keepalive_requests 10000;\n"
                      "    open_file_cache max=10000 inactive=60s;\n"
                      "    open_file_cache_valid 60s;\n"
                      "    open_file_cache_errors off;\n"
                      "    sampan_cache %lld valid=2s;\n"
                      "    gzip on;\n"
                      "    gzip_min_length 1000;\n"
                      "    gzip_vary on;\n"
                      "    gzip_types application/vnd.apple.mpegurl application/dash+xml "
                      "text/vtt application/json text/javascript text/css image/svg+xml;\n\n",
                      (long long)settings->publication_cache);
    /*
     * Uploads go through as they come, and so do server-sent events. X-Forwarded-Proto and Host
     * tell control what the viewer typed; the request's number ties both logs together.
     */
    spn_buffer_string(out, "    client_max_body_size 0;\n"
                           "    client_body_timeout 120s;\n"
                           "    proxy_http_version 1.1;\n"
                           "    proxy_request_buffering off;\n"
                           "    proxy_buffering off;\n"
                           "    proxy_read_timeout 3600s;\n"
                           "    proxy_send_timeout 120s;\n"
                           "    proxy_set_header Connection \"\";\n"
                           "    proxy_set_header Host $http_host;\n"
                           "    proxy_set_header X-Request-Id $request_id;\n"
                           "    proxy_hide_header X-Request-Id;\n"
                           "    proxy_set_header X-Forwarded-For $remote_addr;\n"
                           "    proxy_set_header X-Forwarded-Proto $scheme;\n"
                           "    proxy_set_header X-Sampan-Files /.files/;\n"
                           "    upstream control {\n");
    (void)snprintf(path, sizeof(path), "unix:%s/run/control.sock", settings->data);
    if ((ret = directive(out, 8, "server", path, " max_fails=0", err)) < 0)
        return ret;
    spn_buffer_string(out, "        keepalive 16;\n    }\n\n");
    if ((ret = server(settings, places, out, err)) < 0)
        return ret;
    spn_buffer_string(out, "}\n");
    return spn_buffer_failed(out) ? spn_error_set(err, SPN_ENOMEM, "out of memory") : SPN_OK;
}

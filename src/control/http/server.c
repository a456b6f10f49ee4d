/* server.c - sockets, daemons and their threads. */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "connection.h"
#include "gc/gc_daily.h"
#include "keeper.h"
#include "log.h"

#define BACKLOG           256
#define POOL_THREADS      2
#define CONNECTIONS_MAX   1024         /* a daemon */
#define CONNECTION_MEMORY (128u << 10) /* bytes: headers, and the reads of a body */
#define IDLE_S            60

static int unix_listen(const char *path, struct spn_error *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd;

    if (strlen(path) >= sizeof(address.sun_path))
        return spn_error_set(err, SPN_ELIMIT,
                             "the socket path %s is longer than %zu bytes; use a data directory "
                             "with a shorter path",
                             path, sizeof(address.sun_path) - 1);
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return spn_error_errno(err, errno, "cannot make a socket");
    (void)unlink(path); /* of one that was killed: the lock of the data directory is ours */
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, 0660) < 0 ||
        listen(fd, BACKLOG) < 0) {
        int ret = spn_error_errno(err, errno, "cannot listen on %s", path);

        (void)close(fd);
        return ret;
    }
    return fd;
}

static int tcp_address(const char *text, struct sockaddr_storage *out, socklen_t *length)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    const char *colon = strrchr(text, ':');
    char host[64], *end;
    unsigned long port;

    memset(out, 0, sizeof(*out));
    if (!colon || (size_t)(colon - text) >= sizeof(host))
        return 0;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    port = strtoul(colon + 1, &end, 10);
    if (end == colon + 1 || *end || port == 0 || port > 65535)
        return 0;
    if (strcmp(host, "[::1]") == 0) {
        six->sin6_family = AF_INET6;
        six->sin6_addr = in6addr_loopback;
        six->sin6_port = htons((uint16_t)port);
        *length = sizeof(*six);
        return 1;
    }
    four->sin_family = AF_INET;
    four->sin_port = htons((uint16_t)port);
    *length = sizeof(*four);
    return inet_pton(AF_INET, host, &four->sin_addr) == 1 &&
           (ntohl(four->sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
}

static int tcp_listen(const char *text, struct spn_error *err)
{
    struct sockaddr_storage address;
    socklen_t length;
    int fd, on = 1;

    if (!tcp_address(text, &address, &length))
        return spn_error_set(err, SPN_EINVAL,
                             "\"%s\" is no address to listen on: unix:PATH, or 127.0.0.1:PORT, "
                             "since the API is for this machine and nginx is for the others",
                             text);
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return spn_error_errno(err, errno, "cannot make a socket");
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, BACKLOG) < 0) {
        int ret = spn_error_errno(err, errno, "cannot listen on %s", text);

        (void)close(fd);
        return ret;
    }
    return fd;
}

static void wake(void *opaque)
{
    struct server *server = opaque;

    waiting_wake(server->waiting);
    keeper_wake(server->keeper);
}

static int server_listen(struct server *server, const char *listen_on, struct spn_error *err)
{
    int is_unix = strncmp(listen_on, "unix:", 5) == 0;
    int fd = is_unix ? unix_listen(listen_on + 5, err) : tcp_listen(listen_on, err);
    struct MHD_Daemon *daemon;

    if (fd < 0)
        return fd;
    if (is_unix) {
        server->sockets[server->socket_count] = strdup(listen_on + 5);
        if (server->sockets[server->socket_count])
            server->socket_count++;
    }
    daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, connection_call,
        server, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)POOL_THREADS,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
        MHD_OPTION_NOTIFY_COMPLETED, connection_done, server, MHD_OPTION_END);
    if (!daemon) {
        (void)close(fd);
        return spn_error_set(err, SPN_EIO, "cannot start the HTTP server on %s", listen_on);
    }
    server->daemons[server->daemon_count++] = daemon;
    log_info("the API answers", LOG_TEXT("listen", listen_on));
    return SPN_OK;
}

int server_start(struct instance *instance, const char *const listens[], size_t count,
                 struct server **out, struct spn_error *err)
{
    struct server *server = calloc(1, sizeof(*server));
    int ret;

    *out = NULL;
    if (!server)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if (count > LISTENS_MAX) {
        free(server);
        return spn_error_set(err, SPN_ELIMIT, "%d addresses to listen on are the most",
                             LISTENS_MAX);
    }
    server->instance = instance;
    if ((ret = waiting_create(&server->waiting, err)) < 0) {
        free(server);
        return ret;
    }
    if ((ret = keeper_start(instance, &server->keeper, err)) < 0 ||
        (ret = gc_daily_start(instance, &server->gc, err)) < 0)
        goto fail;
    instance->wake = wake;
    instance->wake_opaque = server;
    for (size_t i = 0; i < count; i++)
        if ((ret = server_listen(server, listens[i], err)) < 0)
            goto fail;
    *out = server;
    return SPN_OK;

fail:
    server_stop(server);
    return ret;
}

void server_stop(struct server *server)
{
    if (!server)
        return;
    for (size_t i = 0; i < server->daemon_count; i++) {
        int fd = MHD_quiesce_daemon(server->daemons[i]);

        if (fd >= 0)
            (void)close(fd);
    }
    waiting_end(server->waiting);
    for (size_t i = 0; i < server->daemon_count; i++)
        MHD_stop_daemon(server->daemons[i]);
    gc_daily_stop(server->gc);
    keeper_stop(server->keeper);
    server->instance->wake = NULL;
    waiting_destroy(server->waiting);
    for (size_t i = 0; i < server->socket_count; i++) {
        (void)unlink(server->sockets[i]);
        free(server->sockets[i]);
    }
    free(server);
}

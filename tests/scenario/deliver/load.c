/*
 * load - ask an HTTP/1.1 server for many paths over kept connections, as cheaply as a client can.
 *
 *   load PORT CONNECTIONS REQUESTS <PATHS
 *
 * PATHS, one a line, are asked in turn, again from the first, until REQUESTS answers have come from
 * 127.0.0.1:PORT. Bodies are counted and dropped in the kernel. Prints one line of JSON: requests,
 * bytes (of bodies), ns (wall clock), status (how often each), closed (connections the server
 * ended). Every answer must have a Content-Length.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX        4096 /* bytes of a response's header */
#define CONNECTIONS_MAX 1024
#define RECV_MAX        (1u << 20) /* bytes dropped in one call */

struct connection {
    int fd;
    size_t head_size; /* bytes of head in use, while it is not complete */
    uint64_t body_left;
    int in_body;
    char head[HEAD_MAX + 1];
};

static char **requests; /* whole request texts */
static size_t *request_sizes;
static size_t request_count;
static uint64_t asked, answered, wanted, body_bytes, closed, statuses[1000];
static struct sockaddr_in address;
static int poll_fd;

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void read_paths(void)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;

    while ((size = getline(&line, &capacity, stdin)) > 0) {
        char *text = NULL;
        int length;

        if (line[size - 1] == '\n')
            line[--size] = '\0';
        if (size == 0)
            continue;
        length = asprintf(&text, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", line);
        if (request_count % 1024 == 0) {
            requests = realloc(requests, (request_count + 1024) * sizeof(*requests));
            request_sizes = realloc(request_sizes, (request_count + 1024) * sizeof(*request_sizes));
        }
        if (length < 0 || !requests || !request_sizes)
            die("paths");
        requests[request_count] = text;
        request_sizes[request_count++] = (size_t)length;
    }
    free(line);
    if (request_count == 0) {
        fputs("load: no paths on standard input\n", stderr);
        exit(2);
    }
}

static void ask(struct connection *c)
{
    size_t i = asked++ % request_count;

    c->head_size = 0;
    c->in_body = 0;
    if (send(c->fd, requests[i], request_sizes[i], MSG_NOSIGNAL) != (ssize_t)request_sizes[i])
        die("send");
}

static void open_connection(struct connection *c)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
    int one = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, c->fd, &event) < 0)
        die("epoll_ctl");
}

static int done(struct connection *c)
{
    answered++;
    if (asked < wanted)
        ask(c);
    return answered >= wanted;
}

/* The header is complete: note the status, and how much of the body is still to come. */
static void begin_body(struct connection *c, size_t header_size)
{
    uint64_t length = UINT64_MAX;
    unsigned status = 0;

    c->head[c->head_size] = '\0';
    sscanf(c->head, "HTTP/1.1 %3u", &status);
    statuses[status]++;
    for (char *p = c->head; (p = strchr(p, '\n')) && p - c->head < (ptrdiff_t)header_size;)
        if (strncasecmp(++p, "content-length:", 15) == 0)
            length = strtoull(p + 15, NULL, 10);
    if (length == UINT64_MAX || c->head_size - header_size > length) {
        fprintf(stderr, "load: an answer without its Content-Length:\n%s", c->head);
        exit(1);
    }
    c->in_body = 1;
    c->body_left = length - (c->head_size - header_size);
    body_bytes += length;
}

static int readable(struct connection *c)
{
    ssize_t got;
    char *end;

    if (c->in_body) {
        got = recv(c->fd, NULL, c->body_left < RECV_MAX ? c->body_left : RECV_MAX,
                   MSG_TRUNC | MSG_DONTWAIT);
        if (got > 0)
            c->body_left -= (uint64_t)got;
    } else {
        got = recv(c->fd, c->head + c->head_size, HEAD_MAX - c->head_size, MSG_DONTWAIT);
        if (got > 0) {
            c->head_size += (size_t)got;
            end = memmem(c->head, c->head_size, "\r\n\r\n", 4);
            if (end)
                begin_body(c, (size_t)(end - c->head) + 4);
            else if (c->head_size == HEAD_MAX)
                die("a header longer than there is room for");
        }
    }
    if (got < 0 && errno != EAGAIN)
        die("recv");
    if (got == 0) { /* keepalive_requests: nothing was lost if nothing had come */
        if (c->in_body || c->head_size)
            die("the server closed in the middle of an answer");
        closed++;
        close(c->fd);
        asked--;
        open_connection(c);
        ask(c);
        return 0;
    }
    return c->in_body && c->body_left == 0 ? done(c) : 0;
}

int main(int argc, char **argv)
{
    static struct connection connections[CONNECTIONS_MAX];
    struct timespec from, to;
    size_t count;

    if (argc != 4 || (count = strtoul(argv[2], NULL, 10)) == 0 || count > CONNECTIONS_MAX) {
        fputs("usage: load PORT CONNECTIONS REQUESTS <PATHS\n", stderr);
        return 2;
    }
    wanted = strtoull(argv[3], NULL, 10);
    if (count > wanted)
        count = wanted;
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    read_paths();
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (poll_fd < 0)
        die("epoll_create1");

    for (size_t i = 0; i < count; i++)
        open_connection(&connections[i]);
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (size_t i = 0; i < count; i++)
        ask(&connections[i]);
    for (int over = wanted == 0; !over;) {
        struct epoll_event events[64];
        int ready = epoll_wait(poll_fd, events, 64, 30000);

        if (ready == 0) {
            fputs("load: no answer for 30 seconds\n", stderr);
            return 1;
        }
        for (int i = 0; i < ready && !over; i++)
            over = readable(events[i].data.ptr);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);

    printf("{\"requests\":%llu,\"bytes\":%llu,\"ns\":%lld,\"closed\":%llu,\"status\":{",
           (unsigned long long)answered, (unsigned long long)body_bytes,
           (long long)(to.tv_sec - from.tv_sec) * 1000000000 + (to.tv_nsec - from.tv_nsec),
           (unsigned long long)closed);
    for (size_t i = 0, first = 1; i < 1000; i++)
        if (statuses[i]) {
            printf("%s\"%zu\":%llu", first ? "" : ",", i, (unsigned long long)statuses[i]);
            first = 0;
        }
    puts("}}");
    for (size_t i = 0; i < count; i++)
        close(connections[i].fd);
    for (size_t i = 0; i < request_count; i++)
        free(requests[i]);
    free(requests);
    free(request_sizes);
    close(poll_fd);
    return 0;
}

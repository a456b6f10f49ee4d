/* connection.h - from libmicrohttpd's calls to a request, its handler and its answer. For http/. */
#ifndef CONTROL_CONNECTION_H
#define CONTROL_CONNECTION_H

#include <microhttpd.h>

#include "request.h"
#include "server.h"
#include "waiting.h"

struct server {
    struct instance *instance;
    struct waiting *waiting;
    struct MHD_Daemon *daemons[LISTENS_MAX];
    size_t daemon_count;
    char *sockets[LISTENS_MAX]; /* paths to remove at the end */
    size_t socket_count;
    struct keeper *keeper;
    struct gc_daily *gc;
};

/* MHD_AccessHandlerCallback and MHD_RequestCompletedCallback; cls is the struct server. */
enum MHD_Result connection_call(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload_data,
                                size_t *upload_data_size, void **context);
void connection_done(void *cls, struct MHD_Connection *connection, void **context,
                     enum MHD_RequestTerminationCode why);

/* Is the peer still there? A worker that died must not be given a job. */
int connection_alive(const struct request *request);

#endif

/*
 * server.h - the API's HTTP: libmicrohttpd with a few epoll threads, each with its connection to
 * the database. A request that must wait (a claim, events) is suspended and holds no thread.
 */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include "instance.h"

struct server;

#define LISTENS_MAX 8

/*
 * listens: "unix:PATH" or "127.0.0.1:PORT" ("[::1]:PORT"); the API is for nginx and workers of this
 * machine, so no other address is taken. On SPN_OK requests are being answered. *out goes to
 * server_stop(), which ends waiting requests, finishes those in hand and stops every thread.
 */
int server_start(struct instance *instance, const char *const listens[], size_t count,
                 struct server **out, struct spn_error *err);
void server_stop(struct server *server); /* NULL is allowed */

#endif

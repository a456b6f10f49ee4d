/*
 * client.h - HTTP and JSON to the API, for the commands and for workers.
 *
 * An answer that is no 2xx becomes a struct spn_error: the sentence is the problem's detail (RFC
 * 9457), the code its member "code" where it has one, else what the status stands for. SPN_EAGAIN
 * means that nobody answered, or that who did is not ready: the same call may succeed later.
 * A client is for one thread at a time; a worker has one for each.
 */
#ifndef SAMPAN_CLIENT_H
#define SAMPAN_CLIENT_H

#include <stdatomic.h>
#include <stdint.h>

#include <jansson.h>

#include "events.h"
#include "sampan/error.h"
#include "settings.h"
#include "sink.h"

#define CLIENT_ANSWER_MAX                                                                          \
    (64u << 20)              /* bytes: ten hours of packets are not in any answer, cues may be */
#define CLIENT_SILENCE_S 45  /* the API says something every 15 s */
#define CLIENT_TOKEN_MAX 256 /* bytes of a token file */

struct client;

/*
 * Speak to base, "unix:PATH" or "http(s)://HOST[:PORT]", with token ("" for none). agent says who
 * is asking. *out goes to client_close().
 */
int client_open(const char *base, const char *token, const char *agent, struct client **out,
                struct spn_error *err);
void client_close(struct client *client); /* NULL is allowed */

/* Where the settings say the API is, and with which token; for a worker another default token. */
int client_address(const struct settings *settings, char base[SPN_PATH_MAX + 8],
                   struct spn_error *err);
int client_token(const struct settings *settings, int worker, char token[CLIENT_TOKEN_MAX],
                 struct spn_error *err);

struct client_call {
    const char *method, *path; /* "/api/v1/…", already escaped */
    const json_t *body;        /* borrowed; NULL for none */
    const char *key;           /* Idempotency-Key, NULL for none: a repeated call is done once */
    int64_t timeout_ms;        /* of one attempt; 0: 30 s */
    int64_t patience_ms;       /* for how long SPN_EAGAIN is tried again; 0: not at all */
    const atomic_int *stop; /* the call ends with SPN_ECANCELED when it is not zero; may be NULL */
};

/*
 * Make the call. Returns the HTTP status, 200 to 299, or a negative code. *answer (may be NULL) is
 * a new reference, NULL where there was no body.
 */
int client_do(struct client *client, const struct client_call *call, json_t **answer,
              struct spn_error *err);

/* The usual ones. */
int client_get(struct client *client, json_t **answer, struct spn_error *err, const char *format,
               ...) __attribute__((format(printf, 4, 5)));
int client_post(struct client *client, const json_t *body, json_t **answer, struct spn_error *err,
                const char *format, ...) __attribute__((format(printf, 5, 6)));
int client_delete(struct client *client, json_t **answer, struct spn_error *err, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

/* A GET whose body is text, appended to out: at most CLIENT_ANSWER_MAX bytes. */
int client_text(struct client *client, const char *path, struct spn_buffer *out,
                struct spn_error *err);
/*
 * A GET whose body is a stream of server-sent events, from the one after reader->id on. SPN_OK: it
 * ended; what reader->each() gave that was not 0; SPN_EAGAIN: nobody answered, or it broke, or was
 * silent for CLIENT_SILENCE_S. Whatever it was, the same call goes on from there.
 */
int client_events(struct client *client, const char *path, struct event_reader *reader,
                  struct spn_error *err);
/*
 * A GET whose body goes into a file, from sink->done on. Where the connection breaks it goes on by
 * itself, for as long as bytes come within patience_ms of each other. SPN_OK: all of it is there.
 */
int client_file(struct client *client, const char *path, struct sink *sink, int64_t patience_ms,
                struct spn_error *err);
/* The problem (RFC 9457) that the last call ended with, whole; a new reference, NULL for none. */
json_t *client_problem(const struct client *client);
/* The HTTP status of the last answer, 0 where there was none. */
long client_status(const struct client *client);

/* The code that spn_code_name() calls so; 0: none. */
int client_code_of_name(const char *name);
/* text with all but letters, digits and -._~ escaped, for a path; SPN_ELIMIT: does not fit. */
int client_escape(const char *text, char *out, size_t size, struct spn_error *err);

#endif

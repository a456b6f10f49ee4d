/*
 * events.h - a stream of server-sent events (WHATWG HTML, 9.2), taken apart as its bytes come.
 */
#ifndef SAMPAN_CLIENT_EVENTS_H
#define SAMPAN_CLIENT_EVENTS_H

#include <stddef.h>

#include "sampan/buffer.h"
#include "sampan/error.h"

#define EVENT_MAX    (4u << 20) /* bytes of one event: an ingest is some kilobytes */
#define EVENT_ID_MAX 65         /* with its NUL; a longer one is not kept */

/* One event: its data, its lines joined by \n. Not 0 ends the stream and is what its reader gives.
 */
typedef int event_each(void *opaque, const char *data);

struct event_reader {
    event_each *each;
    void *opaque;
    char id[EVENT_ID_MAX]; /* of the last whole event, "" for none: where to go on from */
    size_t count;          /* events so far */
    /* within an event */
    struct spn_buffer line, data;
    char next_id[EVENT_ID_MAX];
    int has_data, after_cr;
};

/*
 * The next bytes. What each() gave where it was not 0; SPN_ELIMIT: an event of more than EVENT_MAX
 * bytes; SPN_ENOMEM. An event that is cut off is not one.
 */
int event_reader_feed(struct event_reader *reader, const void *bytes, size_t size,
                      struct spn_error *err);
/* A new stream begins: what was half there of the last one is forgotten, not its id. */
void event_reader_restart(struct event_reader *reader);
void event_reader_finish(struct event_reader *reader);

#endif

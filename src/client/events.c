/* events.c - lines, fields, events. */
#include "events.h"

#include <string.h>

static void field_take(struct event_reader *reader, const char *name, size_t length,
                       const char *value)
{
    if (length == 4 && memcmp(name, "data", 4) == 0) {
        if (reader->has_data)
            spn_buffer_string(&reader->data, "\n");
        spn_buffer_string(&reader->data, value);
        reader->has_data = 1;
    } else if (length == 2 && memcmp(name, "id", 2) == 0 && strlen(value) < EVENT_ID_MAX) {
        memcpy(reader->next_id, value, strlen(value) + 1);
    }
    /* "event" is always the same here, "retry" is the caller's choice. */
}

/* An empty line: the event is whole. */
static int event_end(struct event_reader *reader, struct spn_error *err)
{
    int has_data = reader->has_data, ret = 0;
    const char *data = spn_buffer_text(&reader->data);

    memcpy(reader->id, reader->next_id, sizeof(reader->id));
    reader->has_data = 0;
    if (!data)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if (has_data) {
        reader->count++;
        ret = reader->each(reader->opaque, data);
    }
    reader->data.size = 0;
    return ret;
}

static int line_end(struct event_reader *reader, struct spn_error *err)
{
    const char *line = spn_buffer_text(&reader->line), *colon, *value;
    int ret = 0;

    if (!line)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    if (!line[0]) {
        ret = event_end(reader, err);
    } else {
        colon = strchr(line, ':');
        value = colon ? colon + 1 + (colon[1] == ' ') : "";
        field_take(reader, line, colon ? (size_t)(colon - line) : strlen(line), value);
    }
    reader->line.size = 0;
    return ret;
}

int event_reader_feed(struct event_reader *reader, const void *bytes, size_t size,
                      struct spn_error *err)
{
    const char *at = bytes, *end = at + size;
    int ret = 0;

    while (at < end && ret == 0) {
        const char *start = at;

        if (*at == '\n' && reader->after_cr) { /* the second half of \r\n */
            reader->after_cr = 0;
            at++;
            continue;
        }
        reader->after_cr = 0;
        while (at < end && *at != '\n' && *at != '\r')
            at++;
        spn_buffer_append(&reader->line, start, (size_t)(at - start));
        if (reader->line.size + reader->data.size > EVENT_MAX)
            return spn_error_set(err, SPN_ELIMIT, "an event of more than %u bytes", EVENT_MAX);
        if (at < end) {
            reader->after_cr = *at++ == '\r';
            ret = line_end(reader, err);
        }
    }
    return ret;
}

void event_reader_restart(struct event_reader *reader)
{
    reader->line.size = reader->data.size = 0;
    reader->has_data = reader->after_cr = 0;
    memcpy(reader->next_id, reader->id, sizeof(reader->id));
}

void event_reader_finish(struct event_reader *reader)
{
    spn_buffer_finish(&reader->line);
    spn_buffer_finish(&reader->data);
}

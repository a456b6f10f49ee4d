/* otio_json.h - OpenTimelineIO's JSON: read, with the line of every object kept in it. */
#ifndef INTERCHANGE_OTIO_JSON_H
#define INTERCHANGE_OTIO_JSON_H

#include <jansson.h>

#include "cut_list.h"

/*
 * Numbers are reals, also those too large for int64_t; bare NaN, Infinity and Inf, which some
 * writers leave in metadata, become "". *out is a new reference. SPN_EFORMAT: err->text has the
 * line.
 */
int otio_parse(const char *text, size_t size, json_t **out, struct spn_error *err);
/* The line that an object begins in; 0 where value is no object of a parsed text. */
size_t otio_line(const json_t *value);

/* Is value an object of this schema, whatever its version? */
int otio_is(const json_t *value, const char *schema);
const char *otio_schema(const json_t *value); /* never NULL */
const char *otio_name(const json_t *value);   /* "" for none */

enum otio_found { OTIO_ABSENT, OTIO_FOUND, OTIO_WRONG };

struct otio_range {
    int64_t start, duration;
    struct spn_rate rate;
};

/* A RationalTime as whole frames at its rate, which must be one that is in use; 0: it is none. */
int otio_time(const json_t *value, int64_t *frames, struct spn_rate *rate);
/* Frames of one rate as whole frames of another; 0: they are not. */
int otio_rate_change(int64_t *frames, struct spn_rate from, struct spn_rate to);
/* A TimeRange; absent where it is null. Start and duration at two rates: exact at one of them. */
enum otio_found otio_range(const json_t *value, struct otio_range *out);

#endif

/*
 * ladder.h - which pictures are made of a source: the default ladder, or one that somebody wrote.
 *
 * A ladder file is JSON:
 *
 *     {"version":1,"rungs":[{"codec":"h264","height":720,"crf":21,"maxrate":3000000},…]}
 *
 * A rung names a box ("width", "height", or one of them) that the picture is fitted into, its sides
 * kept in proportion; it is never larger than the source. "crf" says how good, "maxrate" (bits a
 * second) is a target for the peak, "preset" is the encoder's own word. All but "codec" and one
 * side have defaults. docs/formats/ladder.md has the table.
 */
#ifndef ENCODE_LADDER_H
#define ENCODE_LADDER_H

#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

#include "sampan/error.h"
#include "sampan/time.h"
#include "sampan/track.h"

#define LADDER_RUNGS_MAX 12
#define RUNG_SIDE_MAX    8192 /* pixels; H.264 level 6.2 has room for 8192 x 4320 */
#define RUNG_PRESET_MAX  16

struct rung {
    enum spn_codec codec;
    uint32_t width, height; /* pixels, even, square */
    int crf;
    int64_t maxrate; /* bits a second */
    int64_t bufsize; /* bits that may come at once */
    char preset[RUNG_PRESET_MAX];
    enum {
        BRIDGE_NONE,
        BRIDGE_FREE, /* a short sequence with cuts inside, without a cap */
        BRIDGE_TIGHT /* … and near it */
    } bridge;        /* not of the ladder but of who encodes */
};

struct ladder {
    struct rung rungs[LADDER_RUNGS_MAX]; /* H.264 first, largest first */
    size_t count;
};

/* A source's picture as it is to be seen. */
struct picture {
    uint32_t width, height;    /* pixels as coded, before it is turned */
    uint32_t sar_num, sar_den; /* of a pixel; 0: square */
    int turned;                /* degrees clockwise to be turned for display: 0, 90, 180, 270 */
    struct spn_rate rate;
};

/* Width and height on a screen of square pixels, turned; at least 1. */
void picture_displayed(const struct picture *picture, uint32_t *width, uint32_t *height);

/* The default ladder; there is always a rung. */
void ladder_default(const struct picture *picture, struct ladder *out);
/*
 * The ladder somebody wrote, fitted to the picture; rungs that come out equal are one. SPN_EINVAL,
 * SPN_ERANGE, SPN_ELIMIT, SPN_EUNSUPPORTED: the sentence names the rung and the member.
 */
int ladder_read(const json_t *ladder, const struct picture *picture, struct ladder *out,
                struct spn_error *err);

const char *rung_codec_name(enum spn_codec codec); /* "h264", "hevc", "av1" */
/* One rung as a plan has it (without id and name), and back. */
json_t *rung_write(const struct rung *rung);
int rung_read(const json_t *object, const char *holder, struct rung *out, struct spn_error *err);

#endif

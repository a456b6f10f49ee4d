/*
 * sampan/timecode.h - SMPTE ST 12 timecode: a way to write frame numbers, never a way to reckon
 * time.
 *
 * HH:MM:SS:FF counts nominal frames: 24 at 24000/1001, 30 at 30000/1001. Drop frame, written with
 * ';' or '.' before the frames, leaves out the numbers 00 and 01 (00 to 03 at 60000/1001) at each
 * minute but every tenth, so that the number keeps up with the clock. It exists at 30000/1001 and
 * 60000/1001 only.
 */
#ifndef SAMPAN_TIMECODE_H
#define SAMPAN_TIMECODE_H

#include <stddef.h>
#include <stdint.h>

#include "sampan/error.h"
#include "sampan/time.h"

#define SPN_TIMECODE_MAX 48 /* characters: any int64_t of hours, and a NUL */

struct spn_timecode_rate {
    uint32_t nominal; /* frames counted in a second: 24, 25, 30, 48, 50, 60 */
    int drop;         /* drop frame */
};

/*
 * The counting of rate, drop frame or not. SPN_EUNSUPPORTED: drop frame at a rate that has none, or
 * a rate that timecode has no counting for (12.5).
 */
int spn_timecode_rate(struct spn_rate rate, int drop, struct spn_timecode_rate *out,
                      struct spn_error *err);

/*
 * Read a timecode of length characters; *frame is the frame number it means. The last separator
 * says whether it is drop frame: ';' or '.' yes, ':' no. SPN_EFORMAT: not a timecode, or a number
 * that drop frame leaves out. SPN_EUNSUPPORTED as above.
 */
int spn_timecode_parse(const char *text, size_t length, struct spn_rate rate, int64_t *frame,
                       int *drop, struct spn_error *err);

/* frame >= 0 as a timecode; hours count on past 24. */
void spn_timecode_format(int64_t frame, struct spn_timecode_rate rate, char out[SPN_TIMECODE_MAX]);

#endif

/*
 * whole_sound.h - the sound of a whole composition encoded anew, as a track is: no packet is
 * copied, so each clip lies where its picture is, to the sample. However long it is, one fragment
 * is in memory.
 */
#ifndef ENCODE_WHOLE_SOUND_H
#define ENCODE_WHOLE_SOUND_H

#include "audio_encoder.h"
#include "mix.h"
#include "piece.h"
#include "sampan/composition.h"

struct whole_sound {
    struct mix *mix;
    struct audio_setup encoder;        /* packets is set here */
    const struct spn_hash *compat;     /* what a decoder of the rendition is configured by */
    const struct spn_sound_span *span; /* all slots of the composition */
    void (*progress)(void *opaque, int64_t done, int64_t total); /* packets */
    void *opaque;
};

/*
 * Write header and fragments of the span to fd; piece is initialised here and goes to
 * piece_finish(), also on failure. SPN_EMISMATCH: it would be decoded otherwise than the rendition.
 */
int whole_sound_write(const struct whole_sound *whole, int fd, struct piece *piece,
                      struct spn_error *err);

#endif

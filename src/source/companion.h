/*
 * companion.h - a stream beside the picture, sound or text: its packets from the first on, their
 * decoder, and the conform record that says when they are shown.
 */
#ifndef SOURCE_COMPANION_H
#define SOURCE_COMPANION_H

#include <libavcodec/avcodec.h>

#include "conform.h"
#include "packet_index.h"
#include "reader.h"
#include "source.h"
#include "stream.h"

struct companion {
    enum stream_kind kind;       /* STREAM_AUDIO or STREAM_TEXT */
    const struct source *source; /* these four are borrowed */
    const struct index *index;
    const struct conform *conform;
    const struct index_stream *entry;
    struct reader *reader;
    AVCodecContext *codec;
    AVPacket *packet;
};

/*
 * To be closed also after a failure. SPN_EUNSUPPORTED: the
 * stream is nothing of that kind that can be decoded; SPN_EFORMAT: nothing of it is in the file, or
 * it is not what it says.
 */
int companion_open(const struct source *source, const struct index *index,
                   const struct conform *conform, int stream, enum stream_kind kind,
                   struct companion *out, struct spn_error *err);
/* From the first packet again, with another codec. */
int companion_restart(struct companion *companion, struct spn_error *err);
void companion_close(struct companion *companion);
int companion_no_memory(const struct companion *companion, struct spn_error *err); /* SPN_ENOMEM */

#endif
